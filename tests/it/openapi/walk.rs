//! Every documented answer of every endpoint, from a real process.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};

use super::schema::{faults, resolved};
use super::{description, operations};
use crate::support::cable::Cable;
use crate::support::client::{Answer, Browser};
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const OURS: (&str, &str) = ("Origin", "$ORIGIN");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What was described, and what of it was seen.
struct Walk {
    root: Value,
    seen: BTreeSet<(String, String, String)>,
}

impl Walk {
    fn new() -> Self {
        Self { root: description(), seen: BTreeSet::new() }
    }

    /// Sends a request as a native client does, and holds the answer against the description.
    async fn call(
        &mut self,
        client: &mut Browser,
        (method, path): (&str, &str),
        body: Option<&Value>,
        expected: u16,
    ) -> Answer {
        let mut headers = vec![OURS];
        headers.extend(body.map(|_| JSON));
        let text = body.map(Value::to_string);
        self.send(client, (method, path), &headers, text.as_deref(), expected).await
    }

    async fn send(
        &mut self,
        client: &mut Browser,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: Option<&str>,
        expected: u16,
    ) -> Answer {
        let origin = format!("http://{}", client.host);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, if *value == "$ORIGIN" { &*origin } else { value }))
            .collect();
        let target = format!("/.linkgate{path}");
        let answer = client.send(method, &target, &headers, body.map(str::as_bytes)).await;
        let what = format!("{method} {path}: {}", answer.text());
        assert_eq!(answer.status, expected, "{what}");
        let template =
            if path.starts_with("/api/sessions/") { "/api/sessions/{handle}" } else { path };
        self.hold(template, &method.to_ascii_lowercase(), &answer, &what);
        answer
    }

    fn hold(&mut self, template: &str, method: &str, answer: &Answer, what: &str) {
        let status = answer.status.to_string();
        let response = self.root["paths"][template][method]["responses"].get(&status);
        let response = resolved(&self.root, response.unwrap_or_else(|| panic!("{what}")));
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            if resolved(&self.root, header)["required"] == true {
                let name = name.to_ascii_lowercase();
                assert!(answer.headers.iter().any(|(key, _)| *key == name), "{name}: {what}");
            }
        }
        match response.get("content") {
            None => assert_eq!(answer.text(), "", "{what}"),
            Some(content) => {
                let content = content.get(answer.header("content-type"));
                let content = content.unwrap_or_else(|| panic!("another kind: {what}"));
                let document = answer.json();
                let faults = faults(&self.root, &content["schema"], &document);
                assert!(faults.is_empty(), "{faults:?}: {what}");
                if let Some(said) = document.get("status") {
                    assert_eq!(*said, answer.status, "{what}");
                }
            }
        }
        self.seen.insert((template.to_owned(), method.to_owned(), status));
    }

    /// What is described and was never seen.
    fn missing(&self) -> Vec<(String, String, String)> {
        let described = operations(&self.root).into_iter().flat_map(|(path, method, it)| {
            let statuses = it["responses"].as_object().expect("responses");
            statuses.keys().map(move |status| (path.to_owned(), method.to_owned(), status.clone()))
        });
        described.filter(|it| !self.seen.contains(it)).collect()
    }
}

#[tokio::test]
async fn every_documented_answer_is_given_and_is_as_documented() {
    let mut walk = Walk::new();
    signing_in(&mut walk).await;
    sessions(&mut walk).await;
    limits(&mut walk).await;
    passwords(&mut walk).await;
    forward_auth(&mut walk).await;
    store_away(&mut walk).await;
    assert_eq!(walk.missing(), []);
}

