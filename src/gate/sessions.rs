//! Every later request, and the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::Gate;
use crate::domain::session::{Session, Standing};
use crate::domain::token::{self, Token, TokenDigest};
use crate::ports::Stored;

/// How often the session of an open stream is looked at: it may have ended on another node, or by
/// its lifetime.
const STREAM_LOOK: Duration = Duration::from_secs(1);

impl Gate {
    /// The session of a token, if it counts in this realm. Moves `last_seen` at most once a minute,
    /// beside the request, not in its way.
    ///
    /// # Errors
    /// When the store is in trouble: then nobody knows, and the answer is 503.
    pub async fn authenticate(
        &self,
        token: &Token<token::Session>,
        realm: &str,
        idle: Duration,
    ) -> Stored<Option<Session>> {
        let digest = token.digest();
        let Some(session) = self.standing(digest, realm, idle).await? else { return Ok(None) };
        if session.wants_touch(self.clock.now(), idle) {
            self.touch_beside(digest);
        }
        Ok(Some(session))
    }

    async fn standing(
        &self,
        digest: TokenDigest<token::Session>,
        realm: &str,
        idle: Duration,
    ) -> Stored<Option<Session>> {
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        Ok(match session.standing(self.clock.now(), idle) {
            Standing::Active if session.realm == realm => Some(session),
            Standing::Active | Standing::Idle | Standing::Expired => None,
        })
    }

    /// Waits until a session counts no more: at once when it is ended on this node, within a second
    /// otherwise. For streams, which outlive the request that was decided about. Trouble of the
    /// store ends nothing: nobody knows then.
    pub async fn ended(&self, digest: TokenDigest<token::Session>, realm: &str, idle: Duration) {
        let mut endings = self.endings.subscribe();
        loop {
            if matches!(self.standing(digest, realm, idle).await, Ok(None)) {
                return;
            }
            let heard = async {
                loop {
                    match endings.recv().await {
                        Ok(ended) if ended != digest => {}
                        // One of those that were missed may have been this one: look.
                        Ok(_) | Err(RecvError::Lagged(_)) => return,
                        Err(RecvError::Closed) => std::future::pending().await,
                    }
                }
            };
            let _ = tokio::time::timeout(STREAM_LOOK, heard).await;
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
        self.end_session(token.digest()).await
    }

    /// Ends a session, and the streams that it has open on this node.
    pub(super) async fn end_session(
        &self,
        digest: TokenDigest<token::Session>,
    ) -> Stored<Option<Session>> {
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        let person = self.keys.subject.person(session.email.identity());
        self.store.end(digest, person).await?;
        self.announce(digest);
        Ok(Some(session))
    }

    /// Tells the streams of this node that a session has ended.
    pub(super) fn announce(&self, digest: TokenDigest<token::Session>) {
        // Nobody listens when no stream is open.
        let _ = self.endings.send(digest);
    }
}
