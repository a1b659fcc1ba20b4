//! The applications behind the sites: where they are and how they are spoken to.

mod authorities;
mod balance;
mod health;
mod lines;
mod sockets;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, header};
use pingora::protocols::ALPN;
use pingora::upstreams::peer::HttpPeer;

pub use authorities::Authorities;
pub use balance::Balance;
use balance::{Balanced, fixed};
pub use health::Health;
pub use lines::Line;
use lines::Lines;
use sockets::Sockets;

use crate::domain::navigation::RequestKind;
use crate::domain::time::UnixMillis;

/// How long a connection to an application is kept for the next request.
const IDLE: Duration = Duration::from_secs(60);
/// How long a server that refused a connection is passed over.
const REFUSAL: Duration = Duration::from_secs(5);
/// Sets the connections for WebSockets apart from the others.
const SOCKETS: u64 = 0x736f_636b_6574_7321;
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
    /// What a request deserves.
    #[must_use]
    pub fn of(kind: RequestKind, headers: &HeaderMap) -> Self {
        let events = headers.get(header::ACCEPT).is_some_and(|value| {
            memchr::memmem::find(value.as_bytes(), b"text/event-stream").is_some()
        });
        match kind {
            RequestKind::WebSocket | RequestKind::Grpc => Self::Stream,
            RequestKind::Navigation | RequestKind::Api if events => Self::Stream,
            RequestKind::Navigation | RequestKind::Api => Self::Answer,
        }
    }
}

/// An application: one server, or several.
pub struct Upstream {
    servers: Servers,
    /// Servers that have refused a connection, and when.
    refusals: Mutex<HashMap<SocketAddr, UnixMillis>>,
    lines: Lines,
    /// What is spoken.
    pub wire: Wire,
    /// The name its certificate must carry, if that is not the host.
    pub server_name: Option<String>,
    /// Certificate authorities in place of the system's.
    pub authorities: Option<Authorities>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long it may be silent.
    pub read_timeout: Duration,
    /// How long it may refuse to take what is sent.
    pub write_timeout: Duration,
}

/// Where an application is.
enum Servers {
    /// One address: nothing to look up and nothing to choose.
    One { address: SocketAddr, host: Arc<str> },
    /// Names, or several.
    Many(Box<Balanced>),
}

/// The server that was chosen for a request.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    /// Its name, or its address as text.
    pub host: Arc<str>,
}

/// An application cannot be reached: its name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's name has no address")]
pub struct NoAddress;

/// One request, as far as it matters who serves it.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    /// The kind of request.
    pub kind: RequestKind,
    /// What silence means.
    pub patience: Patience,
    /// Who asks.
    pub client: IpAddr,
    /// Now.
    pub now: UnixMillis,
}

impl Upstream {
    /// An application with usual patience; the public fields are there to change it.
    #[must_use]
    pub fn new(
        servers: Vec<(String, u16)>,
        wire: Wire,
        balance: Balance,
        health: Option<Health>,
    ) -> Self {
        let mut servers: Vec<(Arc<str>, u16)> =
            servers.into_iter().map(|(host, port)| (host.into(), port)).collect();
        let only = match (servers.as_slice(), &health) {
            ([(host, port)], None) => fixed(host).map(|ip| SocketAddr::new(ip, *port)),
            _ => None,
        };
        let servers = match (only, servers.pop()) {
            (Some(address), Some((host, _))) => Servers::One { address, host },
            (_, last) => {
                servers.extend(last);
                Servers::Many(Box::new(Balanced::new(servers, balance, health)))
            }
        };
        Self {
            servers,
            refusals: Mutex::default(),
            lines: Lines::default(),
            wire,
            server_name: None,
            authorities: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
        }
    }

    /// How many servers are known.
    #[must_use]
    pub fn servers(&self) -> usize {
        match &self.servers {
            Servers::One { .. } => 1,
            Servers::Many(balanced) => balanced.servers(),
        }
    }

    /// The peer for one request, and the address of the server that it is.
    ///
    /// # Errors
    /// [`NoAddress`] when a look-up fails and none has succeeded before.
    pub async fn peer(&self, errand: Errand) -> Result<(HttpPeer, SocketAddr), NoAddress> {
        let server = self.choose(errand).await?;
        let address = server.address;
        Ok((self.peer_at(server, errand), address))
    }

    /// The server for one request.
    ///
    /// # Errors
    /// [`NoAddress`] when a look-up fails and none has succeeded before.
    pub async fn choose(&self, errand: Errand) -> Result<Server, NoAddress> {
        let (address, host) = match &self.servers {
            Servers::One { address, host } => (*address, Arc::clone(host)),
            Servers::Many(balanced) => {
                let is_refusing = |address: &SocketAddr| self.is_refusing(address, errand.now);
                balanced.choose(errand.client, is_refusing).await.ok_or(NoAddress)?
            }
        };
        Ok(Server { address, host })
    }

