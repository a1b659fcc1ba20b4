//! The tokens of scripts.

use std::sync::Arc;

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::copies::TOKENS;
use super::{RedisStore, json, read, ttl};
use crate::adapters::kept::Filed;
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, TokenDigest};
use crate::ports::{ServiceTokens, Stored};

#[async_trait]
impl ServiceTokens for RedisStore {
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Stored<bool> {
        const DOING: &str = "add a service token";
        let mut script = self.scripts.add_token.key(self.keys.token(digest));
        script
            .key(self.keys.tokens())
            .arg(token.name.as_str())
            .arg(digest.to_hex())
            .arg(json(DOING, token)?)
            .arg(ttl(keep_until, now))
            .arg(self.keys.token_prefix());
        self.connection.ask(DOING, Request::Script(&script)).await
    }

    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.token(digest)).arg(&["v", "d", "seen"]);
        let parse = |fields, label| Some(Filed::new(read::service_token(fields)?.into(), label));
        let key = digest.as_bytes();
        let found = self.read_kept(TOKENS, key, &command, parse).await?;
        Ok(found.map(|found| Arc::clone(&found.value)))
    }

    fn token_at_hand(&self, digest: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        let held = self.following.as_ref()?.at_hand(|copies| &copies.tokens, digest.as_bytes())?;
        Some(Arc::clone(&held.value))
    }

    fn token_in_grace(&self, digest: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        let held = self.following.as_ref()?.in_grace(|copies| &copies.tokens, digest.as_bytes())?;
        Some(Arc::clone(&held.value))
    }

    async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        let mut script = self.scripts.tokens.key(self.keys.tokens());
        script.arg(self.keys.token_prefix());
        let request = Request::Script(&script);
        let rows: Vec<_> = self.connection.ask("list service tokens", request).await?;
        let mut found: Vec<_> = rows.into_iter().filter_map(read::service_token).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()> {
        let mut script = self.scripts.touch.key(self.keys.token(digest));
        script.arg(now.0);
        let request = Request::Script(&script);
        let noted = self.connection.ask("note the use of a service token", request).await;
        self.drop_token(digest);
        noted
    }

    async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        let mut script = self.scripts.revoke_token.key(self.keys.tokens());
        script.arg(name.as_str()).arg(self.keys.token_prefix());
        let request = Request::Script(&script);
        let revoked: Option<String> =
            self.connection.ask("revoke a service token", request).await?;
        if let Some(digest) = revoked.as_deref().and_then(TokenDigest::from_hex) {
            self.drop_token(digest);
        }
        Ok(revoked.is_some())
    }
}
