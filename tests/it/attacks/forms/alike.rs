//! Nobody can ask the gate who may enter.
//!
//! Five people do the same: one may enter, one may enter another site, one is a stranger, one has an
//! account and is suspended, one is suspended without an account. The
//! answers are compared to the byte, after what has to differ is taken out: the address, random
//! values, and clock times.

use serde_json::json;

use crate::support::client::{Answer, Browser};
use crate::support::gate::{Gate, Wishes};
use crate::support::smtp::{Relay, Script};

/// Of one length, so that bodies have one, too.
const PEOPLE: [&str; 5] =
    ["ann@example.com", "bob@partner.com", "eve@strange.com", "sue@example.com", "sam@example.com"];

const SITES: &str = r#"
  - { name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: ["@example.com"] }
  - { name: other, origin: "http://other.localhost:$PORT", upstream: $UPSTREAM, allow: ["bob@partner.com"] }
"#;

/// What an answer is, without what has to differ.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    step: String,
    status: u16,
    headers: Vec<(String, String)>,
    length: usize,
    body: String,
}

/// One person's way, and what was seen on it.
struct Way {
    email: &'static str,
    browser: Browser,
    seen: Vec<Seen>,
}

impl Way {
    fn note(&mut self, step: &str, answer: &Answer) {
        let plain = |text: &str| normal(text, self.email);
        let headers = answer.headers.iter().filter(|(name, _)| name != "date");
        self.seen.push(Seen {
            step: step.to_owned(),
            status: answer.status,
            headers: headers.map(|(name, value)| (name.clone(), plain(value))).collect(),
            length: answer.body.len(),
            body: plain(&without_reference(&answer.text())),
        });
    }

    async fn get(&mut self, step: &str, target: &str) {
        let answer = self.browser.get(target).await;
        self.note(step, &answer);
    }

    async fn post(&mut self, step: &str, target: &str, fields: &[(&str, &str)]) {
        let answer = self.browser.post(target, fields).await;
        self.note(step, &answer);
    }

    async fn json(&mut self, step: &str, target: &str, document: &serde_json::Value) {
        let answer = self.browser.json("POST", target, document).await;
        self.note(step, &answer);
    }
}

/// Takes out the address, values of 40 random letters and more, and numbers of two digits and more:
/// times have no others. Counts of one digit stay.
fn normal(text: &str, email: &str) -> String {
    let (local, domain) = email.split_once('@').expect("an address");
    let text = text.replace(email, "ADDRESS").replace(&format!("{local}%40{domain}"), "ADDRESS");
    let text = text.replace(&format!("{}***@{domain}", &local[..1]), "MASKED");
    let mut normal = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let end = rest.find(|letter| !word(letter)).unwrap_or(rest.len());
        let end = if end == 0 { first.len_utf8() } else { end };
        let (piece, after) = rest.split_at(end);
        if end >= 40 {
            normal.push_str("TOKEN");
        } else {
            normal.push_str(&without_numbers(piece));
        }
        rest = after;
    }
    normal
}

fn without_numbers(word: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for letter in word.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        out.push_str(if digits.len() > 1 { "N" } else { &digits });
        digits.clear();
        out.push(letter);
    }
    out.trim_end_matches('\0').to_owned()
}

/// Takes out the reference, which is random: ten letters and digits.
fn without_reference(text: &str) -> String {
    for begin in ["\"reference\":", "class=\"reference\""] {
        let Some(at) = text.find(begin) else { continue };
        let (before, after) = text.split_at(at + begin.len());
        let is_reference =
            |word: &&str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let reference = after.split(['"', '<', '>']).find(is_reference).expect("a reference");
        return before.to_owned() + &after.replacen(reference, "REFERENCE", 1);
    }
    text.to_owned()
}

const CHECK: &str = "/.linkgate/check-mail";
const CODE: &str = "/.linkgate/code";
const API: &str = "/.linkgate/api/sign-in";
const VERIFY: &str = "/.linkgate/api/verify";

