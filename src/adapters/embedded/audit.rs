//! The audit record: events by their identity, which is the order of time, and an index by person.

use async_trait::async_trait;
use redb::{ReadableTable, StorageError};

use super::tables::{Kind, Tables, View};
use super::writer::{Outcome, Step};
use super::{Embedded, codec};
use crate::domain::delivery::MailId;
use crate::domain::event::{Erasure, Event, EventId};
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
    at: UnixMillis,
    person: Option<PersonKey>,
    mail: Option<MailId>,
    bytes: Vec<u8>,
    /// What is left of it where its person was erased, if that is not the same.
    left: Option<Vec<u8>>,
}

impl Written {
    fn of(event: &Event) -> Result<Self, serde_json::Error> {
        let &Event { id, at, .. } = event;
        let bytes = codec::encode_event(event)?;
        let left = event.left_of_it().map(|left| codec::encode_event(&left)).transpose()?;
        let (person, mail) = (event.person(), event.mail());
        Ok(Self { id: *id.as_bytes(), at, person, mail, bytes, left })
    }

    /// What is written, now that it is known whether the person was erased.
    fn bytes(&self, tables: &Tables<'_>) -> Result<&[u8], StorageError> {
        let (Some(person), Some(left)) = (self.person, &self.left) else { return Ok(&self.bytes) };
        let Some((until, _)) = erased(tables, person)? else { return Ok(&self.bytes) };
        let is_of_a_mail_that_is_gone = match self.mail {
            Some(mail) => tables.deliveries.get(&mail.0)?.is_none(),
            None => false,
        };
        let is_erased = self.at <= until || is_of_a_mail_that_is_gone;
        Ok(if is_erased { left } else { &self.bytes })
    }
}

/// Until when what happened is erased, and until when that is remembered.
fn erased(
    tables: &Tables<'_>,
    person: PersonKey,
) -> Result<Option<(UnixMillis, UnixMillis)>, StorageError> {
    let stored = tables.erased.get(&person.0)?.map(|it| it.value());
    Ok(stored.map(|(until, keep)| (UnixMillis(until), UnixMillis(keep))))
}

/// Remembers that a person was erased.
fn remember(tables: &mut Tables<'_>, erasure: &Erasure) -> Step<()> {
    let before = erased(tables, erasure.person)?;
    let (until, keep) = (Some(erasure.until), Some(erasure.keep_until));
    let until = until.max(before.map(|(until, _)| until)).unwrap_or(erasure.until);
    let keep = keep.max(before.map(|(_, keep)| keep)).unwrap_or(erasure.keep_until);
    let person = &erasure.person.0;
    tables.erased.insert(person, (until.0, keep.0))?;
    tables.move_deadline(Kind::Erasure, person, before.map(|(_, keep)| keep), Some(keep))?;
    Ok(Outcome::Written(()))
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
        let bytes = event.bytes(tables)?;
        tables.events.insert(&event.id, bytes)?;
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
struct Progress {
    events: u64,
    last: Option<EventId>,
}

fn erase(tables: &mut Tables<'_>, person: PersonKey, after: Option<EventId>) -> Step<Progress> {
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
        let Some(stored) = stored.map(|it| codec::decode_event(it.value())) else { continue };
        let Some(event) = stored else {
            // What cannot be read, of another version or damaged, may say anything of them.
            tables.events.remove(id.as_bytes())?;
            tables.person_events.remove(&key_of(person, id.as_bytes()))?;
            events += 1;
            continue;
        };
        let erased = event.erased();
        if erased != event {
            let bytes = codec::encode_event(&erased);
            let bytes = bytes.map_err(|error| StorageError::Corrupted(error.to_string()))?;
            tables.events.insert(id.as_bytes(), bytes.as_slice())?;
            events += 1;
        }
    }
    let done = Progress { events, last: places.last().copied().filter(|_| places.len() == BATCH) };
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

    async fn erase(&self, erasure: &Erasure, _now: UnixMillis) -> Stored<u64> {
        const DOING: &str = "erase from the audit record";
        let (erasure, person) = (*erasure, erasure.person);
        // First, so that what comes from now on is as what is erased here.
        self.writer.write(DOING, move |tables: &mut Tables<'_>| remember(tables, &erasure)).await?;
        let (mut events, mut after) = (0, None);
        loop {
            let step = move |tables: &mut Tables<'_>| erase(tables, person, after);
            let done = self.writer.write(DOING, step).await?;
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

#[cfg(test)]
mod tests {
    use redb::ReadableTableMetadata;

    use super::*;
    use crate::domain::event::{Actor, What, Who};

    #[tokio::test]
    async fn what_of_a_person_cannot_be_read_goes_when_they_are_erased() {
        let (store, person, at) =
            (Embedded::in_memory().unwrap(), PersonKey([7; 32]), UnixMillis(1_000));
        let event = Event {
            id: EventId::new(at, 0, [1; 8]),
            at,
            what: What::Reported,
            times: 1,
            who: Some(Who { person, email: None }),
            site: None,
            client: None,
            request: None,
            by: Actor::System,
        };
        store.append(std::slice::from_ref(&event)).await.unwrap();
        let plant = move |tables: &mut Tables<'_>| {
            tables.events.insert(event.id.as_bytes(), &b"of tomorrow: ann@example.com"[..])?;
            Ok(Outcome::Written(()))
        };
        store.writer.write("plant", plant).await.unwrap();
        let erasure = Erasure { person, until: at, keep_until: UnixMillis(9_000) };
        assert_eq!(store.erase(&erasure, at).await.unwrap(), 1);
        let left = store.read("look", |view| Ok((view.events.len()?, view.person_events.len()?)));
        assert_eq!(left.unwrap(), (0, 0));
    }
}
