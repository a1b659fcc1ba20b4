//! Limits: what is used up, and an end to it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, Facts, document};
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::gate::limits::{InForce, Whose};
use crate::portal::pages::clock::rfc3339;

/// Whose limits: those of an address, of a client, or of everybody, at one site or at each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoseDocument {
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    site: Option<String>,
}

/// The same, read.
enum Said {
    Person(EmailAddress),
    Client(ClientAddress),
    Everybody(Option<String>),
}

impl Said {
    fn read(said: WhoseDocument, facts: &Facts) -> Result<Self, AdminProblem> {
        match said {
            WhoseDocument { email: Some(email), client: None, site: None } => {
                Ok(Self::Person(address(&email)?))
            }
            WhoseDocument { email: None, client: Some(client), site: None } => {
                let ip: IpAddr = client
                    .parse()
                    .map_err(|_| AdminProblem::Value("`client` is no IP address.".to_owned()))?;
                Ok(Self::Client(ip.into()))
            }
            WhoseDocument { email: None, client: None, site } => {
                if let Some(site) = &site {
                    facts.require_site(site)?;
                }
                Ok(Self::Everybody(site))
            }
            _ => Err(AdminProblem::Value(
                "Of `email`, `client` and `site` only one may be there.".to_owned(),
            )),
        }
    }

    fn whose(&self) -> Whose<'_> {
        match self {
            Self::Person(email) => Whose::Person(email),
            Self::Client(client) => Whose::Client(*client),
            Self::Everybody(site) => Whose::Everybody(site.as_deref()),
        }
    }
}

/// `POST /api/limits/list`
pub(super) async fn list(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let facts = desk.facts.now();
    let said = Said::read(read(&headers, &body)?, &facts)?;
    let limits = desk.gate.limits_of(said.whose(), &facts.sites).await?;
    let limits: Vec<Value> = limits.iter().map(entry).collect();
    Ok(document(StatusCode::OK, &json!({ "limits": limits })))
}

/// `POST /api/limits/lift`: `lifted` says how many there were.
pub(super) async fn lift(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let facts = desk.facts.now();
    let said = Said::read(read(&headers, &body)?, &facts)?;
    let lifted = desk.gate.lift_limits(said.whose(), &facts.sites).await?;
    tracing::warn!(lifted, "limits were lifted by an operator");
    Ok(document(StatusCode::OK, &json!({ "lifted": lifted })))
}

pub(super) fn entry(limit: &InForce) -> Value {
    json!({
        "limit": limit.what.name(),
        "site": limit.site,
        "count": limit.count,
        "most": limit.limit.map(|limit| limit.count),
        "used_up": limit.is_used_up(),
        "until": rfc3339(limit.until),
    })
}
