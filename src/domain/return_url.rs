//! Where a visitor goes after sign-in.
//!
//! The rule, not a list of tricks: printable ASCII without the four characters that consumers
//! disagree about; a path, or an absolute URL whose origin is one of ours; and a path in which no
//! reading, decoded up to four times, leaves its place. What is emitted is put together from the
//! parsed parts, and last of all the browser's own algorithm (WHATWG URL) must arrive where we think
//! it does. Checked when it is asked for and again when it is used: Better Auth once checked neither
//! (CVE-2024-56734), then forgot `//` (CVE-2025-27143), then wildcards (CVE-2025-71403).

use std::fmt;

use url::Url;

use super::origin::{Authority, AuthorityError, Origin, OriginPattern, Scheme};

mod pattern;
mod readings;

use pattern::scheme_of;
pub use pattern::{ReturnPattern, ReturnPatternError};

/// Longest return URL, in bytes.
pub const LONGEST_RETURN_URL: usize = 4096;
/// Longest fragment that is added afterwards, in bytes.
pub const LONGEST_FRAGMENT: usize = 1024;

/// Where visitors of one site may be sent.
#[derive(Clone, Copy, Debug)]
pub struct ReturnTargets<'a> {
    /// The site that is being signed in to, as the browser knows it.
    pub site: &'a Origin,
    /// The other sites of this installation.
    pub others: &'a [OriginPattern],
    /// What the site lists under `return_to`.
    pub return_to: &'a [ReturnPattern],
    /// The reserved path prefix, such as `/.linkgate/`. Never a place to return to: it would be a
    /// loop, or a sign-out that somebody else asked for.
    pub prefix: &'a str,
}

impl ReturnTargets<'_> {
    fn has_origin(&self, origin: &Origin) -> bool {
        origin == self.site || self.others.iter().any(|pattern| pattern.matches(origin))
    }

    fn lists(&self, origin: &Origin, path: &str) -> bool {
        self.return_to.iter().any(|pattern| pattern.matches_web(origin, path))
    }
}

/// A place to go to after sign-in that was checked against [`ReturnTargets`].
///
/// ```
/// # use linkgate::domain::{origin::Origin, return_url::{ReturnTargets, ReturnUrl}};
/// let site: Origin = "https://wiki.example.com".parse().unwrap();
/// let targets =
///     ReturnTargets { site: &site, others: &[], return_to: &[], prefix: "/.linkgate/" };
/// let url = ReturnUrl::parse("/reports/42?tab=x", &targets).unwrap();
/// assert_eq!(url.with_fragment("#total").as_str(), "/reports/42?tab=x#total");
/// assert!(ReturnUrl::parse("//evil.example/", &targets).is_err());
/// assert!(ReturnUrl::parse("/.linkgate/sign-out", &targets).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnUrl {
    text: String,
    place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// A path on the site that was signed in to.
    SameSite,
    Web(Origin),
    /// An own scheme, such as `exampleapp:`.
    App,
}

/// Why a text is no [`ReturnUrl`]. For logs and `explain`; the visitor simply lands on `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnUrlError {
    /// Nothing there.
    #[error("the return URL is empty")]
    Empty,
    /// Over [`LONGEST_RETURN_URL`].
    #[error("the return URL is longer than {LONGEST_RETURN_URL} bytes")]
    TooLong,
    /// A blank, a control, a byte outside ASCII, or one of `\ " < >`.
    #[error("the return URL has a character that must be percent-encoded")]
    Character,
    /// Neither a path nor an absolute URL of a listed kind.
    #[error("the return URL is neither a path nor an absolute URL that is allowed")]
    Shape,
    /// User info, or no valid host or port.
    #[error("the return URL {0}")]
    Authority(AuthorityError),
    /// A valid URL that leads elsewhere.
    #[error("the return URL leads to a place that is not listed")]
    NotListed,
    /// A malformed escape, dot segments, or a path that starts with more than one slash in some
    /// reading.
    #[error("the return URL has a path with more than one meaning")]
    Path,
    /// A path under the reserved prefix, in some reading.
    #[error("the return URL leads to a page of the sign-in itself")]
    Reserved,
}

