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
use crate::domain::identity::Identity;
use crate::domain::navigation::RequestKind;
use crate::domain::service_token::ServiceToken;
use crate::domain::site::{Located, OddHeaders};
use crate::portal::cookies::without_ours;

// Texts, because Pingora keeps the spelling of each name: a static text is not copied for that.
const ASSERTION: &str = "x-linkgate-assertion";
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
    /// Who is asking, if somebody is signed in.
    pub identity: Option<&'a Identity>,
    /// Which script is asking, if one is.
    pub machine: Option<&'a ServiceToken>,
    /// Whether a service token stands in `Authorization`: the application must never see it.
    pub has_token: bool,
    /// The signed statement of that.
    pub assertion: Option<HeaderValue>,
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
        self.put_identity(head)
    }

    fn strip(&self, head: &mut RequestHeader) {
        let keeps_odd = self.located.site.odd_headers == OddHeaders::Keep;
        let gone: Vec<HeaderName> = head
            .headers
            .keys()
            .filter(|name| match fate(name.as_str(), &[]) {
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

    fn put_identity(self, head: &mut RequestHeader) -> Result<()> {
        let [user, email, groups] = self.located.site.identity_headers.names();
        if let Some(assertion) = self.assertion {
            head.insert_header(ASSERTION, assertion)?;
        }
        if let Some(machine) = self.machine {
            head.insert_header(user, machine.name.as_str())?;
            if let Some(address) = &machine.email {
                head.insert_header(email, address.identity())?;
            }
        }
        let Some(identity) = self.identity else { return Ok(()) };
        let address = identity.email.identity();
        head.insert_header(user, address)?;
        head.insert_header(email, address)?;
        let joined =
            identity.groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(",");
        head.insert_header(groups, joined)
    }
}
