//! What was read of a store, kept in memory while it is certainly still so.
//!
//! A copy is used only while it is trusted: while whoever follows the store has heard from it within a
//! stated time ([`Trust`]). What changes is dropped by its key, before whoever changed it is told that
//! it was done (embedded), or as soon as the store says so (Redis).
//!
//! The pitfall of all such copies is the read that is under way while the value changes: its answer
//! arrives after the news, and would stay for ever (redis-rs's own cache went on answering 9,568 of
//! 9,600 keys that were deleted while they were read). Therefore a read begins with a [`Ticket`], and
//! its answer is kept only if nothing was dropped since.
//!
//! How long ago the store was heard from, how long an answer is waited for and how long a process takes
//! to end are spans, and are measured by the monotonic clock of the machine ([`Instant`]), not by the
//! [`Clock`](crate::ports::Clock) port. That port is the store's time, which says what is over: it is
//! moved when a clock is set or the store is asked for its time, and by a clock that was set back a copy
//! would be trusted for hours. The monotonic one only goes forward, and never faster than the bound. Two
//! things to know: it is tokio's, so that tests stop and move it; and on Linux it stands still while the
//! machine is suspended. What was trusted then is trusted for what was left of the bound after it has woken
//! up, two seconds by default, or until the news that waited in the socket is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;
use tokio::time::Instant;

use crate::domain::service_token::ServiceToken;
use crate::domain::session::Session;
use crate::ports::AccountFound;

/// A digest, or a keyed hash: evenly spread, whoever makes them.
pub type Key = [u8; 32];

/// Parts of the keys that are dropped and read independently: more than there are threads.
const GATES: usize = 256;
/// Entries that a new cache has room for without growing.
const EXPECTED: usize = 1024;

/// Which line to the store a copy came over. With each new one all copies before it are doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era(u64);

/// Until when copies of which era are trusted.
#[derive(Debug)]
pub struct Trust {
    began: Instant,
    /// In milliseconds since `began`. Read before the era: see [`Trust::covers`].
    until: AtomicU64,
    era: AtomicU64,
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
            era: AtomicU64::new(0),
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
        if self.era() != era {
            return;
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((era, until));
        self.until.store(self.millis(until), Ordering::Release);
    }

    /// Ends an era, if it is the one that is: its copies are trusted no more.
    pub fn end(&self, era: Era) {
        let next = era.0.wrapping_add(1);
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
    fn covers(&self, era: Era, now: Instant) -> bool {
        let until = self.until.load(Ordering::Acquire);
        self.millis(now) < until && self.era() == era
    }

    /// Whether copies of an era were trusted not longer than `grace` ago. Without grace none is, not even
    /// while a connection that broke would still have been trusted.
    fn covered_lately(&self, era: Era, now: Instant, grace: Duration) -> bool {
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

/// That a read began, and what had been dropped by then.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(u64);

#[derive(Clone)]
struct Entry<V> {
    value: V,
    era: Era,
}

/// Copies of one kind of record. Bounded in number; what was used least goes first.
pub struct Kept<V> {
    entries: Cache<Key, Entry<V>>,
    /// What was dropped so far, counted for each part of the keys. Held while something is kept or
    /// dropped, so that nothing comes between the look at the ticket and the keeping.
    gates: Box<[Mutex<u64>]>,
}

impl<V: Clone> Kept<V> {
    /// Room for so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        Self {
            entries: Cache::with_weighter(EXPECTED, most, quick_cache::UnitWeighter),
            gates: (0..GATES).map(|_| Mutex::new(0)).collect(),
        }
    }

    /// The copy of a record, if there is one that is trusted now.
    #[must_use]
    pub fn get(&self, key: &Key, trust: &Trust, now: Instant) -> Option<V> {
        let entry = self.entries.get(key)?;
        trust.covers(entry.era, now).then_some(entry.value)
    }

    /// The copy of a record that was trusted until lately, for while the store is away.
    #[must_use]
    pub fn get_in_grace(
        &self,
        key: &Key,
        trust: &Trust,
        now: Instant,
        grace: Duration,
    ) -> Option<V> {
        let entry = self.entries.get(key)?;
        trust.covered_lately(entry.era, now, grace).then_some(entry.value)
    }

    /// How many there are, trusted or not.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // Told to people; whether it is empty is nobody's question.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Call it before a read is sent.
    #[must_use]
    pub fn begin(&self, key: &Key) -> Ticket {
        Ticket(*self.gate(key))
    }

    /// Keeps what a read answered, unless anything near it was dropped since it began. `era` is that of
    /// the line that the read went over.
    pub fn keep(&self, key: &Key, ticket: Ticket, era: Era, value: V) {
        let gate = self.gate(key);
        if *gate == ticket.0 {
            self.entries.insert(*key, Entry { value, era });
        }
    }

    /// Drops a record, and what is being read near it.
    pub fn drop_one(&self, key: &Key) {
        let mut gate = self.gate(key);
        *gate = gate.wrapping_add(1);
        self.entries.remove(key);
    }

    /// Drops everything, and what is being read.
    pub fn drop_all(&self) {
        for gate in &self.gates {
            let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            *gate = gate.wrapping_add(1);
        }
        self.entries.clear();
    }

    fn gate(&self, key: &Key) -> std::sync::MutexGuard<'_, u64> {
        let gate = &self.gates[usize::from(key[0]) % GATES];
        gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> std::fmt::Debug for Kept<V> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Kept(..)")
    }
}

/// Copies of what a signed-in request needs.
#[derive(Debug)]
pub struct Copies {
    /// Until when they are trusted.
    pub trust: Trust,
    /// Sessions, by their digests.
    pub sessions: Kept<Arc<Session>>,
    /// Service tokens, by their digests.
    pub tokens: Kept<Arc<ServiceToken>>,
    /// Accounts, by the hashes of their people; also that somebody has none.
    pub accounts: Kept<AccountFound>,
}

