//! What reading a request target and deciding about it costs, with twenty rules.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::identity::{Identity, Membership};
use linkgate::domain::origin::Host;
use linkgate::domain::path::RequestTarget;
use linkgate::domain::policy::{
    Access, AllowEntry, Asked, Rule, SiteId, SitePolicy, UpstreamId, Visitor,
};
use linkgate::domain::time::UnixMillis;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// An ordinary path that no rule names, one that the last rule names, a public one, odd ones.
pub fn all(criterion: &mut Criterion) {
    let (policy, visitor) = (policy(), visitor());
    let host = Host::parse("wiki.example.com").expect("a host");
    let mut group = criterion.benchmark_group("decide");
    let targets = [
        ("ordinary", "/reports/42?tab=x"),
        ("last rule", "/area19/tool/settings"),
        ("public", "/assets/app.css"),
        ("encoded", "/reports/%64aily"),
        ("odd", "//reports;v=1/a%2Fb%20c"),
    ];
    for (name, text) in targets {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let target = RequestTarget::parse(black_box(text.as_bytes()));
                target.map(|target| {
                    let (method, visitor) = ("GET", Visitor::Person(&visitor));
                    let (host, target) = (&host, &target);
                    policy.decide(Asked { host, method, target, client: None, visitor, now: NOW })
                })
            });
        });
    }
    group.finish();
}

fn policy() -> SitePolicy {
    let mut rules = vec![rule("/assets/**", Access::Public)];
    for number in 1..20 {
        rules.push(rule(&format!("/area{number}/*/settings"), Access::Site));
    }
    let entry: AllowEntry = "@example.com".parse().expect("an entry");
    SitePolicy::new(SiteId(0), "wiki", UpstreamId(0), rules, [entry].into_iter().collect())
}

fn rule(path: &str, access: Access) -> Rule {
    Rule::new(path, path.parse().expect("a pattern"), access)
}

fn visitor() -> Arc<Identity> {
    let email = EmailAddress::parse("ann@example.com").expect("an address");
    Arc::new(Identity {
        email,
        groups: Arc::from([]),
        signed_in_at: NOW,
        membership: Membership::Outsider,
        expires_at: NOW,
    })
}
