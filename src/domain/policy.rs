//! Who may pass where: rules, decisions, and the permit that lets a request through.
//!
//! 1. The first rule that matches path and method decides; where none does, the site's `allow`.
//! 2. A path with several readings is decided for each of them, and the strictest decision counts:
//!    forbidden, then sign in, then sign in anew, then pass as somebody, then pass as anybody.
//! 3. A list without entries admits nobody, so a policy without rules and lists lets nothing pass.
//! 4. The result of a pass is a [`Permit`]. Only this module makes one, and an upstream can be
//!    reached with one only: an answer forgotten somewhere is a request that goes nowhere.
//!
//! [`SitePolicy::explain`] runs the same code as [`SitePolicy::decide`] and writes down what it
//! did.

mod allow;
mod explain;
mod groups;
mod rule;

use std::sync::Arc;
use std::time::Duration;

pub use allow::{AllowEntry, AllowEntryError, AllowList};
pub use explain::Explanation;
use explain::{Trace, Untraced};
pub use groups::{GroupMemberError, Groups};
pub use rule::{Access, MethodError, MethodSet, Rule, Shadow, Unauthenticated, shadowed};

use super::email::EmailAddress;
use super::identity::{GroupName, Identity, Membership};
use super::path::{Case, Reading, RequestTarget};
use super::time::UnixMillis;

/// What logs and `explain` call the decision where no rule matched.
pub const SITE_ALLOW: &str = "allow";

/// A site, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// An upstream, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub u32);

/// The rules of one site.
#[derive(Clone, Debug)]
pub struct SitePolicy {
    site: SiteId,
    name: Arc<str>,
    upstream: UpstreamId,
    rules: Box<[Rule]>,
    allow: AllowList,
    allow_name: Arc<str>,
    has_upper_case: bool,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// It may reach the upstream.
    Pass(Permit),
    /// The visitor has to sign in first.
    Challenge {
        /// Why.
        reason: ChallengeReason,
        /// In which form the visitor is asked.
        unauthenticated: Unauthenticated,
    },
    /// Nobody may pass, or this visitor may not.
    Forbid {
        /// The name of the rule that says so.
        rule: Arc<str>,
    },
}

/// Why a visitor has to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeReason {
    /// There is no session.
    NoSession,
    /// The sign-in is older than the rule's `max_age`.
    TooOld,
}

/// The proof that one request may reach one upstream.
///
/// Its fields are private and no function outside the policy makes one, so that no other code can
/// let a request through, not even by mistake. It cannot be copied either. This compiles:
///
/// ```
/// use linkgate::domain::policy::{Permit, SiteId, UpstreamId};
/// fn is_first(permit: &Permit) -> bool {
///     (permit.site(), permit.upstream()) == (SiteId(0), UpstreamId(0))
///         && permit.rule() == "none"
///         && permit.identity().is_none()
/// }
/// ```
///
/// and this does not:
///
/// ```compile_fail,E0451
/// use linkgate::domain::policy::{Permit, SiteId, UpstreamId};
/// fn forge() -> Permit {
///     Permit { site: SiteId(0), upstream: UpstreamId(0), rule: "none".into(), identity: None }
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    site: SiteId,
    upstream: UpstreamId,
    rule: Arc<str>,
    identity: Option<Arc<Identity>>,
}

impl Permit {
    /// The site that was asked for.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.site
    }

    /// The upstream that may be reached.
    #[must_use]
    pub fn upstream(&self) -> UpstreamId {
        self.upstream
    }

    /// The name of the rule that let it pass, for logs.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// Who is asking. On a public route too, if a session is there.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
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

/// One request, as far as a policy looks at it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a str,
    target: &'a RequestTarget,
    visitor: Option<&'a Arc<Identity>>,
    now: UnixMillis,
}

/// One look at a request: a reading of its path, and whether case counts.
#[derive(Clone, Copy)]
struct Look<'a> {
    reading: Reading<'a>,
    path_case: Case,
    method_case: Case,
}

/// What was found for a look.
#[derive(Clone, Copy)]
struct Ruling<'a> {
    rule: &'a Arc<str>,
    verdict: Verdict,
    unauthenticated: Unauthenticated,
}

