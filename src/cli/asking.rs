//! How a command asks the admin API, and says what came of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::admin::{AdminError, Purpose, Way, facts, no_facts};
use super::{EX_USAGE, complain, fail, say};
use crate::config::{Config, Essentials};
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

/// Reads that much, or says what is wrong.
///
/// # Errors
/// What to end with.
pub(super) fn read(path: &Path, needs: Needs) -> Result<(Essentials, Facts), ExitCode> {
    let problems = match Config::load(path) {
        Ok(config) => return Ok(((&config).into(), facts(&config))),
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
            complain(&"linkgate: this command needs nothing of that, and goes on");
            Ok((essentials, no_facts()))
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
    let (essentials, facts) = match read(&common.config, needs) {
        Ok(read) => read,
        Err(code) => return code,
    };
    match Way::find(&essentials, facts, purpose).and_then(|way| ask(&way)) {
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
