//! What became of mails, and whom none goes to.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, document};
use crate::domain::delivery::{Delivery, DeliveryState, Suppression};
use crate::portal::pages::clock::rfc3339;

/// How many are listed where nobody says how many.
const MANY: usize = 100;
/// How many are listed at most.
const MOST: usize = 1000;

/// Which mails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Those to this address.
    #[serde(default)]
    email: Option<String>,
    /// Those in this state; `trouble` for those that something is wrong with.
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    most: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPerson {
    email: String,
}

/// `GET /api/mails`: how many there are in each state, and the latest.
pub(super) async fn recent(State(desk): State<Arc<AdminDesk>>) -> Result<Response, AdminProblem> {
    let found = desk.gate.mails_in(&DeliveryState::ALL, MANY).await?;
    let counts = desk.gate.mail_counts().await?;
    let counts = DeliveryState::ALL.iter().zip(counts);
    let counts: Map<_, _> =
        counts.map(|(state, count)| (state.name().to_owned(), count.into())).collect();
    let mails: Vec<_> = found.iter().map(mail).collect();
    Ok(document(StatusCode::OK, &json!({ "counts": counts, "mails": mails })))
}

/// `POST /api/mails/list`: the newest first. Of one address also why no mail goes there, if none does.
pub(super) async fn list(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: Wanted = read(&headers, &body)?;
    let states = states(said.state.as_deref())?;
    let most = said.most.unwrap_or(MANY).min(MOST);
    let email = said.email.as_deref().map(address).transpose()?;
    let (found, suppressed) = match &email {
        Some(email) => {
            let mut found = desk.gate.mails_to(email, MOST).await?;
            found.retain(|it| states.contains(&it.progress.state));
            found.truncate(most);
            (found, desk.gate.suppression(email).await?)
        }
        None => (desk.gate.mails_in(&states, most).await?, None),
    };
    let mails: Vec<_> = found.iter().map(mail).collect();
    let suppressed = suppressed.as_ref().map(suppression);
    Ok(document(StatusCode::OK, &json!({ "mails": mails, "suppressed": suppressed })))
}

/// `GET /api/suppressions`
pub(super) async fn suppressions(
    State(desk): State<Arc<AdminDesk>>,
) -> Result<Response, AdminProblem> {
    let found = desk.gate.suppressions(MOST).await?;
    let found: Vec<_> = found.iter().map(suppression).collect();
    Ok(document(StatusCode::OK, &json!({ "suppressions": found })))
}

/// `POST /api/suppressions/lift`
pub(super) async fn lift(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: OfPerson = read(&headers, &body)?;
    if !desk.gate.lift_suppression(&address(&said.email)?).await? {
        return Err(AdminProblem::Missing("Mail goes to this address."));
    }
    tracing::warn!("an operator lets mail go to an address again");
    Ok(document(StatusCode::OK, &json!({ "lifted": true })))
}

fn states(name: Option<&str>) -> Result<Vec<DeliveryState>, AdminProblem> {
    match name {
        None => Ok(DeliveryState::ALL.to_vec()),
        Some("trouble") => Ok(DeliveryState::TROUBLE.to_vec()),
        Some(name) => {
            let state = name.parse().map_err(|_| {
                let names = DeliveryState::ALL.map(DeliveryState::name).join(", ");
                AdminProblem::Value(format!("`state` is one of: trouble, {names}."))
            })?;
            Ok(vec![state])
        }
    }
}

fn mail(delivery: &Delivery) -> Value {
    let Delivery { id, to, facts, progress, .. } = delivery;
    let moments: Map<_, _> = progress
        .moments
        .iter()
        .map(|(state, at)| (state.name().to_owned(), rfc3339(*at).into()))
        .collect();
    json!({
        "id": id.to_hex(),
        "email": to.spelling(),
        "site": facts.site,
        "occasion": facts.occasion.name(),
        "language": facts.language.tag(),
        "state": progress.state.name(),
        "at": progress.moments.get(&progress.state).copied().map(rfc3339),
        "queued_at": rfc3339(facts.queued_at),
        "tries": progress.tries,
        "words": progress.words.as_ref().map(|it| it.as_str()),
        "reference": progress.reference.as_ref().map(|it| it.as_str()),
        "moments": moments,
    })
}

fn suppression(it: &Suppression) -> Value {
    json!({
        "email": it.to.spelling(),
        "why": it.why.name(),
        "since": rfc3339(it.since),
        "until": rfc3339(it.until),
    })
}
