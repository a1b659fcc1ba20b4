//! Forward-auth: another proxy asks whether a request may pass.
//!
//! Only a peer in `trusted_proxies` may ask, with exactly one each of `X-Forwarded-Method`,
//! `-Proto`, `-Host` and `-Uri`. Whatever is missing, doubled or malformed is 400: a check that
//! goes on with an empty value passes everything (CVE-2021-32637, GHSA-xg2q-62g2-cvcm). A 2xx
//! carries every identity header, empty when nobody is signed in, so that the other proxy
//! overwrites what the client sent (CVE-2026-30851).

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::Desk;
use super::assertion::{Field, Visitor};
use super::cookies::CookieNames;
use super::refusal::{Refusal, problem};
use super::sign_in::see_other;
use super::visit::{Here, Visit, token_in};
use crate::domain::navigation::{RequestFacts, RequestKind};
use crate::domain::path::{RequestTarget, Under};
use crate::domain::policy::{Decision, Unauthenticated};
use crate::domain::return_url::ReturnUrl;
use crate::domain::service_token::{Presented, presented};
use crate::domain::site::Located;
use crate::domain::token::Session;

/// What the other proxy asks about.
struct Question {
    method: String,
    located: Located,
    target: RequestTarget,
}

/// `GET /check`
pub async fn check(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if !desk.trusted.contains(visit.here.peer) {
        return Err(Refusal::NotSignedIn);
    }
    let question = question(&desk, &headers)?;
    if is_foreign_socket(&question, &headers) {
        return Err(Refusal::CrossSite);
    }
    // The other proxy would pass the token on to the application, so it counts here for nothing.
    let fields = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    if !matches!(presented(fields, &desk.gate.keys().token), Presented::Nothing) {
        let words = "Service tokens are not accepted here.";
        return Ok(problem(StatusCode::UNAUTHORIZED, words, &visit.here.reference, None));
    }
    let site = &question.located.site;
    let names = CookieNames::new(site.is_https(), site.session_domain.clone());
    let token = token_in::<Session>(&headers, names.session, &desk.gate.keys().token);
    let session = match &token {
        Some(token) => {
            let realm = &question.located.realm;
            desk.gate.authenticate(token, realm, site.terms.session.idle).await?
        }
        None => None,
    };
    let identity = match &session {
        Some(session) => Some(desk.identity(session, site.terms.session.idle).await?),
        None => None,
    };
    let now = desk.gate.now();
    match site.policy.decide(&question.method, &question.target, identity.as_ref(), now) {
        Decision::Pass(permit) => {
            let fields = match (&token, permit.identity()) {
                (Some(token), Some(identity)) => {
                    let visitor = Visitor::Person { session: token.digest(), identity };
                    let told = desk.assertions.introduce(&question.located, Some(visitor), now);
                    told.await?.identity
                }
                _ => desk.assertions.nobody(site)?,
            };
            Ok(passed(&fields))
        }
        Decision::Challenge { unauthenticated, .. } => {
            Ok(challenged(&desk, &question, &headers, unauthenticated, &visit.here))
        }
        Decision::Forbid { .. } => Ok(problem(
            StatusCode::FORBIDDEN,
            "This person may not open this page.",
            &visit.here.reference,
            None,
        )),
    }
}

fn question(desk: &Desk, headers: &HeaderMap) -> Result<Question, Refusal> {
    let refused = Refusal::BadRequest("a check without one valid X-Forwarded-* of each kind");
    let one = |name: &str| -> Option<&str> {
        let mut values = headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok().filter(|text| !text.is_empty() && !is_list(text))
    };
    // Another style of the same question beside this one: nobody knows which is true.
    let other_styles =
        ["x-original-url", "x-original-uri", "x-original-method", "forwarded", "x-rewrite-url"];
    if other_styles.iter().any(|name| headers.contains_key(*name)) {
        return Err(refused);
    }
    let parts = (
        one("x-forwarded-method"),
        one("x-forwarded-proto"),
        one("x-forwarded-host"),
        one("x-forwarded-uri"),
    );
    let (Some(method), Some(proto), Some(host), Some(uri)) = parts else { return Err(refused) };
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) || !matches!(proto, "http" | "https") {
        return Err(refused);
    }
    let located = desk.sites.find(host).ok_or(Refusal::BadRequest("a check for another host"))?;
    if located.origin.scheme().as_str() != proto {
        return Err(refused);
    }
    let target = RequestTarget::parse(uri.as_bytes())
        .map_err(|_| Refusal::BadRequest("a check for a damaged request target"))?;
    let reserved = format!("{}/", desk.prefix);
    if target.under(&reserved) != Under::No {
        return Err(Refusal::BadRequest("a check for a page of the sign-in itself"));
    }
    Ok(Question { method: method.to_owned(), located, target })
}

/// Whether a proxy on the way has joined two fields to one. A comma alone is none: it is an
/// ordinary character of paths and queries (RFC 3986, 3.3), and of no other value here.
fn is_list(text: &str) -> bool {
    text.contains(' ') || text.contains(",/") || (text.contains(',') && !text.starts_with('/'))
}

fn kind(question: &Question, headers: &HeaderMap) -> RequestKind {
    let field = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    RequestKind::of(&RequestFacts {
        method: &question.method,
        sec_fetch_mode: field("sec-fetch-mode"),
        sec_fetch_dest: field("sec-fetch-dest"),
        x_requested_with: field("x-requested-with"),
        accept: field(header::ACCEPT.as_str()),
        content_type: field(header::CONTENT_TYPE.as_str()),
        upgrade: field(header::UPGRADE.as_str()),
    })
}

/// Whether a page of another origin opens a WebSocket: a page on a sibling sub-domain does so with
/// the visitor's cookie, and no same-origin policy protects the socket. Told only where the other
/// proxy repeats `Upgrade` and `Origin`.
fn is_foreign_socket(question: &Question, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    kind(question, headers) == RequestKind::WebSocket
        && origin != Some(&*question.located.origin_text)
}

fn passed(fields: &[Field]) -> Response {
    let mut response = StatusCode::OK.into_response();
    for Field { name, value } in fields {
        if let Ok(name) = HeaderName::from_bytes(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// A navigation is sent to the form; everything else gets 401. `sign_in_url` says where in both.
fn challenged(
    desk: &Desk,
    question: &Question,
    headers: &HeaderMap,
    unauthenticated: Unauthenticated,
    here: &Here,
) -> Response {
    let Located { site, origin, .. } = &question.located;
    let targets = desk.sites.return_targets(site, origin, &desk.prefix);
    let back = ReturnUrl::of_request(question.target.as_str(), &targets);
    let encoded: String = url::form_urlencoded::byte_serialize(back.as_str().as_bytes()).collect();
    let url = format!("{origin}{}/sign-in?return_to={encoded}", desk.prefix);
    let redirects = match unauthenticated {
        Unauthenticated::ByKind => kind(question, headers) == RequestKind::Navigation,
        Unauthenticated::Redirect => true,
        Unauthenticated::Status => false,
    };
    if redirects {
        return see_other(&url);
    }
    let words = "Nobody is signed in.";
    problem(StatusCode::UNAUTHORIZED, words, &here.reference, Some(&url))
}
