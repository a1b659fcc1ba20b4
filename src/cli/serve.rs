//! `linkgate serve`: from the start to the end of a process, or to the next one that takes over.
//!
//! An upgrade never leaves nobody serving. The new process is started by the one that serves, gets its
//! sockets, and reads and builds everything while the other goes on; only when it has said that it is
//! prepared is anything given up, and if it does not serve then, the one before serves again.

mod generation;
mod kin;
mod notify;
mod orphan;
mod signals;
mod successor;
mod supervisor;
mod words;

use std::path::Path;
use std::process::ExitCode;

use super::installation::{Installation, StartError, doors, secret_may_be_made};
use super::reload::Source;
use super::upgrade::Upgrades;
use super::{EX_USAGE, complain, fail, logging};
use crate::config::{Config, SecretPlan, StoreConfig};
use crate::proxy::server::Doors;
use generation::Generation;
use notify::State;
use signals::Signals;
use successor::{Launch, Predecessor};
pub(super) use successor::{TAKE_OVER, UpgradeError, hand_on};
use supervisor::Supervisor;

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
            let before = predecessor.map(Predecessor::serving);
            if before.is_none() {
                notify::tell(State::Ready);
            }
            runtime.block_on(supervisor.run(before))
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
    let mut signals = runtime.block_on(async { Signals::new() }).map_err(part)?;
    let doors = doors(config, inherited)?;
    if let Some(other) = predecessor {
        rehearse(config, &doors)?;
        let gone = |error| StartError::Part(format!("the process before has given up: {error}"));
        other.await_go().map_err(gone)?;
        // Nobody would serve if it were heard only when the process before has gone.
        if runtime.block_on(signals.has_ended()).is_some() {
            return Err(StartError::Part("it was told to stop before it served".to_owned()));
        }
    }
    let (upgrades, wishes) = Upgrades::new();
    let generation = Generation::start(config, source, &doors, &upgrades)?;
    let launch = Launch::like_this_one(path);
    let ways = (upgrades, wishes);
    Ok((Supervisor::new(generation, doors, signals, ways, launch), runtime))
}

/// Builds everything over a store that is nobody's, to learn what is wrong before anything is given up.
fn rehearse(config: &Config, doors: &Doors) -> Result<(), StartError> {
    secret_may_be_made(&config.secret, &config.store)?;
    // What is made at the first start is not made here: it would stay if the upgrade does not take place.
    let secret = match &config.secret {
        SecretPlan::Create(_) => SecretPlan::ForThisRun,
        plan => plan.clone(),
    };
    let config = Config { store: StoreConfig::Memory, secret, ..config.clone() };
    // What it has to say is said when it is meant.
    tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
        Installation::open(&config)?.into_assembly(&config, doors, None).map(drop)
    })
}
