//! `/healthz` and `/readyz` on the admin listener.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::ports::Store;

/// The routes. `/healthz`: the process answers. `/readyz`: the store does, too.
pub fn router(store: Arc<dyn Store>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { plain(StatusCode::OK, "ok\n") }))
        .route("/readyz", get(ready))
        .with_state(store)
}

async fn ready(State(store): State<Arc<dyn Store>>) -> Response {
    match store.ping().await {
        Ok(()) => plain(StatusCode::OK, "store: ok\n"),
        Err(error) => {
            tracing::warn!(%error, cause = %error.source, "not ready");
            plain(StatusCode::SERVICE_UNAVAILABLE, "store: failing\n")
        }
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
