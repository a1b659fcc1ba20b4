//! Work with passwords, which is slow on purpose.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::password::{Password, PasswordHash, PasswordProblem};

/// More passwords wait to be worked on than can be in good time. Whoever gets this answers 503 and
/// changes nothing; it says nothing about any person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be compared")]
pub struct TooBusy;

/// A place among those whose passwords are worked on. Whoever holds one is served; it is free again
/// when it is dropped.
#[derive(Debug)]
pub struct Seat {
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    /// A place, if one is free.
    ///
    /// # Errors
    /// [`TooBusy`]
    pub fn among(seats: &Arc<Semaphore>) -> Result<Self, TooBusy> {
        let permit = Arc::clone(seats).try_acquire_owned();
        permit.map(|permit| Self { _permit: permit }).map_err(|_| TooBusy)
    }
}

/// Judges, hashes and compares passwords.
///
/// Law 1: none of it runs on the thread that asks, and no more of it at once than a fixed number, so
/// that a crowd at the form slows no request to an application. Law 2: comparing takes as long where
/// there is nothing to compare with, or where it cannot be read. Law 3: what was hashed here matches
/// in every process with the same secret, and in none with another one. Law 4: judging holds up no
/// comparing.
///
/// A place is taken first and something counted after that: a crowd must use up nobody's tries.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A place for one [`hash`](Self::hash) or [`matches`](Self::matches).
    fn seat(&self) -> Result<Seat, TooBusy>;

    /// Whether a password may be chosen; see [`Password::judge`].
    async fn judge(
        &self,
        password: &Password,
        least: u32,
        known: Vec<String>,
    ) -> Result<Result<(), PasswordProblem>, TooBusy>;

    /// What is kept of a password. Another one each time.
    async fn hash(&self, seat: Seat, password: &Password) -> Result<PasswordHash, TooBusy>;

    /// Whether this is the password behind the hash. Never without one.
    async fn matches(
        &self,
        seat: Seat,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, TooBusy>;
}
