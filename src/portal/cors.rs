//! What scripts of other origins may read of our own answers, and their pre-flights.
//!
//! Only origins that the site lists under `cors_origins` get anything here. Without it a script of
//! theirs sees a network error where we answer 401, and cannot tell that somebody has to sign in.
//!
//! A pre-flight carries no cookie (Fetch, 4.8), so to the policy it comes from a stranger, and
//! every call of a listed origin that needs one would fail. So the pre-flight of a listed origin is
//! answered here, unless a rule lets it pass to the application. Nothing is opened by that: it says
//! that the browser may ask, the question itself is decided like any other, and the application says
//! whether the script may read its answer. Where nobody could pass, the pre-flight is refused, too.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::domain::site::Site;

/// How long a browser may remember our answer to a pre-flight, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
/// Most bytes of header names that a script may ask for.
const LONGEST_NAMES: usize = 2048;
/// What a script may read besides the usual headers: why it was refused, and when to try again.
const EXPOSED: HeaderValue = HeaderValue::from_static("grpc-message, grpc-status, retry-after");

/// Lets the scripts of a listed origin read our own answer.
pub fn allow_listed_origin(site: &Site, headers: &HeaderMap, response: &mut Response) {
    if site.cors_origins.is_empty() {
        return;
    }
    let answer = response.headers_mut();
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = listed(site, headers) else { return };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// A browser asks, for a script of a listed origin, whether it may send a request.
#[derive(Debug)]
pub struct Preflight<'a> {
    origin: &'a HeaderValue,
    /// The method of that request.
    pub method: Method,
    names: Option<&'a HeaderValue>,
}

impl<'a> Preflight<'a> {
    /// Reads a request. Nothing when it is no pre-flight, is malformed, or of an origin that is not
    /// listed.
    #[must_use]
    pub fn read(site: &Site, method: &Method, headers: &'a HeaderMap) -> Option<Self> {
        if method != Method::OPTIONS {
            return None;
        }
        let origin = listed(site, headers)?;
        let wanted = one(headers, &header::ACCESS_CONTROL_REQUEST_METHOD)?;
        let is_plain = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
        if wanted.len() > 32 || !wanted.as_bytes().iter().all(is_plain) {
            return None;
        }
        let wanted = Method::from_bytes(wanted.as_bytes()).ok()?;
        if wanted == Method::TRACE || wanted == Method::CONNECT {
            return None;
        }
        let key = header::ACCESS_CONTROL_REQUEST_HEADERS;
        let names = headers.contains_key(&key).then(|| one(headers, &key));
        let names = match names {
            Some(Some(names)) if is_list_of_names(names.as_bytes()) => Some(names),
            Some(_) => return None,
            None => None,
        };
        Some(Self { origin, method: wanted, names })
    }

    /// The answer that lets the browser send that one kind of request.
    #[must_use]
    pub fn granted(self) -> Response {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if let Ok(method) = HeaderValue::from_str(self.method.as_str()) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
        }
        if let Some(names) = self.names {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        answer.insert(header::VARY, HeaderValue::from_static(vary));
        response
    }
}

/// The origin of a request, if it is there once and the site lists it.
fn listed<'a>(site: &Site, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let origin = one(headers, &header::ORIGIN)?;
    let text = origin.to_str().ok()?;
    site.cors_origins.iter().any(|listed| listed.to_string() == text).then_some(origin)
}

fn one<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Field names with commas and blanks between them (RFC 9110, 5.1).
fn is_list_of_names(text: &[u8]) -> bool {
    const PUNCTUATION: &[u8] = b"!#$%&'*+-.^_`|~, \t";
    text.len() <= LONGEST_NAMES
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || PUNCTUATION.contains(byte))
}
