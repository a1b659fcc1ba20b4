//! What was prepared for those who were here before.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Visitor;
use super::fields::{SiteFields, Told};
use crate::domain::identity::GroupName;
use crate::domain::time::UnixMillis;
use crate::ports::{About, Known, WorkedOut};

/// Entries that a new cache has room for without growing.
const EXPECTED: usize = 1024;
/// Circles that are shared at most.
const CIRCLES: usize = 4096;

/// The headers of a session or a service token at a site, as lines. What many have in common lies elsewhere.
#[derive(Clone)]
pub(super) struct Prepared(WorkedOut);

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
    pub(super) fn new(
        lines: &[u8],
        circle: Arc<Circle>,
        made_at: UnixMillis,
        reuse_until: UnixMillis,
    ) -> Self {
        Self(WorkedOut::new(About { common: circle, made_at, reuse_until }, lines))
    }

    pub(super) fn lines(&self) -> &[u8] {
        self.0.words()
    }

    pub(super) fn still_holds(&self, visitor: Visitor<'_>, revision: u64, now: UnixMillis) -> bool {
        let Some(circle) = self.circle() else { return false };
        let same_groups = match (&circle.groups, visitor.groups()) {
            (Some(then), Some(now)) => Arc::ptr_eq(then, now) || then == now,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let about = self.0.about();
        let in_time = (about.made_at..about.reuse_until).contains(&now);
        same_groups && circle.revision == revision && in_time
    }

    fn is_for(&self, place: Place<'_>) -> bool {
        let is_it = |circle: &Circle| {
            Arc::ptr_eq(&circle.site, place.site) && circle.origin == *place.origin
        };
        self.circle().is_some_and(is_it)
    }

    /// Nobody else lays anything beside a session.
    fn circle(&self) -> Option<&Circle> {
        self.0.about().common.downcast_ref()
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
    all: Cache<([u8; 32], Arc<str>), Prepared>,
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
        let told = |it: Prepared| (it.is_for(place) && holds(&it)).then(|| Told::prepared(it));
        let known = place.visitor.known().and_then(Known::worked_out).map(Prepared);
        if let Some(told) = known.and_then(told) {
            return Some(told);
        }
        let laid = self.all.get(&(place.visitor.digest(), Arc::clone(place.origin)))?;
        laid.0.fetch();
        let told = told(laid.clone())?;
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
        let key = (place.visitor.digest(), Arc::clone(place.origin));
        self.all.insert(key, prepared.clone());
        lay_beside(place, prepared.clone());
        Told::prepared(prepared)
    }
}

/// Unless what lies there is of another origin: two that are used in turn would only take each other's
/// place.
fn lay_beside(place: Place<'_>, laid: Prepared) {
    let is_free = |known: &&Known| {
        let there = known.worked_out().map(Prepared);
        let origin = there.as_ref().and_then(|there| Some(&there.circle()?.origin));
        origin.is_none_or(|origin| origin == place.origin)
    };
    if let Some(known) = place.visitor.known().filter(is_free) {
        known.keep_worked_out(laid.0);
    }
}
