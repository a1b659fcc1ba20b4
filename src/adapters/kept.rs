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

mod copies;
mod table;
mod trust;

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub use self::copies::Copies;
use self::table::Table;
pub use self::trust::{Era, Trust};
use crate::ports::{AsOf, Known, Label};

/// A digest, or a keyed hash: evenly spread, whoever makes them.
pub type Key = [u8; 32];

/// Parts of the keys that are dropped and read independently: more than there are threads.
const PARTS: usize = 256;

/// What can be kept: it is cheap to clone, and says of which record it is.
pub trait Labelled: Clone {
    /// Of which record it is, and over which line it came.
    fn label(&self) -> &Label;

    /// Asks for the memory behind the label, and does not wait for it.
    fn fetch(&self) {}

    /// The same for what it leads to, once it is there itself.
    fn fetch_beside(&self) {}
}

impl Labelled for Arc<Known> {
    fn label(&self) -> &Label {
        Known::label(self)
    }

    fn fetch(&self) {
        Known::fetch(self);
    }

    fn fetch_beside(&self) {
        Known::fetch_beside(self);
    }
}

/// A copy of what has no place for a label itself.
pub struct Filed<T> {
    label: Label,
    /// The record.
    pub value: T,
}

impl<T> Filed<T> {
    /// Labels a record.
    #[must_use]
    pub fn new(value: T, label: Label) -> Arc<Self> {
        Arc::new(Self { label, value })
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Filed<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(out)
    }
}

impl<T> Labelled for Arc<Filed<T>> {
    fn label(&self) -> &Label {
        &self.label
    }
}

/// That a read began, and what had been dropped by then: the number of the part in the last byte, and what
/// was counted there before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(NonZeroU64);

/// One part of the keys: their copies, and what was dropped of them so far. Neighbours share no line of a
/// processor's cache.
#[repr(align(64))]
struct Part<V> {
    /// Its lock is held from the look at the ticket to the keeping, so that nothing comes between.
    copies: Mutex<Table<V>>,
    /// The ticket that is given out now.
    ticket: AtomicU64,
}

impl<V: Labelled> Part<V> {
    /// `from` is where it begins to count: another number for each table of copies, so that a ticket of one
    /// is none of another.
    fn numbered(number: usize, from: u64, most: usize) -> Self {
        let first = (from << 8) | (number as u64 & 0xff);
        Self { copies: Mutex::new(Table::new(most)), ticket: AtomicU64::new(first) }
    }

    fn copies(&self) -> MutexGuard<'_, Table<V>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever has a ticket has an old one.
    fn turn(&self) {
        self.ticket.fetch_add(1 << 8, Ordering::AcqRel);
    }
}

/// Copies of one kind of record. Bounded in number; what was used least goes first.
pub struct Kept<V> {
    parts: Box<[Part<V>]>,
}

impl<V: Labelled> Kept<V> {
    /// Room for so many, and for some more, because the parts are not filled evenly: 7 in a hundred of a
    /// million, half as many again of ten thousand.
    #[must_use]
    pub fn new(most: usize) -> Self {
        // Of 56 bits that count, 48 are drawn, and never zero.
        let from = (RandomState::new().hash_one(most) >> 16) | 1;
        // Three times the standard deviation, as keys are spread by chance.
        let most = most.div_ceil(PARTS);
        let most = most + 3 * most.isqrt() + 4;
        Self { parts: (0..PARTS).map(|number| Part::numbered(number, from, most)).collect() }
    }

    /// The copy of a record, if there is one that is trusted now.
    #[must_use]
    pub fn get(&self, key: &Key, trust: &Trust, now: Instant) -> Option<V> {
        let held = self.part(key).copies().get(key)?;
        trust.covers(Era::of(&held), now).then_some(held)
    }

    /// Asks for the memory that a look for this record begins with, and does not wait for it.
    pub fn look_ahead(&self, key: &Key) {
        self.part(key).copies().look_ahead(key);
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
        let held = self.part(key).copies().get(key)?;
        trust.covered_lately(Era::of(&held), now, grace).then_some(held)
    }

