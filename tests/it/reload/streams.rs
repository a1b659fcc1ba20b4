//! Open streams, when the configuration that let them through is another one.

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::streams::{grpc, websocket};
use crate::support::app::{application, site};
use crate::support::client::Browser;
use crate::support::events::{listen, news};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const EVE: &str = "eve@other.example";

/// A gate before an application, with ann and eve signed in; a change can take eve off the list.
async fn with_two(upstream: &str) -> (Gate, Browser, Browser) {
    let listed = format!("\"@example.com\", \"{EVE}\"");
    let sites = site(upstream).replace("\"@example.com\"", &listed);
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let (mut ann, mut eve) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    gate.sign_in(&mut eve, EVE, "/.linkgate/account").await;
    (gate, ann, eve)
}

async fn takes_eve_off_the_list(gate: &Gate) {
    gate.change(&format!(", \"{EVE}\""), "").await;
}

async fn takes_the_site_away(gate: &Gate) {
    gate.change("app.localhost", "gone.localhost").await;
}

#[tokio::test]
async fn event_streams_end_with_the_rule_that_let_them_through() {
    let upstream = format!("http://{}", application(news).await);
    let (gate, ann, eve) = with_two(&upstream).await;
    let mut of_ann = listen(&gate, &ann, "/events").await;
    let mut of_eve = listen(&gate, &eve, "/events").await;
    let mut of_nobody = listen(&gate, &gate.browser(), "/public/events").await;
    takes_eve_off_the_list(&gate).await;
    websocket::closed(&mut of_eve).await;
    // A stream that is let through by the new configuration, too, goes on: were it ended, it would
    // have been in the same step.
    let silent = |stream: &TcpStream| {
        let error = stream.try_read(&mut [0; 1]).expect_err("nothing to read");
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    };
    silent(&of_ann);
    silent(&of_nobody);
    gate.change("access: public", "access: deny").await;
    websocket::closed(&mut of_nobody).await;
    silent(&of_ann);
    takes_the_site_away(&gate).await;
    websocket::closed(&mut of_ann).await;
}

/// Sends a frame, and whether it comes back.
async fn echoes(socket: &mut TcpStream) -> bool {
    let sent = websocket::frame(70_000, 1);
    let mut received = vec![0; sent.len()];
    socket.write_all(&sent).await.is_ok()
        && socket.read_exact(&mut received).await.is_ok()
        && received == sent
}

#[tokio::test]
async fn websockets_end_with_the_rule_that_let_them_through() {
    let upstream = format!("http://{}", application(websocket::echo).await);
    let (gate, ann, eve) = with_two(&upstream).await;
    let origin = format!("Origin: {}\r\n", gate.origin);
    let (mut of_ann, answer) = websocket::open(&gate, &ann, &origin).await;
    assert_eq!((answer.status, answer.header("x-who")), (101, ANN));
    let (mut of_eve, answer) = websocket::open(&gate, &eve, &origin).await;
    assert_eq!((answer.status, answer.header("x-who")), (101, EVE));
    assert!(echoes(&mut of_ann).await && echoes(&mut of_eve).await);
    takes_eve_off_the_list(&gate).await;
    websocket::closed(&mut of_eve).await;
    assert!(echoes(&mut of_ann).await, "what is let through by the new one, too, goes on");
    assert_eq!(websocket::open(&gate, &eve, &origin).await.1.status, 403);
    takes_the_site_away(&gate).await;
    websocket::closed(&mut of_ann).await;
}

#[tokio::test]
async fn calls_end_with_the_rule_that_let_them_through_and_their_connection_goes_on() {
    let upstream = format!("h2c://{}", application(grpc::echo).await);
    let (gate, ann, eve) = with_two(&upstream).await;
    // Two people on one connection, as behind a proxy that shares it.
    let requests = grpc::connect(&gate).await;
    let (answer, mut to_ann) = grpc::call(&gate, &requests, &ann).await;
    to_ann.send_data(Bytes::from_static(b"one"), false).expect("sent");
    let mut of_ann = answer.await.expect("an answer").into_body();
    assert_eq!(grpc::message(&mut of_ann).await, "one");
    let (answer, mut to_eve) = grpc::call(&gate, &requests, &eve).await;
    to_eve.send_data(Bytes::from_static(b"one"), false).expect("sent");
    let mut of_eve = answer.await.expect("an answer").into_body();
    assert_eq!(grpc::message(&mut of_eve).await, "one");
    takes_eve_off_the_list(&gate).await;
    grpc::ends(&mut of_eve).await;
    to_ann.send_data(Bytes::from_static(b"two"), false).expect("sent");
    assert_eq!(grpc::message(&mut of_ann).await, "two", "the call beside it goes on");
    let (answer, _sending) = grpc::call(&gate, &requests, &eve).await;
    assert_eq!(answer.await.expect("an answer").headers()["grpc-status"], "7");
    takes_the_site_away(&gate).await;
    grpc::ends(&mut of_ann).await;
}
