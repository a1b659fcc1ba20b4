//! What the application gets of a request, and what of its answer gets out.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use super::SESSION;
use crate::support::gate::{Gate, Wishes};

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules:
      - { path: "/public/**", access: public }
      - { path: "/cookie", access: public }
"#;

async fn gate() -> Gate {
    let extra = "groups: { admins: [\"ann@example.com\"], staff: [\"@example.com\"] }".to_owned();
    Gate::with(Wishes { sites: SITES.into(), extra, ..Wishes::default() }).await
}

#[tokio::test]
async fn the_identity_comes_with_proof() {
    let gate = gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "Ann@example.com", "/").await;
    browser.cookies.insert("own".into(), "1".into());
    let lies = [
        ("Remote-User", "root"),
        ("REMOTE_EMAIL", "root"),
        ("remote-groups", "root"),
        ("X-Linkgate-Assertion", "lie"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Request-Id", "lie"),
        ("Connection", "Remote-User, Remote-Email, X-Linkgate-Assertion, close"),
    ];
    assert_eq!(browser.send("GET", "/x", &lies, None).await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    for (name, value) in [
        ("remote-user", "ann@example.com"),
        ("remote-email", "ann@example.com"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", &gate.host),
        ("cookie", "own=1"),
        ("host", &gate.host),
    ] {
        assert_eq!(seen.all(name), [value], "{name}");
    }
    let mut groups: Vec<_> = seen.header("remote-groups").split(',').collect();
    groups.sort_unstable();
    assert_eq!(groups, ["admins", "staff"]);
    assert_eq!(seen.header("x-request-id").len(), 10);
    assert!(seen.headers.iter().all(|(_, value)| !value.contains("root") && value != "lie"));
    let claims = verified(&gate, seen.header("x-linkgate-assertion")).await;
    assert_eq!(claims["email"], "ann@example.com");
    assert_eq!(claims["sub"], "ann@example.com");
    let (issued, expires) =
        (claims["iat"].as_u64().expect("iat"), claims["exp"].as_u64().expect("exp"));
    assert!(expires > issued && expires - issued <= 300);
    let sid = claims["sid"].as_str().expect("sid").to_owned();
    assert!(!sid.is_empty() && !browser.cookies[SESSION].contains(&sid), "no part of the cookie");
    // The same session keeps its sid, another one has another.
    let mut second = gate.browser();
    gate.sign_in(&mut second, "ann@example.com", "/").await;
    second.get("/y").await;
    let seen = gate.upstream.seen().pop().expect("a request");
    let other = verified(&gate, seen.header("x-linkgate-assertion")).await;
    assert_ne!(other["sid"], sid.as_str());
}

async fn verified(gate: &Gate, assertion: &str) -> Value {
    let answer = gate.browser().send("GET", "/.linkgate/jwks.json", &[], None).await;
    assert_eq!(answer.status, 200);
    let keys: JwkSet = serde_json::from_slice(&answer.body).expect("a key set");
    let head = decode_header(assertion).expect("a head");
    assert_eq!(head.alg, Algorithm::EdDSA);
    let key = keys.find(&head.kid.expect("a kid")).expect("the key");
    let key = DecodingKey::from_jwk(key).expect("a key");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[&gate.origin]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    let claims = decode::<Value>(assertion, &key, &validation).expect("a genuine assertion").claims;
    validation.set_audience(&["https://other.example"]);
    assert!(decode::<Value>(assertion, &key, &validation).is_err(), "for this site only");
    claims
}

#[tokio::test]
async fn an_answer_cannot_set_our_cookies_and_is_private() {
    let gate = gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let session = browser.cookies[SESSION].clone();
    let answer = browser.get("/cookie").await;
    assert_eq!(answer.all("set-cookie"), ["own=1"]);
    assert_eq!(answer.header("cache-control"), "private");
    assert_eq!(browser.cookies[SESSION], session);
    // On a public page, too, nobody but linkgate sets them.
    let answer = gate.browser().get("/cookie").await;
    assert_eq!(answer.all("set-cookie"), ["own=1"]);
    assert_eq!(answer.header("cache-control"), "", "a public answer is the application's affair");
}

#[tokio::test]
async fn a_public_page_knows_who_is_there_only_if_somebody_is() {
    let gate = gate().await;
    let mut browser = gate.browser();
    let lie = [("Remote-User", "root"), ("remote_email", "root")];
    assert_eq!(browser.send("GET", "/public/x", &lie, None).await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    for name in
        ["remote-user", "remote_email", "remote-email", "remote-groups", "x-linkgate-assertion"]
    {
        assert_eq!(seen.all(name), Vec::<&str>::new(), "{name}");
    }
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    browser.get("/public/x").await;
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.header("remote-email"), "ann@example.com");
    assert!(!seen.header("x-linkgate-assertion").is_empty());
    // A forged or doubled cookie is nobody's.
    for cookie in [
        "linkgate-session=forged".to_owned(),
        format!("{SESSION}={0}; {SESSION}={0}", browser.cookies[SESSION]),
    ] {
        gate.browser().send("GET", "/public/x", &[("Cookie", &cookie)], None).await;
        let seen = gate.upstream.seen().pop().expect("a request");
        assert_eq!(seen.header("remote-email"), "", "{cookie}");
        assert_eq!(seen.header("cookie"), "", "{cookie}");
    }
}

#[tokio::test]
async fn who_is_signed_in_may_still_not_go_everywhere() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    gate.upstream.forget();
    let page = browser.get("/admin/x").await;
    assert_eq!(page.status, 403);
    assert!(page.text().contains("No access") && page.text().contains("ann@example.com"));
    let script = browser.send("GET", "/admin/x", &[("Accept", "application/json")], None).await;
    assert_eq!((script.status, script.header("content-type")), (403, "application/problem+json"));
    for odd in ["/admin%2Fx", "//admin/x", "/ADMIN/x", "/admin;v=1/x", "/public/..%2fadmin/x"] {
        let answer = browser.get(odd).await;
        assert!(matches!(answer.status, 400 | 403), "{odd}: {}", answer.status);
    }
}
