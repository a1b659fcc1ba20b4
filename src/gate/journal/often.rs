//! What anybody can cause as often as they like: the first of a kind is noted, and after a while how
//! often it came again.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::event::{ClientTrace, Event, EventName, What};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;

/// How long like ones are taken together.
const WINDOW: Duration = Duration::from_secs(60);
/// How many of one client that are not alike are counted at the same time. Whoever invents more people
/// than that is counted without them, and takes nobody else's place.
const OF_A_CLIENT: usize = 32;
/// The same of all clients together: more come from many networks at once, and are counted by their name.
const OF_ALL: usize = 1024;

/// What makes two of one client alike.
type Kind = (EventName, Option<PersonKey>);

/// Those of one kind.
#[derive(Debug)]
struct Counted {
    since: UnixMillis,
    /// The last one, with how often it came since the first.
    last: Option<Event>,
}

/// What came lately, client by client.
#[derive(Debug, Default)]
pub(super) struct Often {
    clients: HashMap<Option<ClientTrace>, HashMap<Kind, Counted>>,
    /// How many kinds there are in all.
    kinds: usize,
}

impl Often {
    /// The event, if it is to be noted now.
    pub(super) fn first(&mut self, event: Event) -> Option<Event> {
        if !is_cheap(&event.what) {
            return Some(event);
        }
        let kind = (event.name(), event.person());
        let own = self.clients.get(&event.client);
        let is_known = own.is_some_and(|kinds| kinds.contains_key(&kind));
        let of_this = own.map_or(0, HashMap::len);
        if is_known || (of_this < OF_A_CLIENT && self.kinds < OF_ALL) {
            return self.count(kind, event);
        }
        let event = Event { who: None, request: None, ..event };
        let kind = (event.name(), None);
        let is_known = self.clients.get(&event.client).is_some_and(|own| own.contains_key(&kind));
        if is_known || self.kinds < OF_ALL {
            return self.count(kind, event);
        }
        // There are only so many names.
        self.count(kind, Event { client: None, ..event })
    }

    fn count(&mut self, kind: Kind, event: Event) -> Option<Event> {
        let own = self.clients.entry(event.client).or_default();
        let Some(counted) = own.get_mut(&kind) else {
            own.insert(kind, Counted { since: event.at, last: None });
            self.kinds += 1;
            return Some(event);
        };
        let before = counted.last.as_ref().map_or(0, |last| last.times);
        counted.last = Some(Event { times: before.saturating_add(1), ..event });
        None
    }

    /// What came again, of those whose time is over.
    pub(super) fn due(&mut self, now: UnixMillis) -> Vec<Event> {
        let mut due = Vec::new();
        let mut is_kept = |counted: &mut Counted| {
            if now < counted.since.after(WINDOW) && counted.since <= now {
                return true;
            }
            let Some(last) = counted.last.take() else { return false };
            due.push(last);
            // It may go on: then the next one is no first.
            counted.since = now;
            true
        };
        self.clients.retain(|_, kinds| {
            kinds.retain(|_, counted| is_kept(counted));
            !kinds.is_empty()
        });
        self.kinds = self.clients.values().map(HashMap::len).sum();
        due
    }

    /// What came again, of all.
    pub(super) fn all(&mut self) -> Vec<Event> {
        self.kinds = 0;
        let kinds = self.clients.drain().flat_map(|(_, kinds)| kinds.into_values());
        kinds.filter_map(|counted| counted.last).collect()
    }
}

/// Whether nothing but a request is needed for it: no mail, no account, no session.
fn is_cheap(what: &What) -> bool {
    matches!(
        what,
        What::Limited { .. }
            | What::LinkOpenedByMachine { .. }
            | What::LinkOpened { .. }
            | What::TooLate { .. }
            | What::AddressWrong { .. }
            | What::CodeUsedUp
            | What::AdminRefused { .. }
    )
}
