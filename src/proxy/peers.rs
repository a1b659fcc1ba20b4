//! The applications behind the sites: where they are and how they are spoken to.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

/// An application.
pub struct Upstream {
    /// Its host: a name that is looked up, or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
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
    /// The last look-up.
    found: Mutex<Option<(SocketAddr, UnixMillis)>>,
}

/// An application cannot be reached: its name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's name has no address")]
pub struct NoAddress;

impl Upstream {
    /// An application with usual patience; the public fields are there to change it.
    #[must_use]
    pub fn new(host: String, port: u16, wire: Wire) -> Self {
        Self {
            host,
            port,
            wire,
            server_name: None,
            authorities: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            found: Mutex::new(None),
        }
    }

    /// The peer for one request.
    ///
    /// # Errors
    /// [`NoAddress`] when a look-up fails and none has succeeded before.
    pub async fn peer(
        &self,
        kind: RequestKind,
        patience: Patience,
        now: UnixMillis,
    ) -> Result<HttpPeer, NoAddress> {
        let address = self.address(now).await?;
        let is_tls = self.wire == Wire::Https;
        // Never empty: without a name Pingora would skip the verification.
        let name = self.server_name.clone().unwrap_or_else(|| self.host.clone());
        let mut peer = HttpPeer::new(address, is_tls, name);
        let options = &mut peer.options;
        options.connection_timeout = Some(self.connect_timeout);
        options.total_connection_timeout = Some(self.connect_timeout * 2);
        options.idle_timeout = Some(IDLE);
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
        Ok(peer)
    }

    async fn address(&self, now: UnixMillis) -> Result<SocketAddr, NoAddress> {
        if let Ok(ip) = self.host.trim_matches(['[', ']']).parse::<IpAddr>() {
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
        write!(out, "Upstream({:?} {}:{})", self.wire, self.host, self.port)
    }
}
