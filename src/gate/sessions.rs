//! Every later request, and the end.

use std::sync::Arc;
use std::time::Duration;

use super::Gate;
use crate::domain::session::{Session, Standing};
use crate::domain::token::{self, Token, TokenDigest};
use crate::ports::Stored;

impl Gate {
    /// The session of a token, if it counts. Moves `last_seen` at most once a minute, beside the
    /// request, not in its way.
    ///
    /// # Errors
    /// When the store is in trouble: then nobody knows, and the answer is 503.
    pub async fn authenticate(
        &self,
        token: &Token<token::Session>,
        idle: Duration,
    ) -> Stored<Option<Session>> {
        let digest = token.digest();
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        let now = self.clock.now();
        match session.standing(now, idle) {
            Standing::Idle | Standing::Expired => Ok(None),
            Standing::Active => {
                if session.wants_touch(now, idle) {
                    self.touch_beside(digest);
                }
                Ok(Some(session))
            }
        }
    }

    /// Touches a session in a task of its own; one at a time for a session.
    fn touch_beside(&self, digest: TokenDigest<token::Session>) {
        let Ok(mut touching) = self.touching.lock() else { return };
        if !touching.insert(digest) {
            return;
        }
        drop(touching);
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        let touching = Arc::clone(&self.touching);
        tokio::spawn(async move {
            if let Err(error) = store.touch(digest, now).await {
                tracing::warn!(%error, cause = %error.source, "a session's last use was not noted");
            }
            if let Ok(mut touching) = touching.lock() {
                touching.remove(&digest);
            }
        });
    }

    /// Ends the session of a token. Returns whose it was, if it was there.
    ///
    /// # Errors
    /// When the store is in trouble: the session may still be there, and the visitor must hear so.
    pub async fn sign_out(&self, token: &Token<token::Session>) -> Stored<Option<Session>> {
        let digest = token.digest();
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        let person = self.keys.subject.person(session.email.identity());
        self.store.end(digest, person).await?;
        Ok(Some(session))
    }
}
