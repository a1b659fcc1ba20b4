//! Whether a relay has failed lately.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures one after the other that open it.
const FAILURES: u32 = 3;
/// How long after that the relay is tried again, with one mail.
const PAUSE: Duration = Duration::from_secs(30);

/// A circuit breaker: closed while the relay works, open after some failures, and half open when one
/// mail may try it again.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Facts>);

#[derive(Debug, Default)]
struct Facts {
    failures: u32,
    /// While it is open: when the next mail may try.
    next_try: Option<Instant>,
}

impl Breaker {
    /// Whether a mail may go there in its turn. The one that tries again is told so, and nobody else
    /// until another pause is over.
    pub(super) fn is_closed_or_tries(&self, now: Instant) -> bool {
        let mut facts = self.facts();
        match facts.next_try {
            None => true,
            Some(at) if at > now => false,
            Some(_) => {
                facts.next_try = Some(now + PAUSE);
                true
            }
        }
    }

    /// The relay has answered. Returns whether it is closed with that.
    pub(super) fn answered(&self) -> bool {
        let mut facts = self.facts();
        facts.failures = 0;
        facts.next_try.take().is_some()
    }

    /// The relay has failed. Returns whether it is opened with that.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut facts = self.facts();
        facts.failures = facts.failures.saturating_add(1);
        if facts.failures < FAILURES {
            return false;
        }
        facts.next_try.replace(now + PAUSE).is_none()
    }

    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        // Each change is whole before the lock is left.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_some_failures_and_lets_one_try_after_a_pause() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for opens in [false, false, true, false] {
            assert!(opens || breaker.is_closed_or_tries(now) || breaker.facts().next_try.is_some());
            assert_eq!(breaker.failed(now), opens);
        }
        assert!(!breaker.is_closed_or_tries(now));
        let later = now + PAUSE;
        assert!(breaker.is_closed_or_tries(later), "one tries");
        assert!(!breaker.is_closed_or_tries(later), "and nobody else");
        assert!(!breaker.failed(later), "it was open");
        assert!(!breaker.is_closed_or_tries(later + PAUSE / 2));
        assert!(breaker.is_closed_or_tries(later + PAUSE));
        assert!(breaker.answered(), "it closes");
        assert!(breaker.is_closed_or_tries(later) && breaker.is_closed_or_tries(later));
        assert!(!breaker.answered(), "it was closed");
    }

    #[test]
    fn failures_with_answers_between_do_not_open_it() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            assert!(!breaker.failed(Instant::now()) && !breaker.failed(Instant::now()));
            breaker.answered();
        }
        assert!(breaker.is_closed_or_tries(Instant::now()));
    }
}
