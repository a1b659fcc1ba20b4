//! Laws that hold for every request and every list of rules, held against an application that is
//! written here a second time, on purpose in another way than the code it checks.

mod lookup;
mod world;

use ipnet::IpNet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use self::world::{Asker, asker, client, host, odd_path, policy, somebody};
use super::tests::asked;
use super::*;
use crate::domain::client::ClientAddress;
use crate::domain::path::RequestTarget;

fn severity(decision: &Decision, visitor: Option<&Arc<Identity>>) -> u8 {
    match decision {
        Decision::Pass(permit) => {
            assert_eq!(permit.identity(), visitor);
            0
        }
        Decision::Challenge { reason: ChallengeReason::TooOld, .. } => 1,
        Decision::Challenge { reason: ChallengeReason::NoSession, .. } => 2,
        Decision::Forbid { .. } => 3,
    }
}

/// What one kind of application does to a path, in its order.
#[derive(Clone, Copy, Debug)]
struct Application {
    decodings: u8,
    strips_before: bool,
    strips_after: bool,
    merges: bool,
    reads_backslashes: bool,
    keeps_encoded_slashes: bool,
    cuts_query: bool,
    ignores_case: bool,
}

impl Application {
    fn all() -> impl Iterator<Item = Self> {
        (0..4u8).flat_map(|decodings| {
            (0..128u8).map(move |bits| Self {
                decodings,
                strips_before: bits & 1 != 0,
                strips_after: bits & 2 != 0,
                merges: bits & 4 != 0,
                reads_backslashes: bits & 8 != 0,
                cuts_query: bits & 16 != 0,
                ignores_case: bits & 32 != 0,
                keeps_encoded_slashes: bits & 64 != 0,
            })
        })
    }

    /// The path that it looks up. One `char` is one byte here.
    fn sees(self, path: &str) -> String {
        let mut path = path.to_owned();
        if self.strips_before {
            path = strip(&path);
        }
        for _ in 0..self.decodings {
            path = decode(&path, self.keeps_encoded_slashes);
            if self.strips_after {
                path = strip(&path);
            }
        }
        if self.reads_backslashes {
            path = path.replace('\\', "/");
        }
        if self.cuts_query {
            path = path.split(['?', '#']).next().unwrap().to_owned();
        }
        while self.merges && path.contains("//") {
            path = path.replace("//", "/");
        }
        if self.ignores_case { path.to_ascii_lowercase() } else { path }
    }
}

fn decode(path: &str, keeps_slashes: bool) -> String {
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap().to_owned();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))
            .filter(|digits| !(keeps_slashes && digits.eq_ignore_ascii_case("2f")));
        match digits {
            Some(digits) => {
                decoded.push(char::from(u8::from_str_radix(digits, 16).unwrap()));
                decoded.push_str(&part[2..]);
            }
            None => decoded.extend(["%", part]),
        }
    }
    decoded
}

fn strip(path: &str) -> String {
    let names: Vec<_> = path.split('/').map(|name| name.split(';').next().unwrap()).collect();
    names.join("/")
}

/// The access of the first rule for a path that an application sees; `None` where none matches.
fn first_access<'a>(policy: &'a SitePolicy, asked: Asked<'_>, path: &str) -> Option<&'a Access> {
    let method = asked.method;
    let matches = |rule: &&Rule| {
        let pattern = rule.path.to_string();
        let method_matches =
            rule.methods == MethodSet::any() || method == "GET" || method == "HEAD";
        let path_matches = match pattern.strip_suffix("**") {
            Some(start) => {
                let depth = start.matches('/').count();
                let names: Vec<_> = path.splitn(depth + 1, '/').collect();
                names.len() == depth + 1 && same(&format!("{}/", names[..depth].join("/")), start)
            }
            None => same(path, &pattern),
        };
        path_matches && method_matches && is_for(rule, asked)
    };
    policy.rules.iter().find(matches).map(|rule| &rule.access)
}

