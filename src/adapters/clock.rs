//! The store's time on this node.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::UnixMillis;
use crate::ports::{Clock, Stored, SystemClock, Upkeep};

/// This machine's clock, moved by how far the store's clock is from it.
///
/// Nodes that share a store must agree on what is over: a node whose clock is an hour late would
/// let sessions live an hour longer. Asking the store for the time of each request would cost a
/// round trip, so the difference is measured now and then and added.
#[derive(Debug, Default)]
pub struct StoreClock<C = SystemClock> {
    machine: C,
    /// The store's time less the machine's, in milliseconds.
    offset: AtomicI64,
}

impl<C: Clock> StoreClock<C> {
    /// A clock that shows the machine's time until it is [`sync`](Self::sync)ed.
    #[must_use]
    pub fn new(machine: C) -> Self {
        Self { machine, offset: AtomicI64::new(0) }
    }

    /// Measures the difference and keeps it. The store is taken to have read its clock halfway
    /// through the round trip. A store without a clock of its own leaves the machine's time.
    ///
    /// # Errors
    /// What the store says; the last difference stays, because clocks drift slowly and a store
    /// that is away for a minute changes neither.
    pub async fn sync(&self, store: &(impl Upkeep + ?Sized)) -> Stored<()> {
        let before = self.machine.now();
        let theirs = store.time().await?;
        let after = self.machine.now();
        let halfway = before.0 + after.0.saturating_sub(before.0) / 2;
        let offset = theirs.map_or(0, |theirs| signed(theirs.0).saturating_sub(signed(halfway)));
        self.offset.store(offset, Ordering::Relaxed);
        Ok(())
    }

    /// How far the store's clock is ahead of the machine's, in milliseconds; negative when behind.
    #[must_use]
    pub fn offset_millis(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }
}

impl<C: Clock> Clock for StoreClock<C> {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.machine.now().0.saturating_add_signed(self.offset_millis()))
    }
}

fn signed(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU64;

    use async_trait::async_trait;

    use super::*;
    use crate::domain::secret::{Birth, Mark};
    use crate::ports::{Owner, StoreError};

    /// Goes 100 ms ahead with each look.
    #[derive(Default)]
    struct Ticking(AtomicU64);
    impl Clock for Ticking {
        fn now(&self) -> UnixMillis {
            UnixMillis(self.0.fetch_add(100, Ordering::Relaxed) + 1_000)
        }
    }

    struct Away;
    struct TimeOnly(Mutex<Result<Option<u64>, Away>>);
    #[async_trait]
    impl Upkeep for TimeOnly {
        async fn owner(&self, _: Mark) -> Stored<Owner> {
            Ok(Owner::Nobody)
        }
        async fn is_empty(&self) -> Stored<bool> {
            Ok(true)
        }

        async fn adopt(&self, _: Mark, birth: Birth) -> Stored<Owner> {
            Ok(Owner::Ours(birth))
        }

        fn confirmed(&self, _: Mark, _: Birth) {}

        async fn ping(&self) -> Stored<()> {
            Ok(())
        }
        async fn sweep(&self, _: UnixMillis) -> Stored<u64> {
            Ok(0)
        }
        async fn time(&self) -> Stored<Option<UnixMillis>> {
            match &*self.0.lock().unwrap() {
                Ok(time) => Ok(time.map(UnixMillis)),
                Err(Away) => Err(StoreError::new("tell the time", "away")),
            }
        }
    }

    #[tokio::test]
    async fn shows_the_stores_time_and_keeps_it_while_the_store_is_away() {
        let clock = StoreClock::new(Ticking::default());
        let store = TimeOnly(Mutex::new(Ok(Some(501_050))));
        clock.sync(&store).await.unwrap(); // Between 1000 and 1100: halfway 1050.
        assert_eq!(clock.offset_millis(), 500_000);
        assert_eq!(clock.now(), UnixMillis(501_200));
        *store.0.lock().unwrap() = Err(Away);
        assert!(clock.sync(&store).await.is_err());
        assert_eq!(clock.offset_millis(), 500_000);
    }

    #[tokio::test]
    async fn goes_back_too_and_follows_the_machine_when_the_store_has_no_clock() {
        let clock = StoreClock::new(Ticking::default());
        let store = TimeOnly(Mutex::new(Ok(Some(50))));
        clock.sync(&store).await.unwrap();
        assert_eq!(clock.offset_millis(), -1_000);
        assert_eq!(clock.now(), UnixMillis(200));
        *store.0.lock().unwrap() = Ok(None);
        clock.sync(&store).await.unwrap();
        assert_eq!(clock.offset_millis(), 0);
    }
}
