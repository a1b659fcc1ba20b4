mod places;
mod renewal;

use std::sync::LazyLock;
use std::time::Duration;

use super::*;
use crate::domain::origin::Host;
use crate::domain::path::{RequestTarget, TargetError};
use crate::domain::time::UnixMillis;

pub(super) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

pub(super) fn list(entries: &[&str]) -> AllowList {
    entries.iter().map(|entry| entry.parse::<AllowEntry>().unwrap()).collect()
}

pub(super) fn rule(path: &str, access: Access) -> Rule {
    Rule::new(path, path.parse().unwrap(), access)
}

pub(super) fn site(rules: Vec<Rule>, allow: &[&str]) -> SitePolicy {
    SitePolicy::new(SiteId(1), "wiki", UpstreamId(2), rules, list(allow))
}

pub(super) fn visitor(address: &str, groups: &[&str], age: Duration) -> Arc<Identity> {
    Arc::new(Identity {
        email: EmailAddress::parse(address).unwrap(),
        groups: groups.iter().map(|name| name.parse().unwrap()).collect(),
        signed_in_at: NOW.before(age),
        membership: Membership::Outsider,
        expires_at: NOW.after(age),
    })
}

/// A script's token for `/api/**` of the site `wiki`, for GET alone.
pub(super) fn machine() -> Arc<ServiceToken> {
    Arc::new(ServiceToken {
        name: "backup".parse().unwrap(),
        site: "wiki".into(),
        paths: vec!["/api/**".parse().unwrap()],
        methods: MethodSet::of(["GET"]).unwrap(),
        email: None,
        created_at: NOW,
        expires_at: NOW,
        last_used: None,
    })
}

#[test]
fn a_script_passes_by_its_grant_alone() {
    let hour = Some(Duration::from_secs(3600));
    let rules = vec![
        rule("/api/closed/**", Access::Deny),
        Rule { max_age: hour, ..rule("/api/recent/**", Access::Site) },
        rule("/api/root/**", Access::Allow(list(&["root@example.com"]))),
        rule("/api/nobody/**", Access::Allow(list(&[]))),
        rule("/public/**", Access::Public),
    ];
    let (wiki, token) = (site(rules, &["@example.com"]), machine());
    for (method, path, expected) in [
        ("GET", "/api/x", "machine"),
        ("HEAD", "/api/x", "machine"),
        ("GET", "/api/root/x", "machine"),
        ("GET", "/public/x", "nobody"),
        ("POST", "/public/x", "nobody"),
        ("POST", "/api/x", "no"),
        ("GET", "/", "no"),
        ("GET", "/API/x", "no"),
        ("GET", "/api/closed/x", "no"),
        ("GET", "/api/Closed/x", "no"),
        ("GET", "/api/%63losed/x", "no"),
        ("GET", "/api//closed/x", "no"),
        ("GET", "/api/x;/../../admin", "no"),
        ("GET", "/api/recent/x", "no"),
        ("GET", "/api/nobody/x", "no"),
    ] {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else {
            assert_eq!(expected, "no", "{path}");
            continue;
        };
        let found = match wiki.decide(of_machine(method, &target, &token)) {
            Decision::Pass(permit) => match permit.machine() {
                Some(_) => "machine",
                None => "nobody",
            },
            Decision::Forbid { .. } => "no",
            Decision::Challenge { .. } => "a challenge",
        };
        assert_eq!(found, expected, "{method} {path}");
    }
    let other = SitePolicy::new(SiteId(1), "other", UpstreamId(2), vec![], list(&["everyone"]));
    let target = RequestTarget::parse(b"/api/x").unwrap();
    assert!(matches!(other.decide(of_machine("GET", &target, &token)), Decision::Forbid { .. }));
}

/// A request of a script at the one host of most tests.
pub(super) fn of_machine<'a>(
    method: &'a str,
    target: &'a RequestTarget,
    machine: &'a Arc<ServiceToken>,
) -> Asked<'a> {
    Asked { visitor: Visitor::Machine(machine), ..asked(method, target, None) }
}