impl ReturnUrl {
    /// The front page of the site: where everybody goes whose return URL was refused.
    #[must_use]
    pub fn root() -> Self {
        Self { text: "/".to_owned(), place: Place::SameSite }
    }

    /// Reads a return URL as it came out of one form or query decoding, or out of the store.
    ///
    /// # Errors
    /// [`ReturnUrlError`] for everything that is not surely one of the targets.
    pub fn parse(raw: &str, targets: &ReturnTargets<'_>) -> Result<Self, ReturnUrlError> {
        if raw.is_empty() {
            return Err(ReturnUrlError::Empty);
        }
        if raw.len() > LONGEST_RETURN_URL {
            return Err(ReturnUrlError::TooLong);
        }
        if !raw.bytes().all(is_plain) {
            return Err(ReturnUrlError::Character);
        }
        let url = if raw.starts_with('/') {
            check_path(path_of(raw), targets)?;
            Self { text: raw.to_owned(), place: Place::SameSite }
        } else if let Some((scheme, rest)) = Scheme::cut(raw) {
            parse_web(scheme, rest, targets)?
        } else {
            parse_app(raw, targets)?
        };
        if url.text.len() > LONGEST_RETURN_URL {
            return Err(ReturnUrlError::TooLong);
        }
        if url.arrives(targets.site) { Ok(url) } else { Err(ReturnUrlError::NotListed) }
    }

    /// The return URL of a request that was stopped: its own path and query, or `/` when that is
    /// not safe to send a browser to (`GET //evil.example/`).
    #[must_use]
    pub fn of_request(path_and_query: &str, targets: &ReturnTargets<'_>) -> Self {
        if !path_and_query.starts_with('/') {
            return Self::root();
        }
        Self::parse(path_and_query, targets).unwrap_or_else(|_| Self::root())
    }

    /// Adds the `#fragment` that the browser kept, if the URL has none yet. One that is not clean
    /// printable ASCII, or too long, is left away; so is every fragment for an own scheme, whose
    /// listed URL may be an exact one.
    #[must_use]
    pub fn with_fragment(mut self, fragment: &str) -> Self {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let clean = !fragment.is_empty()
            && fragment.len() <= LONGEST_FRAGMENT
            && self.text.len() + 1 + fragment.len() <= LONGEST_RETURN_URL
            && fragment.bytes().all(is_plain);
        if clean && self.place != Place::App && !self.text.contains('#') {
            self.text.push('#');
            self.text.push_str(fragment);
        }
        self
    }

    /// What goes into `Location`: a path for the same site, else the absolute URL.
    #[must_use]
    pub fn as_path_or_url(&self) -> &str {
        &self.text
    }

    /// What is stored. Reading it back is [`parse`](Self::parse) with the targets of that moment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The web origin that this leads to; none for an own scheme.
    #[must_use]
    pub fn origin<'a>(&'a self, site: &'a Origin) -> Option<&'a Origin> {
        match &self.place {
            Place::SameSite => Some(site),
            Place::Web(origin) => Some(origin),
            Place::App => None,
        }
    }

    /// The source that `form-action` must list so that a browser follows a redirect to here after
    /// a POST: the origin, or `scheme:`.
    #[must_use]
    pub fn csp_source(&self, site: &Origin) -> String {
        match self.origin(site) {
            Some(origin) => origin.to_string(),
            None => format!("{}:", scheme_of(&self.text).unwrap_or_default()),
        }
    }

    /// Whether one of these patterns names it. None names a path of the site itself.
    #[must_use]
    pub fn is_one_of(&self, patterns: &[ReturnPattern]) -> bool {
        let (path, text) = (path_of(&self.text), &self.text);
        patterns.iter().any(|pattern| match &self.place {
            Place::SameSite => false,
            Place::Web(origin) => {
                pattern.matches_web(origin, path.get(origin.to_string().len()..).unwrap_or("/"))
            }
            Place::App => pattern.matches_app(text),
        })
    }

