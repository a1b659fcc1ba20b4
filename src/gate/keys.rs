//! Changing the signing keys of the assertion, for commands and the admin API alike.

use std::sync::Arc;

use super::Gate;
use crate::domain::event::What;
use crate::domain::signing::{ChangeUnderway, KeyRoster};
use crate::domain::time::UnixMillis;
use crate::ports::{Entropy, KeyRosters, StoreError, Stored, draw};

/// Tries against others who change the keys at the same moment.
const TRIES: usize = 4;

/// How keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// So that nobody notices: published first, the old one kept for what it has signed.
    InTurn,
    /// At once, for keys that somebody else knows: the old ones are void.
    AtOnce,
}

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The last change is not over.
    #[error(transparent)]
    Underway(#[from] ChangeUnderway),
    /// Others changed them, again and again.
    #[error("others are changing the keys right now")]
    Busy,
    /// The store was in trouble: the keys may have been changed or not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gate {
    /// Which keys there are.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn signing_keys(&self) -> Stored<KeyRoster> {
        self.store.roster().await
    }

    /// As [`rotate`], by the store's time.
    ///
    /// # Errors
    /// As [`rotate`].
    pub async fn change_signing_keys(&self, change: Change) -> Result<KeyRoster, ChangeError> {
        let roster = rotate(&*self.store, &self.entropy, change, self.now()).await?;
        self.note(None, What::KeysRotated { at_once: change == Change::AtOnce });
        Ok(roster)
    }
}

/// Changes the keys. Returns what holds then. Every node follows within seconds.
///
/// # Errors
/// [`ChangeError`]; but for trouble of the store, nothing has changed then.
pub async fn rotate(
    store: &(impl KeyRosters + ?Sized),
    entropy: &Arc<dyn Entropy>,
    change: Change,
    now: UnixMillis,
) -> Result<KeyRoster, ChangeError> {
    for _ in 0..TRIES {
        let roster = store.roster().await?;
        let salt = u128::from_be_bytes(draw(entropy));
        let changed = match change {
            Change::InTurn => roster.rotated(salt, now)?,
            Change::AtOnce => roster.replaced(salt, now),
        };
        if store.replace_roster(&changed).await? {
            return Ok(changed);
        }
    }
    Err(ChangeError::Busy)
}