/// A GET of a target at the one host of most tests.
pub(super) fn asked<'a>(
    method: &'a str,
    target: &'a RequestTarget,
    visitor: Option<&'a Arc<Identity>>,
) -> Asked<'a> {
    static HOST: LazyLock<Host> = LazyLock::new(|| Host::parse("wiki.example.com").unwrap());
    Asked { host: &HOST, method, target, client: None, visitor: visitor.into(), now: NOW }
}

/// The decision in a word: `400` for a target that is refused, else what `decide` says.
fn outcome(
    site: &SitePolicy,
    method: &str,
    target: &[u8],
    visitor: Option<&Arc<Identity>>,
) -> String {
    let target = match RequestTarget::parse(target) {
        Ok(target) => target,
        Err(_) => return "400".to_owned(),
    };
    match site.decide(asked(method, &target, visitor)) {
        Decision::Pass(permit) => {
            assert_eq!((permit.site(), permit.upstream()), (SiteId(1), UpstreamId(2)));
            assert_eq!(permit.identity(), visitor);
            format!("pass {}", permit.rule())
        }
        Decision::Challenge { reason, unauthenticated, .. } => {
            format!("{reason:?} {unauthenticated:?}")
        }
        Decision::Forbid { rule } => format!("forbid {rule}"),
    }
}

fn example() -> SitePolicy {
    let mut admin = rule("/admin/**", Access::Allow(list(&["group:admins"])));
    admin.max_age = Some(Duration::from_secs(900));
    let mut hooks = rule("/hooks/*", Access::Public);
    hooks.methods = MethodSet::of(["POST"]).unwrap();
    let mut api = rule("/api/**", Access::Site);
    api.unauthenticated = Unauthenticated::Status;
    let rules = vec![
        rule("/assets/private/**", Access::Deny),
        rule("/assets/**", Access::Public),
        hooks,
        admin,
        api,
    ];
    site(rules, &["@example.com", "Bob@partner.example"])
}

#[test]
fn the_first_rule_that_matches_decides() {
    let fresh = Duration::from_secs(900);
    let alice = visitor("alice@example.com", &["admins"], fresh);
    let late_alice = visitor("alice@example.com", &["admins"], fresh + Duration::from_millis(1));
    let carol = visitor("carol@example.com", &[], Duration::ZERO);
    let eve = visitor("eve@evil.example", &[], Duration::ZERO);
    for (method, target, visitor, expected) in [
        ("GET", "/", None, "NoSession ByKind"),
        ("GET", "/", Some(&carol), "pass allow"),
        ("GET", "/", Some(&eve), "forbid allow"),
        ("GET", "/assets/a.js", None, "pass /assets/**"),
        ("GET", "/assets/a.js", Some(&eve), "pass /assets/**"),
        ("GET", "/assets/private/a.js", Some(&alice), "forbid /assets/private/**"),
        ("GET", "/assets/private/a.js", None, "forbid /assets/private/**"),
        ("POST", "/hooks/a", None, "pass /hooks/*"),
        ("GET", "/hooks/a", None, "NoSession ByKind"),
        ("post", "/hooks/a", None, "NoSession ByKind"),
        ("GET", "/admin/", None, "NoSession ByKind"),
        ("GET", "/admin/", Some(&carol), "forbid /admin/**"),
        ("GET", "/admin/", Some(&alice), "pass /admin/**"),
        ("GET", "/admin/", Some(&late_alice), "TooOld ByKind"),
        ("GET", "/x", Some(&late_alice), "pass allow"),
        ("GET", "/api/x", None, "NoSession Status"),
        ("GET", "/api/x", Some(&eve), "forbid /api/**"),
    ] {
        assert_eq!(outcome(&example(), method, target.as_bytes(), visitor), expected, "{target}");
    }
}

