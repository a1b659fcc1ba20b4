//! What providers tell, and how they show that it is them.

use std::path::Path;

use super::super::Config;
use super::{BASE, TestEnvironment, certificate, edited, machine};

const FROM: &str = "  from: Example <login@example.com>\n";

fn environment() -> TestEnvironment {
    let (pem, key) = certificate("sns.amazonaws.com");
    machine()
        .variable("LONG", "0123456789abcdef")
        .variable("SHORT", "0123456789abcde")
        .variable("LINES", "0123456789abcdef\n0123456789abcdef")
        .variable("EMPTY", "")
        .file("etc/sns.pem", pem)
        .file("etc/sns.key", key)
}

fn told(hooks: &str) -> String {
    let text = edited(FROM, &format!("{FROM}  hooks: {hooks}\n"));
    match Config::parse(&text, "etc/linkgate.yaml", Path::new("etc"), &environment()) {
        Ok(_) => "good\n".to_owned(),
        Err(problems) => problems.to_string(),
    }
}

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:mail";

#[test]
fn good_ones_are_read() {
    for hooks in [
        "{ postmark: { username: postmark, password: { env: LONG } } }".to_owned(),
        "{ mailgun: { signing_key: { env: LONG } } }".to_owned(),
        "{ sendgrid: { public_key: MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE } }".to_owned(),
        "{ resend: { secret: { env: LONG } } }".to_owned(),
        "{ brevo: { token: { env: LONG } }, listen: \"127.0.0.1:9181\" }".to_owned(),
        format!("{{ ses: {{ topic: \"{TOPIC}\", certificate: sns.pem }} }}"),
    ] {
        assert_eq!(told(&hooks), "good\n", "{hooks}");
    }
}

/// What is wrong, and what is written.
const CASES: &[(&str, &str)] = &[
    ("a provider that is not known", "{ mandrill: { token: { env: LONG } } }"),
    ("a list", "[postmark]"),
    ("a password that is short", "{ postmark: { username: a, password: { env: SHORT } } }"),
    ("a password that is missing", "{ postmark: { username: a } }"),
    ("a password in the file", "{ postmark: { username: a, password: open-sesame-open } }"),
    ("no user", "{ postmark: { password: { env: LONG } } }"),
    ("a user with a colon", "{ postmark: { username: \"a:b\", password: { env: LONG } } }"),
    ("a key that is short", "{ mailgun: { signing_key: { env: SHORT } } }"),
    ("a key of two lines", "{ mailgun: { signing_key: { env: LINES } } }"),
    ("a key that is empty", "{ mailgun: { signing_key: { env: EMPTY } } }"),
    ("a key that is not set", "{ mailgun: { signing_key: { env: NOT_SET } } }"),
    ("a key that is missing", "{ mailgun: {} }"),
    ("a public key with a blank", "{ sendgrid: { public_key: \"MFkw EwYH\" } }"),
    ("a public key that is missing", "{ sendgrid: {} }"),
    ("a secret that is short", "{ resend: { secret: { env: SHORT } } }"),
    ("a token that is short", "{ brevo: { token: { env: SHORT } } }"),
    ("a token that is no file", "{ brevo: { token: { file: no.token } } }"),
    ("a topic that is missing", "{ ses: { certificate: sns.pem } }"),
    ("a topic with a blank", "{ ses: { topic: \"arn: x\", certificate: sns.pem } }"),
    (
        "a certificate that is missing",
        "{ ses: { topic: \"arn:aws:sns:eu-central-1:123456789012:mail\" } }",
    ),
    (
        "a certificate that is no file",
        "{ ses: { topic: \"arn:aws:sns:eu-central-1:123456789012:mail\", certificate: no.pem } }",
    ),
    (
        "a certificate that is a key",
        "{ ses: { topic: \"arn:aws:sns:eu-central-1:123456789012:mail\", certificate: sns.key } }",
    ),
    ("no address", "{ listen: here, brevo: { token: { env: LONG } } }"),
    ("an address that is taken", "{ listen: \"127.0.0.1:8080\", brevo: { token: { env: LONG } } }"),
];

#[test]
fn mistakes_are_told_with_their_cures() {
    assert!(BASE.contains(FROM));
    let told: Vec<_> =
        CASES.iter().map(|(what, hooks)| format!("# {what}: {hooks}\n{}", told(hooks))).collect();
    for (text, (what, _)) in told.iter().zip(CASES) {
        assert!(!text.ends_with("good\n"), "{what}");
        let is_shown = text.contains("0123456789") || text.contains("sesame-open\n");
        assert!(!is_shown || text.starts_with("# a password in the file"), "{text}");
    }
    insta::assert_snapshot!(told.join("\n"));
}
