use std::os::fd::AsRawFd;

use pingora::protocols::l4::stream::Stream as TcpLayer;
use pingora::protocols::{GetSocketDigest, SocketDigest};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A connected pair on loopback: the client, and the stream as Pingora's listener makes it.
async fn pair() -> (TcpStream, TcpLayer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let digest = SocketDigest::from_raw_fd(accepted.as_raw_fd());
    let mut stream = TcpLayer::from(accepted);
    stream.set_socket_digest(digest);
    (client, stream)
}

async fn read_all(client: &mut TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn one_peer_is_turned_away_above_its_cap_and_comes_back_below_it() {
    let server = Server::new(WireLimits { connections_per_peer: 1, ..WireLimits::default() });
    let (mut first, stream) = pair().await;
    let connection = server.serve(stream);
    first.write_all(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
    read_until(&mut first, "GET /a 0 ").await;

    let (mut second, stream) = pair().await;
    server.serve(stream).await.unwrap();
    let answer = read_all(&mut second).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nRetry-After: "), "{answer}");
    assert_eq!(server.app.open_connections(), 1);

    drop(first);
    connection.await.unwrap();
    assert_eq!(server.app.open_connections(), 0);
    let (mut third, stream) = pair().await;
    server.serve(stream);
    third.write_all(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
    read_until(&mut third, "GET /a 0 ").await;
}

#[tokio::test]
async fn a_trusted_proxy_is_not_capped_as_a_peer() {
    let limits = WireLimits { connections_per_peer: 1, ..WireLimits::default() };
    let server = Server::with(limits, HttpServerOptions::default(), |ip| ip.is_loopback());
    let mut clients = Vec::new();
    for _ in 0..3 {
        let (mut client, stream) = pair().await;
        server.serve(stream);
        client.write_all(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
        read_until(&mut client, "GET /a 0 ").await;
        clients.push(client);
    }
    assert_eq!(server.app.open_connections(), 3);
}

#[tokio::test]
async fn a_refusal_is_read_by_a_client_that_is_still_sending() {
    let server = Server::new(WireLimits::default());
    let (mut client, stream) = pair().await;
    let connection = server.serve(stream);
    let body = vec![b'x'; 64 * 1024];
    client.write_all(b"POST / HTTP/1.1\r\nContent-Length: 65536\r\n\r\n").await.unwrap();
    client.write_all(&body).await.unwrap();
    client.shutdown().await.unwrap();
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("there is no Host"), "{answer}");
    connection.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_in_a_panic_gives_its_place_back() {
    struct Panics;
    #[async_trait]
    impl HttpServerApp for Panics {
        async fn process_new_http(
            self: &Arc<Self>,
            _session: ServerSession,
            _shutdown: &ShutdownWatch,
        ) -> Option<ReusedHttpStream> {
            panic!("in a filter");
        }
    }
    let app =
        GuardedApp::new(Arc::new(Panics), WireLimits::default(), |_| false, String::new, None);
    let app = Arc::new(app);
    let (mut client, stream) = pair().await;
    client.write_all(b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
    let shutdown = watch::Sender::new(false);
    let task = tokio::spawn({
        let (app, watch) = (app.clone(), shutdown.subscribe());
        async move { app.process_new(Box::new(stream), &watch).await.is_none() }
    });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(app.open_connections(), 0);
}
