use std::sync::atomic::{AtomicUsize, Ordering};

use pingora::apps::{HttpServerOptions, ReusedHttpStream};
use pingora::http::ResponseHeader;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

mod http1;
mod http2;
mod proxied;
mod sockets;

/// A small application without an upstream; what it does is in the path.
#[derive(Default)]
struct Echo {
    options: HttpServerOptions,
    served: AtomicUsize,
}

#[async_trait]
impl HttpServerApp for Echo {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        _shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        session.read_request().await.ok().filter(|there| *there)?;
        self.served.fetch_add(1, Ordering::AcqRel);
        match session.req_header().uri.path() {
            "/switch" => return switch(session).await,
            // Waits for the client to leave, as the proxy does while the upstream is slow.
            "/wait" => {
                session.read_body_or_idle(true).await.err()?;
                self.served.fetch_add(100, Ordering::AcqRel);
                return None;
            }
            "/continue" => session.write_continue_response().await.ok()?,
            _ => {}
        }
        let mut body = Vec::new();
        let mut length = 0;
        while let Some(part) = session.read_request_body().await.ok()? {
            length += part.len();
            // Large bodies are counted and not kept, so that streaming shows.
            body.extend_from_slice(&part[..part.len().min(100 - body.len().min(100))]);
        }
        let header = session.req_header();
        let text = format!(
            "{} {} {length} {}",
            header.method,
            header.uri.path(),
            String::from_utf8_lossy(&body)
        );
        let refused = header.uri.path() == "/refused-switch";
        let mut answer = ResponseHeader::build(if refused { 403 } else { 200 }, None).ok()?;
        answer.insert_header("Content-Length", text.len()).ok()?;
        session.write_response_header(Box::new(answer)).await.ok()?;
        session.write_response_body(text.into(), true).await.ok()?;
        let settings = HttpPersistentSettings::for_session(&session);
        let stream = session.finish().await.ok()??;
        Some(ReusedHttpStream::from_reusable_stream(stream, settings))
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        Some(&self.options)
    }

    fn h2_options(&self) -> Option<H2Options> {
        Some(h2_options(&WireLimits::default()))
    }
}

/// Answers 101 and sends back in capitals what comes then.
async fn switch(mut session: ServerSession) -> Option<ReusedHttpStream> {
    let mut answer = ResponseHeader::build(101, None).ok()?;
    answer.insert_header("Connection", "Upgrade").ok()?;
    answer.insert_header("Upgrade", "websocket").ok()?;
    session.write_response_header(Box::new(answer)).await.ok()?;
    while let Some(part) = session.read_request_body().await.ok()? {
        session.write_response_body(part.to_ascii_uppercase().into(), false).await.ok()?;
    }
    None
}

/// A guarded [`Echo`] and the switch that shuts it down.
struct Server {
    app: Arc<GuardedApp<Echo>>,
    shutdown: watch::Sender<bool>,
}

impl Server {
    fn new(limits: WireLimits) -> Self {
        Self::with(limits, HttpServerOptions::default(), |_| false)
    }

    fn speaking_h2c() -> Self {
        let mut options = HttpServerOptions::default();
        options.h2c = true;
        Self::with(WireLimits::default(), options, |_| false)
    }

    fn with(
        limits: WireLimits,
        options: HttpServerOptions,
        exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        let echo = Arc::new(Echo { options, served: AtomicUsize::new(0) });
        let app = Arc::new(GuardedApp::new(echo, limits, exempt, || "ref-1".to_owned(), None));
        Self { app, shutdown: watch::Sender::new(false) }
    }

    fn served(&self) -> usize {
        self.app.inner.served.load(Ordering::Acquire)
    }

    fn serve(&self, stream: impl pingora::protocols::IO + 'static) -> JoinHandle<()> {
        let (app, shutdown) = (self.app.clone(), self.shutdown.subscribe());
        tokio::spawn(async move {
            assert!(app.process_new(Box::new(stream), &shutdown).await.is_none());
        })
    }

    /// The client's end of a new connection.
    fn connect(&self) -> DuplexStream {
        let (client, server) = tokio::io::duplex(64 * 1024);
        self.serve(server);
        client
    }

    /// Sends everything at once, ends the sending side, and reads all that comes back.
    async fn exchange(&self, wire: &str) -> String {
        let mut client = self.connect();
        client.write_all(wire.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answers = String::new();
        client.read_to_string(&mut answers).await.unwrap();
        answers
    }
}

/// The answer whose content ends with `end`; panics when the connection ends before it.
async fn read_until(client: &mut (impl AsyncReadExt + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let byte = client.read_u8().await;
        text.push(byte.unwrap_or_else(|_| panic!("ended at {:?}", String::from_utf8_lossy(&text))));
    }
    String::from_utf8(text).unwrap()
}
