//! Laws of rules that look at hosts and networks, and of the index that finds rules.

use proptest::prelude::*;
use proptest::sample::select;

use super::super::tests::{asked, site};
use super::super::*;
use super::world::{client, host, odd_path, policy, rules, somebody, with_index};
use super::{is_for, severity};
use crate::domain::path::{Case, RequestTarget};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    /// Whoever hides an address gets no more than at any address.
    #[test]
    fn an_unknown_client_gets_no_more_than_any_other(
        policy in policy(),
        path in odd_path(),
        visitor in somebody(),
        host in host(),
        client in client(),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        let hidden = Asked { host: &host, ..asked("GET", &target, visitor.as_ref()) };
        let known = Asked { client: Some(client), ..hidden };
        let [least, found] =
            [known, hidden].map(|one| severity(&policy.decide(one), visitor.as_ref()));
        prop_assert!(found >= least, "{}", policy.explain(hidden));
    }

    /// The index finds what trying every rule finds, and explains it in the same words.
    #[test]
    fn the_index_agrees_with_the_plain_first_match(
        rules in rules(80),
        path in odd_path(),
        visitor in somebody(),
        method in select(vec!["GET", "HEAD", "POST", "get"]),
        host in host(),
        client in proptest::option::of(client()),
    ) {
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        let asked = Asked { host: &host, client, ..asked(method, &target, visitor.as_ref()) };
        let plain = with_index(site(rules, &["everyone"]), false);
        let indexed = with_index(plain.clone(), true);
        prop_assert_eq!(indexed.decide(asked), plain.decide(asked));
        prop_assert_eq!(indexed.explain(asked).to_string(), plain.explain(asked).to_string());
    }

    /// The index hides no shadow.
    #[test]
    fn shadows_are_those_of_every_pair(rules in rules(40)) {
        let place = |rule: usize| {
            let by = (0..rule).find(|by| rules[*by].covers(&rules[rule]))?;
            Some(Shadow { rule, by })
        };
        let every: Vec<_> = (0..rules.len()).filter_map(place).collect();
        prop_assert_eq!(shadowed(&rules), every);
    }

    /// A rule that is reported as one that never matches never decides.
    #[test]
    fn a_shadowed_rule_never_decides(
        policy in policy(), path in odd_path(), host in host(), client in client(),
    ) {
        let shadows = shadowed(&policy.rules);
        let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(()) };
        for reading in target.readings() {
            for method in ["GET", "POST"] {
                let asked =
                    Asked { host: &host, client: Some(client), ..asked(method, &target, None) };
                let matches = |rule: &Rule| {
                    rule.path.matches(reading.bytes, Case::Exact)
                        && rule.methods.matches(method, Case::Exact)
                        && is_for(rule, asked)
                };
                let first = policy.rules.iter().position(matches);
                prop_assert!(shadows.iter().all(|shadow| Some(shadow.rule) != first));
            }
        }
    }
}
