//! The absolute form of a request target (RFC 9112, 3.2.2): accepted for the host that `Host` names,
//! decided and passed on as the path in it.

use super::scene::{self, ALICE, HOST, SESSION, assert_own_answer, gate};
use crate::support::client::{Answer, raw};
use crate::support::gate::Gate;

async fn get(gate: &Gate, target: &str, headers: &str) -> Answer {
    gate.upstream.forget();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n");
    let answer = raw(gate.address, request.as_bytes()).await;
    assert_own_answer(&answer, target);
    answer
}

#[tokio::test]
async fn an_absolute_target_is_judged_and_passed_on_as_its_path() {
    let gate = gate().await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("Cookie: {SESSION}={session}\r\n");
    for (target, path) in [
        ("http://app.example.com/public/x", "/public/x"),
        ("https://app.example.com/public/x?a=/admin", "/public/x?a=/admin"),
        ("HTTP://APP.example.com/app", "/app"),
        ("http://app.example.com/http://evil.test/", "/http://evil.test/"),
        ("http://app.example.com//evil.test/", "//evil.test/"),
    ] {
        assert_eq!(get(&gate, target, &cookie).await.status, 200, "{target}");
        let seen = gate.upstream.seen();
        assert_eq!(seen.len(), 1, "{target}");
        assert_eq!(seen[0].target, path);
        assert_eq!(seen[0].header("x-auth-request-user"), ALICE);
    }
    for target in ["/admin", "//admin", "/public/..%2fadmin", "/%61dmin", "/ADMIN", "/admin;x"] {
        let target = format!("http://app.example.com{target}");
        let forbidden = get(&gate, &target, &cookie).await.status;
        assert!(matches!(forbidden, 403 | 400), "{target}: {forbidden}");
        let stranger = get(&gate, &target, "").await.status;
        assert!(matches!(stranger, 401 | 400), "{target}: {stranger}");
        assert!(gate.upstream.seen().is_empty(), "{target}");
    }
    let page = get(&gate, "http://app.example.com/.linkgate/sign-in", "").await;
    assert_eq!(page.status, 200, "our own page");
}

#[tokio::test]
async fn an_absolute_target_for_anything_else_is_refused() {
    let gate = gate().await;
    for target in [
        "http://evil.test/public/x",
        "http://auth.example.com/public/x",
        "http://app.example.com:80/public/x",
        "http://app.example.com:8443/public/x",
        "http://app.example.com./public/x",
        "http://x@app.example.com/public/x",
        "http://app.example.com@evil.test/public/x",
        "http://evil.test\\@app.example.com/public/x",
        "http://app.example.com\\public\\x",
        "http://app.example.com#/public/x",
        "http://app.example.com?/public/x",
        "http://app.example.com",
        "http:///public/x",
        "http://http://app.example.com/public/x",
        "http:/app.example.com/public/x",
        "http:app.example.com/public/x",
        "https:\\\\app.example.com/public/x",
        "ftp://app.example.com/public/x",
        "//app.example.com:80@evil.test",
        "app.example.com/public/x",
        "app.example.com:443",
        "http://app.example.com/public/../admin",
        "http://app.example.com/public/%2e%2e/admin",
        "http://app.example.com/public\\..\\admin",
    ] {
        let answer = get(&gate, target, "").await;
        assert!(matches!(answer.status, 400 | 401), "{target}: {}", answer.status);
        assert!(gate.upstream.seen().is_empty(), "{target}: {:?}", gate.upstream.seen());
    }
}
