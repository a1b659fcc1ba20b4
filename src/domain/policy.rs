//! Who may pass where: rules, decisions, and the permit that lets a request through.
//!
//! 1. The first rule that matches path, method, host and network decides; where none does, the
//!    site's `allow`.
//! 2. A path with several readings is decided for each of them, and the strictest decision counts:
//!    forbidden, then sign in, then sign in anew, then pass as somebody, then pass as anybody.
//! 3. Where the address of the client is not known, a rule with networks may match or not, so both
//!    are decided, and the strictest counts here, too: such a rule lets nobody in, and one that
//!    forbids is not got round by hiding.
//! 4. A list without entries admits nobody, so a policy without rules and lists lets nothing pass.
//! 5. The result of a pass is a [`Permit`]. Only this module makes one, and an upstream can be
//!    reached with one only: an answer forgotten somewhere is a request that goes nowhere.
//!
//! [`SitePolicy::explain`] runs the same code as [`SitePolicy::decide`] and writes down what it
//! did.

mod allow;
mod explain;
mod groups;
mod index;
mod judge;
mod reach;
mod rule;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use allow::{AllowEntry, AllowEntryError, AllowList};
pub use explain::Explanation;
use explain::Untraced;
pub use groups::{GroupMemberError, Groups};
use index::Index;
pub use judge::{Asked, Verdict, Visitor};
pub use reach::Reached;
pub use rule::{Access, MethodError, MethodSet, Rule, Shadow, Unauthenticated, shadowed};

use super::email::EmailAddress;
use super::identity::{GroupName, Identity, Membership};
use super::service_token::ServiceToken;

/// What logs and `explain` call the decision where no rule matched.
pub const SITE_ALLOW: &str = "allow";

/// What logs, metrics and `explain` call the rule at a place in the configuration, counted from 0.
#[must_use]
pub fn rule_name(place: usize) -> String {
    format!("rules[{place}]")
}

/// The place of the rule that is called so; none for [`SITE_ALLOW`].
///
/// ```
/// # use linkgate::domain::policy::{rule_name, rule_place};
/// assert_eq!(rule_place(&rule_name(12)), Some(12));
/// assert_eq!(rule_place("allow"), None);
/// ```
#[must_use]
pub fn rule_place(name: &str) -> Option<usize> {
    name.strip_prefix("rules[")?.strip_suffix(']')?.parse().ok()
}

/// Rules of one site that are sooner tried one by one than looked up.
const FEW_RULES: usize = 16;

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
    /// None where the rules are few.
    index: Option<Index>,
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
        /// The name of the rule that says so.
        rule: Arc<str>,
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
///     let (site, upstream) = (SiteId(0), UpstreamId(0));
///     Permit { site, upstream, rule: "none".into(), identity: None, machine: None }
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    site: SiteId,
    upstream: UpstreamId,
    rule: Arc<str>,
    identity: Option<Arc<Identity>>,
    machine: Option<Arc<ServiceToken>>,
}

impl Decision {
    /// The name of the rule that decided, or [`SITE_ALLOW`], for logs.
    #[must_use]
    pub fn rule(&self) -> &Arc<str> {
        match self {
            Self::Pass(permit) => &permit.rule,
            Self::Challenge { rule, .. } | Self::Forbid { rule } => rule,
        }
    }
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

    /// The service token that is asking. None on a public route, where it is of no account.
    #[must_use]
    pub fn machine(&self) -> Option<&Arc<ServiceToken>> {
        self.machine.as_ref()
    }

    /// Who is asking. On a public route too, if a session is there.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }
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
            index: (rules.len() > FEW_RULES).then(|| Index::of(&rules)),
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

    /// How many rules it has, `allow` aside.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// The site's upstream.
    #[must_use]
    pub fn upstream(&self) -> UpstreamId {
        self.upstream
    }

    /// Decides about a request. Allocates nothing.
    pub fn decide(&self, asked: Asked<'_>) -> Decision {
        let ruling = self.judge(asked, &mut Untraced);
        let (person, machine) = match asked.visitor {
            Visitor::Nobody => (None, None),
            Visitor::Person(person) => (Some(person), None),
            Visitor::Machine(machine) => (None, Some(machine)),
        };
        let pass = |machine: Option<&Arc<ServiceToken>>| {
            Decision::Pass(Permit {
                site: self.site,
                upstream: self.upstream,
                rule: Arc::clone(ruling.rule),
                identity: person.cloned(),
                machine: machine.cloned(),
            })
        };
        let challenge = |reason| {
            let (rule, unauthenticated) = (Arc::clone(ruling.rule), ruling.unauthenticated);
            Decision::Challenge { rule, reason, unauthenticated }
        };
        let forbid = || Decision::Forbid { rule: Arc::clone(ruling.rule) };
        match ruling.verdict {
            Verdict::Anybody => pass(None),
            Verdict::Admitted => pass(machine),
            // Nobody sits at a script who could sign in.
            _ if machine.is_some() => forbid(),
            Verdict::TooOld => challenge(ChallengeReason::TooOld),
            Verdict::NoSession => challenge(ChallengeReason::NoSession),
            Verdict::Forbidden => forbid(),
        }
    }

    /// Whether some request to this target wants a more recent sign-in of this visitor, whatever its
    /// method. The form asks this: it is shown after a form was sent with an old sign-in, too, and must
    /// not lead straight back because the page itself, a GET, would pass.
    #[must_use]
    pub fn wants_renewal(&self, asked: Asked<'_>) -> bool {
        // Whatever no rule names is treated like this, which none can name.
        const ANY_OTHER: &str = "any other";
        let named = self.rules.iter().filter_map(|rule| rule.methods.names()).flatten();
        let methods: BTreeSet<&str> = named.map(AsRef::as_ref).chain(["HEAD", ANY_OTHER]).collect();
        let is_too_old = |method| {
            let decision = self.decide(Asked { method, ..asked });
            matches!(decision, Decision::Challenge { reason: ChallengeReason::TooOld, .. })
        };
        self.rules.iter().any(|rule| rule.max_age.is_some()) && methods.into_iter().any(is_too_old)
    }

    /// Tells what [`decide`](Self::decide) would do, and why. Makes no permit.
    #[must_use]
    pub fn explain(&self, asked: Asked<'_>) -> Explanation {
        let mut explanation = Explanation::new(&self.name, asked);
        let ruling = self.judge(asked, &mut explanation);
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
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
