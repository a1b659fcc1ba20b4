//! What is not exactly one genuine session cookie is no session, and costs the store nothing.

use super::scene::{self, ALICE, HOST, Pending, SESSION, wishes};
use crate::support::client::raw;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::{RedisServer, fresh_prefix};

async fn status(gate: &Gate, target: &str, headers: &[u8]) -> u16 {
    let head = format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
    raw(gate.address, &[head.as_bytes(), headers, b"\r\n"].concat()).await.status
}

/// Every way to damage a genuine session cookie.
fn damaged(session: &str, other: &str) -> Vec<Vec<u8>> {
    let last = if session.ends_with('A') { "B" } else { "A" };
    let flipped = format!("{}{last}", &session[..session.len() - 1]);
    let text = [
        format!("{SESSION}=AAAA; {SESSION}={session}"),
        format!("{SESSION}={session}; {SESSION}={session}"),
        format!("{SESSION}={session}; a=b; {SESSION}="),
        format!("{SESSION}={session}\r\nCookie: {SESSION}={session}"),
        format!("linkgate-session={session}"),
        format!("__Secure-linkgate-session={session}"),
        format!("__HOST-linkgate-session={session}"),
        format!("__Host-linkgate-browser={session}"),
        format!("${SESSION}={session}"),
        format!("\"{SESSION}\"={session}"),
        format!("{SESSION}=\"{session}\""),
        format!("={SESSION}={session}"),
        format!("{SESSION} {session}"),
        format!("{SESSION}={session}A"),
        format!("{SESSION}={session}="),
        format!("{SESSION}={flipped}"),
        format!("{SESSION}={}", &session[..session.len() - 1]),
        format!("{SESSION}={}", session.to_ascii_lowercase()),
        format!("{SESSION}={}", "A".repeat(session.len())),
        format!("{SESSION}={}", "A".repeat(43)),
        format!("{SESSION}=*"),
        format!("{SESSION}="),
        SESSION.to_owned(),
        format!("{SESSION}={other}"),
    ];
    let mut all: Vec<Vec<u8>> = text.into_iter().map(String::into_bytes).collect();
    // Unicode blanks before the name: a reader that trims them undoes the prefix (PortSwigger 2025).
    for blank in ["\u{a0}", "\u{2000}", "\u{3000}", "\u{85}", "\u{feff}"] {
        all.push(format!("{blank}{SESSION}={session}").into_bytes());
        all.push(format!("{SESSION}{blank}={session}").into_bytes());
        all.push(format!("{SESSION}={blank}{session}").into_bytes());
    }
    all.push([SESSION.as_bytes(), b"=\xff\xfe"].concat());
    all
}

#[tokio::test]
async fn a_damaged_cookie_is_nobody_and_never_asks_the_store() {
    let server = RedisServer::start().await;
    let store = format!("{{ redis: {{ url: {{ env: STORE }}, prefix: {} }} }}", fresh_prefix());
    let environment = vec![("STORE".to_owned(), server.url())];
    let gate = Gate::with(Wishes { store, environment, ..wishes() }).await;
    let browser = scene::signed_in(&gate, ALICE).await;
    let session = browser.cookies[SESSION].clone();
    let pending = Pending::ask(&gate, ALICE).await;
    let genuine = format!("Cookie: {SESSION}={session}\r\n");
    assert_eq!(status(&gate, "/app", genuine.as_bytes()).await, 200);
    let mut bad = damaged(&session, &pending.token);
    let browsers = pending.browser.cookies["__Host-linkgate-browser"].clone();
    bad.push(format!("{SESSION}={browsers}").into_bytes());
    for cookie in &bad {
        let line = [b"Cookie: ", &cookie[..], b"\r\n"].concat();
        let shown = String::from_utf8_lossy(cookie);
        assert_eq!(status(&gate, "/app", &line).await, 401, "{shown}");
    }
    // Without its store it can say "nobody" only where it need not ask.
    drop(server);
    let mut passed = 1;
    eventually("the lost store to be noticed", async || {
        let status = status(&gate, "/app", genuine.as_bytes()).await;
        passed += usize::from(status == 200);
        (status == 503).then_some(())
    })
    .await;
    for cookie in &bad {
        let line = [b"Cookie: ", &cookie[..], b"\r\n"].concat();
        let shown = String::from_utf8_lossy(cookie);
        assert_eq!(status(&gate, "/app", &line).await, 401, "{shown}");
    }
    let token = &pending.token;
    assert_eq!(status(&gate, &format!("/.linkgate/link/{token}"), b"").await, 503);
    for forged in
        ["x", "*", &session, &browsers, &token[1..], &format!("{token}A"), &"A".repeat(token.len())]
    {
        assert_eq!(status(&gate, &format!("/.linkgate/link/{forged}"), b"").await, 404, "{forged}");
    }
    assert_eq!(gate.upstream.seen().len(), passed, "{:?}", gate.upstream.seen());
}
