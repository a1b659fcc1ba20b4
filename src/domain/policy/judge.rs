//! How a policy comes to its ruling. The one path for decisions and explanations.

use std::sync::Arc;
use std::time::Duration;

use super::SitePolicy;
use super::allow::AllowList;
use super::explain::Trace;
use super::index::Candidates;
use super::rule::{Access, Rule, Unauthenticated};
use crate::domain::client::ClientAddress;
use crate::domain::identity::Identity;
use crate::domain::origin::Host;
use crate::domain::path::{Case, Reading, RequestTarget};
use crate::domain::service_token::ServiceToken;
use crate::domain::time::UnixMillis;

/// One request, as far as a policy looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The host that was asked for.
    pub host: &'a Host,
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a RequestTarget,
    /// The client's address, where it is known beyond doubt; see
    /// [`TrustedProxies::known`](crate::domain::client::TrustedProxies::known).
    pub client: Option<ClientAddress>,
    /// Who asks.
    pub visitor: Visitor<'a>,
    /// The time at which the age of the sign-in is judged.
    pub now: UnixMillis,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Visitor<'a> {
    /// Nobody that we know.
    Nobody,
    /// Somebody who is signed in.
    Person(&'a Arc<Identity>),
    /// A script with a service token. Its grant admits it, not a list of people; it is never asked
    /// to sign in.
    Machine(&'a Arc<ServiceToken>),
}

impl<'a> From<Option<&'a Arc<Identity>>> for Visitor<'a> {
    fn from(person: Option<&'a Arc<Identity>>) -> Self {
        person.map_or(Self::Nobody, Self::Person)
    }
}

/// What one rule says to one visitor; the later, the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Anybody may pass.
    Anybody,
    /// This visitor may pass.
    Admitted,
    /// This visitor may pass after a new sign-in.
    TooOld,
    /// Somebody may pass; who this is, is not known.
    NoSession,
    /// This visitor may not pass, or nobody may.
    Forbidden,
}

/// One look at a request: a reading of its path, and whether case counts.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) path_case: Case,
    pub(super) method_case: Case,
}

/// Which conditions of a rule are met in a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) path: bool,
    pub(super) method: bool,
    pub(super) host: bool,
    pub(super) network: Met,
}

/// Whether a condition, or a whole rule, is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Yes.
    Yes,
    /// It depends on the client's address, which is not known.
    Perhaps,
    /// No.
    No,
}

/// What was found for a look.
#[derive(Clone, Copy)]
pub(super) struct Ruling<'a> {
    pub(super) rule: &'a Arc<str>,
    pub(super) verdict: Verdict,
    pub(super) unauthenticated: Unauthenticated,
}

impl Fit {
    pub(super) fn of(rule: &Rule, asked: Asked<'_>, look: Look<'_>) -> Self {
        let network = match (&rule.from, asked.client) {
            (None, _) => Met::Yes,
            (Some(_), None) => Met::Perhaps,
            (Some(networks), Some(client)) if networks.contains(client) => Met::Yes,
            (Some(_), Some(_)) => Met::No,
        };
        Self {
            path: rule.path.matches(look.reading.bytes, look.path_case),
            method: rule.methods.matches(asked.method, look.method_case),
            host: rule.host.as_ref().is_none_or(|host| host.matches(asked.host)),
            network,
        }
    }

    /// Whether the rule is about the request.
    pub(super) fn met(self) -> Met {
        if self.path && self.method && self.host { self.network } else { Met::No }
    }
}

