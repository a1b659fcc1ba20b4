//! The applications behind the sites: where they are and how they are spoken to.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::HttpPeer;

use crate::domain::navigation::RequestKind;
use crate::domain::time::UnixMillis;

/// How long a looked-up address is used before it is looked up again.
const ADDRESS_AGE: Duration = Duration::from_secs(10);
/// How long a look-up may take.
const LOOK_UP: Duration = Duration::from_secs(2);
/// How long a connection to an application is kept for the next request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a server that refused a connection is passed over.
const REFUSAL: Duration = Duration::from_secs(5);
/// How long a stream may be silent: WebSockets, server-sent events and gRPC often are.
const STREAM_SILENCE: Duration = Duration::from_secs(3600);

/// What is spoken with an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
    /// HTTP over TLS with a verified certificate: HTTP/1.1, and HTTP/2 for gRPC.
    Https,
}

/// What silence of an application means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It owes an answer.
    Answer,
    /// It sends when it has something to say.
    Stream,
}

impl Patience {
    /// With a request of this kind. Events come when there are any.
    #[must_use]
    pub fn with(kind: RequestKind, headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT);
        let events = accept.is_some_and(|value| {
            memchr::memmem::find(value.as_bytes(), b"text/event-stream").is_some()
        });
        match kind {
            RequestKind::WebSocket | RequestKind::Grpc => Self::Stream,
            RequestKind::Navigation | RequestKind::Api if events => Self::Stream,
            RequestKind::Navigation | RequestKind::Api => Self::Answer,
        }
    }
}

/// One server of an application: a name that is looked up, or an address.
pub struct Server {
    host: String,
    port: u16,
    /// The host, if it is an address already.
    fixed: Option<IpAddr>,
    /// The last look-up.
    found: Mutex<Option<(SocketAddr, UnixMillis)>>,
    /// When it last refused a connection.
    refused_at: AtomicU64,
}

/// An application: one server, or several that take turns.
pub struct Upstream {
    servers: Vec<Server>,
    next: AtomicUsize,
    /// What is spoken.
    pub wire: Wire,
    /// The name its certificate must carry, if that is not the host.
    pub server_name: Option<String>,
    /// Certificate authorities in place of the system's.
    pub authorities: Option<Arc<CaType>>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long it may be silent.
    pub read_timeout: Duration,
    /// How long it may refuse to take what is sent.
    pub write_timeout: Duration,
}

/// An application cannot be reached: its name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's name has no address")]
pub struct NoAddress;

/// Which server of an application a request went to.
pub type ServerIndex = usize;

impl Upstream {
    /// An application with usual patience; the public fields are there to change it.
    #[must_use]
    pub fn new(servers: Vec<(String, u16)>, wire: Wire) -> Self {
        Self {
            servers: servers.into_iter().map(|(host, port)| Server::new(host, port)).collect(),
            next: AtomicUsize::new(0),
            wire,
            server_name: None,
            authorities: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
        }
    }

    /// How many servers there are.
    #[must_use]
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// The peer for one request, and which server it is. Servers take turns; one that has just
    /// refused a connection is passed over while another is left.
    ///
    /// # Errors
    /// [`NoAddress`] when a look-up fails and none has succeeded before.
    pub async fn peer(
        &self,
        kind: RequestKind,
        patience: Patience,
        now: UnixMillis,
    ) -> Result<(HttpPeer, ServerIndex), NoAddress> {
        let index = self.turn(now);
        let server = self.servers.get(index).ok_or(NoAddress)?;
        let address = server.address(now).await?;
        let is_tls = self.wire == Wire::Https;
        let name = match (&self.server_name, is_tls) {
            (_, false) => String::new(),
            (Some(name), true) => name.clone(),
            // Never empty with TLS: without a name Pingora would skip the verification.
            (None, true) => server.host.clone(),
        };
        let mut peer = HttpPeer::new(address, is_tls, name);
        let options = &mut peer.options;
        options.connection_timeout = Some(self.connect_timeout);
        options.total_connection_timeout = Some(self.connect_timeout * 2);
        options.idle_timeout = Some(IDLE);
        options.write_timeout = Some(self.write_timeout);
        options.read_timeout = Some(match patience {
            Patience::Stream => self.read_timeout.max(STREAM_SILENCE),
            Patience::Answer => self.read_timeout,
        });
        options.ca = self.authorities.clone();
        match self.wire {
            Wire::H2c => options.set_http_version(2, 2),
            Wire::Https if kind == RequestKind::Grpc => options.alpn = ALPN::H2,
            Wire::Http | Wire::Https => options.alpn = ALPN::H1,
        }
        Ok((peer, index))
    }

