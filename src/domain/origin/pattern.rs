//! Which origins a site, or a return URL, may have.

use std::fmt;
use std::str::FromStr;

use super::{Authority, Host, HostPattern, Origin, OriginError, Scheme};

/// One origin, or all origins under a host: `https://*.example.com` stands for one or more labels
/// before `example.com`, not for `example.com` itself (as a CSP host-source does, CSP 3 6.7.2.8).
///
/// ```
/// # use linkgate::domain::origin::{Origin, OriginPattern};
/// let pattern: OriginPattern = "https://*.example.com".parse().unwrap();
/// let origin = |text: &str| text.parse::<Origin>().unwrap();
/// assert!(pattern.matches(&origin("https://a.b.example.com")));
/// assert!(!pattern.matches(&origin("https://example.com")));
/// assert!(!pattern.matches(&origin("https://evilexample.com")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginPattern {
    /// Of a wildcard, the origin behind `*.`.
    origin: Origin,
    wildcard: bool,
}

/// Why a text is not an [`OriginPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginPatternError {
    /// The part besides the wildcard.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// A `*` that is not the whole first label.
    #[error("has a * at a place where none may be: only https://*.example.com is possible")]
    Wildcard,
}

impl OriginPattern {
    /// The origin, if the pattern is exactly one.
    #[must_use]
    pub fn exact(&self) -> Option<&Origin> {
        (!self.wildcard).then_some(&self.origin)
    }

    /// The scheme of all its origins.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// The host, or of a wildcard the host that all of them are under.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.origin.host
    }

    /// The hosts of its origins.
    #[must_use]
    pub fn hosts(&self) -> HostPattern {
        HostPattern::new(self.origin.host.clone(), self.wildcard)
    }

    /// The port of all its origins.
    #[must_use]
    pub fn effective_port(&self) -> u16 {
        self.origin.effective_port()
    }

    /// Whether all its origins are on this machine, see [`Host::is_loopback`].
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.origin.is_loopback()
    }

    /// Whether the origin is one of those meant.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        self.origin.scheme == origin.scheme
            && self.origin.port == origin.port
            && self.matches_host(&origin.host)
    }

    /// The origin that a request with this `Host` is for, if it is one of those meant. The default
    /// port may be given or left out; the scheme is the pattern's, because a proxy before us may
    /// have ended TLS.
    #[must_use]
    pub fn for_authority(&self, authority: &Authority) -> Option<Origin> {
        let port = authority.port.unwrap_or(self.scheme().default_port());
        (port == self.effective_port() && self.matches_host(&authority.host))
            .then(|| Origin::new(self.scheme(), authority.host.clone(), Some(port)))
    }

    /// The pattern as a host-source for a `Content-Security-Policy`, whose wildcards mean the same.
    #[must_use]
    pub fn csp_source(&self) -> String {
        self.to_string()
    }

    fn matches_host(&self, host: &Host) -> bool {
        if self.wildcard { host.is_under(&self.origin.host) } else { *host == self.origin.host }
    }
}

impl From<Origin> for OriginPattern {
    fn from(origin: Origin) -> Self {
        Self { origin, wildcard: false }
    }
}

impl FromStr for OriginPattern {
    type Err = OriginPatternError;

    fn from_str(text: &str) -> Result<Self, OriginPatternError> {
        let (scheme, rest) = Scheme::cut(text).ok_or(OriginError::Scheme)?;
        let (wildcard, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.contains('*') {
            return Err(OriginPatternError::Wildcard);
        }
        let origin = Origin::parse(&format!("{scheme}://{rest}"))?;
        if wildcard && origin.host.as_ip().is_some() {
            return Err(OriginPatternError::Wildcard);
        }
        Ok(Self { origin, wildcard })
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.wildcard {
            return write!(out, "{}", self.origin);
        }
        write!(out, "{}://*.{}", self.origin.scheme, self.origin.authority())
    }
}
