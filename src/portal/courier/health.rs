//! Whether mails leave: for the pages, which say so to everybody alike.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::time::UnixMillis;

/// How long the relay may be away before the pages say that mails cannot be sent, and not that they
/// are late: by then, most of what was asked for has been tried for half its life.
const DOWN_AFTER: Duration = Duration::from_secs(5 * 60);
/// How often the relay is asked at most.
const PROBE_PAUSE: Duration = Duration::from_secs(10);

/// What is wrong with the mails, as far as a visitor may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// They leave late.
    Delayed {
        /// Since when.
        since: UnixMillis,
    },
    /// They may not leave in time.
    Down {
        /// Since when.
        since: UnixMillis,
    },
}

/// Since when the relay cannot be reached, as far as this node knows.
///
/// Every visitor sees this, so nothing of any one mail may move it: who asks for a mail to somebody
/// else's address would learn from the relay's answer whether the address is known. Not even a
/// success may, for only known addresses have one. It is moved by probes alone, which name no
/// recipient, and a probe is due after a mail was asked for whether or not it is sent.
#[derive(Debug, Default)]
pub struct MailHealth {
    /// The first probe that failed since the last one that did not; zero when there is none.
    failing_since: AtomicU64,
    /// The last probe; zero before the first.
    probed_at: AtomicU64,
    /// Somebody asked for a mail after the last probe.
    asked: AtomicBool,
}

impl MailHealth {
    /// What is wrong now, if anything.
    #[must_use]
    pub fn trouble(&self, now: UnixMillis) -> Option<Trouble> {
        let since = self.failing_since.load(Ordering::Relaxed);
        let since = Some(since).filter(|since| *since > 0).map(UnixMillis)?;
        let is_down = now.since(since) >= DOWN_AFTER;
        Some(if is_down { Trouble::Down { since } } else { Trouble::Delayed { since } })
    }

    /// A mail was asked for.
    pub(super) fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the relay should be probed now: at the start, after somebody has asked, and as long
    /// as it cannot be reached; never in quick succession.
    #[must_use]
    pub fn is_due(&self, now: UnixMillis) -> bool {
        let last = self.probed_at.load(Ordering::Relaxed);
        let is_wanted = last == 0
            || self.asked.load(Ordering::Relaxed)
            || self.failing_since.load(Ordering::Relaxed) > 0;
        is_wanted && (last == 0 || now.apart(UnixMillis(last)) >= PROBE_PAUSE)
    }

    /// A probe begins.
    pub(super) fn probing(&self, now: UnixMillis) {
        self.probed_at.store(now.0.max(1), Ordering::Relaxed);
        self.asked.store(false, Ordering::Relaxed);
    }

    /// The relay was reached. Returns whether it was not before.
    pub(super) fn reached(&self) -> bool {
        self.failing_since.swap(0, Ordering::Relaxed) > 0
    }

    /// The relay was not reached. Only the first time in a row moves the moment; returns whether
    /// this was it.
    pub(super) fn missed(&self, now: UnixMillis) -> bool {
        let now = now.0.max(1);
        self.failing_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1000;

    #[test]
    fn the_first_failure_counts_until_the_next_success() {
        let health = MailHealth::default();
        let at = |seconds: u64| UnixMillis(seconds * SECOND);
        assert_eq!(health.trouble(at(1)), None);
        assert!(!health.reached(), "it was never away");
        assert!(health.missed(at(5)));
        assert!(!health.missed(at(9)));
        assert_eq!(health.trouble(at(9)), Some(Trouble::Delayed { since: at(5) }));
        assert_eq!(health.trouble(at(304)), Some(Trouble::Delayed { since: at(5) }));
        assert_eq!(health.trouble(at(305)), Some(Trouble::Down { since: at(5) }));
        assert!(health.reached());
        assert_eq!(health.trouble(at(999)), None);
        assert!(health.missed(at(999)));
        assert_eq!(health.trouble(at(999)), Some(Trouble::Delayed { since: at(999) }));
    }

    #[test]
    fn a_probe_is_due_at_the_start_when_asked_and_while_the_relay_is_away() {
        let health = MailHealth::default();
        let at = |seconds: u64| UnixMillis(seconds * SECOND);
        assert!(health.is_due(at(1)));
        health.probing(at(1));
        assert!(!health.is_due(at(100)), "nobody asks");
        health.asked();
        assert!(!health.is_due(at(10)), "too soon, but not forgotten");
        assert!(health.is_due(at(11)));
        health.probing(at(11));
        assert!(!health.is_due(at(100)));
        health.missed(at(11));
        assert!(!health.is_due(at(20)) && health.is_due(at(21)));
        health.probing(at(9999));
        assert!(health.is_due(at(30)), "the clock was set back");
    }
}