impl SitePolicy {
    /// The strictest ruling over every look at the request; of equals the first.
    pub(super) fn judge(&self, asked: Asked<'_>, trace: &mut impl Trace) -> Ruling<'_> {
        let method_cases = cases(asked.method.bytes().any(|byte| byte.is_ascii_lowercase()));
        let mut strictest: Option<Ruling<'_>> = None;
        for reading in asked.target.readings() {
            for &path_case in cases(reading.has_upper_case || self.has_upper_case) {
                for &method_case in method_cases {
                    let look = Look { reading, path_case, method_case };
                    trace.look(look);
                    let ruling = self.judge_look(asked, look, trace);
                    trace.judged(ruling.rule, ruling.verdict);
                    strictest = Some(stricter(strictest, ruling));
                }
            }
        }
        strictest.unwrap_or(Ruling {
            rule: &self.allow_name,
            verdict: Verdict::Forbidden,
            unauthenticated: Unauthenticated::ByKind,
        })
    }

    /// The first rule that matches, and before it every one that perhaps does: the strictest counts.
    fn judge_look(&self, asked: Asked<'_>, look: Look<'_>, trace: &mut impl Trace) -> Ruling<'_> {
        let mut strictest: Option<Ruling<'_>> = None;
        let mut passed = 0;
        for at in self.candidates(asked.host, look.reading.bytes) {
            let (Some(rule), Some(skipped)) = (self.rules.get(at), self.rules.get(passed..at))
            else {
                break;
            };
            trace.skipped(skipped, asked, look);
            passed = at + 1;
            let fit = Fit::of(rule, asked, look);
            let met = fit.met();
            if met == Met::No {
                trace.tried(rule, fit, None);
                continue;
            }
            let verdict = self.verdict(rule, asked, look, trace);
            trace.tried(rule, fit, Some((verdict, asked)));
            let unauthenticated = rule.unauthenticated;
            let ruling = stricter(strictest, Ruling { rule: &rule.name, verdict, unauthenticated });
            if met == Met::Yes {
                return ruling;
            }
            strictest = Some(ruling);
        }
        trace.skipped(self.rules.get(passed..).unwrap_or_default(), asked, look);
        trace.asked(&self.allow);
        let verdict = self.listed(&self.allow, None, asked, look);
        trace.fell_through(verdict, asked);
        let unauthenticated = Unauthenticated::ByKind;
        stricter(strictest, Ruling { rule: &self.allow_name, verdict, unauthenticated })
    }

    fn candidates(&self, host: &Host, path: &[u8]) -> Candidates<'_> {
        match &self.index {
            None => Candidates::all(self.rules.len()),
            Some(index) => index.candidates(Some(host.as_str()), path),
        }
    }

    fn verdict(
        &self,
        rule: &Rule,
        asked: Asked<'_>,
        look: Look<'_>,
        trace: &mut impl Trace,
    ) -> Verdict {
        let list = match &rule.access {
            Access::Public => return Verdict::Anybody,
            Access::Deny => return Verdict::Forbidden,
            Access::Site => &self.allow,
            Access::Allow(list) => list,
        };
        trace.asked(list);
        self.listed(list, rule.max_age, asked, look)
    }

    /// The verdict where a list of people decides.
    fn listed(
        &self,
        list: &AllowList,
        max_age: Option<Duration>,
        asked: Asked<'_>,
        look: Look<'_>,
    ) -> Verdict {
        match asked.visitor {
            // Nobody could ever pass: a sign-in would be asked for in vain.
            _ if list.is_empty() => Verdict::Forbidden,
            Visitor::Nobody => Verdict::NoSession,
            Visitor::Person(visitor) => {
                let Identity { email, groups, membership, signed_in_at, .. } = &**visitor;
                if !list.admits(email, groups, *membership) {
                    return Verdict::Forbidden;
                }
                let age = asked.now.since(*signed_in_at);
                let is_too_old = max_age.is_some_and(|most| age > most);
                if is_too_old { Verdict::TooOld } else { Verdict::Admitted }
            }
            // Nothing that a script could do makes a sign-in recent.
            Visitor::Machine(_) if max_age.is_some() => Verdict::Forbidden,
            Visitor::Machine(machine) => {
                let is_granted =
                    *machine.site == *self.name && machine.grants(look.reading.bytes, asked.method);
                if is_granted { Verdict::Admitted } else { Verdict::Forbidden }
            }
        }
    }
}

fn stricter<'a>(before: Option<Ruling<'a>>, now: Ruling<'a>) -> Ruling<'a> {
    before.filter(|before| before.verdict >= now.verdict).unwrap_or(now)
}

/// Whether to look with and without regard to case, or once, where both are the same.
fn cases(case_matters: bool) -> &'static [Case] {
    if case_matters { &[Case::Exact, Case::Ignored] } else { &[Case::Exact] }
}
