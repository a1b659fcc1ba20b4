//! What works and is not as it should be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::{Config, Environment, SystemEnvironment};
use super::{BASE, TestEnvironment, edited, machine};

const KEY: [u8; 32] = [b'k'; 32];
const INBOX: &str = "inbox: { listen: \"127.0.0.1:8025\" }";

fn warnings(text: &str, environment: &TestEnvironment) -> Vec<String> {
    let config = Config::parse(text, "etc/linkgate.yaml", Path::new("etc"), environment);
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    config.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_file_has_none() {
    for text in [BASE, include_str!("../../../conf/linkgate.yaml")] {
        assert_eq!(warnings(text, &machine()), [""; 0]);
    }
    let closed = machine().file("etc/key", KEY);
    assert_eq!(warnings(&edited("", "secret: { file: key }\n"), &closed), [""; 0]);
}

#[test]
fn secrets_that_others_can_read_are_named_by_their_keys() {
    let open = machine()
        .file("etc/key", KEY)
        .file("etc/word", "hunter2")
        .file("etc/data/secret", KEY)
        .open("etc/key")
        .open("etc/word")
        .open("etc/data/secret");
    let smtp = "smtp: { host: a.example.com, username: a, password: { file: word } }";
    let text = edited("", "secret: { file: key }\n").replace(INBOX, smtp);
    let what = "leads to a secret that others than the owner of the file can read";
    let hint = "give it to the user that runs linkgate, and to nobody else: chmod 600 FILE";
    assert_eq!(
        warnings(&text, &open),
        [
            format!("etc/linkgate.yaml:5:63: mail.smtp.password.file: {what}\n  hint: {hint}"),
            format!("etc/linkgate.yaml:13:17: secret.file: {what}\n  hint: {hint}"),
        ]
    );
    // The one beside the embedded store, which no key names.
    let unsaid = warnings(BASE, &open);
    assert_eq!(unsaid, [format!("etc/linkgate.yaml:1:1: secret: {what}\n  hint: {hint}")]);
}

#[test]
fn the_system_says_who_can_read_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "x").unwrap();
    for (mode, is_open) in [
        (0o600, false),
        (0o400, false),
        (0o611, false),
        (0o622, false),
        (0o640, true),
        (0o604, true),
        (0o444, true),
    ] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(SystemEnvironment.is_open_to_others(&path), is_open, "{mode:o}");
    }
    assert!(!SystemEnvironment.is_open_to_others(&folder.path().join("missing")));
    assert!(SystemEnvironment.list(folder.path()).is_ok());
    assert!(SystemEnvironment.list(&path).is_err());
}

#[test]
fn texts_that_are_never_shown_are_named() {
    let text = "languages: [en]\nbrand: { texts: { en: { a: b }, de: { a: b } } }\n";
    assert_eq!(
        warnings(&edited("", text), &machine()),
        ["etc/linkgate.yaml:14:33: brand.texts.de: are never shown: `languages` does not offer \
          this language: `de`\n  hint: add it there, or remove the texts"]
    );
}

#[test]
fn limits_in_the_shadow_of_wider_ones_are_named() {
    let of = |limits: &str| {
        let text = edited("", &format!("sign_in: {{ limits: {{ {limits} }} }}\n"));
        let told = warnings(&text, &machine());
        let first = |told: &String| told.split(": ").skip(1).collect::<Vec<_>>().join(": ");
        told.iter().map(first).collect::<Vec<_>>()
    };
    assert_eq!(
        of("network: 2000/1h"),
        ["sign_in.limits.network: is never reached: site is 1000/1h: `2000/1h`\n  hint: raise \
          `site`, or lower `network`"]
    );
    assert_eq!(
        of("total: 100/1h"),
        ["sign_in.limits.site: is never reached: total is 100/1h: `1000/1h`\n  hint: raise \
          `total`, or lower `site`"]
    );
    // In a longer window more may be reached, and who allows one client more raises what many may.
    for fine in ["ip: 50/1h", "ip: 60/1d", "ip: 100/1h", "ip: 2000/1h", "network: 2000/1d"] {
        assert_eq!(of(fine), [""; 0], "{fine}");
    }
}

#[test]
fn a_page_above_a_closed_part_that_no_rule_names_is_named() {
    let of = |rules: &str| {
        let text = edited("", "").replace("allow:", &format!("rules: [{rules}]\n    allow:"));
        assert!(text.contains("rules:"));
        let told = warnings(&text, &machine());
        told.iter().filter_map(|told| Some(told.split_once(": ")?.1.to_owned())).collect::<Vec<_>>()
    };
    let admins = "allow: [\"root@example.com\"]";
    assert_eq!(
        of(&format!("{{ path: \"/a/*/**\", {admins} }}")),
        ["sites[0].rules[0].path: says nothing of `/a/*` itself, and no rule does: `/a/*/**`\n  \
          hint: add the same rule with `path: /a/*` if there is a page"]
    );
    for closed in ["access: deny", "max_age: 15m", "allow: [everyone], max_age: 15m"] {
        assert_eq!(of(&format!("{{ path: \"/a/**\", {closed} }}")).len(), 1, "{closed}");
    }
    for fine in [
        format!("{{ path: \"/a/**\", {admins} }}, {{ path: \"/a\", {admins} }}"),
        format!("{{ path: \"/a/**\", {admins} }}, {{ path: \"/*\", {admins} }}"),
        format!("{{ path: \"/**\", {admins} }}"),
        format!("{{ path: \"/a/*\", {admins} }}"),
        "{ path: \"/a/**\", access: public }".to_owned(),
        "{ path: \"/a/**\", allow: [everyone] }".to_owned(),
        "{ path: \"/a/**\", unauthenticated: status }".to_owned(),
    ] {
        assert_eq!(of(&fine), [""; 0], "{fine}");
    }
}

#[test]
fn sites_on_two_ports_of_one_host_are_named() {
    let of = |origin: &str| {
        let site = "\n  - { name: other, origin: ORIGIN, upstream: \"http://127.0.0.1:3001\", allow: \
                    [everyone] }\n";
        let text = format!("{BASE}{}", site.replace("ORIGIN", &format!("\"{origin}\"")));
        let told = warnings(&text, &machine());
        told.iter().filter_map(|told| Some(told.split_once(": ")?.1.to_owned())).collect::<Vec<_>>()
    };
    let told = of("https://wiki.example.com:8443");
    assert!(told[0].starts_with("sites[1].origin: differs from that of sites[0]"), "{told:?}");
    assert_eq!(of("https://other.example.com:8443"), [""; 0]);
}
