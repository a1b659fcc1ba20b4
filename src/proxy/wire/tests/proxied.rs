//! The guard before Pingora's proxy itself, with an upstream on loopback.

use pingora::proxy::{ProxyHttp, Session, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Forwards everything to one port on loopback.
struct Forward(u16);

#[async_trait]
impl ProxyHttp for Forward {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        _ctx: &mut (),
    ) -> pingora::Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(("127.0.0.1", self.0), false, String::new())))
    }
}

/// Answers each request with its request line; switches protocols at `/switch` and then echoes.
async fn upstream(mut stream: TcpStream) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let line = head.lines().next().unwrap();
        if line.contains("/switch") {
            let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
            return;
        }
        let length = line.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{line}");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

/// The client's end of a connection to a guarded proxy before a new upstream.
async fn connect(shutdown: &watch::Sender<bool>) -> (DuplexStream, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(upstream(stream));
        }
    });
    let proxy = http_proxy(&Arc::new(ServerConf::default()), Forward(port));
    let app = GuardedApp::new(Arc::new(proxy), WireLimits::default(), |_| false, String::new, None);
    let (client, stream) = tokio::io::duplex(64 * 1024);
    let watch = shutdown.subscribe();
    let connection = tokio::spawn(async move {
        Arc::new(app).process_new(Box::new(stream), &watch).await;
    });
    (client, connection)
}

#[tokio::test]
async fn pipelined_requests_are_all_proxied() {
    let shutdown = watch::Sender::new(false);
    let (mut client, connection) = connect(&shutdown).await;
    let wire: String =
        (0..5).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: a.example\r\n\r\n")).collect();
    client.write_all(wire.as_bytes()).await.unwrap();
    for number in 0..5 {
        read_until(&mut client, &format!("GET /{number} HTTP/1.1")).await;
    }
    shutdown.send_replace(true);
    connection.await.unwrap();
}

#[tokio::test]
async fn an_upgrade_opens_the_connection_in_both_directions() {
    let shutdown = watch::Sender::new(false);
    let (mut client, connection) = connect(&shutdown).await;
    let ask = "GET /switch HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\n\
               Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
               Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // The first word is sent early: it waits for the 101 and is not lost.
    client.write_all(format!("{ask}early\n").as_bytes()).await.unwrap();
    let answer = read_until(&mut client, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    read_until(&mut client, "early\n").await;
    for word in ["one\n", "\u{0}two\r\n\r\n"] {
        client.write_all(word.as_bytes()).await.unwrap();
        read_until(&mut client, word).await;
    }
    drop(client);
    connection.await.unwrap();
}

#[tokio::test]
async fn a_malformed_chunked_body_smuggles_nothing() {
    let shutdown = watch::Sender::new(false);
    let head = "POST /b HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut client, connection) = connect(&shutdown).await;
    let wire = format!("{head}\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n");
    client.write_all(wire.as_bytes()).await.unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).await.unwrap();
    assert!(!answers.contains("smuggled"), "{answers}");
    connection.await.unwrap();
}
