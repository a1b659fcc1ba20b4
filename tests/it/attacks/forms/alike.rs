//! Nobody can ask the gate who may enter.
//!
//! Five people do the same: one may enter, one may enter another site, one is a stranger, one has an
//! account and is suspended, one is suspended without an account. The
//! answers are compared to the byte, by [`crate::support::alike`].

use serde_json::json;

use crate::support::alike::{Seen, Way, assert_alike};
use crate::support::gate::{Gate, Wishes};
use crate::support::smtp::{Relay, Script};

/// Of one length, so that bodies have one, too.
const PEOPLE: [&str; 5] =
    ["ann@example.com", "bob@partner.com", "eve@strange.com", "sue@example.com", "sam@example.com"];

const SITES: &str = r#"
  - { name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: ["@example.com"] }
  - { name: other, origin: "http://other.localhost:$PORT", upstream: $UPSTREAM, allow: ["bob@partner.com"] }
"#;

const CHECK: &str = "/.linkgate/check-mail";
const CODE: &str = "/.linkgate/code";
const API: &str = "/.linkgate/api/sign-in";
const VERIFY: &str = "/.linkgate/api/verify";

async fn walk(gate: &Gate, relay: &Relay, email: &'static str) -> Vec<Seen> {
    let mut way = Way::new(gate, email);
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
        assert_alike(email, &known, &seen);
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
