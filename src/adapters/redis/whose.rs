//! By what a connection shows that it leads to the store that was found to be ours.
//!
//! A server may be exchanged or emptied between two connections: one that lost its memory comes back
//! with the same name, on the same port. Whoever was suspended is a stranger there. The store is asked
//! whose it is now and then ([`crate::adapters::ours`]); a connection is asked before anything else is
//! asked over it.

use std::sync::Arc;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, RedisError, RedisResult, cmd};
use arc_swap::ArcSwapOption;

use super::patience::step;

/// `v`, `mark`, `birth` of the installation, as stored.
pub(super) type Fields = (Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

/// What stands in the mark of the store since it was found to be ours.
pub(super) struct Whose {
    mark: String,
    ours: ArcSwapOption<Fields>,
}

/// Why a connection is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unproven {
    /// It leads to another store.
    #[error(
        "Redis leads to a store that is not the one of before: it was emptied, or another one has \
         taken its place"
    )]
    NotOurs,
    /// Nobody knows where it leads.
    #[error(transparent)]
    Trouble(#[from] RedisError),
}

impl Whose {
    /// For the mark with this key. Nothing is known yet.
    pub(super) fn new(mark: String) -> Arc<Self> {
        Arc::new(Self { mark, ours: ArcSwapOption::empty() })
    }

    /// What says whose a store is.
    pub(super) fn question(&self) -> Cmd {
        let mut question = cmd("HMGET");
        question.arg(&self.mark).arg(&["v", "mark", "birth"]);
        question
    }

    /// Remembers by what the store is known to be ours.
    pub(super) fn is_ours(&self, fields: Fields) {
        if self.ours.load().as_deref() != Some(&fields) {
            self.ours.store(Some(Arc::new(fields)));
        }
    }

    /// Whether anything is known. Before that nothing but whose it is is asked of a store.
    pub(super) fn is_known(&self) -> bool {
        self.ours.load().is_some()
    }

    /// Asks over a connection whose the store is that it leads to. Any will do while nothing is known.
    pub(super) async fn prove(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), Unproven> {
        let found: RedisResult<Fields> = step(self.question().query_async(connection)).await;
        let found = found?;
        match self.ours.load_full() {
            Some(ours) if *ours != found => Err(Unproven::NotOurs),
            Some(_) | None => Ok(()),
        }
    }
}