impl Copies {
    /// Room for so many people who are signed in.
    #[must_use]
    pub fn new(trust: Trust, most: usize) -> Self {
        Self {
            trust,
            sessions: Kept::new(most),
            tokens: Kept::new(most),
            accounts: Kept::new(most),
        }
    }

    /// Drops everything, and what is being read.
    pub fn drop_all(&self) {
        self.sessions.drop_all();
        self.tokens.drop_all();
        self.accounts.drop_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];
    const SECOND: Duration = Duration::from_secs(1);

    fn kept() -> Kept<u8> {
        Kept::new(100)
    }

    fn keep(kept: &Kept<u8>, trust: &Trust, value: u8) {
        kept.keep(&KEY, kept.begin(&KEY), trust.era(), value);
    }

    #[test]
    fn what_is_dropped_is_gone_and_nothing_else() {
        let (kept, trust, now) = (kept(), Trust::always(), Instant::now());
        for key in [KEY, [8; 32]] {
            kept.keep(&key, kept.begin(&key), trust.era(), key[0]);
        }
        kept.drop_one(&KEY);
        assert_eq!([KEY, [8; 32]].map(|key| kept.get(&key, &trust, now)), [None, Some(8)]);
        kept.drop_all();
        assert_eq!(kept.get(&[8; 32], &trust, now), None);
    }

    #[test]
    fn an_answer_that_comes_after_the_news_is_not_kept() {
        let (kept, trust, now) = (kept(), Trust::always(), Instant::now());
        for drop in [|kept: &Kept<u8>| kept.drop_one(&KEY), Kept::drop_all] {
            let ticket = kept.begin(&KEY);
            drop(&kept);
            kept.keep(&KEY, ticket, trust.era(), 1);
            assert_eq!(kept.get(&KEY, &trust, now), None);
        }
        keep(&kept, &trust, 2);
        assert_eq!(kept.get(&KEY, &trust, now), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_counts_while_the_store_was_heard_from_and_no_longer() {
        let (kept, trust) = (kept(), Trust::none());
        let began = Instant::now();
        keep(&kept, &trust, 1);
        assert_eq!(kept.get(&KEY, &trust, began), None, "never heard from");
        trust.renew(trust.era(), began + 2 * SECOND);
        assert_eq!(kept.get(&KEY, &trust, began + SECOND), Some(1));
        assert_eq!(kept.get(&KEY, &trust, began + 2 * SECOND), None);
        trust.renew(trust.era(), began + 4 * SECOND);
        assert_eq!(kept.get(&KEY, &trust, began + 3 * SECOND), Some(1), "heard from again");
    }

    #[tokio::test(start_paused = true)]
    async fn with_a_new_line_all_copies_are_doubted() {
        let (kept, trust) = (kept(), Trust::none());
        let (now, old) = (Instant::now(), trust.era());
        trust.renew(old, now + SECOND);
        keep(&kept, &trust, 1);
        trust.end(old);
        assert_eq!(kept.get(&KEY, &trust, now), None);
        // What is late of the old line changes nothing.
        trust.renew(old, now + SECOND);
        trust.end(old);
        let new = trust.era();
        assert_ne!(new, old);
        trust.renew(new, now + SECOND);
        assert_eq!(kept.get(&KEY, &trust, now), None);
        kept.keep(&KEY, kept.begin(&KEY), old, 2);
        assert_eq!(kept.get(&KEY, &trust, now), None, "an answer over the old line");
        keep(&kept, &trust, 3);
        assert_eq!(kept.get(&KEY, &trust, now), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn grace_is_for_what_was_trusted_last_and_ends() {
        let (kept, trust) = (kept(), Trust::none());
        let (now, era) = (Instant::now(), trust.era());
        keep(&kept, &trust, 1);
        assert_eq!(kept.get_in_grace(&KEY, &trust, now, SECOND), None, "never heard from");
        trust.renew(era, now + SECOND);
        trust.end(era);
        let in_grace = |at| kept.get_in_grace(&KEY, &trust, at, 5 * SECOND);
        assert_eq!(in_grace(now + 5 * SECOND), Some(1));
        assert_eq!(in_grace(now + 6 * SECOND), None);
        assert_eq!(kept.get_in_grace(&KEY, &trust, now, Duration::ZERO), None);
        // Another line was there meanwhile, and may have told of a change.
        trust.renew(trust.era(), now + 2 * SECOND);
        assert_eq!(in_grace(now + 2 * SECOND), None);
    }

    /// Readers and one who changes, in real threads: what was acknowledged as changed is never
    /// answered afterwards.
    #[test]
    fn no_race_leaves_an_old_value() {
        use std::sync::atomic::AtomicU64;
        let (kept, trust, now) = (Kept::<u64>::new(100), Trust::always(), Instant::now());
        let store = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while store.load(Ordering::SeqCst) < 20_000 {
                        if kept.get(&KEY, &trust, now).is_none() {
                            let ticket = kept.begin(&KEY);
                            let read = store.load(Ordering::SeqCst);
                            std::thread::yield_now();
                            kept.keep(&KEY, ticket, trust.era(), read);
                        }
                    }
                });
            }
            for value in 1..=20_000 {
                store.store(value, Ordering::SeqCst);
                kept.drop_one(&KEY);
                // Acknowledged: nothing older may be answered from here on.
                let found = kept.get(&KEY, &trust, now);
                assert!(found.is_none_or(|found| found >= value), "{found:?} after {value}");
            }
        });
    }
}
