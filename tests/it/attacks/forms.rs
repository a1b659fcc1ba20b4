//! The field for an address: what is typed into it, and what a stranger learns from the answers.

mod alike;
mod spellings;

use std::collections::BTreeMap;

use mailparse::MailHeaderMap;
use serde_json::json;

use super::scene::assert_own_answer;
use crate::support::client::{Answer, Browser, raw};
use crate::support::gate::{Gate, Mail, Wishes};
use crate::support::smtp::{Message, Relay, Script};
use spellings::End;

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow:
      - "@example.com"
      - "@*.example.com"
      - "Ann.Smith@Rule.Example"
      - "@bücher.example"
      - "@strasse.example"
      - "@mail.example"
"#;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// A site whose mails go through a relay that remembers every word.
async fn scene(relay: &Relay, sign_in: &str) -> Gate {
    let mail = format!(
        "{{ from: \"Gate <login@sender.example>\", \
         smtp: {{ host: localhost, port: {}, tls: none }} }}",
        relay.port()
    );
    let sites = SITES.to_owned();
    Gate::with(Wishes { mail, sites, sign_in: sign_in.to_owned(), ..Wishes::default() }).await
}

/// Holds the mails against those that were to come: no more and no fewer, each for one person.
struct Letters {
    relay: Relay,
    expected: Vec<String>,
}

impl Letters {
    /// Waits for one more.
    async fn expect(&mut self, to: &str, why: &str) -> Mail {
        self.expected.push(to.to_owned());
        let message = self.relay.message(self.expected.len()).await;
        assert_is_for_one_person(&message, to, why);
        Mail::parse(message.data)
    }

    /// Asks twice more: mails are handed over in the order of asking, some at once, so what was to
    /// come before has come then.
    async fn assert_no_more(mut self, gate: &Gate) {
        for _ in 0..2 {
            gate.ask(&mut gate.browser(), "fence@example.com", "/").await;
            self.expect("fence@example.com", "the last mails").await;
        }
        let sent: Vec<_> = self.relay.messages().into_iter().map(|it| it.to).collect();
        assert_eq!(sent, self.expected.iter().map(|to| vec![to.clone()]).collect::<Vec<_>>());
        let commands = self.relay.commands();
        let named: Vec<_> = commands.iter().filter(|it| it.starts_with("RCPT")).collect();
        let expected: Vec<_> = self
            .expected
            .iter()
            .map(|to| format!("RCPT TO:<{}>", to.to_ascii_uppercase()))
            .collect();
        assert_eq!(named, expected.iter().collect::<Vec<_>>());
    }
}

fn assert_is_for_one_person(message: &Message, to: &str, why: &str) {
    assert_eq!(message.to, [to], "{why:?}");
    assert_eq!(message.from, "login@sender.example", "{why:?}");
    let parsed = mailparse::parse_mail(&message.data).expect("a message");
    for name in ["To", "From", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"] {
        assert_eq!(parsed.headers.get_all_values(name).len(), 1, "{name}, {why:?}");
    }
    assert_eq!(parsed.headers.get_first_value("To").as_deref(), Some(to), "{why:?}");
    for name in ["Cc", "Bcc", "Resent-To", "Resent-Bcc", "Reply-To", "Sender", "Return-Path"] {
        assert_eq!(parsed.headers.get_first_value(name), None, "{name}, {why:?}");
    }
    let text = String::from_utf8_lossy(&message.data);
    assert!(!text.contains("evil") || to.contains("evil"), "{why:?}: {text}");
}

/// The value that the page shows in the field, as a browser reads it.
fn value_of_field(page: &str) -> String {
    let mut inputs = page.split("<input").skip(1).filter(|tag| tag.contains(" name=\"email\""));
    let input = inputs.next().expect("the field");
    let value = input.split_once(" value=\"").expect("a value").1;
    unescaped(value.split('"').next().unwrap_or_default())
}

fn unescaped(html: &str) -> String {
    let mut text = html.to_owned();
    for (entity, letter) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/")]
    {
        text = text.replace(entity, letter);
    }
    text.replace("&amp;", "&")
}

/// The page with the error: what was typed stands in the field, and nowhere as markup.
fn assert_is_shown_again(answer: &Answer, typed: &str) {
    assert_own_answer(answer, typed);
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{typed:?}");
    let page = answer.text();
    assert!(page.contains("aria-invalid=\"true\""), "{typed:?}");
    assert_eq!(value_of_field(&page), typed);
    for markup in ["<script>alert", "<img", "onerror=alert(1)>", "\" onfocus", "<!--"] {
        assert!(!page.contains(markup), "{typed:?}: {markup}");
    }
}

