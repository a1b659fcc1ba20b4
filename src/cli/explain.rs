//! `linkgate explain`: the live policy, asked aloud.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::foundation::sites;
use super::question::{Answer, Explained, NoAnswer, ask};
use super::{broken, load, say};
use crate::config::{Question, SaidAccount, SaidScript, Who, WholeUrl};
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::identity::GroupName;
use crate::domain::path::PathPattern;
use crate::domain::policy::MethodSet;
use crate::domain::service_token::TokenName;
use crate::domain::time::Span;

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// The method, as in GET.
    #[arg(value_parser = method)]
    method: String,
    /// The whole address of the page.
    url: WholeUrl,
    /// Who is signed in; nobody if left out.
    #[arg(long = "as", value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    visitor: Option<EmailAddress>,
    /// How long ago that person has signed in, as in 2h; just now if left out.
    #[arg(long, value_name = "AGE", requires = "visitor")]
    age: Option<Span>,
    /// That person has an active account. It is not looked up: say it.
    #[arg(long, requires = "visitor")]
    member: bool,
    /// A group that the account gives, besides those of the configuration. Several may be given.
    #[arg(long = "group", value_name = "NAME", requires = "visitor")]
    groups: Vec<GroupName>,
    /// A script asks, with a service token of this site. Its name, if any, is behind a "=".
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "script",
        conflicts_with = "visitor"
    )]
    script: Option<TokenName>,
    /// A path that the token may ask for, as in a rule: "/api/**". Several may be given.
    #[arg(
        long,
        value_name = "PATTERN",
        requires = "script",
        default_value = "/**",
        value_delimiter = ','
    )]
    paths: Vec<PathPattern>,
    /// A method that the token may use; all if none is given.
    #[arg(
        long,
        value_name = "METHOD",
        requires = "script",
        value_delimiter = ',',
        value_parser = method
    )]
    methods: Vec<String>,
    /// The client's IP address. If left out it is not known, and the strictest counts.
    #[arg(long, value_name = "IP")]
    from: Option<IpAddr>,
}

fn method(text: &str) -> Result<String, String> {
    let set = MethodSet::of([text]).map_err(|error| format!("{error}; {}", error.hint()));
    set.map(|_| text.to_owned())
}

impl ExplainArguments {
    fn question(self) -> (PathBuf, Question) {
        let who = match (self.visitor, self.script) {
            (Some(email), _) => {
                let is_member = self.member || !self.groups.is_empty();
                let active = SaidAccount::Active(self.groups);
                let account = if is_member { active } else { SaidAccount::Unsaid };
                let age = self.age.map_or(Duration::ZERO, Span::as_duration);
                Who::Person { email, age, account }
            }
            (None, Some(name)) => {
                // Each was read before, so that only the empty list is none.
                let methods = MethodSet::of(self.methods.iter().map(String::as_str));
                let (paths, methods) = (self.paths, methods.unwrap_or_default());
                Who::Script(SaidScript { name, paths, methods })
            }
            (None, None) => Who::Nobody,
        };
        let client = self.from.map(ClientAddress::from);
        (self.config, Question { method: self.method, url: self.url, who, client })
    }
}

pub(super) fn run(arguments: ExplainArguments) -> ExitCode {
    let (path, question) = arguments.question();
    let config = match load(&path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match ask(&config, &sites(&config), &question) {
        Ok(Answer::Explained(Explained { explanation, misses_account })) => {
            say(&explanation);
            if misses_account {
                say(
                    &"note: accounts were not looked at; if this person has one, say --member, and \
                      --group NAME for each group that it gives",
                );
            }
        }
        Ok(Answer::Refused(error)) => {
            say(&format_args!("refused with 400 before any rule is asked: {error}"));
        }
        Err(NoAnswer::OwnPage) => {
            say(&"one of linkgate's own pages: answered here, never passed on");
        }
        Err(error) => {
            let value = Some(error.value()).filter(|value| !value.is_empty());
            let value = value.map(|value| format!(": `{value}`")).unwrap_or_default();
            return broken(&format_args!("linkgate: {error}{value}"));
        }
    }
    ExitCode::SUCCESS
}
