//! Accounts, registration, groups in a file, and the admin API.

use super::{edited, parse, report};
use crate::domain::email::EmailAddress;
use crate::domain::identity::Membership;
use crate::domain::terms::Registration;

const ALLOW: &str = "[\"@example.com\"]\n";

#[test]
fn mistakes_about_people() {
    insta::assert_snapshot!(report(&[
        ("accounts in a group", "[alice@example.com]", "[accounts]"),
        ("accounts, misspelled", ALLOW, "[account]\n"),
        ("nobody can register", ALLOW, "[accounts]\n    sign_in: { registration: open }\n"),
        ("how to register", ALLOW, "[everyone]\n    sign_in: { registration: opened }\n"),
        ("a name of nobody", ALLOW, "[everyone]\n    sign_in: { registration_name: true }\n",),
        ("no file of groups", "", "groups_file: nowhere.yaml\n"),
        ("a file of bad groups", "", "groups_file: bad-groups.yaml\n"),
        ("a file with a group of nothing", "", "groups_file: empty-groups.yaml\n"),
        ("a file of something else", "", "groups_file: list.yaml\n"),
        ("a group of neither", ALLOW, "[\"group:staf\"]\ngroups_file: groups.yaml\n"),
        ("a short token", "", "admin: { token: { env: SHORT_SECRET } }\n"),
        ("a token in the file", "", "admin: { token: hunter2 }\n"),
    ]));
}

#[test]
fn groups_of_the_file_are_united_with_our_own() {
    let text = edited(ALLOW, "[\"group:staff\"]\ngroups_file: groups.yaml\n");
    let config = parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
    for (address, expected) in [
        ("alice@example.com", "admins staff"),
        ("bob@partner.example", "admins"),
        ("carol@example.com", "staff"),
    ] {
        let groups = config.groups.of(&EmailAddress::parse(address).unwrap());
        let names: Vec<_> = groups.iter().map(|group| group.as_str()).collect();
        assert_eq!(names.join(" "), expected, "{address}");
    }
}

#[test]
fn who_may_register_and_enter() {
    let text = edited(
        ALLOW,
        "[accounts, \"@example.com\"]\n    sign_in: { registration: open }\n\
         admin: { token: { env: ADMIN_TOKEN } }\n",
    );
    let config = parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.sites[0].sign_in.registration, Registration::Open);
    assert!(config.admin_token.is_some());
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
    let guest = EmailAddress::parse("guest@partner.example").unwrap();
    let policy = &config.sites[0].policy;
    assert!(policy.may_sign_in(&guest, &[], Membership::Member));
    assert!(!policy.may_sign_in(&guest, &[], Membership::Outsider));
}
