//! The ways that mail leaves.

use std::path::Path;
use std::time::Duration;

use super::super::{ApiConfig, ApiProvider, Config, MailTransport};
use super::{BASE, edited, machine, parse, report};

const INBOX: &str = "  inbox: { listen: \"127.0.0.1:8025\" }\n";
const FROM: &str = "  from: Example <login@example.com>\n";

/// The ways of [`BASE`] with others in place of the inbox.
fn relays(ways: &str) -> Vec<MailTransport> {
    let config = parse(&edited(INBOX, ways));
    config.unwrap_or_else(|problems| panic!("{ways}\n{problems}")).mail.relays
}

#[test]
fn each_provider_has_its_usual_address() {
    let token = "token: { env: MAIL_TOKEN }";
    for (way, name, url) in [
        (format!("postmark: {{ {token} }}"), "postmark", "https://api.postmarkapp.com/"),
        (
            "ses: { region: eu-central-1, access_key: AKIA1, secret: { env: MAIL_TOKEN } }".into(),
            "ses",
            "https://email.eu-central-1.amazonaws.com/",
        ),
        (
            format!("mailgun: {{ domain: mg.example.com, {token} }}"),
            "mailgun",
            "https://api.mailgun.net/",
        ),
        (
            format!("mailgun: {{ domain: mg.example.com, region: eu, {token} }}"),
            "mailgun",
            "https://api.eu.mailgun.net/",
        ),
        (format!("sendgrid: {{ {token} }}"), "sendgrid", "https://api.sendgrid.com/"),
        (
            format!("sendgrid: {{ region: eu, {token} }}"),
            "sendgrid",
            "https://api.eu.sendgrid.com/",
        ),
        (format!("resend: {{ {token} }}"), "resend", "https://api.resend.com/"),
        (format!("brevo: {{ {token} }}"), "brevo", "https://api.brevo.com/"),
        (
            format!("brevo: {{ {token}, endpoint: \"http://127.0.0.1:8000/a\", timeout: 5s }}"),
            "brevo",
            "http://127.0.0.1:8000/a",
        ),
    ] {
        let relays = relays(&format!("  {way}\n"));
        let [MailTransport::Api(api)] = &relays[..] else { panic!("{relays:?}") };
        assert_eq!((api.provider.name(), api.endpoint.as_str()), (name, url));
        assert!(!format!("{api:?}").contains("to-ken"), "{api:?}");
    }
}

#[test]
fn defaults_are_those_that_are_documented() {
    let documented = include_str!("../../../conf/linkgate.yaml");
    let said = "  sendmail: { path: /usr/sbin/sendmail, args: [\"-i\"], timeout: 20s }\n";
    assert_eq!(relays(said), relays("  sendmail: {}\n"));
    let relays = relays("  postmark: { token: { env: MAIL_TOKEN } }\n");
    let [MailTransport::Api(ApiConfig { provider, timeout, .. })] = &relays[..] else { panic!() };
    let ApiProvider::Postmark { stream, .. } = provider else { panic!() };
    assert_eq!((stream.as_str(), *timeout), ("outbound", Duration::from_secs(20)));
    for line in [
        "#    path: /usr/sbin/sendmail",
        "#    args: [\"-i\"]",
        "#    stream: outbound",
        "#    region: us",
        "#    region: global",
        "#    tracking_is_off: false",
        "#    endpoint: https://api.postmarkapp.com",
    ] {
        assert!(documented.lines().any(|documented| documented == line), "{line}");
    }
}

#[test]
fn several_relays_keep_their_order() {
    let relays = relays(
        "  relays:\n    - smtp: { host: a.example.com }\n    - postmark: { token: { env: MAIL_TOKEN } }\n    \
         - smtp: { host: b.example.com }\n    - sendmail: {}\n    - folder: { path: mails }\n",
    );
    let names: Vec<_> = relays.iter().map(MailTransport::name).collect();
    assert_eq!(names, ["a.example.com", "postmark", "b.example.com", "sendmail", "folder"]);
}

