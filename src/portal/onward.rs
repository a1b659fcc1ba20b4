//! From a sign-in to wherever it leads: with a redirect, or by way of a page of our own.
//!
//! Chromium and Safari hold every redirect that answers a form against the page's `form-action`.
//! Ours are listed there, as far as there is room ([`FormEnds`]), but not those that the application
//! makes after them: one that sends its visitors on to another origin, its own sign-on for instance,
//! would leave them on our page without a word. So a form that a person has sent is answered with a
//! redirect to a page of our own, which leads on by itself; what it leads to answers no form any
//! more. Nor does a browser start an application with a scheme of its own where nobody pressed
//! anything, after a click in a mail program for instance: there the same page has something to
//! press.
//!
//! That it is a person in a browser is what `Sec-Fetch-User` says (W3C Fetch Metadata, 2.4). Whoever
//! sends none, a program or a browser on a site without TLS, gets the redirect alone where
//! `form-action` names its end, and goes by the same page where there was no room for it: nothing
//! tells that this is no browser.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};

use super::pages::Page;
use super::pages::session::SignedIn;
use super::refusal::Refusal;
use super::security::FormEnds;
use super::sign_in::see_other;
use super::visit::Visit;
use crate::domain::return_url::ReturnUrl;

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Where an answer to no form sends somebody.
#[must_use]
pub fn straight(visit: &Visit, return_url: &ReturnUrl) -> String {
    if visit.is_person { by_script(visit, return_url) } else { return_url.as_path_or_url().into() }
}

/// Where our script goes by itself, when nobody has pressed anything.
#[must_use]
pub fn by_script(visit: &Visit, return_url: &ReturnUrl) -> String {
    match return_url.origin(visit.origin()) {
        Some(_) => return_url.as_path_or_url().to_owned(),
        None => with_return_to(visit, "signed-in", return_url.as_str()),
    }
}

/// Where the answer to a form sends somebody, for a return URL from the store; it is checked again.
#[must_use]
pub fn after_form(visit: &Visit, return_url: &str) -> String {
    let return_url = visit.return_url(return_url);
    if visit.is_person || !is_named(visit, &return_url) {
        with_return_to(visit, "signed-in", return_url.as_str())
    } else {
        return_url.as_path_or_url().to_owned()
    }
}

/// Whether `form-action` lets a browser go there after a form.
fn is_named(visit: &Visit, return_url: &ReturnUrl) -> bool {
    let is_here = return_url.origin(visit.origin()) == Some(visit.origin());
    is_here
        || match visit.form_ends {
            FormEnds::Everywhere => true,
            FormEnds::Listed => return_url.is_one_of(&visit.site().return_to),
            FormEnds::Here => false,
        }
}

/// `GET /signed-in?return_to=`: leads on at once. The link on it is for browsers that do not, and for
/// applications with a scheme of their own, which a browser may start only when somebody presses.
pub async fn page(visit: Visit) -> Result<Response, Refusal> {
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    if visit.session().await?.is_none() {
        return Ok(see_other(&with_return_to(&visit, "sign-in", return_url.as_str())));
    }
    let location = return_url.as_path_or_url();
    let host = visit.host();
    let destination = visit.destination(&return_url);
    let page = SignedIn { site: visit.page_site(&host), destination: &destination, location };
    let mut response = page.render(&visit.look).into_response();
    // A header, so that no template in place of ours can lose it. A return URL is printable ASCII and
    // begins with a slash or a scheme, not with a quote: all of it is read as the address.
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={location}")) {
        response.headers_mut().insert(REFRESH, value);
    }
    Ok(response)
}

/// A page of ours that leads on to a return URL.
#[must_use]
pub fn with_return_to(visit: &Visit, page: &str, return_url: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(return_url.as_bytes()).collect();
    format!("{}/{page}?return_to={encoded}", visit.desk.prefix)
}
