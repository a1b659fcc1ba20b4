//! Each option of a rule on the wire: what it stops, and what it lets through beside that.

use crate::support::client::{Answer, raw};
use crate::support::clocked_redis::ClockedRedis;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const PROGRAM: &[(&str, &str)] = &[("Accept", "application/json")];
const SCRIPT: &[(&str, &str)] = &[("Sec-Fetch-Mode", "cors"), ("Accept", "*/*")];
const SOCKET: &[(&str, &str)] = &[("Connection", "Upgrade"), ("Upgrade", "websocket")];
const GRPC: &[(&str, &str)] = &[("Content-Type", "application/grpc"), ("TE", "trailers")];

/// The usual site for everybody of example.com, with these rules.
fn site(rules: &str) -> String {
    format!(
        "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
         allow: [\"@example.com\"]\n    rules:\n{rules}"
    )
}

async fn gate(rules: &str) -> Gate {
    Gate::with(Wishes { sites: site(rules), ..Wishes::default() }).await
}

/// 401 in a problem document that says where to sign in.
fn is_told_where(gate: &Gate, answer: &Answer, target: &str) {
    assert_eq!(answer.status, 401, "{target}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
    let form = format!("{}/.linkgate/sign-in?return_to={encoded}", gate.origin);
    assert_eq!(answer.json()["sign_in_url"], form.as_str());
}

const MINUTE: u64 = 60;

#[tokio::test]
async fn a_sign_in_that_is_older_than_max_age_is_renewed_and_no_other() {
    const RECENT: &str = "/admin/users?page=2";
    let redis = ClockedRedis::start().await;
    let sites = site("      - { path: \"/admin/**\", max_age: 15m }\n");
    let mut gate = Gate::with(Wishes { sites, ..redis.wishes("") }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, RECENT).await;
    redis.pass(14 * MINUTE, &mut gate).await;
    assert_eq!(ann.get(RECENT).await.status, 200, "recent enough");
    redis.pass(2 * MINUTE, &mut gate).await;
    gate.upstream.forget();
    let stopped = ann.get(RECENT).await;
    assert_eq!(stopped.status, 303);
    is_told_where(&gate, &ann.send("GET", RECENT, PROGRAM, None).await, RECENT);
    assert_eq!(ann.send("GET", RECENT, SOCKET, None).await.status, 401);
    assert_eq!(ann.send("POST", RECENT, GRPC, None).await.header("grpc-status"), "16");
    assert!(gate.upstream.seen().is_empty(), "nothing reached the application");
    assert_eq!(ann.get("/page").await.status, 200, "elsewhere the session counts as ever");
    // The form is shown to somebody who is signed in: sent back, they would go in a circle.
    let form = ann.get(stopped.location()).await;
    assert_eq!(form.status, 200, "to {}", form.location());
    assert!(form.text().contains("This page needs a recent sign-in."), "{}", form.text());
    assert_eq!(ann.get("/.linkgate/sign-in?return_to=%2Fpage").await.location(), "/page");
    let landed = gate.sign_in(&mut ann, ANN, RECENT).await;
    assert_eq!((landed.status, landed.location()), (303, RECENT));
    assert_eq!(ann.get(RECENT).await.status, 200);
    assert_eq!(ann.send("GET", RECENT, PROGRAM, None).await.status, 200);
}

#[tokio::test]
async fn unauthenticated_says_who_is_redirected_and_who_gets_a_status() {
    let gate = gate(
        "      - { path: \"/status/**\", unauthenticated: status }\n      \
         - { path: \"/redirect/**\", unauthenticated: redirect }\n",
    )
    .await;
    let mut browser = gate.browser();
    for (path, navigation, script) in
        [("/status/200", 401, 401), ("/redirect/x", 303, 303), ("/auto", 303, 401)]
    {
        let encoded = path.replace('/', "%2F");
        let form = format!("/.linkgate/sign-in?return_to={encoded}");
        let navigated = browser.get(path).await;
        let scripted = browser.send("GET", path, SCRIPT, None).await;
        for (answer, expected) in [(navigated, navigation), (scripted, script)] {
            assert_eq!(answer.status, expected, "{path}");
            match expected {
                303 => assert_eq!(answer.location(), form),
                _ => is_told_where(&gate, &answer, path),
            }
        }
        // Neither can follow a redirect, whatever the rule says.
        is_told_where(&gate, &browser.send("GET", path, SOCKET, None).await, path);
        let called = browser.send("POST", path, GRPC, None).await;
        assert_eq!((called.status, called.header("grpc-status")), (200, "16"), "{path}");
    }
    assert!(gate.upstream.seen().is_empty());
    gate.sign_in(&mut browser, ANN, "/").await;
    for path in ["/status/200", "/redirect/x", "/auto"] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
}

const HOSTS: &str = r#"
  - name: teams
    origin: http://*.localhost:$PORT
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules:
      - { path: "/docs/**", host: open.localhost, access: public }
      - { path: "/docs/**", host: "*.lab.localhost", access: deny }
"#;

#[tokio::test]
async fn a_rule_with_a_host_is_about_that_host_alone() {
    let gate = Gate::with(Wishes { sites: HOSTS.into(), ..Wishes::default() }).await;
    let asks = async |host: &str, more: &str| {
        let port = gate.address.port();
        let request = format!(
            "GET /docs/x HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/html\r\n{more}\
             Connection: close\r\n\r\n"
        );
        raw(gate.address, request.as_bytes()).await.status
    };
    for host in ["app.localhost", "xopen.localhost", "a.open.localhost", "lab.localhost"] {
        assert_eq!(asks(host, "").await, 303, "{host}");
    }
    assert_eq!(asks("app.localhost", "X-Forwarded-Host: open.localhost\r\n").await, 303);
    assert_eq!(asks("app.localhost", "Forwarded: host=open.localhost\r\n").await, 303);
    for host in ["a.lab.localhost", "A.B.Lab.localhost"] {
        assert_eq!(asks(host, "").await, 403, "{host}");
    }
    assert!(gate.upstream.seen().is_empty());
    for host in ["open.localhost", "Open.LOCALHOST"] {
        assert_eq!(asks(host, "").await, 200, "{host}");
    }
    assert_eq!(gate.upstream.seen().len(), 2);
}

#[tokio::test]
async fn what_is_public_for_posts_is_not_public_for_anything_else() {
    let gate = gate("      - { path: \"/hooks/*\", methods: [POST], access: public }\n").await;
    let mut browser = gate.browser();
    let html = [("Accept", "text/html")];
    let pretends = [("X-HTTP-Method-Override", "POST"), ("Accept", "text/html")];
    for (method, headers, expected) in [
        ("GET", &html[..], 303),
        ("HEAD", &html, 303),
        ("GET", PROGRAM, 401),
        ("HEAD", PROGRAM, 401),
        ("GET", &pretends, 303),
        ("PUT", &html, 401),
        ("OPTIONS", &html, 401),
        ("post", &html, 405),
        ("Post", &html, 405),
    ] {
        let answer = browser.send(method, "/hooks/build", headers, None).await;
        assert_eq!(answer.status, expected, "{method} {headers:?}");
    }
    assert_eq!(browser.send("POST", "/hooks/a/b", PROGRAM, Some(b"x")).await.status, 401);
    assert!(gate.upstream.seen().is_empty());
    let posted = browser.send("POST", "/hooks/build", PROGRAM, Some(b"a build")).await;
    assert_eq!(posted.status, 200, "{}", posted.text());
    assert_eq!(gate.upstream.seen()[0].body, b"a build");
}
