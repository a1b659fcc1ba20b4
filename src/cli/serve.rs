//! `linkgate serve`: from the start to the end of a process, or to the next one that takes over.
//!
//! An upgrade never leaves nobody serving. The new process is started by the one that serves, gets its
//! sockets, and reads and builds everything while the other goes on; only when it has said that it is
//! prepared is anything given up, and if it does not serve then, the one before serves again.

mod generation;
mod notify;
mod orphan;
mod successor;
mod words;

use std::net::Shutdown;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::installation::{Installation, StartError, doors};
use super::reload::Source;
use super::upgrade::{Upgrades, Wish};
use super::{EX_USAGE, complain, fail, logging};
use crate::config::{Config, StoreConfig};
use crate::proxy::server::Doors;
use generation::Generation;
use notify::State;
use successor::{Launch, Predecessor};
pub(super) use successor::{TAKE_OVER, UpgradeError, hand_on};

pub(super) fn run(path: &Path, takes_over: bool) -> ExitCode {
    let (mut predecessor, inherited) = match takes_over.then(Predecessor::meet).transpose() {
        Ok(met) => met.unzip(),
        Err(error) => {
            return fail(&format_args!(
                "--{TAKE_OVER} is for a process that another linkgate starts, and there is none on \
                 the standard input: {error}; leave it out"
            ));
        }
    };
    let (config, source) = match Source::open(path) {
        Ok(read) => read,
        Err(problems) => {
            complain(&problems);
            predecessor.iter_mut().for_each(|other| other.refuse(&problems));
            return ExitCode::from(EX_USAGE);
        }
    };
    let _log = match logging::start(config.log) {
        Ok(log) => log,
        Err(error) => {
            predecessor.iter_mut().for_each(|other| other.refuse(&error));
            return fail(&error);
        }
    };
    warn(&config);
    let begun = begin(&config, source, inherited.unwrap_or_default(), &mut predecessor, path);
    match begun {
        Ok((supervisor, runtime)) => {
            for listener in &config.listeners {
                let tls = listener.tls.is_some();
                tracing::info!(address = %listener.address, tls, "listening");
            }
            match predecessor {
                None => notify::tell(State::Ready),
                Some(other) => other.serving(),
            }
            runtime.block_on(supervisor.run())
        }
        Err(error) => {
            predecessor.iter_mut().for_each(|other| other.refuse(&error));
            fail(&error)
        }
    }
}

/// Logs what works and is not as it should be.
fn warn(config: &Config) {
    for warning in &config.warnings {
        let place = warning.place.map(|place| format!("{}:{place}", warning.file));
        let (value, hint) = (warning.fault.value.as_deref(), warning.fault.hint.as_deref());
        let (key, what) = (&warning.key, &warning.fault.what);
        tracing::warn!(place, key, value, hint, "configuration: {what}");
    }
}

fn begin(
    config: &Config,
    source: Source,
    inherited: Doors,
    predecessor: &mut Option<Predecessor>,
    path: &Path,
) -> Result<(Supervisor, tokio::runtime::Runtime), StartError> {
    let part = |error: std::io::Error| StartError::Part(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(part)?;
    let signals = runtime.block_on(async { Signals::new() }).map_err(part)?;
    let doors = doors(config, inherited)?;
    if let Some(other) = predecessor {
        rehearse(config, &doors)?;
        let gone = |error| StartError::Part(format!("the process before has given up: {error}"));
        other.await_go().map_err(gone)?;
    }
    let (upgrades, wishes) = Upgrades::new();
    let generation = Generation::start(config, source, &doors, &upgrades)?;
    let launch = Launch::like_this_one(path);
    let doors = Arc::new(doors);
    Ok((Supervisor { generation, doors, signals, upgrades, wishes, launch }, runtime))
}

/// Builds everything over a store that is nobody's, to learn what is wrong before anything is given up.
fn rehearse(config: &Config, doors: &Doors) -> Result<(), StartError> {
    let config = Config { store: StoreConfig::Memory, ..config.clone() };
    // What it has to say is said when it is meant.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
        Installation::open(&config)?.into_assembly(&config, doors, None).map(drop)
    })
}

/// What the process is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// `SIGTERM`, `SIGQUIT`
    Stop,
    /// `SIGINT`
    Cut,
    /// `SIGUSR2`
    Upgrade,
}

/// How it is told.
struct Signals {
    terminate: Signal,
    quit: Signal,
    interrupt: Signal,
    upgrade: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
            upgrade: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.quit.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Cut,
            _ = self.upgrade.recv() => Told::Upgrade,
        }
    }

    /// What ends the process, and no other signal: one that asks for an upgrade waits.
    async fn end(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.quit.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Cut,
        }
    }

    /// What ends a drain: who stops it twice means it.
    async fn cut(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            () = async { self.terminate.recv().await; } => {}
        }
    }
}

