//! Streams end with what let them through, whether somebody reads them or not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::{BOTH, Way};
use crate::support::app::{application, head, site};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const PATIENCE: Duration = Duration::from_secs(5);

/// An application whose streams go as fast as they can, or say one thing and then nothing; it tells when
/// one of them is over.
pub(super) async fn streaming(over: Arc<Semaphore>) -> SocketAddr {
    application(move |mut stream| {
        let over = Arc::clone(&over);
        async move {
            let Some(head) = head(&mut stream).await else { return };
            let (coding, part) = if head.contains("/chunks") {
                (
                    "Transfer-Encoding: chunked\r\n",
                    [b"4000\r\n", &[b'x'; 0x4000][..], b"\r\n"].concat(),
                )
            } else {
                ("", vec![b'x'; 0x4000])
            };
            let answer = format!("HTTP/1.1 200 OK\r\n{coding}\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            while stream.write_all(&part).await.is_ok() {
                if head.contains("quiet") {
                    let _ = stream.read(&mut [0; 1]).await;
                    break;
                }
            }
            over.add_permits(1);
        }
    })
    .await
}

async fn open(gate: &Gate, browser: &Browser, way: Way, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    let request = way.head("GET", &gate.host, target, &browser.cookie_line());
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert_eq!(head.contains("connection: keep-alive"), way == Way::Long, "{head}");
    stream.read_u8().await.expect("the beginning of the content");
    stream
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let over = Arc::new(Semaphore::new(0));
    let sites = site(&format!("http://{}", streaming(Arc::clone(&over)).await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    for way in BOTH {
        for target in ["/chunks", "/close", "/chunks/quiet", "/close/quiet"] {
            for is_read in [true, false] {
                let mut browser = gate.browser();
                gate.sign_in(&mut browser, ANN, "/.linkgate/account").await;
                let mut stream = open(&gate, &browser, way, target).await;
                let reading = tokio::spawn(async move {
                    let mut part = vec![0; 0x10000];
                    while is_read && matches!(stream.read(&mut part).await, Ok(1..)) {}
                    stream
                });
                assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
                let ended = tokio::time::timeout(PATIENCE, over.acquire()).await;
                assert!(ended.is_ok(), "{way:?} {target}, read: {is_read}");
                ended.expect("in time").expect("open").forget();
                let closed = tokio::time::timeout(PATIENCE, reading).await;
                drop(closed.expect("closed").expect("no panic"));
            }
        }
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_rule_that_let_it_through() {
    let over = Arc::new(Semaphore::new(0));
    let sites = site(&format!("http://{}", streaming(Arc::clone(&over)).await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let open_and_shut = ["access: public", "access: deny"];
    for way in BOTH {
        let mut all = Vec::new();
        for target in ["/public/chunks", "/public/close/quiet"] {
            all.push(open(&gate, &gate.browser(), way, target).await);
        }
        gate.change(open_and_shut[0], open_and_shut[1]).await;
        for _ in &all {
            let ended = tokio::time::timeout(PATIENCE, over.acquire()).await;
            assert!(ended.is_ok(), "{way:?}");
            ended.expect("in time").expect("open").forget();
        }
        gate.change(open_and_shut[1], open_and_shut[0]).await;
    }
}
