//! The audit record: one sorted set whose members begin with the identity of an event, which is the
//! order of time, and go on with the person and the event as JSON; and an index of identities for each
//! person.

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::{RedisStore, json, ttl};
use crate::domain::delivery::MailId;
use crate::domain::event::{Erasure, Event, EventId};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::ports::{Audit, EventPage, EventQuery, Order, Stored};

/// Events that one page looks at.
const LOOK: usize = 500;
/// Events that one script adds, changes or removes.
const BATCH: usize = 250;
/// In words for the log.
const READ: &str = "read the audit record";
/// Hexadecimal digits of an identity.
const ID: usize = 32;
/// Where the JSON of a member begins: after the identity and the person.
const DOCUMENT: usize = ID + 64;

/// A member of the record.
fn member(event: &Event, doing: &'static str) -> Stored<String> {
    let person = event.person().map_or_else(|| "-".repeat(64), PersonKey::to_hex);
    Ok(format!("{}{person}{}", event.id, json(doing, event)?))
}

fn id_of(member: &[u8]) -> Option<EventId> {
    std::str::from_utf8(member.get(..ID)?).ok()?.parse().ok()
}

/// What cannot be read, of another version or damaged, reads as absent.
fn event_of(member: &[u8]) -> Option<Event> {
    serde_json::from_slice(member.get(DOCUMENT..)?).ok()
}

impl RedisStore {
    /// Members that may be wanted, in order, at most `most`.
    async fn members(&self, query: &EventQuery<'_>, most: usize) -> Stored<Vec<Vec<u8>>> {
        let (from, until) = query.span();
        // What begins with the identity `after` is longer than it, and so beyond it: `~` is beyond all.
        let low = match (query.order, query.after) {
            (Order::OldestFirst, Some(after)) if after == from => format!("({from}~"),
            _ => format!("[{from}"),
        };
        let high = until.map_or_else(|| "+".to_owned(), |until| format!("({until}"));
        let is_rising = query.order == Order::OldestFirst;
        if let Some(person) = query.filter.person {
            let mut script = self.scripts.events_of.key(self.keys.person_events(person));
            script.key(self.keys.events()).arg(low).arg(high).arg(u8::from(is_rising)).arg(most);
            return self.connection.ask(READ, Request::Script(&script)).await;
        }
        let mut command = cmd(if is_rising { "ZRANGEBYLEX" } else { "ZREVRANGEBYLEX" });
        let (first, last) = if is_rising { (low, high) } else { (high, low) };
        command.arg(self.keys.events()).arg(first).arg(last).arg("LIMIT").arg(0).arg(most);
        self.connection.ask(READ, Request::Read(&command)).await
    }
}

#[async_trait]
impl Audit for RedisStore {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        const DOING: &str = "add to the audit record";
        for batch in events.chunks(BATCH) {
            let mut script = self.scripts.append_events.key(self.keys.events());
            script.arg(self.keys.base());
            for event in batch {
                let at = event.left_of_it().map(|_| event.at.0.to_string()).unwrap_or_default();
                let mail = event.mail().map(MailId::to_hex).unwrap_or_default();
                script.arg(member(event, DOING)?).arg(at).arg(mail);
            }
            let erased: Vec<usize> = self.connection.ask(DOING, Request::Script(&script)).await?;
            if erased.is_empty() {
                continue;
            }
            let mut script = self.scripts.append_events.key(self.keys.events());
            script.arg(self.keys.base());
            for left in erased.iter().filter_map(|at| batch.get(*at)?.left_of_it()) {
                script.arg(member(&left, DOING)?).arg("").arg("");
            }
            self.connection.ask::<Vec<usize>>(DOING, Request::Script(&script)).await?;
        }
        Ok(())
    }

    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        let members = self.members(query, LOOK + 1).await?;
        let (mut events, mut last) = (Vec::new(), query.after);
        for (looked, member) in members.iter().enumerate() {
            if events.len() == query.most || looked == LOOK {
                return Ok(EventPage { events, next: last });
            }
            last = id_of(member).or(last);
            events.extend(event_of(member).filter(|event| query.filter.wants(event)));
        }
        Ok(EventPage { events, next: None })
    }

    async fn erase(&self, erasure: &Erasure, now: UnixMillis) -> Stored<u64> {
        const DOING: &str = "erase from the audit record";
        let Erasure { person, until, keep_until } = *erasure;
        // First, so that what comes from now on is as what is erased here.
        let mut script = self.scripts.remember_erasure.key(self.keys.erased(person));
        script.arg(until.0).arg(ttl(keep_until, now));
        self.connection.ask::<()>(DOING, Request::Script(&script)).await?;
        let filter =
            crate::domain::event::EventFilter { person: Some(person), ..Default::default() };
        let (mut erased, mut after) = (0, None);
        loop {
            let query =
                EventQuery { filter: &filter, order: Order::OldestFirst, after, most: BATCH };
            let members = self.members(&query, BATCH).await?;
            let mut script = self.scripts.rewrite_events.key(self.keys.events());
            script.key(self.keys.person_events(person));
            let mut count = 0;
            for before in &members {
                let after = match event_of(before) {
                    Some(event) if event.erased() == event => continue,
                    Some(event) => member(&event.erased(), DOING)?,
                    // It may say anything of them: it goes.
                    None => String::new(),
                };
                script.arg(before.as_slice()).arg(after);
                count += 1;
            }
            if count > 0 {
                let done: u64 = self.connection.ask(DOING, Request::Script(&script)).await?;
                erased += done;
            }
            after = members.last().and_then(|member| id_of(member)).or(after);
            if members.len() < BATCH {
                return Ok(erased);
            }
        }
    }

    async fn trim(&self, before: UnixMillis) -> Stored<u64> {
        let mut removed = 0;
        loop {
            let mut script = self.scripts.trim_events.key(self.keys.events());
            script
                .arg(self.keys.person_events_prefix())
                .arg(format!("({}", EventId::first_at(before)))
                .arg(BATCH);
            let count: u64 =
                self.connection.ask("shorten the audit record", Request::Script(&script)).await?;
            removed += count;
            if count < BATCH as u64 {
                return Ok(removed);
            }
        }
    }
}