async fn signing_in(walk: &mut Walk) {
    let gate = Gate::start().await;
    let client = &mut gate.browser();
    let ask = ("POST", "/api/sign-in");
    let state = ("GET", "/api/sign-in");
    let verify = ("POST", "/api/verify");
    let resend = ("POST", "/api/resend");
    assert_eq!(walk.call(client, state, None, 200).await.json()["state"], "unknown");
    walk.call(client, ("GET", "/wait"), None, 200).await;
    walk.call(client, resend, None, 404).await;
    walk.call(client, verify, Some(&json!({ "code": "WDJB-MJHT" })), 422).await;
    for post in [ask, verify, resend] {
        refusals(walk, client, post).await;
    }
    for email in ["", "ann", "a@example.com, b@example.com", "a%b@example.com", &"a".repeat(2000)] {
        walk.call(client, ask, Some(&json!({ "email": email })), 422).await;
    }
    walk.call(client, ask, Some(&json!({ "email": ANN, "return_to": "/a?b" })), 202).await;
    let first = gate.mail(ANN, 1).await;
    let waiting = walk.call(client, state, None, 200).await.json();
    assert_eq!((&waiting["state"], &waiting["return_to"]), (&json!("waiting"), &json!("/a?b")));
    let pause = waiting["resend_in"].as_u64().expect("seconds");
    assert!((1..=30).contains(&pause), "{waiting}");
    let soon = walk.call(client, resend, Some(&json!({})), 429).await;
    assert_eq!(soon.json()["code"], "rate_limited");
    walk.call(client, ("GET", "/wait"), None, 200).await;
    walk.call(client, verify, Some(&json!({ "code": first.code() })), 200).await;
    walk.call(client, verify, Some(&json!({ "code": first.code() })), 410).await;
    assert_eq!(walk.call(client, state, None, 200).await.json()["state"], "signed_in");
    // The attempt is over: no pause.
    walk.call(client, resend, None, 202).await;
    let token = token(&gate, 2).await;
    let other = &mut gate.browser();
    for confirmation in [json!({ "token": token }), json!({ "token": token, "email": "x" })] {
        walk.call(other, verify, Some(&confirmation), 422).await;
    }
    walk.call(other, verify, Some(&json!({ "token": token, "email": ANN })), 200).await;
    // Once more is no mistake in the client that it signed in, and dead in every other.
    let again = walk.call(other, verify, Some(&json!({ "token": token })), 200).await;
    assert_eq!(again.all("set-cookie"), Vec::<&str>::new());
    walk.call(&mut gate.browser(), verify, Some(&json!({ "token": token })), 410).await;
    walk.call(&mut gate.browser(), resend, Some(&json!({ "token": "forged" })), 422).await;
}

async fn token(gate: &Gate, count: usize) -> String {
    let link = gate.mail(ANN, count).await.link();
    link.rsplit('/').next().expect("a token").to_owned()
}

/// What every post refuses alike.
async fn refusals(walk: &mut Walk, client: &mut Browser, post: (&str, &str)) {
    for headers in [
        &[JSON][..],
        &[JSON, ("Origin", "http://evil.test")],
        &[JSON, ("Origin", "null")],
        &[JSON, OURS, ("Sec-Fetch-Site", "same-site")],
    ] {
        // A whole document each, so that nothing else can be what is refused.
        let body = if post.1 == "/api/resend" { "{}" } else { "{\"code\":\"x\"}" };
        let asks = matches!(post.1, "/api/sign-in" | "/api/password");
        let body = if asks { "{\"email\":\"ann@example.com\"}" } else { body };
        walk.send(client, post, headers, Some(body), 403).await;
    }
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    walk.send(client, post, &[OURS, form], Some("email=ann%40example.com"), 415).await;
    walk.send(client, post, &[OURS], Some("{}"), 415).await;
    let twice = "{\"email\":\"a@example.com\",\"email\":\"b@example.com\",\"code\":\"x\"}";
    let deep = "[".repeat(16_000);
    for body in ["", "[]", "null", "[\"ann@example.com\"]", "{\"x\":1}", twice, &deep] {
        let refused = walk.send(client, post, &[OURS, JSON], Some(body), 422).await;
        assert_eq!(refused.json()["code"], "document_malformed", "{body:.40}");
    }
    let large = format!("{{\"email\":\"{}\"}}", "a".repeat(17_000));
    walk.send(client, post, &[OURS, JSON], Some(&large), 413).await;
}

