//! Request targets, and every way in which an application may read their path.
//!
//! A rule is written for `/admin`; the request says `/%61dmin`, `//admin`, `/ADMIN` or
//! `/x;/../admin`, and which of these *is* `/admin` depends on the application behind us. Proxies
//! that decide on one reading while the application takes another are the commonest hole of their
//! kind (CVE-2026-33808, CVE-2026-2880, GHSA-3q34-rx83-r6mq, CVE-2026-40912, CVE-2023-33189). So
//! the path is never rewritten and never guessed at:
//!
//! 1. What no honest client sends is refused: [`TargetError`].
//! 2. What may be honest but can be read in more than one way has several [`Reading`]s. The policy
//!    decides for each and the strictest decision counts.
//! 3. The bytes forwarded are the bytes received: [`RequestTarget::as_str`].
//!
//! An ordinary path has one reading, itself, and costs one look at each byte.
//!
//! What is not covered: an application that decodes four times, that knows `%uXXXX` inside a double
//! encoding, that ignores dots or blanks at the end of a name, or that treats `/x` and `/x/` alike.

mod pattern;
mod readings;

use std::fmt;

pub use pattern::{Case, PathPattern, PatternError};
use readings::StoredReading;
pub use readings::{MOST_DECODINGS, MOST_READINGS, Steps};

/// Longest path, in bytes, the query not counted. What other proxies take for a whole request line.
pub const LONGEST_PATH: usize = 8 * 1024;
/// Longest path and query together, in bytes: the cap of a whole request head.
pub const LONGEST_TARGET: usize = 32 * 1024;

/// Why a request target is refused with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not in origin form (RFC 9112 3.2.1): it does not start with `/`.
    #[error("the request target does not start with `/`")]
    NotOriginForm,
    /// A path over [`LONGEST_PATH`] or a target over [`LONGEST_TARGET`].
    #[error("the request target is too long")]
    TooLong,
    /// A raw backslash in the path: many servers and all browsers read it as `/`.
    #[error("the path has a backslash")]
    Backslash,
    /// A raw control character, a blank, or a byte outside ASCII (RFC 3986 2).
    #[error("the request target has a character that must be encoded")]
    RawByte,
    /// A raw `#`: a fragment is never sent (GHSA-pxq7-h93f-9jrg).
    #[error("the request target has a fragment")]
    Fragment,
    /// A `%` in the path without two hexadecimal digits.
    #[error("the path has a `%` without two hexadecimal digits")]
    BadPercent,
    /// A control character or NUL, encoded up to three times.
    #[error("the path has an encoded control character")]
    EncodedControl,
    /// A segment `.` or `..`, in any reading.
    #[error("the path has a `.` or `..` segment")]
    DotSegment,
    /// An ASCII character in more UTF-8 bytes than it needs, like `%c0%ae` for a dot (RFC 3629 3).
    #[error("the path has an overlong UTF-8 sequence")]
    Overlong,
    /// More than [`MOST_READINGS`] readings: no honest path has so many.
    #[error("the path can be read in too many ways")]
    Ambiguous,
}

/// A request target in origin form that may be decided about: a path and perhaps a query.
///
/// ```
/// # use linkgate::domain::path::{RequestTarget, TargetError};
/// let target = RequestTarget::parse(b"/reports/42?tab=x").unwrap();
/// assert_eq!(target.path(), "/reports/42");
/// assert_eq!(target.query(), Some("tab=x"));
/// assert_eq!(RequestTarget::parse(b"/public/%2e%2e/admin"), Err(TargetError::DotSegment));
/// assert_eq!(RequestTarget::parse(b"//admin").unwrap().readings().count(), 2);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RequestTarget {
    raw: Box<str>,
    path_end: usize,
    has_upper_case: bool,
    /// Empty for an ordinary path, whose one reading is the path itself.
    readings: Box<[StoredReading]>,
}

/// One way in which an application may read a path. Always starts with `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// The path as this application would see it.
    pub bytes: &'a [u8],
    /// What it did to see it so.
    pub steps: Steps,
    /// Whether an application that ignores case would see another path.
    pub has_upper_case: bool,
}

/// How a path stands to the reserved prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// It is under it as received.
    Plainly,
    /// Some reading of it is: it must be neither proxied nor answered as our own page.
    Disguised,
    /// No reading of it is.
    No,
}

