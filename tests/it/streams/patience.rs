//! How long an application may take to be reached, and to take what is sent: each site says so for
//! itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::websocket;
use crate::support::app::{application, head};
use crate::support::client::{Answer, Browser, read_answer};
use crate::support::gate::{Gate, Wishes};

/// More than all the buffers between a client and an application hold.
const LARGE: usize = 64 * 1024 * 1024;

/// The site `app` with little patience of a kind, and `other` with much of it.
async fn two_sites(key: &str, quick: SocketAddr, patient: SocketAddr) -> Gate {
    // Whoever takes no more of a request may still answer it: that is waited for, too, but not for
    // long.
    let site = |name: &str, address: SocketAddr, time: &str| {
        format!(
            "\n  - name: {name}\n    origin: http://{name}.localhost:$PORT\n    \
             upstream: {{ url: \"http://{address}\", {key}: {time}, read_timeout: 2s }}\n    \
             rules: [{{ path: \"/**\", access: public }}]"
        )
    };
    let sites = site("app", quick, "1s") + &site("other", patient, "1h");
    Gate::with(Wishes { sites, ..Wishes::default() }).await
}

fn other(gate: &Gate) -> Browser {
    let mut browser = gate.browser();
    browser.host = browser.host.replace("app.", "other.");
    browser
}

/// A server that is there and takes no connection: its queue is full of those that nobody takes.
pub async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let listener = socket.listen(1).expect("a queue");
    let address = listener.local_addr().expect("an address");
    let mut queue = Vec::new();
    let patience = Duration::from_millis(300);
    while let Ok(one) = tokio::time::timeout(patience, TcpStream::connect(address)).await {
        queue.push(one.expect("a place in the queue"));
    }
    (listener, queue)
}

#[tokio::test]
async fn an_application_that_cannot_be_reached_is_given_up_after_the_time_of_its_site() {
    let (listener, queue) = full().await;
    let address = listener.local_addr().expect("an address");
    let gate = two_sites("connect_timeout", address, address).await;
    let mut patient = other(&gate);
    let mut patient = tokio::spawn(async move { patient.get("/x").await });
    let page = gate.browser().get("/x").await;
    assert_eq!(page.status, 504);
    assert!(page.text().contains("The application takes too long"), "{}", page.text());
    let origin = format!("Origin: {}\r\n", gate.origin);
    let (_, socket) = websocket::open(&gate, &gate.browser(), &origin).await;
    assert_eq!(socket.status, 504);
    let still = tokio::time::timeout(Duration::ZERO, &mut patient).await;
    assert!(still.is_err(), "the other site waits: {still:?}");
    // There is room now, and what waits gets there.
    drop(queue);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if head(&mut stream).await.is_some() {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nin";
                    stream.write_all(answer).await.expect("write");
                }
            });
        }
    });
    let answer = patient.await.expect("no panic");
    assert_eq!((answer.status, &*answer.text()), (200, "in"));
}

/// An application that takes nothing of a body until it is told to, and then answers.
async fn reluctant(take: Arc<Notify>) -> SocketAddr {
    application(move |mut stream| {
        let take = Arc::clone(&take);
        async move {
            if head(&mut stream).await.is_none() {
                return;
            }
            take.notified().await;
            let mut body = vec![0; LARGE];
            stream.read_exact(&mut body).await.expect("the whole body");
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken";
            stream.write_all(answer).await.expect("write");
        }
    })
    .await
}

/// Sends a large body, and reads the answer while it does.
fn uploads(gate: &Gate, host: &str) -> JoinHandle<Answer> {
    let (address, host) = (gate.address, host.to_owned());
    tokio::spawn(async move {
        let (mut read, mut write) =
            TcpStream::connect(address).await.expect("connect").into_split();
        let head = format!("PUT /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: {LARGE}\r\n\r\n");
        let sending = tokio::spawn(async move {
            write.write_all(head.as_bytes()).await.expect("the head");
            // Whoever refuses does not take the rest.
            let _ = write.write_all(&vec![7; LARGE]).await;
            write
        });
        let answer = read_answer(&mut read, false).await;
        sending.abort();
        answer
    })
}

#[tokio::test]
async fn an_application_that_takes_no_body_is_given_up_after_the_time_of_its_site() {
    let (never, take) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (quick, patient) =
        (reluctant(Arc::clone(&never)).await, reluctant(Arc::clone(&take)).await);
    let gate = two_sites("write_timeout", quick, patient).await;
    let mut waiting = uploads(&gate, &other(&gate).host);
    let refused = uploads(&gate, &gate.host).await.expect("no panic");
    assert_eq!(refused.status, 504, "{}", refused.text());
    let still = tokio::time::timeout(Duration::ZERO, &mut waiting).await;
    assert!(still.is_err(), "the other site waits: {still:?}");
    take.notify_one();
    let answer = waiting.await.expect("no panic");
    assert_eq!((answer.status, &*answer.text()), (200, "taken"));
}
