//! The pages, the mails and the JSON API: an axum router that is called in-process, so that it is
//! tested without a socket and without Pingora.
//!
//! [`Portal::answer`] is the one door. It finds the handler, turns every [`Refusal`] into a page or
//! a problem document, and puts the security headers on whatever comes out.

pub mod admin;
pub mod api;
pub mod assertion;
pub mod brand;
pub mod check;
pub mod cookies;
pub mod cors;
pub mod courier;
pub mod demo_app;
pub mod denial;
pub mod form;
pub mod hooks;
pub mod identity;
pub mod inbox;
pub mod language;
pub mod link;
pub mod looks;
pub mod mail;
pub mod onward;
pub mod pages;
pub mod password;
pub mod person;
pub mod phrases;
pub mod refusal;
pub mod security;
pub mod sign_in;
pub mod visit;
pub mod waiting;
pub mod welcome;
pub mod who;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use tower::ServiceExt;

use crate::adapters::yielding::Pace;
use crate::domain::client::TrustedProxies;
use crate::domain::policy::Groups;
use crate::domain::site::{Site, Sites};
use crate::gate::Gate;
use api::sessions;
use assertion::{Assertions, KEY_SET_AGE};
use courier::health::MailHealth;
use looks::Looks;
use pages::Look;
use pages::assets::Asset;
use refusal::{Audience, Refusal};
use security::SecurityHeaders;
use visit::{Here, Visit};

/// What the handlers share.
#[derive(Debug)]
pub struct Desk {
    /// The use cases. They outlive a configuration.
    pub gate: Arc<Gate>,
    /// The pages of every site.
    pub looks: Looks,
    /// What applications are told, and the public keys that prove it.
    pub assertions: Assertions,
    /// The sites.
    pub sites: Arc<Sites>,
    /// Who is in which group.
    pub groups: Arc<Groups>,
    /// The reserved path, without a slash at its end.
    pub prefix: String,
    /// Whose forwarding headers are believed.
    pub trusted: TrustedProxies,
    /// Whether pages offer to open well-known web mails.
    pub mail_buttons: bool,
    /// Whether the form offers to remember the address on the device.
    pub remember_address: bool,
    /// Whether mails leave; said to everybody alike.
    pub mail_health: Arc<MailHealth>,
    /// How requests go on among each other.
    pub pace: Pace,
}

impl Desk {
    /// The pages for a request: those of its site, if it has one, in the visitor's language.
    #[must_use]
    pub fn look(
        &self,
        site: Option<&Site>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        reference: &Arc<str>,
    ) -> Look {
        let look = self.looks.look(site, method, uri, headers, &self.prefix);
        Look { reference: Arc::clone(reference), at: self.gate.now(), ..look }
    }
}

/// The pages and the API behind one door.
#[derive(Clone, Debug)]
pub struct Portal {
    desk: Arc<Desk>,
    router: Router,
    security: SecurityHeaders,
}

impl Portal {
    /// Builds the router.
    #[must_use]
    pub fn new(desk: Arc<Desk>) -> Self {
        let security = SecurityHeaders::new(&desk.sites);
        Self { router: router(&desk), security, desk }
    }

    /// What the handlers share.
    #[must_use]
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Answers a request below the reserved path. The body was read and capped by the caller.
    pub async fn answer(&self, here: Here, request: Request<Body>) -> Response {
        let audience = Audience::of(request.uri().path(), request.headers(), &self.desk.prefix);
        let head_only = request.method() == Method::HEAD;
        let (head, body) = request.into_parts();
        let look = self.look(Some(&here.located.site), &head, &here.reference);
        let mut request = Request::from_parts(head, body);
        request.extensions_mut().insert(here.clone());
        request.extensions_mut().insert(look.clone());
        request.extensions_mut().insert(self.security.form_ends(&here.located.site));
        let Ok(mut response) = self.router.clone().oneshot(request).await;
        if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
            let cookies = std::mem::take(response.headers_mut());
            response = self.refuse(&here, audience, &look, &refusal);
            for value in cookies.get_all(header::SET_COOKIE) {
                response.headers_mut().append(header::SET_COOKIE, value.clone());
            }
        }
        self.security.put_on(&mut response, &here);
        if head_only {
            *response.body_mut() = Body::empty();
        }
        response
    }

    /// The pages for a request: those of its site, if it has one, in the visitor's language.
    #[must_use]
    pub fn look(&self, site: Option<&Site>, head: &Parts, reference: &Arc<str>) -> Look {
        self.desk.look(site, &head.method, &head.uri, &head.headers, reference)
    }

    /// The answer to a request that is refused before or by a handler.
    #[must_use]
    pub fn refuse(
        &self,
        here: &Here,
        audience: Audience,
        look: &Look,
        refusal: &Refusal,
    ) -> Response {
        refusal.log(here);
        let mut response = refusal.render(&self.desk, here, audience, look);
        self.security.put_on(&mut response, here);
        response
    }

    /// Whether this is asked for along with requests of others: by a proxy that asks before each of
    /// its own (forward-auth), by applications, and by pages for their files. That is as quick as it is
    /// frequent, and does not stand in line with those who sign in.
    #[must_use]
    pub fn is_asked_along(&self, path: &str) -> bool {
        path.strip_prefix(&*self.desk.prefix).is_some_and(is_asked_along)
    }

    /// A file of our pages at a host that is none of ours: the page that says so looks like the
    /// others, and the files are the same everywhere and nobody's secret.
    #[must_use]
    pub fn asset_anywhere(&self, path: &str) -> Option<Response> {
        let name = path.strip_prefix(&*self.desk.prefix)?.strip_prefix("/assets/")?;
        let mut response = asset_response(self.desk.looks.asset(name)?);
        security::put_strictest(&mut response);
        Some(response)
    }

    /// Puts the security headers of our own answers on one that was made elsewhere.
    pub fn secure(&self, here: &Here, response: &mut Response) {
        self.security.put_on(response, here);
    }
}

