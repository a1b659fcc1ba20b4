//! Signed-in browsers.

use std::sync::Arc;

use async_trait::async_trait;

use super::tables::{Tables, pair};
use super::{Embedded, session_in, steps};
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{Sessions, Stored};

#[async_trait]
impl Sessions for Embedded {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Session>>> {
        let key = digest.as_bytes();
        self.read_kept("find a session", &self.copies.sessions, key, |view| {
            Ok(session_in(view, key)?.map(Arc::new))
        })
    }

    fn session_at_hand(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Session>> {
        self.at_hand(&self.copies.sessions, digest.as_bytes())
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
}
