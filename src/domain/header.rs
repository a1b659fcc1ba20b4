//! Names and values of header fields that the operator chooses.
//!
//! Applications fold names: `X_Auth_User`, `X.Auth.User` and `x-auth-user` may be one to them. So
//! names are compared here in lower case with letters and digits only.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name, in bytes. Names of clients are folded up to a few bytes more.
pub const LONGEST_NAME: usize = 40;
/// Longest value, in bytes.
pub const LONGEST_VALUE: usize = 1024;

/// Names that are no operator's to set, folded: they frame the message, lead it, belong to the
/// visitor or are set by linkgate itself.
const RESERVED: [&str; 23] = [
    "authorization",
    "connection",
    "contentencoding",
    "contentlength",
    "contenttype",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2settings",
    "keepalive",
    "origin",
    "setcookie",
    "te",
    "trailer",
    "transferencoding",
    "upgrade",
    "via",
    "xforwardedfor",
    "xforwardedhost",
    "xforwardedproto",
    "xrequestid",
];

/// What reserved names begin with, folded. A method or an address in a header would make another
/// request of the one that was decided about.
const RESERVED_FAMILIES: [&str; 9] = [
    "grpc",
    "proxy",
    "secfetch",
    "secwebsocket",
    "xhttpmethod",
    "xlinkgate",
    "xmethodoverride",
    "xoriginal",
    "xrewriteurl",
];

/// What browsers and their scripts send of their own, folded, and what such names begin with. A value
/// that an operator puts there for one application proves nothing to another.
const OF_BROWSERS: [&str; 11] = [
    "cachecontrol",
    "dnt",
    "pragma",
    "priority",
    "range",
    "referer",
    "savedata",
    "secgpc",
    "upgradeinsecurerequests",
    "useragent",
    "xrequestedwith",
];
const FAMILIES_OF_BROWSERS: [&str; 4] = ["accept", "ifmodified", "ifnone", "secch"];

/// CGI writes `HTTP_` before the names of headers.
const CGI: &str = "http";

/// A name in lower case, with letters and digits only.
#[must_use]
pub fn folded(name: &str) -> String {
    name.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect()
}

/// The name of a header that linkgate sets for an application.
///
/// ```
/// # use linkgate::domain::header::FieldName;
/// assert_eq!("X-WEBAUTH-USER".parse::<FieldName>().unwrap().folded(), "xwebauthuser");
/// assert!("Host".parse::<FieldName>().is_err());
/// assert!("X_User".parse::<FieldName>().is_err());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FieldName {
    text: Arc<str>,
    folded: Arc<str>,
}

/// Why a text is no [`FieldName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldNameError {
    /// Other characters, or too many.
    #[error("must be 1 to {LONGEST_NAME} letters, digits and hyphens, with a letter first")]
    Shape,
    /// The application must be able to rely on who sets it, and that is not the operator.
    #[error("is reserved")]
    Reserved,
}

impl FieldName {
    /// The name as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as it is compared.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether clients send a header of this name of their own.
    #[must_use]
    pub fn is_of_browsers(&self) -> bool {
        OF_BROWSERS.contains(&&*self.folded)
            || FAMILIES_OF_BROWSERS.iter().any(|family| self.folded.starts_with(family))
    }

    /// A name of ours. Not for what comes from outside: it may be a reserved one.
    pub(crate) fn own(text: &'static str) -> Self {
        Self { text: text.into(), folded: folded(text).into() }
    }
}

impl FromStr for FieldName {
    type Err = FieldNameError;

    fn from_str(text: &str) -> Result<Self, FieldNameError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !begins || text.len() > LONGEST_NAME || !text.bytes().all(is_plain) {
            return Err(FieldNameError::Shape);
        }
        let folded = folded(text);
        let is_reserved = |name: &str| {
            RESERVED.contains(&name)
                || RESERVED_FAMILIES.iter().any(|family| name.starts_with(family))
        };
        if is_reserved(&folded) || folded.strip_prefix(CGI).is_some_and(is_reserved) {
            return Err(FieldNameError::Reserved);
        }
        Ok(Self { text: text.into(), folded: folded.into() })
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// The value of a header that is always the same: visible ASCII, blanks between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue(Arc<str>);

/// The text is no [`FieldValue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {LONGEST_VALUE} visible ASCII characters, with blanks only between them")]
pub struct FieldValueError;

impl FieldValue {
    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FieldValue {
    type Err = FieldValueError;

    fn from_str(text: &str) -> Result<Self, FieldValueError> {
        let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if text.is_empty()
            || text.len() > LONGEST_VALUE
            || text.trim_matches(' ') != text
            || !text.bytes().all(is_visible)
        {
            return Err(FieldValueError);
        }
        Ok(Self(text.into()))
    }
}

/// Names that linkgate sets, to be looked for among those of a client. Asking costs the logarithm of
/// their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedNames {
    /// Folded, in order, each once.
    names: Vec<Arc<str>>,
    /// A bit for each letter that one of them begins with: most names of a request begin with
    /// another one, and are done with after one look.
    letters: u32,
}

impl ManagedNames {
    /// Collects names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a FieldName>) -> Self {
        Self::of(names.into_iter().map(|name| Arc::clone(&name.folded)))
    }

