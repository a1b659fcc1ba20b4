//! How scripts get in.

use std::sync::Arc;
use std::time::Duration;

use super::Gate;
use super::journal::Trail;
use crate::domain::event::{Actor, What};
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::token::{Service, Token, TokenDigest};
use crate::ports::{Stored, draw};

/// How long an expired token is listed as expired.
const RETENTION: Duration = Duration::from_secs(30 * 86_400);

impl Gate {
    /// Makes a token, whose text is shown to whoever asked and to nobody else, ever. Nothing if the
    /// name is taken.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn issue_token(&self, wish: &ServiceToken) -> Stored<Option<Token<Service>>> {
        let token = Token::mint(&self.keys.token, draw(&self.entropy));
        let keep_until = wish.expires_at.after(RETENTION);
        let now = self.clock.now();
        let is_added = self.store.add_token(token.digest(), wish, keep_until, now).await?;
        if is_added {
            self.note(wish.email.as_ref(), What::TokenMade { name: wish.name.clone() });
        }
        Ok(is_added.then_some(token))
    }

    /// The service token behind a genuine text, if it counts. Its last use is noted at most once a
    /// minute, beside the request.
    ///
    /// # Errors
    /// When the store is in trouble: then nobody knows, and the answer is 503.
    pub async fn machine(&self, token: &Token<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        let digest = token.digest();
        let Some(machine) = self.standing_token(digest).await? else { return Ok(None) };
        let now = self.clock.now();
        if machine.wants_touch(now) {
            let first = machine.last_used.is_none().then(|| (Arc::clone(&machine), self.clone()));
            self.touch_beside(*digest.as_bytes(), move |store| async move {
                store.note_use(digest, now).await?;
                if let Some((token, gate)) = first {
                    let by = Actor::Token(token.name.clone());
                    let trail = Trail { site: Some((&*token.site).into()), ..Trail::of(by) };
                    let what = What::TokenFirstUsed { name: token.name.clone() };
                    gate.with(trail).note(token.email.as_ref(), what);
                }
                Ok(())
            });
        }
        Ok(Some(machine))
    }

    /// A service token that counts now. Moves nothing.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn standing_token(
        &self,
        digest: TokenDigest<Service>,
    ) -> Stored<Option<Arc<ServiceToken>>> {
        let found = self.store.token(digest).await?;
        Ok(found.filter(|token| token.is_alive(self.clock.now())))
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        self.store.tokens().await
    }

    /// Makes a token worth nothing. Returns whether there was one of this name.
    ///
    /// # Errors
    /// When the store is in trouble: it may still count.
    pub async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        let is_revoked = self.store.revoke_token(name).await?;
        if is_revoked {
            self.note(None, What::TokenRevoked { name: name.clone() });
        }
        Ok(is_revoked)
    }
}
