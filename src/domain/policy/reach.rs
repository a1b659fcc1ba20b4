//! Where a person may go, rule by rule.

use std::sync::Arc;
use std::time::Duration;

use super::allow::AllowList;
use super::{Access, SitePolicy, Verdict};
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Membership};

/// What one rule says to one person. It counts for what no rule before it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The name of the rule, or [`SITE_ALLOW`](super::SITE_ALLOW).
    pub rule: Arc<str>,
    /// What it is about, in the words of the configuration.
    pub about: String,
    /// [`Verdict::Anybody`], [`Verdict::Admitted`] or [`Verdict::Forbidden`]: the other two depend on a
    /// session.
    pub verdict: Verdict,
    /// How long ago the sign-in may be at most.
    pub max_age: Option<Duration>,
}

impl SitePolicy {
    /// What each rule says to a person, in their order, and at the end the site's `allow`, for what no
    /// rule names.
    #[must_use]
    pub fn reach(
        &self,
        email: &EmailAddress,
        groups: &[GroupName],
        membership: Membership,
    ) -> Vec<Reached> {
        let listed = |list: &AllowList| match list.admits(email, groups, membership) {
            true => Verdict::Admitted,
            false => Verdict::Forbidden,
        };
        let of_rules = self.rules.iter().map(|rule| Reached {
            rule: Arc::clone(&rule.name),
            about: rule.to_string(),
            verdict: match &rule.access {
                Access::Public => Verdict::Anybody,
                Access::Deny => Verdict::Forbidden,
                Access::Site => listed(&self.allow),
                Access::Allow(list) => listed(list),
            },
            max_age: rule.max_age,
        });
        let rest = Reached {
            rule: Arc::clone(&self.allow_name),
            about: "what no rule names".to_owned(),
            verdict: listed(&self.allow),
            max_age: None,
        };
        of_rules.chain([rest]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{AllowEntry, Rule, SiteId, UpstreamId};

    #[test]
    fn each_rule_says_what_it_would_decide() {
        let list = |entries: &[&str]| -> AllowList {
            entries.iter().map(|entry| entry.parse::<AllowEntry>().unwrap()).collect()
        };
        let rule = |name: &str, path: &str, access| Rule::new(name, path.parse().unwrap(), access);
        let recent = Rule {
            max_age: Some(Duration::from_secs(900)),
            ..rule("admin", "/admin/**", Access::Allow(list(&["group:admins"])))
        };
        let rules = vec![
            rule("assets", "/assets/**", Access::Public),
            recent,
            rule("old", "/old/**", Access::Deny),
            rule("same", "/same/**", Access::Site),
        ];
        let policy =
            SitePolicy::new(SiteId(0), "wiki", UpstreamId(0), rules, list(&["@example.com"]));
        let says = |email: &str, groups: &[&str]| {
            let groups: Vec<GroupName> = groups.iter().map(|it| it.parse().unwrap()).collect();
            let email = EmailAddress::parse(email).unwrap();
            let reached = policy.reach(&email, &groups, Membership::Outsider);
            reached.into_iter().map(|it| (it.rule.to_string(), it.verdict)).collect::<Vec<_>>()
        };
        use Verdict::{Admitted, Anybody, Forbidden};
        let names = ["assets", "admin", "old", "same", "allow"].map(str::to_owned);
        let of =
            |verdicts: [Verdict; 5]| names.clone().into_iter().zip(verdicts).collect::<Vec<_>>();
        let staff = of([Anybody, Forbidden, Forbidden, Admitted, Admitted]);
        assert_eq!(says("ann@example.com", &[]), staff);
        let admin = of([Anybody, Admitted, Forbidden, Forbidden, Forbidden]);
        assert_eq!(says("eve@other.example", &["admins"]), admin);
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let reached = policy.reach(&email, &[], Membership::Outsider);
        assert_eq!(reached[1].max_age, Some(Duration::from_secs(900)));
        assert_eq!(reached[1].about, "path /admin/**");
    }
}
