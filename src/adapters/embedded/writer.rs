//! One thread that writes.
//!
//! A durable commit waits for the disk, some milliseconds. So callers hand their steps to one
//! thread, which takes all that wait, applies them in one transaction, commits once and then
//! answers each: the more callers, the cheaper each step. No caller's thread ever waits for the
//! disk, and nothing is acknowledged before it is on it.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use redb::Database;
use tokio::sync::{mpsc, oneshot};

use super::tables::{Tables, View};
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

/// The views that readers share. `None` after trouble, until the next commit: readers then fail
/// and never see what is out of date.
pub(super) type SharedView = Arc<RwLock<Option<View>>>;

/// The thread and the way to it.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. It owns the database and closes it at its end.
    pub(super) fn start(database: Database, view: SharedView) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || run(&database, jobs, &view))?;
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
    reply: oneshot::Sender<Result<T, Arc<redb::Error>>>,
}

/// A [`Queued`] whatever it answers.
trait Job: Send {
    /// Applies the step. Returns whether it changed something.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<bool, redb::StorageError>;
    /// Answers, after the commit.
    fn answer(self: Box<Self>, outcome: Result<(), Arc<redb::Error>>);
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

    fn answer(self: Box<Self>, outcome: Result<(), Arc<redb::Error>>) {
        // Whoever asked may be gone; the step holds all the same.
        match (outcome, self.done) {
            (Err(error), _) => drop(self.reply.send(Err(error))),
            (Ok(()), Some(done)) => drop(self.reply.send(Ok(done))),
            // Not applied: the dropped sender tells the caller.
            (Ok(()), None) => {}
        }
    }
}

fn run(database: &Database, mut jobs: mpsc::Receiver<Box<dyn Job>>, view: &SharedView) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        match commit(database, &mut group, view) {
            Ok(()) => group.into_iter().for_each(|job| job.answer(Ok(()))),
            // One of them spoiled the transaction: each gets one of its own.
            Err(_) if group.len() > 1 => {
                for job in group {
                    alone(database, job, view);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                group.into_iter().for_each(|job| job.answer(Err(Arc::clone(&error))));
            }
        }
    }
    // The file is closed properly only when nobody reads it any more.
    publish(view, None);
}

fn alone(database: &Database, job: Box<dyn Job>, view: &SharedView) {
    let mut group = [job];
    let outcome = commit(database, &mut group, view).map_err(Arc::new);
    let [job] = group;
    job.answer(outcome);
}

/// Applies a group in one transaction. After an error nothing of it is stored, unless the disk
/// failed in the very commit.
fn commit(
    database: &Database,
    group: &mut [Box<dyn Job>],
    view: &SharedView,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    let mut changed = false;
    {
        let mut tables = Tables::open(&transaction)?;
        for job in group {
            changed |= job.apply(&mut tables)?;
        }
    }
    if !changed {
        return Ok(transaction.abort()?);
    }
    transaction.commit()?;
    publish(view, View::open(database).ok());
    Ok(())
}

fn publish(shared: &SharedView, view: Option<View>) {
    let mut shared = shared.write().unwrap_or_else(PoisonError::into_inner);
    let old = std::mem::replace(&mut *shared, view);
    // Readers need not wait for the old pages to be released.
    drop(shared);
    drop(old);
}
