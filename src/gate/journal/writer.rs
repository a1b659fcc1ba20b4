//! Takes what was noted to the store, and to wherever else the operator wants it.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::{Journal, MOST, Shared};
use crate::domain::event::Event;
use crate::domain::time::UnixMillis;
use crate::gate::record::REMEMBERED;
use crate::ports::{Audit, AuditSink, Missed, StoreError, Stored};

/// How long is waited for more, so that what belongs together is written together.
const GATHER: Duration = Duration::from_millis(40);
/// How often is looked when nobody rings: for a store that was away, and for what came often.
const LOOK: Duration = Duration::from_secs(1);
/// Events of one write.
const BATCH: usize = 256;

/// Writes what a journal notes.
pub struct Writer {
    shared: Option<Arc<Shared>>,
    /// None where it keeps nothing.
    store: Option<Arc<dyn Audit>>,
    sinks: Vec<Box<dyn AuditSink>>,
    waiting: VecDeque<Event>,
    /// Says how many were lost. It waits apart, so that it never goes with what has no room.
    missing: Option<Event>,
    is_losing: bool,
    store_fails: bool,
    sinks_fail: Vec<bool>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Writer(..)")
    }
}

impl Writer {
    /// For one journal there is one writer.
    #[must_use]
    pub fn new(journal: &Journal, store: Arc<dyn Audit>, sinks: Vec<Box<dyn AuditSink>>) -> Self {
        Self { store: Some(store), ..Self::past_the_store(journal, sinks) }
    }

    /// The same where the store keeps nothing.
    #[must_use]
    pub fn past_the_store(journal: &Journal, sinks: Vec<Box<dyn AuditSink>>) -> Self {
        let sinks_fail = vec![false; sinks.len()];
        Self {
            shared: journal.0.clone(),
            store: None,
            sinks,
            waiting: VecDeque::new(),
            missing: None,
            is_losing: false,
            store_fails: false,
            sinks_fail,
        }
    }