    /// How many there are, trusted or not.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // Told to people; whether it is empty is nobody's question.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.copies().len()).sum()
    }

    /// Call it before a read is sent.
    #[must_use]
    pub fn begin(&self, key: &Key) -> Ticket {
        let ticket = self.part(key).ticket.load(Ordering::Acquire);
        // It begins above zero, and 2^55 turns are more than there will be.
        Ticket(NonZeroU64::new(ticket).unwrap_or(NonZeroU64::MIN))
    }

    /// What goes with a copy that is kept elsewhere. Call it before [`get`](Self::get).
    #[must_use]
    pub fn as_of(&self, key: &Key, trust: &Trust) -> AsOf {
        AsOf { dropped: self.begin(key).0, era: trust.era().0 }
    }

    /// Whether nothing near the key of a copy that is kept elsewhere was dropped since.
    #[must_use]
    pub fn is_of_now(&self, as_of: AsOf) -> bool {
        self.still(Ticket(as_of.dropped))
    }

    /// Whether a copy that is kept elsewhere still counts: it is trusted, and nothing near its key was
    /// dropped since.
    #[must_use]
    pub fn counts(&self, as_of: AsOf, trust: &Trust, now: Instant) -> bool {
        self.is_of_now(as_of) && trust.covers(Era(as_of.era), now)
    }

    /// The same for while the store is away, as [`get_in_grace`](Self::get_in_grace).
    #[must_use]
    pub fn counts_in_grace(
        &self,
        as_of: AsOf,
        trust: &Trust,
        now: Instant,
        grace: Duration,
    ) -> bool {
        self.is_of_now(as_of) && trust.covered_lately(Era(as_of.era), now, grace)
    }

    /// Whether nothing near the key of a ticket was dropped since: what was read then still counts.
    #[must_use]
    fn still(&self, ticket: Ticket) -> bool {
        let part = &self.parts[(ticket.0.get() & 0xff) as usize % PARTS];
        part.ticket.load(Ordering::Acquire) == ticket.0.get()
    }

    /// Keeps what a read answered, unless anything near it was dropped since it began. It is labelled with
    /// the key that it was read by, and the era of the line that the read went over.
    pub fn keep(&self, ticket: Ticket, value: V) {
        let mut copies = self.part(&value.label().key).copies();
        let displaced = if self.still(ticket) { copies.insert(value) } else { Some(value) };
        // What goes, goes after the lock.
        drop(copies);
        drop(displaced);
    }

    /// Drops a record, and what is being read near it. Both under the lock that a copy is looked for under:
    /// whoever has the ticket that is given out from now on does not find it here.
    pub fn drop_one(&self, key: &Key) {
        let part = self.part(key);
        let mut copies = part.copies();
        let removed = copies.remove(key);
        part.turn();
        drop(copies);
        drop(removed);
    }

    /// Drops everything, and what is being read.
    pub fn drop_all(&self) {
        let empty = |part: &Part<V>| {
            let mut copies = part.copies();
            let taken = copies.take();
            part.turn();
            taken
        };
        // To let go of a million takes a while; nothing is found any more before that begins.
        let taken: Vec<_> = self.parts.iter().map(empty).collect();
        drop(taken);
    }

    fn part(&self, key: &Key) -> &Part<V> {
        &self.parts[usize::from(key[0]) % PARTS]
    }
}

