//! The keys that sign the assertion for applications: which there are, and another one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{AdminProblem, read};
use super::{AdminDesk, document};
use crate::domain::disclosure::Algorithm;
use crate::domain::signing::{Generation, KeyRoster, Phase};
use crate::domain::time::UnixMillis;
use crate::gate::keys::{Change, ChangeError};
use crate::portal::assertion::key_id;
use crate::portal::pages::clock::rfc3339;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateDocument {
    /// The new key signs at once, and the old ones are void.
    #[serde(default)]
    now: bool,
}

/// `GET /api/keys`
pub(super) async fn list(State(desk): State<Arc<AdminDesk>>) -> Result<Response, AdminProblem> {
    listed(&desk, &desk.gate.signing_keys().await?)
}

/// `POST /api/keys/rotate`: what there is then.
pub(super) async fn rotate(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: RotateDocument = read(&headers, &body)?;
    let change = if said.now { Change::AtOnce } else { Change::InTurn };
    let roster = desk.gate.change_signing_keys(change).await.map_err(|error| match error {
        ChangeError::Underway(underway) => AdminProblem::Early(format!(
            "The last change of keys is not over yet: wait until {}, or change them at once with \
             --now.",
            rfc3339(underway.until)
        )),
        ChangeError::Busy => AdminProblem::Taken("Others are changing the keys right now."),
        ChangeError::Store(error) => error.into(),
    })?;
    tracing::warn!(?change, revision = roster.revision(), "the signing keys were changed");
    listed(&desk, &roster)
}

/// One entry for each generation and algorithm.
fn listed(desk: &AdminDesk, roster: &KeyRoster) -> Result<Response, AdminProblem> {
    let mut keys = Vec::new();
    for (generation, phase) in roster.phases(desk.gate.now()) {
        for (name, algorithm) in [("EdDSA", Algorithm::EdDsa), ("ES256", Algorithm::Es256)] {
            let kid = key_id(&desk.signing_root, algorithm, generation)?;
            keys.push(entry(generation, phase, name, &kid));
        }
    }
    Ok(document(StatusCode::OK, &json!({ "keys": keys })))
}

fn entry(generation: &Generation, phase: Phase, algorithm: &str, kid: &str) -> Value {
    let (state, published_until) = match phase {
        Phase::Announced => ("announced", None),
        Phase::Signing => ("signing", None),
        Phase::Retiring { until } => ("retiring", Some(rfc3339(until))),
        Phase::Gone => ("gone", None),
    };
    // The first key was always there.
    let signs_from = Some(generation.signs_from).filter(|from| *from > UnixMillis(0));
    json!({
        "number": generation.number,
        "algorithm": algorithm,
        "kid": kid,
        "state": state,
        "signs_from": signs_from.map(rfc3339),
        "published_until": published_until,
    })
}
