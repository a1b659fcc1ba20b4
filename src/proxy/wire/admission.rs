//! Who is let in: connections are counted from their first moment, before TLS is agreed on.
//!
//! Pingora gives a handshake a minute, and calls the application after it. A connection that is held in
//! its handshake would cost a descriptor and be counted by nobody, so its place under the caps is taken
//! before, and goes along with the stream.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::listeners::{ConnectionFilter, PreTlsProcess};
use pingora::protocols::l4::stream::Stream as Connection;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::{GetProxyDigest, GetSocketDigest, Stream};
use pingora::{Error, ErrorType, Result};

use super::connection::{CapFault, ConnectionCaps, ConnectionSlot};
use super::fault::WireFault;
use crate::metrics::Metrics;
use crate::proxy::leaving::{Leaving, Open, Pending};

/// Judges connections before anything is read from them.
pub struct Admission {
    pub(super) caps: Arc<ConnectionCaps>,
    pub(super) exempt: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    pub(super) reference: Box<dyn Fn() -> String + Send + Sync>,
    pub(super) leaving: Option<Arc<Leaving>>,
    pub(super) metrics: OnceLock<Arc<Metrics>>,
}

/// What a connection holds until it ends.
pub(super) struct Place {
    _slot: ConnectionSlot,
    _open: Option<Open>,
    pending: Mutex<Option<Pending>>,
}

impl Place {
    /// TLS is agreed on: who serves the connection counts from now on what may come of it.
    pub(super) fn served(&self) -> Option<Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Admission {
    /// How many connections are open now.
    pub fn open(&self) -> u32 {
        self.caps.open()
    }

    /// Counts refusals there from now on.
    pub fn count_in(&self, metrics: Arc<Metrics>) {
        // Whoever came first is counted in already.
        let _ = self.metrics.set(metrics);
    }

    /// Takes a place for a connection.
    pub(super) fn admit(&self, peer: Option<IpAddr>) -> std::result::Result<Place, CapFault> {
        let slot = self.caps.admit(peer.filter(|ip| !(self.exempt)(*ip)))?;
        let leaving = self.leaving.as_ref();
        let pending = Mutex::new(leaving.map(Leaving::pending));
        Ok(Place { _slot: slot, _open: leaving.map(Leaving::open), pending })
    }

    /// What the connection may need is counted.
    pub(super) fn has_arrived(&self, peer: Option<SocketAddr>) {
        if let Some(leaving) = &self.leaving {
            leaving.has_arrived(peer);
        }
    }

    /// Logs a refusal; returns what the client is told to quote.
    pub(super) fn log(&self, fault: WireFault, peer: Option<IpAddr>) -> String {
        if let Some(metrics) = self.metrics.get() {
            metrics.refused_on_the_wire(fault.status());
        }
        let reference = (self.reference)();
        let peer = peer.map(tracing::field::display);
        tracing::info!(%reference, peer, status = fault.status(), %fault, "refused on the wire");
        reference
    }
}

/// Counts connections that are taken from their queue. Refuses none: who is refused is told so.
#[async_trait]
impl ConnectionFilter for Admission {
    async fn should_accept(&self, peer: Option<&SocketAddr>) -> bool {
        if let Some(leaving) = &self.leaving {
            leaving.arrives(peer.copied());
        }
        true
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Admission").field("open", &self.caps.open()).finish_non_exhaustive()
    }
}

#[async_trait]
impl PreTlsProcess for Admission {
    async fn process(&self, connection: &mut Connection) -> Result<()> {
        let peer = peer_ip(connection);
        let place = self.admit(peer);
        self.has_arrived(peer_address(connection));
        match place {
            Ok(place) => {
                // Nobody has proxied: this is what of Pingora's streams can carry something along.
                let response = Box::new(ResponseHeader::build(200, Some(0))?);
                connection.set_proxy_digest(ProxyDigest::new(response, Some(Box::new(place))));
                Ok(())
            }
            Err(full) => {
                self.log(full.into(), peer);
                Error::e_explain(ErrorType::AcceptError, "refused on the wire")
            }
        }
    }
}

/// The place that came along with a stream.
pub(super) fn carried_by(stream: &Stream) -> Option<Arc<ProxyDigest>> {
    stream.get_proxy_digest().filter(|digest| place_in(digest).is_some())
}

pub(super) fn place_in(digest: &ProxyDigest) -> Option<&Place> {
    digest.user_data.as_ref()?.downcast_ref()
}

pub(super) fn peer_ip(stream: &(impl GetSocketDigest + ?Sized)) -> Option<IpAddr> {
    peer_address(stream).map(|address| address.ip().to_canonical())
}

/// As the listener has it.
pub(super) fn peer_address(stream: &(impl GetSocketDigest + ?Sized)) -> Option<SocketAddr> {
    stream.get_socket_digest()?.peer_addr()?.as_inet().copied()
}