impl RequestTarget {
    /// Reads the request target as received.
    ///
    /// The query is free: it decides nothing, so only what cannot stand in a request line is
    /// refused there. Browsers send raw backslashes and odd `%` in it.
    ///
    /// # Errors
    /// [`TargetError`]; the answer is 400.
    pub fn parse(target: &[u8]) -> Result<Self, TargetError> {
        if target.first() != Some(&b'/') {
            return Err(TargetError::NotOriginForm);
        }
        if target.len() > LONGEST_TARGET {
            return Err(TargetError::TooLong);
        }
        if target.contains(&b'#') {
            return Err(TargetError::Fragment);
        }
        if !target.iter().all(u8::is_ascii_graphic) {
            return Err(TargetError::RawByte);
        }
        let raw = std::str::from_utf8(target).map_err(|_| TargetError::RawByte)?;
        let path_end = raw.find('?').unwrap_or(raw.len());
        let path = &target[..path_end];
        if path.len() > LONGEST_PATH {
            return Err(TargetError::TooLong);
        }
        if path.contains(&b'\\') {
            return Err(TargetError::Backslash);
        }
        Ok(Self {
            raw: raw.into(),
            path_end,
            has_upper_case: path.iter().any(u8::is_ascii_uppercase),
            readings: readings::of(path)?.into_boxed_slice(),
        })
    }

    /// The target, byte for byte as received. This is what is forwarded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The path, byte for byte as received.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.raw[..self.path_end]
    }

    /// What follows the first `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.raw.get(self.path_end + 1..)
    }

    /// Every reading of the path, the plainest first. Never empty.
    pub fn readings(&self) -> impl Iterator<Item = Reading<'_>> {
        let itself = self.readings.is_empty().then(|| Reading {
            bytes: self.path().as_bytes(),
            steps: Steps::default(),
            has_upper_case: self.has_upper_case,
        });
        itself.into_iter().chain(self.readings.iter().map(StoredReading::as_reading))
    }

    /// How the path stands to `prefix`, which starts and ends with `/`.
    ///
    /// The prefix of our own pages is never proxied. `//.linkgate/sign-in` is not one of them, but
    /// an application that merges slashes must not get it either.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Under {
        let prefix = prefix.as_bytes();
        let bare = prefix.strip_suffix(b"/").unwrap_or(prefix);
        let is_under = |path: &[u8]| {
            path.eq_ignore_ascii_case(bare)
                || path.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if self.path().as_bytes().starts_with(prefix) {
            Under::Plainly
        } else if self.readings().any(|reading| is_under(reading.bytes)) {
            Under::Disguised
        } else {
            Under::No
        }
    }
}

