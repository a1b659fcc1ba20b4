//! What the application is told.

use std::time::Duration;

use super::{edited, parse, report};
use crate::domain::disclosure::{
    Algorithm, Disclosure, GroupsFormat, IdentityHeaders, Part, Preset, WhenAnonymous,
};

const ALLOW: &str = "[\"@example.com\"]";

const MISTAKES: &[(&str, &str, &str)] = &[
    ("a list", ALLOW, "[everyone]\n    identity_headers: [remote]"),
    ("a header alone", ALLOW, "[everyone]\n    identity_headers: X-WEBAUTH-USER"),
    ("an unknown part", ALLOW, "[everyone]\n    identity_headers: { usr: X-User }"),
    (
        "words",
        ALLOW,
        "[everyone]\n    identity_headers: { preset: grafana, groups_format: csv, when_anonymous: none }",
    ),
    (
        "names that are reserved",
        ALLOW,
        "[everyone]\n    identity_headers:\n      user: Host\n      email: cookie\n      groups: \
         Transfer-Encoding\n      name: Authorization",
    ),
    (
        "names of ours",
        ALLOW,
        "[everyone]\n    identity_headers: { user: X-Linkgate-Assertion, email: X-Forwarded-For, \
         groups: x-forwarded-host, name: X-Request-Id }",
    ),
    (
        "names that are none",
        ALLOW,
        "[everyone]\n    identity_headers: { user: \"X User\", email: X_User, groups: \"\", \
         name: \"X:\\r\\nY\" }",
    ),
    (
        "a name twice",
        ALLOW,
        "[everyone]\n    identity_headers: { user: X-User, email: x-us-er }\n    headers: { XUser: a }",
    ),
    ("a name of the preset", ALLOW, "[everyone]\n    headers: { Remote-User: root }"),
    (
        "a name of the preset as another part",
        ALLOW,
        "[everyone]\n    identity_headers: { preset: remote, name: Remote-User }",
    ),
    ("a name of the assertion", ALLOW, "[everyone]\n    assertion: { header: Remote-User }"),
    (
        "assertion",
        ALLOW,
        "[everyone]\n    assertion: { algorithm: RS256, lifetime: 10m, header: Authorization }",
    ),
    (
        "algorithm in another case",
        ALLOW,
        "[everyone]\n    assertion: { algorithm: es256, lifetime: 1s }",
    ),
    (
        "constants",
        ALLOW,
        "[everyone]\n    headers:\n      Connection: close\n      Content-Length: 0\n      \
         X-HTTP-Method-Override: DELETE\n      X-Empty: \"\"\n      X-Lines: \"a\\r\\nX-Other: b\"\n      \
         X-Blank: \" a\"\n      X-Ü: a\n      X-Value: ü",
    ),
    (
        "too many constants",
        ALLOW,
        "[everyone]\n    headers: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, \
         l: 1, m: 1, n: 1, o: 1, p: 1, q: 1 }",
    ),
];

#[test]
fn mistakes_of_disclosure() {
    insta::assert_snapshot!(report(MISTAKES));
}

fn disclosure(text: &str) -> Disclosure {
    let text = edited(ALLOW, &format!("{ALLOW}\n{text}"));
    parse(&text).unwrap().sites[0].disclosure.clone()
}

fn names(told: &IdentityHeaders) -> Vec<(Part, &str)> {
    told.parts().map(|(part, name)| (part, name.as_str())).collect()
}

#[test]
fn names_of_ones_own_are_told_alone_or_over_a_preset() {
    let own = disclosure("    identity_headers: { user: X-WEBAUTH-USER, name: X-WEBAUTH-NAME }\n");
    let own = names(own.identity());
    assert_eq!(own, [(Part::User, "X-WEBAUTH-USER"), (Part::Name, "X-WEBAUTH-NAME")]);
    let over = disclosure("    identity_headers: { preset: x-forwarded, user: X-User }\n");
    assert_eq!(
        names(over.identity()),
        [
            (Part::User, "X-User"),
            (Part::Email, "X-Forwarded-Email"),
            (Part::Groups, "X-Forwarded-Groups")
        ]
    );
    let usual =
        disclosure("    identity_headers: { groups_format: json, when_anonymous: empty }\n");
    let preset = IdentityHeaders::preset(Preset::Remote);
    let (groups_format, when_anonymous) = (GroupsFormat::Json, WhenAnonymous::Empty);
    let expected = IdentityHeaders { groups_format, when_anonymous, ..preset };
    assert_eq!(usual.identity(), &expected);
}

#[test]
fn assertion_and_constants_are_read() {
    let told = disclosure(
        "    assertion: { algorithm: ES256, lifetime: 90s, header: X-JWT-Assertion }\n    \
         headers: { X-Proxy: linkgate, X-Level: 3 }\n",
    );
    assert_eq!(told.assertion().algorithm, Algorithm::Es256);
    assert_eq!(told.assertion().lifetime, Duration::from_secs(90));
    assert_eq!(told.assertion().header.as_str(), "X-JWT-Assertion");
    let constants: Vec<_> =
        told.constants().iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    assert_eq!(constants, [("X-Proxy", "linkgate"), ("X-Level", "3")]);
    for name in ["xproxy", "xjwtassertion", "remoteuser"] {
        assert!(told.managed().contains(name.as_bytes()), "{name}");
    }
}
