//! Open streams during an upgrade: they go on for a while, and new ones are the next process's.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ANN, alone, signal, upgrade};
use crate::streams::websocket;
use crate::support::app::{application, site};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

/// How long the configuration lets them be open.
const LAST: Duration = Duration::from_secs(2);

async fn gate(kind: &Kind) -> Gate {
    let sites = site(&format!("http://{}", application(websocket::echo).await));
    let extra = format!("server: {{ drain_streams: {}s }}", LAST.as_secs());
    Gate::with(Wishes { sites, extra, ..kind.wishes() }).await
}

async fn opens(gate: &Gate) -> TcpStream {
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    let (stream, answer) =
        websocket::open(gate, &ann, &format!("Origin: {}\r\n", gate.origin)).await;
    assert_eq!(answer.status, 101);
    stream
}

async fn echoes(stream: &mut TcpStream, word: &[u8]) {
    stream.write_all(word).await.expect("write");
    let mut received = vec![0; word.len()];
    stream.read_exact(&mut received).await.expect("the echo");
    assert_eq!(received, word);
}

async fn a_socket_goes_on_for_as_long_as_was_said(kind: Kind) {
    let gate = gate(&kind).await;
    let mut socket = opens(&gate).await;
    echoes(&mut socket, b"before").await;
    let began = Instant::now();
    let process = upgrade(&gate);
    echoes(&mut socket, b"after").await;
    let mut new = opens(&gate).await;
    echoes(&mut new, b"new").await;
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.expect("closed, not cut");
    let after = began.elapsed();
    assert!(after > LAST && after < LAST * 3, "{after:?}");
    alone(&gate, process).await;
    echoes(&mut new, b"still there").await;
    signal("-TERM", process);
    new.read_to_end(&mut rest).await.expect("closed, not cut");
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_goes_on_for_as_long_as_was_said_with_the_embedded_store() {
    a_socket_goes_on_for_as_long_as_was_said(Kind::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_goes_on_for_as_long_as_was_said_with_redis() {
    a_socket_goes_on_for_as_long_as_was_said(Kind::redis().await).await;
}