async fn walk(gate: &Gate, relay: &Relay, email: &'static str) -> Vec<Seen> {
    let mut way = Way { email, browser: gate.browser(), seen: Vec::new() };
    let form = [("email", email), ("return_to", "/deep?x=y"), ("fragment", "#part")];
    way.post("ask", "/.linkgate/sign-in", &form).await;
    if email == PEOPLE[0] {
        // Not even that the relay has taken it makes a difference.
        relay.message(1).await;
    }
    way.get("page", CHECK).await;
    way.get("opened", "/.linkgate/check-mail?opened=1").await;
    way.get("wait", "/.linkgate/wait").await;
    way.post("no code", CODE, &[("code", "")]).await;
    way.post("bad code", CODE, &[("code", "12345678")]).await;
    way.post("wrong code", CODE, &[("code", "BBBB-BBBB")]).await;
    way.post("early resend", "/.linkgate/resend", &[]).await;
    way.json("wrong code, API", VERIFY, &json!({ "code": "BBBBBBBC" })).await;
    for letter in ["BBBB-BBBD", "BBBB-BBBF", "BBBB-BBBG", "BBBB-BBBH"] {
        way.post("another wrong code", CODE, &[("code", letter)]).await;
    }
    way.json("one code too many, API", VERIFY, &json!({ "code": "BBBBBBBJ" })).await;
    way.get("page after it", CHECK).await;
    way.get("wait after it", "/.linkgate/wait").await;
    way.get("form again", "/.linkgate/sign-in?change=1").await;
    // The same again for a program.
    way.browser = gate.browser();
    let document = json!({ "email": email, "return_to": "/deep" });
    way.json("ask, API", API, &document).await;
    way.json("malformed code, API", VERIFY, &json!({ "code": "x" })).await;
    way.json("wrong code, API", VERIFY, &json!({ "code": "BBBBBBBB" })).await;
    way.get("session, API", "/.linkgate/api/session").await;
    way.get("page of a program", CHECK).await;
    // And over the limit, from the same browser and from a fresh one.
    way.post("too many", "/.linkgate/sign-in", &form).await;
    way.browser = gate.browser();
    way.post("too many, fresh", "/.linkgate/sign-in", &form).await;
    way.json("too many, API", API, &document).await;
    way.get("page of nothing", CHECK).await;
    way.seen
}

#[tokio::test]
async fn known_unknown_and_not_allowed_addresses_are_answered_alike() {
    let relay = Relay::start(Script::default()).await;
    let mail = format!(
        "{{ from: login@sender.test, smtp: {{ host: localhost, port: {}, tls: none }} }}",
        relay.port()
    );
    let sign_in = "limits: { email: 2/1h, ip: 1000/1h }".into();
    let gate = Gate::with(Wishes { mail, sign_in, sites: SITES.into(), ..Wishes::default() }).await;
    gate.operator(&["accounts", "add", PEOPLE[3]]).done();
    for suspended in &PEOPLE[3..] {
        gate.operator(&["accounts", "suspend", suspended]).done();
    }
    let known = walk(&gate, &relay, PEOPLE[0]).await;
    for email in &PEOPLE[1..] {
        let seen = walk(&gate, &relay, email).await;
        for (one, other) in known.iter().zip(&seen) {
            assert_eq!(one, other, "{email}");
        }
        assert_eq!(known.len(), seen.len());
    }
    let status = |step: &str| known.iter().find(|seen| seen.step == step).map(|seen| seen.status);
    for (step, expected) in [
        ("ask", 303),
        ("page", 200),
        ("wrong code", 422),
        ("early resend", 429),
        ("another wrong code", 422),
        ("one code too many, API", 429),
        ("ask, API", 202),
        ("too many", 429),
        ("too many, API", 429),
        ("page of nothing", 303),
    ] {
        assert_eq!(status(step), Some(expected), "{step}");
    }
    assert!(relay.message(2).await.to == [PEOPLE[0]], "the form's and the program's");
    assert!(relay.messages().iter().all(|message| message.to == [PEOPLE[0]]));
}

#[test]
fn what_has_to_differ_is_taken_out_and_nothing_else() {
    let token = "aB3_".repeat(11);
    let text = format!("<b>ann@example.com</b> ann%40example.com a=3 at 14:03 {token}, 600 x2y");
    assert_eq!(normal(&text, PEOPLE[0]), "<b>ADDRESS</b> ADDRESS a=3 at N:N TOKEN, N x2y");
    let page = "<p class=\"reference\">Reference <bdi>0123456789</bdi></p>";
    assert_eq!(without_reference(page), page.replace("0123456789", "REFERENCE"));
    assert_eq!(
        without_reference("{\"reference\":\"abcdefghjk\"}"),
        "{\"reference\":\"REFERENCE\"}"
    );
}
