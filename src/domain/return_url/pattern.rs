//! What a site may list under `return_to`.

use std::fmt;
use std::str::FromStr;

use super::super::origin::{Origin, OriginPattern, OriginPatternError, Scheme};
use super::is_plain;

/// A place besides the site itself that visitors may be sent to.
///
/// * `https://reports.example.com`, `https://*.example.com`: everything at these origins.
/// * `https://reports.example.com/public/*`: the paths that begin with `/public/`.
/// * `https://reports.example.com/start`: this path, with any query.
/// * `exampleapp://signed-in`: exactly this URL of an own scheme (RFC 8252 7.1).
/// * `exampleapp://signed-in/*`: all that begin so.
///
/// ```
/// # use linkgate::domain::return_url::ReturnPattern;
/// assert!("https://reports.example.com/*".parse::<ReturnPattern>().is_ok());
/// assert!("exampleapp://signed-in".parse::<ReturnPattern>().is_ok());
/// assert!("javascript:alert(1)".parse::<ReturnPattern>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReturnPattern(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Web { origin: OriginPattern, path: Extent },
    App(Extent),
}

/// A text, or all that begin with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Extent {
    Exact(String),
    From(String),
}

/// Why a text is not a [`ReturnPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnPatternError {
    /// No scheme, or none that is valid.
    #[error("must begin with https://, http:// or the scheme of an app, like exampleapp://")]
    Shape,
    /// A scheme by which a URL runs a program or opens a file.
    #[error("has a scheme that must never be a place to return to")]
    Scheme,
    /// The origin of a web address.
    #[error(transparent)]
    Origin(#[from] OriginPatternError),
    /// A character that no return URL may have.
    #[error("has a character that a URL cannot have: percent-encode it")]
    Character,
    /// A query or fragment, which the pattern does not look at.
    #[error("must end after the path: any query and fragment are allowed")]
    Query,
    /// A `*` in the middle.
    #[error("has a * at a place where none may be: it can stand at the end only")]
    Wildcard,
}

/// Schemes that run code, read files, hold no place of their own, or are not for pages.
const NEVER: [&str; 30] = [
    "about",
    "blob",
    "cid",
    "chrome",
    "chrome-extension",
    "content",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mhtml",
    "mocha",
    "moz-extension",
    "ms-msdt",
    "res",
    "resource",
    "search-ms",
    "vbscript",
    "view-source",
    "ws",
    "wss",
    "wyciwyg",
];

impl ReturnPattern {
    /// The source that `form-action` must list, so that a sign-in may end here: the origin with
    /// its wildcard, or `scheme:`.
    #[must_use]
    pub fn csp_source(&self) -> String {
        match &self.0 {
            Kind::Web { origin, .. } => origin.csp_source(),
            Kind::App(extent) => format!("{}:", scheme_of(extent.text()).unwrap_or_default()),
        }
    }

    pub(super) fn matches_web(&self, origin: &Origin, path: &str) -> bool {
        match &self.0 {
            Kind::Web { origin: pattern, path: extent } => {
                pattern.matches(origin) && extent.contains(path)
            }
            Kind::App(_) => false,
        }
    }

    /// The scheme of `url` is in lower case already.
    pub(super) fn matches_app(&self, url: &str) -> bool {
        match &self.0 {
            Kind::Web { .. } => false,
            Kind::App(extent) => extent.contains(url),
        }
    }
}

impl Extent {
    fn parse(text: String) -> Result<Self, ReturnPatternError> {
        let extent = match text.strip_suffix('*') {
            Some(start) => Self::From(start.to_owned()),
            None => Self::Exact(text),
        };
        if extent.text().contains('*') { Err(ReturnPatternError::Wildcard) } else { Ok(extent) }
    }

    fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::From(text) => text,
        }
    }

    fn contains(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::From(start) => text.starts_with(start.as_str()),
        }
    }
}

/// The scheme of an absolute URL (RFC 3986 3.1), as it is written.
pub(super) fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let valid = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    valid.then_some(scheme)
}

impl FromStr for ReturnPattern {
    type Err = ReturnPatternError;