    /// How the server is spoken to for one request.
    #[must_use]
    pub fn peer_at(&self, server: Server, errand: Errand) -> HttpPeer {
        let Server { address, host } = server;
        let is_tls = self.wire == Wire::Https;
        let name = match (&self.server_name, is_tls) {
            (_, false) => String::new(),
            (Some(name), true) => name.clone(),
            // Never empty with TLS: without a name Pingora would skip the verification.
            (None, true) => host.to_string(),
        };
        let mut peer = HttpPeer::new(address, is_tls, name);
        let options = &mut peer.options;
        options.connection_timeout = Some(self.connect_timeout);
        options.total_connection_timeout = Some(self.connect_timeout * 2);
        options.idle_timeout = Some(IDLE);
        options.write_timeout = Some(self.write_timeout);
        options.read_timeout = Some(self.silence(errand.patience));
        options.ca = self.authorities.as_ref().map(Authorities::certificates);
        match self.wire {
            Wire::H2c => options.set_http_version(2, 2),
            Wire::Https if errand.kind == RequestKind::Grpc => options.alpn = ALPN::H2,
            Wire::Http | Wire::Https => options.alpn = ALPN::H1,
        }
        peer.group_key = self.authorities.as_ref().map_or(0, Authorities::group);
        if errand.kind == RequestKind::WebSocket {
            let connect_timeout = self.connect_timeout;
            peer.options.custom_l4 = Some(Arc::new(Sockets { connect_timeout }));
            // Neither one that was open before nor one for whoever comes later.
            peer.options.idle_timeout = Some(Duration::ZERO);
            peer.group_key ^= SOCKETS;
        }
        peer
    }

    /// How long the application may be silent.
    #[must_use]
    pub fn silence(&self, patience: Patience) -> Duration {
        match patience {
            Patience::Stream => self.read_timeout.max(STREAM_SILENCE),
            Patience::Answer => self.read_timeout,
        }
    }

    /// An idle connection to a server, for the shorter way.
    #[must_use]
    pub fn line(&self, address: SocketAddr) -> Option<Line> {
        self.lines.take(address)
    }

    /// Keeps a connection to a server for the next request on the shorter way.
    pub fn keep(&self, address: SocketAddr, line: Line) {
        self.lines.keep(address, line);
    }

    /// Notes that a server refused a connection.
    pub fn refused(&self, server: SocketAddr, now: UnixMillis) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.retain(|_, at| now.apart(*at) < REFUSAL);
        refusals.insert(server, now);
    }

    fn is_refusing(&self, server: &SocketAddr, now: UnixMillis) -> bool {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.get(server).is_some_and(|at| now.apart(*at) < REFUSAL)
    }

    /// Looks names up and asks servers how they are, for as long as there is anything to do.
    pub async fn care(&self) {
        match &self.servers {
            Servers::One { .. } => self.lines.care().await,
            Servers::Many(balanced) => {
                tokio::join!(balanced.care(), self.lines.care());
            }
        }
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Upstream({:?}, {} servers)", self.wire, self.servers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn servers() -> Vec<(String, u16)> {
        vec![("127.0.0.1".into(), 1), ("127.0.0.2".into(), 2), ("127.0.0.3".into(), 3)]
    }

    fn errand(client: u8, now: UnixMillis) -> Errand {
        let client = IpAddr::from([203, 0, 113, client]);
        Errand { kind: RequestKind::Api, patience: Patience::Answer, client, now }
    }

    async fn ports(upstream: &Upstream, now: UnixMillis) -> [u16; 3] {
        let mut ports = [0; 3];
        for port in &mut ports {
            *port = upstream.peer(errand(1, now)).await.unwrap().1.port();
        }
        ports.sort_unstable();
        ports
    }

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], last.into()))
    }

    #[tokio::test]
    async fn servers_take_turns_and_one_that_refuses_is_passed_over_for_a_while() {
        let upstream = Upstream::new(servers(), Wire::Http, Balance::Turns, None);
        assert_eq!(ports(&upstream, NOW).await, [1, 2, 3]);
        upstream.refused(address(1), NOW);
        let ports_now = ports(&upstream, NOW).await;
        assert!(!ports_now.contains(&1), "{ports_now:?}");
        let later = NOW.after(REFUSAL);
        assert_eq!(ports(&upstream, later).await, [1, 2, 3]);
        // A clock that was set back is no reason to pass over it until the clock has caught up.
        upstream.refused(address(1), later);
        let earlier = later.before(REFUSAL);
        assert_eq!(ports(&upstream, earlier).await, [1, 2, 3]);
        upstream.refused(address(2), earlier);
        assert_eq!(upstream.refusals.lock().unwrap().len(), 1, "and it is forgotten");
        for last in 1..=3 {
            upstream.refused(address(last), later);
        }
        assert_eq!(ports(&upstream, later).await, [1, 2, 3], "all are down: in turn all the same");
    }

    #[tokio::test]
    async fn a_client_stays_with_its_server() {
        let upstream = Upstream::new(servers(), Wire::Http, Balance::Client, None);
        let mut used = std::collections::BTreeSet::new();
        for client in 0..50 {
            let first = upstream.peer(errand(client, NOW)).await.unwrap().1;
            for _ in 0..3 {
                assert_eq!(upstream.peer(errand(client, NOW)).await.unwrap().1, first);
            }
            used.insert(first);
        }
        assert_eq!(used.len(), 3, "each server has clients");
        let first = upstream.peer(errand(7, NOW)).await.unwrap().1;
        upstream.refused(first, NOW);
        assert_ne!(upstream.peer(errand(7, NOW)).await.unwrap().1, first);
        assert_eq!(upstream.peer(errand(7, NOW.after(REFUSAL))).await.unwrap().1, first);
    }

    #[tokio::test]
    async fn the_certificate_is_always_verified_against_a_name() {
        for count in [1, 3] {
            let servers = servers().into_iter().take(count).collect();
            let upstream = Upstream::new(servers, Wire::Https, Balance::Turns, None);
            let (peer, address) = upstream.peer(errand(1, NOW)).await.unwrap();
            assert_eq!(peer.sni, address.ip().to_string());
            assert!(peer.options.verify_cert && peer.options.verify_hostname);
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_an_error() {
        let servers = vec![("no.such.host.invalid".into(), 1)];
        let upstream = Upstream::new(servers, Wire::Http, Balance::Turns, None);
        assert_eq!(upstream.peer(errand(1, NOW)).await.err(), Some(NoAddress));
    }
}
