//! `linkgate check`

use std::path::Path;
use std::process::ExitCode;

use super::{appearance, broken, load, remind, say};

pub(super) fn run(path: &Path) -> ExitCode {
    match load(path) {
        Ok(config) => {
            remind(&config.warnings);
            if let Err(error) = appearance::read(&config) {
                return broken(&error);
            }
            let sites = config.sites.len();
            let noun = if sites == 1 { "site" } else { "sites" };
            say(&format_args!("{}: ok: {sites} {noun}", path.display()));
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}
