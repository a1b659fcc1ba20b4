//! A plain request head, read from the bytes that the guard has judged.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue};
use pingora::http::RequestHeader;

use crate::proxy::arrival::Head;

/// A plain request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    /// HTTP/1.1: everything after the request line.
    lines: &'a [u8],
    /// HTTP/2: `:authority`, and the fields in place of lines.
    http2: Option<(Option<&'a str>, &'a HeaderMap)>,
    /// The fields, for those who ask for one.
    pub(super) headers: Cow<'a, HeaderMap>,
}

impl<'a> Request<'a> {
    /// Reads a judged head: every line ends with CRLF and has a name, a colon and a value without
    /// controls. None for what is not so after all.
    pub(super) fn read(head: &'a Bytes) -> Option<Self> {
        let end = memchr::memchr(b'\n', head)?;
        let line = std::str::from_utf8(head[..end].strip_suffix(b"\r")?).ok()?;
        let (method, rest) = line.split_once(' ')?;
        let target = rest.strip_suffix(" HTTP/1.1")?;
        // Stricter than the guard. What is refused on the long way is not let through on this one.
        PathAndQuery::from_maybe_shared(head.slice_ref(target.as_bytes())).ok()?;
        let lines = &head[end + 1..];
        let mut headers = HeaderMap::with_capacity(24);
        for (name, value) in fields(lines) {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = HeaderValue::from_maybe_shared(head.slice_ref(value)).ok()?;
            headers.try_append(name, value).ok()?;
        }
        Some(Self { method, target, lines, http2: None, headers: Cow::Owned(headers) })
    }

    /// The head of a stream of HTTP/2, which the `h2` crate has read.
    pub(super) fn of_http2(head: &'a RequestHeader) -> Option<Self> {
        let target = std::str::from_utf8(head.raw_path()).ok()?;
        let authority = head.uri.authority().map(Authority::as_str);
        Some(Self {
            method: head.method.as_str(),
            target,
            lines: b"",
            http2: Some((authority, &head.headers)),
            headers: Cow::Borrowed(&head.headers),
        })
    }

    /// As those who decide want to see it.
    pub(super) fn head(&self) -> Head<'_> {
        Head {
            method: self.method,
            path: self.target.as_bytes(),
            authority: self.http2.and_then(|(authority, _)| authority),
            is_http2: self.http2.is_some(),
            headers: &self.headers,
        }
    }

    /// Name and value of each field, as they came; `Host` also where it came as `:authority`.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let http2 = self.http2.map(|(_, fields)| fields);
        let fields_2 = http2.into_iter().flat_map(HeaderMap::iter);
        let fields_2 = fields_2.map(|(name, value)| (name.as_str(), value.as_bytes()));
        let host = self.http2.filter(|(_, fields)| !fields.contains_key(HOST));
        let host = host.and_then(|(authority, _)| Some(("host", authority?.as_bytes())));
        fields(self.lines).chain(host).chain(fields_2)
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }
}

/// Ends at the empty line.
fn fields(lines: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest)?;
        let line = rest[..end].strip_suffix(b"\r")?;
        rest = &rest[end + 1..];
        let colon = memchr::memchr(b':', line)?;
        let name = std::str::from_utf8(&line[..colon]).ok()?;
        Some((name, line[colon + 1..].trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_stands() {
        let head = Bytes::from_static(
            b"GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-Odd:\t two  words \r\nEmpty:\r\n\
              Accept: a\r\naccept: \xe9\r\n\r\n",
        );
        let request = Request::read(&head).unwrap();
        assert_eq!((request.method, request.target), ("GET", "/a?b=c"));
        let fields: Vec<_> = request.fields().collect();
        let expected: [(&str, &[u8]); 5] = [
            ("Host", b"a.example"),
            ("X-Odd", b"two  words"),
            ("Empty", b""),
            ("Accept", b"a"),
            ("accept", b"\xe9"),
        ];
        assert_eq!(fields, expected);
        assert_eq!(request.headers.get_all("accept").iter().count(), 2);
        assert_eq!(request.headers.len(), 5);
    }

    #[test]
    fn what_is_no_plain_head_is_left_alone() {
        for head in [
            "",
            "GET /\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET /?<> HTTP/1.1\r\n\r\n",
        ] {
            assert!(Request::read(&Bytes::from(head)).is_none(), "{head:?}");
        }
    }
}
