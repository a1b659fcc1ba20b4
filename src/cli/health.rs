//! `/healthz` and `/readyz` on the admin listener.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::reload::{Audience, Standing};
use super::stores::Stores;
use super::watching::Watched;
use crate::adapters::ours::NotOurs;
use crate::domain::time::UnixMillis;
use crate::portal::courier::health::Trouble;
use crate::portal::pages::clock::rfc3339;
use crate::ports::Upkeep;

/// The routes. `/healthz`: the process answers. `/readyz`: the store does, too, and is ours, whether
/// mails leave, and what became of changes of the configuration. Only the store decides: without the
/// relay people who are signed in go on, and a configuration that was refused leaves the one before it
/// in force. What the configuration says is shown to who knows the token of the admin API; a probe
/// needs none.
pub(super) fn router(watched: Watched) -> Router {
    Router::new()
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n".into()) }))
        .route("/readyz", get(ready))
        .with_state(watched)
}

async fn ready(State(watched): State<Watched>, headers: HeaderMap) -> Response {
    let (status, store) = match store(&watched.stores).await {
        None => (StatusCode::OK, "ok"),
        Some(word) => (StatusCode::SERVICE_UNAVAILABLE, word),
    };
    let foundation = watched.in_force.foundation();
    let now = foundation.gate.now();
    let mail = foundation.mail_health.trouble(now);
    if wants_json(&headers) {
        let report = document(store, mail, &watched.in_force.standing(), now);
        let kind =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        return (status, kind, report).into_response();
    }
    let is_operator = watched.caller.is_some_and(|caller| caller.shows_token(&headers));
    let audience = if is_operator { Audience::Operator } else { Audience::Anybody };
    let report = watched.in_force.report(audience);
    plain(status, format!("store: {store}\nmail: {}\n{report}", mail_line(mail)))
}

fn mail_line(mail: Option<Trouble>) -> String {
    match mail {
        None => "ok".to_owned(),
        Some(Trouble::Delayed { since } | Trouble::Down { since }) => {
            format!(
                "the relay cannot be reached since {}; mails wait and are tried again",
                rfc3339(since)
            )
        }
    }
}

/// The same for programs, without what the configuration says.
fn document(store: &str, mail: Option<Trouble>, standing: &Standing, now: UnixMillis) -> String {
    let mail = match mail {
        None => json!({ "status": "ok" }),
        Some(Trouble::Delayed { since } | Trouble::Down { since }) => {
            json!({ "status": "warning", "failing_since": rfc3339(since) })
        }
    };
    let configuration = if standing.is_current { "ok" } else { "warning" };
    let document = json!({
        "ready": store == "ok",
        "store": { "status": store },
        "mail": mail,
        "configuration": {
            "status": configuration,
            "revision": standing.revision,
            "in_force_since": rfc3339(standing.since),
            "age_seconds": now.since(standing.since).as_secs(),
            "waits_for_restart": standing.waits,
        },
    });
    format!("{document}\n")
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|text| text.contains("application/json"))
}

/// What is wrong with the store, if anything is. Only reads: what asks here must not be what a store
/// becomes ours by.
async fn store(stores: &Stores) -> Option<&'static str> {
    let refusal = stores.requests.refusal().or_else(|| stores.work.refusal());
    match refusal {
        Some(NotOurs::Another) => return Some("belongs to another secret"),
        Some(NotOurs::Lost) => return Some("was emptied or exchanged"),
        Some(NotOurs::Unmarked) => return Some("does not say of which secret it is"),
        Some(NotOurs::Unknown) | None => {}
    }
    if let Err(error) = stores.work.ping().await {
        tracing::warn!(%error, cause = %error.source, "not ready");
        return Some("failing");
    }
    refusal.map(|_| "not asked yet whose it is")
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
