//! What another proxy asks about, in one of three ways that are never mixed.
//!
//! | way | asked by | the request is told by | our refusal |
//! |---|---|---|---|
//! | forwarded | Caddy, Traefik, our script for HAProxy | `X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri` | is passed on |
//! | original | nginx, ingress-nginx | `X-Original-Method`, `X-Original-URL` | 401 or 403, nothing else |
//! | repeated | Envoy | method, host and path of the question, `X-Forwarded-Proto`, `X-Linkgate-Client` | is passed on |
//!
//! Each part is there exactly once and well formed, or the answer is 400: a check that goes on with
//! an empty value passes everything (CVE-2021-32637, GHSA-xg2q-62g2-cvcm). A field of another way
//! beside them is 400, too: nobody knows which is true.
//!
//! A question that is told may also name its site, with `?site=NAME`: then one about a host of another
//! site is 400. A proxy that copies the host from `Host` needs it where it chose its server by another
//! one, as nginx does: `GET http://wiki.example.com/secret` with `Host: blog.example.com` reached the
//! wiki by the rules of the blog.
//!
//! The client is told by `X-Forwarded-For`, but not by Envoy: before 1.28 it puts its own address at
//! the end of that field, and every visitor would be there, in a network that `from` lets in
//! (envoyproxy/envoy issue 21519). It says the address in a field of our own, which it writes over
//! whatever the client sent; without that field see [`TrustedProxies::client_beyond`].
//!
//! [`TrustedProxies::client_beyond`]: crate::domain::client::TrustedProxies::client_beyond

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::domain::client::ClientAddress;
use crate::domain::navigation::RequestKind;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::site::Located;
use crate::portal::Desk;
use crate::portal::denial::{Through, kind};
use crate::portal::refusal::Refusal;
use crate::portal::visit::{Here, Visit};

const CLIENT: &str = "x-linkgate-client";
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_METHOD: &str = "x-forwarded-method";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_URI: &str = "x-forwarded-uri";
const ORIGINAL_METHOD: &str = "x-original-method";
const ORIGINAL_URL: &str = "x-original-url";
/// Ways to tell a request target that nobody who asks here uses.
const STRANGE: [&str; 3] = ["x-original-uri", "x-rewrite-url", "forwarded"];

/// What the other proxy asks about.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) located: Located,
    pub(super) target: RequestTarget,
    pub(super) kind: RequestKind,
    /// The client's address, where it is known beyond doubt.
    pub(super) client: Option<ClientAddress>,
    pub(super) through: Through,
}

/// The parts as they were told.
struct Told<'a> {
    method: &'a str,
    proto: &'a str,
    host: &'a str,
    uri: &'a str,
    through: Through,
}

impl Question {
    /// Reads a question that is told in header fields.
    pub(super) fn told(visit: &Visit, headers: &HeaderMap) -> Result<Self, Refusal> {
        let desk = &visit.desk;
        let words = "a check without one valid X-Forwarded-* or X-Original-* of each kind";
        let told = forwarded(headers).or_else(|| original(headers));
        let told = told.ok_or(Refusal::BadRequest(words))?;
        let located =
            desk.sites.find(told.host).ok_or(Refusal::BadRequest("a check for another host"))?;
        if !is_pinned_to(&visit.query, &located.site.name) {
            return Err(Refusal::BadRequest("a check for another site than its proxy asks for"));
        }
        let method = method(told.method).ok_or(Refusal::BadRequest(words))?;
        let client = desk.trusted.known(visit.here.client);
        Self::new(desk, located, method, &told, client, headers)
    }

