//! The headers of every answer of ours.

use std::collections::HashMap;

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use super::visit::Here;
use crate::domain::policy::SiteId;
use crate::domain::site::{Site, Sites};

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

/// The policy when no site is known.
const STRICTEST: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                         img-src 'self'; form-action 'none'; \
                         frame-ancestors 'none'; base-uri 'none'";

/// The headers, prepared for each site.
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    policies: HashMap<SiteId, HeaderValue>,
}

impl SecurityHeaders {
    /// Prepares the content security policy of each site.
    #[must_use]
    pub fn new(sites: &Sites) -> Self {
        let policy = |site: &Site| {
            HeaderValue::from_str(&content_security_policy(site, sites))
                .unwrap_or(HeaderValue::from_static(STRICTEST))
        };
        let policies = sites.iter().map(|site| (site.policy.site(), policy(site))).collect();
        Self { policies }
    }

    /// Puts the headers on an answer. `no-store`, unless the handler said how it may be stored.
    pub fn put_on(&self, response: &mut Response, here: &Here) {
        let policy = self.policies.get(&here.located.site.policy.site()).cloned();
        put_fixed(response);
        let origin = &here.located.origin;
        if !here.located.site.is_https() && !origin.is_loopback() {
            // There browsers send no `Sec-Fetch-Site`, and with `no-referrer` they send
            // `Origin: null`: our own forms would look like another website's. This policy tells
            // the origin and no more.
            let policy = HeaderValue::from_static("strict-origin");
            response.headers_mut().insert(header::REFERRER_POLICY, policy);
        }
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            policy.unwrap_or(HeaderValue::from_static(STRICTEST)),
        );
    }
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

/// No inline script or style, nothing from elsewhere. `form-action` lists every origin that a
/// sign-in may end at: Chromium applies it to the redirect after the POST, too, and would cancel it.
fn content_security_policy(site: &Site, sites: &Sites) -> String {
    let mut ends: Vec<String> = sites.iter().map(|site| site.pattern.csp_source()).collect();
    ends.extend(site.return_to.iter().map(|pattern| pattern.csp_source().to_string()));
    ends.sort();
    ends.dedup();
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self'; form-action 'self' {}; frame-ancestors 'none'; base-uri 'none'",
        ends.join(" ")
    )
}
