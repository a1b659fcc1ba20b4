//! What a request head says, read once and strictly: from whom, for which site, for what.

use std::net::{IpAddr, Ipv4Addr};

use http::{HeaderMap, HeaderValue, Version, header};
use pingora::http::RequestHeader;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::proxy::Session;

use crate::domain::client::{ClientAddress, TrustedProxies};
use crate::domain::navigation::RequestKind;
use crate::domain::path::RequestTarget;
use crate::domain::site::Located;
use crate::domain::trace::TraceParent;
use crate::portal::denial::kind;
use crate::portal::{Desk, check};

/// Most fields of a request head.
pub const MOST_FIELDS: usize = 100;
/// Largest request head, in bytes of names and values.
pub const LARGEST_HEAD: usize = 32 * 1024;

/// The trace that a request belongs to, as its sender says; none where that is said twice.
pub(super) fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    let mut said = headers.get_all("traceparent").iter();
    let (Some(parent), None) = (said.next(), said.next()) else { return None };
    parent.to_str().ok()?.parse().ok()
}

/// A request that names one of our sites in one plain way.
#[derive(Debug)]
pub struct Arrival {
    /// The site, and its concrete origin.
    pub located: Located,
    /// Path and query.
    pub target: RequestTarget,
    /// Navigation, API, gRPC, WebSocket.
    pub kind: RequestKind,
}

/// Why a request is refused before anybody looks at who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwelcome {
    /// 400; the words are for the log.
    Damaged(&'static str),
    /// 405: TRACE, CONNECT, and what is no method.
    Method,
    /// 421: the host names no site.
    Misdirected,
    /// 431: too many or too large fields.
    HeadTooLarge,
}

impl Unwelcome {
    /// The status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Damaged(_) => 400,
            Self::Method => 405,
            Self::Misdirected => 421,
            Self::HeadTooLarge => 431,
        }
    }

    /// For the log.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Damaged(words) => words,
            Self::Method => "method",
            Self::Misdirected => "unknown host",
            Self::HeadTooLarge => "head too large",
        }
    }
}

/// A request head, whoever has read it.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query, byte for byte.
    pub path: &'a [u8],
    /// `:authority`.
    pub authority: Option<&'a str>,
    /// Whether it came by HTTP/2.
    pub is_http2: bool,
    /// Its fields.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a RequestHeader> for Head<'a> {
    fn from(head: &'a RequestHeader) -> Self {
        Self {
            method: head.method.as_str(),
            path: head.raw_path(),
            authority: head.uri.authority().map(http::uri::Authority::as_str),
            is_http2: head.version == Version::HTTP_2,
            headers: &head.headers,
        }
    }
}

/// The other end of a connection.
#[must_use]
pub fn peer(session: &Session) -> Option<IpAddr> {
    peer_of(session.client_addr())
}

/// The address of the other end, where it has one.
#[must_use]
pub fn peer_of(address: Option<&SocketAddr>) -> Option<IpAddr> {
    address.and_then(SocketAddr::as_inet).map(|address| address.ip())
}

/// Who is at the other end of the connection, and who is behind it.
#[must_use]
pub fn client(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    trusted: &TrustedProxies,
) -> (IpAddr, ClientAddress) {
    // A connection without an address belongs to nobody in particular: one common count.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
    if !trusted.contains(peer) {
        return (peer, ClientAddress::from(peer));
    }
    let fields: Vec<&[u8]> =
        headers.get_all("x-forwarded-for").iter().map(HeaderValue::as_bytes).collect();
    (peer, trusted.client(peer, &fields))
}

/// Reads a request head that came from `peer`.
///
/// The question of another proxy belongs to the site that it asks about, whatever its own `Host`.
///
/// # Errors
/// [`Unwelcome`] for everything that is not one request to one of our sites in one plain way.
pub fn read(head: Head<'_>, peer: IpAddr, desk: &Desk) -> Result<Arrival, Unwelcome> {
    if matches!(head.method, "TRACE" | "CONNECT") || !is_method(head.method) {
        return Err(Unwelcome::Method);
    }
    if head.is_http2 {
        check_size(head.headers)?;
    }
    let target =
        RequestTarget::parse(head.path).map_err(|_| Unwelcome::Damaged("request target"))?;
    let asked = || check::site_host(desk, peer, target.path(), head.headers);
    let located = desk.sites.find(authority(head)?);
    let located = located.or_else(|| desk.sites.find(asked()?)).ok_or(Unwelcome::Misdirected)?;
    let kind = kind(head.method, head.headers);
    Ok(Arrival { located, target, kind })
}

/// Upper-case letters only: every registered method is, and an application that ignores case must
/// not be asked in another one.
fn is_method(method: &str) -> bool {
    method.len() <= 32 && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// The host that was asked for: `:authority` (HTTP/2) or `Host`, and if both are there, they agree.
fn authority(head: Head<'_>) -> Result<&str, Unwelcome> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    if another.is_some() {
        return Err(Unwelcome::Damaged("more than one Host"));
    }
    let host = match host {
        Some(host) => Some(host.to_str().map_err(|_| Unwelcome::Damaged("Host"))?),
        None => None,
    };
    match (head.authority, host) {
        (Some(authority), Some(host)) if !authority.eq_ignore_ascii_case(host) => {
            Err(Unwelcome::Damaged("Host and :authority differ"))
        }
        (Some(authority), _) => Ok(authority),
        (None, Some(host)) => Ok(host),
        (None, None) => Err(Unwelcome::Damaged("no Host")),
    }
}

/// HTTP/1 heads were measured before they were parsed; an HTTP/2 head is measured as RFC 9113,
/// 6.5.2 does.
fn check_size(headers: &HeaderMap) -> Result<(), Unwelcome> {
    const OVERHEAD: usize = 32;
    let size: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD).sum();
    if headers.len() > MOST_FIELDS || size > LARGEST_HEAD + MOST_FIELDS * OVERHEAD {
        return Err(Unwelcome::HeadTooLarge);
    }
    Ok(())
}
