//! WebSockets, and answers that never end.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::app::{application, head, site};
use crate::support::certificates::Certificates;
use crate::support::client::{Answer, Browser, read_answer};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";

/// Takes a WebSocket, says who it was told that is there, and sends back what it gets.
pub async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Some(head) = head(&mut stream).await else { return };
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let who = lines.filter(|(name, _)| name.eq_ignore_ascii_case("remote-email"));
    let who = who.map(|(_, value)| value).collect::<String>();
    let switch = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
         X-Who: {who}\r\n\r\n"
    );
    assert!(head.to_ascii_lowercase().contains("upgrade: websocket"), "{head}");
    assert!(!head.contains("linkgate-session"), "our cookie does not: {head}");
    stream.write_all(switch.as_bytes()).await.expect("write");
    let (mut read, mut write) = tokio::io::split(stream);
    let _ = tokio::io::copy(&mut read, &mut write).await;
}

async fn gate() -> Gate {
    let sites = site(&format!("http://{}", application(echo).await));
    Gate::with(Wishes { sites, ..Wishes::default() }).await
}

/// Asks for a WebSocket.
pub async fn open(gate: &Gate, browser: &Browser, origin: &str) -> (TcpStream, Answer) {
    let request = format!(
        "GET /socket HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: WebSocket\r\n{origin}{}Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        gate.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let answer = read_answer(&mut stream, false).await;
    (stream, answer)
}

/// A binary frame from a client (RFC 6455, 5.2), masked with zeros.
pub fn frame(length: usize, seed: u8) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | 127];
    frame.extend_from_slice(&(length as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend((0..length).map(|position| (position % 251) as u8 ^ seed));
    frame
}

#[tokio::test]
async fn a_websocket_of_a_signed_in_page_goes_through() {
    let gate = gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let origin = format!("Origin: {}\r\n", gate.origin);
    let (mut stream, answer) = open(&gate, &browser, &origin).await;
    assert_eq!(answer.status, 101);
    assert_eq!(answer.header("x-who"), ANN, "the identity comes along");
    assert_eq!(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(answer.header("sec-websocket-protocol"), "chat");
    for seed in 0..10 {
        let sent = frame(100_000, seed);
        stream.write_all(&sent).await.expect("write");
        let mut received = vec![0; sent.len()];
        stream.read_exact(&mut received).await.expect("the echo");
        assert!(sent == received, "frame {seed}");
    }
}

/// An application may agree before linkgate has noticed that the request has ended. That is no end of
/// the socket.
#[tokio::test]
async fn every_websocket_of_many_stays_open() {
    let certificates = Certificates::new();
    let acceptor = certificates.acceptor(&["http/1.1"]);
    let secured = application(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                echo(stream).await;
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    certificates.write(folder.path());
    let (ca, port) = (folder.path().join("ca.pem"), secured.port());
    let secured = format!("{{ url: \"https://localhost:{port}\", ca: \"{}\" }}", ca.display());
    let plain = format!("http://{}", application(echo).await);
    for (upstream, count) in [(plain, 200), (secured, 60)] {
        let gate = Gate::with(Wishes { sites: site(&upstream), ..Wishes::default() }).await;
        let mut browser = gate.browser();
        gate.sign_in(&mut browser, ANN, "/.linkgate/account").await;
        let origin = format!("Origin: {}\r\n", gate.origin);
        for number in 0..count {
            let (mut stream, answer) = open(&gate, &browser, &origin).await;
            assert_eq!(answer.status, 101, "{upstream}: {number}");
            let sent = frame(100, number);
            stream.write_all(&sent).await.expect("write");
            let mut received = vec![0; sent.len()];
            let echoed = stream.read_exact(&mut received).await;
            assert!(echoed.is_ok() && sent == received, "{upstream}: {number}: {echoed:?}");
        }
    }
}

#[tokio::test]
async fn another_websites_page_and_a_stranger_get_no_socket() {
    let gate = gate().await;
    let mut browser = gate.browser();
    let own = format!("Origin: {}\r\n", gate.origin);
    let (_, answer) = open(&gate, &browser, &own).await;
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"));
    gate.sign_in(&mut browser, ANN, "/").await;
    let subdomain = gate.origin.replace("app.", "evil.app.");
    for origin in [
        String::new(),
        "Origin: null\r\n".into(),
        "Origin: https://evil.example\r\n".into(),
        format!("Origin: {subdomain}\r\n"),
        format!("Origin: {}\r\nOrigin: https://evil.example\r\n", gate.origin),
        format!("Origin: https://evil.example\r\n{own}"),
    ] {
        let (_, answer) = open(&gate, &browser, &origin).await;
        assert!(matches!(answer.status, 400 | 403), "{origin:?}: {}", answer.status);
    }
    assert_eq!(open(&gate, &browser, &own).await.1.status, 101, "the checks above can fail");
}

#[tokio::test]
async fn an_event_arrives_while_the_application_still_holds_the_answer() {
    let (go_on, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let held = Arc::clone(&go_on);
    let upstream = application(move |mut stream| {
        let held = Arc::clone(&held);
        async move {
            if head(&mut stream).await.is_none() {
                return;
            }
            let first = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                          Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n";
            stream.write_all(first).await.expect("write");
            held.notified().await;
            stream.write_all(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n").await.expect("write");
            held.notified().await;
        }
    })
    .await;
    let sites = site(&format!("http://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let request = format!(
        "GET /events HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n{}\r\n",
        gate.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut received = String::new();
    read_until(&mut stream, &mut received, "data: 1").await;
    assert!(!received.contains("data: 2"));
    go_on.notify_one();
    read_until(&mut stream, &mut received, "data: 2").await;
    release.notify_one();
}

async fn read_until(stream: &mut TcpStream, received: &mut String, what: &str) {
    let read = async {
        let mut part = [0; 1024];
        while !received.contains(what) {
            let count = stream.read(&mut part).await.expect("read");
            assert!(count > 0, "the answer ended: {received}");
            received.push_str(&String::from_utf8_lossy(&part[..count]));
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, read).await.expect("it arrives");
}

/// Reads until the other side has closed; whatever still comes is dropped.
pub async fn closed(stream: &mut TcpStream) {
    let drained = async { while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {} };
    let patience = std::time::Duration::from_secs(5);
    tokio::time::timeout(patience, drained).await.expect("the stream is closed");
}

#[tokio::test]
async fn an_open_websocket_ends_with_its_session() {
    let gate = gate().await;
    let (mut browser, mut other) = (gate.browser(), gate.browser());
    gate.sign_in(&mut browser, ANN, "/").await;
    gate.sign_in(&mut other, ANN, "/").await;
    let origin = format!("Origin: {}\r\n", gate.origin);
    let (mut socket, answer) = open(&gate, &browser, &origin).await;
    let (mut stays, _) = open(&gate, &other, &origin).await;
    assert_eq!(answer.status, 101);
    assert_eq!(
        browser.json("DELETE", "/.linkgate/api/session", &serde_json::json!({})).await.status,
        204
    );
    closed(&mut socket).await;
    // Another session of the same person is another matter.
    stays.write_all(&frame(70_000, 1)).await.expect("write");
    let mut echoed = vec![0; frame(70_000, 1).len()];
    stays.read_exact(&mut echoed).await.expect("an echo");
    gate.operator(&["accounts", "suspend", ANN]).done();
    closed(&mut stays).await;
}

#[tokio::test]
async fn an_open_event_stream_ends_with_its_session() {
    let upstream = application(|mut stream| async move {
        if head(&mut stream).await.is_some() {
            let first = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
            stream.write_all(first).await.expect("write");
            // Silent from here on, until linkgate hangs up.
            let _ = stream.read(&mut [0; 1]).await;
        }
    })
    .await;
    let gate =
        Gate::with(Wishes { sites: site(&format!("http://{upstream}")), ..Wishes::default() })
            .await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let request =
        format!("GET /events HTTP/1.1\r\nHost: {}\r\n{}\r\n", gate.host, browser.cookie_line());
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut received = String::new();
    read_until(&mut stream, &mut received, "data: 1").await;
    assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
    closed(&mut stream).await;
}