#[tokio::test]
async fn the_form_takes_one_address_and_nothing_else() {
    let relay = Relay::start(Script::default()).await;
    let gate = scene(&relay, "").await;
    let mut letters = Letters { relay, expected: Vec::new() };
    for (typed, end) in spellings::all() {
        let mut browser = gate.browser();
        let answer = gate.ask(&mut browser, &typed, "/").await;
        let address = match &end {
            End::Refused => {
                assert_eq!(answer.status, 422, "{typed:?}");
                assert_is_shown_again(&answer, &typed);
                assert!(browser.cookies.is_empty(), "{typed:?}");
                continue;
            }
            End::Silence(address) | End::Mail(address) => address,
        };
        let asked = (answer.status, answer.location());
        assert_eq!(asked, (303, "/.linkgate/check-mail"), "{typed:?}");
        assert_own_answer(&answer, &typed);
        if let End::Mail(to) = &end {
            letters.expect(to, &typed).await;
        }
        let page = browser.get("/.linkgate/check-mail").await;
        assert_eq!(page.status, 200, "{typed:?}");
        let text = unescaped(&page.text());
        assert!(text.contains(&address.to_ascii_lowercase()), "{typed:?}: {text}");
        assert!(!text.contains("evil") || address.contains("evil"), "{typed:?}: {text}");
    }
    letters.assert_no_more(&gate).await;
}

#[tokio::test]
async fn the_api_takes_one_address_and_nothing_else() {
    let relay = Relay::start(Script::default()).await;
    let gate = scene(&relay, "").await;
    let mut letters = Letters { relay, expected: Vec::new() };
    let mut refusals = BTreeMap::new();
    for (typed, end) in spellings::all() {
        let mut program = gate.browser();
        let document = json!({ "email": typed });
        let answer = program.json("POST", "/.linkgate/api/sign-in", &document).await;
        assert_own_answer(&answer, &typed);
        if end == End::Refused {
            assert_eq!(answer.status, 422, "{typed:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json", "{typed:?}");
            assert!(program.cookies.is_empty(), "{typed:?}");
            let mut problem = answer.json();
            problem["reference"] = "".into();
            refusals.insert(problem.to_string(), typed);
            continue;
        }
        assert_eq!(answer.status, 202, "{typed:?}");
        if let End::Mail(to) = &end {
            letters.expect(to, &typed).await;
        }
    }
    assert_eq!(refusals.len(), 1, "one answer, which repeats nothing: {refusals:?}");
    letters.assert_no_more(&gate).await;
}

/// Target, kind, bytes of the body; the status, and who gets a mail.
type Body = (&'static str, &'static str, &'static [u8], u16, Option<&'static str>);

const BODIES: &[Body] = &[
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com", 303, Some("ann@example.com")),
    ("/.linkgate/sign-in", FORM, b"email=ann%40example.com", 303, Some("ann@example.com")),
    ("/.linkgate/sign-in", FORM, b"%65mail=ann%40example.com", 303, Some("ann@example.com")),
    ("/.linkgate/sign-in", FORM, b"email=ann%2Bx@example.com", 303, Some("ann+x@example.com")),
    // Other fields do nothing, in a mail they least of all.
    (
        "/.linkgate/sign-in",
        FORM,
        b"email=ann@example.com&cc=eve@evil.test&bcc=eve@evil.test&to=eve@evil.test&subject=evil",
        303,
        Some("ann@example.com"),
    ),
    (
        "/.linkgate/sign-in",
        FORM,
        b"email=ann@example.com&email[]=eve@evil.test&email%00=x&EMAIL=eve@evil.test",
        303,
        Some("ann@example.com"),
    ),
    // What stands in the address bar is not the form.
    (
        "/.linkgate/sign-in?email=eve@evil.test",
        FORM,
        b"email=ann@example.com",
        303,
        Some("ann@example.com"),
    ),
    ("/.linkgate/sign-in?email=ann@example.com", FORM, b"", 422, None),
    // A plus is a blank in a form.
    ("/.linkgate/sign-in", FORM, b"email=ann+x@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"", 422, None),
    ("/.linkgate/sign-in", FORM, b"email", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=", 422, None),
    ("/.linkgate/sign-in", FORM, b"EMAIL=ann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email[]=ann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email[]=ann@example.com&email[]=eve@evil.test", 422, None),
    ("/.linkgate/sign-in", FORM, b"email[0]=ann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"user[email]=ann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email.value=ann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com;email=eve@evil.test", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann%FF@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=\xffann@example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com%C0%8D%C0%8AX:y", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com%00", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com%0d%0aBcc:eve@evil.test", 422, None),
    ("/.linkgate/sign-in", FORM, b"email=ann%2540example.com", 422, None),
    ("/.linkgate/sign-in", FORM, b"{\"email\":\"ann@example.com\"}", 422, None),
    // Two are one too many (CVE-2023-7028), equal ones too.
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com&email=eve@evil.test", 400, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com&email=ann@example.com", 400, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com&%65mail=eve@evil.test", 400, None),
    ("/.linkgate/sign-in", FORM, b"email=ann@example.com&return_to=/&return_to=/", 400, None),
    // Each door has its kind.
    ("/.linkgate/sign-in", JSON, b"{\"email\":\"ann@example.com\"}", 415, None),
    ("/.linkgate/sign-in", "text/plain", b"email=ann@example.com", 415, None),
    ("/.linkgate/api/sign-in", FORM, b"email=ann@example.com", 415, None),
    ("/.linkgate/api/sign-in", JSON, b"email=ann@example.com", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":[\"ann@example.com\"]}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email[]\":\"ann@example.com\"}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":{\"$ne\":null}}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":true}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":null}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"Email\":\"ann@example.com\"}", 422, None),
    (
        "/.linkgate/api/sign-in",
        JSON,
        b"{\"email\":\"ann@example.com\",\"email\":\"eve@evil.test\"}",
        422,
        None,
    ),
    (
        "/.linkgate/api/sign-in",
        JSON,
        b"{\"email\":\"ann@example.com\",\"bcc\":\"eve@evil.test\"}",
        422,
        None,
    ),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":\"\xff@example.com\"}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":\"\\ud800@example.com\"}", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"[{\"email\":\"ann@example.com\"}]", 422, None),
    ("/.linkgate/api/sign-in", JSON, b"{\"email\":\"ann@example.com\"}{}", 422, None),
    (
        "/.linkgate/api/sign-in",
        JSON,
        b"{\"email\":\"\\u0061nn@example.com\"}",
        202,
        Some("ann@example.com"),
    ),
];

#[tokio::test]
async fn a_body_is_read_in_one_way_only() {
    let relay = Relay::start(Script::default()).await;
    let gate = scene(&relay, "").await;
    let mut letters = Letters { relay, expected: Vec::new() };
    for (target, kind, body, status, to) in BODIES {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            gate.host,
            body.len()
        );
        let answer = raw(gate.address, &[head.as_bytes(), body].concat()).await;
        let shown = format!("{target} {kind} {}", String::from_utf8_lossy(body));
        assert_eq!(answer.status, *status, "{shown}");
        assert_own_answer(&answer, &shown);
        if let Some(to) = to {
            letters.expect(to, &shown).await;
        }
    }
    letters.assert_no_more(&gate).await;
}

