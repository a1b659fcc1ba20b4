//! Known people.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, document};
use crate::domain::account::{Account, AccountOrigin, AccountState, MOST_GROUPS};
use crate::domain::identity::GroupName;
use crate::domain::limit::PersonKey;
use crate::domain::password::{Password, PasswordProblem};
use crate::domain::token::{Link, TokenDigest};
use crate::gate::accounts::{AccountWish, Kept};
use crate::portal::pages::clock::rfc3339;

/// Accounts of one page.
const PAGE: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddDocument {
    email: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonDocument {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordDocument {
    email: String,
    /// None takes it away.
    password: Option<String>,
}

/// `GET /api/accounts?after=`: a page, and `next` while there may be more.
pub(super) async fn list(
    State(desk): State<Arc<AdminDesk>>,
    RawQuery(query): RawQuery,
) -> Result<Response, AdminProblem> {
    let after = match query.as_deref().unwrap_or_default() {
        "" => None,
        query => Some(place(query)?),
    };
    let found = desk.gate.accounts(after, PAGE).await?;
    let next = found.last().map(|(person, _)| TokenDigest::<Link>::from_bytes(person.0).to_hex());
    let accounts: Vec<Value> = found.iter().map(|(_, account)| entry(account)).collect();
    Ok(document(StatusCode::OK, &json!({ "accounts": accounts, "next": next })))
}

fn place(query: &str) -> Result<PersonKey, AdminProblem> {
    let hex = query.strip_prefix("after=").unwrap_or_default();
    let digest = TokenDigest::<Link>::from_hex(hex);
    digest.map(|it| PersonKey(*it.as_bytes())).ok_or_else(|| {
        AdminProblem::Value("`after` is not the `next` of another answer.".to_owned())
    })
}

/// `POST /api/accounts`: 201, or 200 for one that was there.
pub(super) async fn add(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: AddDocument = read(&headers, &body)?;
    let email = address(&said.email)?;
    let name = said.name.map(|name| name.parse()).transpose();
    let name = name.map_err(|error| AdminProblem::Value(format!("`name` {error}.")))?;
    let groups = said.groups.iter().map(|group| group.parse::<GroupName>());
    let groups: BTreeSet<_> = groups
        .collect::<Result<_, _>>()
        .map_err(|error| AdminProblem::Value(format!("A name in `groups` {error}.")))?;
    if groups.len() > MOST_GROUPS {
        return Err(AdminProblem::Value(format!("`groups` has more than {MOST_GROUPS} names.")));
    }
    let kept = desk.gate.add_account(&AccountWish { email, name, groups }).await?;
    tracing::info!("an account was added or changed");
    Ok(answer(&kept))
}

/// `POST /api/accounts/suspend`
pub(super) async fn suspend(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: PersonDocument = read(&headers, &body)?;
    let kept = desk.gate.suspend_account(&address(&said.email)?).await?;
    tracing::warn!("a person was suspended");
    Ok(answer(&kept))
}

/// `POST /api/accounts/resume`
pub(super) async fn resume(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: PersonDocument = read(&headers, &body)?;
    let email = address(&said.email)?;
    if !desk.gate.account(&email).await?.is_some_and(|account| account.is_suspended()) {
        return Err(AdminProblem::Missing("This person is not suspended."));
    }
    let kept = desk.gate.resume_account(&email).await?;
    tracing::warn!("a suspension was ended");
    Ok(answer(&kept))
}

/// `POST /api/accounts/remove`
pub(super) async fn remove(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: PersonDocument = read(&headers, &body)?;
    let email = address(&said.email)?;
    if desk.gate.account(&email).await?.is_none() {
        return Err(AdminProblem::Missing("This person has no account."));
    }
    let kept = desk.gate.remove_account(&email).await?;
    tracing::warn!("an account was removed");
    Ok(answer(&kept))
}

/// `POST /api/accounts/set-password`: sets the password, or takes it away where there is none in
/// the document; either ends all sessions of the person.
pub(super) async fn set_password(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: PasswordDocument = read(&headers, &body)?;
    let email = address(&said.email)?;
    let Some(text) = said.password.map(Zeroizing::new) else {
        let kept = desk.gate.void_password(&email).await?;
        tracing::warn!("a password was taken away by an operator");
        return Ok(answer(&kept));
    };
    let Some(terms) = desk.facts.now().passwords else {
        return Err(AdminProblem::Taken("No site accepts passwords: none has `mode: hybrid`."));
    };
    let wrong = |problem: PasswordProblem| AdminProblem::Value(format!("The password {problem}."));
    let password = Password::typed(&text).map_err(wrong)?;
    let hash = desk.gate.accept_password(&terms, &email, &password).await?.map_err(wrong)?;
    let kept = desk.gate.set_password(&email, hash).await?;
    tracing::warn!("a password was set by an operator");
    Ok(answer(&kept))
}

fn answer(kept: &Kept) -> Response {
    match kept {
        Kept::Made(account) => document(StatusCode::CREATED, &json!({ "account": entry(account) })),
        Kept::Changed(account) => document(StatusCode::OK, &json!({ "account": entry(account) })),
        Kept::Gone => document(StatusCode::OK, &json!({ "account": null })),
    }
}

pub(super) fn entry(account: &Account) -> Value {
    let groups: Vec<&str> = account.groups.iter().map(GroupName::as_str).collect();
    json!({
        "email": account.email.spelling(),
        "name": account.name.as_ref().map(|name| name.as_str()),
        "state": match account.state {
            AccountState::Active => "active",
            AccountState::Suspended => "suspended",
        },
        "groups": groups,
        "origin": match account.origin {
            AccountOrigin::Added => "added",
            AccountOrigin::Registered => "registered",
            AccountOrigin::Suspension => "suspension",
            AccountOrigin::Password => "password",
        },
        "password_set_at": account.password.as_ref().map(|kept| rfc3339(kept.set_at)),
        "created_at": rfc3339(account.created_at),
    })
}
