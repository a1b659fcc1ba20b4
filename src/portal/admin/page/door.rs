//! Who may see the pages: a browser on this machine, or one whose user knows the token.
//!
//! A browser is what every website can make send requests, so this guard is another one than that of
//! the API. Names: without a token the request must have been sent to a loopback name, or to the
//! address that is configured, and with one to that or to any other address: a name that somebody else
//! may point here (DNS rebinding) is refused. Changes: posts alone, and only from a page of ours
//! (`Sec-Fetch-Site`, else `Origin`). Pages: without a token only to a browser that says that its user has
//! asked for them, or a page of ours. With a token it is typed once, for a cookie that no other website's
//! requests carry.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::keyring::LIFETIME;
use super::{Pages, read_form, value};
use crate::domain::client::ClientAddress;
use crate::domain::event::What;
use crate::domain::navigation::same_origin;
use crate::domain::origin::{Authority, Origin};
use crate::portal::admin::guard::client;
use crate::portal::cookies::ADMIN_COOKIE;
use crate::portal::security::put_strictest;
use crate::portal::visit::value_in;

/// Nothing from elsewhere, nothing inline, forms for these pages alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Where the token is typed.
const SIGN_IN: &str = "/sign-in";
/// What can be seen without it.
const ASSETS: &str = "/assets/";

/// The guard of all pages.
pub(super) async fn admit(
    State(pages): State<Arc<Pages>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match pages.refused(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let is_stored = response.headers().contains_key(header::CACHE_CONTROL);
    put_strictest(&mut response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Nobody else hears of these pages; and with `no-referrer`, browsers would leave out the origin of
    // our own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if !is_stored {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

impl Pages {
    /// The answer to whoever may not come in.
    fn refused(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let own = one(headers, header::HOST.as_str())
            .and_then(|host| Authority::parse(host).ok())
            .filter(|authority| self.caller.is_reached_as(authority));
        let Some(own) = own else {
            self.refuse(client(request), "an admin page was asked for under another name");
            return Some(self.views.notice(
                StatusCode::MISDIRECTED_REQUEST,
                "Not under this name",
                "These pages answer under the address of the admin listener, or under localhost: open \
                 them with an IP address in place of this name.",
            ));
        };
        if request.method() == Method::POST && !is_ours(headers, &own) {
            self.refuse(client(request), "another website has sent a form to an admin page");
            return Some(self.views.notice(
                StatusCode::FORBIDDEN,
                "Not sent from these pages",
                "The form did not come from here, so nothing was done. Go back and try again.",
            ));
        }
        let path = request.uri().path();
        if request.method() != Method::POST && !path.starts_with(ASSETS) && !self.is_for(headers) {
            self.refuse(
                client(request),
                "a program or another website has asked for an admin page",
            );
            return Some(self.views.notice(
                StatusCode::FORBIDDEN,
                "Only for you",
                "Without admin.token these pages are shown to a browser in which their address was \
                 typed, and to nobody else. Type it; a program uses the API.",
            ));
        }
        let is_open = path == SIGN_IN || path.starts_with(ASSETS);
        (!is_open && !self.is_known(headers)).then(|| to(SIGN_IN))
    }

    /// Whether a page is asked for by somebody at a browser. Without a token anything on this machine that
    /// can be made to fetch a URL would read it otherwise (SSRF): what fetches on behalf of others sets no
    /// `Sec-Fetch-Site`, and a page of another website cannot say these two.
    fn is_for(&self, headers: &HeaderMap) -> bool {
        self.caller.needs_token()
            || matches!(one(headers, "sec-fetch-site"), Some("same-origin" | "none"))
    }

    /// Tells the log and the record.
    fn refuse(&self, client: Option<ClientAddress>, why: &'static str) {
        tracing::warn!("{why}");
        self.caller.note_refused(client, why);
    }

    /// Whether this browser's user has shown the token, or needs none.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let shown = || value_in(headers, ADMIN_COOKIE).unwrap_or_default();
        !self.caller.needs_token() || self.keyring.opens(shown(), self.desk.gate.now())
    }
}

/// Whether a form was sent from a page of ours.
fn is_ours(headers: &HeaderMap, own: &Authority) -> bool {
    let bytes = |name: &str| one(headers, name).map(str::as_bytes);
    // A field that is there twice is none that could be read, and not the same as none.
    let is_odd = |name: &str| headers.contains_key(name) && one(headers, name).is_none();
    let (site, origin) = ("sec-fetch-site", header::ORIGIN.as_str());
    if is_odd(site) || is_odd(origin) {
        return false;
    }
    let own = Origin::parse(&format!("http://{own}"));
    own.is_ok_and(|own| same_origin(bytes(site), bytes(origin), &own))
}

/// The value of a header that is there exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()
}

/// `GET /sign-in`
pub(super) async fn ask(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    if pages.is_known(&headers) { to("/") } else { pages.views.sign_in(false) }
}

/// `POST /sign-in`: the token for a cookie.
pub(super) async fn enter(
    State(pages): State<Arc<Pages>>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let client = client.map(|Extension(client)| client);
    let form = match read_form(&headers, &body) {
        Ok(form) => form,
        Err(why) => return pages.sorry(&why),
    };
    let is_right = value(&form, "token").is_ok_and(|token| pages.caller.knows(token));
    if !is_right {
        pages.refuse(client, "a wrong token was typed at the admin pages");
        return pages.views.sign_in(true);
    }
    tracing::warn!("an operator has signed in at the admin pages");
    pages.caller.note(client, What::AdminSignedIn);
    let key = pages.keyring.issue(&pages.entropy, pages.desk.gate.now());
    with_cookie(to("/"), &key, cookie::time::Duration::try_from(LIFETIME).unwrap_or_default())
}

/// `POST /sign-out`
pub(super) async fn leave(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    pages.keyring.forget(value_in(&headers, ADMIN_COOKIE).unwrap_or_default());
    with_cookie(to(SIGN_IN), "", cookie::time::Duration::ZERO)
}

/// Not `Secure`: the admin listener has no TLS.
fn with_cookie(mut response: Response, key: &str, age: cookie::time::Duration) -> Response {
    let cookie = Cookie::build((ADMIN_COOKIE, key))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(age);
    if let Ok(mut header) = HeaderValue::from_str(&cookie.to_string()) {
        header.set_sensitive(true);
        response.headers_mut().insert(header::SET_COOKIE, header);
    }
    response
}

fn to(path: &'static str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
