//! Scripts with service tokens.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{application, head};
use crate::support::client::Answer;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules:
      - { path: "/api/closed/**", access: deny }
      - { path: "/api/recent/**", max_age: 15m }
      - { path: "/public/**", access: public }
      - { path: "/nobody/**", allow: ["root@example.com"] }
  - { name: other, origin: "http://other.localhost:$PORT", upstream: $UPSTREAM, allow: [everyone] }
"#;

over_every_store!(
    a_script_gets_where_its_grant_reaches_and_nowhere_else,
    a_revoked_and_an_expired_token_are_refused_at_once,
    tokens_are_for_the_sites_that_there_are_now,
);

async fn gate(kind: &Kind) -> Gate {
    Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await
}

fn token(gate: &Gate, name: &str, more: &[&str]) -> String {
    let basic = ["tokens", "add", name, "--site", "app", "--expires", "90d"];
    let token = gate.operator(&[&basic, more].concat()).done().trim().to_owned();
    assert!(token.starts_with("lgs_") && token.len() == 68, "{token}");
    token
}

async fn ask(gate: &Gate, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    gate.browser().send(method, target, fields, None).await
}

async fn with(gate: &Gate, method: &str, target: &str, token: &str) -> Answer {
    ask(gate, method, target, &[("Authorization", &format!("Bearer {token}"))]).await
}

async fn a_script_gets_where_its_grant_reaches_and_nowhere_else(kind: Kind) {
    let gate = gate(&kind).await;
    let token = token(&gate, "backup", &["--paths", "/api/**,/nobody/x", "--methods", "GET"]);
    for target in ["/api/x", "/nobody/x"] {
        let answer = with(&gate, "GET", target, &token).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        let seen = gate.upstream.seen().pop().expect("a request");
        assert_eq!(seen.all("remote-user"), ["backup"]);
        assert_eq!(seen.all("remote-email"), Vec::<&str>::new());
        assert_eq!(seen.all("authorization"), Vec::<&str>::new(), "our secret stays here");
        assert_eq!(seen.all("x-linkgate-assertion").len(), 1);
    }
    gate.upstream.forget();
    for (method, target) in [
        ("POST", "/api/x"),
        ("GET", "/page"),
        ("GET", "/API/x"),
        ("GET", "/api/closed/x"),
        ("GET", "/api/%63losed/x"),
        ("GET", "/api/recent/x"),
        ("GET", "/nobody/y"),
    ] {
        let answer = with(&gate, method, target, &token).await;
        assert_eq!(answer.status, 403, "{method} {target}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"insufficient_scope\"");
    }
    let mut other = gate.browser();
    other.host = other.host.replace("app.", "other.");
    let bearer = format!("Bearer {token}");
    let elsewhere = other.send("GET", "/api/x", &[("Authorization", &bearer)], None).await;
    assert_eq!((elsewhere.status, gate.upstream.seen().len()), (403, 0), "another site");
    // A public route takes it off, too.
    assert_eq!(with(&gate, "POST", "/public/x", &token).await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.all("authorization"), Vec::<&str>::new());
    assert_eq!(seen.all("remote-user"), Vec::<&str>::new());
    // At our own pages a script is nobody.
    assert_eq!(with(&gate, "GET", "/.linkgate/api/session", &token).await.status, 401);
    let listed = eventually("the use is noted", async || {
        let listed = gate.operator(&["tokens", "list", "--json"]).json();
        listed["tokens"][0]["last_used"].is_string().then_some(listed)
    })
    .await["tokens"]
        .clone();
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&"backup".into(), &"active".into()));
    assert!(!listed.to_string().contains("lgs_"));
    assert!(!gate.whole_log().await.contains(&token[4..20]), "no token in the log");
}

