//! What kind of request this is: somebody who can be shown a page, or a program.

use super::origin::Origin;

/// How a request without a session is answered: a redirect helps only a browser that navigates. A
/// script that follows one gets a form where it expects data, and a CORS error for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// A browser goes to a page: it can be redirected.
    Navigation,
    /// A script, a command line, an embedded frame or picture: it gets a status.
    Api,
    /// A gRPC call: it gets a `grpc-status`.
    Grpc,
    /// A WebSocket handshake: it gets a status.
    WebSocket,
}

/// The fields of a request that tell its kind. A field with several lines is given joined by
/// `, ` (RFC 9110 5.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFacts<'a> {
    /// The method.
    pub method: &'a str,
    /// `Sec-Fetch-Mode` (Fetch Metadata).
    pub sec_fetch_mode: Option<&'a [u8]>,
    /// `Sec-Fetch-Dest` (Fetch Metadata).
    pub sec_fetch_dest: Option<&'a [u8]>,
    /// `X-Requested-With`, which script libraries send.
    pub x_requested_with: Option<&'a [u8]>,
    /// `Accept`.
    pub accept: Option<&'a [u8]>,
    /// `Content-Type`.
    pub content_type: Option<&'a [u8]>,
    /// `Upgrade`.
    pub upgrade: Option<&'a [u8]>,
}

impl RequestKind {
    /// Decides the kind. Browsers say it themselves by Fetch Metadata; without these (old browsers,
    /// plain HTTP), a GET or HEAD that asks for HTML and comes from no script is a navigation.
    ///
    /// A navigating POST counts as a navigation: after sign-in its visitor sees the page by GET. A
    /// navigation inside a frame does not, because our pages refuse to be framed.
    #[must_use]
    pub fn of(facts: &RequestFacts<'_>) -> Self {
        if facts.content_type.is_some_and(is_grpc) {
            return Self::Grpc;
        }
        if facts.upgrade.is_some_and(|upgrade| has_token(upgrade, b"websocket")) {
            return Self::WebSocket;
        }
        let navigates = match facts.sec_fetch_mode {
            Some(mode) => {
                is(mode, b"navigate") && facts.sec_fetch_dest.is_none_or(|to| is(to, b"document"))
            }
            None => {
                facts.x_requested_with.is_none()
                    && matches!(facts.method, "GET" | "HEAD")
                    && facts.accept.is_some_and(accepts_html)
            }
        };
        if navigates { Self::Navigation } else { Self::Api }
    }
}

/// The header fields by which prefetchers and link previews say what they are. Lower case.
pub const PURPOSE_FIELDS: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Whether one of the values of [`PURPOSE_FIELDS`] says that nobody looks at the answer (yet):
/// `prefetch`, `prefetch;prerender`, `preview`. Such a request must change nothing.
#[must_use]
pub fn is_prefetch<'a>(purposes: impl IntoIterator<Item = &'a [u8]>) -> bool {
    const WORDS: [&[u8]; 3] = [b"prefetch", b"prerender", b"preview"];
    purposes.into_iter().any(|purpose| {
        WORDS
            .iter()
            .any(|word| purpose.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word)))
    })
}

/// Whether a request that changes something comes from our own page at `own`.
///
/// `Sec-Fetch-Site` decides where there is one, and only `same-origin` will do: a sibling
/// sub-domain is `same-site`, a bookmark is `none`, and neither sends our forms. Else `Origin` must
/// be ours to the letter; `null` is what a sandboxed frame of anybody sends. With neither, the
/// request is refused. A field with several lines is given joined, which no value survives.
#[must_use]
pub fn same_origin(sec_fetch_site: Option<&[u8]>, origin: Option<&[u8]>, own: &Origin) -> bool {
    match (sec_fetch_site, origin) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => origin == own.to_string().as_bytes(),
        (None, None) => false,
    }
}

/// `application/grpc`, `application/grpc+proto`, `application/grpc-web-text; charset=utf-8` …
fn is_grpc(content_type: &[u8]) -> bool {
    const PREFIX: &[u8] = b"application/grpc";
    content_type.trim_ascii().split_at_checked(PREFIX.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(PREFIX)
            && matches!(rest.first(), None | Some(b'+' | b'-' | b';' | b' ' | b'\t'))
    })
}

fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|entry| is(entry, token))
}

fn is(value: &[u8], word: &[u8]) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(word)
}

/// Whether `text/html` or `application/xhtml+xml` is listed and not refused by `q=0`. A range such
/// as `*/*` does not count: it is what every program sends.
fn accepts_html(accept: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|entry| {
        let mut parts = entry.split(|byte| *byte == b';');
        let html = parts
            .next()
            .is_some_and(|kind| is(kind, b"text/html") || is(kind, b"application/xhtml+xml"));
        html && !parts.any(is_zero_weight)
    })
}

