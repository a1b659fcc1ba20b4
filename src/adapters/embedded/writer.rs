//! One thread that writes.
//!
//! A durable commit waits for the disk, some milliseconds. So callers hand their steps to one
//! thread, which takes all that wait, applies them in one transaction, commits once and then
//! answers each: the more callers, the cheaper each step. No caller's thread ever waits for the
//! disk, and nothing is acknowledged before it is on it.

use std::io::ErrorKind;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::open::OpenError;
use super::tables::{Tables, View, Written};
use crate::adapters::kept::Copies;
use crate::adapters::yielding::{give_way, offer};
use crate::ports::{StoreError, Stored};

/// Steps that may wait for the thread; more callers wait for a place.
const QUEUE: usize = 1024;
/// Steps in one transaction.
const GROUP: usize = 256;
/// How long a caller waits in all. A disk that takes longer is store trouble.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a step did to the tables. A return type and not a flag, because a forgotten flag would
/// acknowledge a write that is never committed.
pub(super) enum Outcome<T> {
    /// It changed something; the answer waits for the commit.
    Written(T),
    /// It changed nothing. A group of such steps costs no commit.
    Untouched(T),
}

/// The result of a step.
pub(super) type Step<T> = Result<Outcome<T>, redb::StorageError>;

/// The views that readers share. `None` after trouble, until the next step: readers then fail
/// and never see what is out of date.
pub(super) type SharedView = Arc<RwLock<Option<View>>>;

/// Opens the file again.
pub(super) type Reopen = Box<dyn Fn() -> Result<Database, OpenError> + Send>;

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Database(#[from] redb::Error),
    #[error(transparent)]
    Reopen(#[from] OpenError),
}

/// The thread and the way to it.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It owns the database and closes it at its end.
    pub(super) fn start(
        database: Database,
        view: SharedView,
        copies: Arc<Copies>,
        reopen: Reopen,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let desk = Desk { database: Some(database), view, copies, reopen, full: false };
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            give_way();
            desk.serve(jobs);
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Applies a step durably and answers what it answered. The step may run a second time, in a
    /// new transaction, when another of its group failed.
    pub(super) async fn write<T, F>(&self, doing: &'static str, step: F) -> Stored<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Step<T> + Send + 'static,
    {
        let gone = || StoreError::new(doing, "the store is closed");
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        let queued = async {
            let job = Queued { step, done: None, reply };
            queue.send(Box::new(job)).await.map_err(|_| gone())?;
            answer.await.map_err(|_| gone())?.map_err(|error| StoreError::new(doing, error))
        };
        match tokio::time::timeout(PATIENCE, queued).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::new(doing, "the disk did not answer in time")),
        }
    }
}

/// Finishes what is queued, then closes the file.
impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// A step, its answer, and who waits for it.
struct Queued<T, F> {
    step: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, Arc<Trouble>>>,
}

/// A [`Queued`] whatever it answers.
trait Job: Send {
    /// Applies the step. Returns whether it changed something.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<bool, redb::StorageError>;
    /// Answers, after the commit.
    fn answer(self: Box<Self>, outcome: Result<(), Arc<Trouble>>);
}

