//! `linkgate serve`

use std::path::Path;
use std::process::ExitCode;

use pingora::server::RunArgs;

use super::installation::Installation;
use super::{fail, load, logging};

pub(super) fn run(path: &Path) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let _log = match logging::start(config.log) {
        Ok(log) => log,
        Err(error) => return fail(&error),
    };
    let server = Installation::open(&config).and_then(|open| open.into_server(&config));
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