/// Whether host and client are those of a rule. An unknown client is in no network.
pub fn is_for(rule: &Rule, asked: Asked<'_>) -> bool {
    let is_of_host = rule.host.as_ref().is_none_or(|pattern| {
        let (pattern, host) = (pattern.to_string(), asked.host.to_string());
        pattern.strip_prefix('*').map_or(host == pattern, |end| host.ends_with(end))
    });
    let is_inside = |network: &str, client: ClientAddress| match network.parse::<IpNet>() {
        Ok(network) => network.contains(&client.ip()),
        Err(_) => network == client.to_string(),
    };
    let is_of_network = rule.from.as_ref().is_none_or(|networks| {
        let networks = networks.to_string();
        asked.client.is_some_and(|client| networks.split(' ').any(|one| is_inside(one, client)))
    });
    is_of_host && is_of_network
}

/// Whether a path is a pattern's, name by name.
fn same(path: &str, pattern: &str) -> bool {
    let (names, wanted): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), pattern.split('/').collect());
    names.len() == wanted.len()
        && names
            .iter()
            .zip(wanted)
            .all(|(name, wanted)| if wanted == "*" { !name.is_empty() } else { *name == wanted })
}

/// Spells a plain path in another way that some application takes for the same.
fn respell(path: &str, choices: &[u8]) -> String {
    let mut spelled = String::new();
    for (at, letter) in path.chars().enumerate() {
        let choice = choices.get(at).copied().unwrap_or(0);
        match (letter, choice) {
            ('/', 1) if at > 0 => spelled.push_str("//"),
            ('/', 2) if at > 0 => spelled.push_str("%2f"),
            ('/', 3) if at > 0 => spelled.push_str("%5C"),
            ('/', 4) if at > 0 => spelled.push_str(";x=1/"),
            ('/', 5) => spelled.push_str("/;/"),
            ('/', _) => spelled.push('/'),
            (_, 1) => spelled.push(letter.to_ascii_uppercase()),
            (_, 2) => spelled.push_str(&format!("%{:02x}", u32::from(letter))),
            (_, 3) => spelled.push_str(&format!("%25{:02X}", u32::from(letter))),
            (_, 4) => spelled.push_str(&format!("%2525{:02x}", u32::from(letter))),
            _ => spelled.push(letter),
        }
    }
    spelled
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// Whatever an application makes of a path, an anonymous visitor only gets what is public for
    /// the path that the application sees.
    #[test]
    fn no_application_sees_a_path_that_was_not_public(
        policy in policy(),
        path in odd_path(),
        method in select(vec!["GET", "HEAD", "POST"]),
        host in host(),
        client in proptest::option::of(client()),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        prop_assert_eq!(target.as_str(), &path);
        let asked = Asked { host: &host, client, ..asked(method, &target, None) };
        if let Decision::Pass(permit) = policy.decide(asked) {
            prop_assert!(permit.identity().is_none());
            for application in Application::all() {
                let seen = application.sees(&path);
                let access = first_access(&policy, asked, &seen);
                prop_assert!(access == Some(&Access::Public), "{application:?} sees {seen}");
            }
        }
    }

    /// No spelling of a path gets more than the plain one, whoever asks.
    #[test]
    fn no_spelling_gets_more_than_the_plain_one(
        policy in policy(),
        path in select(vec!["/", "/admin", "/admin/", "/admin/x", "/public/x", "/public/admin/x", "/x"]),
        choices in vec(prop_oneof![3 => Just(0u8), 1 => 1..6u8], 16),
        visitor in somebody(),
        host in host(),
        client in proptest::option::of(client()),
    ) {
        let of = |target| Asked { host: &host, client, ..asked("GET", target, visitor.as_ref()) };
        let plain = RequestTarget::parse(path.as_bytes()).unwrap();
        let plain = policy.decide(of(&plain));
        if let Ok(target) = RequestTarget::parse(respell(path, &choices).as_bytes()) {
            let decision = policy.decide(of(&target));
            let [least, found] = [plain, decision].map(|one| severity(&one, visitor.as_ref()));
            prop_assert!(found >= least, "{target:?}: {found} < {least}");
        }
    }

    /// A pass needs a rule or an `allow` that lets this visitor pass.
    #[test]
    fn nothing_passes_without_a_reason(
        policy in policy(), path in odd_path(), visitor in somebody(),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        if let Decision::Pass(permit) = policy.decide(asked("GET", &target, visitor.as_ref())) {
            let admits = |list: &AllowList| {
                visitor.as_ref().is_some_and(|one| list.admits(&one.email, &one.groups, one.membership))
            };
            let lets = |access: &Access| match access {
                Access::Public => true,
                Access::Site => admits(&policy.allow),
                Access::Allow(list) => admits(list),
                Access::Deny => false,
            };
            let by_rule = policy.rules.iter().any(|one| &*one.name == permit.rule() && lets(&one.access));
            prop_assert!(by_rule || (permit.rule() == SITE_ALLOW && admits(&policy.allow)));
        }
    }

    /// What is explained is what is done.
    #[test]
    fn the_explanation_agrees_with_the_decision(
        policy in policy(),
        path in odd_path(),
        asker in asker(),
        method in select(vec!["GET", "HEAD", "POST", "get"]),
        host in host(),
        client in proptest::option::of(client()),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        let asked = Asked { host: &host, client, visitor: asker.visitor(), ..asked(method, &target, None) };
        let explanation = policy.explain(asked);
        let verdict = explanation.verdict();
        let is_machine = matches!(asker, Asker::Machine(_));
        prop_assert!(!is_machine || !matches!(verdict, Verdict::TooOld | Verdict::NoSession));
        let agrees = match policy.decide(asked) {
            Decision::Pass(permit) => {
                verdict <= Verdict::Admitted && permit.rule() == explanation.rule()
            }
            Decision::Challenge { reason: ChallengeReason::TooOld, .. } => verdict == Verdict::TooOld,
            Decision::Challenge { reason: ChallengeReason::NoSession, .. } => {
                verdict == Verdict::NoSession
            }
            Decision::Forbid { rule } => {
                verdict == Verdict::Forbidden && &*rule == explanation.rule()
            }
        };
        prop_assert!(agrees, "{explanation}");
    }

    /// An account only ever opens doors, and where it opens one the explanation knows that accounts
    /// were asked about.
    #[test]
    fn where_an_account_makes_a_difference_the_explanation_says_so(
        policy in policy(),
        path in odd_path(),
        visitor in somebody().prop_filter_map("nobody has no account", |one| one),
        groups in select(vec![&[][..], &["admins"], &["reviewers"], &["admins", "reviewers"]]),
        host in host(),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        let of = |one| policy.explain(Asked { host: &host, ..asked("GET", &target, Some(one)) });
        let outsider = Arc::new(Identity {
            membership: Membership::Outsider, groups: Arc::new([]), ..(*visitor).clone()
        });
        let groups: Arc<[GroupName]> = groups.iter().map(|name| name.parse().unwrap()).collect();
        let member = Arc::new(Identity {
            membership: Membership::Member, groups: groups.clone(), ..(*visitor).clone()
        });
        let (without, with) = (of(&outsider), of(&member));
        prop_assert!(with.verdict() <= without.verdict(), "{without}{with}");
        if with.verdict() != without.verdict() {
            let is_asked = without.groups().any(|group| groups.contains(group));
            prop_assert!(without.asks_accounts() || is_asked, "{without}{with}");
        }
    }

    /// Bytes of any kind are refused or decided about, and come out as they went in.
    #[test]
    fn no_bytes_panic(policy in policy(), mut bytes in vec(any::<u8>(), 0..64), slash in any::<bool>()) {
        if slash {
            bytes.insert(0, b'/');
        }
        if let Ok(target) = RequestTarget::parse(&bytes) {
            prop_assert_eq!(target.as_str().as_bytes(), &bytes[..]);
            let decision = policy.decide(asked("GET", &target, None));
            prop_assert!(severity(&decision, None) <= 3);
            let _ = policy.explain(asked("GET", &target, None)).to_string();
        }
    }

    /// Odd paths too: each piece is allowed, the whole is decided about without panic.
    #[test]
    fn no_encoded_bytes_panic(policy in policy(), bytes in vec(any::<u8>(), 0..24)) {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        if let Ok(target) = RequestTarget::parse(format!("/{encoded}").as_bytes()) {
            prop_assert!(target.readings().all(|reading| reading.bytes.starts_with(b"/")));
            let _ = policy.explain(asked("GET", &target, None)).to_string();
        }
    }
}
