//! What reading a request target and deciding about it costs, with twenty rules.

use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::identity::{Identity, Membership};
use linkgate::domain::path::RequestTarget;
use linkgate::domain::policy::{
    Access, AllowEntry, MethodSet, Rule, SiteId, SitePolicy, Unauthenticated, UpstreamId,
};
use linkgate::domain::time::UnixMillis;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// An ordinary path that no rule names, one that the last rule names, a public one, odd ones.
pub fn all(criterion: &mut Criterion) {
    let (policy, visitor) = (policy(), visitor());
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
                target.map(|target| policy.decide("GET", &target, Some(&visitor), NOW))
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
    Rule {
        name: path.into(),
        path: path.parse().expect("a pattern"),
        methods: MethodSet::any(),
        access,
        max_age: None,
        unauthenticated: Unauthenticated::ByKind,
    }
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
