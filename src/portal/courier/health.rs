//! Whether mails leave: for the pages, which say so to everybody alike.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::time::UnixMillis;

/// Since when no mail has left, as far as this node knows. It says nothing of any one mail: a
/// mailbox that is refused for good, and a mail that is not to be sent at all, never touch it.
#[derive(Debug, Default)]
pub struct MailHealth {
    /// The first failure since the last success; zero when there is none.
    failing_since: AtomicU64,
}

impl MailHealth {
    /// Since when every try has failed, or nothing if the last one did not.
    #[must_use]
    pub fn delayed_since(&self) -> Option<UnixMillis> {
        Some(self.failing_since.load(Ordering::Relaxed)).filter(|it| *it > 0).map(UnixMillis)
    }

    /// A mail was handed over.
    pub(super) fn succeeded(&self) {
        self.failing_since.store(0, Ordering::Relaxed);
    }

    /// The relay could not take a mail for now. Only the first failure in a row moves the time.
    pub(super) fn failed(&self, now: UnixMillis) {
        let now = now.0.max(1);
        let _ = self.failing_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_counts_until_the_next_success() {
        let health = MailHealth::default();
        assert_eq!(health.delayed_since(), None);
        health.succeeded();
        assert_eq!(health.delayed_since(), None);
        for now in [5, 7, 6] {
            health.failed(UnixMillis(now));
            assert_eq!(health.delayed_since(), Some(UnixMillis(5)));
        }
        health.succeeded();
        assert_eq!(health.delayed_since(), None);
        health.failed(UnixMillis(9));
        assert_eq!(health.delayed_since(), Some(UnixMillis(9)));
    }
}
