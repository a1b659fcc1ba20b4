//! Reads of what may be kept in memory.

use std::sync::Arc;

use ::redis::{Cmd, FromRedisValue};
use tokio::time::Instant;

use super::RedisStore;
use super::connection::Request;
use super::following::Following;
use super::grace::Silence;
use super::patience::PATIENCE;
use super::together::{Cause, Together};
use crate::adapters::kept::{Copies, Filed, Kept, Key, Labelled};
use crate::domain::limit::PersonKey;
use crate::domain::service_token::ServiceToken;
use crate::domain::session::Session;
use crate::domain::token::{self, Service, TokenDigest};
use crate::ports::{AccountFound, Known, Label, StoreError, Stored};

type Token = Arc<Filed<Arc<ServiceToken>>>;
type Person = Arc<Filed<AccountFound>>;

/// The reads that are under way.
#[derive(Default)]
pub(super) struct Reads {
    sessions: Together<Arc<Known>>,
    tokens: Together<Token>,
    accounts: Together<Person>,
}

/// A kind of record.
pub(super) struct Kind<V> {
    /// What is done, in words for the log.
    doing: &'static str,
    kept: fn(&Copies) -> &Kept<V>,
    reads: fn(&Reads) -> &Together<V>,
}

/// Signed-in browsers.
pub(super) const SESSIONS: Kind<Arc<Known>> =
    Kind { doing: "find a session", kept: |it| &it.sessions, reads: |it| &it.sessions };
/// The tokens of scripts.
pub(super) const TOKENS: Kind<Token> =
    Kind { doing: "find a service token", kept: |it| &it.tokens, reads: |it| &it.tokens };
/// Known people.
pub(super) const ACCOUNTS: Kind<Person> =
    Kind { doing: "find an account", kept: |it| &it.accounts, reads: |it| &it.accounts };

impl RedisStore {
    /// Whether copies are kept and trusted now.
    #[must_use]
    pub fn keeps_copies(&self) -> bool {
        self.following.as_ref().is_some_and(|it| it.copies.trust.is_given(Instant::now()))
    }

    /// Reads a record: from memory, else over the connection that is told of its changes, else as
    /// everything else is read. What is not there is not kept.
    pub(super) async fn read_kept<R: FromRedisValue, V: Labelled>(
        &self,
        kind: Kind<V>,
        key: &Key,
        command: &Cmd,
        parse: impl Fn(R, Label) -> Option<V>,
    ) -> Stored<Option<V>> {
        let Some(following) = &self.following else {
            let answer = self.connection.ask(kind.doing, Request::Read(command)).await?;
            return Ok(parse(answer, Label::of_no_line(key)));
        };
        let kept = (kind.kept)(&following.copies);
        let held = kept.get(key, &following.copies.trust, Instant::now());
        if held.is_some() {
            return Ok(held);
        }
        let read = || self.read_anew(following, &kind, key, command, &parse);
        let found = (kind.reads)(&following.reads).ask(key, read).await;
        found.or_else(|cause| {
            let held = following.in_grace(kind.kept, key).map(Some);
            held.ok_or_else(|| StoreError::new(kind.doing, cause))
        })
    }

    async fn read_anew<R: FromRedisValue, V: Labelled>(
        &self,
        following: &Arc<Following>,
        kind: &Kind<V>,
        key: &Key,
        command: &Cmd,
        parse: impl Fn(R, Label) -> Option<V>,
    ) -> Result<Option<V>, Cause> {
        let until = Instant::now() + PATIENCE;
        if let Some(line) = following.line().await {
            let kept = (kind.kept)(&following.copies);
            let ticket = kept.begin(key);
            if let Ok(answer) = line.read(command).await {
                let found = parse(answer, line.era.label(key));
                if let Some(value) = &found {
                    kept.keep(ticket, value.clone());
                }
                return Ok(found);
            }
        }
        let answer = self.connection.ask_until(until, kind.doing, Request::Read(command)).await;
        let parse = |answer| parse(answer, Label::of_no_line(key));
        answer.map(parse).map_err(|error| Cause::from(error.source))
    }
}

/// News of what this node does itself need not come back from Redis first: whoever is told that it was
/// done may ask at once.
impl RedisStore {
    /// As it is in memory from now on.
    pub(super) fn known(&self, session: Session, label: Label) -> Arc<Known> {
        match &self.following {
            Some(following) => following.copies.known(session, label),
            None => Arc::new(Known::new(session, label)),
        }
    }

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
    /// The copy of a record, while it is trusted.
    pub(super) fn at_hand<V: Labelled>(&self, of: fn(&Copies) -> &Kept<V>, key: &Key) -> Option<V> {
        of(&self.copies).get(key, &self.copies.trust, Instant::now())
    }

    /// The copy of a record, while people may go on without Redis.
    pub(super) fn in_grace<V: Labelled>(
        &self,
        of: fn(&Copies) -> &Kept<V>,
        key: &Key,
    ) -> Option<V> {
        let (trust, now) = (&self.copies.trust, Instant::now());
        let held = of(&self.copies).get_in_grace(key, trust, now, self.keeping.grace);
        self.note_grace(held)
    }

    /// The account of a session's person, likewise.
    pub(super) fn account_of_in_grace(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        let (copies, grace) = (&self.copies, self.keeping.grace);
        self.note_grace(copies.account_of_in_grace(known, person, Instant::now(), grace))
    }

    fn note_grace<V>(&self, held: Option<V>) -> Option<V> {
        let (held, trust) = (held?, &self.copies.trust);
        if let Some(trusted) = trust.last() {
            let since = trusted.checked_sub(self.keeping.bound).unwrap_or(trusted);
            let silence = Silence { since, until: trusted + self.keeping.grace };
            let is_heard = || trust.is_given(Instant::now());
            self.grace.is_used(silence, is_heard, || self.copies.sessions.len());
        }
        Some(held)
    }
}
