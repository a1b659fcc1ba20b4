//! The headers of every answer of ours.

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use super::visit::Here;

const FIXED: [(HeaderName, HeaderValue); 6] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// No inline script or style, nothing from elsewhere, and forms for ourselves alone; see
/// [`onward`](super::onward) for how a sign-in ends at other origins all the same.
const OWN: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                   img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The policy when no site is known.
const STRICTEST: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                         img-src 'self'; form-action 'none'; \
                         frame-ancestors 'none'; base-uri 'none'";

/// Puts the headers on an answer. `no-store`, unless the handler said how it may be stored.
pub fn put_on(response: &mut Response, here: &Here) {
    put_fixed(response);
    let headers = response.headers_mut();
    let origin = &here.located.origin;
    if !here.located.site.is_https() && !origin.is_loopback() {
        // There browsers send no `Sec-Fetch-Site`, and with `no-referrer` they send
        // `Origin: null`: our own forms would look like another website's. This policy tells
        // the origin and no more.
        let policy = HeaderValue::from_static("strict-origin");
        headers.insert(header::REFERRER_POLICY, policy);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN));
}

/// The headers of an answer to a request that belongs to no site.
pub fn put_strictest(response: &mut Response) {
    put_fixed(response);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(STRICTEST));
}

/// The same headers as lines of HTTP/1, for answers that are written as bytes before there is a
/// request that could be read.
#[must_use]
pub fn strictest_lines() -> String {
    let mut response = Response::default();
    put_strictest(&mut response);
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}\r\n", value.to_str().unwrap_or_default())
    };
    response.headers().iter().map(line).collect()
}

fn put_fixed(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
