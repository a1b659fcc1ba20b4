//! What was prepared for those who were here before.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::Visitor;
use super::fields::{SiteFields, Told};
use crate::domain::identity::GroupName;
use crate::domain::time::UnixMillis;
use crate::ports::Known;

/// Entries that a new cache has room for without growing.
const EXPECTED: usize = 1024;

/// The headers of a session or a service token at a site.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) told: Told,
    /// None for a script, which has none.
    pub(super) groups: Option<Arc<[GroupName]>>,
    pub(super) revision: u64,
    pub(super) made_at: UnixMillis,
    pub(super) reuse_until: UnixMillis,
}

impl Prepared {
    pub(super) fn still_holds(&self, visitor: Visitor<'_>, revision: u64, now: UnixMillis) -> bool {
        let same_groups = match (&self.groups, visitor.groups()) {
            (Some(then), Some(now)) => Arc::ptr_eq(then, now) || then == now,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        same_groups && self.revision == revision && (self.made_at..self.reuse_until).contains(&now)
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
    all: Cache<([u8; 32], Arc<str>), Arc<Laid>>,
}

struct Laid {
    prepared: Prepared,
    origin: Arc<str>,
    site: Arc<SiteFields>,
}

impl Laid {
    fn is_for(&self, place: Place<'_>) -> bool {
        Arc::ptr_eq(&self.site, place.site) && self.origin == *place.origin
    }
}

impl Shelf {
    /// Room for so many sessions and service tokens, each at one origin.
    pub(super) fn new(most: u32) -> Self {
        let weighter = quick_cache::UnitWeighter;
        Self { all: Cache::with_weighter(EXPECTED, most.into(), weighter) }
    }

    /// What was prepared, if it `holds`.
    pub(super) fn get(&self, place: Place<'_>, holds: impl Fn(&Prepared) -> bool) -> Option<Told> {
        let told = |it: &Laid| {
            let is_it = it.is_for(place) && holds(&it.prepared);
            is_it.then(|| it.prepared.told.clone())
        };
        let known = place.visitor.known();
        if let Some(told) = known.and_then(|known| known.worked_out(told)).flatten() {
            return Some(told);
        }
        let laid = self.all.get(&(place.visitor.digest(), Arc::clone(place.origin)))?;
        let told = told(&laid)?;
        lay_beside(place, laid);
        Some(told)
    }

    /// Keeps what was prepared.
    pub(super) fn put(&self, place: Place<'_>, prepared: Prepared) {
        let (origin, site) = (Arc::clone(place.origin), Arc::clone(place.site));
        let laid = Arc::new(Laid { prepared, origin, site });
        let key = (place.visitor.digest(), Arc::clone(place.origin));
        self.all.insert(key, Arc::clone(&laid));
        lay_beside(place, laid);
    }
}

/// Unless what lies there is of another origin: two that are used in turn would only take each other's
/// place.
fn lay_beside(place: Place<'_>, laid: Arc<Laid>) {
    let is_free = |known: &&Known| {
        known.worked_out(|there: &Laid| there.origin == *place.origin).unwrap_or(true)
    };
    if let Some(known) = place.visitor.known().filter(is_free) {
        known.keep_worked_out(laid);
    }
}
