//! `linkgate serve`

use std::path::Path;
use std::process::ExitCode;

use pingora::server::RunArgs;

use super::installation::Installation;
use super::reload::Source;
use super::{EX_USAGE, complain, fail, logging};
use crate::config::Config;

pub(super) fn run(path: &Path) -> ExitCode {
    let (config, source) = match Source::open(path) {
        Ok(read) => read,
        Err(problems) => {
            complain(&problems);
            return ExitCode::from(EX_USAGE);
        }
    };
    let _log = match logging::start(config.log) {
        Ok(log) => log,
        Err(error) => return fail(&error),
    };
    warn(&config);
    let server = Installation::open(&config)
        .map(|open| Installation { source: Some(source.with_secret_made(&config.secret)), ..open })
        .and_then(|installation| installation.into_server(&config));
    match server {
        Err(error) => fail(&error),
        Ok(mut server) => {
            for listener in &config.listeners {
                let tls = listener.tls.is_some();
                tracing::info!(address = %listener.address, tls, "listening");
            }
            server.bootstrap();
            server.run(RunArgs::default());
            ExitCode::SUCCESS
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
