//! Who serves, and does what it is told from outside.

use std::net::Shutdown;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout, timeout_at};

use super::generation::{Generation, LAST_WORDS};
use super::kin::{Heir, Kin};
use super::notify::{self, State};
use super::rehearse;
use super::signals::{Signals, Told};
use super::successor::{Launch, Successor, UpgradeError};
use crate::cli::fail;
use crate::cli::upgrade::{Upgrades, Wish};
use crate::proxy::server::Doors;

/// Who stops this process so soon after an upgrade did not know of the next one, and means both.
const UNKNOWING: Duration = Duration::from_secs(3);
/// How long requests may take to their end in a process that has lost its store.
const LOST: Duration = Duration::from_secs(1);
/// How much later than our own requests those of a process that was stopped with this one may end.
const LATER: Duration = Duration::from_secs(2);

/// The servers of this process, and all who may tell it something.
pub(super) struct Supervisor {
    generation: Generation,
    /// Those before it, after upgrades that have failed late.
    earlier: JoinSet<()>,
    doors: Arc<Doors>,
    signals: Signals,
    upgrades: Upgrades,
    wishes: mpsc::Receiver<Wish>,
    launch: Launch,
}

impl Supervisor {
    pub(super) fn new(
        generation: Generation,
        doors: Doors,
        signals: Signals,
        (upgrades, wishes): (Upgrades, mpsc::Receiver<Wish>),
        launch: Launch,
    ) -> Self {
        let (earlier, doors) = (JoinSet::new(), Arc::new(doors));
        Self { generation, earlier, doors, signals, upgrades, wishes, launch }
    }

    /// Serves until it is told to end, or another process serves; `before`: the one from which this one
    /// has taken over.
    pub(super) async fn run(mut self, before: Option<Kin>) -> ExitCode {
        loop {
            let wish = tokio::select! {
                told = self.signals.next() => match told {
                    Told::Upgrade => None,
                    told => return self.end(told, before).await,
                },
                () = self.generation.ended() => {
                    return fail(&"the server has ended by itself; the log says why");
                }
                wish = self.wishes.recv() => wish,
            };
            let (upgraded, told) = self.upgrade().await;
            let is_lost = self.generation.is_parted() && told.is_none();
            log(&upgraded, told, is_lost);
            let (heir, answer) = match upgraded {
                Ok(heir) => {
                    let served = told.is_none().then(|| heir.number());
                    (Some(heir), served.ok_or(UpgradeError::Stopped))
                }
                Err(why) => (None, Err(why)),
            };
            if let Some(wish) = wish {
                // Whoever asked may be gone.
                let _ = wish.send(answer);
            }
            match (heir, told) {
                (Some(heir), told) => return self.hand_over(heir, told, before).await,
                (None, Some(told)) => return self.end(told, before).await,
                (None, None) if is_lost => {
                    // What was let through needs no store, but nobody serves until this process is
                    // started again.
                    let _ = timeout(LOST, self.leave(None, before)).await;
                    return ExitCode::FAILURE;
                }
                (None, None) => {}
            }
        }
    }

    async fn end(self, told: Told, before: Option<Kin>) -> ExitCode {
        if told == Told::Cut {
            self.generation.cut().await;
            return ExitCode::SUCCESS;
        }
        notify::tell(State::Stopping);
        tracing::info!("stopping: requests that are open come to their end");
        self.leave(None, before).await
    }

    /// Ends, for another process serves. Who has told this one to end meanwhile has told both.
    async fn hand_over(self, heir: Heir, told: Option<Told>, before: Option<Kin>) -> ExitCode {
        match told {
            None => notify::tell(State::Moved(heir.number())),
            Some(_) => notify::tell(State::Stopping),
        }
        if let Some(told) = told {
            heir.pass_on(told);
        }
        if told == Some(Told::Cut) {
            return self.end(Told::Cut, None).await;
        }
        self.leave(Some((heir, told)), before).await
    }

    /// Lets everything come to its end. The last of all processes that were stopped together is the one
    /// that is waited for by who has started them, so each waits for the others.
    async fn leave(self, heir: Option<(Heir, Option<Told>)>, before: Option<Kin>) -> ExitCode {
        let Self { generation, mut earlier, doors, mut signals, wishes, .. } = self;
        // Whoever comes now is refused at once, or served by the next process.
        drop((doors, wishes));
        let (drain, journal) = (generation.drain(), generation.journal());
        let until = Instant::now() + drain + LATER;
        let mut leaves = pin!(async move {
            generation.leave().await;
            while earlier.join_next().await.is_some() {}
            is_over(before, until).await;
        });
        let (mut next, told) = heir.unzip();
        let told = match (&next, told.flatten()) {
            (Some(next), None) => tokio::select! {
                biased;
                told = told_unknowing(next, &mut signals) => told,
                () = &mut leaves => return ExitCode::SUCCESS,
            },
            (_, told) => told,
        };
        // Held until nothing is open here, whether the next process is waited for or not: it may wait for this.
        let line = next.as_mut().and_then(|next| next.kin.take());
        let until_next = Instant::now() + drain + LATER;
        let all = async {
            leaves.await;
            is_over(line.filter(|_| told.is_some()), until_next).await;
        };
        let cut = async {
            if told != Some(Told::Cut) {
                signals.cut().await;
            }
        };
        tokio::select! {
            biased;
            () = cut => {
                tracing::warn!("stopped at once");
                if let Some(next) = next.filter(|_| told == Some(Told::Stop)) {
                    next.pass_on(Told::Cut);
                }
                journal.close(LAST_WORDS).await;
            }
            () = all => {}
        }
        ExitCode::SUCCESS
    }

