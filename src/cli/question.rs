//! What the policy says to a request that somebody describes: for `explain` and for `tests`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::{Config, Expected, Question, SaidAccount, SaidScript, Who};
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Identity, Membership};
use crate::domain::origin::Scheme;
use crate::domain::path::{RequestTarget, TargetError, Under};
use crate::domain::policy::{Asked, Explanation, Verdict, Visitor};
use crate::domain::service_token::ServiceToken;
use crate::domain::site::Sites;
use crate::domain::time::UnixMillis;
use crate::ports::{Clock, SystemClock};

/// What becomes of the request.
pub(super) enum Answer {
    /// 400, before any rule is asked.
    Refused(TargetError),
    /// The policy has decided.
    Explained(Explained),
}

/// What the policy does, and why.
pub(super) struct Explained {
    pub(super) explanation: Explanation,
    /// Whether an account might make a difference, and nothing was said of one.
    pub(super) misses_account: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("no site has this origin: {0}")]
    NoSite(String),
    #[error("the site is under {is}, not under {asked}")]
    Scheme { is: Scheme, asked: Scheme },
    #[error("this is one of linkgate's own pages, which no rule is asked about")]
    OwnPage,
    #[error("{0} is the address of a trusted proxy, and so no client's")]
    Proxy(String),
    #[error("no group has the name {0}, so no rule can ask for it")]
    NoGroup(GroupName),
}

impl Answer {
    /// In the words of `tests`.
    pub(super) fn outcome(&self) -> Expected {
        match self {
            Self::Refused(_) => Expected::Deny,
            Self::Explained(Explained { explanation, .. }) => match explanation.verdict() {
                Verdict::Anybody => Expected::Public,
                Verdict::Admitted => Expected::Allow,
                Verdict::TooOld => Expected::SignInAgain,
                Verdict::NoSession => Expected::SignIn,
                Verdict::Forbidden => Expected::Deny,
            },
        }
    }

    /// Whether this is what was expected. What everybody gets, one person gets, too.
    pub(super) fn is(&self, expected: Expected) -> bool {
        let outcome = self.outcome();
        outcome == expected || (outcome, expected) == (Expected::Public, Expected::Allow)
    }
}

/// Asks the policy.
pub(super) fn ask(config: &Config, sites: &Sites, question: &Question) -> Result<Answer, NoAnswer> {
    let url = &question.url;
    let located =
        sites.find(&url.authority).ok_or_else(|| NoAnswer::NoSite(url.authority.clone()))?;
    let (is, asked) = (located.origin.scheme(), url.scheme);
    if is != asked {
        return Err(NoAnswer::Scheme { is, asked });
    }
    let target = match RequestTarget::parse(url.target.as_bytes()) {
        Ok(target) => target,
        Err(error) => return Ok(Answer::Refused(error)),
    };
    if target.under(&format!("{}/", config.prefix.as_str())) != Under::No {
        return Err(NoAnswer::OwnPage);
    }
    let known = |client| {
        let proxy = || NoAnswer::Proxy(format!("{client}"));
        config.trusted_proxies.known(client).ok_or_else(proxy)
    };
    let client = question.client.map(known).transpose()?;
    let now = SystemClock.now();
    let asker = Asker::of(&question.who, config, located.site.policy.name(), now)?;
    let explanation = located.site.policy.explain(Asked {
        host: located.origin.host(),
        method: &question.method,
        target: &target,
        client,
        visitor: asker.visitor(),
        now,
    });
    let misses_account = misses_account(config, &question.who, &explanation);
    Ok(Answer::Explained(Explained { explanation, misses_account }))
}

/// Whether a list was asked that accounts decide, and nothing was said of one.
fn misses_account(config: &Config, who: &Who, explanation: &Explanation) -> bool {
    let is_unsaid = matches!(who, Who::Person { account: SaidAccount::Unsaid, .. });
    let is_filled_by_accounts = |group| config.groups.size(group) == Some(0);
    is_unsaid && (explanation.asks_accounts() || explanation.groups().any(is_filled_by_accounts))
}

/// Who asks, as the policy sees it.
enum Asker {
    Nobody,
    Person(Arc<Identity>),
    Machine(Arc<ServiceToken>),
}

impl Asker {
    fn of(who: &Who, config: &Config, site: &str, now: UnixMillis) -> Result<Self, NoAnswer> {
        Ok(match who {
            Who::Nobody => Self::Nobody,
            Who::Person { email, age, account } => {
                let signed_in_at = now.before(*age);
                let (groups, membership) = standing(config, email, account)?;
                let email = email.clone();
                let expires_at = signed_in_at;
                let identity = Identity { email, groups, signed_in_at, membership, expires_at };
                Self::Person(Arc::new(identity))
            }
            Who::Script(SaidScript { name, paths, methods }) => {
                Self::Machine(Arc::new(ServiceToken {
                    name: name.clone(),
                    site: site.to_owned(),
                    paths: paths.clone(),
                    methods: methods.clone(),
                    email: None,
                    created_at: now,
                    expires_at: now,
                    last_used: None,
                }))
            }
        })
    }

    fn visitor(&self) -> Visitor<'_> {
        match self {
            Self::Nobody => Visitor::Nobody,
            Self::Person(person) => Visitor::Person(person),
            Self::Machine(machine) => Visitor::Machine(machine),
        }
    }
}

/// The groups of a person, of the configuration and of the account, and whether there is one.
fn standing(
    config: &Config,
    email: &EmailAddress,
    account: &SaidAccount,
) -> Result<(Arc<[GroupName]>, Membership), NoAnswer> {
    let listed = config.groups.of(email);
    let SaidAccount::Active(said) = account else { return Ok((listed, Membership::Outsider)) };
    if let Some(unknown) = said.iter().find(|group| config.groups.size(group).is_none()) {
        return Err(NoAnswer::NoGroup(unknown.clone()));
    }
    let groups: BTreeSet<_> = listed.iter().chain(said).cloned().collect();
    Ok((groups.into_iter().collect(), Membership::Member))
}
