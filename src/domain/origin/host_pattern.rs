//! Which hosts a rule may name.

use std::fmt;
use std::str::FromStr;

use super::{Host, HostError};

/// One host, or all hosts under one: `*.example.com` stands for one or more labels before
/// `example.com`, as in an [`OriginPattern`](super::OriginPattern).
///
/// ```
/// # use linkgate::domain::origin::{Host, HostPattern};
/// let pattern: HostPattern = "*.example.com".parse().unwrap();
/// assert!(pattern.matches(&Host::parse("a.b.example.com").unwrap()));
/// assert!(!pattern.matches(&Host::parse("example.com").unwrap()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    /// Of a wildcard, the host behind `*.`.
    host: Host,
    wildcard: bool,
}

/// Why a text is not a [`HostPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostPatternError {
    /// The part besides the wildcard.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A `*` that is not the whole first label, or that stands before an address.
    #[error("has a * at a place where none may be: only *.example.com is possible")]
    Wildcard,
    /// A whole origin.
    #[error("is an origin, not a host")]
    Origin,
    /// A port.
    #[error("has a port: a site has one port for all its hosts")]
    Port,
}

impl HostPattern {
    pub(super) fn new(host: Host, wildcard: bool) -> Self {
        Self { host, wildcard }
    }

    /// Whether the host is one of those meant.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        if self.wildcard { host.is_under(&self.host) } else { *host == self.host }
    }

    /// Whether every host that `other` means is meant by this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let is_same = self.host == other.host && self.wildcard == other.wildcard;
        is_same || (self.wildcard && other.host.is_under(&self.host))
    }

    /// Whether some host is meant by both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// A host that is meant.
    pub(in crate::domain) fn example(&self) -> String {
        format!("{}{}", if self.wildcard { "x." } else { "" }, self.host)
    }

    /// The host, if exactly one is meant.
    #[must_use]
    pub fn exact(&self) -> Option<&Host> {
        (!self.wildcard).then_some(&self.host)
    }

    /// The host, or of a wildcard the host that all of them are under.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        if text.contains("://") {
            return Err(HostPatternError::Origin);
        }
        let (wildcard, host) = match text.strip_prefix("*.") {
            Some(host) => (true, host),
            None => (false, text),
        };
        if host.contains('*') {
            return Err(HostPatternError::Wildcard);
        }
        if !host.starts_with('[') && host.contains(':') || host.contains("]:") {
            return Err(HostPatternError::Port);
        }
        let host = Host::parse(host)?;
        if wildcard && host.as_ip().is_some() {
            return Err(HostPatternError::Wildcard);
        }
        Ok(Self { host, wildcard })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", if self.wildcard { "*." } else { "" }, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_match_on_label_boundaries() {
        for (text, host, expected) in [
            ("a.example.com", "a.example.com", true),
            ("A.Example.com", "a.example.com", true),
            ("a.example.com", "b.a.example.com", false),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "badexample.com", false),
            ("*.com", "example.com", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("[::1]", "[::1]", true),
        ] {
            let host = Host::parse(host).unwrap();
            assert_eq!(pattern(text).matches(&host), expected, "{text} {host}");
        }
    }

    #[test]
    fn covering_and_meeting_are_known() {
        for (one, other, covers, meets) in [
            ("a.example.com", "a.example.com", true, true),
            ("a.example.com", "b.example.com", false, false),
            ("*.example.com", "a.example.com", true, true),
            ("a.example.com", "*.example.com", false, true),
            ("*.example.com", "*.a.example.com", true, true),
            ("*.a.example.com", "*.example.com", false, true),
            ("*.example.com", "*.example.com", true, true),
            ("*.example.com", "example.com", false, false),
            ("*.example.com", "*.example.org", false, false),
        ] {
            assert_eq!(pattern(one).covers(&pattern(other)), covers, "{one} {other}");
            assert_eq!(pattern(one).meets(&pattern(other)), meets, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        use HostPatternError as E;
        for (text, error) in [
            ("", E::Host(HostError::Empty)),
            ("*", E::Wildcard),
            ("a.*.example.com", E::Wildcard),
            ("*a.example.com", E::Wildcard),
            ("*.127.0.0.1", E::Wildcard),
            ("https://a.example.com", E::Origin),
            ("a.example.com:8080", E::Port),
            ("[::1]:80", E::Port),
            ("a.example.com.", E::Host(HostError::TrailingDot)),
            ("a.example.com/x", E::Host(HostError::Name)),
            ("bücher.example", E::Host(HostError::NotAscii)),
        ] {
            assert_eq!(text.parse::<HostPattern>(), Err(error), "{text}");
        }
    }
}