    /// Host and path for a page or a mail, at most `max` characters, without query and fragment:
    /// these are long, and may be nobody else's business.
    #[must_use]
    pub fn display_short(&self, max: usize) -> String {
        let shown = path_of(&self.text);
        let shown = match self.place {
            Place::SameSite | Place::App => shown,
            Place::Web(_) => shown.split_once("://").map_or(shown, |(_, rest)| rest),
        };
        if shown.len() <= max {
            return shown.to_owned();
        }
        // All of it is ASCII, so bytes are characters.
        shown[..max.saturating_sub(1)].to_owned() + "…"
    }

    /// Whether a browser that is sent there from the site arrives at the origin that was checked.
    fn arrives(&self, site: &Origin) -> bool {
        let Some(arrived) =
            Url::parse(&site.to_string()).ok().and_then(|base| base.join(&self.text).ok())
        else {
            return false;
        };
        match self.origin(site) {
            Some(origin) => arrived.origin().ascii_serialization() == origin.to_string(),
            None => Some(arrived.scheme()) == scheme_of(&self.text),
        }
    }
}

fn parse_web(
    scheme: Scheme,
    rest: &str,
    targets: &ReturnTargets<'_>,
) -> Result<ReturnUrl, ReturnUrlError> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Authority { host, port } =
        Authority::parse(authority).map_err(ReturnUrlError::Authority)?;
    let origin = Origin::new(scheme, host, port);
    let slash = if tail.starts_with('/') { "" } else { "/" };
    let tail = format!("{slash}{tail}");
    let path = path_of(&tail);
    if !targets.has_origin(&origin) && !targets.lists(&origin, path) {
        return Err(ReturnUrlError::NotListed);
    }
    check_path(path, targets)?;
    Ok(ReturnUrl { text: format!("{origin}{tail}"), place: Place::Web(origin) })
}

fn parse_app(raw: &str, targets: &ReturnTargets<'_>) -> Result<ReturnUrl, ReturnUrlError> {
    let scheme = scheme_of(raw).ok_or(ReturnUrlError::Shape)?;
    let rest = &raw[scheme.len()..];
    let text = scheme.to_ascii_lowercase() + rest;
    if !targets.return_to.iter().any(|pattern| pattern.matches_app(&text)) {
        return Err(ReturnUrlError::Shape);
    }
    if readings::of(path_of(rest))
        .is_none_or(|readings| readings.iter().any(|reading| has_dots(reading)))
    {
        return Err(ReturnUrlError::Path);
    }
    Ok(ReturnUrl { text, place: Place::App })
}

/// Printable ASCII without blank and `\ " < >`: browsers turn a backslash into a slash, the others
/// end an attribute or a header's URL.
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e) && !b"\\\"<>".contains(&byte)
}

/// All before the query and the fragment.
fn path_of(text: &str) -> &str {
    &text[..text.find(['?', '#']).unwrap_or(text.len())]
}

fn check_path(path: &str, targets: &ReturnTargets<'_>) -> Result<(), ReturnUrlError> {
    let readings = readings::of(path).ok_or(ReturnUrlError::Path)?;
    for reading in &readings {
        let second = reading.as_bytes().get(1);
        if matches!(second, Some(b'/' | b'\\')) || has_dots(reading) {
            return Err(ReturnUrlError::Path);
        }
        if is_reserved(reading, targets.prefix) {
            return Err(ReturnUrlError::Reserved);
        }
    }
    Ok(())
}

/// The segments of a reading by its strictest reader: both slashes separate, `;params` are cut.
fn segments(reading: &str) -> impl Iterator<Item = &str> {
    reading.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or(segment))
}

fn has_dots(reading: &str) -> bool {
    segments(reading).any(|segment| matches!(segment, "." | ".."))
}

/// Whether a reading lies under the prefix, in any case and with any number of slashes.
fn is_reserved(reading: &str, prefix: &str) -> bool {
    let mut path = segments(reading).filter(|segment| !segment.is_empty());
    let mut reserved = prefix.split('/').filter(|segment| !segment.is_empty()).peekable();
    reserved.peek().is_some()
        && reserved.all(|segment| {
            path.next().is_some_and(|found| found.to_lowercase() == segment.to_lowercase())
        })
}

impl fmt::Display for ReturnUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
