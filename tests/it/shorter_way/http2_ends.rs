//! Streams of HTTP/2 end with what let them through, with those who wanted them, and with the server; and
//! each leaves its line in the log.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use http::Method;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::http2::{ask, heard};
use super::log::lines;
use super::streams::streaming;
use super::{BOTH, Way};
use crate::attacks::frames::{END_HEADERS, END_STREAM, Fate, HEADERS, Http2, block, frame};
use crate::streams::grpc::connect;
use crate::streams::patience::full;
use crate::support::app::{application, head, site};
use crate::support::client::Browser;
use crate::support::events::{listen, news};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::upgrade::signal;

const ANN: &str = "ann@example.com";
/// What a stream has for its end.
const SOON: Duration = Duration::from_millis(1500);
const GOAWAY: u8 = 7;

async fn before_news(extra: &str) -> Gate {
    let sites = site(&format!("http://{}", application(news).await));
    Gate::with(Wishes { sites, extra: extra.to_owned(), ..Wishes::default() }).await
}

/// Opens a stream, up to its first part.
async fn open(
    gate: &Gate,
    requests: &SendRequest<Bytes>,
    (way, target): (Way, &str),
    browser: &Browser,
) -> RecvStream {
    let cookies: Vec<_> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let fields: Vec<_> = cookies.iter().map(|crumb| ("cookie", &**crumb)).collect();
    let sent = ask(gate, requests, way, (Method::GET, target), &fields).await;
    let answer = sent.await.expect("a head");
    assert_eq!(answer.status().as_u16(), 200, "{way:?} {target}");
    answer.into_body()
}

/// Reads until the stream breaks off, as it must.
async fn breaks(body: &mut RecvStream, within: Duration) {
    let broken = async {
        loop {
            match body.data().await {
                Some(Ok(part)) => drop(body.flow_control().release_capacity(part.len())),
                Some(Err(_)) => return,
                None => panic!("a clean end"),
            }
        }
    };
    tokio::time::timeout(within, broken).await.expect("it ends in time");
}

/// Its line in the log, once it is there.
async fn line(gate: &Gate, path: &str) -> String {
    let what = format!("a line for {path}");
    eventually(&what, async || lines(&gate.log(), path).first().map(|line| (*line).to_owned()))
        .await
}

#[tokio::test]
async fn a_stream_that_ends_with_its_session_says_so_in_the_log() {
    let gate = before_news("").await;
    for way in BOTH {
        let mut browser = gate.browser();
        gate.sign_in(&mut browser, ANN, "/.linkgate/account").await;
        let requests = connect(&gate).await;
        let target = format!("/http2-{way:?}");
        let mut body = open(&gate, &requests, (way, &target), &browser).await;
        let first = body.data().await.expect("news").expect("news");
        assert_eq!(first, "data: 1\n\n");
        let older = format!("/http1-{way:?}");
        let _older = listen(&gate, &browser, &older).await;
        assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
        breaks(&mut body, SOON).await;
        for path in [&target, &older] {
            let line = line(&gate, path).await;
            for word in ["error=SessionEnded", "status=200", "sent=9", "outcome=\"passed\""] {
                assert!(line.contains(word), "{way:?}: no {word} in {line}");
            }
            assert_eq!(lines(&gate.whole_log().await, path).len(), 1, "{path}");
        }
        // The connection beside it goes on, and does not let anybody through any more.
        let again = heard(ask(&gate, &requests, way, (Method::GET, "/x"), &[]).await).await;
        assert!(matches!(again.0, 303 | 401), "{again:?}");
    }
}