    fn of(names: impl Iterator<Item = Arc<str>>) -> Self {
        // A set first: thousands of sites mostly say the same few names.
        let names: Vec<_> = names.collect::<BTreeSet<_>>().into_iter().collect();
        let first = |name: &Arc<str>| name.as_bytes().first().copied().unwrap_or_default();
        let letters = names.iter().fold(0, |letters, name| letters | letter(first(name)));
        Self { names, letters }
    }

    /// These names and those.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self::of(self.names.iter().chain(&others.names).cloned())
    }

    /// Whether each of those names is one of these.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        others.names.iter().all(|name| self.contains(name.as_bytes()))
    }

    /// Whether one of them begins with this letter.
    #[must_use]
    pub fn may_begin_with(&self, byte: u8) -> bool {
        self.letters & letter(byte) != 0
    }

    /// Whether this folded name is one of them.
    #[must_use]
    pub fn contains(&self, folded: &[u8]) -> bool {
        self.names.binary_search_by(|name| name.as_bytes().cmp(folded)).is_ok()
    }
}

/// The bit of a lower-case letter, of which names begin with one.
const fn letter(byte: u8) -> u32 {
    if byte.is_ascii_lowercase() { 1 << (byte - b'a') } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_a_message_or_are_ours_are_reserved_in_every_spelling() {
        for name in [
            "Host",
            "HOST",
            "h-o-s-t",
            "Cookie",
            "Set-Cookie",
            "Connection",
            "Keep-Alive",
            "Proxy-Connection",
            "Proxy-Authorization",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "HTTP2-Settings",
            "Content-Length",
            "ContentLength",
            "Content-Type",
            "Expect",
            "Authorization",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "X-Forwarded-Host",
            "XForwarded-Host",
            "X-Request-Id",
            "X-Linkgate-Assertion",
            "X-Linkgate-Other",
            "Sec-WebSocket-Key",
            "Sec-Fetch-Site",
            "X-HTTP-Method-Override",
            "X-Original-URL",
            "X-Rewrite-URL",
            "HTTP-Host",
            "HTTP-Cookie",
            "grpc-timeout",
        ] {
            assert_eq!(name.parse::<FieldName>(), Err(FieldNameError::Reserved), "{name}");
        }
    }

    #[test]
    fn names_are_tokens_without_what_applications_fold() {
        for name in
            ["X-WEBAUTH-USER", "Remote-User", "X-Forwarded-User", "X-Forwarded-Prefix", "Accept"]
        {
            assert_eq!(name.parse::<FieldName>().unwrap().as_str(), name);
        }
        for name in
            ["", "-", "1a", "-a", "X_User", "X.User", "X User", "X:User", "X\r\nY", "Xü", ":path"]
        {
            assert_eq!(name.parse::<FieldName>(), Err(FieldNameError::Shape), "{name}");
        }
        assert!("a".repeat(LONGEST_NAME).parse::<FieldName>().is_ok());
        assert!("a".repeat(LONGEST_NAME + 1).parse::<FieldName>().is_err());
    }

    fn managed(names: &[&str]) -> ManagedNames {
        ManagedNames::new(&names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn managed_names_are_a_set_without_order() {
        let (few, more) = (managed(&["X-User", "A"]), managed(&["B-1", "X-USER", "a", "Z", "B-1"]));
        assert!(more.covers(&few) && !few.covers(&more));
        assert!(few.covers(&ManagedNames::default()) && !ManagedNames::default().covers(&few));
        assert_eq!(few.with(&more), more);
        assert_eq!(managed(&["b1", "a"]).with(&managed(&["z", "xuser"])), more);
        for name in ["a", "b1", "xuser", "z"] {
            assert!(more.contains(name.as_bytes()) && more.may_begin_with(name.as_bytes()[0]));
        }
        for name in ["", "b", "b11", "user", "zz"] {
            assert!(!more.contains(name.as_bytes()), "{name}");
        }
        assert!(!more.may_begin_with(b'u') && !more.may_begin_with(b'1'));
    }

    #[test]
    fn a_value_is_one_visible_line() {
        for value in ["linkgate", "a b", "max-age=1; \"x\"", &"v".repeat(LONGEST_VALUE)] {
            assert_eq!(value.parse::<FieldValue>().unwrap().as_str(), value);
        }
        for value in [
            "",
            " a",
            "a ",
            "a\tb",
            "a\r\nX: y",
            "a\nb",
            "a\0",
            "ä",
            &"v".repeat(LONGEST_VALUE + 1),
        ] {
            assert!(value.parse::<FieldValue>().is_err(), "{value:?}");
        }
    }
}