#[test]
fn of_several_readings_the_strictest_counts() {
    let alice = visitor("alice@example.com", &["admins"], Duration::from_secs(901));
    let carol = visitor("carol@example.com", &[], Duration::ZERO);
    for (target, visitor, expected) in [
        // Public in one reading only: the signed-in pass as themselves, by the stricter rule.
        ("//assets/a.js", None, "NoSession ByKind"),
        ("//assets/a.js", Some(&carol), "pass allow"),
        ("/assets/a%2fb.js", None, "pass /assets/**"),
        ("/assets%2fa.js", None, "NoSession ByKind"),
        ("/ASSETS/a.js", None, "NoSession ByKind"),
        ("/assets/A.js", None, "pass /assets/**"),
        ("/assets/private%2fa", Some(&carol), "forbid /assets/private/**"),
        ("/assets//private/a", None, "forbid /assets/private/**"),
        ("/assets/%2570rivate/a", None, "forbid /assets/private/**"),
        ("/assets/Private/a", None, "forbid /assets/private/**"),
        ("/assets/;x/private/a", None, "forbid /assets/private/**"),
        // A `max_age` that applies in any reading applies.
        ("/x;/admin/", Some(&alice), "pass allow"),
        ("/;/admin/", Some(&alice), "TooOld ByKind"),
        ("/admin/", Some(&alice), "TooOld ByKind"),
    ] {
        assert_eq!(outcome(&example(), "GET", target.as_bytes(), visitor), expected, "{target}");
    }
}

#[test]
fn an_application_that_ignores_the_case_of_methods_is_not_reached_past_a_rule() {
    let mut no_delete = rule("/**", Access::Deny);
    no_delete.methods = MethodSet::of(["DELETE"]).unwrap();
    let site = site(vec![no_delete, rule("/**", Access::Public)], &[]);
    assert_eq!(outcome(&site, "delete", b"/", None), "forbid /**");
    assert_eq!(outcome(&site, "patch", b"/", None), "pass /**");
}

#[test]
fn what_nobody_is_allowed_is_forbidden() {
    let empty = site(vec![rule("/a", Access::Site), rule("/b", Access::Allow(list(&[])))], &[]);
    let alice = visitor("alice@example.com", &["admins"], Duration::ZERO);
    for target in ["/", "/a", "/b", "//a"] {
        for visitor in [None, Some(&alice)] {
            let outcome = outcome(&empty, "GET", target.as_bytes(), visitor);
            assert!(outcome.starts_with("forbid"), "{target}: {outcome}");
        }
    }
}

#[test]
fn who_may_enter_anything_may_sign_in() {
    let example = example();
    for (address, groups, expected) in [
        ("carol@example.com", vec![], true),
        ("bob@partner.example", vec![], true),
        ("eve@partner.example", vec![], false),
        ("eve@partner.example", vec!["admins"], true),
    ] {
        let person = visitor(address, &groups, Duration::ZERO);
        assert_eq!(
            example.may_sign_in(&person.email, &person.groups, person.membership),
            expected,
            "{address}"
        );
    }
    assert!(!site(vec![rule("/**", Access::Public)], &[]).may_sign_in(
        &EmailAddress::parse("a@example.com").unwrap(),
        &[],
        Membership::Outsider
    ));
    let bob = EmailAddress::parse("bob@partner.example").unwrap();
    assert_eq!(example.mail_spelling(&bob), Some("Bob@partner.example"));
}

