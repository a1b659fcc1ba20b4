//! The headers of every answer of ours.
//!
//! # `form-action`
//!
//! Browsers hold each redirect that answers a form against the page's `form-action`, and cancel one
//! that leads to a place that is not named there. A sign-in may end at all sites of an installation.
//! Naming them all at each of them is no matter with ten. With 150 the header is larger than the
//! buffers of other proxies, and with ten thousand the headers together took three gigabytes. So they
//! are named while the header stays within [`LARGEST_POLICY`], and beyond that only what the site
//! itself lists under `return_to`, or nothing but the site. [`FormEnds`] tells what it is, so that
//! whoever goes elsewhere goes by way of a page of ours, which no policy looks at
//! ([`onward`](super::onward)).

use std::collections::{BTreeSet, HashMap};

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

/// Longest content security policy, in bytes.
pub const LARGEST_POLICY: usize = 2048;

/// To where a form of ours may be answered with a redirect, as its page says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormEnds {
    /// Every site, and what this one lists.
    Everywhere,
    /// This site, and what it lists.
    Listed,
    /// This site.
    #[default]
    Here,
}

/// The headers, prepared: one policy for all sites that list nothing, and one for each other site.
#[derive(Clone, Debug)]
pub struct SecurityHeaders {
    common: Policy,
    own: HashMap<SiteId, Policy>,
}

#[derive(Clone, Debug)]
struct Policy {
    value: HeaderValue,
    ends: FormEnds,
}

impl SecurityHeaders {
    /// Prepares the content security policies.
    #[must_use]
    pub fn new(sites: &Sites) -> Self {
        let everywhere = sources(sites.iter().map(|site| site.pattern.csp_source()));
        let own = sites.iter().filter(|site| !site.return_to.is_empty()).map(|site| {
            let listed = sources(site.return_to.iter().map(|pattern| pattern.csp_source()));
            (site.policy.site(), Policy::new(everywhere.as_ref(), listed))
        });
        let own = own.collect();
        Self { own, common: Policy::new(everywhere.as_ref(), Some(BTreeSet::new())) }
    }

    fn policy(&self, site: &Site) -> &Policy {
        self.own.get(&site.policy.site()).unwrap_or(&self.common)
    }

    /// To where a form of this site may be answered with a redirect.
    #[must_use]
    pub fn form_ends(&self, site: &Site) -> FormEnds {
        self.policy(site).ends
    }

    /// Puts the headers on an answer. `no-store`, unless the handler said how it may be stored.
    pub fn put_on(&self, response: &mut Response, here: &Here) {
        let policy = self.policy(&here.located.site).value.clone();
        put_fixed(response);
        let origin = &here.located.origin;
        if !here.located.site.is_https() && !origin.is_loopback() {
            // There browsers send no `Sec-Fetch-Site`, and with `no-referrer` they send
            // `Origin: null`: our own forms would look like another website's. This policy tells
            // the origin and no more.
            let policy = HeaderValue::from_static("strict-origin");
            response.headers_mut().insert(header::REFERRER_POLICY, policy);
        }
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

impl Policy {
    /// Names as much as there is room for: every site and what is listed, or what is listed, or
    /// neither.
    fn new(everywhere: Option<&BTreeSet<String>>, listed: Option<BTreeSet<String>>) -> Self {
        let named = |sources: &BTreeSet<String>, ends| Some(Self { value: policy(sources)?, ends });
        let nothing = || named(&BTreeSet::new(), FormEnds::Here);
        let policy = listed.and_then(|listed| {
            let all = everywhere.map(|sites| sites | &listed);
            let all = all.and_then(|all| named(&all, FormEnds::Everywhere));
            all.or_else(|| named(&listed, FormEnds::Listed))
        });
        let strictest = HeaderValue::from_static(STRICTEST);
        policy.or_else(nothing).unwrap_or(Self { value: strictest, ends: FormEnds::Here })
    }
}

/// The sources in order, each once; nothing if they alone are too many for a policy.
fn sources(all: impl Iterator<Item = String>) -> Option<BTreeSet<String>> {
    let (mut sources, mut length) = (BTreeSet::new(), 0);
    for source in all {
        let size = source.len();
        if sources.insert(source) {
            length += size + 1;
        }
        if length > LARGEST_POLICY {
            return None;
        }
    }
    Some(sources)
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

/// No inline script or style, nothing from elsewhere, forms for the site and for what is named. None if
/// that is too long.
fn policy(named: &BTreeSet<String>) -> Option<HeaderValue> {
    let named: String = named.iter().map(|source| format!(" {source}")).collect();
    let text = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self'; form-action 'self'{named}; frame-ancestors 'none'; base-uri 'none'",
    );
    HeaderValue::from_str(&text).ok().filter(|value| value.len() <= LARGEST_POLICY)
}
