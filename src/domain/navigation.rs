//! What kind of request this is: somebody who can be shown a page, or a program.

use super::origin::Origin;
use super::policy::Unauthenticated;

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
    /// navigation inside a frame does not, because our pages refuse to be framed. A pre-flight is
    /// what the script behind it is. Crawlers and prefetchers navigate like browsers: a redirect to
    /// the form changes nothing.
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
                let is_form = facts.method == "POST" && facts.content_type.is_some_and(is_form);
                !facts.x_requested_with.is_some_and(is_script_library)
                    && (matches!(facts.method, "GET" | "HEAD") || is_form)
                    && facts.accept.is_some_and(accepts_html)
            }
        };
        if navigates { Self::Navigation } else { Self::Api }
    }

    /// Whether somebody without a session is sent to the form. Where a rule says `redirect`, programs
    /// are sent, too; but a WebSocket and a gRPC call cannot follow.
    #[must_use]
    pub fn is_redirected(self, unauthenticated: Unauthenticated) -> bool {
        match unauthenticated {
            Unauthenticated::ByKind => self == Self::Navigation,
            Unauthenticated::Redirect => matches!(self, Self::Navigation | Self::Api),
            Unauthenticated::Status => false,
        }
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

/// What an HTML form can send of its own accord (HTML, 4.10.18.6); `text/plain` is left out, because
/// only attacks do.
fn is_form(content_type: &[u8]) -> bool {
    const KINDS: [&[u8]; 2] = [b"application/x-www-form-urlencoded", b"multipart/form-data"];
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    KINDS.iter().any(|form| is(kind, form))
}

/// Android's web views put the package of their app there, which has a dot, on all they send.
fn is_script_library(requested_with: &[u8]) -> bool {
    !requested_with.contains(&b'.')
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
mod tests;
