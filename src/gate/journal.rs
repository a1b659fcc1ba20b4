//! From where things happen to the record: a note costs a moment in memory and waits for nobody.
//!
//! What is noted waits in a queue of a bounded length for [`Writer`], which takes it to the store and to
//! wherever else the operator wants it. While the store is away it waits on; what has no room is
//! counted, told to the log, and noted as lost. What anybody can cause as often as they like is noted
//! once, and then, a minute later, how often it came again.

mod often;
mod writer;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use self::often::Often;
pub use self::writer::Writer;
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::event::{Actor, ClientKey, Event, EventId, Tracing, What, Who};
use crate::domain::limit::{PersonKey, SubjectKey};
use crate::domain::secret::Secret;
use crate::domain::time::UnixMillis;
use crate::metrics::Metrics;
use crate::ports::{Clock, Entropy, draw};

/// Events that wait in memory at most.
pub(super) const MOST: usize = 10_000;
/// How long whoever ends the process waits for the record.
pub const LAST_WRITE: Duration = Duration::from_secs(2);

/// How far the record is when nobody waits for it any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All that was noted has left the memory.
    All,
    /// All of it is kept. Where the store keeps nothing, a sink that takes its time may lack the last of it.
    Somewhere,
    /// Some of it is kept nowhere.
    Incomplete,
}

/// Where something happens, and by whom.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The name of the site.
    pub site: Option<Arc<str>>,
    /// The client.
    pub client: Option<ClientAddress>,
    /// The reference of the request.
    pub request: Option<Arc<str>>,
    /// Who does it.
    pub by: Actor,
}

impl Trail {
    /// What somebody does who is no visitor.
    #[must_use]
    pub const fn of(by: Actor) -> Self {
        Self { site: None, client: None, request: None, by }
    }
}

impl Default for Trail {
    fn default() -> Self {
        Self::of(Actor::System)
    }
}

/// Takes notes. Copies share the queue.
#[derive(Clone, Default)]
pub struct Journal(Option<Arc<Shared>>);

struct Shared {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    subjects: SubjectKey,
    clients: ClientKey,
    tracing: Tracing,
    desk: Mutex<Desk>,
    rings: Notify,
    /// How many of those that were ever queued have left the memory.
    settled: watch::Sender<u64>,
    /// How many are kept by one at least, those that have left the memory among them.
    kept: AtomicU64,
    metrics: OnceLock<Arc<Metrics>>,
}

#[derive(Default)]
struct Desk {
    queue: VecDeque<Event>,
    /// How many were ever queued, those that say how many were lost among them.
    noted: u64,
    /// How many had no room, since that was taken to be noted.
    lost: u64,
    often: Often,
    /// The last moment, and how many had it.
    last: Option<(UnixMillis, u16)>,
    /// Somebody waits until all is written.
    is_urgent: bool,
    /// Nothing is written after it.
    is_closed: bool,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Journal(..)")
    }
}

