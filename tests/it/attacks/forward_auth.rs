//! The question of another proxy: one answer for one clear question.

use super::scene::{self, ALICE, SESSION, assert_own_answer, wishes};
use crate::support::client::{Answer, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::{RedisServer, fresh_prefix};

const CLEAR: [(&str, &str); 4] = [
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "app.example.com"),
    ("X-Forwarded-Uri", "/public/x"),
];

async fn ask(gate: &Gate, fields: &[(&str, &str)]) -> Answer {
    let mut request = "GET /.linkgate/check HTTP/1.1\r\nHost: auth.example.com\r\n".to_owned();
    for (name, value) in fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let answer = raw(gate.address, format!("{request}\r\n").as_bytes()).await;
    assert_own_answer(&answer, &format!("{fields:?}"));
    assert!(gate.upstream.seen().is_empty(), "a question is not passed on");
    answer
}

/// The clear question with one field changed.
fn with(name: &str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let other =
        |(key, old): (&'static str, &'static str)| (key, if key == name { value } else { old });
    CLEAR.map(other).to_vec()
}

async fn trusting() -> Gate {
    Gate::with(Wishes { trusted: "[\"127.0.0.1\"]".into(), ..wishes() }).await
}

/// The other proxy would pass the token on to the application.
#[tokio::test]
async fn a_service_token_is_not_accepted_here() {
    let gate = trusting().await;
    let add = ["tokens", "add", "backup", "--site", "app", "--expires", "1d"];
    let told = gate.operator(&add);
    assert_eq!(told.code, 0, "{}", told.err);
    for token in [told.out.trim(), "lgs_x"] {
        let bearer = format!("Bearer {token}");
        let fields = [&CLEAR[..], &[("Authorization", &bearer)]].concat();
        assert_eq!(ask(&gate, &fields).await.status, 401);
    }
    let theirs = [&CLEAR[..], &[("Authorization", "Bearer x")]].concat();
    assert_eq!(ask(&gate, &theirs).await.status, 200);
}

#[tokio::test]
async fn every_field_is_there_once_and_well_formed_or_nothing_is_answered() {
    let gate = trusting().await;
    assert_eq!(ask(&gate, &CLEAR).await.status, 200);
    for (index, (name, value)) in CLEAR.into_iter().enumerate() {
        let mut missing = CLEAR.to_vec();
        missing.remove(index);
        assert_eq!(ask(&gate, &missing).await.status, 400, "without {name}");
        let doubled = [&CLEAR[..], &[(name, value)]].concat();
        assert_eq!(ask(&gate, &doubled).await.status, 400, "two of {name}");
        assert_eq!(ask(&gate, &with(name, "")).await.status, 400, "empty {name}");
    }
    for (name, value) in [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Proto", "HTTPS"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Proto", "https, http"),
        ("X-Forwarded-Method", "get"),
        ("X-Forwarded-Method", "GET, POST"),
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Host", "app.example.com, evil.test"),
        ("X-Forwarded-Host", "app.example.com@evil.test"),
        ("X-Forwarded-Host", "app.example.com:8443"),
        ("X-Forwarded-Host", "app.example.com/public"),
        ("X-Forwarded-Uri", "public/x"),
        ("X-Forwarded-Uri", "https://app.example.com/public/x"),
        ("X-Forwarded-Uri", "/public/x, /admin"),
        ("X-Forwarded-Uri", "/public/x,/admin"),
        ("X-Forwarded-Uri", "/public/x /admin"),
        ("X-Forwarded-Uri", "/public/../admin"),
        ("X-Forwarded-Uri", "/public/%2e%2e/admin"),
        ("X-Forwarded-Uri", "/public\\..\\admin"),
        ("X-Forwarded-Uri", "/public/%00"),
        ("X-Forwarded-Uri", "/.linkgate/check"),
        ("X-Forwarded-Uri", "/%2elinkgate/check"),
    ] {
        let answer = ask(&gate, &with(name, value)).await;
        assert_eq!(answer.status, 400, "{name}: {value}");
        assert!(!format!("{answer:?}").contains("evil"), "{answer:?}");
    }
    for other in ["X-Original-URL", "X-Original-URI", "X-Original-Method", "Forwarded"] {
        let both = [&CLEAR[..], &[(other, "/admin")]].concat();
        assert_eq!(ask(&gate, &both).await.status, 400, "{other}");
    }
}

