//! Signed-in browsers.

use std::collections::HashMap;
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
use crate::ports::{Known, SessionPage, SessionPlace, Sessions, Stored};

/// Keys that one step of a page looks at: Redis does nothing else meanwhile.
const STEP: usize = 200;
/// Steps of one page at most.
const STEPS: usize = 50;
/// Sessions that are enough for a page; the last step may bring some more.
const ENOUGH: usize = 100;
/// In words for the log.
const LIST: &str = "list all sessions";

#[async_trait]
impl Sessions for RedisStore {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Known>>> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.session(digest)).arg(&["v", "d", "seen"]);
        let parse = |fields, label| Some(self.known(read::session(fields)?, label));
        let key = digest.as_bytes();
        self.read_kept(SESSIONS, key, &command, parse).await
    }

    fn session_at_hand(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Known>> {
        self.following.as_ref()?.at_hand(|copies| &copies.sessions, digest.as_bytes())
    }

    fn expect_session(&self, digest: TokenDigest<token::Session>) {
        if let Some(following) = &self.following {
            following.copies.sessions.look_ahead(digest.as_bytes());
        }
    }

    fn session_in_grace(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Known>> {
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

    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage> {
        self.page(after, now).await
    }
}

impl RedisStore {
    /// Redis has no list of them, and so all keys of ours are gone through, a part at a time. It may name
    /// one twice.
    async fn page(&self, after: Option<SessionPlace>, now: UnixMillis) -> Stored<SessionPage> {
        let mut cursor = after.map_or(0, cursor_in);
        let pattern = format!("{}*", self.keys.sessions());
        let mut found = HashMap::new();
        for _ in 0..STEPS {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(STEP);
            let (next, keys): (u64, Vec<Vec<u8>>) =
                self.connection.ask(LIST, Request::Read(&command)).await?;
            found.extend(self.sessions_at(&keys).await?);
            cursor = next;
            if cursor == 0 || found.len() >= ENOUGH {
                break;
            }
        }
        let counts = |(_, session): &(_, Session)| session.expires_at > now;
        let sessions = found.into_iter().filter(counts).collect();
        Ok(SessionPage { sessions, next: (cursor != 0).then(|| place_of(cursor)) })
    }

    async fn sessions_at(
        &self,
        keys: &[Vec<u8>],
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut script = self.scripts.session_records.prepare_invoke();
        for key in keys {
            script.key(key);
        }
        let rows: Vec<_> = self.connection.ask(LIST, Request::Script(&script)).await?;
        let named = keys.iter().map(|key| self.keys.session_in(key));
        let read = named.zip(rows.into_iter().map(read::session));
        Ok(read.filter_map(|(digest, session)| Some((digest?, session?))).collect())
    }
}

/// A cursor of Redis, in the last bytes of a place.
fn place_of(cursor: u64) -> SessionPlace {
    let mut place = [0; 32];
    place[24..].copy_from_slice(&cursor.to_be_bytes());
    SessionPlace(place)
}

fn cursor_in(place: SessionPlace) -> u64 {
    place.0.last_chunk().copied().map_or(0, u64::from_be_bytes)
}
