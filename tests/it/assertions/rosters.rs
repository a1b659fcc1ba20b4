//! Signing keys in the hands of a test.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use linkgate::adapters::embedded::Embedded;
use linkgate::domain::signing::KeyRoster;
use linkgate::ports::{KeyRosters, StoreError, Stored};

/// A store for rosters that counts, can be away, and can take its time to say so.
pub struct Rosters {
    inner: Embedded,
    pub is_away: AtomicBool,
    takes: Duration,
    /// How often it was asked.
    pub looks: AtomicU64,
}

impl Rosters {
    pub fn slow(takes: Duration) -> Self {
        let inner = Embedded::in_memory().expect("a store");
        Self { inner, is_away: false.into(), takes, looks: 0.into() }
    }
}

#[async_trait]
impl KeyRosters for Rosters {
    async fn roster(&self) -> Stored<KeyRoster> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.takes).await;
        match self.is_away.load(Ordering::Relaxed) {
            true => Err(StoreError::new("find the signing keys", "away")),
            false => self.inner.roster().await,
        }
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        self.inner.replace_roster(roster).await
    }
}
