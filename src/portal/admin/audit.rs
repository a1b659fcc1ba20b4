//! The audit record.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, document};
use crate::domain::event::{EventFilter, EventName, NAMES, moment};
use crate::domain::time::{Span, UnixMillis};
use crate::ports::{EventQuery, Order};

/// Events of one page at most.
const MOST: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    email: Option<String>,
    events: Vec<String>,
    site: Option<String>,
    since: Option<String>,
    until: Option<String>,
    oldest_first: bool,
    after: Option<String>,
    most: usize,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            email: None,
            events: Vec::new(),
            site: None,
            since: None,
            until: None,
            oldest_first: false,
            after: None,
            most: 100,
        }
    }
}

/// `POST /api/audit`: a page of events, and `next` while there may be more. A post, although it changes
/// nothing, because an address may stand in it.
pub(super) async fn list(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: Wanted = read(&headers, &body)?;
    let now = desk.gate.now();
    let person = said.email.as_deref().map(address).transpose()?;
    let person = person.map(|email| desk.gate.keys().subject.person(email.identity()));
    let names = said.events.iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>()?;
    let at =
        |key, text: &Option<String>| text.as_deref().map(|text| point(key, text, now)).transpose();
    let (since, until) = (at("since", &said.since)?, at("until", &said.until)?);
    let filter = EventFilter { person, names, site: said.site, since, until };
    let after = said.after.as_deref().map(str::parse).transpose().map_err(|_| {
        AdminProblem::Value("`after` is not the `next` of another answer.".to_owned())
    })?;
    if !(1..=MOST).contains(&said.most) {
        return Err(AdminProblem::Value(format!("`most` must be between 1 and {MOST}.")));
    }
    let order = if said.oldest_first { Order::OldestFirst } else { Order::NewestFirst };
    let query = EventQuery { filter: &filter, order, after, most: said.most };
    let page = desk.gate.events(&query).await?;
    let next = page.next.map(|id| id.to_string());
    Ok(document(StatusCode::OK, &json!({ "events": page.events, "next": next })))
}

fn name(text: &str) -> Result<EventName, AdminProblem> {
    let unknown = |_| {
        AdminProblem::Value(format!(
            "`events` has a name of no event; there are: {}.",
            NAMES.join(", ")
        ))
    };
    text.parse().map_err(unknown)
}

/// A moment, or a span back from now.
fn point(key: &str, text: &str, now: UnixMillis) -> Result<UnixMillis, AdminProblem> {
    if let Ok(span) = text.parse::<Span>() {
        return Ok(now.before(span.as_duration()));
    }
    moment(text).map_err(|_| {
        AdminProblem::Value(format!(
            "`{key}` is neither a span back from now, as in 12h or 7d, nor a moment, as in \
             2026-11-22T14:03:30Z."
        ))
    })
}
