//! Cookies: read byte by byte, written by the `cookie` crate.
//!
//! The crate is not used for reading: it trims Unicode white space, so a cookie named
//! `\u{2000}__Host-linkgate-session`, which a sibling sub-domain may set, would be read as ours and
//! the guarantee of the `__Host-` prefix be gone ("Cookie Chaos", PortSwigger 2025).

use std::time::Duration;

use bytes::BytesMut;
use cookie::{Cookie, SameSite};
use http::HeaderValue;

use crate::domain::language::Language;

/// How long a browser keeps the cookie of its attempts.
const BROWSER_COOKIE_AGE: Duration = Duration::from_secs(24 * 3600);
/// How long a browser keeps what makes the next sign-in easier.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The cookies of a site, by its scheme and its sign-on domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieNames {
    /// Holds the session token.
    pub session: &'static str,
    /// Holds the browser token.
    pub browser: &'static str,
    /// Says who has signed in with this browser before.
    pub device: &'static str,
    /// Holds the address that the visitor wants to be remembered.
    pub address: &'static str,
    /// Holds the language that the visitor has chosen.
    pub language: &'static str,
    secure: bool,
    domain: Option<String>,
}

/// The cookie of an operator, on the admin listener. Cookies know no ports: a site under the same host
/// name is sent it, too.
pub const ADMIN_COOKIE: &str = "linkgate-admin";

/// Every name that is ours on any site: none of them reaches an upstream, and no upstream may set
/// one.
pub const OUR_NAMES: [&str; 12] = [
    "__Host-linkgate-session",
    "__Host-linkgate-browser",
    "__Secure-linkgate-session",
    "linkgate-session",
    "linkgate-browser",
    "__Host-linkgate-device",
    "linkgate-device",
    "__Host-linkgate-address",
    "linkgate-address",
    "__Host-linkgate-language",
    "linkgate-language",
    ADMIN_COOKIE,
];

impl CookieNames {
    /// The cookies of a site. `secure`: its origin is `https`. `domain`: sign-on for all
    /// sub-domains of it.
    #[must_use]
    pub fn new(secure: bool, domain: Option<String>) -> Self {
        let session = Self::session_name(secure, domain.is_some());
        let [browser, device, address, language] = if secure {
            [OUR_NAMES[1], OUR_NAMES[5], OUR_NAMES[7], OUR_NAMES[9]]
        } else {
            [OUR_NAMES[4], OUR_NAMES[6], OUR_NAMES[8], OUR_NAMES[10]]
        };
        Self { session, browser, device, address, language, secure, domain }
    }

    /// The name of the session cookie alone, for the path of every request.
    #[must_use]
    pub fn session_name(secure: bool, shared: bool) -> &'static str {
        match (secure, shared) {
            (true, false) => OUR_NAMES[0],
            (true, true) => OUR_NAMES[2],
            (false, _) => OUR_NAMES[3],
        }
    }

    /// `Set-Cookie` of a session. The browser drops it with the absolute timeout at the latest; the
    /// store decides.
    #[must_use]
    pub fn set_session(&self, token: &str, absolute: Duration) -> Option<HeaderValue> {
        self.header(self.session, token, absolute, self.domain.as_deref())
    }

    /// `Set-Cookie` of the browser that asks.
    #[must_use]
    pub fn set_browser(&self, token: &str) -> Option<HeaderValue> {
        self.header(self.browser, token, BROWSER_COOKIE_AGE, None)
    }

    /// `Set-Cookie` that takes the session away, with the attributes it was set with.
    #[must_use]
    pub fn clear_session(&self) -> Option<HeaderValue> {
        self.header(self.session, "", Duration::ZERO, self.domain.as_deref())
    }

    /// `Set-Cookie` that takes the browser cookie away.
    #[must_use]
    pub fn clear_browser(&self) -> Option<HeaderValue> {
        self.header(self.browser, "", Duration::ZERO, None)
    }

    /// `Set-Cookie` of a browser that somebody has signed in with.
    #[must_use]
    pub fn set_device(&self, device: &str) -> Option<HeaderValue> {
        self.header(self.device, device, YEAR, None)
    }

    /// `Set-Cookie` that makes the browser a stranger again.
    #[must_use]
    pub fn clear_device(&self) -> Option<HeaderValue> {
        self.header(self.device, "", Duration::ZERO, None)
    }

    /// `Set-Cookie` of an address that is to be remembered.
    #[must_use]
    pub fn set_address(&self, address: &str) -> Option<HeaderValue> {
        self.header(self.address, address, YEAR, None)
    }

    /// `Set-Cookie` that forgets the address.
    #[must_use]
    pub fn clear_address(&self) -> Option<HeaderValue> {
        self.header(self.address, "", Duration::ZERO, None)
    }

    /// `Set-Cookie` of a language that was chosen.
    #[must_use]
    pub fn set_language(&self, language: Language) -> Option<HeaderValue> {
        self.header(self.language, language.tag(), YEAR, None)
    }

    /// `Set-Cookie` that forgets the choice of a language.
    #[must_use]
    pub fn clear_language(&self) -> Option<HeaderValue> {
        self.header(self.language, "", Duration::ZERO, None)
    }

    /// `SameSite=Lax`: the click in a webmail is a cross-site navigation, and a `Strict` cookie is
    /// not sent with it, nor with the redirect after it.
    fn header(
        &self,
        name: &'static str,
        value: &str,
        age: Duration,
        domain: Option<&str>,
    ) -> Option<HeaderValue> {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::try_from(age).unwrap_or(cookie::time::Duration::ZERO));
        if let Some(domain) = domain {
            cookie = cookie.domain(domain);
        }
        let mut header = HeaderValue::from_str(&cookie.to_string()).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// What the `Cookie` fields of a request say of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// It is not there.
    Nothing,
    /// It is there once.
    One(&'a [u8]),
    /// It is there more than once: somebody else has set one, so none of them counts.
    Several,
}

