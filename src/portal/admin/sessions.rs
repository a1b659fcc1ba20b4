//! Signed-in browsers of a person.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, document};
use crate::domain::session::{Session, SessionHandle};
use crate::domain::token::{self, TokenDigest};
use crate::portal::pages::clock::rfc3339;
use crate::ports::SessionPlace;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPerson {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndDocument {
    email: String,
    /// One of the list; all without it.
    #[serde(default)]
    handle: Option<String>,
}

/// `POST /api/sessions/list`
pub(super) async fn list(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: OfPerson = read(&headers, &body)?;
    let found =
        desk.gate.sessions_for_operator(&address(&said.email)?, desk.facts.now().idle).await?;
    let sessions: Vec<Value> = found.iter().map(entry).collect();
    Ok(document(StatusCode::OK, &json!({ "sessions": sessions })))
}

/// `GET /api/sessions?after=`: a page of all, and `next` while there may be more.
pub(super) async fn all(
    State(desk): State<Arc<AdminDesk>>,
    RawQuery(query): RawQuery,
) -> Result<Response, AdminProblem> {
    let after = match query.as_deref().unwrap_or_default() {
        "" => None,
        query => Some(place(query).ok_or_else(|| {
            AdminProblem::Value("`after` is not the `next` of another answer.".to_owned())
        })?),
    };
    let (found, next) = desk.gate.all_sessions(after, desk.facts.now().idle).await?;
    let sessions = found.iter().map(|it| {
        let mut entry = entry(it);
        entry["email"] = it.1.email.spelling().into();
        entry
    });
    let sessions: Vec<Value> = sessions.collect();
    Ok(document(StatusCode::OK, &json!({ "sessions": sessions, "next": next.map(hex) })))
}

/// The place in a query, as [`hex`] writes it.
pub(super) fn place(query: &str) -> Option<SessionPlace> {
    let digest = TokenDigest::<token::Session>::from_hex(query.strip_prefix("after=")?)?;
    Some(SessionPlace(*digest.as_bytes()))
}

/// A place for a query.
pub(super) fn hex(place: SessionPlace) -> String {
    TokenDigest::<token::Session>::from_bytes(place.0).to_hex()
}

pub(super) fn entry((handle, session): &(SessionHandle, Session)) -> Value {
    json!({
        "handle": handle.to_string(),
        "browser": session.browser(),
        "host": session.host(),
        "network": session.network,
        "signed_in_at": rfc3339(session.signed_in_at),
        "last_seen": rfc3339(session.last_seen),
        "expires_at": rfc3339(session.expires_at),
    })
}

/// `POST /api/sessions/end`: `ended` says how many there were.
pub(super) async fn end(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: EndDocument = read(&headers, &body)?;
    let email = address(&said.email)?;
    let there = desk.gate.sessions_for_operator(&email, desk.facts.now().idle).await?;
    let ended = match &said.handle {
        None => {
            desk.gate.end_all(&email).await?;
            there.len()
        }
        Some(text) => {
            let handle: SessionHandle = text
                .parse()
                .map_err(|error| AdminProblem::Value(format!("`handle` is {error}.")))?;
            if !there.iter().any(|(it, _)| *it == handle) {
                return Err(AdminProblem::Missing("This person has no such session."));
            }
            desk.gate.end_own(&email, handle).await?;
            1
        }
    };
    tracing::warn!(ended, "sessions were ended by an operator");
    Ok(document(StatusCode::OK, &json!({ "ended": ended })))
}
