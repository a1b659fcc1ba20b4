//! The store is away: nobody is let in, nobody is logged out, nobody is sent in a circle.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use crate::flow::{SESSION, signed_in_as};
use crate::support::cable::Cable;
use crate::support::client::{Answer, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";

/// A linkgate whose Redis can be cut off.
async fn gate() -> (Gate, Cable, Arc<RedisServer>) {
    let server = RedisServer::shared().await;
    let cable = Cable::to(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))).await;
    let mut wishes = Kind::redis_at(Arc::clone(&server)).wishes();
    wishes.environment[0].1 = format!("redis://{}", cable.address);
    (Gate::with(wishes).await, cable, server)
}

async fn admin(gate: &Gate, path: &str) -> Answer {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", gate.admin);
    raw(gate.admin, request.as_bytes()).await
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503);
    let after: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&after));
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "nothing is cleared");
    assert_eq!(answer.location(), "", "no circle");
    crate::flow::assert_ours(answer);
}

#[tokio::test]
async fn without_the_store_nobody_gets_in_and_nobody_is_logged_out() {
    let (gate, cable, _server) = gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let mut asking = gate.browser();
    gate.ask(&mut asking, "dan@example.com", "/x").await;
    let mail = gate.mail("dan@example.com", 1).await;
    assert_eq!(admin(&gate, "/readyz").await.status, 200);
    let session = browser.cookies[SESSION].clone();
    cable.cut();
    gate.upstream.forget();
    for _ in 0..3 {
        let page = browser.get("/me").await;
        assert_unavailable(&page);
        assert!(page.text().contains("Sign-in is not available right now"));
        let script = browser.send("GET", "/me", &[("Accept", "application/json")], None).await;
        assert_unavailable(&script);
        assert_eq!(script.header("content-type"), "application/problem+json");
    }
    assert_unavailable(&browser.get("/.linkgate/sign-out").await);
    assert_unavailable(&browser.post("/.linkgate/sign-out", &[]).await);
    assert_unavailable(&gate.ask(&mut gate.browser(), "new@example.com", "/").await);
    assert_unavailable(&asking.get(&mail.link()).await);
    assert_unavailable(&asking.post("/.linkgate/code", &[("code", &mail.code())]).await);
    assert_unavailable(&asking.send("GET", "/.linkgate/wait", &[], None).await);
    let grpc = [("Content-Type", "application/grpc")];
    let answer = browser.send("POST", "/pkg.S/M", &grpc, Some(b"")).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, "14"));
    assert!(gate.upstream.seen().is_empty(), "trouble is never a pass");
    // What needs no store works: public pages, our form, the interception of a stranger.
    let mut stranger = gate.browser();
    assert_eq!(stranger.get("/public/x").await.status, 200);
    assert_eq!(stranger.get("/me").await.status, 303);
    assert_eq!(stranger.get("/.linkgate/sign-in?return_to=%2Fme").await.status, 200);
    assert_eq!(admin(&gate, "/readyz").await.status, 503);
    assert_eq!(admin(&gate, "/healthz").await.status, 200);
    assert_eq!(browser.cookies[SESSION], session);
    cable.plug();
    eventually("the same session counts again", async || {
        (browser.get("/me").await.status == 200).then_some(())
    })
    .await;
    eventually("ready again", async || (admin(&gate, "/readyz").await.status == 200).then_some(()))
        .await;
    assert_eq!(asking.get(&mail.link()).await.status, 303, "the link was not spent");
    let mut new = gate.browser();
    let landed = gate.sign_in(&mut new, "new@example.com", "/").await;
    assert_eq!(landed.status, 303, "mail goes out again, too");
}

#[tokio::test]
async fn a_store_that_hangs_is_a_store_that_is_down() {
    let server = Arc::new(RedisServer::start().await);
    let gate = Kind::redis_at(Arc::clone(&server)).gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let mut info = server.connection().await.expect("a connection");
    let pid: String = redis::cmd("INFO").arg("server").query_async(&mut info).await.expect("info");
    let pid = pid.lines().find_map(|line| line.strip_prefix("process_id:")).expect("a pid");
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, pid.trim()]).status();
        assert!(sent.expect("kill").success());
    };
    signal("-STOP");
    let page = browser.get("/me").await;
    assert_unavailable(&page);
    signal("-CONT");
    eventually("the same session counts again", async || {
        (browser.get("/me").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn it_starts_without_its_store_and_works_when_the_store_comes() {
    let server = RedisServer::shared().await;
    let cable = Cable::to(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))).await;
    cable.cut();
    let mut wishes = Kind::redis_at(Arc::clone(&server)).wishes();
    wishes.environment[0].1 = format!("redis://{}", cable.address);
    let gate = Gate::with(wishes).await;
    assert_eq!(admin(&gate, "/readyz").await.status, 503);
    assert_unavailable(&gate.ask(&mut gate.browser(), ANN, "/").await);
    cable.plug();
    eventually("ready", async || (admin(&gate, "/readyz").await.status == 200).then_some(())).await;
    let mut browser = gate.browser();
    assert_eq!(gate.sign_in(&mut browser, ANN, "/").await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(ANN));
}

#[tokio::test]
async fn a_failed_request_ends_nothing_else() {
    let gate = Gate::with(Wishes::default()).await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let host = &gate.host;
    let broken: [Vec<u8>; 6] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        format!("POST /.linkgate/sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nab")
            .into_bytes(),
        format!(
            "POST /public/x HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
        )
        .into_bytes(),
        format!("GET /public/{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "%ff".repeat(9000)).into_bytes(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
    ];
    let pid = gate.pid();
    for bytes in &broken {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(gate.address).await.expect("connect");
        stream.write_all(bytes).await.expect("write");
        drop(stream);
        assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(ANN));
    }
    assert_eq!(gate.pid(), pid);
    let log = gate.whole_log().await;
    assert!(!log.contains("panic"), "{log}");
}
