//! The tokens of scripts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, document};
use crate::domain::path::{PathPattern, PatternError};
use crate::domain::policy::MethodSet;
use crate::domain::service_token::{LONGEST_LIFETIME, MOST_PATHS, PREFIX, ServiceToken, TokenName};
use crate::domain::time::{Span, UnixMillis};
use crate::portal::pages::clock::rfc3339;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddDocument {
    name: String,
    site: String,
    paths: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    email: Option<String>,
    expires_in: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NameDocument {
    name: String,
}

/// `GET /api/tokens`
pub(super) async fn list(State(desk): State<Arc<AdminDesk>>) -> Result<Response, AdminProblem> {
    let now = desk.gate.now();
    let tokens = desk.gate.tokens().await?;
    let tokens: Vec<Value> = tokens.iter().map(|token| entry(token, now)).collect();
    Ok(document(StatusCode::OK, &json!({ "tokens": tokens })))
}

/// `POST /api/tokens`: 201 with the token itself, this once.
pub(super) async fn add(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let wish = wish(&desk, &read(&headers, &body)?)?;
    let Some(token) = desk.gate.issue_token(&wish).await? else {
        return Err(AdminProblem::Taken("A token of this name is there: revoke it first."));
    };
    tracing::warn!(name = wish.name.as_str(), site = wish.site, "a service token was made");
    let secret = zeroize::Zeroizing::new(format!("{PREFIX}{}", *token.reveal()));
    let mut answer = entry(&wish, desk.gate.now());
    answer["token"] = secret.as_str().into();
    Ok(document(StatusCode::CREATED, &answer))
}

fn wish(desk: &AdminDesk, said: &AddDocument) -> Result<ServiceToken, AdminProblem> {
    let wrong =
        |key: &str, why: &dyn std::fmt::Display| AdminProblem::Value(format!("`{key}` {why}."));
    desk.facts.now().require_site(&said.site)?;
    let paths = said.paths.iter().map(|text| text.parse::<PathPattern>());
    let paths: Vec<_> = paths.collect::<Result<_, _>>().map_err(|error: PatternError| {
        wrong("paths", &format_args!("has one that {error}: {}", error.hint()))
    })?;
    if !(1..=MOST_PATHS).contains(&paths.len()) {
        return Err(wrong("paths", &format_args!("must have 1 to {MOST_PATHS} entries")));
    }
    let methods = if said.methods.is_empty() {
        MethodSet::any()
    } else {
        MethodSet::of(said.methods.iter().map(String::as_str))
            .map_err(|error| wrong("methods", &format_args!("{error}: {}", error.hint())))?
    };
    let lifetime: Span = said.expires_in.parse().map_err(|error| wrong("expires", &error))?;
    if !(Span::seconds(1)..=LONGEST_LIFETIME).contains(&lifetime) {
        return Err(wrong("expires", &format_args!("must be at most {LONGEST_LIFETIME}")));
    }
    let created_at = desk.gate.now();
    Ok(ServiceToken {
        name: said.name.parse::<TokenName>().map_err(|error| wrong("name", &error))?,
        site: said.site.clone(),
        paths,
        methods,
        email: said.email.as_deref().map(address).transpose()?,
        created_at,
        expires_at: created_at.after(lifetime.as_duration()),
        last_used: None,
    })
}

/// `POST /api/tokens/revoke`
pub(super) async fn revoke(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: NameDocument = read(&headers, &body)?;
    let missing = AdminProblem::Missing("There is no token of this name.");
    let Ok(name) = said.name.parse::<TokenName>() else { return Err(missing) };
    if !desk.gate.revoke_token(&name).await? {
        return Err(missing);
    }
    tracing::warn!(name = name.as_str(), "a service token was revoked");
    Ok(document(StatusCode::OK, &json!({ "revoked": name.as_str() })))
}

pub(super) fn entry(token: &ServiceToken, now: UnixMillis) -> Value {
    let paths: Vec<String> = token.paths.iter().map(ToString::to_string).collect();
    let methods: Option<Vec<&str>> =
        token.methods.names().map(|names| names.iter().map(|name| &**name).collect());
    json!({
        "name": token.name.as_str(),
        "site": token.site,
        "paths": paths,
        "methods": methods,
        "email": token.email.as_ref().map(|email| email.spelling()),
        "state": if token.is_alive(now) { "active" } else { "expired" },
        "created_at": rfc3339(token.created_at),
        "expires_at": rfc3339(token.expires_at),
        "last_used": token.last_used.map(rfc3339),
    })
}
