//! Policies, requests and visitors to choose from.

use std::net::IpAddr;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::tests::{list, machine, rule, site, visitor};
use super::super::*;
use crate::domain::client::{ClientAddress, Network};
use crate::domain::origin::Host;

const PATTERNS: [&str; 14] = [
    "/public/**",
    "/public/*",
    "/public",
    "/admin",
    "/admin/**",
    "/admin/*",
    "/**",
    "/*/admin",
    "/*/x",
    "/x",
    "/",
    "/public/admin/**",
    "/Admin/\u{c4}/*",
    "/*/*/x/**",
];

const HOSTS: [&str; 5] =
    ["wiki.example.com", "a.example.com", "b.a.example.com", "example.com", "a.example.org"];

const HOST_PATTERNS: [&str; 7] =
    ["", "", "", "wiki.example.com", "*.example.com", "*.a.example.com", "a.example.com"];

const NETWORKS: [&[&str]; 7] = [
    &[],
    &[],
    &[],
    &["10.0.0.0/8"],
    &["10.1.0.0/16", "192.0.2.1"],
    &["2001:db8::/32"],
    &["0.0.0.0/0", "::/0"],
];

const CLIENTS: [&str; 5] = ["10.1.2.3", "10.2.3.4", "192.0.2.1", "2001:db8::7", "203.0.113.9"];

/// Pieces of which odd paths are made.
const PIECES: [&str; 30] = [
    "/",
    "/",
    "//",
    "/admin",
    "/public",
    "/x",
    "admin",
    "public",
    "x",
    "ADMIN",
    "Public",
    "%61dmin",
    "%2561dmin",
    "%252561dmin",
    "%70ublic",
    "%2f",
    "%252F",
    "%5c",
    "%255c",
    ";",
    ";x=1",
    "%3b",
    "%253B",
    "%3f",
    "%2523",
    "%25",
    "%20",
    "%c3%bc",
    "%ef%bd%81dmin",
    "..",
];

fn access() -> impl Strategy<Value = Access> {
    prop_oneof![
        3 => Just(Access::Public),
        1 => Just(Access::Site),
        1 => Just(Access::Deny),
        2 => Just(Access::Allow(list(&["group:admins"]))),
        1 => Just(Access::Allow(list(&["accounts", "group:reviewers"]))),
    ]
}

type Made = (&'static str, Access, bool, bool, (&'static str, &'static [&'static str]));

pub fn rules(most: usize) -> impl Strategy<Value = Vec<Rule>> {
    let places = (select(&HOST_PATTERNS[..]), select(&NETWORKS[..]));
    let one = (select(&PATTERNS[..]), access(), any::<bool>(), any::<bool>(), places);
    let make = |(path, access, is_short, is_get, (host, from)): Made| {
        let mut rule = rule(path, access);
        rule.max_age = is_short.then_some(Duration::from_secs(60));
        if is_get {
            rule.methods = MethodSet::of(["GET"]).unwrap();
        }
        rule.host = (!host.is_empty()).then(|| host.parse().unwrap());
        let from: Vec<Network> = from.iter().map(|text| text.parse().unwrap()).collect();
        rule.from = (!from.is_empty()).then(|| from.into_iter().collect());
        rule
    };
    vec(one, 0..most).prop_map(move |rules| rules.into_iter().map(make).collect())
}

pub fn host() -> impl Strategy<Value = Host> {
    select(&HOSTS[..]).prop_map(|text| Host::parse(text).unwrap())
}

pub fn client() -> impl Strategy<Value = ClientAddress> {
    select(&CLIENTS[..]).prop_map(|text| text.parse::<IpAddr>().unwrap().into())
}

/// A few rules, often before one that makes the rest public: there a protected path is lost as soon
/// as one reading of it is forgotten.
pub fn policy() -> impl Strategy<Value = SitePolicy> {
    let rest_is_public = prop_oneof![3 => Just(true), 1 => Just(false)];
    let allow = select(vec!["everyone", "@example.com", "accounts", "group:reviewers", ""]);
    let parts = (rules(5), rest_is_public, allow, any::<bool>());
    parts.prop_map(|(mut rules, rest_is_public, allow, is_indexed)| {
        if rest_is_public {
            rules.push(rule("/**", Access::Public));
        }
        let allow: Vec<_> = Some(allow).filter(|allow| !allow.is_empty()).into_iter().collect();
        with_index(site(rules, &allow), is_indexed)
    })
}

/// The policy with an index or without, however few its rules are.
pub fn with_index(mut policy: SitePolicy, is_indexed: bool) -> SitePolicy {
    policy.index = is_indexed.then(|| Index::of(&policy.rules));
    policy
}

pub fn odd_path() -> impl Strategy<Value = String> {
    vec(select(&PIECES[..]), 0..6).prop_map(|pieces| format!("/{}", pieces.concat()))
}

pub fn somebody() -> impl Strategy<Value = Option<Arc<Identity>>> {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let member = |address: &str, groups: &[&str]| {
        let outsider = visitor(address, groups, minutes(0));
        Arc::new(Identity { membership: Membership::Member, ..(*outsider).clone() })
    };
    select(vec![
        None,
        Some(visitor("a@example.com", &["admins"], minutes(0))),
        Some(visitor("a@example.com", &["admins"], minutes(2))),
        Some(visitor("b@example.com", &[], minutes(0))),
        Some(visitor("e@evil.example", &[], minutes(0))),
        Some(member("g@partner.example", &[])),
        Some(member("g@partner.example", &["reviewers"])),
    ])
}

/// Whoever may ask.
#[derive(Clone, Debug)]
pub enum Asker {
    Person(Option<Arc<Identity>>),
    Machine(Arc<ServiceToken>),
}

impl Asker {
    pub fn visitor(&self) -> Visitor<'_> {
        match self {
            Self::Person(person) => person.as_ref().into(),
            Self::Machine(machine) => Visitor::Machine(machine),
        }
    }
}

/// Somebody, nobody, or a script with some grant, of this site or another.
pub fn asker() -> impl Strategy<Value = Asker> {
    let grants = select(vec!["/**", "/public/**", "/admin", "/*/x"]);
    let methods = select(vec![MethodSet::any(), MethodSet::of(["GET"]).unwrap()]);
    let script = (grants, methods, select(vec!["wiki", "wiki", "wiki", "other"]));
    let script = script.prop_map(|(paths, methods, site)| {
        let (paths, site) = (vec![paths.parse().unwrap()], site.to_owned());
        Arc::new(ServiceToken { site, paths, methods, ..(*machine()).clone() })
    });
    prop_oneof![2 => somebody().prop_map(Asker::Person), 1 => script.prop_map(Asker::Machine)]
}
