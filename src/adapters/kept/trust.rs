//! How long copies are trusted.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Key, Labelled};
use crate::ports::Label;

/// Which line to the store a copy came over. With each new one all copies before it are doubted.
///
/// Never zero: what came over no line is labelled so. A new line is tried twenty times a second at most, so they
/// come round after almost seven years, and a copy would have to lie there for as long that nobody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era(pub(super) u32);

impl Era {
    /// Of the line that a copy came over.
    pub(super) fn of(copy: &impl Labelled) -> Self {
        Self(copy.label().era)
    }

    /// What a copy is labelled with that came over this line.
    #[must_use]
    pub fn label(self, key: &Key) -> Label {
        Label { key: *key, era: self.0 }
    }
}

/// Until when copies of which era are trusted.
#[derive(Debug)]
pub struct Trust {
    began: Instant,
    /// In milliseconds since `began`. Read before the era: see [`Trust::covers`].
    until: AtomicU64,
    era: AtomicU32,
    /// The last trust there was, for a time of grace.
    last: Mutex<Option<(Era, Instant)>>,
}

impl Trust {
    /// Of a store that has nobody but this process: what changes is always heard of.
    #[must_use]
    pub fn always() -> Self {
        Self { until: AtomicU64::new(u64::MAX), ..Self::none() }
    }

    /// Of a store that was not heard from yet.
    #[must_use]
    pub fn none() -> Self {
        Self {
            began: Instant::now(),
            until: AtomicU64::new(0),
            era: AtomicU32::new(1),
            last: Mutex::new(None),
        }
    }

    /// The era that is, or will be with the next line.
    #[must_use]
    pub fn era(&self) -> Era {
        Era(self.era.load(Ordering::Acquire))
    }

    /// Trusts the copies of an era until a moment. Nothing happens if that era is over.
    pub fn renew(&self, era: Era, until: Instant) {
        // Held, so that the era does not end between the look and the writing.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if self.era() != era {
            return;
        }
        *last = Some((era, until));
        self.until.store(self.millis(until), Ordering::Release);
    }

    /// Ends an era, if it is the one that is: its copies are trusted no more.
    pub fn end(&self, era: Era) {
        let _held = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = era.0.wrapping_add(1).max(1);
        let ended = self.era.compare_exchange(era.0, next, Ordering::AcqRel, Ordering::Relaxed);
        if ended.is_ok() {
            self.until.store(0, Ordering::Release);
        }
    }

    /// Whether copies of the era that is are trusted now.
    #[must_use]
    pub fn is_given(&self, now: Instant) -> bool {
        self.covers(self.era(), now)
    }

    /// Whether copies of an era are trusted now. The time is read before the era: it is renewed after
    /// an era has begun, so a time of the new one is never taken for the old one's.
    pub(super) fn covers(&self, era: Era, now: Instant) -> bool {
        let until = self.until.load(Ordering::Acquire);
        self.millis(now) < until && self.era() == era
    }

    /// Whether copies of an era were trusted not longer than `grace` ago. Without grace none is, not even
    /// while a connection that broke would still have been trusted.
    pub(super) fn covered_lately(&self, era: Era, now: Instant, grace: Duration) -> bool {
        if grace.is_zero() {
            return false;
        }
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|(last, until)| last == era && now < until + grace)
    }

    /// Until when copies were trusted at last, if they ever were.
    #[must_use]
    pub fn last(&self) -> Option<Instant> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).map(|(_, until)| until)
    }

    fn millis(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX)
    }
}
