//! Signing in again for what is sensitive.

use std::time::Duration;

use super::super::*;
use super::{asked, list, rule, site, visitor};
use crate::domain::path::RequestTarget;

#[test]
fn an_old_sign_in_is_renewed_for_what_follows_the_page_too() {
    let minute = Some(Duration::from_secs(60));
    let rules = vec![
        Rule { methods: MethodSet::of(["GET"]).unwrap(), ..rule("/transfer", Access::Site) },
        Rule { max_age: minute, ..rule("/transfer", Access::Site) },
        Rule {
            methods: MethodSet::of(["POST"]).unwrap(),
            max_age: minute,
            ..rule("/order", Access::Site)
        },
        Rule { max_age: minute, ..rule("/admin", Access::Allow(list(&["root@example.com"]))) },
    ];
    let wiki = site(rules, &["@example.com"]);
    let old = visitor("ann@example.com", &[], Duration::from_secs(61));
    let fresh = visitor("ann@example.com", &[], Duration::from_secs(59));
    for (path, wants) in [("/transfer", true), ("/order", true), ("/admin", false), ("/", false)] {
        let target = RequestTarget::parse(path.as_bytes()).unwrap();
        assert_eq!(wiki.wants_renewal(asked("GET", &target, Some(&old))), wants, "{path}");
        assert!(!wiki.wants_renewal(asked("GET", &target, Some(&fresh))), "{path}");
    }
}