impl fmt::Debug for RequestTarget {
    /// Without the query: it may hold the visitor's secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("RequestTarget").field(&self.path()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(target: &str) -> Vec<String> {
        let target = RequestTarget::parse(target.as_bytes()).unwrap();
        target.readings().map(|one| String::from_utf8_lossy(one.bytes).into_owned()).collect()
    }

    #[test]
    fn an_ordinary_path_has_one_reading_and_it_is_borrowed() {
        for text in ["/", "/a", "/a/", "/A/b.c/~d-e_f", "/a?b=//%2e%2e;\\&%zz", "/.well-known/x"] {
            let target = RequestTarget::parse(text.as_bytes()).unwrap();
            assert!(target.readings.is_empty(), "{text}");
            let all: Vec<_> = target.readings().collect();
            assert_eq!(all.len(), 1, "{text}");
            assert_eq!(all[0].bytes.as_ptr(), target.raw.as_ptr(), "{text}");
            assert_eq!(target.as_str(), text);
        }
    }

    #[test]
    fn odd_paths_are_read_in_every_plausible_way() {
        for (target, expected) in [
            ("//admin", vec!["//admin", "/admin"]),
            ("/%61dmin", vec!["/%61dmin", "/admin"]),
            ("/a%2Fb", vec!["/a%2Fb", "/a/b"]),
            ("/%61%2Fb", vec!["/%61%2Fb", "/a/b", "/a%2Fb"]),
            ("/a%5cb", vec!["/a%5cb", "/a\\b", "/a/b"]),
            ("/a;x=1", vec!["/a;x=1", "/a"]),
            ("/;/admin", vec!["/;/admin", "//admin", "/", "/admin"]),
            ("/%2561", vec!["/%2561", "/%61", "/a"]),
            ("/a%3fb", vec!["/a%3fb", "/a?b", "/a"]),
            // What cannot be sent in any other way is not odd.
            ("/a%20b/%c3%bc", vec!["/a b/ü"]),
            ("/100%25", vec!["/100%25", "/100%"]),
            // Unicode case and width: Kelvin sign, full-width letters.
            ("/%e2%84%aa", vec!["/\u{212a}", "/k"]),
            ("/%ef%bd%81", vec!["/\u{ff41}", "/a"]),
            // The fourth encoding is the application's own text.
            ("/%25252561", vec!["/%25252561", "/%252561", "/%2561", "/%61"]),
        ] {
            assert_eq!(readings(target), expected, "{target}");
        }
    }

    #[test]
    fn what_no_honest_client_sends_is_refused() {
        use TargetError as E;
        for (target, error) in [
            ("", E::NotOriginForm),
            ("*", E::NotOriginForm),
            ("admin", E::NotOriginForm),
            ("http://app.example.com/", E::NotOriginForm),
            ("/public\\..\\admin", E::Backslash),
            ("/a b", E::RawByte),
            ("/a\tb", E::RawByte),
            ("/a?b c", E::RawByte),
            ("/ü", E::RawByte),
            ("/a\u{7f}", E::RawByte),
            ("/admin#/public/", E::Fragment),
            ("/%", E::BadPercent),
            ("/%2", E::BadPercent),
            ("/%zz", E::BadPercent),
            ("/%u002e", E::BadPercent),
            ("/admin%00", E::EncodedControl),
            ("/a%0d%0ab", E::EncodedControl),
            ("/a%7f", E::EncodedControl),
            ("/a%2500", E::EncodedControl),
            ("/a%252500", E::EncodedControl),
            ("/.", E::DotSegment),
            ("/a/../b", E::DotSegment),
            ("/a/..", E::DotSegment),
            ("/a/%2e%2E/b", E::DotSegment),
            ("/a/.%2e/b", E::DotSegment),
            ("/a/..%2fb", E::DotSegment),
            ("/a/..%5cb", E::DotSegment),
            ("/a/..;x=1/b", E::DotSegment),
            ("/a/..%3bx/b", E::DotSegment),
            ("/a/..%3fx", E::DotSegment),
            ("/a/%252e%252e/b", E::DotSegment),
            ("/a/%25252e%25252e/b", E::DotSegment),
            ("/a%255c..%255cb", E::DotSegment),
            ("/a/%ef%bc%8e%ef%bc%8e/b", E::DotSegment),
            ("/a/%ef%bc%8e%ef%bc%8e%ef%bc%8fb", E::DotSegment),
            ("/a/%c0%ae%c0%ae/b", E::Overlong),
            ("/a/%e0%80%ae/b", E::Overlong),
            ("/a/%f0%80%80%af/b", E::Overlong),
            ("/a%25c0%25afb", E::Overlong),
        ] {
            assert_eq!(RequestTarget::parse(target.as_bytes()), Err(error), "{target}");
        }
    }

    #[test]
    fn lengths_and_the_number_of_readings_are_bounded() {
        let longest = format!("/{}", "a".repeat(LONGEST_PATH - 1));
        assert!(RequestTarget::parse(longest.as_bytes()).is_ok());
        assert_eq!(
            RequestTarget::parse(format!("{longest}a").as_bytes()),
            Err(TargetError::TooLong)
        );
        let query = format!("/?{}", "a".repeat(LONGEST_TARGET - 2));
        assert!(RequestTarget::parse(query.as_bytes()).is_ok());
        assert_eq!(RequestTarget::parse(format!("{query}a").as_bytes()), Err(TargetError::TooLong));
        let hostile =
            "//a;b%253b%252f%255c%253f%3b%2f%5c%3f%25253b%25252f%25255c%25253f//".repeat(9);
        assert_eq!(
            RequestTarget::parse(format!("/{hostile}").as_bytes()),
            Err(TargetError::Ambiguous)
        );
        let honest = "/files//a%252Fb%2520c;v=1/d%2Fe%20f%3F";
        assert!((2..MOST_READINGS).contains(&readings(honest).len()));
    }

    #[test]
    fn the_reserved_prefix_is_seen_in_every_spelling() {
        for (target, expected) in [
            ("/.linkgate/sign-in", Under::Plainly),
            ("/.linkgate/", Under::Plainly),
            ("/.linkgate", Under::Disguised),
            ("//.linkgate/sign-in", Under::Disguised),
            ("/%2elinkgate/sign-in", Under::Disguised),
            ("/.LINKGATE/sign-in", Under::Disguised),
            ("/.linkgate;x/sign-in", Under::Disguised),
            ("/.linkgates/", Under::No),
            ("/a/.linkgate/", Under::No),
        ] {
            let target = RequestTarget::parse(target.as_bytes()).unwrap();
            assert_eq!(target.under("/.linkgate/"), expected, "{target:?}");
        }
    }

    #[test]
    fn the_query_is_not_shown() {
        let target = RequestTarget::parse(b"/a?token=secret").unwrap();
        assert_eq!(format!("{target:?}"), "RequestTarget(\"/a\")");
    }
}
