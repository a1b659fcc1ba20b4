//! No message repeats what may be a secret, whatever stands at its place.

use super::{BASE, edited, parse};

const CANARY: &str = "hunter2";

/// Everything that may be typed where a secret, or the place of one, belongs.
const TYPED: &[&str] = &[
    "hunter2",
    "\"hunter2\"",
    "'hunter2",
    "@hunter2",
    "*hunter2",
    "&hunter2",
    "!hunter2 x",
    "!!int hunter2",
    "!!binary hunter2",
    "%hunter2",
    "`hunter2`",
    "|\n hunter2",
    "[hunter2]",
    "[[hunter2, hunter2]]",
    "{ hunter2 }",
    "{ hunter2: 1 }",
    "{ hunter2: 1, hunter2: 2 }",
    "{ value: hunter2 }",
    "{ env: hunter2 }",
    "{ env: \"hunter2!\" }",
    "{ env: [hunter2] }",
    "{ env: { hunter2: hunter2 } }",
    "{ file: hunter2 }",
    "{ file: hunter2, env: hunter2 }",
    "{ file: { a: hunter2 } }",
    "{ file: hunter2, file: hunter2 }",
    "{ [hunter2]: 1 }",
    "{ env:hunter2 }",
    "{ env: hunter2",
    "[env: hunter2",
    "redis://:hunter2@redis.example.com",
    "\"redis://:hunter2@redis.example.com\"",
    "http://me:hunter2@host",
    "-----BEGIN PRIVATE KEY----- hunter2",
];

const NUMBERS: &[&str] = &["777000777", "-777000777", "777000777.5", "0x2E500309", "[777000777]"];

/// Places of maps that hold a secret.
const MAPS: [&str; 2] = ["smtp: VALUE", "redis: VALUE"];

/// The base with `VALUE` at each place where a secret, or a path to one, belongs.
fn places() -> Vec<String> {
    let smtp = "  smtp: { host: a.example.com, username: a, password: VALUE }\n";
    let inbox = "  inbox: { listen: \"127.0.0.1:8025\" }\n";
    let store = "store: { embedded: { path: data } }\n";
    let listen = "listen: [{ address: \"127.0.0.1:8080\" }]\n";
    vec![
        edited("", "secret: VALUE\n"),
        edited(inbox, smtp),
        edited(inbox, "  smtp:\n    host: a.example.com\n    username: a\n    password: VALUE\n"),
        edited(inbox, "  smtp: VALUE\n"),
        edited(inbox, "  postmark: { token: VALUE }\n"),
        edited(inbox, "  relays:\n    - ses: { region: a, access_key: a, secret: VALUE }\n"),
        BASE.replace(
            inbox,
            &format!("{inbox}  dkim: [{{ domain: example.com, selector: a, key: VALUE }}]\n"),
        ),
        edited(store, "secret: { env: LINKGATE_SECRET }\nstore: { redis: { url: VALUE } }\n"),
        edited(store, "secret: { env: LINKGATE_SECRET }\nstore: { redis: { url: [VALUE] } }\n"),
        edited(store, "store: { redis: VALUE }\n"),
        edited(
            listen,
            "listen: [{ address: \"[::1]:1\", tls: { certificate: site.pem, key: VALUE } }]\n",
        ),
    ]
}

#[test]
fn no_message_repeats_a_secret_whatever_its_type() {
    let mut refused = 0;
    for place in places() {
        for typed in TYPED.iter().chain(NUMBERS) {
            // In the map around a secret an unknown key is named: it is what must be found.
            if typed.starts_with('{') && MAPS.iter().any(|map| place.contains(map)) {
                continue;
            }
            let Err(problems) = parse(&place.replace("VALUE", typed)) else { continue };
            refused += 1;
            let told = format!("{problems}\n{problems:?}");
            for canary in [CANARY, "777000777"] {
                assert!(!told.contains(canary), "{typed} told as\n{told}");
            }
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn a_key_that_may_hold_a_secret_is_not_named() {
    for text in [
        BASE.replace("inbox: {", "smtp: { password:hunter2, "),
        format!("{BASE}secret:hunter2\n"),
        format!("{BASE}\"secret: hunter2\": 1\n"),
        format!("{BASE}brand: {{ texts: {{ de: {{ \"password:hunter2\": [x] }} }} }}\n"),
    ] {
        let told = parse(&text).unwrap_err().to_string();
        assert!(!told.contains(CANARY), "{told}");
    }
}

#[test]
fn a_password_in_a_url_is_not_repeated_where_none_belongs() {
    for url in ["me:hunter2@host", "me:hunter2@host:25", "http://me:hunter2@host", "//hunter2@a"] {
        for (from, to) in [
            ("upstream: http://127.0.0.1:3000", "upstream: \"VALUE\""),
            ("upstream: http://127.0.0.1:3000", "upstream: [\"VALUE\"]"),
            ("upstream: http://127.0.0.1:3000", "upstream: { url: \"VALUE\" }"),
            ("origin: https://wiki.example.com", "origin: \"VALUE\""),
            ("[\"@example.com\"]", "[\"VALUE\"]"),
            ("[\"@example.com\"]", "[everyone]\n    return_to: [\"VALUE\"]"),
            ("[\"@example.com\"]", "[everyone]\n    cors_origins: [\"VALUE\"]"),
            ("[\"@example.com\"]", "[everyone]\n    rules: [{ path: \"VALUE\" }]"),
            ("name: wiki", "name: \"VALUE\""),
            ("inbox: { listen: \"127.0.0.1:8025\" }", "smtp: { host: \"VALUE\" }"),
            ("127.0.0.1:8080", "VALUE"),
            ("", "trusted_proxies: [\"VALUE\"]\n"),
            ("", "prefix: \"VALUE\"\n"),
            ("", "session: { domain: \"VALUE\" }\n"),
            ("", "log: { level: \"VALUE\" }\n"),
            ("", "brand: { help: \"VALUE\" }\n"),
            ("", "brand: { logo: \"VALUE\" }\n"),
            ("", "brand: { templates: \"VALUE\" }\n"),
            ("", "brand: { colors: { accent: \"VALUE\" } }\n"),
            ("", "brand: { texts: { \"VALUE\": { a: b } } }\n"),
            ("", "languages: [\"VALUE\"]\n"),
        ] {
            let told = parse(&edited(from, &to.replace("VALUE", url))).unwrap_err().to_string();
            assert!(!told.contains(CANARY), "{told}");
        }
    }
}

#[test]
fn a_secret_that_was_found_is_never_shown() {
    let text = edited(
        "store: { embedded: { path: data } }\n",
        "secret: { env: LINKGATE_SECRET }\nstore: { redis: { url: { env: LINKGATE_REDIS_URL } } }\n",
    );
    let text = text.replace(
        "inbox: { listen: \"127.0.0.1:8025\" }",
        "smtp: { host: a.example.com, username: a, password: { env: SMTP_PASSWORD } }",
    );
    let shown = format!("{:?}", parse(&text).unwrap());
    for secret in ["hunter2", "open sesame", "0123456789abcdef"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("Password(..)") && shown.contains("Secret(..)"));
}