#[tokio::test]
async fn a_stream_that_nobody_reads_ends_with_its_session_as_well() {
    let over = Arc::new(Semaphore::new(0));
    let sites = site(&format!("http://{}", streaming(Arc::clone(&over)).await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    for way in BOTH {
        for target in ["/chunks", "/close", "/chunks/quiet", "/close/quiet"] {
            let mut browser = gate.browser();
            gate.sign_in(&mut browser, ANN, "/.linkgate/account").await;
            let stream = TcpStream::connect(gate.address).await.expect("connect");
            let mut builder = Builder::new();
            let (requests, connection) =
                builder.initial_window_size(0).handshake(stream).await.expect("HTTP/2");
            tokio::spawn(connection);
            let mut body = open(&gate, &requests, (way, target), &browser).await;
            assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
            let ended = tokio::time::timeout(SOON, over.acquire()).await;
            assert!(ended.is_ok(), "{way:?} {target}");
            ended.expect("in time").expect("open").forget();
            breaks(&mut body, SOON).await;
        }
    }
}

#[tokio::test]
async fn streams_of_a_server_that_leaves_have_their_time_and_their_line() {
    for way in BOTH {
        let mut gate = before_news("server: { drain_streams: 1s }").await;
        let requests = connect(&gate).await;
        let mut body = open(&gate, &requests, (way, "/public/news"), &gate.browser()).await;
        assert_eq!(body.data().await.expect("news").expect("news"), "data: 1\n\n");
        signal("-TERM", gate.pid());
        breaks(&mut body, Duration::from_secs(4)).await;
        assert_eq!(gate.code().await, Some(0), "{way:?}");
        let line = line(&gate, "/public/news").await;
        assert!(line.contains("error=Leaving") && line.contains("sent=9"), "{way:?}: {line}");
    }
}

/// Descriptors that the process has open.
fn descriptors(gate: &Gate) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", gate.pid())).expect("its descriptors").count()
}

/// CVE-2023-44487: what a stream has begun ends with it, or the count of streams is no limit.
#[tokio::test]
async fn whoever_goes_away_is_not_connected_for() {
    let (listener, _queue) = full().await;
    let sites = format!(
        "\n  - name: app\n    origin: $ORIGIN\n    \
         upstream: {{ url: \"http://{}\", connect_timeout: 1h }}\n    \
         allow: [\"@example.com\"]\n    rules: [{{ path: \"/public/**\", access: public }}]\n",
        listener.local_addr().expect("an address")
    );
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let requests = connect(&gate).await;
    heard(ask(&gate, &requests, Way::Short, (Method::GET, "/.linkgate/x"), &[]).await).await;
    let before = descriptors(&gate);
    let mut waiting = Vec::new();
    for _ in 0..50 {
        waiting.push(ask(&gate, &requests, Way::Short, (Method::GET, "/public/slow"), &[]).await);
    }
    // A few that were open before for another reason may have ended meanwhile.
    eventually("it connects", async || (descriptors(&gate) >= before + 40).then_some(())).await;
    drop(waiting);
    eventually("it lets go", async || (descriptors(&gate) <= before).then_some(())).await;
    let log = gate.whole_log().await;
    let all = lines(&log, "/public/slow");
    assert_eq!(all.len(), 50);
    assert!(all.iter().all(|line| line.contains("status=0 ")), "{}", all[0]);

    let before = descriptors(&gate);
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    let request = Way::Short.head("GET", &gate.host, "/public/slow1", "");
    stream.write_all(request.as_bytes()).await.expect("write");
    eventually("it connects", async || (descriptors(&gate) >= before + 2).then_some(())).await;
    drop(stream);
    assert!(line(&gate, "/public/slow1").await.contains("error=ConnectionClosed"));
}

/// Who sends GOAWAY opens no streams any more, and wants the rest of those that are open.
#[tokio::test]
async fn a_client_that_says_goodbye_gets_what_it_asked_for() {
    let go = Arc::new(Semaphore::new(0));
    let told = Arc::clone(&go);
    let application = application(move |mut stream| {
        let told = Arc::clone(&told);
        async move {
            while head(&mut stream).await.is_some() {
                drop(told.acquire().await);
                let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                let _ = stream.write_all(answer).await;
            }
        }
    });
    let sites = site(&format!("http://{}", application.await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut http2 = Http2::open(gate.address).await;
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", &*gate.host),
        (":path", "/public/x"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields))).await;
    http2.send(&frame(GOAWAY, 0, 0, &[0; 8])).await;
    go.add_permits(1);
    assert_eq!(http2.fate(1, Duration::from_secs(5)).await, Fate::Status(204));
}