    /// Reads a question that repeats the request below the path of the check. In `uri` the reserved
    /// path is gone already.
    pub(super) fn repeated(
        visit: &Visit,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Self, Refusal> {
        let words = "a repeated request without one valid X-Forwarded-Proto, or with other fields";
        let others = [FORWARDED_METHOD, FORWARDED_HOST, FORWARDED_URI];
        let uri = uri.path_and_query().map_or("", |whole| whole.as_str());
        let uri = uri.strip_prefix("/check");
        let (Some(proto), Some(uri), false) =
            (one(headers, FORWARDED_PROTO), uri, has(headers, &others) || is_strange(headers))
        else {
            return Err(Refusal::BadRequest(words));
        };
        let told = Told { method: "", proto, host: "", uri, through: Through::Relay };
        let (desk, here) = (&visit.desk, &visit.here);
        let client = client_of_repeated(desk, here, headers)?;
        Self::new(desk, here.located.clone(), method, &told, client, headers)
    }

    fn new(
        desk: &Desk,
        located: Located,
        method: Method,
        told: &Told<'_>,
        client: Option<ClientAddress>,
        headers: &HeaderMap,
    ) -> Result<Self, Refusal> {
        if scheme(told.proto) != Some(located.origin.scheme().as_str()) {
            return Err(Refusal::BadRequest("a check for another scheme than the site's"));
        }
        let target = RequestTarget::parse(told.uri.as_bytes())
            .map_err(|_| Refusal::BadRequest("a check for a damaged request target"))?;
        if target.under(&format!("{}/", desk.prefix)) != Under::No {
            return Err(Refusal::BadRequest("a check for a page of the sign-in itself"));
        }
        let kind = kind(method.as_str(), headers);
        Ok(Self { method, located, target, kind, client, through: told.through })
    }

    /// Whether a page of another origin opens a WebSocket: a page on a sibling sub-domain does so
    /// with the visitor's cookie, and no same-origin policy protects the socket.
    ///
    /// Most proxies take `Upgrade` out of what they ask; the key and the mode stay.
    pub(super) fn is_foreign_socket(&self, headers: &HeaderMap) -> bool {
        let mode = headers.get("sec-fetch-mode").map(|mode| mode.as_bytes());
        let is_socket = self.kind == RequestKind::WebSocket
            || headers.contains_key(header::SEC_WEBSOCKET_KEY)
            || mode.is_some_and(|mode| mode.eq_ignore_ascii_case(b"websocket"));
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next().filter(|_| origins.next().is_none());
        is_socket
            && origin.and_then(|value| value.to_str().ok()) != Some(&*self.located.origin_text)
    }
}

/// Whether a question is about the site that it names, if it names any.
fn is_pinned_to(query: &str, site: &str) -> bool {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let mut names = pairs.filter(|(key, _)| key == "site").map(|(_, name)| name);
    names.next().is_none_or(|name| name == site) && names.next().is_none()
}

fn client_of_repeated(
    desk: &Desk,
    here: &Here,
    headers: &HeaderMap,
) -> Result<Option<ClientAddress>, Refusal> {
    if headers.contains_key(CLIENT) {
        let address = one(headers, CLIENT).and_then(|text| text.parse::<IpAddr>().ok());
        let address = address.ok_or(Refusal::BadRequest("a check for a damaged client address"))?;
        return Ok(desk.trusted.known(address.into()));
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes);
    Ok(desk.trusted.client_beyond(here.peer, &lines.collect::<Vec<_>>()))
}

/// The host in a question that is told in header fields.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    forwarded(headers).or_else(|| original(headers)).map(|told| told.host)
}

fn forwarded(headers: &HeaderMap) -> Option<Told<'_>> {
    if is_strange(headers) {
        return None;
    }
    Some(Told {
        method: one(headers, FORWARDED_METHOD)?,
        proto: one(headers, FORWARDED_PROTO)?,
        host: one(headers, FORWARDED_HOST)?,
        uri: one(headers, FORWARDED_URI)?,
        through: Through::Relay,
    })
}

/// `X-Forwarded-Proto` and `-Host` may stand beside it: a balancer before nginx sets them.
fn original(headers: &HeaderMap) -> Option<Told<'_>> {
    if has(headers, &STRANGE) || has(headers, &[FORWARDED_METHOD, FORWARDED_URI]) {
        return None;
    }
    let (proto, rest) = one(headers, ORIGINAL_URL)?.split_once("://")?;
    let (host, uri) = rest.split_at(rest.find('/')?);
    let method = one(headers, ORIGINAL_METHOD)?;
    (!is_list(uri)).then_some(Told { method, proto, host, uri, through: Through::Verdict })
}

fn is_strange(headers: &HeaderMap) -> bool {
    has(headers, &STRANGE) || has(headers, &[ORIGINAL_METHOD, ORIGINAL_URL])
}

fn has(headers: &HeaderMap, names: &[&str]) -> bool {
    names.iter().any(|name| headers.contains_key(*name))
}

/// The text of a field that is there exactly once, is not empty and is no list.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok().filter(|text| !text.is_empty())?;
    (name == ORIGINAL_URL || !is_list(text)).then_some(text)
}

/// Whether a proxy on the way has joined two fields to one. A comma alone is none: it is an
/// ordinary character of paths and queries (RFC 3986, 3.3), and of no other value here.
fn is_list(text: &str) -> bool {
    text.contains(' ') || text.contains(",/") || (text.contains(',') && !text.starts_with('/'))
}

/// Upper-case letters only, as at the door.
fn method(text: &str) -> Option<Method> {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
    if text.len() > 32 || !text.bytes().all(is_plain) || matches!(text, "TRACE" | "CONNECT") {
        return None;
    }
    Method::from_bytes(text.as_bytes()).ok()
}

/// Traefik calls the scheme of a WebSocket by its own name where it believes the proxy before it.
fn scheme(proto: &str) -> Option<&'static str> {
    match proto {
        "http" | "ws" => Some("http"),
        "https" | "wss" => Some("https"),
        _ => None,
    }
}
