//! Clients of HTTP/2 that ask for much and take little: what that costs, and for how long.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use super::BOTH;
use super::http2::{ask, heard};
use crate::attacks::frames::{END_HEADERS, END_STREAM, HEADERS, SETTINGS, block, frame};
use crate::attacks::scene::memory;
use crate::support::app::{application, head, site};
use crate::support::gate::{Gate, Wishes};

const PATIENCE: Duration = Duration::from_secs(5);
/// More than all buffers between an application and a client hold.
const LARGE: usize = 64 * 1024 * 1024;
/// Fits into what one stream may have waiting.
const SMALL: usize = 60 * 1024;
/// The initial window of a stream is a setting (RFC 9113, 6.5.2).
const INITIAL_WINDOW_SIZE: u16 = 4;
const WINDOW_UPDATE: u8 = 8;

/// Much, little, or one event and then silence; tells when a connection is over.
async fn generous(over: Arc<Semaphore>) -> SocketAddr {
    application(move |mut stream| {
        let over = Arc::clone(&over);
        async move {
            while let Some(head) = head(&mut stream).await {
                if head.contains("/quiet") {
                    let answer = "HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n";
                    let _ = stream.write_all(answer.as_bytes()).await;
                    let _ = stream.read(&mut [0; 1]).await;
                    break;
                }
                let length = if head.contains("/large") { LARGE } else { SMALL };
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                let content = vec![b'x'; length];
                if stream.write_all(answer.as_bytes()).await.is_err()
                    || stream.write_all(&content).await.is_err()
                {
                    break;
                }
            }
            over.add_permits(1);
        }
    })
    .await
}

async fn gate(server: &str) -> (Gate, Arc<Semaphore>) {
    let over = Arc::new(Semaphore::new(0));
    let sites = site(&format!("http://{}", generous(Arc::clone(&over)).await));
    let extra = format!("server: {{ threads: 1{server} }}");
    (Gate::with(Wishes { sites, extra, ..Wishes::default() }).await, over)
}

async fn is_over(over: &Semaphore, of: &str) {
    let permit = tokio::time::timeout(PATIENCE, over.acquire()).await;
    permit.unwrap_or_else(|_| panic!("{of}: goes on")).expect("open").forget();
}

/// Opens all windows as far as they go, and has little room itself.
async fn wide_open(gate: &Gate) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket.connect(gate.address).await.expect("connect");
    let widest = (1u32 << 31) - 1;
    let mut setting = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
    setting.extend(widest.to_be_bytes());
    let begin = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(SETTINGS, 0, 0, &setting),
        frame(WINDOW_UPDATE, 0, 0, &(widest - 0xffff).to_be_bytes()),
    ];
    stream.write_all(&begin.concat()).await.expect("write");
    stream
}

fn get(gate: &Gate, number: u32, target: &str) -> Vec<u8> {
    let fields =
        [(":method", "GET"), (":scheme", "http"), (":authority", &*gate.host), (":path", target)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * number, &block(&fields))
}

#[tokio::test]
async fn what_nobody_reads_does_not_pile_up() {
    let (gate, _over) = gate("").await;
    let before = memory(&gate).await;
    let mut stream = wide_open(&gate).await;
    for number in 0..100 {
        stream.write_all(&get(&gate, number, "/public/large")).await.expect("write");
    }
    // It grows until everything is full.
    let mut beat = tokio::time::interval(Duration::from_millis(100));
    let (mut grown, mut unchanged) = (0, 0);
    while unchanged < 10 {
        beat.tick().await;
        let now = memory(&gate).await.saturating_sub(before);
        unchanged = if now > grown + 256 { 0 } else { unchanged + 1 };
        grown = grown.max(now);
    }
    assert!(grown > 4 * 1024, "the streams are there: {grown} KiB");
    assert!(grown < 24 * 1024, "{grown} KiB for one client that reads nothing");
}

