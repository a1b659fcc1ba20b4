//! Forward-auth: another proxy asks whether a request may pass.
//!
//! Only a peer in `trusted_proxies` may ask, and only in one of the ways of [`question`]. A 2xx
//! carries every identity header, empty when nobody is signed in, so that the other proxy
//! overwrites what the client sent (CVE-2026-30851). Whatever goes wrong is no 2xx. Where a question
//! does not tell the client's address, rules with networks are judged as [`crate::domain::policy`]
//! says.
//!
//! The question tells the host of its site, so the host that it is sent to need not: some proxies send the
//! name of linkgate's own address there; see [`site_host`].

pub mod question;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::Desk;
use super::assertion::{Field, Visitor};
use super::cookies::without_ours;
use super::denial::Denied;
use super::refusal::{Refusal, problem};
use super::visit::{Here, Visit};
use super::who::{service_token, visitor};
use crate::domain::policy::{Asked, Decision};
use crate::domain::service_token::Presented;
use question::Question;

/// `GET /check`, for proxies that describe the request in header fields.
pub async fn check(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    require_trusted(&desk, &visit.here)?;
    answer(&desk, &visit, &headers, Question::told(&visit, &headers)?).await
}

/// Any method, `/check/…`, for proxies that repeat the request itself below this path.
pub async fn check_repeated(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    require_trusted(&desk, &visit.here)?;
    let question = Question::repeated(&visit, method, &uri, &headers)?;
    answer(&desk, &visit, &headers, question).await
}

/// The host that a question is about, as far as it can be told without judging the question.
/// Nothing unless it is one, and of a peer that may ask.
#[must_use]
pub fn site_host<'a>(
    desk: &Desk,
    peer: IpAddr,
    path: &str,
    headers: &'a HeaderMap,
) -> Option<&'a str> {
    let is_question = path.strip_prefix(&*desk.prefix) == Some("/check");
    if is_question && desk.trusted.contains(peer) { question::host(headers) } else { None }
}

fn require_trusted(desk: &Desk, here: &Here) -> Result<(), Refusal> {
    if desk.trusted.contains(here.peer) { Ok(()) } else { Err(Refusal::NotSignedIn) }
}

async fn answer(
    desk: &Desk,
    visit: &Visit,
    headers: &HeaderMap,
    question: Question,
) -> Result<Response, Refusal> {
    if question.is_foreign_socket(headers) {
        return Err(Refusal::CrossSite);
    }
    // The other proxy would pass the token on to the application, so it counts here for nothing.
    if !matches!(service_token(desk, headers), Presented::Nothing) {
        let words = "Service tokens are not accepted here.";
        return Ok(problem(StatusCode::UNAUTHORIZED, words, &visit.here.reference, None));
    }
    let here = Here { located: question.located.clone(), ..visit.here.clone() };
    let site = &here.located.site;
    let who = visitor(desk, headers, &here.located).await?;
    let now = desk.gate.now();
    let (method, target) = (&question.method, &question.target);
    let asked = Asked {
        host: here.located.origin.host(),
        method: method.as_str(),
        target,
        client: question.client,
        visitor: who.person().into(),
        now,
    };
    match site.policy.decide(asked) {
        Decision::Pass(permit) => {
            let told = match (who.session(), permit.identity()) {
                (Some((session, known)), Some(identity)) => {
                    let person = Visitor::Person { session, known: Some(known), identity };
                    desk.assertions.introduce(&here.located, Some(person), now).await?.identity
                }
                (None, _) | (_, None) => desk.assertions.nobody(site)?,
            };
            Ok(passed(headers, told.fields()))
        }
        decision => {
            let denied = Denied {
                method,
                target,
                headers,
                kind: question.kind,
                who: &who,
                through: question.through,
            };
            Ok(denied.answer(desk, &here, &decision))
        }
    }
}

/// 200 with every header that tells who is there: empty when nobody is.
///
/// And with the visitor's cookies but ours, under the name under which the application gets cookies:
/// who copies that header, too, keeps the session to itself.
fn passed(asked: &HeaderMap, fields: impl Iterator<Item = Field>) -> Response {
    let mut rest = BytesMut::new();
    without_ours(asked.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes), &mut rest);
    let rest = HeaderValue::from_maybe_shared(rest.freeze());
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    for Field { name, value } in fields {
        if let Ok(name) = HeaderName::from_bytes(&name) {
            headers.append(name, value);
        }
    }
    headers.insert(header::COOKIE, rest.unwrap_or(HeaderValue::from_static("")));
    response
}
