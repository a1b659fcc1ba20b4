//! What anybody can cause as often as they like: the first of a kind is noted, and after a while how
//! often it came again.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::event::{ClientTrace, Event, EventName, What};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;

/// How long like ones are taken together.
const WINDOW: Duration = Duration::from_secs(60);
/// How many that are not alike are counted at the same time. Whoever has more addresses than that to
/// do it from is counted without one.
const KINDS: usize = 64;

/// What makes two alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Alike {
    name: EventName,
    person: Option<PersonKey>,
    client: Option<ClientTrace>,
}

/// Those of one kind.
#[derive(Debug)]
struct Counted {
    since: UnixMillis,
    /// The last one, with how often it came since the first.
    last: Option<Event>,
}

/// What came lately.
#[derive(Debug, Default)]
pub(super) struct Often(HashMap<Alike, Counted>);

impl Often {
    /// The event, if it is to be noted now.
    pub(super) fn first(&mut self, event: Event) -> Option<Event> {
        if !is_cheap(&event.what) {
            return Some(event);
        }
        let name = event.name();
        let alike = Alike { name, person: event.person(), client: event.client };
        let is_known = self.0.contains_key(&alike);
        if is_known || self.0.len() < KINDS {
            return self.count(alike, event);
        }
        let event = Event { who: None, client: None, request: None, ..event };
        self.count(Alike { name, person: None, client: None }, event)
    }

    fn count(&mut self, alike: Alike, event: Event) -> Option<Event> {
        let Some(counted) = self.0.get_mut(&alike) else {
            self.0.insert(alike, Counted { since: event.at, last: None });
            return Some(event);
        };
        let before = counted.last.as_ref().map_or(0, |last| last.times);
        counted.last = Some(Event { times: before.saturating_add(1), ..event });
        None
    }

    /// What came again, of those whose time is over.
    pub(super) fn due(&mut self, now: UnixMillis) -> Vec<Event> {
        let mut due = Vec::new();
        self.0.retain(|_, counted| {
            if now < counted.since.after(WINDOW) && counted.since <= now {
                return true;
            }
            let Some(last) = counted.last.take() else { return false };
            due.push(last);
            // It may go on: then the next one is no first.
            counted.since = now;
            true
        });
        due
    }

    /// What came again, of all.
    pub(super) fn all(&mut self) -> Vec<Event> {
        self.0.drain().filter_map(|(_, counted)| counted.last).collect()
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
