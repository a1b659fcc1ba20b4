//! How a request is judged: every look at it, the rule for each look, and the strictest ruling.

use std::sync::Arc;
use std::time::Duration;

use super::allow::AllowList;
use super::explain::Trace;
use super::rule::{Access, Rule, Unauthenticated};
use super::{SitePolicy, Verdict};
use crate::domain::identity::Identity;
use crate::domain::path::{Case, Reading, RequestTarget};
use crate::domain::service_token::ServiceToken;
use crate::domain::time::UnixMillis;

/// One request, as far as a policy looks at it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a RequestTarget,
    pub(super) visitor: Visitor<'a>,
    pub(super) now: UnixMillis,
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) enum Visitor<'a> {
    Nobody,
    Person(&'a Identity),
    Machine(&'a ServiceToken),
}

impl<'a> Visitor<'a> {
    pub(super) fn of(person: Option<&'a Arc<Identity>>) -> Self {
        person.map_or(Self::Nobody, |person| Self::Person(person))
    }
}

/// One look at a request: a reading of its path, and whether case counts.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) path_case: Case,
    pub(super) method_case: Case,
}

/// What was found for a look.
#[derive(Clone, Copy)]
pub(super) struct Ruling<'a> {
    pub(super) rule: &'a Arc<str>,
    pub(super) verdict: Verdict,
    pub(super) unauthenticated: Unauthenticated,
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
                    if strictest.is_none_or(|before| before.verdict < ruling.verdict) {
                        strictest = Some(ruling);
                    }
                }
            }
        }
        strictest.unwrap_or(Ruling {
            rule: &self.allow_name,
            verdict: Verdict::Forbidden,
            unauthenticated: Unauthenticated::ByKind,
        })
    }

    fn judge_look(&self, asked: Asked<'_>, look: Look<'_>, trace: &mut impl Trace) -> Ruling<'_> {
        for rule in &self.rules {
            let path = rule.path.matches(look.reading.bytes, look.path_case);
            let method = rule.methods.matches(asked.method, look.method_case);
            trace.tried(rule, path, method);
            if path && method {
                return Ruling {
                    rule: &rule.name,
                    verdict: self.verdict(rule, asked, look),
                    unauthenticated: rule.unauthenticated,
                };
            }
        }
        Ruling {
            rule: &self.allow_name,
            verdict: self.listed(&self.allow, None, asked, look),
            unauthenticated: Unauthenticated::ByKind,
        }
    }

    fn verdict(&self, rule: &Rule, asked: Asked<'_>, look: Look<'_>) -> Verdict {
        match &rule.access {
            Access::Public => Verdict::Anybody,
            Access::Site => self.listed(&self.allow, rule.max_age, asked, look),
            Access::Allow(list) => self.listed(list, rule.max_age, asked, look),
            Access::Deny => Verdict::Forbidden,
        }
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
                let Identity { email, groups, membership, signed_in_at, .. } = visitor;
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

/// Whether to look with and without regard to case, or once, where both are the same.
fn cases(case_matters: bool) -> &'static [Case] {
    if case_matters { &[Case::Exact, Case::Ignored] } else { &[Case::Exact] }
}
