//! `linkgate keys`
//!
//! What is done stands in [`crate::gate::keys`]; here the store is opened and the outcome told. An
//! embedded store belongs to the linkgate that runs with it, so there it must be stopped for a
//! moment: a change is stored with its times, and takes its course when it runs again.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::{fail, installation, load, remind, say};
use crate::adapters::embedded::{Embedded, OpenError};
use crate::config::{Config, SecretPlan, StoreConfig};
use crate::domain::disclosure::Algorithm;
use crate::domain::secret::Key;
use crate::domain::signing::{Generation, KeyRoster, Phase};
use crate::domain::time::UnixMillis;
use crate::gate::keys::{Change, ChangeError, rotate};
use crate::portal::assertion::{key_id, root_key};
use crate::portal::pages::clock::rfc3339;
use crate::ports::{Clock, Entropy, OsEntropy, Store, SystemClock};

/// What to do with the keys.
#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    List,
    Rotate(Change),
}

pub(super) fn run(path: &Path, task: Task) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    remind(&config.warnings);
    let secret = match &config.secret {
        SecretPlan::Ready(secret) => secret,
        SecretPlan::Create(_) | SecretPlan::ForThisRun => {
            return fail(&"there is no secret yet, and so no keys: start linkgate first");
        }
    };
    let root = root_key(secret);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let store = open(&config)?;
        runtime.block_on(carry_out(store.as_ref(), &root, task))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why),
    }
}

fn open(config: &Config) -> Result<Arc<dyn Store>, String> {
    match &config.store {
        StoreConfig::Memory => {
            Err("the memory store forgets its keys with everything else: restart linkgate instead"
                .into())
        }
        StoreConfig::Embedded { path } => match Embedded::open(path) {
            Ok(store) => Ok(Arc::new(store)),
            Err(OpenError::InUse { path }) => Err(format!(
                "{} is in use by a running linkgate: stop it, do this again, and start it; what \
                 is changed holds then",
                path.display()
            )),
            Err(error) => Err(format!("store: {error}")),
        },
        StoreConfig::Redis(_) => installation::open_stores(&config.store)
            .map(|(store, _)| store)
            .map_err(|error| error.to_string()),
    }
}

async fn carry_out(store: &dyn Store, root: &Key, task: Task) -> Result<(), String> {
    let words = |error: &dyn std::error::Error| match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let now = store.time().await.map_err(|error| words(&error))?;
    let now = now.unwrap_or_else(|| SystemClock.now());
    let roster = match task {
        Task::List => store.roster().await.map_err(|error| words(&error))?,
        Task::Rotate(change) => {
            let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
            rotate(store, &entropy, change, now).await.map_err(|error| match error {
                ChangeError::Underway(underway) => format!(
                    "{underway}: wait until {}, or change the keys at once with --now",
                    rfc3339(underway.until)
                ),
                ChangeError::Busy => error.to_string(),
                ChangeError::Store(error) => words(&error),
            })?
        }
    };
    tell(&roster, root, now)
}

/// One line for each generation and algorithm.
fn tell(roster: &KeyRoster, root: &Key, now: UnixMillis) -> Result<(), String> {
    for (generation, phase) in roster.phases(now) {
        let state = state(generation, phase);
        for (name, algorithm) in [("EdDSA", Algorithm::EdDsa), ("ES256", Algorithm::Es256)] {
            let id = key_id(root, algorithm, generation).map_err(|error| error.to_string())?;
            say(&format_args!("{} {name} {id} {state}", generation.number));
        }
    }
    Ok(())
}

fn state(generation: &Generation, phase: Phase) -> String {
    match phase {
        Phase::Announced => {
            format!("is published, and signs from {}", rfc3339(generation.signs_from))
        }
        Phase::Signing => "signs".to_owned(),
        Phase::Retiring { until } => format!("is published until {}", rfc3339(until)),
        Phase::Gone => "is gone".to_owned(),
    }
}
