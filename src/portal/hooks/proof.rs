//! Proofs that several providers use: logins of HTTP, and times that are near.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Message, Refusal, WINDOW};
use crate::domain::time::UnixMillis;

/// What the `Authorization` of a message must be. Kept as a digest, so that neither length nor content
/// shows in the time it takes to compare.
#[derive(Clone)]
pub struct Login([u8; 32]);

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Login(..)")
    }
}

impl Login {
    /// A user name and a password (RFC 7617).
    #[must_use]
    pub fn basic(username: &str, password: &str) -> Self {
        Self::of("Basic", &STANDARD.encode(format!("{username}:{password}")))
    }

    /// A token (RFC 6750).
    #[must_use]
    pub fn bearer(token: &str) -> Self {
        Self::of("Bearer", token)
    }

    fn of(scheme: &str, credentials: &str) -> Self {
        let scheme = scheme.to_ascii_lowercase();
        Self(Sha256::digest(format!("{scheme} {credentials}")).into())
    }

    /// # Errors
    /// [`Refusal::Login`].
    pub(super) fn check(&self, message: &Message) -> Result<(), Refusal> {
        let shown = message.header(AUTHORIZATION.as_str()).unwrap_or_default();
        let (scheme, credentials) = shown.split_once(' ').unwrap_or_default();
        let is_right = Self::of(scheme, credentials.trim()).0.ct_eq(&self.0);
        if is_right.into() { Ok(()) } else { Err(Refusal::Login) }
    }
}

/// Seconds since the epoch, in decimal.
pub(super) fn seconds(text: &str) -> Result<UnixMillis, Refusal> {
    let is_number = (1..=12).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    let seconds: u64 = text.parse().map_err(|_| Refusal::Malformed)?;
    if is_number { Ok(UnixMillis(seconds.saturating_mul(1000))) } else { Err(Refusal::Malformed) }
}

/// # Errors
/// [`Refusal::Stale`] when a moment is not near.
pub(super) fn is_near(at: UnixMillis, now: UnixMillis) -> Result<(), Refusal> {
    is_since(at, WINDOW, now)
}

/// # Errors
/// [`Refusal::Stale`] when a moment is longer ago than `most`, or of the future.
pub(super) fn is_since(at: UnixMillis, most: Duration, now: UnixMillis) -> Result<(), Refusal> {
    let most = if at > now { WINDOW } else { most };
    if at.apart(now) <= most { Ok(()) } else { Err(Refusal::Stale) }
}