/// Answers that were handed over whole lie there all the same.
#[tokio::test]
async fn a_connection_that_takes_nothing_is_closed_whatever_else_is_open_on_it() {
    let (gate, over) = gate(", write_timeout: 1s").await;
    let mut stream = wide_open(&gate).await;
    stream.write_all(&get(&gate, 0, "/public/quiet")).await.expect("write");
    let (mut seen, mut part) = (Vec::new(), [0; 512]);
    while !seen.windows(7).any(|seen| seen == b"data: 1") {
        let count = stream.read(&mut part).await.expect("read");
        assert!(count > 0, "closed");
        seen.extend_from_slice(&part[..count]);
    }
    for number in 1..99 {
        stream.write_all(&get(&gate, number, "/public/small")).await.expect("write");
    }
    is_over(&over, "the stream that says nothing").await;
    drop(stream);
}

/// A client with a window of 64 KiB for each stream, and as much as it likes for all together.
async fn connect(gate: &Gate, window: u32) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(gate.address).await.expect("connect");
    let mut builder = Builder::new();
    builder.initial_window_size(window).initial_connection_window_size(1 << 30);
    let (requests, connection) = builder.handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    requests
}

#[tokio::test]
async fn a_stream_that_takes_nothing_is_reset_and_the_others_go_on() {
    let (gate, over) = gate(", write_timeout: 1s").await;
    for way in BOTH {
        for window in [0, 0xffff] {
            let requests = connect(&gate, window).await;
            let large = (Method::GET, "/public/large");
            let stalled = ask(&gate, &requests, way, large, &[]).await;
            let mut stalled = stalled.await.expect("a head").into_body();
            if window > 0 {
                for _ in 0..20 {
                    let small = (Method::GET, "/public/small");
                    let (status, _, content) =
                        heard(ask(&gate, &requests, way, small, &[]).await).await;
                    assert_eq!((status, content.map(|it| it.len())), (200, Some(SMALL)));
                }
            }
            is_over(&over, &format!("{way:?} {window}")).await;
            let mut received = 0;
            while let Some(Ok(part)) = stalled.data().await {
                received += part.len();
            }
            assert!(received <= 0xffff && !stalled.is_end_stream(), "{way:?}: {received}");
            let head = (Method::HEAD, "/public/small");
            assert_eq!(heard(ask(&gate, &requests, way, head, &[]).await).await.0, 200, "{way:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_its_client_resets_ends_at_once() {
    let (gate, over) = gate("").await;
    for way in BOTH {
        for target in ["/public/large", "/public/quiet"] {
            let requests = connect(&gate, 0xffff).await;
            let sent = ask(&gate, &requests, way, (Method::GET, target), &[]).await;
            let mut body = sent.await.expect("a head").into_body();
            body.data().await.expect("a beginning").expect("a beginning");
            drop(body);
            is_over(&over, &format!("{way:?} {target}, reset")).await;
        }
        // The whole connection, with streams that flow, that are stalled and that say nothing.
        let stream = TcpStream::connect(gate.address).await.expect("connect");
        let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let connection = tokio::spawn(connection);
        let mut all = Vec::new();
        for target in ["/public/large", "/public/quiet", "/public/quiet"] {
            let sent = ask(&gate, &requests, way, (Method::GET, target), &[]).await;
            all.push(sent.await.expect("a head"));
        }
        connection.abort();
        for answer in &all {
            is_over(&over, &format!("{way:?} {:?}, cut", answer.headers())).await;
        }
    }
}

#[tokio::test]
async fn a_large_answer_arrives_whole_through_a_small_window() {
    let (gate, _over) = gate("").await;
    for way in BOTH {
        for window in [0xffff, 1 << 24] {
            let requests = connect(&gate, window).await;
            let large = (Method::GET, "/public/large");
            let sent = ask(&gate, &requests, way, large, &[]).await;
            let mut body = sent.await.expect("a head").into_body();
            let mut received = 0;
            while let Some(part) = body.data().await {
                let part = part.expect("a part");
                received += part.len();
                body.flow_control().release_capacity(part.len()).expect("room");
            }
            assert_eq!(received, LARGE, "{way:?} {window}");
        }
    }
}
