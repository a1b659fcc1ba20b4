//! Which sessions and service tokens have their last use noted just now: one note of each at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Those that are being noted. Copies share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Touching(Arc<Mutex<HashSet<[u8; 32]>>>);

impl Touching {
    /// Begins a note, unless there is one of the same.
    pub(super) fn begin(&self, digest: [u8; 32]) -> Option<Touch> {
        let is_first = self.digests().insert(digest);
        is_first.then(|| Touch { all: self.clone(), digest })
    }

    fn digests(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        // Each change is whole before the lock is left.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A note that is being made. It ends with this value, however the task ends that has it.
#[derive(Debug)]
pub(super) struct Touch {
    all: Touching,
    digest: [u8; 32],
}

impl Drop for Touch {
    fn drop(&mut self) {
        self.all.digests().remove(&self.digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_note_that_ends_in_a_panic_is_not_the_last_one() {
        let (touching, digest) = (Touching::default(), [1; 32]);
        let touch = touching.begin(digest).unwrap();
        assert!(touching.begin(digest).is_none(), "one at a time");
        assert!(touching.begin([2; 32]).is_some());
        let noting = tokio::spawn(async move {
            let _touch = touch;
            panic!("in the midst of it");
        });
        assert!(noting.await.is_err());
        assert!(touching.begin(digest).is_some());
    }
}