async fn sessions(walk: &mut Walk) {
    let gate = Gate::start().await;
    let nobody = &mut gate.browser();
    let one = ("DELETE", "/api/sessions/0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    for request in
        [("GET", "/api/session"), ("GET", "/api/sessions"), ("DELETE", "/api/sessions"), one]
    {
        walk.call(nobody, request, None, 401).await;
    }
    walk.call(nobody, ("DELETE", "/api/session"), None, 204).await;
    walk.call(nobody, ("GET", "/jwks.json"), None, 200).await;
    let (client, other) = (&mut gate.browser(), &mut gate.browser());
    gate.sign_in(client, ANN, "/").await;
    gate.sign_in(other, ANN, "/").await;
    walk.call(client, ("GET", "/api/session"), None, 200).await;
    let list = walk.call(client, ("GET", "/api/sessions"), None, 200).await.json();
    assert_eq!(list["sessions"].as_array().expect("a list").len(), 2);
    for request in [("DELETE", "/api/sessions"), ("DELETE", "/api/session"), one] {
        walk.send(client, request, &[("Origin", "http://evil.test")], None, 403).await;
        walk.send(client, request, &[], None, 403).await;
    }
    walk.call(client, one, None, 204).await;
    walk.call(client, ("DELETE", "/api/sessions/x"), None, 204).await;
    walk.call(other, ("GET", "/api/session"), None, 200).await;
    walk.call(client, ("DELETE", "/api/sessions"), None, 204).await;
    walk.call(other, ("GET", "/api/session"), None, 401).await;
    walk.call(client, ("DELETE", "/api/session"), None, 204).await;
    walk.call(client, ("GET", "/api/session"), None, 401).await;
}

async fn limits(walk: &mut Walk) {
    let sign_in = "limits: { email: 1/1h, ip: 1000/1h }".to_owned();
    let gate = Gate::with(Wishes { sign_in, ..Wishes::default() }).await;
    let client = &mut gate.browser();
    let ask = json!({ "email": ANN });
    walk.call(client, ("POST", "/api/sign-in"), Some(&ask), 202).await;
    let refused = walk.call(client, ("POST", "/api/sign-in"), Some(&ask), 429).await;
    assert_eq!(refused.json()["code"], "rate_limited");
    assert!(refused.json()["retry_at"].is_string());
    let mail = gate.mail(ANN, 1).await;
    let wrong = if mail.code() == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
    let verify = ("POST", "/api/verify");
    for tries_left in (1..5).rev() {
        let answer = walk.call(client, verify, Some(&json!({ "code": wrong })), 422).await;
        assert_eq!(answer.json()["tries_left"], tries_left);
    }
    for code in [wrong, &*mail.code()] {
        let answer = walk.call(client, verify, Some(&json!({ "code": code })), 429).await;
        assert_eq!(answer.json()["code"], "code_used_up");
    }
}

const HYBRID: &str = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
    allow: [\"@example.com\"]\n    sign_in: { mode: hybrid }\n";
const PASSWORD: &str = "lantern orbit pickle mosaic";

async fn passwords(walk: &mut Walk) {
    let ask = ("POST", "/api/password");
    let asked = json!({ "email": ANN });
    let gate = Gate::start().await;
    walk.call(&mut gate.browser(), ask, Some(&asked), 404).await;
    let sign_in = "limits: { email: 2/1h, ip: 1000/1h }".to_owned();
    let sites = HYBRID.to_owned();
    let gate = Gate::with(Wishes { sign_in, sites, ..Wishes::default() }).await;
    let client = &mut gate.browser();
    refusals(walk, client, ask).await;
    let refused = walk.call(client, ask, Some(&json!({ "email": "ann" })), 422).await;
    assert_eq!(refused.json()["code"], "address_malformed");
    walk.call(client, ask, Some(&asked), 202).await;
    let verify = ("POST", "/api/verify");
    let code = gate.mail(ANN, 1).await.code();
    for (password, cause) in [
        ("", "password_missing"),
        ("short", "password_too_short"),
        ("passwordpassword", "password_guessable"),
        (&*"x".repeat(300), "password_too_long"),
    ] {
        let document = json!({ "code": code, "password": password });
        let refused = walk.call(client, verify, Some(&document), 422).await;
        assert_eq!(refused.json()["code"], cause);
    }
    let chosen = json!({ "code": code, "password": PASSWORD });
    walk.call(client, verify, Some(&chosen), 200).await;
    let chosen = json!({ "email": ANN, "password": PASSWORD });
    let enter = ("POST", "/api/sign-in");
    walk.call(&mut gate.browser(), enter, Some(&chosen), 200).await;
    let wrong = json!({ "email": ANN, "password": "another one" });
    let refused = walk.call(&mut gate.browser(), enter, Some(&wrong), 422).await;
    assert_eq!(refused.json()["code"], "password_wrong");
    let client = &mut gate.browser();
    walk.call(client, ask, Some(&asked), 202).await;
    walk.call(client, ask, Some(&asked), 429).await;
}

async fn forward_auth(walk: &mut Walk) {
    let gate = Gate::start().await;
    walk.call(&mut gate.browser(), ("GET", "/check"), None, 401).await;
    let gate = Gate::with(Wishes { trusted: "[\"127.0.0.1\"]".into(), ..Wishes::default() }).await;
    let client = &mut gate.browser();
    let question = |uri: &'static str| {
        let host = gate.host.clone();
        move |more: &[(&'static str, &'static str)]| {
            let mut headers = vec![
                ("X-Forwarded-Method", "GET".to_owned()),
                ("X-Forwarded-Proto", "http".to_owned()),
                ("X-Forwarded-Host", host.clone()),
                ("X-Forwarded-Uri", uri.to_owned()),
            ];
            headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            headers
        }
    };
    let navigation = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    gate.sign_in(client, ANN, "/").await;
    let nobody = gate.browser();
    for (client, headers, status) in [
        (&nobody, question("/public/x")(&[]), 200),
        (&nobody, question("/x")(&navigation), 303),
        (&nobody, question("/x")(&[("Accept", "application/json")]), 401),
        (&nobody, Vec::new(), 400),
        (&*client, question("/x")(&[]), 200),
        (&*client, question("/admin/x")(&[]), 403),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        walk.send(&mut client.clone(), ("GET", "/check"), &headers, None, status).await;
    }
}

/// Nobody knows anything then, and everybody is told so.
async fn store_away(walk: &mut Walk) {
    let server = RedisServer::shared().await;
    let cable = Cable::to(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))).await;
    let mut wishes = Kind::redis_at(Arc::clone(&server)).wishes();
    wishes.environment[0].1 = format!("redis://{}", cable.address);
    wishes.trusted = "[\"127.0.0.1\"]".into();
    wishes.sites = HYBRID.into();
    let gate = Gate::with(wishes).await;
    let client = &mut gate.browser();
    gate.sign_in(client, ANN, "/").await;
    gate.ask(client, ANN, "/").await;
    cable.cut();
    for path in ["/api/sign-in", "/wait", "/api/session", "/api/sessions", "/jwks.json"] {
        walk.call(client, ("GET", path), None, 503).await;
    }
    for path in ["/api/session", "/api/sessions", "/api/sessions/x"] {
        walk.call(client, ("DELETE", path), None, 503).await;
    }
    for (path, body) in [
        ("/api/sign-in", json!({ "email": ANN })),
        ("/api/password", json!({ "email": ANN })),
        ("/api/resend", json!({})),
        ("/api/verify", json!({ "code": "WDJB-MJHT" })),
    ] {
        walk.call(client, ("POST", path), Some(&body), 503).await;
    }
    let host = gate.host.clone();
    let question = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", &*host),
        ("X-Forwarded-Uri", "/x"),
    ];
    walk.send(client, ("GET", "/check"), &question, None, 503).await;
}
