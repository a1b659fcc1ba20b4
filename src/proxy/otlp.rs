//! Traces on their way to a collector: OTLP over HTTP, in its binary form (OpenTelemetry Protocol 1.x).
//!
//! Once a second what is over goes there, in one request on a connection of its own. A collector that is
//! away or slow costs traces, which are counted, and never a request.

mod message;

use std::sync::Arc;
use std::time::Duration;

use pingora::connectors::TransportConnector;
use pingora::upstreams::peer::HttpPeer;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, timeout};

use super::leaving::Leaving;
use crate::metrics::Metrics;
use crate::traces::Finished;

/// How often traces leave.
const BEAT: Duration = Duration::from_secs(1);
/// Requests whose traces leave together at most.
const TOGETHER: usize = 512;
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take when the server is over already.
const LAST_PATIENCE: Duration = Duration::from_secs(1);
/// Largest head of its answer.
const LARGEST_HEAD: usize = 16 * 1024;

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    /// The host, as in a URL.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
    /// The path, as in `/v1/traces`.
    pub path: String,
    /// What this program is called there.
    pub service: String,
}

/// Why traces did not arrive.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("no address is known")]
    Address,
    #[error("no connection: {0}")]
    Connect(#[from] Box<pingora::Error>),
    #[error("the connection broke: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the answer is no HTTP")]
    Answer,
    #[error("the answer is {0}")]
    Status(u16),
    #[error("no answer in time")]
    Late,
}

/// Sends what is over until the server is, for as long as there is a [`Tracer`](crate::traces::Tracer).
pub async fn export(
    mut over: mpsc::Receiver<Box<Finished>>,
    collector: Collector,
    leaving: Arc<Leaving>,
    metrics: Arc<Metrics>,
) {
    let connector = TransportConnector::new(None);
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut fails = false;
    loop {
        let is_last = tokio::select! {
            _ = beat.tick() => false,
            _ = leaving.over() => true,
        };
        let patience = if is_last { LAST_PATIENCE } else { PATIENCE };
        loop {
            let mut batch = Vec::new();
            while batch.len() < TOGETHER
                && let Ok(finished) = over.try_recv()
            {
                batch.push(finished);
            }
            if batch.is_empty() {
                break;
            }
            let body = message::request(&collector.service, &batch).encode_to_vec();
            let sent = timeout(patience, send(&connector, &collector, &body)).await;
            let sent = sent.unwrap_or(Err(SendError::Late));
            metrics.traces(if sent.is_ok() { "sent" } else { "failed" }, batch.len());
            match &sent {
                Err(error) if !fails => tracing::warn!(%error, "traces do not leave"),
                Ok(()) if fails => tracing::info!("traces leave again"),
                Ok(()) | Err(_) => {}
            }
            fails = sent.is_err();
            if fails {
                // What waits may have better luck at the next beat.
                break;
            }
        }
        if is_last {
            return;
        }
    }
}

async fn send(
    connector: &TransportConnector,
    collector: &Collector,
    body: &[u8],
) -> Result<(), SendError> {
    let Collector { host, port, tls, path, .. } = collector;
    let name = host.trim_matches(['[', ']']);
    let found = tokio::net::lookup_host((name, *port)).await;
    let mut found = found.map_err(|_| SendError::Address)?;
    let address = found.next().ok_or(SendError::Address)?;
    let peer = HttpPeer::new(address, *tls, name.to_owned());
    let mut stream = connector.new_stream(&peer).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: linkgate/{}\r\n\
         Content-Type: application/x-protobuf\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        env!("CARGO_PKG_VERSION"),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    loop {
        if let Some(status) = status(&read)? {
            let is_taken = (200..300).contains(&status);
            return if is_taken { Ok(()) } else { Err(SendError::Status(status)) };
        }
        if read.len() >= LARGEST_HEAD || stream.read_buf(&mut read).await? == 0 {
            return Err(SendError::Answer);
        }
    }
}

/// The status of an answer whose head is complete.
fn status(read: &[u8]) -> Result<Option<u16>, SendError> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut fields);
    match answer.parse(read) {
        Ok(httparse::Status::Complete(_)) => answer.code.map(Some).ok_or(SendError::Answer),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(SendError::Answer),
    }
}
