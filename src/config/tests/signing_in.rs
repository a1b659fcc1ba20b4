//! How people sign in and what it is called: titles, languages, limits, what pages offer.

use std::time::Duration;

use super::{BASE, edited, parse, report};
use crate::config::{Backend, UpstreamBalance, UpstreamHealth};
use crate::domain::language::Language;
use crate::domain::limit::CountedAlone;
use crate::domain::size::ByteSize;

const NAME: &str = "name: wiki";
const ALLOW: &str = "[\"@example.com\"]";

const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "limits",
        "",
        "sign_in:\n  limits:\n    network: 50\n    site: 0/1h\n    total: 5000 / 1h\n    ip: 3/0h\n",
    ),
    ("a limit that is none of ours", "", "sign_in: { limits: { sites: 3/1h } }\n"),
    ("flags", "", "sign_in: { new_device_notice: on, mail_buttons: 1, remember_address: \"\" }\n"),
    ("flag of a site", ALLOW, "[everyone]\n    sign_in: { new_device_notice: yes }"),
    ("buttons of a site", ALLOW, "[everyone]\n    sign_in: { mail_buttons: false }"),
    ("no language", "", "languages: []\n"),
    ("a language twice", "", "languages: [de, en, de]\n"),
    ("languages in other words", "", "languages: [EN, de-AT, Français, spanish, nl, \"\"]\n"),
    ("one language", "", "languages: de\n"),
    ("title of nothing", NAME, "name: wiki\n    title: \"  \""),
    ("title of two lines", NAME, "name: wiki\n    title: \"Team\\nwiki\""),
    ("title that turns around", NAME, "name: wiki\n    title: \"Team \\u202ewiki\""),
    ("title with a blank of no width", NAME, "name: wiki\n    title: \"Team \\u200bwiki\""),
    ("title with a hidden text", NAME, "name: wiki\n    title: \"Team \\U000E0061wiki\""),
    (
        "title too long",
        NAME,
        "name: wiki\n    title: 1234567890123456789012345678901234567890123456789012345678901",
    ),
];

#[test]
fn mistakes_of_signing_in() {
    insta::assert_snapshot!(report(MISTAKES));
}

#[test]
fn a_site_has_a_title_for_people() {
    let title = |text: &str| parse(text).unwrap().sites[0].title.to_string();
    assert_eq!(title(BASE), "wiki");
    assert_eq!(title(&edited(NAME, "name: wiki\n    title: \" Équipe – ويكي \"")), "Équipe – ويكي");
    let longest = "é".repeat(60);
    assert_eq!(title(&edited(NAME, &format!("name: wiki\n    title: {longest}"))), longest);
}

#[test]
fn languages_keep_their_order() {
    let languages = |to: &str| parse(&edited("", to)).unwrap().languages;
    assert_eq!(languages("languages: [ar, de]\n"), [Language::Arabic, Language::German]);
    assert_eq!(languages(""), Language::ALL);
}

#[test]
fn limits_and_offers_are_read() {
    let text = "sign_in:\n  limits: { email: 4/1h, ip: 20/1h, network: 60/30m, site: 10/1m, total: 7/1d }\n  \
                mail_buttons: false\n  remember_address: false\n  new_device_notice: true\n";
    let config = parse(&edited("", text)).unwrap();
    let (said, site) = (config.sign_in, config.sites[0].sign_in.limits);
    let limits = [site.email, site.ip, site.network, site.site, said.total_limit];
    assert_eq!(limits.map(|limit| limit.to_string()), ["4/1h", "20/1h", "60/30m", "10/1m", "7/1d"]);
    assert!(!said.mail_buttons && !said.remember_address);
    assert!(config.sites[0].sign_in.new_device_notice);
}

#[test]
fn a_site_may_have_limits_of_its_own() {
    let text = edited(
        ALLOW,
        "[everyone]\n    sign_in: { limits: { email: 9/1h, site: 70/1m } }\n\
         sign_in: { limits: { email: 4/1h, ip: 20/1h } }",
    );
    let limits = parse(&text).unwrap().sites[0].sign_in.limits;
    let said = [limits.email, limits.ip, limits.network, limits.site];
    assert_eq!(said.map(|limit| limit.to_string()), ["9/1h", "20/1h", "50/1h", "70/1m"]);
    let alone = CountedAlone { address: true, ..CountedAlone::default() };
    assert_eq!(limits.alone, alone, "what it says itself, it counts itself");
}

#[test]
fn a_title_may_have_what_its_script_needs() {
    for title in ["می\u{200c}خواهم", "\u{200f}(C++)\u{200f}", "❤\u{fe0f}"] {
        let text = edited(NAME, &format!("name: wiki\n    title: \"{title}\""));
        assert_eq!(&*parse(&text).unwrap().sites[0].title, title);
    }
}

