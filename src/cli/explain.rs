//! `linkgate explain`: the live policy, asked aloud.

use std::path::Path;
use std::process::ExitCode;

use super::foundation::sites;
use super::question::{Answer, NoAnswer, ask};
use super::{EX_USAGE, fail, load, say};
use crate::config::Question;

pub(super) fn run(path: &Path, question: &Question) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match ask(&config, &sites(&config), question) {
        Ok(Answer::Explained(explanation)) => say(&explanation),
        Ok(Answer::Refused(error)) => {
            say(&format_args!("refused with 400 before any rule is asked: {error}"));
        }
        Err(NoAnswer::OwnPage) => {
            say(&"one of linkgate's own pages: answered here, never passed on");
        }
        Err(error @ (NoAnswer::NoSite(_) | NoAnswer::Scheme { .. } | NoAnswer::Proxy(_))) => {
            let _ = fail(&error);
            return ExitCode::from(EX_USAGE);
        }
    }
    ExitCode::SUCCESS
}
