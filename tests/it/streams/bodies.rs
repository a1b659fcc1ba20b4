//! Bodies: large, in chunks, announced; and many requests on one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::support::app::{application, head, site};
use crate::support::client::{Browser, read_answer};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const UPLOAD: u64 = 64 * 1024 * 1024;

/// The most memory that a process ever had, in bytes.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
}

async fn signed_in(gate: &Gate) -> Browser {
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    browser
}

/// An application that takes nothing of a body until it is told to.
async fn reluctant(take: Arc<Notify>) -> std::net::SocketAddr {
    application(move |mut stream| {
        let take = Arc::clone(&take);
        async move {
            if head(&mut stream).await.is_none() {
                return;
            }
            take.notified().await;
            let (mut left, mut sum, mut part) = (UPLOAD, 0u64, vec![0; 64 * 1024]);
            while left > 0 {
                let count = stream.read(&mut part).await.expect("read");
                assert!(count > 0, "{left} bytes are missing");
                sum =
                    part[..count].iter().fold(sum, |sum, byte| sum.wrapping_add(u64::from(*byte)));
                left -= count as u64;
            }
            let body = sum.to_string();
            let answer =
                format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.expect("write");
        }
    })
    .await
}

#[tokio::test]
async fn a_large_upload_streams_in_little_memory() {
    let take = Arc::new(Notify::new());
    let sites = site(&format!("http://{}", reluctant(Arc::clone(&take)).await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let browser = signed_in(&gate).await;
    let before = peak(gate.pid());
    let (mut read, mut write) =
        TcpStream::connect(gate.address).await.expect("connect").into_split();
    let head = format!(
        "PUT /upload HTTP/1.1\r\nHost: {}\r\n{}Content-Length: {UPLOAD}\r\n\r\n",
        gate.host,
        browser.cookie_line()
    );
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    let writing = tokio::spawn(async move {
        write.write_all(head.as_bytes()).await.expect("write");
        let part = vec![7; 64 * 1024];
        for _ in 0..UPLOAD / part.len() as u64 {
            write.write_all(&part).await.expect("write");
            count.fetch_add(part.len() as u64, Ordering::Relaxed);
        }
        write
    });
    // The application takes nothing, so in the end nothing more can be sent.
    let mut last = u64::MAX;
    let mut beat = tokio::time::interval(Duration::from_millis(400));
    loop {
        beat.tick().await;
        let now = written.load(Ordering::Relaxed);
        if now == last {
            break;
        }
        last = now;
    }
    assert!(last > 0 && last < UPLOAD / 2, "linkgate holds the client back: {last}");
    take.notify_one();
    let answer = read_answer(&mut read, false).await;
    assert_eq!((answer.status, answer.text()), (201, (UPLOAD * 7).to_string()));
    writing.await.expect("no panic");
    let grown = peak(gate.pid()) - before;
    assert!(grown < 24 * 1024 * 1024, "{grown} bytes");
}

#[tokio::test]
async fn chunks_arrive_whole() {
    let gate = Gate::start().await;
    let browser = signed_in(&gate).await;
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    let head = format!(
        "POST /x HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        gate.host,
        browser.cookie_line()
    );
    stream.write_all(head.as_bytes()).await.expect("write");
    for part in ["5\r\nhel", "lo\r\n", "6;x=y\r\n world\r\n", "0\r\n\r\n"] {
        stream.write_all(part.as_bytes()).await.expect("write");
        stream.flush().await.expect("flush");
        tokio::task::yield_now().await;
    }
    assert_eq!(read_answer(&mut stream, false).await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    let body = String::from_utf8_lossy(&seen.body).into_owned();
    let letters: String = body.split("\r\n").skip(1).step_by(2).collect();
    assert_eq!(letters, "hello world", "{body:?}");
    assert_eq!(seen.all("content-length"), Vec::<&str>::new());
}

#[tokio::test]
async fn a_body_that_waits_for_permission_gets_it() {
    let upstream = application(|mut stream| async move {
        let Some(head) = head(&mut stream).await else { return };
        if head.to_ascii_lowercase().contains("expect: 100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.expect("write");
        }
        let mut body = [0; 5];
        stream.read_exact(&mut body).await.expect("a body");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await.expect("write");
        stream.write_all(&body).await.expect("write");
    })
    .await;
    let sites = site(&format!("http://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let browser = signed_in(&gate).await;
    let own = "email=ann%40example.com";
    let form = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for (target, more, body, status) in [
        ("/upload", browser.cookie_line(), "hello", 200),
        ("/.linkgate/sign-in", form.to_owned(), own, 303),
    ] {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\n{more}Expect: 100-continue\r\n\
             Content-Length: {}\r\n\r\n",
            gate.host,
            body.len()
        );
        let mut stream = TcpStream::connect(gate.address).await.expect("connect");
        stream.write_all(head.as_bytes()).await.expect("write");
        let interim = tokio::time::timeout(Duration::from_secs(5), head_of(&mut stream));
        let interim = interim.await.expect("permission in time");
        assert!(interim.starts_with("HTTP/1.1 100 "), "{target}: {interim}");
        stream.write_all(body.as_bytes()).await.expect("write");
        assert_eq!(read_answer(&mut stream, false).await.status, status, "{target}");
    }
}

async fn head_of(stream: &mut TcpStream) -> String {
    head(stream).await.unwrap_or_default()
}

#[tokio::test]
async fn many_requests_share_a_connection_in_both_directions() {
    let gate = Gate::start().await;
    let browser = signed_in(&gate).await;
    let cookies = browser.cookie_line();
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    for number in 0..5 {
        let request = format!("GET /one/{number} HTTP/1.1\r\nHost: {}\r\n{cookies}\r\n", gate.host);
        stream.write_all(request.as_bytes()).await.expect("write");
        let answer = read_answer(&mut stream, false).await;
        assert_eq!(answer.json()["target"], format!("/one/{number}"));
    }
    // All at once: the answers come in the order of the requests (RFC 9112, 9.3.2), and each
    // request is judged by its own cookie.
    let mut requests = String::new();
    for number in 0..6 {
        let cookies = if number % 3 == 2 { "" } else { &*cookies };
        requests.push_str(&format!(
            "GET /many/{number} HTTP/1.1\r\nHost: {}\r\nAccept: application/json\r\n{cookies}\r\n",
            gate.host
        ));
    }
    stream.write_all(requests.as_bytes()).await.expect("write");
    let mut text = String::new();
    let read = async {
        let mut part = [0; 4096];
        while text.matches("HTTP/1.1 ").count() < 6 || !text.ends_with('}') {
            let count = stream.read(&mut part).await.expect("read");
            assert!(count > 0, "the connection ended: {text}");
            text.push_str(&String::from_utf8_lossy(&part[..count]));
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.expect("six answers");
    let statuses: Vec<_> =
        text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "200", "401", "200", "200", "401"]);
    let seen: Vec<_> = gate.upstream.seen().into_iter().map(|it| it.target).skip(5).collect();
    assert_eq!(seen, ["/many/0", "/many/1", "/many/3", "/many/4"]);
    assert!(gate.whole_log().await.contains("upstream_reused=true"));
}

/// A body of no known length goes on for as long as its sender likes, and the application may answer
/// only after it: with the session the request ends, too.
#[tokio::test]
async fn an_upload_without_a_length_ends_with_its_session() {
    let taken = Arc::new(Notify::new());
    let tell = Arc::clone(&taken);
    let upstream = application(move |mut stream| {
        let tell = Arc::clone(&tell);
        async move {
            if head(&mut stream).await.is_some() {
                while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {
                    tell.notify_one();
                }
            }
        }
    })
    .await;
    let sites = site(&format!("http://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut browser = signed_in(&gate).await;
    let head = format!(
        "POST /feed HTTP/1.1\r\nHost: {}\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        gate.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(head.as_bytes()).await.expect("write");
    stream.write_all(b"3\r\none\r\n").await.expect("write");
    taken.notified().await;
    assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
    let drained = async { while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {} };
    tokio::time::timeout(Duration::from_secs(5), drained).await.expect("the upload is cut off");
}