    /// Lets another process take over. It serves when this returns it; otherwise this one does. Who
    /// stops linkgate meanwhile is heard, unless just the store is handed over: both processes end then.
    async fn upgrade(&mut self) -> (Result<Heir, UpgradeError>, Option<Told>) {
        let (launch, doors) = (self.launch.clone(), Arc::clone(&self.doors));
        let (ends, line) = match launch.ends() {
            Ok(ends) => ends,
            Err(why) => return (Err(why), None),
        };
        let started = spawn_blocking(move || launch.start(ends, &doors));
        let successor = tokio::select! {
            biased;
            told = self.signals.end() => {
                // It is ended where this is heard.
                let _ = line.shutdown(Shutdown::Both);
                return (Err(UpgradeError::Stopped), Some(told));
            }
            started = started => match started.unwrap_or(Err(UpgradeError::Broken)) {
                Ok(successor) => successor,
                Err(why) => return (Err(why), None),
            },
        };
        // Nobody but the successor holds the line from here on.
        drop(line);
        if let Err(why) = self.could_serve_again().await {
            let _ = spawn_blocking(move || drop(successor)).await;
            return (Err(why), None);
        }
        let (told, is_parted) = tokio::select! {
            biased;
            told = self.signals.end() => (Some(told), false),
            () = self.generation.last_call() => (None, self.generation.part().await),
        };
        let told = match told {
            None => self.signals.has_ended().await,
            told => told,
        };
        if told.is_none() && is_parted {
            return self.go(successor).await;
        }
        // It waits for the end of the other process.
        let _ = spawn_blocking(move || drop(successor)).await;
        if told.is_some() {
            return (Err(UpgradeError::Stopped), told);
        }
        self.serve_again().await;
        (Err(UpgradeError::Busy), None)
    }

    /// Lets the one that is prepared serve.
    async fn go(&mut self, successor: Successor) -> (Result<Heir, UpgradeError>, Option<Told>) {
        let mut going = spawn_blocking(move || successor.go());
        let (gone, told) = tokio::select! {
            biased;
            told = self.signals.end() => (going.await, Some(told)),
            gone = &mut going => (gone, None),
        };
        let gone = gone.unwrap_or(Err(UpgradeError::Broken));
        if gone.is_err() && told.is_none() {
            self.serve_again().await;
        }
        (gone, told)
    }

    /// Whether [`Self::serve_again`] would work: before the store is given up, whatever it reads anew must be
    /// there still. A certificate or a template may have gone that a newer configuration does not name.
    async fn could_serve_again(&self) -> Result<(), UpgradeError> {
        if !self.generation.is_alone() {
            return Ok(());
        }
        let ((config, ..), doors) = (self.generation.origin(), Arc::clone(&self.doors));
        match spawn_blocking(move || rehearse(&config, &doors)).await {
            Ok(rehearsed) => rehearsed.map_err(UpgradeError::NoWayBack),
            Err(_) => Err(UpgradeError::Broken),
        }
    }

    /// Another server in this process takes the place of one that has given up its store, from the
    /// configuration that was in force.
    async fn serve_again(&mut self) {
        if !self.generation.is_alone() {
            // It never stopped.
            return;
        }
        let (config, source, lent) = self.generation.origin();
        let (doors, upgrades) = (Arc::clone(&self.doors), self.upgrades.clone());
        if let Some(lent) = lent {
            // Where it was busy before: the next one opens the same file.
            let _ = lent.close().await;
        }
        let starts = move || Generation::start(&config, source, &doors, &upgrades);
        match spawn_blocking(starts).await {
            Ok(Ok(generation)) => {
                let before = std::mem::replace(&mut self.generation, generation);
                self.earlier.spawn(before.leave());
            }
            Ok(Err(error)) => tracing::error!(%error, "this process cannot serve again"),
            Err(error) => tracing::error!(%error, "this process cannot serve again"),
        }
    }
}

/// What this process is told right after an upgrade, which is meant for the next one as well.
async fn told_unknowing(next: &Heir, signals: &mut Signals) -> Option<Told> {
    let told = timeout(UNKNOWING, signals.end()).await.ok()?;
    tracing::info!("stopping, and with this process the one that serves now");
    notify::tell(State::Stopping);
    next.pass_on(told);
    Some(told)
}

/// Waits until nothing is open there either. One that hangs is not waited for.
async fn is_over(kin: Option<Kin>, until: Instant) {
    if let Some(kin) = kin {
        let _ = timeout_at(until, kin.comes_to_its_end()).await;
    }
}

/// Tells what became of an upgrade.
fn log(upgraded: &Result<Heir, UpgradeError>, told: Option<Told>, is_lost: bool) {
    match upgraded {
        Ok(heir) => {
            let process = heir.number();
            match told {
                None => tracing::info!(process, "upgraded: another process serves"),
                Some(_) => tracing::info!(
                    process,
                    "upgraded, and stopping: it was told to, and both processes end"
                ),
            }
        }
        Err(UpgradeError::Stopped) => tracing::warn!("not upgraded: it was told to stop"),
        Err(why) if told.is_some() => tracing::error!(%why, "not upgraded, and told to stop"),
        Err(why) if is_lost => {
            tracing::error!(%why, "not upgraded, and this process cannot serve again: it ends");
        }
        Err(why) => tracing::error!(%why, "not upgraded; this process serves on"),
    }
}
