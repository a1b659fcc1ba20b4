//! Hosts and web origins: what a request claims to be for, and what a site is.
//!
//! A host is compared as text in one form only (lower case, ASCII, no trailing dot), so no two
//! spellings of it can reach two different decisions.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

mod host_pattern;
mod pattern;

pub use host_pattern::{HostPattern, HostPatternError};
pub use pattern::{OriginPattern, OriginPatternError};

/// How a browser talks to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The scheme as it stands before `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a browser takes when none is given.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// Cuts `http://` or `https://`, in any case, from the front of a text.
    pub(super) fn cut(text: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        [Self::Http, Self::Https]
            .into_iter()
            .find(|known| scheme.eq_ignore_ascii_case(known.as_str()))
            .map(|known| (known, rest))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A host: a DNS name or an IP address, in the one form that is stored and compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Box<str>);

/// Why a text is not a [`Host`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// There is none.
    #[error("has no host name")]
    Empty,
    /// Letters outside ASCII: browsers send the ASCII form, so ours must be it too.
    #[error("has letters outside ASCII: write the host in its ASCII form (xn--...)")]
    NotAscii,
    /// `example.com.`: the same machine under another name, and so another set of cookies.
    #[error("has a dot at the end of the host: leave it out")]
    TrailingDot,
    /// Neither a name of letters, digits, hyphens and dots nor an IP address.
    #[error("has no valid host name (letters, digits, hyphens and dots) or IP address")]
    Name,
}

impl Host {
    /// Reads a host name, an IPv4 address in four decimal parts, or an IPv6 address in brackets.
    ///
    /// # Errors
    /// [`HostError`]; spellings that a browser would rewrite (`0x7f.1`, full-width letters, zone
    /// identifiers) are errors.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if !text.is_ascii() {
            return Err(HostError::NotAscii);
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let address: Ipv6Addr = inner.parse().map_err(|_| HostError::Name)?;
            return Ok(Self(format!("[{address}]").into()));
        }
        if text.len() > 1 && text.ends_with('.') {
            return Err(HostError::TrailingDot);
        }
        let lower = text.to_ascii_lowercase();
        if is_dns_name(&lower) || lower.parse::<Ipv4Addr>().is_ok() {
            return Ok(Self(lower.into()));
        }
        Err(HostError::Name)
    }

    /// The host as it stands in a URL: lower case, an IPv6 address in brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, if the host is one and not a name.
    #[must_use]
    pub fn as_ip(&self) -> Option<IpAddr> {
        self.0.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Whether this lies under `parent` (one or more labels before it); never true for addresses.
    #[must_use]
    pub fn is_under(&self, parent: &Self) -> bool {
        self.as_ip().is_none()
            && self.0.strip_suffix(parent.as_str()).is_some_and(|front| front.ends_with('.'))
    }

    /// Whether only this machine can be meant: `localhost`, `*.localhost` (RFC 6761 6.3), 127/8
    /// and `::1`. Browsers treat these as trustworthy without TLS.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.as_ip() {
            Some(address) => address.is_loopback(),
            None => &*self.0 == "localhost" || self.0.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What a `Host` field or `:authority` says: a host and perhaps a port.
///
/// Pingora forwards `Host: a, b`, `Host: a/public/`, `Host: a b`, an empty one and bad ports as
/// they are; whoever routes by this type refuses them all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, if one was given.
    pub port: Option<u16>,
}

/// Why a text is not an [`Authority`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The host is none.
    #[error(transparent)]
    Host(#[from] HostError),
    /// `name:password@host`.
    #[error("has a user name before the host: leave it out")]
    UserInfo,
    /// The port is none.
    #[error("has no valid port (1 to 65535)")]
    Port,
}

impl Authority {
    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    /// [`AuthorityError`] for everything else: lists, user info, paths, blanks, an empty port,
    /// port 0, two ports.
    pub fn parse(text: &str) -> Result<Self, AuthorityError> {
        if text.contains('@') {
            return Err(AuthorityError::UserInfo);
        }
        let end_of_literal = text.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match text[end_of_literal..].find(':') {
            Some(at) => {
                let at = end_of_literal + at;
                (&text[..at], Some(parse_port(&text[at + 1..]).ok_or(AuthorityError::Port)?))
            }
            None => (text, None),
        };
        Ok(Self { host: Host::parse(host)?, port })
    }
}

/// Digits only, and no zero in front: `u16::from_str` alone would take `+443` and `0443`.
fn parse_port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for Authority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(out, "{}:{port}", self.host),
            None => write!(out, "{}", self.host),
        }
    }
}

/// A web origin (RFC 6454): scheme, host and port, with the default port left out.
///
/// ```
/// # use linkgate::domain::origin::Origin;
/// let origin: Origin = "HTTPS://Wiki.Example.com:443".parse().unwrap();
/// assert_eq!(origin.to_string(), "https://wiki.example.com");
/// assert_eq!(origin.effective_port(), 443);
/// assert!("https://wiki.example.com/start".parse::<Origin>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: Option<u16>,
}

/// Why a text is not an [`Origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// Neither `http://` nor `https://` in front.
    #[error("must begin with https:// or http://")]
    Scheme,
    /// Something behind host and port.
    #[error("must end after the host and port: no path, query or fragment")]
    Rest,
    /// The host or the port.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl Origin {
    /// The origin of these parts.
    #[must_use]
    pub fn new(scheme: Scheme, host: Host, port: Option<u16>) -> Self {
        Self { scheme, host, port: port.filter(|port| *port != scheme.default_port()) }
    }

    /// Reads `https://host` or `https://host:port`; one `/` at the end is overlooked.
    ///
    /// # Errors
    /// [`OriginError`] for everything else, a path or user info above all.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = Scheme::cut(text).ok_or(OriginError::Scheme)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(OriginError::Rest);
        }
        let Authority { host, port } = Authority::parse(rest)?;
        Ok(Self::new(scheme, host, port))
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port that a browser connects to.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        self.port.unwrap_or(self.scheme.default_port())
    }

    /// What the browser sends as `Host`.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority { host: self.host.clone(), port: self.port }
    }

    /// See [`Host::is_loopback`].
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host.is_loopback()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        Self::parse(&text)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

/// Whether this is a host name in the form that we store: lower-case letters, digits and hyphens
/// (RFC 1123), labels of 1 to 63 bytes, at most 253 in all, no trailing dot, valid punycode, and
/// nothing that a browser would read as an IPv4 address (a last label that is a number, WHATWG URL
/// 3.5).
pub(super) fn is_dns_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|label| !is_number(label))
        && (!text.contains("xn--") || is_mapped(text))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Refuses `xn--` labels that stand for something else or for nothing (CVE-2024-12224).
fn is_mapped(name: &str) -> bool {
    let mapped = Uts46::new().to_ascii(
        name.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    mapped.is_ok_and(|mapped| mapped == name)
}

#[cfg(test)]
mod tests;