impl<T, F> Job for Queued<T, F>
where
    T: Send,
    F: FnMut(&mut Tables<'_>) -> Step<T> + Send,
{
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<bool, redb::StorageError> {
        let (done, changed) = match (self.step)(tables)? {
            Outcome::Written(done) => (done, true),
            Outcome::Untouched(done) => (done, false),
        };
        self.done = Some(done);
        Ok(changed)
    }

    fn answer(self: Box<Self>, outcome: Result<(), Arc<Trouble>>) {
        // Whoever asked may be gone; the step holds all the same.
        match (outcome, self.done) {
            (Err(error), _) => drop(self.reply.send(Err(error))),
            (Ok(()), Some(done)) => drop(self.reply.send(Ok(done))),
            // Not applied: the dropped sender tells the caller.
            (Ok(()), None) => {}
        }
    }
}

/// What the thread has.
struct Desk {
    database: Option<Database>,
    view: SharedView,
    copies: Arc<Copies>,
    reopen: Reopen,
    /// Whether the last commit found the disk full.
    full: bool,
}

impl Desk {
    fn serve(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = jobs.try_recv()
            {
                group.push(job);
            }
            match self.commit(&mut group) {
                // One of them spoiled the transaction: each gets one of its own.
                Err(_) if group.len() > 1 && !self.full => {
                    for job in group {
                        let mut alone = vec![job];
                        let outcome = self.commit(&mut alone);
                        answer(alone, outcome);
                    }
                }
                outcome => answer(group, outcome),
            }
        }
        // The file is closed properly only when nobody reads it any more.
        publish(&self.view, None);
        self.copies.drop_all();
    }

    /// Applies a group in one transaction. After an error nothing of it is stored, unless the disk
    /// failed in the very commit.
    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Trouble> {
        let outcome = self.database().and_then(|database| Ok(apply(database, group)?));
        match outcome {
            Ok(written) if written.is_some() || self.is_blind() => {
                let view = self.database.as_ref().and_then(|database| View::open(database).ok());
                publish(&self.view, view);
                self.forget(&written.unwrap_or_default());
            }
            Ok(_) => {}
            Err(Trouble::Database(error)) => {
                self.full |= is_full(&error);
                // The very commit may have failed: what is on the disk is not known.
                self.copies.drop_all();
                return Err(Trouble::Database(error));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Drops the copies of what was written: after readers can see it, and before anybody is told that
    /// it was done.
    fn forget(&self, written: &Written) {
        if self.is_blind() {
            return self.copies.drop_all();
        }
        written.sessions.iter().for_each(|key| self.copies.sessions.drop_one(key));
        written.tokens.iter().for_each(|key| self.copies.tokens.drop_one(key));
        written.accounts.iter().for_each(|key| self.copies.accounts.drop_one(key));
    }

    /// Whether readers see nothing since the last trouble.
    fn is_blind(&self) -> bool {
        self.view.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// The open file. Once a write failed, redb refuses all others until the file is opened again.
    /// That is done when the disk was full, because people make room. It is not done after other
    /// failures: what a failed sync left on the disk is not known, and must be looked at.
    fn database(&mut self) -> Result<&Database, Trouble> {
        if self.full {
            publish(&self.view, None);
            self.copies.drop_all();
            self.database = None;
            let database = (self.reopen)()?;
            publish(&self.view, View::open(&database).ok());
            self.database = Some(database);
            self.full = false;
        }
        self.database.as_ref().ok_or(Trouble::Database(redb::Error::DatabaseClosed))
    }
}

/// Returns what was written and is committed; none if nothing was changed.
fn apply(database: &Database, group: &mut [Box<dyn Job>]) -> Result<Option<Written>, redb::Error> {
    let transaction = database.begin_write()?;
    let mut changed = false;
    let mut tables = Tables::open(&transaction)?;
    for job in group {
        changed |= job.apply(&mut tables)?;
        offer();
    }
    let written = tables.written();
    if !changed {
        transaction.abort()?;
        return Ok(None);
    }
    transaction.commit()?;
    offer();
    Ok(Some(written))
}

fn answer(group: Vec<Box<dyn Job>>, outcome: Result<(), Trouble>) {
    let outcome = outcome.map_err(Arc::new);
    group.into_iter().for_each(|job| job.answer(outcome.clone()));
}

fn is_full(error: &redb::Error) -> bool {
    match error {
        redb::Error::Io(error) => {
            matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        }
        _ => false,
    }
}

fn publish(shared: &SharedView, view: Option<View>) {
    let mut shared = shared.write().unwrap_or_else(PoisonError::into_inner);
    let old = std::mem::replace(&mut *shared, view);
    // Readers need not wait for the old pages to be released.
    drop(shared);
    drop(old);
}

#[cfg(test)]
mod tests;