/// Serves, and does what it is told from outside.
struct Supervisor {
    generation: Generation,
    doors: Arc<Doors>,
    signals: Signals,
    upgrades: Upgrades,
    wishes: mpsc::Receiver<Wish>,
    launch: Launch,
}

impl Supervisor {
    async fn run(mut self) -> ExitCode {
        loop {
            let wish = tokio::select! {
                told = self.signals.next() => match told {
                    Told::Upgrade => None,
                    told => return self.end(told).await,
                },
                () = self.generation.ended() => {
                    return fail(&"the server has ended by itself; the log says why");
                }
                wish = self.wishes.recv() => wish,
            };
            let (upgraded, told) = self.upgrade().await;
            match &upgraded {
                Ok(process) => tracing::info!(process, "upgraded: another process serves"),
                Err(UpgradeError::Stopped) => tracing::warn!("not upgraded: it was told to stop"),
                Err(why) => tracing::error!(%why, "not upgraded; this process serves on"),
            }
            let is_upgraded = upgraded.is_ok();
            if let Some(wish) = wish {
                // Whoever asked may be gone.
                let _ = wish.send(upgraded);
            }
            match told {
                Some(Told::Cut) => return self.end(Told::Cut).await,
                _ if is_upgraded => return self.leave().await,
                Some(told) => return self.end(told).await,
                None => {}
            }
            if self.generation.is_parted() {
                return fail(&"the store could not be opened again; the log says why");
            }
        }
    }

    async fn end(self, told: Told) -> ExitCode {
        if told == Told::Cut {
            self.generation.cut().await;
            return ExitCode::SUCCESS;
        }
        notify::tell(State::Stopping);
        tracing::info!("stopping: requests that are open come to their end");
        self.leave().await
    }

    async fn leave(self) -> ExitCode {
        // Whoever comes now is refused at once, or served by the next process.
        drop(self.doors);
        let (generation, mut signals) = (self.generation, self.signals);
        tokio::select! {
            () = generation.leave() => {}
            () = signals.cut() => tracing::warn!("stopped at once"),
        }
        ExitCode::SUCCESS
    }

    /// Lets another process take over. It serves when this returns its number; otherwise this one does. Who
    /// stops linkgate meanwhile is heard: both processes end then, the new one as gently as this one.
    async fn upgrade(&mut self) -> (Result<u32, UpgradeError>, Option<Told>) {
        let (launch, doors) = (self.launch.clone(), Arc::clone(&self.doors));
        let (ends, line) = match launch.ends() {
            Ok(ends) => ends,
            Err(why) => return (Err(why), None),
        };
        let started = tokio::task::spawn_blocking(move || launch.start(ends, &doors));
        let successor = tokio::select! {
            told = self.signals.end() => {
                // It is ended where this is heard.
                let _ = line.shutdown(Shutdown::Both);
                return (Err(UpgradeError::Stopped), Some(told));
            }
            started = started => match started.unwrap_or(Err(UpgradeError::UnderWay)) {
                Ok(successor) => successor,
                Err(why) => return (Err(why), None),
            },
        };
        // Nobody but the successor holds the line from here on.
        drop(line);
        if !self.generation.part().await {
            // It waits for the end of the other process.
            let _ = tokio::task::spawn_blocking(move || drop(successor)).await;
            self.serve_again().await;
            return (Err(UpgradeError::Busy), None);
        }
        let mut going = tokio::task::spawn_blocking(move || successor.go());
        let (gone, told) = tokio::select! {
            gone = &mut going => (gone, None),
            told = self.signals.end() => (going.await, Some(told)),
        };
        match gone.unwrap_or(Err(UpgradeError::UnderWay)) {
            Ok(process) => {
                notify::tell(State::Moved(process.number()));
                if told.is_some() {
                    process.stop();
                }
                (Ok(process.number()), told)
            }
            Err(why) => {
                if told.is_none() {
                    self.serve_again().await;
                }
                (Err(why), told)
            }
        }
    }

    /// Another server in this process takes the place of one that has given up its store: nothing is
    /// read anew but the store, so nothing can be wrong that was not before.
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
        match tokio::task::spawn_blocking(starts).await {
            Ok(Ok(generation)) => {
                let before = std::mem::replace(&mut self.generation, generation);
                tokio::spawn(before.leave());
            }
            Ok(Err(error)) => tracing::error!(%error, "this process cannot serve again"),
            Err(error) => tracing::error!(%error, "this process cannot serve again"),
        }
    }
}
