//! The audit record: events by their identity, which is the order of time, and an index by person.

use async_trait::async_trait;
use redb::{ReadableTable, StorageError};

use super::tables::{Tables, View};
use super::writer::{Outcome, Step};
use super::{Embedded, codec};
use crate::domain::event::{Event, EventId};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::ports::{Audit, EventPage, EventQuery, Order, StoreError, Stored};

/// Events that one page looks at.
const LOOK: usize = 1000;
/// Events that one transaction changes or removes.
const BATCH: usize = 256;

/// An event as it is written.
struct Written {
    id: [u8; 16],
    person: Option<PersonKey>,
    bytes: Vec<u8>,
}

impl Written {
    fn of(event: &Event) -> Result<Self, serde_json::Error> {
        let bytes = codec::encode_event(event)?;
        Ok(Self { id: *event.id.as_bytes(), person: event.person(), bytes })
    }
}

fn key_of(person: PersonKey, id: &[u8; 16]) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&person.0);
    key[32..].copy_from_slice(id);
    key
}

fn id_in(key: &[u8; 48]) -> EventId {
    let mut id = [0; 16];
    id.copy_from_slice(&key[32..]);
    EventId::from_bytes(id)
}

fn append(tables: &mut Tables<'_>, events: &[Written]) -> Step<()> {
    let mut changed = false;
    for event in events {
        if tables.events.get(&event.id)?.is_some() {
            continue;
        }
        changed = true;
        tables.events.insert(&event.id, event.bytes.as_slice())?;
        if let Some(person) = event.person {
            tables.person_events.insert(&key_of(person, &event.id), ())?;
        }
    }
    Ok(if changed { Outcome::Written(()) } else { Outcome::Untouched(()) })
}

/// The identities that may be wanted, in order, beginning with the first place; at most one more than
/// is looked at.
fn places(view: &View, query: &EventQuery<'_>) -> Result<Vec<EventId>, StorageError> {
    let (from, until) = query.span();
    let until = until.unwrap_or(EventId::from_bytes([0xff; 16]));
    if from >= until {
        return Ok(Vec::new());
    }
    let is_new = |id: &EventId| query.after != Some(*id);
    let ids: Box<dyn DoubleEndedIterator<Item = Result<EventId, StorageError>>> =
        match query.filter.person {
            Some(person) => {
                let span = key_of(person, from.as_bytes())..key_of(person, until.as_bytes());
                let found = view.person_events.range::<&[u8; 48]>(&span.start..&span.end)?;
                Box::new(found.map(|entry| Ok(id_in(entry?.0.value()))))
            }
            None => {
                let found = view.events.range::<&[u8; 16]>(from.as_bytes()..until.as_bytes())?;
                Box::new(found.map(|entry| Ok(EventId::from_bytes(*entry?.0.value()))))
            }
        };
    // Two more: the place to begin after, and one that tells whether there are more.
    let mut places = match query.order {
        Order::OldestFirst => ids.take(LOOK + 2).collect::<Result<Vec<_>, _>>()?,
        Order::NewestFirst => ids.rev().take(LOOK + 2).collect::<Result<Vec<_>, _>>()?,
    };
    places.retain(is_new);
    Ok(places)
}

fn page(view: &View, query: &EventQuery<'_>) -> Result<EventPage, StorageError> {
    let places = places(view, query)?;
    let mut events = Vec::new();
    for (looked, id) in places.iter().enumerate() {
        if events.len() == query.most || looked == LOOK {
            let next = looked.checked_sub(1).and_then(|last| places.get(last)).copied();
            return Ok(EventPage { events, next: next.or(query.after) });
        }
        let stored = view.events.get(id.as_bytes())?;
        let event = stored.and_then(|it| codec::decode_event(it.value()));
        events.extend(event.filter(|event| query.filter.wants(event)));
    }
    Ok(EventPage { events, next: None })
}

/// How far erasing has come.
struct Erased {
    events: u64,
    last: Option<EventId>,
}

fn erase(tables: &mut Tables<'_>, person: PersonKey, after: Option<EventId>) -> Step<Erased> {
    let from = after.unwrap_or(EventId::from_bytes([0; 16]));
    let span = key_of(person, from.as_bytes())..=key_of(person, &[0xff; 16]);
    let mut places = Vec::new();
    for entry in tables.person_events.range::<&[u8; 48]>(span.start()..=span.end())? {
        let id = id_in(entry?.0.value());
        if after != Some(id) {
            places.push(id);
        }
        if places.len() == BATCH {
            break;
        }
    }
    let mut events = 0;
    for id in &places {
        let stored = tables.events.get(id.as_bytes())?;
        let Some(event) = stored.and_then(|it| codec::decode_event(it.value())) else { continue };
        let erased = event.erased();
        if erased != event {
            let bytes = codec::encode_event(&erased);
            let bytes = bytes.map_err(|error| StorageError::Corrupted(error.to_string()))?;
            tables.events.insert(id.as_bytes(), bytes.as_slice())?;
            events += 1;
        }
    }
    let done = Erased { events, last: places.last().copied().filter(|_| places.len() == BATCH) };
    Ok(if events > 0 { Outcome::Written(done) } else { Outcome::Untouched(done) })
}

/// Removes a batch. Returns how many went.
fn trim(tables: &mut Tables<'_>, before: EventId) -> Step<usize> {
    let mut over = Vec::new();
    for entry in tables.events.range::<&[u8; 16]>(..before.as_bytes())?.take(BATCH) {
        let (id, value) = entry?;
        over.push((*id.value(), codec::person_of_event(value.value())));
    }
    for (id, person) in &over {
        tables.events.remove(id)?;
        if let Some(person) = person {
            tables.person_events.remove(&key_of(*person, id))?;
        }
    }
    let count = over.len();
    Ok(if count > 0 { Outcome::Written(count) } else { Outcome::Untouched(count) })
}

#[async_trait]
impl Audit for Embedded {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        const DOING: &str = "add to the audit record";
        let written: Result<Vec<_>, _> = events.iter().map(Written::of).collect();
        let written = written.map_err(|error| StoreError::new(DOING, error))?;
        self.writer.write(DOING, move |tables: &mut Tables<'_>| append(tables, &written)).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        self.read("read the audit record", |view| page(view, query))
    }

    async fn erase(&self, person: PersonKey) -> Stored<u64> {
        let (mut events, mut after) = (0, None);
        loop {
            let step = move |tables: &mut Tables<'_>| erase(tables, person, after);
            let done = self.writer.write("erase from the audit record", step).await?;
            events += done.events;
            after = done.last;
            if after.is_none() {
                return Ok(events);
            }
        }
    }

    async fn trim(&self, before: UnixMillis) -> Stored<u64> {
        let (mut events, before) = (0, EventId::first_at(before));
        loop {
            let step = move |tables: &mut Tables<'_>| trim(tables, before);
            let removed = self.writer.write("shorten the audit record", step).await?;
            events += removed as u64;
            if removed < BATCH {
                return Ok(events);
            }
        }
    }
}
