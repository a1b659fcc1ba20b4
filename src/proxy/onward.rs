//! The request on its way to the application: what is taken off and what is put on.
//!
//! Done in the last request phase. Earlier, a client could remove what linkgate sets by naming it
//! in `Connection` (CVE-2024-45410, CVE-2026-105299).
//!
//! There are two writings of the same rules: on Pingora's head, and as bytes for the shorter way. A
//! test sends the same requests both ways and compares what arrives.

use std::fmt::Write;
use std::net::IpAddr;

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora::Result;
use pingora::http::RequestHeader;

use super::headers::{Fate, fate};
use crate::domain::navigation::RequestKind;
use crate::domain::site::{Located, OddHeaders};
use crate::portal::assertion::{Field, Introduction};
use crate::portal::cookies::without_ours;
use crate::traces::Trace;

// Texts, because Pingora keeps the spelling of each name: a static text is not copied for that.
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";
const REQUEST_ID: &str = "x-request-id";
const TRACEPARENT: &str = "traceparent";

/// What goes onward with a request.
#[derive(Debug)]
pub struct Onward<'a> {
    /// The site.
    pub located: &'a Located,
    /// The kind of request.
    pub kind: RequestKind,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Whether it is a trusted proxy, whose chain is continued.
    pub is_trusted: bool,
    /// The request's id.
    pub reference: &'a str,
    /// Whether a service token stands in `Authorization`: the application must never see it.
    pub has_token: bool,
    /// What the application is told of the operator's choice: who is asking, and constants.
    pub introduction: &'a Introduction,
    /// The trace that it belongs to, where traces are wanted; otherwise what came goes on untouched.
    pub trace: Option<&'a Trace>,
}