#[test]
fn an_explanation_names_every_rule_and_reading() {
    let target = RequestTarget::parse(b"/assets//private/a").unwrap();
    let text = example().explain(asked("GET", &target, None)).to_string();
    assert_eq!(
        text,
        "\
GET /assets//private/a on wiki (wiki.example.com), as nobody (no session), from an address that is not known
reading 1 of 2: /assets//private/a (as received)
  /assets/private/** (path /assets/private/**): does not match: path
  /assets/** (path /assets/**): matches
    public: anybody may pass
  -> pass, public
reading 2 of 2: /assets/private/a (slashes merged)
  /assets/private/** (path /assets/private/**): matches
    deny: nobody may pass
  -> forbidden
decision: forbidden, by /assets/private/**, the strictest of the readings"
    );
    let target = RequestTarget::parse(b"/hooks/a").unwrap();
    let carol = visitor("carol@example.com", &[], Duration::ZERO);
    let text = example().explain(asked("GET", &target, Some(&carol))).to_string();
    assert!(
        text.contains("/hooks/* (path /hooks/*, methods POST): does not match: method\n"),
        "{text}"
    );
    assert!(
        text.contains("no rule matches for certain, so the site's `allow` decides\n"),
        "{text}"
    );
    assert!(text.ends_with("decision: pass, admitted, by the site's `allow`"), "{text}");
}

#[test]
fn an_explanation_is_safe_for_a_terminal() {
    let target = RequestTarget::parse("/%c2%9b31m%e2%80%ae%ff".as_bytes()).unwrap();
    let text = example().explain(asked("GET\u{1b}[2J", &target, None)).to_string();
    assert!(text.chars().all(|letter| letter == '\n' || !letter.is_control()), "{text:?}");
    assert!(!text.contains('\u{202e}'), "{text:?}");
}

/// The site that the corpus is written for: `/public/**` and `/healthz` public, `/admin` for a
/// group, a session for the rest.
fn corpus_site() -> SitePolicy {
    let admins = || Access::Allow(list(&["group:admins"]));
    let rules = vec![
        rule("/public/**", Access::Public),
        rule("/healthz", Access::Public),
        rule("/admin/**", admins()),
        rule("/admin", admins()),
    ];
    site(rules, &["everyone"])
}

/// Undoes the corpus's escapes `\xNN` and its macro `{{REPEAT:text:times}}`.
fn unescape(text: &str) -> Vec<u8> {
    if let Some((before, rest)) = text.split_once("{{REPEAT:") {
        let (inside, after) = rest.split_once("}}").unwrap();
        let (repeated, times) = inside.rsplit_once(':').unwrap();
        return unescape(&format!("{before}{}{after}", repeated.repeat(times.parse().unwrap())));
    }
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&escape[..2], 16).unwrap());
        rest = &escape[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The corpus's word for what an anonymous visitor gets.
fn corpus_word(target: &[u8]) -> &'static str {
    match outcome(&corpus_site(), "GET", target, None).split(' ').next() {
        Some("pass") => "PUBLIC",
        Some("NoSession") => "LOGIN",
        Some("400" | "forbid") => "REJECT",
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_path_of_the_corpus_gets_what_it_should() {
    let corpus = include_str!("../../../tests/data/proxy_cases.tsv");
    let mut rows = 0;
    for line in corpus.lines().filter(|line| line.starts_with("path-")) {
        let mut columns = line.split('\t');
        let [name, raw, expected] = [(); 3].map(|()| columns.next().unwrap());
        let target = raw.strip_prefix("GET ").unwrap().split_once(" HTTP/1.1\\r\\n").unwrap().0;
        let word = corpus_word(&unescape(target));
        let (expected, _) = expected.split_once(';').unwrap_or((expected, ""));
        assert!(expected.split('|').any(|one| one.trim() == word), "{name}: {word} for {target}");
        rows += 1;
    }
    assert_eq!(rows, 37);
}

#[test]
fn known_bypasses_of_other_proxies_get_nowhere() {
    for (source, target, expected) in [
        ("CVE-2025-54576", "/admin?x=/public/", "LOGIN"),
        ("GHSA-pxq7-h93f-9jrg", "/admin%23/public/", "LOGIN"),
        ("GHSA-pxq7-h93f-9jrg", "/admin#/public/", "REJECT"),
        ("case", "/Public/x", "LOGIN"),
        ("NUL", "/public/%00/../admin", "REJECT"),
        ("NUL", "/admin%00", "REJECT"),
        ("CVE-2024-38474", "/admin%3f/public/x", "LOGIN"),
        ("CVE-2020-1957", "/public;/../admin", "REJECT"),
        ("CVE-2020-1957", "/public/;/admin", "PUBLIC"),
        ("query", "/healthz?next=/admin", "PUBLIC"),
        ("not UTF-8", "/public/%ff", "PUBLIC"),
        ("GHSA-3q34-rx83-r6mq", "/public%2f..%2fadmin", "REJECT"),
        ("GHSA-3q34-rx83-r6mq", "/public%2fx", "LOGIN"),
        ("full width", "/%ef%bc%8f%ef%bd%81dmin", "LOGIN"),
    ] {
        assert_eq!(corpus_word(target.as_bytes()), expected, "{source}: {target}");
    }
    assert_eq!(RequestTarget::parse(b"/a/.."), Err(TargetError::DotSegment));
}