    /// Notes that a server refused a connection.
    pub fn refused(&self, index: ServerIndex, now: UnixMillis) {
        if let Some(server) = self.servers.get(index) {
            server.refused_at.store(now.0, Ordering::Relaxed);
        }
    }

    fn turn(&self, now: UnixMillis) -> ServerIndex {
        let count = self.servers.len().max(1);
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let turns = (0..count).map(|step| start.wrapping_add(step) % count);
        let is_up = |index: &usize| {
            self.servers.get(*index).is_some_and(|server| {
                let refused_at = UnixMillis(server.refused_at.load(Ordering::Relaxed));
                refused_at.0 == 0 || now.since(refused_at) >= REFUSAL
            })
        };
        turns.clone().find(is_up).unwrap_or(start % count)
    }
}

impl Server {
    fn new(host: String, port: u16) -> Self {
        let fixed = host.trim_matches(['[', ']']).parse().ok();
        Self { host, port, fixed, found: Mutex::new(None), refused_at: AtomicU64::new(0) }
    }

    async fn address(&self, now: UnixMillis) -> Result<SocketAddr, NoAddress> {
        if let Some(ip) = self.fixed {
            return Ok(SocketAddr::new(ip, self.port));
        }
        let known = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((address, at)) = known
            && now.since(at) < ADDRESS_AGE
        {
            return Ok(address);
        }
        let looked = tokio::net::lookup_host((self.host.as_str(), self.port));
        let found = match tokio::time::timeout(LOOK_UP, looked).await {
            // IPv4 first: `localhost` has both, and most applications listen on one of them.
            Ok(Ok(addresses)) => addresses.min_by_key(SocketAddr::is_ipv6),
            Ok(Err(_)) | Err(_) => None,
        };
        match found.or(known.map(|(address, _)| address)) {
            None => Err(NoAddress),
            Some(address) => {
                *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some((address, now));
                Ok(address)
            }
        }
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Upstream({:?}, {:?})", self.wire, self.servers)
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn upstream(wire: Wire) -> Upstream {
        let servers = vec![("127.0.0.1".into(), 1), ("127.0.0.2".into(), 2)];
        Upstream::new(servers, wire)
    }

    async fn port(upstream: &Upstream, now: UnixMillis) -> u16 {
        let peer = upstream.peer(RequestKind::Api, Patience::Answer, now).await.unwrap().0;
        peer._address.as_inet().unwrap().port()
    }

    #[tokio::test]
    async fn servers_take_turns_and_one_that_refuses_is_passed_over_for_a_while() {
        let upstream = upstream(Wire::Http);
        assert_eq!([port(&upstream, NOW).await, port(&upstream, NOW).await], [1, 2]);
        upstream.refused(0, NOW);
        assert_eq!([port(&upstream, NOW).await, port(&upstream, NOW).await], [2, 2]);
        let later = NOW.after(REFUSAL);
        assert_eq!([port(&upstream, later).await, port(&upstream, later).await], [1, 2]);
        upstream.refused(0, later);
        upstream.refused(1, later);
        assert_eq!(port(&upstream, later).await, 1, "all are down: in turn all the same");
    }

    #[tokio::test]
    async fn the_certificate_is_always_verified_against_a_name() {
        let (peer, _) =
            upstream(Wire::Https).peer(RequestKind::Api, Patience::Answer, NOW).await.unwrap();
        assert_eq!(peer.sni, "127.0.0.1");
        assert!(peer.options.verify_cert && peer.options.verify_hostname);
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_an_error() {
        let upstream = Upstream::new(vec![("no.such.host.invalid".into(), 1)], Wire::Http);
        let peer = upstream.peer(RequestKind::Api, Patience::Answer, NOW).await;
        assert_eq!(peer.err(), Some(NoAddress));
    }
}