impl Onward<'_> {
    /// Rewrites the head that goes to the application. `received` is the head as it came.
    ///
    /// # Errors
    /// When a value cannot stand in a header; all of them were parsed before, so none does.
    pub fn write(self, received: &HeaderMap, head: &mut RequestHeader) -> Result<()> {
        self.strip(head);
        self.cut_cookies(received, head)?;
        self.put_forwarding(received, head)?;
        self.put_introduction(head)
    }

    /// The same as bytes, for the shorter way: `target` and `fields` as they came in a plain HTTP/1
    /// head, which has no body and whose `Connection` names nothing.
    pub fn write_plain<'a>(
        &self,
        method: &str,
        target: &str,
        fields: impl Iterator<Item = (&'a str, &'a [u8])>,
        received: &HeaderMap,
        out: &mut BytesMut,
    ) {
        put(out, &[method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1\r\n"]);
        for (name, value) in fields {
            if self.goes_on(name) && !self.is_written_here(name) {
                put(out, &[name.as_bytes(), b": ", value, b"\r\n"]);
            }
        }
        put_cookies(received, out);
        put(out, &[FORWARDED_FOR.as_bytes(), b": "]);
        self.put_chain(received, out);
        out.extend_from_slice(b"\r\n");
        let scheme = self.located.origin.scheme().as_str();
        for (name, value) in [
            (FORWARDED_PROTO, scheme),
            (FORWARDED_HOST, self.located.host()),
            (REQUEST_ID, self.reference),
        ] {
            put(out, &[name.as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
        }
        if let Some(trace) = self.trace {
            // Writing to memory does not fail.
            let _ = write!(out, "{TRACEPARENT}: {}\r\n", trace.onward());
        }
        if self.kind == RequestKind::WebSocket {
            out.extend_from_slice(b"connection: Upgrade\r\nupgrade: websocket\r\n");
        }
        let Introduction { always, identity } = self.introduction;
        put(out, &[always.lines(), identity.lines(), b"\r\n"]);
    }

    /// Whether a field of the client may reach the application.
    fn goes_on(&self, name: &str) -> bool {
        if self.trace.is_some_and(|trace| trace.replaces(name)) {
            return false;
        }
        let site = &self.located.site;
        match fate(name, site.disclosure.managed()) {
            Fate::Kept => true,
            Fate::Odd => site.odd_headers == OddHeaders::Keep,
            Fate::Ours | Fate::HopByHop => false,
        }
    }

    /// Cookies, which are written anew, a service token, and what belongs to this hop, which on the
    /// long way Pingora takes off.
    fn is_written_here(&self, name: &str) -> bool {
        match name.len() {
            6 => name.eq_ignore_ascii_case("cookie"),
            7 => name.eq_ignore_ascii_case("upgrade"),
            10 => name.eq_ignore_ascii_case("connection"),
            13 => self.has_token && name.eq_ignore_ascii_case("authorization"),
            17 => name.eq_ignore_ascii_case("transfer-encoding"),
            _ => false,
        }
    }

    /// Through whose hands the request has gone: what a trusted proxy says, and that proxy.
    fn put_chain(&self, received: &HeaderMap, out: &mut BytesMut) {
        if self.is_trusted {
            for field in received.get_all(FORWARDED_FOR) {
                put(out, &[field.as_bytes(), b", "]);
            }
        }
        // Writing to memory does not fail.
        let _ = write!(out, "{}", self.peer);
    }

    fn strip(&self, head: &mut RequestHeader) {
        let names = head.headers.keys();
        let gone: Vec<HeaderName> =
            names.filter(|name| !self.goes_on(name.as_str())).cloned().collect();
        for name in &gone {
            head.remove_header(name);
        }
        if self.has_token {
            head.remove_header(&header::AUTHORIZATION);
        }
        // Pingora takes other upgrades out itself; this one is ours to be sure of.
        if self.kind != RequestKind::WebSocket {
            head.remove_header(&header::UPGRADE);
        }
    }

    /// One `Cookie` line without our cookies. HTTP/2 crumbs are several fields; many applications
    /// read the first line only (RFC 9113, 8.2.3).
    fn cut_cookies(&self, received: &HeaderMap, head: &mut RequestHeader) -> Result<()> {
        if !received.contains_key(header::COOKIE) {
            return Ok(());
        }
        let mut rest = BytesMut::new();
        without_ours(received.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes), &mut rest);
        match HeaderValue::from_maybe_shared(rest.freeze()) {
            Ok(value) if !value.is_empty() => head.insert_header(header::COOKIE, value),
            Ok(_) | Err(_) => {
                head.remove_header(&header::COOKIE);
                Ok(())
            }
        }
    }

    fn put_forwarding(&self, received: &HeaderMap, head: &mut RequestHeader) -> Result<()> {
        let mut chain = BytesMut::new();
        self.put_chain(received, &mut chain);
        if let Ok(chain) = HeaderValue::from_maybe_shared(chain.freeze()) {
            head.insert_header(FORWARDED_FOR, chain)?;
        }
        let scheme = HeaderValue::from_static(self.located.origin.scheme().as_str());
        head.insert_header(FORWARDED_PROTO, scheme)?;
        head.insert_header(FORWARDED_HOST, self.located.host())?;
        head.insert_header(REQUEST_ID, self.reference)?;
        if let Some(trace) = self.trace {
            head.insert_header(TRACEPARENT, trace.onward().to_string())?;
        }
        if self.kind == RequestKind::Grpc {
            // Of this hop, and required by gRPC on every hop.
            head.insert_header(header::TE, "trailers")?;
        }
        Ok(())
    }

    /// The client's fields of these names are gone by now, so that a name with several values is
    /// appended to.
    fn put_introduction(&self, head: &mut RequestHeader) -> Result<()> {
        let Introduction { always, identity } = self.introduction;
        for Field { name, value } in always.fields().chain(identity.fields()) {
            head.append_header(name, value)?;
        }
        Ok(())
    }
}

/// One `Cookie` line without ours, if anything is left of it.
fn put_cookies(received: &HeaderMap, out: &mut BytesMut) {
    let before = out.len();
    out.extend_from_slice(b"cookie: ");
    let start = out.len();
    without_ours(received.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes), out);
    if out.len() == start {
        out.truncate(before);
    } else {
        out.extend_from_slice(b"\r\n");
    }
}

fn put(out: &mut BytesMut, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
}
