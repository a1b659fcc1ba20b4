//! The tokens of scripts.

use std::sync::Arc;

use async_trait::async_trait;
use redb::{ReadableTable, StorageError};

use super::tables::{Kind, Tables};
use super::writer::{Outcome, Step};
use super::{Embedded, codec};
use crate::adapters::kept::Filed;
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, TokenDigest};
use crate::ports::{ServiceTokens, StoreError, Stored};

fn add(
    tables: &mut Tables<'_>,
    digest: &[u8; 32],
    name: &TokenName,
    token: &[u8],
    keep_until: UnixMillis,
) -> Step<bool> {
    if tables.token_names.get(name.as_str())?.is_some() {
        return Ok(Outcome::Untouched(false));
    }
    tables.tokens.insert(digest, token)?;
    tables.token_names.insert(name.as_str(), codec::encode_pointer(digest).as_slice())?;
    tables.move_deadline(Kind::Token, digest, None, Some(keep_until))?;
    Ok(Outcome::Written(true))
}

fn note_use(tables: &mut Tables<'_>, digest: &[u8; 32], now: UnixMillis) -> Step<()> {
    let token = tables.tokens.get(digest)?;
    let Some(touched) = token.and_then(|it| codec::touched_session(it.value(), now)) else {
        return Ok(Outcome::Untouched(()));
    };
    tables.tokens.insert(digest, touched.as_slice())?;
    Ok(Outcome::Written(()))
}

fn revoke(tables: &mut Tables<'_>, name: &TokenName) -> Step<bool> {
    let pointer = tables.token_names.remove(name.as_str())?;
    let digest = pointer.and_then(|it| codec::decode_pointer(it.value()));
    let Some(digest) = digest else { return Ok(Outcome::Untouched(false)) };
    remove(tables, &digest)?;
    Ok(Outcome::Written(true))
}

/// Removes a token, its deadline and its name.
pub(super) fn remove(tables: &mut Tables<'_>, digest: &[u8; 32]) -> Result<(), StorageError> {
    let removed = tables.tokens.remove(digest)?.map(|it| codec::decode_token(it.value()));
    if let Some(Some((token, keep_until))) = removed {
        tables.move_deadline(Kind::Token, digest, Some(keep_until), None)?;
        let points_here = |value: &[u8]| codec::decode_pointer(value).as_ref() == Some(digest);
        let name = token.name.as_str();
        if tables.token_names.get(name)?.is_some_and(|it| points_here(it.value())) {
            tables.token_names.remove(name)?;
        }
    }
    Ok(())
}

#[async_trait]
impl ServiceTokens for Embedded {
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        _now: UnixMillis,
    ) -> Stored<bool> {
        const DOING: &str = "add a service token";
        let bytes = codec::encode_token(token, keep_until);
        let bytes = bytes.map_err(|error| StoreError::new(DOING, error))?;
        let name = token.name.clone();
        let step = move |tables: &mut Tables<'_>| {
            add(tables, digest.as_bytes(), &name, &bytes, keep_until)
        };
        self.writer.write(DOING, step).await
    }

    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        let key = digest.as_bytes();
        let found =
            self.read_kept("find a service token", &self.copies.tokens, key, |view, label| {
                let stored = view.tokens.get(key)?.and_then(|it| codec::decode_token(it.value()));
                Ok(stored.map(|(token, _)| Filed::new(Arc::new(token), label)))
            })?;
        Ok(found.map(|found| Arc::clone(&found.value)))
    }

    fn token_at_hand(&self, digest: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        Some(Arc::clone(&self.at_hand(&self.copies.tokens, digest.as_bytes())?.value))
    }

    async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        self.read("list service tokens", |view| {
            let mut found = Vec::new();
            for entry in view.tokens.range::<&[u8; 32]>(..)? {
                found.extend(codec::decode_token(entry?.1.value()).map(|(token, _)| token));
            }
            found.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(found)
        })
    }

    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()> {
        let step = move |tables: &mut Tables<'_>| note_use(tables, digest.as_bytes(), now);
        self.writer.write("note the use of a service token", step).await
    }

    async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        let name = name.clone();
        let step = move |tables: &mut Tables<'_>| revoke(tables, &name);
        self.writer.write("revoke a service token", step).await
    }
}
