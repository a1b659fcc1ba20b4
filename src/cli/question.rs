//! What the policy says to a request that somebody describes: for `explain` and for `tests`.

use std::sync::Arc;

use crate::config::{Config, Expected, Question};
use crate::domain::identity::{Identity, Membership};
use crate::domain::origin::Scheme;
use crate::domain::path::{RequestTarget, TargetError, Under};
use crate::domain::policy::{Asked, Explanation, Verdict};
use crate::domain::site::Sites;
use crate::domain::time::UnixMillis;
use crate::ports::{Clock, SystemClock};

/// What becomes of the request.
pub(super) enum Answer {
    /// 400, before any rule is asked.
    Refused(TargetError),
    /// The policy has decided.
    Explained(Explanation),
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
}

impl Answer {
    /// In the words of `tests`.
    pub(super) fn outcome(&self) -> Expected {
        match self {
            Self::Refused(_) => Expected::Deny,
            Self::Explained(explanation) => match explanation.verdict() {
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
    let now: UnixMillis = SystemClock.now();
    let visitor = question.visitor.clone().map(|email| {
        let groups = config.groups.of(&email);
        let signed_in_at = now.before(question.age);
        Arc::new(Identity {
            email,
            groups,
            signed_in_at,
            membership: Membership::Outsider,
            expires_at: signed_in_at,
        })
    });
    Ok(Answer::Explained(located.site.policy.explain(Asked {
        host: located.origin.host(),
        method: &question.method,
        target: &target,
        client,
        visitor: visitor.as_ref().into(),
        now,
    })))
}