impl<'a> Found<'a> {
    /// The value, if there is exactly one and it is text.
    #[must_use]
    pub fn text(self) -> Option<&'a str> {
        match self {
            Self::One(value) => std::str::from_utf8(value).ok(),
            Self::Nothing | Self::Several => None,
        }
    }
}

/// Looks for a cookie in all `Cookie` fields (HTTP/2 sends crumbs, RFC 9113, 8.2.3). Splits at `;`,
/// trims space and tab only, compares exactly.
pub fn find<'a>(fields: impl IntoIterator<Item = &'a [u8]>, name: &str) -> Found<'a> {
    let mut found = Found::Nothing;
    for pair in fields.into_iter().flat_map(pairs) {
        let (this, value) = split(pair);
        if this == name.as_bytes() {
            match found {
                Found::Nothing => found = Found::One(value),
                Found::One(_) | Found::Several => return Found::Several,
            }
        }
    }
    found
}

/// Writes the `Cookie` fields to `out`, joined to one, without ours; nothing if none is left.
pub fn without_ours<'a>(fields: impl IntoIterator<Item = &'a [u8]>, out: &mut BytesMut) {
    let start = out.len();
    for pair in fields.into_iter().flat_map(pairs) {
        if pair.is_empty() || is_ours(split(pair).0) {
            continue;
        }
        if out.len() > start {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(pair);
    }
}

/// Whether a `Set-Cookie` field of an upstream tries to set a cookie of ours. Trims Unicode white
/// space, too: here the careful reading is the wider one.
#[must_use]
pub fn sets_ours(field: &[u8]) -> bool {
    let pair = field.split(|byte| *byte == b';').next().unwrap_or_default();
    // A cookie without a name is sent back as its value: `=linkgate-session=x` comes back as ours.
    let text = String::from_utf8_lossy(pair);
    let name = text.split('=').map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    OUR_NAMES.iter().any(|ours| name.eq_ignore_ascii_case(ours))
}

fn is_ours(name: &[u8]) -> bool {
    OUR_NAMES.iter().any(|ours| name == ours.as_bytes())
}

fn pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    field.split(|byte| *byte == b';').map(trim)
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(position) => (trim(&pair[..position]), trim(&pair[position + 1..])),
        None => (pair, b""),
    }
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAME: &str = "__Host-linkgate-session";

    fn one(field: &str) -> Found<'_> {
        find([field.as_bytes()], NAME)
    }

    #[test]
    fn only_the_exact_name_once_counts() {
        let rows: [(&str, Found<'_>); 14] = [
            ("__Host-linkgate-session=a", Found::One(b"a")),
            ("x=1; __Host-linkgate-session=a; y=2", Found::One(b"a")),
            ("x=1;\t__Host-linkgate-session = a ;y=2", Found::One(b"a")),
            ("__Host-linkgate-session=a; __Host-linkgate-session=b", Found::Several),
            ("\u{2000}__Host-linkgate-session=a", Found::Nothing),
            ("\u{a0}__Host-linkgate-session=a", Found::Nothing),
            ("__host-linkgate-session=a", Found::Nothing),
            ("__Secure-linkgate-session=a", Found::Nothing),
            ("=__Host-linkgate-session=a", Found::Nothing),
            ("__Host-linkgate-session", Found::One(b"")),
            ("__Host-linkgate-session=", Found::One(b"")),
            ("a=\"x; __Host-linkgate-session=v; y\"", Found::One(b"v")),
            ("__Host-linkgate-session2=a", Found::Nothing),
            ("", Found::Nothing),
        ];
        for (field, expected) in rows {
            assert_eq!(one(field), expected, "{field:?}");
        }
        assert_eq!(
            find([&b"__Host-linkgate-session=a"[..], b"__Host-linkgate-session=b"], NAME),
            Found::Several
        );
    }

    #[test]
    fn ours_are_cut_out_and_the_rest_is_joined() {
        assert_eq!(
            rest(&["theme=dark; __Host-linkgate-session=x", "lang=de; linkgate-browser=y"]),
            "theme=dark; lang=de"
        );
        assert_eq!(rest(&["__Host-linkgate-session=x"]), "");
    }

    fn rest(fields: &[&str]) -> String {
        let mut rest = BytesMut::new();
        without_ours(fields.iter().map(|field| field.as_bytes()), &mut rest);
        String::from_utf8(rest.to_vec()).unwrap()
    }

    #[test]
    fn an_upstream_cannot_set_ours() {
        for field in [
            "__Host-linkgate-session=x; Path=/",
            " linkgate-session =",
            "\u{a0}__HOST-linkgate-BROWSER=1",
            "=linkgate-session=x",
            "= linkgate-session=x; Path=/",
            "linkgate-session",
        ] {
            assert!(sets_ours(field.as_bytes()), "{field:?}");
        }
        assert!(!sets_ours(b"session=linkgate-session=1"));
    }

    #[test]
    fn attributes_are_those_of_the_contract() {
        let names = CookieNames::new(true, None);
        assert_eq!(
            names.set_session("t", Duration::from_secs(60)).unwrap(),
            "__Host-linkgate-session=t; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert_eq!(
            names.clear_session().unwrap(),
            "__Host-linkgate-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"
        );
        let shared = CookieNames::new(true, Some("example.com".into()));
        let header = shared.set_session("t", Duration::from_secs(1)).unwrap();
        assert!(header.to_str().unwrap().starts_with("__Secure-linkgate-session=t;"));
        assert!(header.to_str().unwrap().contains("Domain=example.com"));
        assert!(!shared.set_browser("t").unwrap().to_str().unwrap().contains("Domain"));
        assert_eq!(
            CookieNames::new(false, None).set_browser("t").unwrap(),
            "linkgate-browser=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400"
        );
    }

    #[test]
    fn what_lasts_a_year_belongs_to_one_host_and_no_script_reads_it() {
        for domain in [None, Some("example.com".to_owned())] {
            for (secure, prefix, flag) in [(true, "__Host-", "Secure; "), (false, "", "")] {
                let names = CookieNames::new(secure, domain.clone());
                let rows = [
                    (names.device, "device=v", names.set_device("v"), names.clear_device()),
                    (names.address, "address=v", names.set_address("v"), names.clear_address()),
                    (
                        names.language,
                        "language=de",
                        names.set_language(Language::German),
                        names.clear_language(),
                    ),
                ];
                for (name, pair, set, clear) in rows {
                    let rest = format!("HttpOnly; SameSite=Lax; {flag}Path=/; Max-Age");
                    let expected = format!("{prefix}linkgate-{pair}; {rest}=31536000");
                    assert_eq!(set.unwrap(), *expected);
                    assert_eq!(clear.unwrap(), *format!("{name}=; {rest}=0"));
                }
            }
        }
    }

    #[test]
    fn every_name_of_every_site_is_ours() {
        for secure in [true, false] {
            for domain in [None, Some("example.com".to_owned())] {
                let names = CookieNames::new(secure, domain);
                let all =
                    [names.session, names.browser, names.device, names.address, names.language];
                for name in all {
                    assert!(OUR_NAMES.contains(&name), "{name}");
                    assert!(sets_ours(format!("{name}=x").as_bytes()), "{name}");
                    assert_eq!(rest(&[&format!("{name}=x")]), "", "{name}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_cut_is_not_found_again(fields in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..4), at in 0usize..4) {
            let mut fields = fields;
            fields.insert(at.min(fields.len()), b"a=1; linkgate-session=x".to_vec());
            let mut rest = BytesMut::new();
            without_ours(fields.iter().map(Vec::as_slice), &mut rest);
            for name in OUR_NAMES {
                prop_assert_eq!(find([&rest[..]], name), Found::Nothing);
            }
        }
    }
}
