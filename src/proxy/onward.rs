//! The request on its way to the application: what is taken off and what is put on.
//!
//! Done in the last request phase. Earlier, a client could remove what linkgate sets by naming it
//! in `Connection` (CVE-2024-45410, CVE-2026-105299).

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use pingora::Result;
use pingora::http::RequestHeader;

use super::headers::{Fate, fate};
use crate::domain::navigation::RequestKind;
use crate::domain::site::{Located, OddHeaders};
use crate::portal::assertion::{Field, Introduction};
use crate::portal::cookies::without_ours;

// Texts, because Pingora keeps the spelling of each name: a static text is not copied for that.
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";
const REQUEST_ID: &str = "x-request-id";

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

    fn strip(&self, head: &mut RequestHeader) {
        let site = &self.located.site;
        let keeps_odd = site.odd_headers == OddHeaders::Keep;
        let own = site.disclosure.managed();
        let gone: Vec<HeaderName> = head
            .headers
            .keys()
            .filter(|name| match fate(name.as_str(), own) {
                Fate::Kept => false,
                Fate::Odd => !keeps_odd,
                Fate::Ours | Fate::HopByHop => true,
            })
            .cloned()
            .collect();
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
        let fields = received.get_all(header::COOKIE);
        if fields.iter().next().is_none() {
            return Ok(());
        }
        let rest = without_ours(fields.iter().map(HeaderValue::as_bytes));
        match HeaderValue::from_maybe_shared(Bytes::from(rest)) {
            Ok(value) if !value.is_empty() => head.insert_header(header::COOKIE, value),
            Ok(_) | Err(_) => {
                head.remove_header(&header::COOKIE);
                Ok(())
            }
        }
    }

    fn put_forwarding(&self, received: &HeaderMap, head: &mut RequestHeader) -> Result<()> {
        let mut chain = Vec::new();
        if self.is_trusted {
            for field in received.get_all(FORWARDED_FOR) {
                chain.extend_from_slice(field.as_bytes());
                chain.extend_from_slice(b", ");
            }
        }
        chain.extend_from_slice(self.peer.to_string().as_bytes());
        if let Ok(chain) = HeaderValue::from_bytes(&chain) {
            head.insert_header(FORWARDED_FOR, chain)?;
        }
        let scheme = HeaderValue::from_static(self.located.origin.scheme().as_str());
        head.insert_header(FORWARDED_PROTO, scheme)?;
        head.insert_header(FORWARDED_HOST, self.located.host())?;
        head.insert_header(REQUEST_ID, self.reference)?;
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
        for Field { name, value } in always.iter().chain(identity.iter()) {
            head.append_header(name.clone(), value.clone())?;
        }
        Ok(())
    }
}