const CASES: &[(&str, &str, &str)] = &[
    ("no relays", INBOX, "  relays: []\n"),
    (
        "six relays",
        INBOX,
        "  relays: [{ sendmail: {} }, { sendmail: {} }, { sendmail: {} }, \
      { sendmail: {} }, { sendmail: {} }, { sendmail: {} }]\n",
    ),
    ("a relay of no way", INBOX, "  relays: [{}]\n"),
    ("a relay of two ways", INBOX, "  relays: [{ sendmail: {}, folder: { path: a } }]\n"),
    ("an inbox among relays", INBOX, "  relays: [{ inbox: { listen: \"127.0.0.1:1\" } }]\n"),
    ("relays and a way", INBOX, "  sendmail: {}\n  relays: [{ sendmail: {} }]\n"),
    ("a relay with a mistake", INBOX, "  relays: [{ sendmail: {} }, { smtp: {} }]\n"),
    ("sendmail without its path", INBOX, "  sendmail: { path: sendmail, args: [\"\"] }\n"),
    ("sendmail that takes too long", INBOX, "  sendmail: { timeout: 60s }\n"),
    ("providers without anything", INBOX, "  postmark: {}\n"),
    ("mailgun without anything", INBOX, "  mailgun: {}\n"),
    ("ses without anything", INBOX, "  ses: {}\n"),
    ("a token with a blank", INBOX, "  resend: { token: { env: BLANK_TOKEN } }\n"),
    ("a token as it is", INBOX, "  resend: { token: re_123 }\n"),
    ("another region", INBOX, "  sendgrid: { token: { env: MAIL_TOKEN }, region: europe }\n"),
    ("a domain that is none", INBOX, "  mailgun: { token: { env: MAIL_TOKEN }, domain: a/b }\n"),
    (
        "names that are none",
        INBOX,
        "  ses: { region: \"eu central\", access_key: \"a b\", \
      secret: { env: MAIL_TOKEN }, configuration_set: \"\" }\n",
    ),
    (
        "http to elsewhere",
        INBOX,
        "  postmark: { token: { env: MAIL_TOKEN }, \
      endpoint: \"http://api.example.com\" }\n",
    ),
    (
        "an endpoint with a login",
        INBOX,
        "  postmark: { token: { env: MAIL_TOKEN }, \
      endpoint: \"https://a:hunter2@api.example.com\" }\n",
    ),
    (
        "an endpoint that is none",
        INBOX,
        "  postmark: { token: { env: MAIL_TOKEN }, \
      endpoint: api.example.com, ca: no.pem }\n",
    ),
    (
        "a key of another provider",
        INBOX,
        "  postmark: { token: { env: MAIL_TOKEN }, region: eu }\n",
    ),
    ("a signer without anything", FROM, "  from: Example <login@example.com>\n  dkim: [{}]\n"),
    (
        "a signer of nonsense",
        FROM,
        "  from: Example <login@example.com>\n  \
      dkim: [{ domain: localhost, selector: a_b, key: { file: note.txt } }]\n",
    ),
    (
        "a key that cannot sign",
        FROM,
        "  from: Example <login@example.com>\n  \
      dkim: [{ domain: example.com, selector: a, key: { file: site.key } }]\n",
    ),
    (
        "a key that is missing",
        FROM,
        "  from: Example <login@example.com>\n  \
      dkim: [{ domain: example.com, selector: a, key: { file: no.pem } }]\n",
    ),
    (
        "two keys at one place",
        FROM,
        "  from: Example <login@example.com>\n  \
      dkim: [{ domain: example.com, selector: a, key: { file: dkim.pem } }, \
      { domain: Example.com, selector: A, key: { file: dkim.pem } }]\n",
    ),
];

#[test]
fn mistakes_are_told_with_their_cures() {
    insta::assert_snapshot!(report(CASES));
}

fn warnings(text: &str) -> Vec<String> {
    let config = Config::parse(text, "etc/linkgate.yaml", Path::new("etc"), &machine());
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    config.warnings.iter().map(|it| format!("{}: {}", it.key, it.fault.what)).collect()
}

#[test]
fn providers_that_cannot_be_told_are_warned_of_until_the_operator_has() {
    for (way, warned) in [
        ("resend: { token: { env: MAIL_TOKEN } }", true),
        ("resend: { token: { env: MAIL_TOKEN }, tracking_is_off: true }", false),
        ("brevo: { token: { env: MAIL_TOKEN } }", true),
        ("brevo: { token: { env: MAIL_TOKEN }, tracking_is_off: true }", false),
        ("ses: { region: a, access_key: a, secret: { env: MAIL_TOKEN } }", true),
        (
            "ses: { region: a, access_key: a, secret: { env: MAIL_TOKEN }, tracking_is_off: true }",
            false,
        ),
        ("postmark: { token: { env: MAIL_TOKEN } }", false),
        ("sendgrid: { token: { env: MAIL_TOKEN } }", false),
        ("mailgun: { token: { env: MAIL_TOKEN }, domain: a.example }", false),
    ] {
        let warnings = warnings(&edited(INBOX, &format!("  {way}\n")));
        assert_eq!(warnings.len(), usize::from(warned), "{way}: {warnings:?}");
        assert!(warnings.iter().all(|it| it.contains("leave links as they are")), "{warnings:?}");
    }
}

#[test]
fn senders_that_are_not_signed_and_keys_that_sign_nothing_are_warned_of() {
    let dkim = |domain: &str, from: &str| {
        let key = format!("{{ domain: {domain}, selector: a, key: {{ file: dkim.pem }} }}");
        BASE.replace(INBOX, &format!("  sendmail: {{}}\n  dkim: [{key}]\n"))
            .replace("login@example.com", from)
    };
    let none: [&str; 0] = [];
    assert_eq!(warnings(&dkim("example.com", "login@example.com")), none);
    assert_eq!(warnings(&dkim("example.com", "login@mail.example.com")), none);
    let told = warnings(&dkim("mail.example.com", "login@example.com"));
    assert!(told.len() == 2 && told[0].contains("no key for the domain of a sender"), "{told:?}");
    assert!(told[1].contains("mail.dkim[0]: signs nothing"), "{told:?}");
    let of_a_site =
        dkim("example.com", "login@example.com") + "    mail: { from: login@other.example }\n";
    assert_eq!(warnings(&of_a_site).len(), 2, "{:?}", warnings(&of_a_site));
    let elsewhere = dkim("example.com", "login@example.com")
        .replace("sendmail: {}", "postmark: { token: { env: MAIL_TOKEN } }");
    let told = warnings(&elsewhere);
    assert!(told.len() == 1 && told[0].contains("signs them itself"), "{told:?}");
}