async fn signed_in_as(browser: &mut Browser) -> serde_json::Value {
    browser.send("GET", "/.linkgate/api/session", &[], None).await.json()["email"].clone()
}

#[tokio::test]
async fn the_session_is_that_of_the_address_in_lower_case_with_its_tag() {
    let relay = Relay::start(Script::default()).await;
    let gate = scene(&relay, "").await;
    let mut letters = Letters { relay, expected: Vec::new() };
    for (typed, to, person) in [
        ("ann.smith@rule.example", "Ann.Smith@rule.example", "ann.smith@rule.example"),
        ("Ann+News@Example.COM", "Ann+News@example.com", "ann+news@example.com"),
        ("A.N.N@example.com", "A.N.N@example.com", "a.n.n@example.com"),
        ("x@B\u{fc}cher.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("{{7*7}}@example.com", "{{7*7}}@example.com", "{{7*7}}@example.com"),
    ] {
        let mut browser = gate.browser();
        gate.ask(&mut browser, typed, "/").await;
        let mail = letters.expect(to, typed).await;
        assert_eq!(browser.get(&mail.link()).await.status, 303, "{typed}");
        assert_eq!(signed_in_as(&mut browser).await, person, "{typed}");
    }
    letters.assert_no_more(&gate).await;
}

/// Tags, and the dots of Gmail, make no fresh limit; form and API share it.
#[tokio::test]
async fn one_mailbox_has_one_limit_however_it_is_spelt() {
    let relay = Relay::start(Script::default()).await;
    let gate = scene(&relay, "limits: { email: 3/1h, ip: 1000/1h }").await;
    for spellings in [
        ["ann@example.com", "ANN+1@example.com", "Ann <ann+2@example.com>", "ann+3@EXAMPLE.com"],
        ["d.a.n@gmail.com", "dan+1@gmail.com", "DAN@googlemail.com", "mailto:da.n@gmail.com"],
    ] {
        for (number, typed) in spellings.into_iter().enumerate() {
            let refused = number == 3;
            let form = number % 2 == 0;
            let mut browser = gate.browser();
            let answer = if form {
                gate.ask(&mut browser, typed, "/").await
            } else {
                browser.json("POST", "/.linkgate/api/sign-in", &json!({ "email": typed })).await
            };
            let expected = if refused {
                429
            } else if form {
                303
            } else {
                202
            };
            assert_eq!(answer.status, expected, "{typed}");
        }
        let form = gate.ask(&mut gate.browser(), spellings[0], "/").await;
        assert_eq!(form.status, 429, "the form counts with the API");
    }
    assert_eq!(gate.ask(&mut gate.browser(), "an.n@example.com", "/").await.status, 303);
}