fn is_asked_along(page: &str) -> bool {
    matches!(page, "/check" | "/jwks.json")
        || page.starts_with("/check/")
        || page.starts_with("/assets/")
}

/// The whole surface on one screen. `GET` routes answer `HEAD`, too, and change nothing.
fn router(desk: &Arc<Desk>) -> Router {
    let routes = Router::new()
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/password", get(password::form).post(password::submit))
        .route("/check-mail", get(waiting::page))
        .route("/wait", get(waiting::state))
        .route("/resend", post(waiting::resend))
        .route("/code", post(waiting::code))
        .route("/link/{token}", get(link::open).post(link::confirm))
        .route("/report/{token}", get(link::report).post(link::confirm_report))
        .route("/signed-in", get(onward::page))
        .route("/sign-out", get(person::sign_out).post(person::confirm_sign_out))
        .route("/welcome", get(welcome::form).post(welcome::submit))
        .route("/language", post(language::choose))
        .route("/account", get(person::account).post(person::end_sessions))
        .route("/api/sign-in", get(api::state).post(api::sign_in))
        .route("/api/resend", post(api::resend))
        .route("/api/password", post(api::ask_password))
        .route("/api/verify", post(api::verify))
        .route("/api/session", get(sessions::session).delete(sessions::end_session))
        .route("/api/sessions", get(sessions::list).delete(sessions::end_others))
        .route("/api/sessions/{handle}", delete(sessions::end_one))
        .route("/check", get(check::check))
        .route("/check/", any(check::check_repeated))
        .route("/check/{*target}", any(check::check_repeated))
        .route("/jwks.json", get(jwks))
        .route("/assets/{name}", get(asset))
        .method_not_allowed_fallback(|| async { Refusal::MethodNotAllowed })
        .fallback(|| async { Refusal::NotFound });
    // Matched below the prefix exactly as received: another spelling of one of our paths is not
    // our page, and what lies under the prefix is never proxied.
    Router::new()
        .nest(&desk.prefix, routes)
        .fallback(|| async { Refusal::NotFound })
        .with_state(Arc::clone(desk))
}

async fn jwks(State(desk): State<Arc<Desk>>, visit: Visit) -> Result<Response, Refusal> {
    let algorithm = visit.here.located.site.disclosure.assertion().algorithm;
    let keys = desk.assertions.jwks(algorithm, desk.gate.now()).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/jwk-set+json".to_owned()),
        (header::CACHE_CONTROL, format!("public, max-age={}", KEY_SET_AGE.as_secs())),
    ];
    Ok((headers, keys).into_response())
}

async fn asset(
    State(desk): State<Arc<Desk>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let asset = desk.looks.asset(&name).ok_or(Refusal::NotFound)?;
    Ok(asset_response(asset))
}

fn asset_response(asset: &Asset) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (StatusCode::OK, headers, asset.bytes.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::is_asked_along;

    #[test]
    fn only_what_others_ask_for_with_each_request_stands_in_no_line() {
        for page in ["/check", "/check/", "/check/a/b", "/jwks.json", "/assets/page.css"] {
            assert!(is_asked_along(page), "{page}");
        }
        for page in ["", "/", "/sign-in", "/check-mail", "/checks", "/link/x", "/api/session"] {
            assert!(!is_asked_along(page), "{page}");
        }
    }
}
