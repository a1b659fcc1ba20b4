//! What was prepared for those who were here before.

use std::hash::{Hash, Hasher};
use std::slice;
use std::sync::Arc;

use prefetch_index::prefetch_index;
use quick_cache::sync::Cache;

use super::Visitor;
use super::fields::{SiteFields, Told};
use crate::domain::identity::GroupName;
use crate::domain::time::UnixMillis;
use crate::ports::{Known, WorkedOut};

/// Entries that a new cache has room for without growing.
const EXPECTED: usize = 1024;
/// Bytes that a processor fetches at a time.
const LINE: usize = 64;
/// So many pieces are asked for at a time. Beyond a dozen or two a processor waits; what is read in a row it
/// then asks for itself.
const AT_ONCE: usize = 16;
/// Circles that are shared at most.
const CIRCLES: usize = 4096;

/// The headers of a session or a service token at a site. With the counters of its `Arc` one line of a
/// processor's cache (64 bytes, which allocators lay on a multiple of 64; 56 may lie across two), and the words
/// themselves are the only other memory that a request of somebody has to wait for: what many have in common
/// lies elsewhere.
#[repr(align(16))]
pub(super) struct Prepared {
    pub(super) lines: Box<[u8]>,
    pub(super) circle: Arc<Circle>,
    pub(super) made_at: UnixMillis,
    pub(super) reuse_until: UnixMillis,
}

/// What all have in common who are told of in the same words at the same origin.
#[derive(Clone)]
pub(super) struct Circle {
    /// Of this configuration: another one has other words.
    pub(super) site: Arc<SiteFields>,
    pub(super) origin: Arc<str>,
    /// None for a script, which has none.
    pub(super) groups: Option<Arc<[GroupName]>>,
    /// Of the keys.
    pub(super) revision: u64,
}

impl Prepared {
    pub(super) fn still_holds(&self, visitor: Visitor<'_>, revision: u64, now: UnixMillis) -> bool {
        let circle = &*self.circle;
        let same_groups = match (&circle.groups, visitor.groups()) {
            (Some(then), Some(now)) => Arc::ptr_eq(then, now) || then == now,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let in_time = (self.made_at..self.reuse_until).contains(&now);
        same_groups && circle.revision == revision && in_time
    }

    /// Asks for the words, and does not wait for them: they are written when the head is.
    fn fetch_lines(&self) {
        let begins = (0..self.lines.len()).step_by(LINE);
        begins.take(AT_ONCE).for_each(|at| prefetch_index(&self.lines, at));
    }

    fn is_for(&self, place: Place<'_>) -> bool {
        Arc::ptr_eq(&self.circle.site, place.site) && self.circle.origin == *place.origin
    }
}

impl WorkedOut for Prepared {
    fn fetch(&self) {
        prefetch_index(slice::from_ref(self), 0);
    }
}

impl PartialEq for Circle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.site, &other.site)
            && (&self.origin, &self.groups, self.revision)
                == (&other.origin, &other.groups, other.revision)
    }
}

impl Eq for Circle {}

impl Hash for Circle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.site), &self.origin, &self.groups, self.revision).hash(state);
    }
}

/// For whom something is prepared, and where.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) visitor: Visitor<'a>,
    pub(super) origin: &'a Arc<str>,
    /// Of this configuration: another one has other words.
    pub(super) site: &'a Arc<SiteFields>,
}

/// Of everybody by digest and origin; and of each session at one origin beside it as well, where a request
/// has it at hand without another walk through memory. What lies beside a session goes with it, when it is
/// moved forward or was read past the copies, and is found here then: it costs no signature.
pub(super) struct Shelf {
    all: Cache<([u8; 32], Arc<str>), Arc<Prepared>>,
    circles: Cache<Arc<Circle>, Arc<Circle>>,
}

impl Shelf {
    /// Room for so many sessions and service tokens, each at one origin.
    pub(super) fn new(most: u32) -> Self {
        let weighter = quick_cache::UnitWeighter;
        Self {
            all: Cache::with_weighter(EXPECTED, most.into(), weighter),
            circles: Cache::new(CIRCLES),
        }
    }

    /// What was prepared, if it `holds`.
    pub(super) fn get(&self, place: Place<'_>, holds: impl Fn(&Prepared) -> bool) -> Option<Told> {
        let told = |it: Arc<Prepared>| {
            it.fetch_lines();
            (it.is_for(place) && holds(&it)).then(|| Told::prepared(it))
        };
        let known = place.visitor.known();
        if let Some(told) = known.and_then(|known| known.worked_out()).and_then(told) {
            return Some(told);
        }
        let laid = self.all.get(&(place.visitor.digest(), Arc::clone(place.origin)))?;
        let told = told(Arc::clone(&laid))?;
        lay_beside(place, laid);
        Some(told)
    }

    /// One for all who have the same in common. If there are too many, those that are asked for least are
    /// made again.
    pub(super) fn circle(&self, circle: &Circle) -> Arc<Circle> {
        self.circles.get(circle).unwrap_or_else(|| {
            let circle = Arc::new(circle.clone());
            self.circles.insert(Arc::clone(&circle), Arc::clone(&circle));
            circle
        })
    }

    /// Keeps what was prepared.
    pub(super) fn put(&self, place: Place<'_>, prepared: Prepared) -> Told {
        let laid = Arc::new(prepared);
        let key = (place.visitor.digest(), Arc::clone(place.origin));
        self.all.insert(key, Arc::clone(&laid));
        lay_beside(place, Arc::clone(&laid));
        Told::prepared(laid)
    }
}

/// Unless what lies there is of another origin: two that are used in turn would only take each other's
/// place.
fn lay_beside(place: Place<'_>, laid: Arc<Prepared>) {
    let is_free = |known: &&Known| {
        let there = known.worked_out::<Prepared>();
        there.is_none_or(|there| there.circle.origin == *place.origin)
    };
    if let Some(known) = place.visitor.known().filter(is_free) {
        known.keep_worked_out(laid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node keeps a million of them.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_is_one_line_of_a_processors_cache() {
        assert_eq!(size_of::<Prepared>() + 2 * size_of::<usize>(), LINE);
    }
}