#[test]
fn a_site_may_have_a_sender_and_a_cap_of_its_own() {
    let text = edited(
        ALLOW,
        "[everyone]\n    mail: { from: \"Wiki <wiki@example.com>\" }\n    max_body: 5MiB",
    );
    let site = parse(&text).unwrap().sites.remove(0);
    assert_eq!(site.mail.from.map(|from| from.name).as_deref(), Some("Wiki"));
    assert_eq!((site.mail.reply_to, site.max_body), (None, Some(ByteSize::new(5 << 20))));
}

#[test]
fn servers_may_be_asked_how_they_are() {
    let upstream = |long: &str| {
        let text = format!("upstream: {{ url: [\"http://a:1\", \"http://b:2\"]{long} }}");
        let mut config = parse(&edited("upstream: http://127.0.0.1:3000", &text)).unwrap();
        match config.sites.remove(0).backend {
            Backend::Upstream(upstream) => *upstream,
            Backend::Elsewhere => panic!("{text}"),
        }
    };
    let plain = upstream("");
    assert_eq!((plain.balance, plain.health), (UpstreamBalance::RoundRobin, None));
    let asked = upstream(", balance: client, health: {}");
    assert_eq!(asked.balance, UpstreamBalance::Client);
    let seconds = Duration::from_secs;
    let usual = UpstreamHealth {
        path: None,
        host: None,
        interval: seconds(10),
        timeout: seconds(2),
        failures: 2,
        successes: 1,
    };
    assert_eq!(asked.health, Some(usual));
    let asked = upstream(
        ", health: { path: /up?x=1, host: wiki.example.com, interval: 5s, timeout: 1s, \
         failures: 3, successes: 4 }",
    );
    let own = UpstreamHealth {
        path: Some("/up?x=1".into()),
        host: Some("wiki.example.com".into()),
        interval: seconds(5),
        timeout: seconds(1),
        failures: 3,
        successes: 4,
    };
    assert_eq!(asked.health, Some(own));
}

#[test]
fn a_site_may_differ_about_notices() {
    for (all, site) in [(true, false), (false, true)] {
        let text = edited(
            ALLOW,
            &format!(
                "[everyone]\n    sign_in: {{ new_device_notice: {site} }}\n\
                 sign_in: {{ new_device_notice: {all} }}"
            ),
        );
        assert_eq!(parse(&text).unwrap().sites[0].sign_in.new_device_notice, site);
    }
}

/// RFC 8252 7.1 asks apps for schemes that are a domain turned around, with one slash or two.
#[test]
fn a_sign_in_may_end_in_an_app() {
    for target in [
        "exampleapp://signed-in",
        "exampleapp://signed-in/*",
        "com.example.app:/signed-in",
        "com.example.app:/signed-in/*",
        "com.example.app:///signed-in",
        "com.example.app://x",
        "com.example.my-app+test:/oauth?from=linkgate",
        "COM.Example.App:/signed-in",
    ] {
        let text = edited(ALLOW, &format!("[everyone]\n    return_to: [\"{target}\"]"));
        let config = parse(&text).unwrap_or_else(|problems| panic!("{problems}"));
        let scheme = target.split(':').next().unwrap().to_lowercase();
        let kept = config.sites[0].return_to[0].to_string();
        assert!(kept.starts_with(&format!("{scheme}:")), "{kept}");
    }
}

/// Each of these runs a program, reads a file, has no place of its own or leads to a page that a
/// browser makes itself (WHATWG URL, "special schemes"; Android's `intent:`).
#[test]
fn a_sign_in_never_ends_in_a_dangerous_place() {
    let schemes = [
        "javascript",
        "JavaScript",
        "data",
        "file",
        "blob",
        "vbscript",
        "intent",
        "view-source",
        "about",
        "ws",
        "wss",
        "filesystem",
        "chrome",
        "content",
        "jar",
        "mailto",
    ];
    for scheme in schemes {
        for behind in [":x", ":/x", "://x", "://x/*", "://%0aalert(1)"] {
            let target = format!("{scheme}{behind}");
            let text = edited(ALLOW, &format!("[everyone]\n    return_to: [\"{target}\"]"));
            let told = parse(&text).unwrap_err().to_string();
            let place = "etc/linkgate.yaml:13:17: sites[0].return_to[0]: ";
            let what = "has a scheme that must never be a place to return to";
            assert!(told.starts_with(&format!("{place}{what}")), "{target}: {told}");
            assert!(told.contains("hint: "), "{told}");
        }
    }
    // An opaque text, which an app may take for a command, and a scheme for all of an app.
    for target in
        ["com.example.app:signed-in", "com.example.app:", "com.example.app://", "my_app://x"]
    {
        let text = edited(ALLOW, &format!("[everyone]\n    return_to: [\"{target}\"]"));
        assert!(parse(&text).is_err(), "{target}");
    }
}
