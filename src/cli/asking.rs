//! How a command asks the admin API, and says what came of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::admin::{AdminError, Purpose, Way, facts, no_facts};
use super::{EX_USAGE, complain, fail, say};
use crate::config::{Config, Essentials, SecretPlan};
use crate::domain::secret::Mark;
use crate::portal::admin::Facts;

/// What all of these commands take.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Answer with JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// The rows of a list.
pub(super) fn rows<'a>(answer: &'a Value, member: &str) -> &'a [Value] {
    answer[member].as_array().map_or(&[], Vec::as_slice)
}

/// Looks something up over the API, and says what was found.
pub(super) fn look(
    common: &Common,
    ask: impl FnOnce(&Way) -> Result<Value, AdminError>,
    words: impl FnOnce(&Value) -> String,
) -> ExitCode {
    over_api(common, (Purpose::Read, Needs::All), ask, words)
}

/// As [`look`], although the configuration has mistakes: for what people must be able to do at once.
pub(super) fn look_anyway(
    common: &Common,
    ask: impl FnOnce(&Way) -> Result<Value, AdminError>,
    words: impl FnOnce(&Value) -> String,
) -> ExitCode {
    over_api(common, (Purpose::Read, Needs::Essentials), ask, words)
}

/// Does something over the API, and says what came of it.
pub(super) fn act(
    common: &Common,
    ask: impl FnOnce(&Way) -> Result<Value, AdminError>,
    words: impl FnOnce(&Value) -> String,
) -> ExitCode {
    over_api(common, (Purpose::Change, Needs::All), ask, words)
}

/// As [`act`], although the configuration has mistakes: for what takes something away from somebody.
pub(super) fn act_anyway(
    common: &Common,
    ask: impl FnOnce(&Way) -> Result<Value, AdminError>,
    words: impl FnOnce(&Value) -> String,
) -> ExitCode {
    over_api(common, (Purpose::Change, Needs::Essentials), ask, words)
}

/// What a command must be able to read of the configuration.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    /// All of it.
    All,
    /// How to reach the store.
    Essentials,
}

/// What was read.
pub(super) struct Read {
    pub(super) essentials: Essentials,
    facts: Facts,
    /// Whose process must answer: what is not right may name the address of another one, which would say that it
    /// was done.
    installation: Option<Mark>,
}

impl Read {
    /// The way to the API.
    ///
    /// # Errors
    /// As [`Way::find`].
    pub(super) fn way(self, purpose: Purpose) -> Result<Way, AdminError> {
        let way = Way::find(&self.essentials, self.facts, purpose)?;
        Ok(way.asking_only(self.installation))
    }
}

/// Reads that much, or says what is wrong.
///
/// # Errors
/// What to end with.
pub(super) fn read(path: &Path, needs: Needs) -> Result<Read, ExitCode> {
    let problems = match Config::load(path) {
        Ok(config) => {
            let (essentials, facts) = ((&config).into(), facts(&config));
            return Ok(Read { essentials, facts, installation: None });
        }
        Err(problems) => problems.to_string(),
    };
    complain(&problems);
    let broken = ExitCode::from(EX_USAGE);
    match needs {
        Needs::Essentials => {
            let essentials = Essentials::load(path).map_err(|more| {
                // The reading of the whole file ends at the first mistake of some kinds.
                let more = more.to_string();
                if !problems.contains(&more) {
                    complain(&more);
                }
                broken
            })?;
            let SecretPlan::Ready(secret) = &essentials.secret else {
                complain(&"linkgate: and there is no secret yet, so this command does not go on");
                return Err(broken);
            };
            let installation = Some(secret.mark());
            complain(&"linkgate: this command needs nothing of that, and goes on");
            Ok(Read { essentials, facts: no_facts(), installation })
        }
        Needs::All => Err(broken),
    }
}

fn over_api(
    common: &Common,
    (purpose, needs): (Purpose, Needs),
    ask: impl FnOnce(&Way) -> Result<Value, AdminError>,
    words: impl FnOnce(&Value) -> String,
) -> ExitCode {
    let read = match read(&common.config, needs) {
        Ok(read) => read,
        Err(code) => return code,
    };
    match read.way(purpose).and_then(|way| ask(&way)) {
        Ok(answer) if common.json => {
            say(&answer);
            ExitCode::SUCCESS
        }
        Ok(answer) => {
            say(&words(&answer));
            ExitCode::SUCCESS
        }
        Err(error) => refused(&error),
    }
}

/// Says why something was not done, and what to end with.
pub(super) fn refused(error: &AdminError) -> ExitCode {
    let failed = fail(error);
    match error {
        AdminError::Usage(_) => ExitCode::from(EX_USAGE),
        AdminError::Refused(_)
        | AdminError::Store(_)
        | AdminError::NoApi
        | AdminError::Exposed { .. }
        | AdminError::Away { .. } => failed,
    }
}
