//! Signed-in browsers.

use std::sync::Arc;

use ::redis::cmd;
use async_trait::async_trait;
use tokio::time::Instant;

use super::connection::Request;
use super::{RedisStore, read};
use crate::adapters::kept::Copies;
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{Sessions, Stored};

#[async_trait]
impl Sessions for RedisStore {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Session>>> {
        let copies = self.following.as_ref().map(|following| &*following.copies);
        let held =
            copies.and_then(|it| it.sessions.get(digest.as_bytes(), &it.trust, Instant::now()));
        if held.is_some() {
            return Ok(held);
        }
        let mut command = cmd("HMGET");
        command.arg(self.keys.session(digest)).arg(&["v", "d", "seen"]);
        if let Some(following) = &self.following
            && let Some(line) = following.line().await
        {
            let (sessions, key) = (&following.copies.sessions, digest.as_bytes());
            let ticket = sessions.begin(key);
            if let Ok(fields) = line.read(&command).await {
                let found = read::session(fields).map(Arc::new);
                if let Some(session) = &found {
                    sessions.keep(key, ticket, line.era, Arc::clone(session));
                }
                return Ok(found);
            }
        }
        match self.connection.ask("find a session", Request::Read(&command)).await {
            Ok(fields) => Ok(read::session(fields).map(Arc::new)),
            Err(error) => self.session_in_grace(digest).map(Some).ok_or(error),
        }
    }

    fn session_in_grace(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Session>> {
        let following = self.following.as_ref()?;
        let Copies { sessions, trust, .. } = &*following.copies;
        sessions.get_in_grace(digest.as_bytes(), trust, Instant::now(), following.grace())
    }

    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()> {
        let mut script = self.scripts.touch.key(self.keys.session(digest));
        script.arg(now.0);
        let touched = self.connection.ask("touch a session", Request::Script(&script)).await;
        self.drop_session(digest);
        touched
    }

    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool> {
        let mut script = self.scripts.end.key(self.keys.session(digest));
        script.key(self.keys.person(person)).arg(digest.to_hex());
        let ended = self.connection.ask("end a session", Request::Script(&script)).await;
        self.drop_session(digest);
        ended
    }

    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        let mut script = self.scripts.sessions_of.key(self.keys.person(person));
        script.arg(self.keys.sessions());
        let request = Request::Script(&script);
        let rows: Vec<_> = self.connection.ask("list a person's sessions", request).await?;
        let found = rows.into_iter().filter_map(read::listed_session);
        Ok(found.filter(|(_, session)| session.expires_at > now).collect())
    }
}

/// News of what this node does itself need not come back from Redis first: whoever is told that it was
/// done may ask at once.
impl RedisStore {
    /// Whether copies are kept and trusted now.
    #[must_use]
    pub fn keeps_copies(&self) -> bool {
        self.following.as_ref().is_some_and(|it| it.copies.trust.is_given(Instant::now()))
    }

    pub(super) fn drop_session(&self, digest: TokenDigest<token::Session>) {
        if let Some(following) = &self.following {
            following.copies.sessions.drop_one(digest.as_bytes());
        }
    }

    pub(super) fn drop_account(&self, person: PersonKey) {
        if let Some(following) = &self.following {
            following.copies.accounts.drop_one(&person.0);
        }
    }
}