async fn a_revoked_and_an_expired_token_are_refused_at_once(kind: Kind) {
    let gate = gate(&kind).await;
    let token = token(&gate, "backup", &[]);
    assert_eq!(with(&gate, "GET", "/page", &token).await.status, 200);
    assert_eq!(gate.operator(&["tokens", "revoke", "backup"]).done(), "backup: revoked\n");
    gate.upstream.forget();
    for target in ["/page", "/public/x", "/api/closed/x"] {
        let refused = with(&gate, "GET", target, &token).await;
        assert_eq!(refused.status, 401, "{target}");
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    let grpc = [
        ("Authorization", &*format!("Bearer {token}")),
        ("Content-Type", "application/grpc"),
        ("TE", "trailers"),
    ];
    let refused = ask(&gate, "POST", "/page", &grpc).await;
    assert_eq!(refused.header("grpc-status"), "16");
    assert_eq!(gate.operator(&["tokens", "revoke", "backup"]).code, 1);
    let short = ["tokens", "add", "short", "--site", "app", "--expires", "1s"];
    let short = gate.operator(&short).done().trim().to_owned();
    eventually("it has expired", async || {
        (with(&gate, "GET", "/page", &short).await.status == 401).then_some(())
    })
    .await;
    let listed = gate.operator(&["tokens", "list", "--json"]).json();
    assert_eq!(listed["tokens"][0]["state"], "expired");
}

async fn tokens_are_for_the_sites_that_there_are_now(kind: Kind) {
    const OTHER: &str = r#"  - { name: other, origin: "http://other."#;
    let gate = gate(&kind).await;
    let add = |name: &str, site: &str| {
        gate.operator(&["tokens", "add", name, "--site", site, "--expires", "1d"])
    };
    let at = async |site: &str, token: &str| {
        let mut browser = gate.browser();
        browser.host = browser.host.replace("app.", &format!("{site}."));
        let bearer = format!("Bearer {}", token.trim());
        browser.send("GET", "/x", &[("Authorization", &bearer)], None).await.status
    };
    let of_other = add("old", "other").done();
    assert_eq!(at("other", &of_other).await, 200);
    let early = add("new", "third");
    assert_eq!((early.code, &*early.out), (64, ""), "{}", early.err);
    gate.change(OTHER, &OTHER.replace("other", "third")).await;
    let token = add("new", "third").done();
    assert_eq!((at("third", &token).await, at("app", &token).await), (200, 403));
    let late = add("late", "other");
    assert_eq!((late.code, &*late.out), (64, ""));
    assert!(late.err.contains("`site` names no site; there are: app, third"), "{}", late.err);
    assert_eq!(at("other", &of_other).await, 421);
    assert_eq!(at("third", &of_other).await, 403, "for the site that it was made for");
    // Back again, the token of before is good for it still.
    gate.change(&OTHER.replace("other", "third"), OTHER).await;
    assert_eq!(at("other", &of_other).await, 200);
    assert_eq!(add("more", "third").code, 64);
}

#[tokio::test]
async fn only_one_genuine_token_alone_counts() {
    let gate = gate(&Kind::memory()).await;
    let token = token(&gate, "backup", &["--email", "Backup@example.com"]);
    let good = format!("Bearer {token}");
    assert_eq!(with(&gate, "GET", "/page", &token).await.status, 200);
    assert_eq!(gate.upstream.seen()[0].all("remote-email"), ["backup@example.com"]);
    gate.upstream.forget();
    let forged = format!("Bearer lgs_{}", "A".repeat(64));
    for fields in [
        vec![("Authorization", &*forged)],
        vec![("Authorization", "Bearer lgs_")],
        vec![("Authorization", &good[..good.len() - 1])],
        vec![("Authorization", &*good), ("Authorization", &*good)],
        vec![("Authorization", &*good), ("Authorization", "Basic eDp5")],
        vec![("Authorization", "Basic eDp5"), ("Authorization", &*good)],
        vec![("Authorization", &*format!("{good}, Basic eDp5"))],
        vec![("Authorization", &*format!("Token {token}"))],
    ] {
        let refused = ask(&gate, "GET", "/public/x", &fields).await;
        assert_eq!(refused.status, 401, "{fields:?}");
    }
    assert_eq!(gate.upstream.seen().len(), 0, "none of it reached the application");
    // What is not ours is the application's business, and no identity.
    let theirs =
        ask(&gate, "GET", "/public/x", &[("Authorization", "Bearer eyJhbGciOi.x.y")]).await;
    assert_eq!(theirs.status, 200);
    assert_eq!(gate.upstream.seen()[0].all("authorization"), ["Bearer eyJhbGciOi.x.y"]);
    let theirs = ask(&gate, "GET", "/page", &[("Authorization", "Bearer eyJhbGciOi.x.y")]).await;
    assert_eq!(theirs.status, 401);
}

#[tokio::test]
async fn beside_a_session_the_token_alone_decides() {
    let gate = gate(&Kind::memory()).await;
    let token = token(&gate, "backup", &["--paths", "/api/**"]);
    let bearer = format!("Bearer {token}");
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(ann.get("/page").await.status, 200);
    gate.upstream.forget();
    let fields = [("Authorization", &*bearer)];
    assert_eq!(ann.send("GET", "/page", &fields, None).await.status, 403, "not the union");
    assert_eq!(ann.send("GET", "/api/x", &fields, None).await.status, 200);
    let seen = gate.upstream.seen();
    assert_eq!((seen.len(), seen[0].all("remote-user")), (1, vec!["backup"]));
    assert_eq!(seen[0].all("cookie"), Vec::<&str>::new());
    // With another's bearer the session counts as ever.
    let theirs = [("Authorization", "Bearer x")];
    assert_eq!(ann.send("GET", "/page", &theirs, None).await.status, 200);
    assert_eq!(gate.upstream.seen()[1].all("remote-user"), [ANN]);
    assert_eq!(gate.upstream.seen()[1].all("authorization"), ["Bearer x"]);
}

#[tokio::test]
async fn what_cannot_be_a_token_is_told() {
    let gate = gate(&Kind::embedded()).await;
    let add = |more: &[&str]| gate.operator(&[&["tokens", "add"], more].concat());
    for (more, why) in [
        (&["Backup", "--site", "app", "--expires", "1d"][..], "`name`"),
        (
            &["b", "--site", "wiki", "--expires", "1d"],
            "`site` names no site; there are: app, other",
        ),
        (&["b", "--site", "app", "--expires", "10y"], "`expires`"),
        (&["b", "--site", "app", "--expires", "3000d"], "`expires`"),
        (&["b", "--site", "app"], "--expires"),
        (&["b", "--site", "app", "--expires", "1d", "--paths", "api"], "`paths`"),
        (&["b", "--site", "app", "--expires", "1d", "--methods", "get"], "did you mean `GET`?"),
        (&["b", "--site", "app", "--expires", "1d", "--email", "x"], "`email`"),
    ] {
        let told = add(more);
        assert_eq!((told.code, &*told.out), (64, ""), "{more:?}: {}", told.err);
        assert!(told.err.contains(why), "{more:?}: {}", told.err);
    }
    token(&gate, "b", &[]);
    let twice = add(&["b", "--site", "app", "--expires", "1d"]);
    assert_eq!(twice.code, 1);
    assert!(twice.err.contains("is there"), "{}", twice.err);
}

#[tokio::test]
async fn an_open_stream_ends_with_its_token() {
    let upstream = application(|mut stream| async move {
        if head(&mut stream).await.is_some() {
            let first = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
            stream.write_all(first).await.expect("write");
            let _ = stream.read(&mut [0; 1]).await;
        }
    })
    .await;
    let sites = crate::support::app::site(&format!("http://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let token = token(&gate, "watcher", &[]);
    let request = format!(
        "GET /events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        gate.host
    );
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut received = String::new();
    while !received.contains("data: 1") {
        let mut part = [0; 1024];
        let count = stream.read(&mut part).await.expect("read");
        assert!(count > 0, "{received}");
        received.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    gate.operator(&["tokens", "revoke", "watcher"]).done();
    let drained = async { while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {} };
    tokio::time::timeout(Duration::from_secs(3), drained).await.expect("the stream is closed");
}
