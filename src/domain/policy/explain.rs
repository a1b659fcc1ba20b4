//! Why a request is decided about as it is, in words for a terminal.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::SITE_ALLOW;
use super::allow::AllowList;
use super::judge::{Asked, Fit, Look, Met, Verdict, Visitor};
use super::rule::{Access, Rule};
use crate::domain::identity::{GroupName, Identity, Membership};
use crate::domain::letter;
use crate::domain::path::Case;
use crate::domain::service_token::ServiceToken;
use crate::domain::time::Span;

/// Hears what the policy does. The traffic has nobody listening, and pays nothing for it.
pub(super) trait Trace {
    /// A look at the request begins.
    fn look(&mut self, _look: Look<'_>) {}
    /// The index has passed over these rules.
    fn skipped(&mut self, _rules: &[Rule], _asked: Asked<'_>, _look: Look<'_>) {}
    /// A list of people is asked.
    fn asked(&mut self, _list: &AllowList) {}
    /// A rule was tried in this look; a verdict is there if it matches, or may match.
    fn tried(&mut self, _rule: &Rule, _fit: Fit, _verdict: Option<(Verdict, Asked<'_>)>) {}
    /// No rule matched for certain.
    fn fell_through(&mut self, _verdict: Verdict, _asked: Asked<'_>) {}
    /// The look is over.
    fn judged(&mut self, _rule: &Arc<str>, _verdict: Verdict) {}
}

pub(super) struct Untraced;

impl Trace for Untraced {}

/// What [`SitePolicy::decide`](super::SitePolicy::decide) does with a request, step by step.
/// Printed by `linkgate explain`.
#[derive(Clone, Debug)]
pub struct Explanation {
    heading: String,
    looks: Vec<ExplainedLook>,
    rule: Arc<str>,
    verdict: Verdict,
    misses_client: bool,
    asks_accounts: bool,
    groups: BTreeSet<GroupName>,
}

#[derive(Clone, Debug)]
struct ExplainedLook {
    path: String,
    steps: String,
    tried: Vec<String>,
    verdict: Verdict,
}

impl Explanation {
    pub(super) fn new(site: &Arc<str>, asked: Asked<'_>) -> Self {
        let (method, path) = (printable(asked.method.as_bytes()), asked.target.path());
        let visitor = match asked.visitor {
            Visitor::Nobody => "nobody (no session)".to_owned(),
            Visitor::Machine(machine) => format!("the service token {}", machine.name),
            Visitor::Person(visitor) => {
                let age = shown(asked.now.since(visitor.signed_in_at));
                let (email, standing) = (visitor.email.spelling(), standing(visitor));
                format!("{email} ({standing}; signed in {age} ago)")
            }
        };
        let client = match asked.client {
            Some(client) => client.to_string(),
            None => "an address that is not known".to_owned(),
        };
        let host = asked.host;
        Self {
            heading: format!("{method} {path} on {site} ({host}), as {visitor}, from {client}"),
            looks: Vec::new(),
            rule: SITE_ALLOW.into(),
            verdict: Verdict::Forbidden,
            misses_client: false,
            asks_accounts: false,
            groups: BTreeSet::new(),
        }
    }

    pub(super) fn conclude(&mut self, rule: &Arc<str>, verdict: Verdict) {
        self.rule = Arc::clone(rule);
        self.verdict = verdict;
    }

    /// What the request gets.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The name of the rule that decides, or [`SITE_ALLOW`].
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The rule that decides, as the end of a sentence.
    #[must_use]
    pub fn decider(&self) -> String {
        named(&self.rule)
    }

    /// Whether a rule may match or not, because the client's address is not known.
    #[must_use]
    pub fn misses_client(&self) -> bool {
        self.misses_client
    }

    /// Whether a list was asked that names those who have an account.
    #[must_use]
    pub fn asks_accounts(&self) -> bool {
        self.asks_accounts
    }

    /// The groups that are named by the lists that were asked.
    pub fn groups(&self) -> impl Iterator<Item = &GroupName> {
        self.groups.iter()
    }

    fn note(&mut self, line: String) {
        if let Some(look) = self.looks.last_mut() {
            look.tried.push(line);
        }
    }
}

impl Trace for Explanation {
    fn look(&mut self, look: Look<'_>) {
        let mut steps = look.reading.steps.to_string();
        if look.path_case == Case::Ignored {
            steps.push_str(", case ignored");
        }
        if look.method_case == Case::Ignored {
            steps.push_str(", case of the method ignored");
        }
        self.looks.push(ExplainedLook {
            path: printable(look.reading.bytes),
            steps,
            tried: Vec::new(),
            verdict: Verdict::Forbidden,
        });
    }

    fn skipped(&mut self, rules: &[Rule], asked: Asked<'_>, look: Look<'_>) {
        for rule in rules {
            self.tried(rule, Fit::of(rule, asked, look), None);
        }
    }

    fn asked(&mut self, list: &AllowList) {
        self.asks_accounts |= list.names_accounts();
        self.groups.extend(list.groups().iter().cloned());
    }

    fn tried(&mut self, rule: &Rule, fit: Fit, verdict: Option<(Verdict, Asked<'_>)>) {
        let missed: Vec<_> = [
            (fit.path, "path"),
            (fit.method, "method"),
            (fit.host, "host"),
            (fit.network != Met::No, "network"),
        ]
        .into_iter()
        .filter_map(|(is_met, word)| (!is_met).then_some(word))
        .collect();
        self.misses_client |= fit.met() == Met::Perhaps;
        let result = match fit.met() {
            Met::Yes => "matches".to_owned(),
            Met::Perhaps => "may match: the network depends on the address".to_owned(),
            Met::No => format!("does not match: {}", missed.join(", ")),
        };
        self.note(format!("{} ({rule}): {result}", rule.name));
        if let Some((verdict, asked)) = verdict {
            self.note(format!("  {}", reason(rule, verdict, asked)));
        }
    }

    fn fell_through(&mut self, verdict: Verdict, asked: Asked<'_>) {
        let because = person_reason("the site's `allow`", None, verdict, asked);
        self.note("no rule matches for certain, so the site's `allow` decides".to_owned());
        self.note(format!("  {because}"));
    }

    fn judged(&mut self, _rule: &Arc<str>, verdict: Verdict) {
        if let Some(look) = self.looks.last_mut() {
            look.verdict = verdict;
        }
    }
}

/// What counts of a person besides the address.
fn standing(visitor: &Identity) -> String {
    let groups: Vec<_> = visitor.groups.iter().map(GroupName::as_str).collect();
    let account = match visitor.membership {
        Membership::Member => "with an account, ",
        Membership::Outsider => "",
    };
    match groups.join(", ") {
        none if none.is_empty() => format!("{account}in no group"),
        groups => format!("{account}in {groups}"),
    }
}

/// Why a rule that matches says what it says.
fn reason(rule: &Rule, verdict: Verdict, asked: Asked<'_>) -> String {
    match &rule.access {
        Access::Public => "public: anybody may pass".to_owned(),
        Access::Deny => "deny: nobody may pass".to_owned(),
        Access::Site => person_reason("the site's `allow`", rule.max_age, verdict, asked),
        Access::Allow(_) => person_reason("the rule's `allow`", rule.max_age, verdict, asked),
    }
}

fn person_reason(
    which: &str,
    max_age: Option<Duration>,
    verdict: Verdict,
    asked: Asked<'_>,
) -> String {
    let visitor = match (asked.visitor, verdict) {
        (Visitor::Person(visitor), _) => visitor,
        (Visitor::Machine(machine), _) => return machine_reason(machine, max_age, verdict),
        (Visitor::Nobody, Verdict::Forbidden) => return format!("person: {which} names nobody"),
        (Visitor::Nobody, _) => {
            return format!("person: nobody is signed in, and {which} wants somebody");
        }
    };
    let person = visitor.email.spelling();
    let age = shown(asked.now.since(visitor.signed_in_at));
    let most = max_age.map(shown);
    match (verdict, most) {
        (Verdict::TooOld, Some(most)) => {
            format!("person: {which} names {person}; age: signed in {age} ago, at most {most}")
        }
        (Verdict::Forbidden, _) => format!("person: {which} does not name {person}"),
        (_, Some(most)) => {
            format!("person: {which} names {person}; age: {age}, within {most}")
        }
        (_, None) => format!("person: {which} names {person}"),
    }
}

fn machine_reason(machine: &ServiceToken, max_age: Option<Duration>, verdict: Verdict) -> String {
    let name = &machine.name;
    match (verdict, max_age) {
        (Verdict::Admitted, _) => format!("token: {name} is granted this"),
        (_, Some(_)) => format!("token: {name} has no sign-in that could be recent"),
        (_, None) => format!("token: {name} is not granted this, or nobody may pass"),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.heading)?;
        for (at, look) in self.looks.iter().enumerate() {
            if self.looks.len() > 1 {
                let ExplainedLook { path, steps, .. } = look;
                writeln!(out, "reading {} of {}: {path} ({steps})", at + 1, self.looks.len())?;
            }
            write!(out, "{look}")?;
        }
        let because = match self.looks.len() {
            0 | 1 if self.misses_client => ", the strictest",
            0 | 1 => "",
            _ => ", the strictest of the readings",
        };
        if self.misses_client {
            writeln!(
                out,
                "the client's address is not known: what may match is decided both ways"
            )?;
        }
        write!(out, "decision: {}, by {}{because}", self.verdict, named(&self.rule))
    }
}

impl fmt::Display for ExplainedLook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tried {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "  -> {}", self.verdict)
    }
}

fn named(rule: &str) -> String {
    if rule == SITE_ALLOW { "the site's `allow`".to_owned() } else { rule.to_owned() }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Anybody => "pass, public",
            Self::Admitted => "pass, admitted",
            Self::TooOld => "sign in again, the sign-in is too old",
            Self::NoSession => "sign in first",
            Self::Forbidden => "forbidden",
        })
    }
}

/// A span as the configuration writes it, in whole seconds.
fn shown(span: Duration) -> String {
    Span::seconds(span.as_secs()).to_string()
}

/// Text for a terminal: what is not printable is escaped.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for letter in String::from_utf8_lossy(bytes).chars() {
        if letter::is_hidden(letter) {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}
