//! Reads of what may be kept in memory.

use ::redis::{Cmd, FromRedisValue};
use tokio::time::Instant;

use super::RedisStore;
use super::connection::Request;
use super::following::Following;
use crate::adapters::kept::{Copies, Kept, Key};
use crate::domain::limit::PersonKey;
use crate::domain::token::{self, Service, TokenDigest};
use crate::ports::Stored;

impl RedisStore {
    /// Whether copies are kept and trusted now.
    #[must_use]
    pub fn keeps_copies(&self) -> bool {
        self.following.as_ref().is_some_and(|it| it.copies.trust.is_given(Instant::now()))
    }

    /// Reads a record: from memory, else over the connection that is told of its changes, else as
    /// everything else is read. What is not there is not kept.
    pub(super) async fn read_kept<R: FromRedisValue, V: Clone>(
        &self,
        doing: &'static str,
        of: fn(&Copies) -> &Kept<V>,
        key: &Key,
        command: &Cmd,
        parse: impl Fn(R) -> Option<V>,
    ) -> Stored<Option<V>> {
        let Some(following) = &self.following else {
            return self.connection.ask(doing, Request::Read(command)).await.map(parse);
        };
        let kept = of(&following.copies);
        let held = kept.get(key, &following.copies.trust, Instant::now());
        if held.is_some() {
            return Ok(held);
        }
        if let Some(line) = following.line().await {
            let ticket = kept.begin(key);
            if let Ok(answer) = line.read(command).await {
                let found = parse(answer);
                if let Some(value) = &found {
                    kept.keep(key, ticket, line.era, value.clone());
                }
                return Ok(found);
            }
        }
        match self.connection.ask(doing, Request::Read(command)).await {
            Ok(answer) => Ok(parse(answer)),
            Err(error) => following.in_grace(of, key).map(Some).ok_or(error),
        }
    }
}

/// News of what this node does itself need not come back from Redis first: whoever is told that it was
/// done may ask at once.
impl RedisStore {
    pub(super) fn drop_session(&self, digest: TokenDigest<token::Session>) {
        if let Some(following) = &self.following {
            following.copies.sessions.drop_one(digest.as_bytes());
        }
    }

    pub(super) fn drop_token(&self, digest: TokenDigest<Service>) {
        if let Some(following) = &self.following {
            following.copies.tokens.drop_one(digest.as_bytes());
        }
    }

    pub(super) fn drop_account(&self, person: PersonKey) {
        if let Some(following) = &self.following {
            following.copies.accounts.drop_one(&person.0);
        }
    }
}

impl Following {
    /// The copy of a record, while people may go on without Redis.
    pub(super) fn in_grace<V: Clone>(&self, of: fn(&Copies) -> &Kept<V>, key: &Key) -> Option<V> {
        of(&self.copies).get_in_grace(key, &self.copies.trust, Instant::now(), self.grace())
    }
}
