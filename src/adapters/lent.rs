//! A store that this process has until it is handed on: one process at a time has the file of the embedded
//! store open, and the next one gets it while this one still serves what needs no store.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use tokio::time::Instant;

use crate::ports::{Store, StoreError, Stored};

/// How long calls that have begun may take until it is closed: what the store itself allows them.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often is looked whether they have ended.
const LOOK: Duration = Duration::from_millis(1);

/// The store, until it is closed.
pub struct Lent(ArcSwapOption<Arc<dyn Store>>);

impl std::fmt::Debug for Lent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Lent(..)")
    }
}

impl Lent {
    /// This process has the store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self(ArcSwapOption::from_pointee(store))
    }

    /// The store, for one call.
    ///
    /// # Errors
    /// When it was closed, as with any trouble of a store.
    pub fn here(&self) -> Stored<Here> {
        let here = self.0.load();
        match &*here {
            Some(_) => Ok(Here(here)),
            None => {
                Err(StoreError::new("reach the store", "another process of linkgate has it now"))
            }
        }
    }

    /// Lets calls that have begun come to their end, and closes the store. Returns whether it is closed:
    /// otherwise all is as before.
    #[must_use]
    pub async fn close(&self) -> bool {
        let Some(mut store) = self.0.swap(None) else { return true };
        let mut looks = tokio::time::interval(LOOK);
        let until = Instant::now() + PATIENCE;
        loop {
            if Arc::get_mut(&mut store).and_then(Arc::get_mut).is_some() {
                // Nobody else has it. It finishes what is queued, and waits for the disk.
                return tokio::task::spawn_blocking(|| drop(store)).await.is_ok();
            }
            if Instant::now() >= until {
                self.0.store(Some(store));
                return false;
            }
            looks.tick().await;
        }
    }
}

/// The store while somebody asks it. It is not closed before that has ended.
pub struct Here(Guard<Option<Arc<Arc<dyn Store>>>>);

impl Deref for Here {
    type Target = dyn Store;

    #[allow(clippy::expect_used)]
    fn deref(&self) -> &Self::Target {
        // Made by `Lent::here` alone, which has looked that it is there; what is held does not change.
        let store = self.0.as_ref().expect("a store that is here");
        &***store
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::embedded::Embedded;

    fn lent() -> Lent {
        Lent::new(Arc::new(Embedded::in_memory().unwrap()))
    }

    #[tokio::test]
    async fn what_is_closed_is_here_no_more() {
        let lent = lent();
        lent.here().unwrap().ping().await.unwrap();
        assert!(lent.close().await);
        assert!(lent.here().is_err());
        assert!(lent.close().await, "it is closed");
    }

    /// The time is the runtime's and passes by itself when nothing else is left to do.
    #[tokio::test(start_paused = true)]
    async fn who_asks_is_waited_for_and_not_for_ever() {
        let lent = Arc::new(lent());
        let asks = lent.here().unwrap();
        assert!(!lent.close().await);
        assert!(lent.here().is_ok(), "all is as before");
        let closes = tokio::spawn({
            let lent = Arc::clone(&lent);
            async move { lent.close().await }
        });
        tokio::task::yield_now().await;
        assert!(lent.here().is_err(), "nobody asks anew");
        assert!(!closes.is_finished(), "who has begun comes to the end");
        drop(asks);
        assert!(closes.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn what_somebody_else_holds_is_not_closed() {
        let store: Arc<dyn Store> = Arc::new(Embedded::in_memory().unwrap());
        let lent = Lent::new(Arc::clone(&store));
        assert!(!lent.close().await);
        drop(store);
        assert!(lent.close().await);
    }
}
