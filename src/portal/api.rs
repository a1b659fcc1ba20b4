//! The JSON API: what the pages do, for programs. Errors are problem documents (RFC 9457).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use super::form::Document;
use super::link::session_cookie;
use super::pages::clock::rfc3339;
use super::refusal::Refusal;
use super::sign_in::append;
use super::visit::Visit;
use crate::domain::code::Code;
use crate::domain::email::EmailAddress;
use crate::domain::token::{Link, Token};
use crate::gate::redeem::{CodeRedeemed, Opened, Redeemed, SignedIn};

/// The body of `POST /api/sign-in`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskDocument {
    email: String,
    #[serde(default)]
    return_to: String,
}

/// The body of `POST /api/verify`: a token or a code. With a token in a browser that did not ask,
/// the address confirms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyDocument {
    token: Option<String>,
    code: Option<String>,
    email: Option<String>,
}

/// `POST /api/sign-in`: 202, the same for every address that is one.
pub async fn sign_in(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    Document(ask): Document<AskDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let email = EmailAddress::parse_typed(&ask.email)
        .map_err(|_| Refusal::Unprocessable("The member `email` is not one e-mail address."))?;
    let return_url = visit.return_url(&ask.return_to);
    let asker = visit.asker();
    let admits = visit.admits();
    let asked =
        desk.gate.request_link(visit.place(&admits), asker, &email, return_url.as_str()).await?;
    let expires_in = asked.attempt.expires_at.since(desk.gate.now()).as_secs();
    let mut response = document(StatusCode::ACCEPTED, &json!({ "expires_in": expires_in }));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    Ok(response)
}

/// `POST /api/verify`
pub async fn verify(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Document(verify): Document<VerifyDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let signed_in = match (&verify.token, &verify.code) {
        (Some(token), None) => by_token(&desk, &visit, token, verify.email.as_deref()).await?,
        (None, Some(code)) => by_code(&desk, &visit, code).await?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Refusal::Unprocessable("Exactly one of `token` and `code` is needed."));
        }
    };
    let return_url = visit.return_url(&signed_in.record.attempt.return_url);
    let mut response = document(
        StatusCode::OK,
        &json!({
            "email": signed_in.session.email.identity(),
            "expires_at": rfc3339(signed_in.session.expires_at),
            "return_to": return_url.as_str(),
        }),
    );
    append(&mut response, session_cookie(&visit, &signed_in));
    append(&mut response, visit.cookies.set_device(&signed_in.device.reveal()));
    Ok(response)
}

const SPENT: Refusal = Refusal::Gone("The link or code works no more.");

async fn by_token(
    desk: &Desk,
    visit: &Visit,
    text: &str,
    email: Option<&str>,
) -> Result<Box<SignedIn>, Refusal> {
    let link = Token::<Link>::parse(&desk.gate.keys().token, text)
        .map_err(|_| Refusal::Unprocessable("The member `token` is not a link token."))?;
    let admits = visit.admits();
    let place = visit.place(&admits);
    match desk.gate.open_link(place, &link, visit.caller()).await? {
        Opened::SignedIn(signed_in) => return Ok(signed_in),
        Opened::Elsewhere(_) => {}
        Opened::AlreadyIn(_) | Opened::Gone(..) | Opened::Unknown => return Err(SPENT),
    }
    let typed = email.and_then(|text| EmailAddress::parse_typed(text).ok());
    match desk.gate.redeem_elsewhere(place, &link, typed.as_ref(), visit.caller()).await? {
        Redeemed::SignedIn(signed_in) => Ok(signed_in),
        Redeemed::WrongAddress(_) => Err(Refusal::Unprocessable(
            "This client did not ask for the mail: the member `email` must repeat the address.",
        )),
        Redeemed::TooMany { until } => {
            Err(Refusal::TooMany { until, mail_pending: false, return_to: "/".into() })
        }
        Redeemed::CodeOnly(_) => Err(Refusal::Unprocessable(
            "This client did not ask for the mail: only the one that did can sign in.",
        )),
        Redeemed::Gone(..) | Redeemed::Unknown => Err(SPENT),
    }
}

async fn by_code(desk: &Desk, visit: &Visit, text: &str) -> Result<Box<SignedIn>, Refusal> {
    let code = Code::parse(text).ok();
    let admits = visit.admits();
    let place = visit.place(&admits);
    match desk.gate.redeem_code(place, code.as_ref(), visit.caller()).await? {
        CodeRedeemed::SignedIn(signed_in) => Ok(signed_in),
        CodeRedeemed::Wrong { .. } => Err(Refusal::Unprocessable("The code is not right.")),
        CodeRedeemed::UsedUp(record) => Err(Refusal::TooMany {
            until: record.attempt.expires_at,
            mail_pending: true,
            return_to: "/".into(),
        }),
        CodeRedeemed::Gone(..) => Err(SPENT),
        CodeRedeemed::NoAttempt => {
            Err(Refusal::Unprocessable("This client has asked for no mail."))
        }
    }
}

/// `GET /api/session`
pub async fn session(visit: Visit) -> Result<Response, Refusal> {
    let session = visit.session().await?.ok_or(Refusal::NotSignedIn)?;
    let identity = visit.identity(&session);
    let groups: Vec<&str> = identity.groups.iter().map(|group| group.as_str()).collect();
    Ok(document(
        StatusCode::OK,
        &json!({
            "email": session.email.identity(),
            "groups": groups,
            "signed_in_at": rfc3339(session.signed_in_at),
            "expires_at": rfc3339(session.expires_at),
        }),
    ))
}

/// `DELETE /api/session`
pub async fn end_session(State(desk): State<Arc<Desk>>, visit: Visit) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    if let Some(token) = &visit.session {
        desk.gate.sign_out(token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    super::person::forget(&visit, &mut response);
    Ok(response)
}

fn document(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
