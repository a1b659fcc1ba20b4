//! Where copies lie in memory: in sets of seven, as the caches of processors are made.
//!
//! A key says which two sets its copy may lie in. A set is one line of a processor's cache, and says of
//! each copy one byte of its key, so a copy is found with two looks at memory that is not at hand: the set
//! and the copy itself. The general cache that was here before needed four, one after the other, and with
//! a million sessions these were half of what a request cost more than with a thousand. It also had the key
//! beside each copy; now the copy alone has it, and is compared in full.
//!
//! What was used least goes first: of the set that a new copy belongs to, one that was not asked for since the
//! last time that all others had been (*not recently used*, one bit each).

use prefetch_index::prefetch_index;

use super::{Key, Labelled};

/// Copies in a set, so that one is 64 bytes.
const WAYS: usize = 7;
/// Copies for each two sets, before there are more sets: ten of fourteen. Then one in twenty lies in its
/// second set. Each step doubles one part of the keys' sets, under its lock: with a million copies some 0.2 ms,
/// once for each of 256 parts.
const OF_TWO_SETS: usize = 10;

/// One part of the keys' copies. Bounded in number.
pub(super) struct Table<V> {
    sets: Vec<Set<V>>,
    count: usize,
    most: usize,
}

#[repr(C, align(64))]
struct Set<V> {
    /// A byte of the key of each, so that few others are looked at.
    tags: [u8; WAYS],
    /// A bit for each that was asked for lately.
    used: u8,
    ways: [Option<V>; WAYS],
}

/// What a key says about the place of its copy.
#[derive(Clone, Copy)]
struct Place {
    sets: [usize; 2],
    tag: u8,
    /// The copy of the set that would go if all were used alike.
    victim: usize,
}

impl<V: Labelled> Table<V> {
    /// Room for so many.
    pub(super) fn new(most: usize) -> Self {
        Self { sets: vec![Set::default()], count: 0, most }
    }

    /// The copy of a record. From now on it was used.
    pub(super) fn get(&mut self, key: &Key) -> Option<V> {
        let place = self.place(key);
        place.sets.into_iter().find_map(|number| {
            let set = &mut self.sets[number];
            let way = set.way_of(key, place.tag)?;
            set.used |= 1 << way;
            let copy = set.ways[way].clone();
            copy.inspect(V::fetch_beside)
        })
    }

    /// Asks for the set that a copy most likely lies in.
    pub(super) fn look_ahead(&self, key: &Key) {
        let [likely, _] = self.place(key).sets;
        prefetch_index(&self.sets, likely);
    }

    /// Keeps a copy, in place of an older one. Returns what had to go for it.
    pub(super) fn insert(&mut self, value: V) -> Option<V> {
        let key = &value.label().key;
        let place = self.place(key);
        for number in place.sets {
            let set = &mut self.sets[number];
            if let Some(way) = set.way_of(key, place.tag) {
                return set.ways[way].replace(value);
            }
        }
        let is_room = self.count < self.most;
        if is_room && (self.is_crowded() || (self.may_grow() && self.room(place).is_none())) {
            self.grow();
        }
        let gone = self.put(value, false, is_room);
        self.count += usize::from(gone.is_none());
        gone
    }

    /// Removes the copy of a record.
    pub(super) fn remove(&mut self, key: &Key) -> Option<V> {
        let place = self.place(key);
        let removed = place.sets.into_iter().find_map(|number| {
            let set = &mut self.sets[number];
            let way = set.way_of(key, place.tag)?;
            set.used &= !(1 << way);
            set.ways[way].take()
        });
        self.count -= usize::from(removed.is_some());
        removed
    }