impl Journal {
    /// The journal of an installation.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        secret: &Secret,
        tracing: Tracing,
    ) -> Self {
        Self(Some(Arc::new(Shared {
            clock,
            entropy,
            subjects: SubjectKey::new(secret),
            clients: ClientKey::new(secret),
            tracing,
            desk: Mutex::default(),
            rings: Notify::new(),
            settled: watch::Sender::new(0),
            kept: AtomicU64::new(0),
            metrics: OnceLock::new(),
        })))
    }

    /// Counts there, from now on, what is written and what is lost.
    pub fn count_in(&self, metrics: Arc<Metrics>) {
        if let Some(shared) = &self.0 {
            // Whoever came first is counted in already.
            let _ = shared.metrics.set(metrics);
        }
    }

    /// One that notes nothing, for whoever only looks.
    #[must_use]
    pub fn silent() -> Self {
        Self(None)
    }

    /// Notes something, about the owner of an address or about nobody.
    pub fn note(&self, trail: &Trail, email: Option<&EmailAddress>, what: What) {
        let Some(shared) = &self.0 else { return };
        let person = |email: &EmailAddress| shared.subjects.person(email.identity());
        let who = email.map(|email| Who { person: person(email), email: Some(email.clone()) });
        shared.note(trail, who, what);
    }

    /// Notes something about a person whose address is not known here.
    pub fn note_of(&self, trail: &Trail, person: PersonKey, what: What) {
        let Some(shared) = &self.0 else { return };
        shared.note(trail, Some(Who { person, email: None }), what);
    }

    /// Waits until all that is noted by now has left the memory, but no longer than `within`. Returns
    /// whether it has.
    pub async fn flush(&self, within: Duration) -> bool {
        let Some(shared) = &self.0 else { return true };
        shared.release_all();
        let noted = {
            let mut desk = shared.desk();
            desk.is_urgent = true;
            desk.noted
        };
        shared.rings.notify_one();
        let mut settled = shared.settled.subscribe();
        let written = settled.wait_for(|settled| *settled >= noted);
        tokio::time::timeout(within, written).await.is_ok_and(|it| it.is_ok())
    }

    /// As [`flush`](Self::flush), for the last time: the writer ends with it. What is noted later is
    /// lost, and nobody has a part in anything any more who could.
    pub async fn close(&self, within: Duration) -> Written {
        let is_settled = self.flush(within).await;
        let Some(shared) = &self.0 else { return Written::All };
        let mut desk = shared.desk();
        desk.is_closed = true;
        let is_kept = shared.kept.load(Ordering::Acquire) >= desk.noted;
        drop(desk);
        shared.rings.notify_one();
        match (is_settled, is_kept) {
            (true, _) => Written::All,
            (false, true) => Written::Somewhere,
            (false, false) => Written::Incomplete,
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing in here is left half done by a panic.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, trail: &Trail, who: Option<Who>, what: What) {
        let (at, random) = (self.clock.now(), draw(&self.entropy));
        let client = trail.client.map(|client| self.clients.trace(client, self.tracing));
        let mut desk = self.desk();
        let event = Event {
            id: desk.id(at, random),
            at,
            what,
            times: 1,
            who,
            site: trail.site.as_deref().map(Into::into),
            client,
            request: trail.request.as_deref().map(Into::into),
            by: trail.by.clone(),
        };
        if let Some(event) = desk.often.first(event) {
            let lost = desk.push(event);
            drop(desk);
            self.count_lost(lost);
            self.rings.notify_one();
        }
    }

    fn count_lost(&self, lost: u64) {
        if let Some(metrics) = self.metrics.get().filter(|_| lost > 0) {
            metrics.events_lost(lost);
        }
    }

    /// What waits, with what is due of that which came often.
    fn take(&self) -> Vec<Event> {
        let now = self.clock.now();
        let mut desk = self.desk();
        let due = desk.often.due(now);
        let lost = desk.push_all(due);
        let taken = desk.queue.drain(..).collect();
        drop(desk);
        self.count_lost(lost);
        taken
    }

    /// Takes what came often as it is by now.
    fn release_all(&self) {
        let mut desk = self.desk();
        let all = desk.often.all();
        let lost = desk.push_all(all);
        drop(desk);
        self.count_lost(lost);
    }

    /// The event that says how many were lost, if some were. Whoever takes it must not lose it.
    fn take_lost(&self) -> Option<Event> {
        let (at, random) = (self.clock.now(), draw(&self.entropy));
        let mut desk = self.desk();
        let events = std::mem::take(&mut desk.lost);
        (events > 0).then(|| Event {
            id: desk.id(at, random),
            at,
            what: What::EventsLost { events },
            times: 1,
            who: None,
            site: None,
            client: None,
            request: None,
            by: Actor::System,
        })
    }

    /// These have no room any more.
    fn lose(&self, events: &[Event]) {
        let mut desk = self.desk();
        let lost = events.iter().map(|event| desk.lose(event)).sum();
        drop(desk);
        self.count_lost(lost);
        self.settle(events.len() as u64);
    }

    /// These have left the memory.
    fn settle(&self, events: u64) {
        self.settled.send_modify(|settled| *settled += events);
        self.keep(0);
    }

    /// So many of the next ones to leave the memory are kept by one at least.
    fn keep(&self, events: u64) {
        self.kept.fetch_max(*self.settled.borrow() + events, Ordering::AcqRel);
    }
}

impl Desk {
    fn id(&mut self, at: UnixMillis, random: [u8; 8]) -> EventId {
        let before = self.last.filter(|(last, _)| *last == at);
        let number = before.map_or(0, |(_, number)| number.saturating_add(1));
        self.last = Some((at, number));
        EventId::new(at, number, random)
    }

    /// Returns how many have no room.
    fn push(&mut self, event: Event) -> u64 {
        if self.queue.len() < MOST {
            self.queue.push_back(event);
            self.noted += 1;
            return 0;
        }
        self.lose(&event)
    }

    fn push_all(&mut self, events: Vec<Event>) -> u64 {
        events.into_iter().map(|event| self.push(event)).sum()
    }

    fn lose(&mut self, event: &Event) -> u64 {
        if self.lost == 0 {
            // The event that will say so.
            self.noted += 1;
        }
        let times = u64::from(event.times);
        self.lost += times;
        times
    }
}

#[cfg(test)]
mod tests;
