//! `linkgate check`

use std::path::Path;
use std::process::ExitCode;

use super::foundation::sites;
use super::question::{Answer, NoAnswer, ask};
use super::{EX_USAGE, appearance, broken, complain, load, remind, say};
use crate::config::{Config, Expectation, Fault, Problem, Problems};
use crate::domain::site::Sites;

pub(super) fn run(path: &Path) -> ExitCode {
    match load(path) {
        Ok(config) => {
            remind(&config.warnings);
            if let Err(error) = appearance::read(&config) {
                return broken(&error);
            }
            let problems = disappointments(&config, &sites(&config));
            if !problems.is_empty() {
                complain(&Problems::new(problems));
                return ExitCode::from(EX_USAGE);
            }
            let sites = count(config.sites.len(), "site");
            let tests = match config.tests.len() {
                0 => String::new(),
                tests => format!(", {}", count(tests, "test")),
            };
            say(&format_args!("{}: ok: {sites}{tests}", path.display()));
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The entries of `tests` that do not come true.
fn disappointments(config: &Config, sites: &Sites) -> Vec<Problem> {
    let tests = config.tests.iter();
    tests.filter_map(|test| Some(test.at.problem(disappointment(config, sites, test)?))).collect()
}

fn disappointment(config: &Config, sites: &Sites, test: &Expectation) -> Option<Fault> {
    let Expectation { question, expected, at } = test;
    let answer = match ask(config, sites, question) {
        Ok(answer) if answer.is(*expected) => return None,
        Ok(answer) => answer,
        Err(why) => {
            let hint = match why {
                NoAnswer::NoSite(_) | NoAnswer::Scheme { .. } => {
                    "write it as browsers do for one of the sites"
                }
                NoAnswer::OwnPage => "remove the test",
                NoAnswer::Proxy(_) => "name a client",
                NoAnswer::NoGroup(_) => {
                    "add it under `groups`, with an empty list if accounts fill it"
                }
            };
            return Some(Fault::new(format!("cannot be asked: {why}")).hint(hint));
        }
    };
    let (expected, outcome) = (expected.word(), answer.outcome().word());
    let by = match &answer {
        Answer::Refused(error) => format!("refused with 400 before any rule is asked: {error}"),
        Answer::Explained(one) => format!("decided by {}", one.explanation.decider()),
    };
    let unknown = match &answer {
        Answer::Explained(one) if one.explanation.misses_client() => {
            "; without `from` the client is not known, and the strictest counts"
        }
        Answer::Explained(one) if one.misses_account => {
            "; accounts are not looked at: say `member` or `in GROUP`, if there is one"
        }
        Answer::Explained(_) | Answer::Refused(_) => "",
    };
    let what = format!("expected `{expected}`, but it is `{outcome}`, {by}{unknown}");
    Some(Fault::new(what).hint(format!("linkgate explain -c {} {question}", at.file)))
}