impl SitePolicy {
    /// The policy of a site: its rules in order, and `allow` for what no rule names.
    #[must_use]
    pub fn new(
        site: SiteId,
        name: &str,
        upstream: UpstreamId,
        rules: Vec<Rule>,
        allow: AllowList,
    ) -> Self {
        let has_upper_case = rules.iter().any(|rule| rule.path.has_upper_case());
        Self {
            site,
            name: name.into(),
            upstream,
            rules: rules.into_boxed_slice(),
            allow,
            allow_name: SITE_ALLOW.into(),
            has_upper_case,
        }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> SiteId {
        self.site
    }

    /// The site's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The site's upstream.
    #[must_use]
    pub fn upstream(&self) -> UpstreamId {
        self.upstream
    }

    /// Decides about a request. Allocates nothing.
    pub fn decide(
        &self,
        method: &str,
        target: &RequestTarget,
        visitor: Option<&Arc<Identity>>,
        now: UnixMillis,
    ) -> Decision {
        let ruling = self.judge(Asked { method, target, visitor, now }, &mut Untraced);
        let challenge = |reason| {
            let unauthenticated = ruling.unauthenticated;
            Decision::Challenge { reason, unauthenticated }
        };
        match ruling.verdict {
            Verdict::Anybody | Verdict::Admitted => Decision::Pass(Permit {
                site: self.site,
                upstream: self.upstream,
                rule: Arc::clone(ruling.rule),
                identity: visitor.cloned(),
            }),
            Verdict::TooOld => challenge(ChallengeReason::TooOld),
            Verdict::NoSession => challenge(ChallengeReason::NoSession),
            Verdict::Forbidden => Decision::Forbid { rule: Arc::clone(ruling.rule) },
        }
    }

    /// Tells what [`decide`](Self::decide) would do, and why. Makes no permit.
    #[must_use]
    pub fn explain(
        &self,
        method: &str,
        target: &RequestTarget,
        visitor: Option<&Arc<Identity>>,
        now: UnixMillis,
    ) -> Explanation {
        let mut explanation = Explanation::new(&self.name, method, target, visitor);
        let ruling = self.judge(Asked { method, target, visitor, now }, &mut explanation);
        explanation.conclude(ruling.rule, ruling.verdict);
        explanation
    }

    /// Whether this address may enter anything here. Where it may not, no mail is sent.
    #[must_use]
    pub fn may_sign_in(
        &self,
        email: &EmailAddress,
        groups: &[GroupName],
        membership: Membership,
    ) -> bool {
        self.lists().any(|list| list.admits(email, groups, membership))
    }

    /// Whether anybody without an account may enter anything here.
    #[must_use]
    pub fn admits_outsiders(&self) -> bool {
        self.lists().any(AllowList::admits_outsiders)
    }

    /// How the site's lists spell this address, if one of them names it.
    #[must_use]
    pub fn mail_spelling(&self, email: &EmailAddress) -> Option<&str> {
        self.lists().find_map(|list| list.mail_spelling(email))
    }

    fn lists(&self) -> impl Iterator<Item = &AllowList> {
        let of_rules = self.rules.iter().filter_map(|rule| match &rule.access {
            Access::Allow(list) => Some(list),
            Access::Public | Access::Site | Access::Deny => None,
        });
        std::iter::once(&self.allow).chain(of_rules)
    }

    /// The strictest ruling over every look at the request; of equals the first.
    fn judge(&self, asked: Asked<'_>, trace: &mut impl Trace) -> Ruling<'_> {
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
                    verdict: self.verdict(rule, asked),
                    unauthenticated: rule.unauthenticated,
                };
            }
        }
        Ruling {
            rule: &self.allow_name,
            verdict: verdict_of(&self.allow, None, asked),
            unauthenticated: Unauthenticated::ByKind,
        }
    }

    fn verdict(&self, rule: &Rule, asked: Asked<'_>) -> Verdict {
        match &rule.access {
            Access::Public => Verdict::Anybody,
            Access::Site => verdict_of(&self.allow, rule.max_age, asked),
            Access::Allow(list) => verdict_of(list, rule.max_age, asked),
            Access::Deny => Verdict::Forbidden,
        }
    }
}

fn verdict_of(list: &AllowList, max_age: Option<Duration>, asked: Asked<'_>) -> Verdict {
    match asked.visitor {
        // Nobody could ever pass: a sign-in would be asked for in vain.
        _ if list.is_empty() => Verdict::Forbidden,
        None => Verdict::NoSession,
        Some(visitor) if !list.admits(&visitor.email, &visitor.groups, visitor.membership) => {
            Verdict::Forbidden
        }
        Some(visitor) => {
            let age = asked.now.since(visitor.signed_in_at);
            let is_too_old = max_age.is_some_and(|most| age > most);
            if is_too_old { Verdict::TooOld } else { Verdict::Admitted }
        }
    }
}

/// Whether to look with and without regard to case, or once, where both are the same.
fn cases(case_matters: bool) -> &'static [Case] {
    if case_matters { &[Case::Exact, Case::Ignored] } else { &[Case::Exact] }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
