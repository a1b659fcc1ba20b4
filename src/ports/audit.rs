//! The record of what happened.

use std::io;

use async_trait::async_trait;

use super::Stored;
use crate::domain::event::{Erasure, Event, EventFilter, EventId};
use crate::domain::time::UnixMillis;

/// In which order events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last one first.
    NewestFirst,
    /// The first one first.
    OldestFirst,
}

/// Which events are read.
#[derive(Clone, Copy, Debug)]
pub struct EventQuery<'a> {
    /// Which ones are wanted.
    pub filter: &'a EventFilter,
    /// In which order.
    pub order: Order,
    /// Beyond this one in that order, the `next` of another page.
    pub after: Option<EventId>,
    /// How many at most.
    pub most: usize,
}

impl EventQuery<'_> {
    /// From which identity on, and before which one, events may be wanted; both may be told from the
    /// identity alone. A place that is `after` is itself within, and is to be passed over.
    #[must_use]
    pub fn span(&self) -> (EventId, Option<EventId>) {
        let EventFilter { since, until, .. } = self.filter;
        let since = EventId::first_at(since.unwrap_or(UnixMillis(0)));
        let until = until.map(EventId::first_at);
        match (self.order, self.after) {
            (_, None) => (since, until),
            (Order::OldestFirst, Some(after)) => (since.max(after), until),
            (Order::NewestFirst, Some(after)) => {
                (since, Some(until.map_or(after, |until| until.min(after))))
            }
        }
    }
}

/// Events that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventPage {
    /// Those that are wanted. There may be fewer than could be, or none, although there are more: a
    /// page looks at so many events and no more.
    pub events: Vec<Event>,
    /// Where to go on, while there may be more.
    pub next: Option<EventId>,
}

/// The audit record.
///
/// Law 1: an event is in the record once, however often it is appended; appending changes none that is
/// there. Law 2: events are read in the order of their identities, and pages that follow one another
/// miss none that was there all the time and repeat none. Law 3: after [`erase`](Self::erase) nothing
/// of the person is left in the record but the keyed hash ([`Event::erased`]). Law 4: after
/// [`trim`](Self::trim) no event from before the moment is left, nor a trace of it. Law 5: while an erasure is
/// remembered, an event of its person that happened up to its moment, or that tells of a mail of which
/// there is no record any more, is appended as what is left of it ([`Event::left_of_it`]). Whether there is
/// an erasure is looked at in the step that appends.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Adds events.
    async fn append(&self, events: &[Event]) -> Stored<()>;

    /// Reads a page of events.
    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage>;

    /// Remembers an erasure, and takes from the events of its person what leads to them. Returns from how
    /// many. A later moment that is remembered already stays.
    async fn erase(&self, erasure: &Erasure, now: UnixMillis) -> Stored<u64>;

    /// Removes the events from before a moment. Returns how many.
    async fn trim(&self, before: UnixMillis) -> Stored<u64>;
}

/// What a sink did not write of a batch, and why.
#[derive(Debug)]
pub struct Missed {
    /// How many of the first events were written all the same, as far as that is known.
    pub written: usize,
    /// Why the others were not.
    pub error: io::Error,
}

impl From<io::Error> for Missed {
    /// Nothing was written.
    fn from(error: io::Error) -> Self {
        Self { written: 0, error }
    }
}

/// Where events go besides the store.
///
/// Law: returns within a bound of its own, which is shorter than what the end of a process waits for the
/// record, whatever the other side does.
#[async_trait]
pub trait AuditSink: Send {
    /// What it is, in a word for the log.
    fn name(&self) -> &'static str;

    /// Writes events, once and in this order.
    async fn write(&mut self, events: &[Event]) -> Result<(), Missed>;
}