    fn from_str(text: &str) -> Result<Self, ReturnPatternError> {
        if !text.bytes().all(is_plain) {
            return Err(ReturnPatternError::Character);
        }
        let Some((scheme, rest)) = Scheme::cut(text) else {
            return parse_app(text).map(Self);
        };
        if rest.contains(['?', '#']) {
            return Err(ReturnPatternError::Query);
        }
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let origin = format!("{scheme}://{host}").parse()?;
        let path = Extent::parse(if path.is_empty() { "/*".to_owned() } else { path.to_owned() })?;
        Ok(Self(Kind::Web { origin, path }))
    }
}

fn parse_app(text: &str) -> Result<Kind, ReturnPatternError> {
    let scheme = scheme_of(text).ok_or(ReturnPatternError::Shape)?;
    let rest = &text[scheme.len()..];
    let scheme = scheme.to_ascii_lowercase();
    if NEVER.contains(&scheme.as_str()) {
        return Err(ReturnPatternError::Scheme);
    }
    // With a slash, so that it is a place and not an opaque text to be interpreted.
    if !rest.starts_with(":/") || rest.trim_end_matches('/') == ":" {
        return Err(ReturnPatternError::Shape);
    }
    Ok(Kind::App(Extent::parse(scheme + rest)?))
}

impl fmt::Display for ReturnPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extent = match &self.0 {
            Kind::Web { origin, path } => {
                write!(out, "{origin}")?;
                path
            }
            Kind::App(extent) => extent,
        };
        let star = if matches!(extent, Extent::From(_)) { "*" } else { "" };
        write!(out, "{}{star}", extent.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_and_written() {
        for (text, form, source) in [
            ("https://a.test", "https://a.test/*", "https://a.test"),
            ("https://a.test/", "https://a.test/", "https://a.test"),
            ("HTTPS://A.test:443/x/*", "https://a.test/x/*", "https://a.test"),
            ("https://*.a.test/*", "https://*.a.test/*", "https://*.a.test"),
            ("http://localhost:3000/x", "http://localhost:3000/x", "http://localhost:3000"),
            ("exampleapp://signed-in", "exampleapp://signed-in", "exampleapp:"),
            ("ExampleApp://Signed-In/*", "exampleapp://Signed-In/*", "exampleapp:"),
            ("com.example.app:/done?x=1", "com.example.app:/done?x=1", "com.example.app:"),
            ("exampleapp://*", "exampleapp://*", "exampleapp:"),
        ] {
            let pattern: ReturnPattern = text.parse().unwrap();
            assert_eq!((pattern.to_string(), pattern.csp_source()), (form.into(), source.into()));
            assert_eq!(form.parse::<ReturnPattern>().unwrap(), pattern);
        }
    }

    #[test]
    fn what_could_run_a_program_or_mean_several_things_is_refused() {
        use ReturnPatternError::*;
        for (text, error) in [
            ("", Shape),
            ("/x", Shape),
            ("//a.test/x", Shape),
            ("a.test/*", Shape),
            ("exampleapp", Shape),
            ("exampleapp:", Shape),
            ("exampleapp:x", Shape),
            ("exampleapp:*", Shape),
            ("exampleapp://", Shape),
            ("1app://x", Shape),
            ("an_app://x", Shape),
            ("javascript://%0aalert(1)", Scheme),
            ("JavaScript:/x", Scheme),
            ("data:text/html,x", Scheme),
            ("file:///etc", Scheme),
            ("blob:https://a.test/x", Scheme),
            ("vbscript:/x", Scheme),
            ("about:blank", Scheme),
            ("intent://a.test/#Intent;end", Scheme),
            ("http:/x", Scheme),
            ("https:x", Scheme),
            ("ws://a.test/", Scheme),
            ("https://a.test/*/x", Wildcard),
            ("https://a.test/**", Wildcard),
            ("exampleapp://*/x", Wildcard),
            ("https://a.test/x?y=1", Query),
            ("https://a.test/x#y", Query),
            ("https://a.test?y", Query),
            ("https://a.test/a b", Character),
            ("https://a.test\\x", Character),
            ("exampleapp://\u{fc}", Character),
            ("https://a*.test/", Origin(OriginPatternError::Wildcard)),
        ] {
            assert_eq!(text.parse::<ReturnPattern>(), Err(error), "{text}");
        }
        assert!("https://user@a.test/*".parse::<ReturnPattern>().is_err());
    }
}