    /// Takes all copies out of it.
    pub(super) fn take(&mut self) -> impl Iterator<Item = V> + use<V> {
        self.count = 0;
        let sets = std::mem::replace(&mut self.sets, vec![Set::default()]);
        sets.into_iter().flat_map(|set| set.ways).flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    fn is_crowded(&self) -> bool {
        self.count * 2 >= self.sets.len() * OF_TWO_SETS
    }

    fn most_sets(&self) -> usize {
        (self.most * 2).div_ceil(OF_TWO_SETS)
    }

    fn may_grow(&self) -> bool {
        self.sets.len() < self.most_sets()
    }

    /// Twice the sets, and each copy where it belongs among them.
    fn grow(&mut self) {
        let more = (self.sets.len() * 2).min(self.most_sets().max(self.sets.len() + 1));
        let sets = std::iter::repeat_with(Set::default).take(more).collect();
        for set in std::mem::replace(&mut self.sets, sets) {
            let used = std::array::from_fn::<_, WAYS, _>(|way| set.is_used(way));
            for (value, was_used) in set.ways.into_iter().zip(used) {
                let Some(value) = value else { continue };
                self.count -= usize::from(self.put(value, was_used, true).is_some());
            }
        }
    }

    /// Puts a copy that is not here where there is a place, or can be made; or, if there is no room, in that of
    /// another one, which is returned.
    fn put(&mut self, value: V, is_used: bool, is_room: bool) -> Option<V> {
        let place = self.place(&value.label().key);
        let found = if is_room { self.room(place) } else { None };
        // If nobody lies there who could go, there is a place after all.
        let (set, way) = found.or_else(|| self.victim(place)).unwrap_or((place.sets[0], 0));
        self.sets[set].lay(way, place.tag, is_used, value)
    }

    /// A place where nobody lies, or one that is made.
    fn room(&mut self, place: Place) -> Option<(usize, usize)> {
        let free = place.sets.into_iter().find_map(|set| Some((set, self.sets[set].free()?)));
        free.or_else(|| self.make_room(place.sets[0]))
    }

    fn victim(&mut self, place: Place) -> Option<(usize, usize)> {
        let [one, other] = place.sets;
        let way = self.sets[one].least_used(place.victim).map(|way| (one, way));
        way.or_else(|| Some((other, self.sets[other].least_used(place.victim)?)))
    }

    /// Moves one of a full set to the other set where it may lie (Pagh and Rodler 2001, one step).
    fn make_room(&mut self, full: usize) -> Option<(usize, usize)> {
        let moves = |way: usize| {
            let place = self.place(&self.sets[full].ways[way].as_ref()?.label().key);
            let other = place.sets.into_iter().find(|set| *set != full)?;
            Some((way, other, self.sets[other].free()?))
        };
        let (way, other, free) = (0..WAYS).find_map(moves)?;
        let set = &mut self.sets[full];
        let (tag, was_used) = (set.tags[way], set.is_used(way));
        let moved = set.ways[way].take()?;
        self.sets[other].lay(free, tag, was_used, moved);
        Some((full, way))
    }

    /// Keys are evenly spread, whoever makes them. Their first byte says which part they belong to.
    fn place(&self, key: &Key) -> Place {
        let [_, rest @ ..] = key;
        let (all, others) = (self.sets.len(), self.sets.len() - 1);
        let one = scale(word(&rest[..8]), all);
        // Another one, if there is one.
        let other = (one + 1 + scale(word(&rest[8..16]), others)) % all;
        Place { sets: [one, other], tag: rest[16], victim: usize::from(rest[17]) % WAYS }
    }
}

impl<V: Labelled> Set<V> {
    fn way_of(&self, key: &Key, tag: u8) -> Option<usize> {
        let is_it = |value: &V| {
            // Before the label, which has to be waited for.
            value.fetch();
            value.label().key == *key
        };
        (0..WAYS).find(|&way| self.tags[way] == tag && self.ways[way].as_ref().is_some_and(is_it))
    }

    fn free(&self) -> Option<usize> {
        self.ways.iter().position(Option::is_none)
    }

    fn is_used(&self, way: usize) -> bool {
        self.used & (1 << way) != 0
    }

    /// Lays a copy there. Returns the one that lay there.
    fn lay(&mut self, way: usize, tag: u8, is_used: bool, value: V) -> Option<V> {
        self.tags[way] = tag;
        self.used = (self.used & !(1 << way)) | (u8::from(is_used) << way);
        self.ways[way].replace(value)
    }

