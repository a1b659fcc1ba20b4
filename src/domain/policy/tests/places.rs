//! Rules that look at hosts and at the networks of clients.

use std::net::IpAddr;
use std::time::Duration;

use super::super::*;
use super::{asked, list, machine, of_machine, rule, site, visitor};
use crate::domain::client::{Network, Networks};
use crate::domain::origin::Host;
use crate::domain::path::RequestTarget;

fn networks(texts: &[&str]) -> Option<Networks> {
    Some(texts.iter().map(|text| text.parse::<Network>().unwrap()).collect())
}

/// A rule for `/x` that looks at networks, or at none.
fn from(texts: &[&str], access: Access) -> Rule {
    let from = if texts.is_empty() { None } else { networks(texts) };
    Rule { from, ..rule("/x", access) }
}

/// The verdict for `/x`, asked by alice, from inside 10.0.0.0/8, from outside, and from nowhere.
fn from_three_places(rules: Vec<Rule>, allow: &[&str]) -> [Verdict; 3] {
    let site = site(rules, allow);
    let alice = visitor("alice@example.com", &["admins"], Duration::from_secs(3600));
    let target = RequestTarget::parse(b"/x").unwrap();
    [Some("10.1.2.3"), Some("203.0.113.7"), None].map(|client| {
        let client = client.map(|text| text.parse::<IpAddr>().unwrap().into());
        site.explain(Asked { client, ..asked("GET", &target, Some(&alice)) }).verdict()
    })
}

#[test]
fn an_unknown_client_gets_the_strictest_of_what_it_may_be() {
    use Verdict::{Admitted, Anybody, Forbidden, TooOld};
    let inside = &["10.0.0.0/8"][..];
    let admins = || Access::Allow(list(&["group:admins"]));
    let fresh = |texts| Rule { max_age: Some(Duration::from_secs(60)), ..from(texts, admins()) };
    for (rules, allow, expected) in [
        // Who is inside is let in: not who may be.
        (vec![from(inside, Access::Public)], &[][..], [Anybody, Forbidden, Forbidden]),
        (vec![from(inside, Access::Public)], &["everyone"], [Anybody, Admitted, Admitted]),
        (
            vec![from(inside, admins()), from(&[], Access::Deny)],
            &["everyone"],
            [Admitted, Forbidden, Forbidden],
        ),
        // Who is inside is kept out: and who may be.
        (vec![from(inside, Access::Deny)], &["everyone"], [Forbidden, Admitted, Forbidden]),
        (
            vec![from(inside, Access::Deny), from(&[], Access::Public)],
            &[],
            [Forbidden, Anybody, Forbidden],
        ),
        // An older sign-in is enough inside, and the other way round.
        (vec![from(inside, admins()), fresh(&[])], &[], [Admitted, TooOld, TooOld]),
        (vec![fresh(inside), from(&[], admins())], &[], [TooOld, Admitted, TooOld]),
        // A rule behind one that matches for certain is not asked.
        (
            vec![from(&[], Access::Public), from(inside, Access::Deny)],
            &[],
            [Anybody, Anybody, Anybody],
        ),
        // All networks there are is not the same as everybody.
        (
            vec![from(&["0.0.0.0/0", "::/0"], Access::Public), from(&[], Access::Deny)],
            &[],
            [Anybody, Anybody, Forbidden],
        ),
    ] {
        let text = format!("{rules:?}");
        assert_eq!(from_three_places(rules, allow), expected, "{text}");
    }
}

#[test]
fn a_rule_is_about_its_hosts() {
    let on = |host: &str, access| Rule { host: Some(host.parse().unwrap()), ..rule("/**", access) };
    let site = site(
        vec![
            on("a.example.com", Access::Public),
            on("*.lab.example.com", Access::Deny),
            on("*.example.com", Access::Allow(list(&["group:admins"]))),
        ],
        &["everyone"],
    );
    let target = RequestTarget::parse(b"/").unwrap();
    let alice = visitor("alice@example.com", &[], Duration::ZERO);
    for (host, expected) in [
        ("a.example.com", Verdict::Anybody),
        ("b.a.example.com", Verdict::Forbidden),
        ("x.y.lab.example.com", Verdict::Forbidden),
        ("lab.example.com", Verdict::Forbidden),
        ("example.org", Verdict::Admitted),
    ] {
        let host = Host::parse(host).unwrap();
        let explained = site.explain(Asked { host: &host, ..asked("GET", &target, Some(&alice)) });
        assert_eq!(explained.verdict(), expected, "{explained}");
    }
}

#[test]
fn a_script_obeys_hosts_and_networks_as_a_person_does() {
    let lab = Rule {
        host: Some("*.lab.example.com".parse().unwrap()),
        ..rule("/api/lab/**", Access::Deny)
    };
    let inside = Rule { from: networks(&["10.0.0.0/8"]), ..rule("/api/**", Access::Site) };
    let site = site(vec![lab, inside, rule("/api/**", Access::Deny)], &["@example.com"]);
    let token = machine();
    for (host, path, client, passes) in [
        ("wiki.example.com", "/api/x", Some("10.1.2.3"), true),
        ("wiki.example.com", "/api/x", Some("203.0.113.7"), false),
        ("wiki.example.com", "/api/x", None, false),
        ("wiki.example.com", "/api/lab/x", Some("10.1.2.3"), true),
        ("a.lab.example.com", "/api/lab/x", Some("10.1.2.3"), false),
    ] {
        let host = Host::parse(host).unwrap();
        let client = client.map(|text| text.parse::<IpAddr>().unwrap().into());
        let target = RequestTarget::parse(path.as_bytes()).unwrap();
        let asked = Asked { host: &host, client, ..of_machine("GET", &target, &token) };
        match site.decide(asked) {
            Decision::Pass(permit) => assert!(passes && permit.machine().is_some(), "{host}{path}"),
            decision => {
                assert!(!passes && matches!(decision, Decision::Forbid { .. }), "{host}{path}");
            }
        }
        let explained = site.explain(asked).to_string();
        assert!(explained.contains("the service token backup"), "{explained}");
    }
}

#[test]
fn an_explanation_says_why_a_rule_does_not_match() {
    let mut hooks = rule("/hooks/*", Access::Public);
    hooks.methods = MethodSet::of(["POST"]).unwrap();
    hooks.host = Some("*.lab.example.com".parse().unwrap());
    hooks.from = networks(&["10.0.0.0/8", "192.0.2.1"]);
    let mut admin = rule("/admin/**", Access::Allow(list(&["group:admins"])));
    admin.max_age = Some(Duration::from_secs(900));
    let mut inside = rule("/admin/*", Access::Deny);
    inside.from = networks(&["2001:db8::/32"]);
    let site = site(vec![hooks, inside, admin], &["@example.com"]);
    let target = RequestTarget::parse(b"/admin/x").unwrap();
    let alice = visitor("alice@example.com", &["admins"], Duration::from_secs(7200));
    let bob = visitor("bob@example.com", &[], Duration::from_secs(60));
    let client = Some("203.0.113.7".parse::<IpAddr>().unwrap().into());
    let explain = |client, visitor| {
        site.explain(Asked { client, ..asked("GET", &target, visitor) }).to_string()
    };
    let texts = [
        explain(client, Some(&alice)),
        explain(client, Some(&bob)),
        explain(client, None),
        explain(None, Some(&alice)),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}
