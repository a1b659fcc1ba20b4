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
use super::read;
use crate::domain::secret::{Birth, Mark};
use crate::ports::Owner;

/// What is known of the store that is ours.
pub(super) struct Whose {
    /// The key of what says whose a store is.
    key: String,
    ours: ArcSwapOption<(Mark, Birth)>,
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
    pub(super) fn new(key: String) -> Arc<Self> {
        Arc::new(Self { key, ours: ArcSwapOption::empty() })
    }

    /// What says whose a store is.
    pub(super) fn question(&self) -> Cmd {
        let mut question = cmd("HMGET");
        question.arg(&self.key).arg(&["v", "mark", "birth"]);
        question
    }

    /// Remembers by what the store is known to be ours. Not what it says of itself does that but whoever
    /// knows which one it was before ([`crate::adapters::ours::Claim`]): one that was emptied and adopted
    /// anew by somebody else with our secret has our mark, too.
    pub(super) fn is(&self, mark: Mark, birth: Birth) {
        self.ours.store(Some(Arc::new((mark, birth))));
    }

    /// What is known, if anything. Before that nothing but whose it is is asked of a store.
    pub(super) fn known(&self) -> Option<(Mark, Birth)> {
        self.ours.load().as_deref().copied()
    }

    /// Asks over a connection whose the store is that it leads to. Any will do while nothing is known.
    pub(super) async fn prove(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), Unproven> {
        let found: RedisResult<_> = step(self.question().query_async(connection)).await;
        let found = found?;
        match self.ours.load_full() {
            Some(ours) if read::owner(found, ours.0) != Owner::Ours(ours.1) => {
                Err(Unproven::NotOurs)
            }
            Some(_) | None => Ok(()),
        }
    }
}