/// A comma is an ordinary character of a path and of a query (RFC 3986, 3.3).
#[tokio::test]
async fn an_ordinary_comma_is_no_list() {
    let gate = trusting().await;
    for uri in ["/public/@52.5,13.4,15z", "/public/x?ids=1,2,3"] {
        let fields = [&CLEAR[..3], &[("X-Forwarded-Uri", uri)]].concat();
        assert_eq!(ask(&gate, &fields).await.status, 200, "{uri}");
    }
}

#[tokio::test]
async fn the_answer_names_the_person_of_the_session_and_nobody_else() {
    let gate = trusting().await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("{SESSION}={session}");
    let lies = [
        ("Cookie", cookie.as_str()),
        ("X-Auth-Request-User", "root"),
        ("Remote-User", "root"),
        ("X_Auth_Request_User", "root"),
    ];
    let answer = ask(&gate, &[&with("X-Forwarded-Uri", "/app")[..], &lies].concat()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-auth-request-user"), [ALICE]);
    assert_eq!(answer.all("x-auth-request-email"), [ALICE]);
    assert_eq!(answer.all("x-auth-request-groups"), [""]);
    assert_eq!(answer.header("x-linkgate-assertion").split('.').count(), 3);
    assert!(!format!("{answer:?}").contains("root"), "{answer:?}");
    let answer = ask(&gate, &[&with("X-Forwarded-Uri", "/admin")[..], &lies].concat()).await;
    assert_eq!(answer.status, 403);
    let answer = ask(&gate, &[&CLEAR[..], &lies[1..]].concat()).await;
    assert_eq!(answer.status, 200);
    for name in ["x-auth-request-user", "x-auth-request-email", "x-linkgate-assertion"] {
        assert_eq!(answer.all(name), [""], "{name}: empty, so that it overwrites");
    }
}

/// SameSite lets a sibling sub-domain open a WebSocket with the visitor's cookie; only its `Origin`
/// tells.
#[tokio::test]
async fn a_web_socket_from_another_origin_is_refused_here_too() {
    let gate = trusting().await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("{SESSION}={session}");
    let socket = |origin: &'static str| {
        let more = [("Upgrade", "websocket"), ("Cookie", cookie.as_str()), ("Origin", origin)];
        [&with("X-Forwarded-Uri", "/ws")[..], &more].concat()
    };
    assert_eq!(ask(&gate, &socket("https://app.example.com")).await.status, 200);
    for origin in [
        "https://evil.test",
        "https://auth.example.com",
        "null",
        "https://app.example.com.evil.test",
    ] {
        assert_eq!(ask(&gate, &socket(origin)).await.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn a_stranger_is_sent_to_the_form_of_the_site_that_was_asked_about() {
    let gate = trusting().await;
    let fields = [&with("X-Forwarded-Uri", "/app?x=1")[..], &[("Accept", "text/html")]].concat();
    let answer = ask(&gate, &fields).await;
    assert_eq!(answer.status, 303);
    let expected = "https://app.example.com/.linkgate/sign-in?return_to=%2Fapp%3Fx%3D1";
    assert_eq!(answer.location(), expected);
    for uri in ["//evil.test/x", "///evil.test", "/%2f/evil.test"] {
        let fields = [&CLEAR[..3], &[("X-Forwarded-Uri", uri), ("Accept", "text/html")]].concat();
        let answer = ask(&gate, &fields).await;
        assert!(matches!(answer.status, 303 | 400), "{uri}");
        assert!(!answer.location().contains("evil"), "{uri}: {}", answer.location());
    }
}

/// "Cannot tell" must never read as "go on" or as "signed out" to the proxy that asks.
#[tokio::test]
async fn without_the_store_the_answer_is_503() {
    let server = RedisServer::start().await;
    let store = format!("{{ redis: {{ url: {{ env: STORE }}, prefix: {} }} }}", fresh_prefix());
    let environment = vec![("STORE".to_owned(), server.url())];
    let trusted = "[\"127.0.0.1\"]".into();
    let gate = Gate::with(Wishes { store, environment, trusted, ..wishes() }).await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("{SESSION}={session}");
    let fields = [&with("X-Forwarded-Uri", "/app")[..], &[("Cookie", cookie.as_str())]].concat();
    assert_eq!(ask(&gate, &fields).await.status, 200);
    drop(server);
    eventually("the lost store to be noticed", async || {
        let answer = ask(&gate, &fields).await;
        assert!(matches!(answer.status, 200 | 503), "{}", answer.status);
        (answer.status == 503).then_some(())
    })
    .await;
    let public = [&CLEAR[..], &[("Cookie", cookie.as_str())]].concat();
    assert_ne!(ask(&gate, &public).await.status, 401);
}
