//! Who is signed in, and a person's sessions.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::document;
use crate::domain::session::SessionHandle;
use crate::gate::sessions::OwnSession;
use crate::portal::Desk;
use crate::portal::pages::clock::rfc3339;
use crate::portal::person::{forget, own_sessions, signed_in};
use crate::portal::refusal::Refusal;
use crate::portal::visit::Visit;

/// `GET /api/session`
pub async fn session(visit: Visit) -> Result<Response, Refusal> {
    let session = visit.session().await?.ok_or(Refusal::NotSignedIn)?;
    let identity = visit.identity(&session).await?;
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

/// `DELETE /api/session`: signs out. 204 without a session, too: then it is so already.
pub async fn end_session(visit: Visit) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    if let Some(token) = &visit.session {
        visit.gate().sign_out(token).await?;
    }
    Ok(signed_out(&visit))
}

/// `GET /api/sessions`: all of this person, at every site.
pub async fn list(visit: Visit) -> Result<Response, Refusal> {
    let (token, session) = signed_in(&visit).await?.ok_or(Refusal::NotSignedIn)?;
    let sessions: Vec<Value> =
        own_sessions(&visit, token, &session).await?.iter().map(entry).collect();
    Ok(document(StatusCode::OK, &json!({ "sessions": sessions })))
}

fn entry(own: &OwnSession) -> Value {
    let OwnSession { handle, session, this } = own;
    json!({
        "handle": handle.to_string(),
        "browser": session.browser(),
        "host": session.host(),
        "network": session.network,
        "signed_in_at": rfc3339(session.signed_in_at),
        "last_seen": rfc3339(session.last_seen),
        "this": this,
    })
}

/// `DELETE /api/sessions`: ends all but the one that asks.
pub async fn end_others(visit: Visit) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let (token, session) = signed_in(&visit).await?.ok_or(Refusal::NotSignedIn)?;
    visit.gate().end_others(&session.email, token).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/sessions/{handle}`: 204 for a handle that nobody has, and for somebody else's, too.
pub async fn end_one(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(handle): Path<String>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let (token, session) = signed_in(&visit).await?.ok_or(Refusal::NotSignedIn)?;
    let Ok(handle) = handle.parse::<SessionHandle>() else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    if handle == desk.gate.keys().subject.handle(token.digest()) {
        visit.gate().sign_out(token).await?;
        return Ok(signed_out(&visit));
    }
    visit.gate().end_own(&session.email, handle).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn signed_out(visit: &Visit) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    forget(visit, &mut response);
    response
}