    /// Writes, for ever. For the runtime that uses the store.
    pub async fn run(mut self) {
        let Some(shared) = self.shared.clone() else { return };
        loop {
            tokio::select! {
                () = shared.rings.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let (is_urgent, is_closed) = {
                let mut desk = shared.desk();
                (std::mem::take(&mut desk.is_urgent), desk.is_closed)
            };
            if is_closed {
                return;
            }
            if !is_urgent {
                tokio::time::sleep(GATHER).await;
            }
            self.turn(&shared).await;
        }
    }

    /// Writes what is noted by now, once. For commands, which end after it.
    ///
    /// # Errors
    /// When the store is in trouble; where it keeps nothing, when nothing else took it either.
    pub async fn write_out(&mut self) -> Stored<()> {
        let Some(shared) = self.shared.clone() else { return Ok(()) };
        shared.release_all();
        if self.store.is_none() {
            let is_taken = self.pass_on(&shared).await;
            let failed = || StoreError::new("write the audit record", "nothing took it");
            return if is_taken { Ok(()) } else { Err(failed()) };
        }
        self.waiting.extend(shared.take());
        self.store_waiting(&shared).await.map(drop)
    }

    /// Does something, and writes what it notes: at once, so that what it waits for is written, and what
    /// is left after it. For commands, which end then.
    ///
    /// # Errors
    /// Beside what was done, when the store is in trouble.
    pub async fn write_beside<T>(&mut self, work: impl Future<Output = T>) -> (T, Stored<()>) {
        let Some(shared) = self.shared.clone() else { return (work.await, Ok(())) };
        let mut work = pin!(work);
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                // Where it fails it is tried again after the work, and told.
                () = shared.rings.notified() => drop(self.write_out().await),
            }
        };
        (done, self.write_out().await)
    }

    pub(super) async fn turn(&mut self, shared: &Shared) {
        if self.store.is_none() {
            self.pass_on(shared).await;
            return;
        }
        let taken = shared.take();
        // The store first: a sink that hangs must not keep it waiting.
        self.waiting.extend(taken.iter().cloned());
        let outcome = self.store_waiting(shared).await;
        if let Err(error) = &outcome
            && !self.store_fails
        {
            let cause = &error.source;
            tracing::error!(%error, %cause, "the audit record waits: it cannot be written");
        }
        if outcome.is_ok() && self.store_fails {
            tracing::info!("the audit record is written again");
        }
        self.store_fails = outcome.is_err();
        if self.waiting.len() > MOST {
            let over: Vec<Event> = self.waiting.drain(MOST..).collect();
            shared.lose(&over);
        }
        let is_losing = shared.desk().lost > 0;
        if is_losing && !self.is_losing {
            tracing::error!("events are missing in the audit record: too much waits for it");
        }
        self.is_losing = is_losing;
        if !taken.is_empty() {
            self.tell_sinks(shared, &taken).await;
        }
        if let Ok(Some(lost)) = outcome {
            self.tell_sinks(shared, &[lost]).await;
        }
    }

    /// Returns what says how many were lost, if that was written.
    async fn store_waiting(&mut self, shared: &Shared) -> Stored<Option<Event>> {
        let Some(store) = self.store.clone() else { return Ok(None) };
        while !self.waiting.is_empty() {
            let now = shared.clock.now();
            let batch = self.waiting.iter().take(BATCH);
            let batch: Vec<Event> = batch.map(|event| still_told(event, now)).collect();
            store.append(&batch).await?;
            self.waiting.drain(..batch.len());
            let count = batch.len() as u64;
            if let Some(metrics) = shared.metrics.get() {
                metrics.events_stored(count);
            }
            shared.settle(count);
        }
        if self.missing.is_none() {
            self.missing = shared.take_lost();
        }
        let Some(lost) = &self.missing else { return Ok(None) };
        store.append(std::slice::from_ref(lost)).await?;
        tracing::error!(lost = ?lost.what, "the audit record says how many events are missing");
        shared.settle(1);
        Ok(self.missing.take())
    }

    /// Where the store keeps nothing. What no sink took is lost and counted; what says how many were lost
    /// waits until one has it. An event has left the memory only when all were told: nobody ends the
    /// process before. Returns whether what was noted was taken.
    async fn pass_on(&mut self, shared: &Shared) -> bool {
        let events = shared.take();
        if !events.is_empty() {
            let kept = |written: usize| shared.keep(written as u64);
            let told = self.tell(&events, kept).await;
            count(shared, &told);
            let most = most(&told, events.len());
            let (told, lost) = events.split_at(most.min(events.len()));
            shared.settle(told.len() as u64);
            if !lost.is_empty() {
                shared.lose(lost);
                return false;
            }
        }
        if self.missing.is_none() {
            self.missing = shared.take_lost();
        }
        let Some(lost) = self.missing.take() else { return true };
        let kept = |written: usize| shared.keep(written as u64);
        let told = self.tell(std::slice::from_ref(&lost), kept).await;
        if is_taken(&told) {
            count(shared, &told);
            tracing::error!(lost = ?lost.what, "the audit record says how many events are missing");
            shared.settle(1);
        } else {
            // It is told again, and counts once.
            self.missing = Some(lost);
        }
        true
    }

    /// Tells of events that are in the store.
    async fn tell_sinks(&mut self, shared: &Shared, events: &[Event]) {
        let told = self.tell(events, |_| ()).await;
        count(shared, &told);
    }

    /// Each is told once, all at the same time: one that hangs takes no time of another's. One that fails
    /// holds nothing up: the store has what it missed. `kept` hears at once how many of them one has.
    async fn tell(&mut self, events: &[Event], kept: impl Fn(usize)) -> Vec<Told> {
        let telling = self.sinks.iter_mut().map(async |sink| {
            let outcome = sink.write(events).await;
            kept(written(&outcome, events.len()));
            outcome
        });
        let outcomes = join_all(telling).await;
        let mut told = Vec::with_capacity(outcomes.len());
        for ((sink, outcome), fails) in self.sinks.iter().zip(outcomes).zip(&mut self.sinks_fail) {
            let (name, written) = (sink.name(), written(&outcome, events.len()));
            let missed = events.len() - written;
            match &outcome {
                Err(Missed { error, .. }) if !*fails => {
                    tracing::error!(sink = name, %error, missed, "events cannot be written there");
                }
                Ok(()) if *fails => tracing::info!(sink = name, "events are written there again"),
                Ok(()) | Err(_) => {}
            }
            *fails = outcome.is_err();
            told.push(Told { name, written, missed });
        }
        told
    }
}

/// What a sink has of a batch, in events.
struct Told {
    name: &'static str,
    written: usize,
    missed: usize,
}

fn written(outcome: &Result<(), Missed>, of: usize) -> usize {
    outcome.as_ref().err().map_or(of, |missed| missed.written.min(of))
}

/// How many of a batch one of them has: all, if there is none.
fn most(told: &[Told], of: usize) -> usize {
    told.iter().map(|it| it.written).max().unwrap_or(of)
}

/// Whether one of them has all, if there are any.
fn is_taken(told: &[Told]) -> bool {
    told.is_empty() || told.iter().any(|it| it.missed == 0)
}

fn count(shared: &Shared, told: &[Told]) {
    let Some(metrics) = shared.metrics.get() else { return };
    for Told { name, written, missed } in told {
        metrics.events_told(name, *written as u64, *missed as u64);
    }
}

/// What waited for so long that an erasure may be forgotten meanwhile is told without anybody.
fn still_told(event: &Event, now: UnixMillis) -> Event {
    let is_old = event.at.after(REMEMBERED) <= now;
    is_old.then(|| event.left_of_it()).flatten().unwrap_or_else(|| event.clone())
}