impl<V> std::fmt::Debug for Kept<V> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Kept(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = [7; 32];
    const SECOND: Duration = Duration::from_secs(1);

    type Held<T> = Arc<Filed<T>>;

    fn kept() -> Kept<Held<u8>> {
        Kept::new(100)
    }

    fn keep(kept: &Kept<Held<u8>>, trust: &Trust, value: u8) {
        kept.keep(kept.begin(&KEY), Filed::new(value, trust.era().label(&KEY)));
    }

    fn get(kept: &Kept<Held<u8>>, trust: &Trust, now: Instant) -> Option<u8> {
        kept.get(&KEY, trust, now).map(|held| held.value)
    }

    #[test]
    fn what_is_dropped_is_gone_and_nothing_else() {
        let (kept, trust, now) = (kept(), Trust::always(), Instant::now());
        for key in [KEY, [8; 32]] {
            kept.keep(kept.begin(&key), Filed::new(key[0], trust.era().label(&key)));
        }
        let found = |key| kept.get(key, &trust, now).map(|held| held.value);
        kept.drop_one(&KEY);
        assert_eq!([&KEY, &[8; 32]].map(found), [None, Some(8)]);
        kept.drop_all();
        assert_eq!((found(&[8; 32]), kept.len()), (None, 0));
    }

    #[test]
    fn an_answer_that_comes_after_the_news_is_not_kept() {
        let (kept, trust, now) = (kept(), Trust::always(), Instant::now());
        for drop in [|kept: &Kept<Held<u8>>| kept.drop_one(&KEY), Kept::drop_all] {
            let ticket = kept.begin(&KEY);
            drop(&kept);
            kept.keep(ticket, Filed::new(1, trust.era().label(&KEY)));
            assert_eq!(get(&kept, &trust, now), None);
        }
        keep(&kept, &trust, 2);
        assert_eq!(get(&kept, &trust, now), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_counts_while_the_store_was_heard_from_and_no_longer() {
        let (kept, trust) = (kept(), Trust::none());
        let began = Instant::now();
        keep(&kept, &trust, 1);
        assert_eq!(get(&kept, &trust, began), None, "never heard from");
        trust.renew(trust.era(), began + 2 * SECOND);
        assert_eq!(get(&kept, &trust, began + SECOND), Some(1));
        assert_eq!(get(&kept, &trust, began + 2 * SECOND), None);
        trust.renew(trust.era(), began + 4 * SECOND);
        assert_eq!(get(&kept, &trust, began + 3 * SECOND), Some(1), "heard from again");
    }

    #[tokio::test(start_paused = true)]
    async fn with_a_new_line_all_copies_are_doubted() {
        let (kept, trust) = (kept(), Trust::none());
        let (now, old) = (Instant::now(), trust.era());
        trust.renew(old, now + SECOND);
        keep(&kept, &trust, 1);
        trust.end(old);
        assert_eq!(get(&kept, &trust, now), None);
        // What is late of the old line changes nothing.
        trust.renew(old, now + SECOND);
        trust.end(old);
        let new = trust.era();
        assert_ne!(new, old);
        trust.renew(new, now + SECOND);
        assert_eq!(get(&kept, &trust, now), None);
        kept.keep(kept.begin(&KEY), Filed::new(2, old.label(&KEY)));
        assert_eq!(get(&kept, &trust, now), None, "an answer over the old line");
        keep(&kept, &trust, 3);
        assert_eq!(get(&kept, &trust, now), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn grace_is_for_what_was_trusted_last_and_ends() {
        let (kept, trust) = (kept(), Trust::none());
        let (now, era) = (Instant::now(), trust.era());
        keep(&kept, &trust, 1);
        assert!(kept.get_in_grace(&KEY, &trust, now, SECOND).is_none(), "never heard from");
        trust.renew(era, now + SECOND);
        trust.end(era);
        let found = |at, grace| kept.get_in_grace(&KEY, &trust, at, grace).map(|held| held.value);
        let in_grace = |at| found(at, 5 * SECOND);
        assert_eq!(in_grace(now + 5 * SECOND), Some(1));
        assert_eq!(in_grace(now + 6 * SECOND), None);
        assert_eq!(found(now, Duration::ZERO), None);
        // Another line was there meanwhile, and may have told of a change.
        trust.renew(trust.era(), now + 2 * SECOND);
        assert_eq!(in_grace(now + 2 * SECOND), None);
    }

    /// Readers and one who changes, in real threads: what was acknowledged as changed is never
    /// answered afterwards.
    #[test]
    fn no_race_leaves_an_old_value() {
        use std::sync::atomic::AtomicU64;
        let (kept, trust, now) = (Kept::new(100), Trust::always(), Instant::now());
        let store = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while store.load(Ordering::SeqCst) < 20_000 {
                        if kept.get(&KEY, &trust, now).is_none() {
                            let ticket = kept.begin(&KEY);
                            let read = store.load(Ordering::SeqCst);
                            std::thread::yield_now();
                            kept.keep(ticket, Filed::new(read, trust.era().label(&KEY)));
                        }
                    }
                });
            }
            for value in 1..=20_000 {
                store.store(value, Ordering::SeqCst);
                kept.drop_one(&KEY);
                // Acknowledged: nothing older may be answered from here on.
                let found = kept.get(&KEY, &trust, now).map(|held| held.value);
                assert!(found.is_none_or(|found| found >= value), "{found:?} after {value}");
            }
        });
    }
}
