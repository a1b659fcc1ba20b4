//! Clients that hold much and give little, while another one is served as ever.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::streams::grpc::connect;
use crate::support::app::{application, head, site};
use crate::support::certificates::Certificates;
use crate::support::client::{raw, read_answer};
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::{eventually, folder};

/// More than all buffers between an application and a client hold.
const LARGE: usize = 64 * 1024 * 1024;
/// Another address of this machine, which is another peer.
const GREEDY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The longest that the other client may wait.
const PATIENCE: Duration = Duration::from_millis(900);

/// Answers with much, or with little.
async fn generous() -> SocketAddr {
    application(|mut stream| async move {
        let Some(head) = head(&mut stream).await else { return };
        let length = if head.contains("/large ") { LARGE } else { 2 };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        let piece = [b'x'; 32 * 1024];
        for begin in (0..length).step_by(piece.len()) {
            if stream.write_all(&piece[..piece.len().min(length - begin)]).await.is_err() {
                return;
            }
        }
    })
    .await
}

async fn gate(server: &str) -> Gate {
    let sites = site(&format!("http://{}", generous().await));
    let extra = format!("server: {{ threads: 1, {server} }}");
    Gate::with(Wishes { sites, extra, ..Wishes::default() }).await
}

/// Connects as the other peer.
async fn greedy(gate: &Gate) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((GREEDY, 0).into()).expect("an address of this machine");
    socket.connect(gate.address).await.expect("a connection")
}

async fn is_served(gate: &Gate) {
    let began = Instant::now();
    let request = format!("GET /public/x HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
    assert_eq!(raw(gate.address, request.as_bytes()).await.status, 200);
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// Serves the other client until all of these have come to their end; returns how long that took.
async fn meanwhile(gate: &Gate, all: Vec<JoinHandle<()>>) -> Duration {
    let began = Instant::now();
    while !all.iter().all(JoinHandle::is_finished) {
        is_served(gate).await;
        assert!(began.elapsed() < Duration::from_secs(20), "they have no end");
    }
    for one in all {
        one.await.expect("no panic");
    }
    began.elapsed()
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_let_go() {
    let gate = gate("write_timeout: 1s").await;
    let mut all = Vec::new();
    for _ in 0..10 {
        let mut stream = greedy(&gate).await;
        let request = format!("GET /public/large HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
        all.push(tokio::spawn(async move {
            stream.write_all(request.as_bytes()).await.expect("write");
            // Reads nothing for as long as linkgate has patience. Whether that is over shows in
            // what can still be sent: nothing, when the connection is gone.
            let mut beat = tokio::time::interval(Duration::from_millis(50));
            while stream.try_write(b"x").is_ok() {
                beat.tick().await;
            }
        }));
    }
    let took = meanwhile(&gate, all).await;
    assert!(took >= Duration::from_millis(900), "not at once: {took:?}");
}

#[tokio::test]
async fn who_opens_no_window_is_let_go() {
    let gate = gate("write_timeout: 1s").await;
    let mut all = Vec::new();
    let requests = connect(&gate).await;
    for _ in 0..20 {
        let request = Request::get(format!("http://{}/public/large", gate.host));
        let request = request.body(()).expect("a head");
        let mut requests = requests.clone().ready().await.expect("ready");
        let (answer, _) = requests.send_request(request, true).expect("sent");
        all.push(tokio::spawn(async move {
            let Ok(answer) = answer.await else { return };
            let mut body = answer.into_body();
            let mut received = 0;
            // What is taken is never given back to the window.
            while let Some(Ok(part)) = body.data().await {
                received += part.len();
            }
            assert!(received < LARGE, "it was not closed");
        }));
    }
    meanwhile(&gate, all).await;
}

#[tokio::test]
async fn a_flood_of_connections_is_one_peers_own_trouble() {
    let gate = gate("connections_per_peer: 20, connections_total: 100").await;
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..200 {
        let mut stream = greedy(&gate).await;
        // Nothing is sent: whoever is refused is told so, and whoever is not hears nothing.
        let heard = tokio::time::timeout(Duration::from_millis(20), stream.read_u8()).await;
        if heard.is_ok() {
            refused += 1;
        } else {
            held.push(stream);
        }
        is_served(&gate).await;
    }
    assert!(refused >= 150, "{refused} of 200 were refused, {} are held", held.len());
    drop(held);
    eventually("room again", async || {
        let mut stream = greedy(&gate).await;
        let request = format!("GET /public/x HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
        let _ = stream.write_all(request.as_bytes()).await;
        (read_answer(&mut stream, false).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bodies_that_drip_hold_no_more_than_their_peer_may() {
    let gate = gate("connections_per_peer: 20").await;
    let head =
        format!("POST /public/x HTTP/1.1\r\nHost: {}\r\nContent-Length: 100000\r\n\r\n", gate.host);
    let mut held = Vec::new();
    for _ in 0..60 {
        let mut stream = greedy(&gate).await;
        let _ = stream.write_all(head.as_bytes()).await;
        held.push(stream);
    }
    for _ in 0..30 {
        for stream in &held {
            let _ = stream.try_write(b"x");
        }
        is_served(&gate).await;
    }
}

/// A client that connects by TLS and stays silent is counted before anything was agreed on.
#[tokio::test]
async fn handshakes_that_are_never_made_count_as_connections() {
    let (certificates, folder, port) = (Certificates::new(), folder(), free_port());
    certificates.write(folder.path());
    let listen = format!(
        ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
         key: \"{0}/site.key\" }} }}",
        folder.path().display()
    );
    let extra = "server: { connections_per_peer: 20 }".to_owned();
    let gate = Gate::with(Wishes { listen, extra, ..Wishes::default() }).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut held = Vec::new();
    let mut refused = 0;
    for _ in 0..60 {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((GREEDY, 0).into()).expect("an address of this machine");
        let mut stream = socket.connect(address).await.expect("a connection");
        match tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await {
            Ok(_) => refused += 1,
            Err(_) => held.push(stream),
        }
    }
    assert_eq!((held.len(), refused), (20, 40));
    let stream = TcpStream::connect(address).await.expect("connect");
    let name = ServerName::try_from("app.localhost").expect("a name");
    let mut stream =
        certificates.connector(&["http/1.1"]).connect(name, stream).await.expect("TLS");
    let request = format!("GET /public/x HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
    stream.write_all(request.as_bytes()).await.expect("write");
    assert_eq!(read_answer(&mut stream, false).await.status, 200, "another client is served");
    // Places are given back with the connections, whether anything was agreed on or not.
    drop(held);
    eventually("room again", async || {
        let socket = TcpSocket::new_v4().ok()?;
        socket.bind((GREEDY, 0).into()).ok()?;
        let stream = socket.connect(address).await.ok()?;
        let name = ServerName::try_from("app.localhost").ok()?;
        certificates.connector(&["http/1.1"]).connect(name, stream).await.ok()
    })
    .await;
}
