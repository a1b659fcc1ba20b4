//! `/healthz` and `/readyz` on the admin listener.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use super::reload::{Audience, InForce};
use super::stores::Stores;
use crate::adapters::ours::NotOurs;
use crate::portal::admin::Caller;
use crate::ports::Upkeep;

/// What the answers are made of.
#[derive(Clone)]
struct Parts {
    stores: Stores,
    in_force: Arc<InForce>,
    caller: Option<Caller>,
}

/// The routes. `/healthz`: the process answers. `/readyz`: the store does, too, and is ours, and what
/// became of changes of the configuration. One that was refused leaves linkgate ready: the one before it is
/// in force. What the configuration says is shown to who knows the token of the admin API; a probe
/// needs none.
pub fn router(stores: Stores, in_force: Arc<InForce>, caller: Option<Caller>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n".into()) }))
        .route("/readyz", get(ready))
        .with_state(Parts { stores, in_force, caller })
}

async fn ready(State(parts): State<Parts>, headers: HeaderMap) -> Response {
    let (status, word) = match store(&parts.stores).await {
        None => (StatusCode::OK, "ok"),
        Some(word) => (StatusCode::SERVICE_UNAVAILABLE, word),
    };
    let is_operator = parts.caller.is_some_and(|caller| caller.shows_token(&headers));
    let audience = if is_operator { Audience::Operator } else { Audience::Anybody };
    plain(status, format!("store: {word}\n{}", parts.in_force.report(audience)))
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