/// `q=0`, `q=0.`, `q=0.000` (RFC 9110 12.4.2).
fn is_zero_weight(parameter: &[u8]) -> bool {
    let parameter = parameter.trim_ascii();
    parameter.split_at_checked(2).is_some_and(|(name, weight)| {
        name.eq_ignore_ascii_case(b"q=") && weight.iter().all(|byte| matches!(byte, b'0' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    /// Reads `name: value` lines.
    fn kind(method: &str, fields: &[(&str, &str)]) -> RequestKind {
        let field = |name: &str| {
            fields.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_bytes())
        };
        RequestKind::of(&RequestFacts {
            method,
            sec_fetch_mode: field("mode"),
            sec_fetch_dest: field("dest"),
            x_requested_with: field("xrw"),
            accept: field("accept"),
            content_type: field("type"),
            upgrade: field("upgrade"),
        })
    }

    #[test]
    fn browsers_with_fetch_metadata_say_what_they_do() {
        use RequestKind::*;
        for (method, fields, expected) in [
            (
                "GET",
                &[("mode", "navigate"), ("dest", "document"), ("accept", HTML)][..],
                Navigation,
            ),
            ("GET", &[("mode", "navigate")], Navigation),
            ("POST", &[("mode", "navigate"), ("dest", "document")], Navigation),
            (
                "GET",
                &[("mode", "navigate"), ("dest", "document"), ("xrw", "com.android.browser")],
                Navigation,
            ),
            ("GET", &[("mode", "navigate"), ("dest", "iframe"), ("accept", HTML)], Api),
            ("GET", &[("mode", "navigate"), ("dest", "frame")], Api),
            ("GET", &[("mode", "navigate"), ("dest", "embed")], Api),
            ("GET", &[("mode", "navigate"), ("dest", "object")], Api),
            ("GET", &[("mode", "cors"), ("dest", "empty"), ("accept", HTML)], Api),
            ("GET", &[("mode", "same-origin"), ("dest", "empty"), ("accept", HTML)], Api),
            ("GET", &[("mode", "no-cors"), ("dest", "image"), ("accept", HTML)], Api),
            ("GET", &[("mode", "navigate, cors"), ("accept", HTML)], Api),
            ("GET", &[("mode", ""), ("accept", HTML)], Api),
        ] {
            assert_eq!(kind(method, fields), expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn others_are_judged_by_what_they_ask_for() {
        use RequestKind::*;
        for (method, fields, expected) in [
            ("GET", &[("accept", HTML)][..], Navigation),
            ("HEAD", &[("accept", HTML)], Navigation),
            ("GET", &[("accept", "TEXT/HTML")], Navigation),
            ("GET", &[("accept", "application/xhtml+xml")], Navigation),
            ("GET", &[("accept", "text/html;level=1;q=0.4, application/json")], Navigation),
            ("GET", &[("accept", "text/html;q=0.001")], Navigation),
            ("GET", &[("accept", "text/html;q=0, */*")], Api),
            ("GET", &[("accept", "text/html; Q=0.000")], Api),
            ("GET", &[("accept", "text/htmlx")], Api),
            ("GET", &[("accept", "application/json, x/text/html")], Api),
            ("GET", &[("accept", "*/*")], Api),
            ("GET", &[("accept", "text/*")], Api),
            ("GET", &[("accept", "application/json")], Api),
            ("GET", &[("accept", "")], Api),
            ("GET", &[], Api),
            ("GET", &[("accept", HTML), ("xrw", "XMLHttpRequest")], Api),
            ("POST", &[("accept", HTML)], Api),
            ("OPTIONS", &[("accept", HTML)], Api),
            ("get", &[("accept", HTML)], Api),
        ] {
            assert_eq!(kind(method, fields), expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn grpc_and_websockets_come_first() {
        use RequestKind::*;
        for (fields, expected) in [
            (&[("type", "application/grpc")][..], Grpc),
            (&[("type", "application/grpc+proto"), ("accept", HTML)], Grpc),
            (&[("type", "Application/gRPC; charset=utf-8")], Grpc),
            (&[("type", "application/grpc-web-text"), ("mode", "cors")], Grpc),
            (&[("type", "application/grpcx")], Api),
            (&[("type", "application/json")], Api),
            (&[("upgrade", "websocket"), ("accept", HTML)], WebSocket),
            (&[("upgrade", "h2c, WebSocket"), ("mode", "websocket")], WebSocket),
            (&[("upgrade", "websockets")], Api),
            (&[("upgrade", "h2c"), ("accept", HTML)], Navigation),
        ] {
            assert_eq!(kind("GET", fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn prefetchers_and_previews_are_known_by_what_they_say() {
        for purpose in [
            "prefetch",
            "prefetch;prerender",
            "prefetch;anonymous-client-ip",
            "Prerender",
            "preview",
        ] {
            assert!(is_prefetch([purpose.as_bytes()]), "{purpose}");
            assert!(is_prefetch([b"x".as_slice(), purpose.as_bytes()]), "{purpose}");
        }
        for purpose in ["", "pre", "fetch", "navigate"] {
            assert!(!is_prefetch([purpose.as_bytes()]), "{purpose}");
        }
        assert!(!is_prefetch([]));
    }

    #[test]
    fn only_our_own_page_may_change_something() {
        let own: Origin = "https://app.example.com".parse().unwrap();
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some("https://app.example.com"), true),
            (Some("cross-site"), Some("https://app.example.com"), false),
            (Some("same-site"), Some("https://app.example.com"), false),
            (Some("none"), None, false),
            (Some(""), Some("https://app.example.com"), false),
            (Some("same-origin, cross-site"), None, false),
            (None, Some("https://app.example.com"), true),
            (None, Some("null"), false),
            (None, Some(""), false),
            (None, Some("http://app.example.com"), false),
            (None, Some("https://app.example.com:8443"), false),
            (None, Some("https://app.example.com/"), false),
            (None, Some("https://app.example.com.evil.test"), false),
            (None, Some("https://evil.test"), false),
            (None, Some("https://app.example.com, https://evil.test"), false),
            (None, None, false),
        ] {
            let found = same_origin(site.map(str::as_bytes), origin.map(str::as_bytes), &own);
            assert_eq!(found, expected, "{site:?} {origin:?}");
        }
        let local: Origin = "http://localhost:8080".parse().unwrap();
        assert!(same_origin(None, Some(b"http://localhost:8080"), &local));
    }
}
