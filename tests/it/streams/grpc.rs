//! gRPC: HTTP/2 on both sides, messages in both directions at once, trailers.

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpStream;

use crate::support::app::{application, site};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";

/// Echoes each message; in the end `grpc-status: 0` and who called, as trailers.
pub async fn echo(stream: TcpStream) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let (head, mut body) = request.into_parts();
            assert_eq!(head.headers["te"], "trailers");
            assert_eq!(head.headers["content-type"], "application/grpc");
            let who = head.headers.get("remote-email").cloned();
            let answer = Response::builder()
                .header("content-type", "application/grpc")
                .body(())
                .expect("a head");
            let mut sending = respond.send_response(answer, false).expect("an answer");
            while let Some(part) = body.data().await {
                let Ok(part) = part else { return };
                let _ = body.flow_control().release_capacity(part.len());
                if sending.send_data(part, false).is_err() {
                    return;
                }
            }
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", "0".parse().expect("a value"));
            if let Some(who) = who {
                trailers.insert("x-who", who);
            }
            let _ = sending.send_trailers(trailers);
        });
    }
}

/// A connection by HTTP/2.
pub async fn connect(gate: &Gate) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(gate.address).await.expect("connect");
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    requests
}

/// Begins a call.
pub async fn call(
    gate: &Gate,
    requests: &SendRequest<Bytes>,
    browser: &Browser,
) -> (h2::client::ResponseFuture, SendStream<Bytes>) {
    let mut request = Request::post(format!("http://{}/echo.Echo/Stream", gate.host))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    // A browser's cookies come in crumbs (RFC 9113, 8.2.3).
    for (name, value) in &browser.cookies {
        request = request.header("cookie", format!("{name}={value}"));
    }
    let mut requests = requests.clone().ready().await.expect("ready");
    requests.send_request(request.body(()).expect("a head"), false).expect("sent")
}

/// The next message.
pub async fn message(body: &mut RecvStream) -> Bytes {
    let data = tokio::time::timeout(std::time::Duration::from_secs(10), body.data());
    let data = data.await.expect("in time").expect("a message").expect("a message");
    let _ = body.flow_control().release_capacity(data.len());
    data
}

/// Waits until the call is over, with nothing more of its messages.
pub async fn ends(body: &mut RecvStream) {
    let rest = tokio::time::timeout(std::time::Duration::from_secs(5), body.data());
    assert!(!matches!(rest.await.expect("it ends"), Some(Ok(data)) if !data.is_empty()));
}

#[tokio::test]
async fn messages_flow_both_ways_and_the_trailers_arrive() {
    let upstream = application(echo).await;
    let sites = site(&format!("h2c://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    let requests = connect(&gate).await;
    let (answer, _sending) = call(&gate, &requests, &browser).await;
    let refused = answer.await.expect("an answer");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["grpc-status"]),
        (200, &"16".parse().unwrap())
    );
    gate.sign_in(&mut browser, ANN, "/").await;
    // On one connection, and two calls at the same time.
    let (first, second) =
        (call(&gate, &requests, &browser).await, call(&gate, &requests, &browser).await);
    for (answer, mut sending) in [first, second] {
        sending.send_data(Bytes::from_static(b"one"), false).expect("sent");
        let answer = answer.await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let mut body = answer.into_body();
        assert_eq!(message(&mut body).await, "one", "before the call is over");
        sending.send_data(Bytes::from_static(b"two"), true).expect("sent");
        assert_eq!(message(&mut body).await, "two");
        assert!(body.data().await.is_none());
        let trailers = body.trailers().await.expect("trailers").expect("trailers");
        assert_eq!(trailers["grpc-status"], "0");
        assert_eq!(trailers["x-who"], ANN);
    }
}

#[tokio::test]
async fn a_page_comes_over_http2_too() {
    let gate = Gate::start().await;
    let requests = connect(&gate).await;
    let get = |target: &str| {
        let request = Request::get(format!("http://{}{target}", gate.host));
        request.header("accept", "text/html").body(()).expect("a head")
    };
    let mut ready = requests.clone().ready().await.expect("ready");
    let stopped = ready.send_request(get("/deep?x"), true).expect("sent").0.await.expect("answer");
    assert_eq!(stopped.status().as_u16(), 303);
    assert_eq!(stopped.headers()["location"], "/.linkgate/sign-in?return_to=%2Fdeep%3Fx");
    let mut ready = requests.clone().ready().await.expect("ready");
    let public = ready.send_request(get("/public/x"), true).expect("sent").0.await.expect("answer");
    assert_eq!(public.status().as_u16(), 200, "HTTP/2 in front, HTTP/1.1 behind");
}

#[tokio::test]
async fn an_open_call_ends_with_its_session_and_the_connection_goes_on() {
    let upstream = application(echo).await;
    let sites = site(&format!("h2c://{upstream}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let requests = connect(&gate).await;
    let (answer, mut sending) = call(&gate, &requests, &browser).await;
    sending.send_data(Bytes::from_static(b"one"), false).expect("sent");
    let mut body = answer.await.expect("an answer").into_body();
    assert_eq!(message(&mut body).await, "one");
    let ended = browser.json("DELETE", "/.linkgate/api/session", &serde_json::json!({})).await;
    assert_eq!(ended.status, 204);
    ends(&mut body).await;
    let (answer, _sending) = call(&gate, &requests, &browser).await;
    assert_eq!(answer.await.expect("an answer").headers()["grpc-status"], "16");
}
