//! The keys that sign now. They outlive a configuration.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::keys::{KeyRefused, Ring};
use crate::domain::secret::{Key, Secret};
use crate::domain::time::UnixMillis;
use crate::portal::refusal::Refusal;
use crate::ports::{KeyRosters, StoreError};

/// How old the known roster may be before it is looked at again.
const LOOK: Duration = Duration::from_secs(5);
/// How old it may be when the store does not answer. Much less than
/// [`LEAD`](crate::domain::signing::LEAD): no key is missed.
const TRUST: Duration = Duration::from_secs(60);

/// The keys that the roster in the store names, looked up every few seconds.
///
/// Of many that find the keys too old, one looks, and the others share what it has found, its failure
/// too: while the store is away each look takes as long as the store may, and those who had waited
/// for one another used to wait that long each.
pub struct SigningKeys {
    rosters: Arc<dyn KeyRosters>,
    root: Key,
    known: RwLock<Option<Known>>,
    /// Held by the one that looks at the roster. How the last look failed, if it did.
    turn: tokio::sync::Mutex<Option<Arc<StoreError>>>,
    /// Looks that have ended.
    looks: AtomicU64,
}

/// The keys, and when they were looked at.
#[derive(Clone)]
struct Known {
    ring: Arc<Ring>,
    looked_at: UnixMillis,
}

impl SigningKeys {
    /// Asks the store nothing yet.
    #[must_use]
    pub fn new(secret: &Secret, rosters: Arc<dyn KeyRosters>) -> Self {
        Self {
            rosters,
            root: root_key(secret),
            known: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            looks: AtomicU64::new(0),
        }
    }

    /// The keys, as old as [`LOOK`] at most; as [`TRUST`] when the store does not answer.
    pub(super) async fn ring(&self, now: UnixMillis) -> Result<Arc<Ring>, Refusal> {
        if let Some(ring) = self.known(LOOK, now) {
            return Ok(ring);
        }
        // One looks. The others go on meanwhile with what is known, if that may be trusted.
        let looks = self.looks.load(Ordering::Acquire);
        let mut turn = match self.known(TRUST, now) {
            None => self.turn.lock().await,
            Some(known) => match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(known),
            },
        };
        if let Some(ring) = self.known(LOOK, now) {
            return Ok(ring);
        }
        // Whoever has waited for a look has looked.
        let is_shared = self.looks.load(Ordering::Acquire) != looks;
        if let Some(failure) = turn.as_ref().filter(|_| is_shared) {
            return self.without_store(failure, now);
        }
        let looked = self.rosters.roster().await;
        self.looks.fetch_add(1, Ordering::Release);
        *turn = None;
        match looked {
            Ok(roster) => {
                let ring = Ring::new(&self.root, roster)
                    .map_err(|KeyRefused| Refusal::Internal("no signing keys"))?;
                let ring = Arc::new(ring);
                let known = Known { ring: Arc::clone(&ring), looked_at: now };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(ring)
            }
            Err(error) => self.without_store(turn.insert(Arc::new(error)), now),
        }
    }

    /// What is known, if it may be trusted while the store does not answer.
    fn without_store(
        &self,
        error: &Arc<StoreError>,
        now: UnixMillis,
    ) -> Result<Arc<Ring>, Refusal> {
        let known = self.known(TRUST, now).ok_or_else(|| Refusal::Store(Arc::clone(error)))?;
        tracing::warn!(%error, cause = %error.source, "the signing keys may be old");
        Ok(known)
    }

    fn known(&self, age: Duration, now: UnixMillis) -> Option<Arc<Ring>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| now.apart(known.looked_at) < age)?;
        Some(Arc::clone(&known.ring))
    }
}

/// The key from which all signing keys are derived.
#[must_use]
pub fn root_key(secret: &Secret) -> Key {
    secret.derive("assertion")
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SigningKeys(..)")
    }
}
