//! Signed-in browsers.

use std::sync::Arc;

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::copies::SESSIONS;
use super::{RedisStore, read};
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{Sessions, Stored};

#[async_trait]
impl Sessions for RedisStore {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Session>>> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.session(digest)).arg(&["v", "d", "seen"]);
        let parse = |fields| read::session(fields).map(Arc::new);
        let key = digest.as_bytes();
        self.read_kept(SESSIONS, key, &command, parse).await
    }

    fn session_at_hand(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Session>> {
        self.following.as_ref()?.at_hand(|copies| &copies.sessions, digest.as_bytes())
    }

    fn session_in_grace(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Session>> {
        self.following.as_ref()?.in_grace(|copies| &copies.sessions, digest.as_bytes())
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
