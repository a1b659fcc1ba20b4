//! `/healthz` and `/readyz` on the admin listener.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use super::reload::{Audience, InForce};
use crate::domain::secret::Mark;
use crate::portal::admin::Caller;
use crate::ports::Store;

/// What the answers are made of.
#[derive(Clone)]
struct Parts {
    store: Arc<dyn Store>,
    in_force: Arc<InForce>,
    mark: Mark,
    caller: Option<Caller>,
}

/// The routes. `/healthz`: the process answers. `/readyz`: the store does, too, and what became of
/// changes of the configuration. One that was refused leaves linkgate ready: the one before it is
/// in force. What the configuration says is shown to who knows the token of the admin API; a probe
/// needs none.
pub fn router(
    store: Arc<dyn Store>,
    in_force: Arc<InForce>,
    mark: Mark,
    caller: Option<Caller>,
) -> Router {
    Router::new()
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n".into()) }))
        .route("/readyz", get(ready))
        .with_state(Parts { store, in_force, mark, caller })
}

async fn ready(State(parts): State<Parts>, headers: HeaderMap) -> Response {
    let asked = async {
        parts.store.ping().await?;
        parts.store.belongs_to(parts.mark).await
    };
    let (status, word) = match asked.await {
        Ok(true) => (StatusCode::OK, "ok"),
        // It was away when linkgate started, or another one was put in its place.
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "belongs to another secret"),
        Err(error) => {
            tracing::warn!(%error, cause = %error.source, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "failing")
        }
    };
    let is_operator = parts.caller.is_some_and(|caller| caller.shows_token(&headers));
    let audience = if is_operator { Audience::Operator } else { Audience::Anybody };
    plain(status, format!("store: {word}\n{}", parts.in_force.report(audience)))
}

fn plain(status: StatusCode, text: String) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
