//! Streams over HTTP/2, by TLS and without: server-sent events, and calls of gRPC.

mod endings;
mod leaving;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{RecvStream, SendStream};
use http::Request;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::rustls::pki_types::ServerName;

use crate::streams::grpc;
use crate::support::app::{application, site};
use crate::support::certificates::Certificates;
use crate::support::client::Browser;
use crate::support::events::news;
use crate::support::folder;
use crate::support::gate::{Gate, Wishes, free_port};

const ANN: &str = "ann@example.com";
/// What a stream has for its end: a second, and half of one for a machine that has more to do.
const SOON: Duration = Duration::from_millis(1500);
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    /// HTTP/2 with prior knowledge.
    Clear,
    /// HTTP/2 that was agreed on by ALPN.
    Tls,
}

const WIRES: [Wire; 2] = [Wire::Clear, Wire::Tls];

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Server-sent events.
    Events,
    /// A call of gRPC, messages in both directions, with trailers in the end.
    Call,
}

/// A gate with a listener for each wire.
struct Scene {
    gate: Gate,
    kind: Kind,
    certificates: Certificates,
    tls: SocketAddr,
    _folder: TempDir,
}

/// A connection, and what became of it.
struct Client {
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

/// A stream that has brought its first part.
struct Open {
    name: String,
    body: RecvStream,
    sending: Option<SendStream<Bytes>>,
}

impl Scene {
    /// Before an application that has streams of this kind.
    async fn of(kind: Kind, wishes: Wishes) -> Self {
        let upstream = match kind {
            Kind::Events => format!("http://{}", application(news).await),
            Kind::Call => format!("h2c://{}", application(grpc::echo).await),
        };
        Self::before(&upstream, kind, wishes).await
    }

    async fn before(upstream: &str, kind: Kind, wishes: Wishes) -> Self {
        let (certificates, folder, port) = (Certificates::new(), folder(), free_port());
        certificates.write(folder.path());
        let listen = format!(
            ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
             key: \"{0}/site.key\" }} }}",
            folder.path().display()
        );
        let gate = Gate::with(Wishes { listen, sites: site(upstream), ..wishes }).await;
        let tls = SocketAddr::from(([127, 0, 0, 1], port));
        Self { gate, kind, certificates, tls, _folder: folder }
    }

    async fn connect(&self, wire: Wire) -> Client {
        match wire {
            Wire::Clear => {
                let stream = TcpStream::connect(self.gate.address).await.expect("connect");
                let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
                Client { requests, connection: tokio::spawn(connection) }
            }
            Wire::Tls => {
                let stream = TcpStream::connect(self.tls).await.expect("connect");
                let name = ServerName::try_from("app.localhost").expect("a name");
                let connector = self.certificates.connector(&["h2"]);
                let stream = connector.connect(name, stream).await.expect("TLS");
                assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
                Client { requests, connection: tokio::spawn(connection) }
            }
        }
    }

    /// Sends the head of a request for a stream of this scene's kind.
    async fn asks(
        &self,
        client: &Client,
        target: &str,
        browser: &Browser,
    ) -> (h2::client::ResponseFuture, SendStream<Bytes>) {
        let uri = format!("http://{}{target}", self.gate.host);
        let mut request = match self.kind {
            Kind::Events => Request::get(uri).header("accept", "text/event-stream"),
            Kind::Call => Request::post(uri)
                .header("content-type", "application/grpc")
                .header("te", "trailers"),
        };
        // A browser's cookies come in crumbs (RFC 9113, 8.2.3).
        for (name, value) in &browser.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        let request = request.body(()).expect("a head");
        let mut requests = client.requests.clone().ready().await.expect("ready");
        requests.send_request(request, self.kind == Kind::Events).expect("sent")
    }

    /// Opens a stream, up to its first part.
    async fn opens(&self, client: &Client, target: &str, browser: &Browser) -> Open {
        let (answer, mut sending) = self.asks(client, target, browser).await;
        let name = format!("{:?} {target}", self.kind);
        if self.kind == Kind::Call {
            sending.send_data(Bytes::from_static(b"one"), false).expect("sent");
        }
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{name}");
        assert!(!answer.headers().contains_key("grpc-status"), "{name}: {:?}", answer.headers());
        let mut body = answer.into_body();
        let first = grpc::message(&mut body).await;
        let expected: &[u8] = match self.kind {
            Kind::Events => b"data: 1\n\n",
            Kind::Call => b"one",
        };
        assert_eq!(first, expected, "{name}");
        let sending = (self.kind == Kind::Call).then_some(sending);
        Open { name, body, sending }
    }

    /// Nobody who shows these cookies is let through any more.
    async fn refuses(&self, client: &Client, browser: &Browser) {
        let (answer, _sending) = self.asks(client, "/again", browser).await;
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        let status = answer.status().as_u16();
        match self.kind {
            Kind::Events => assert!(matches!(status, 401 | 403), "{status}"),
            Kind::Call => {
                let status = answer.headers()["grpc-status"].to_str().expect("text");
                assert!(matches!(status, "16" | "7"), "{status}");
            }
        }
    }
}

impl Open {
    /// It breaks off until then, with not a part more: whoever reads must not take what came for all of
    /// it.
    async fn breaks(mut self, until: Instant) {
        let name = &self.name;
        match timeout_at(until, self.body.data()).await {
            Ok(Some(Err(_))) => {}
            Ok(Some(Ok(part))) => panic!("{name}: {part:?}"),
            Ok(None) => panic!("{name}: a clean end, {:?}", self.body.trailers().await),
            Err(_) => panic!("{name} goes on"),
        }
    }

    /// It is as open as ever.
    async fn goes_on(&mut self) {
        match &mut self.sending {
            Some(sending) => {
                sending.send_data(Bytes::from_static(b"two"), false).expect("sent");
                assert_eq!(grpc::message(&mut self.body).await, "two", "{}", self.name);
            }
            None => tokio::select! {
                biased;
                part = self.body.data() => panic!("{}: {part:?}", self.name),
                () = std::future::ready(()) => {}
            },
        }
    }
}