    /// One that was not used lately, looked for from `first` on. If all were, all have to be used anew.
    fn least_used(&mut self, first: usize) -> Option<usize> {
        let mut ways = (first..WAYS).chain(0..first).filter(|way| self.ways[*way].is_some());
        let any = ways.clone().next();
        ways.find(|way| !self.is_used(*way)).or_else(|| {
            self.used = 0;
            any
        })
    }
}

impl<V> Default for Set<V> {
    fn default() -> Self {
        Self { tags: [0; WAYS], used: 0, ways: [const { None }; WAYS] }
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// An evenly spread number as one below `end`: without a division, which takes longer than all else here.
fn scale(word: u64, end: usize) -> usize {
    let scaled = (u128::from(word) * end as u128) >> 64;
    scaled as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::adapters::kept::{Era, Filed, Kept};

    type Held = std::sync::Arc<Filed<u32>>;

    fn key(number: u32) -> Key {
        Sha256::digest(number.to_le_bytes()).into()
    }

    fn copy(number: u32, value: u32) -> Held {
        Filed::new(value, Era(0).label(&key(number)))
    }

    fn value(table: &mut Table<Held>, number: u32) -> Option<u32> {
        table.get(&key(number)).map(|held| held.value)
    }

    #[test]
    fn a_set_is_one_line_of_a_processors_cache() {
        assert_eq!([size_of::<Set<Held>>(), align_of::<Set<Held>>()], [64, 64]);
    }

    /// At every size on the way: nothing goes while there is room.
    #[test]
    fn as_many_as_there_is_room_for_are_found_again() {
        let mut table = Table::new(20_000);
        for number in 0..20_000 {
            assert!(table.insert(copy(number, number)).is_none(), "{number}");
            assert_eq!(value(&mut table, number), Some(number));
        }
        assert_eq!(table.len(), 20_000);
        assert!((0..20_000).all(|number| value(&mut table, number) == Some(number)));
        assert!((20_000..40_000).all(|number| value(&mut table, number).is_none()));
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let mut table = Table::new(1000);
        let in_use = 0..300;
        for number in 0..100_000 {
            table.insert(copy(number, number));
            // In turn, each of them some hundred times as often as the others.
            value(&mut table, number % 300);
        }
        assert_eq!(table.len(), 1000);
        let kept = in_use.filter(|number| value(&mut table, *number).is_some()).count();
        assert!(kept >= 290, "{kept}");
    }

    /// Also where the keys are not spread over the parts as evenly as that.
    #[test]
    fn there_is_room_for_as_many_as_were_asked_for() {
        for most in [1000u32, 10_000, 50_000] {
            let kept = Kept::new(most as usize);
            for number in 0..most {
                kept.keep(kept.begin(&key(number)), copy(number, number));
            }
            let found = kept.len();
            assert!(found * 1000 >= most as usize * 998, "{found} of {most}");
            for number in most..6 * most {
                kept.keep(kept.begin(&key(number)), copy(number, number));
            }
            assert!(
                kept.len() <= most as usize + 48 * (most as usize).isqrt() + 1536,
                "{}",
                kept.len()
            );
        }
    }

    #[test]
    fn what_was_used_stays_so_when_it_has_to_move() {
        let mut table = Table::new(1_000_000);
        for number in 0..4 {
            table.insert(copy(number, 0));
        }
        value(&mut table, 2);
        for _ in 0..3 {
            table.grow();
        }
        let used: u32 = table.sets.iter().map(|set| set.used.count_ones()).sum();
        assert_eq!((table.sets.len(), table.len(), used), (8, 4, 1));
    }

    #[test]
    fn what_is_taken_out_is_all_of_it() {
        let mut table = Table::new(100);
        for number in 0..50 {
            table.insert(copy(number, number));
        }
        let mut taken: Vec<_> = table.take().map(|held| held.value).collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..50).collect::<Vec<_>>());
        assert_eq!((table.len(), value(&mut table, 1)), (0, None));
    }

    proptest! {
        /// As a map that forgets: what it answers was put there last, and it counts right.
        #[test]
        fn it_never_answers_what_is_not_so(
            steps in prop::collection::vec((0u8..3, 0u32..60, any::<u32>()), 0..400),
            most in 1usize..40,
        ) {
            let (mut table, mut map) = (Table::new(most), HashMap::new());
            for (step, number, what) in steps {
                match step {
                    0 => {
                        if let Some(gone) = table.insert(copy(number, what)) {
                            let gone = gone.label().key;
                            map.retain(|number, _| key(*number) != gone);
                        }
                        map.insert(number, what);
                    }
                    1 => {
                        let removed = table.remove(&key(number)).map(|held| held.value);
                        prop_assert_eq!(removed, map.remove(&number));
                    }
                    _ => prop_assert_eq!(value(&mut table, number), map.get(&number).copied()),
                }
                prop_assert_eq!(table.len(), map.len());
            }
        }
    }
}
