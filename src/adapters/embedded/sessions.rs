//! Signed-in browsers.

use std::sync::Arc;

use async_trait::async_trait;
use redb::StorageError;

use super::tables::{Tables, View, pair};
use super::{Embedded, codec, session_in, steps};
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{Known, SessionPage, SessionPlace, Sessions, Stored};

/// Sessions that one page looks at.
const LOOK: usize = 200;

#[async_trait]
impl Sessions for Embedded {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Known>>> {
        let key = digest.as_bytes();
        self.read_kept("find a session", &self.copies.sessions, key, |view, label| {
            Ok(session_in(view, key)?.map(|session| self.copies.known(session, label)))
        })
    }

    fn session_at_hand(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Known>> {
        self.at_hand(&self.copies.sessions, digest.as_bytes())
    }

    fn expect_session(&self, digest: TokenDigest<token::Session>) {
        self.copies.sessions.look_ahead(digest.as_bytes());
    }

    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()> {
        let step = move |tables: &mut Tables<'_>| steps::touch(tables, digest, now);
        self.writer.write("touch a session", step).await
    }

    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool> {
        let step = move |tables: &mut Tables<'_>| steps::end(tables, digest, person);
        self.writer.write("end a session", step).await
    }

    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        self.read("list a person's sessions", |view| {
            let mut found = Vec::new();
            let (first, last) = (pair(&person.0, &[0; 32]), pair(&person.0, &[u8::MAX; 32]));
            for entry in view.people.range::<&[u8; 64]>(&first..=&last)? {
                let key = *entry?.0.value();
                let (_, digest) = key.split_at(32);
                let Ok(digest) = <[u8; 32]>::try_from(digest) else { continue };
                if let Some(session) = session_in(view, &digest)?
                    && session.expires_at > now
                {
                    found.push((TokenDigest::from_bytes(digest), session));
                }
            }
            Ok(found)
        })
    }

    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage> {
        self.read("list all sessions", |view| page(view, after, now))
    }
}

fn page(
    view: &View,
    after: Option<SessionPlace>,
    now: UnixMillis,
) -> Result<SessionPage, StorageError> {
    let from = after.map_or([0; 32], |after| after.0);
    let (mut found, mut last) = (SessionPage::default(), after);
    for (looked, entry) in view.sessions.range::<&[u8; 32]>(&from..)?.enumerate() {
        let (key, value) = entry?;
        let digest = *key.value();
        if looked > LOOK {
            found.next = last;
            break;
        }
        last = Some(SessionPlace(digest));
        if after != last
            && let Some((session, _)) = codec::decode_session(value.value())
            && session.expires_at > now
        {
            found.sessions.push((TokenDigest::from_bytes(digest), session));
        }
    }
    Ok(found)
}
