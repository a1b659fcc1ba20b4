//! The end of a process: what is open comes to its end, and nothing else is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::signal;
use crate::support::app::{application, head, site};
use crate::support::client::read_answer;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

/// An application that answers when it may: a permit is there when a request has come.
pub(super) async fn slow(got: Arc<Semaphore>, may: watch::Receiver<bool>) -> std::net::SocketAddr {
    application(move |mut stream| {
        let (got, mut may) = (Arc::clone(&got), may.clone());
        async move {
            if head(&mut stream).await.is_none() {
                return;
            }
            got.add_permits(1);
            if may.wait_for(|may| *may).await.is_err() {
                return;
            }
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate";
            stream.write_all(answer).await.expect("write");
        }
    })
    .await
}

pub(super) async fn asks(gate: &Gate, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    let request = format!("GET /public/{path} HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    stream
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_new_ones_are_refused_at_once() {
    let (got, (go, may)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
    let sites = site(&format!("http://{}", slow(Arc::clone(&got), may).await));
    let mut gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut waits = asks(&gate, "later").await;
    drop(got.acquire().await.expect("a request has come"));
    signal("-TERM", gate.pid());
    eventually("new connections are refused", async || {
        TcpStream::connect(gate.address).await.is_err().then_some(())
    })
    .await;
    go.send_replace(true);
    let answer = read_answer(&mut waits, false).await;
    assert_eq!((answer.status, &*answer.text()), (200, "late"));
    assert_eq!(gate.code().await, Some(0));
}

#[tokio::test]
async fn a_process_with_nothing_open_ends_without_a_wait() {
    let mut gate = Gate::start().await;
    let mut kept = asks(&gate, "x").await;
    assert_eq!(read_answer(&mut kept, false).await.status, 200);
    let began = Instant::now();
    signal("-TERM", gate.pid());
    // It is kept open for a last request, and then let go of.
    assert_eq!(kept.read(&mut [0]).await.expect("closed, not cut"), 0);
    assert_eq!(gate.code().await, Some(0));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_takes_longer_than_it_may_is_cut_and_so_is_everything_by_a_second_signal() {
    for (extra, twice) in [("server: { drain: 1s }", false), ("server: { drain: 1h }", true)] {
        let (got, (_go, may)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
        let sites = site(&format!("http://{}", slow(Arc::clone(&got), may).await));
        let wishes = Wishes { sites, extra: extra.to_owned(), ..Wishes::default() };
        let mut gate = Gate::with(wishes).await;
        let mut waits = asks(&gate, "for-ever").await;
        drop(got.acquire().await.expect("a request has come"));
        signal("-TERM", gate.pid());
        if twice {
            eventually("it stops", async || gate.log().contains("stopping: ").then_some(())).await;
            signal("-TERM", gate.pid());
        }
        let mut rest = Vec::new();
        let _ = waits.read_to_end(&mut rest).await;
        assert_eq!(gate.code().await, Some(0));
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }
}
