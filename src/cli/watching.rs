//! `/metrics` on the admin listener, and what it and the health pages are read from.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;

use super::reload::InForce;
use super::stores::Stores;
use crate::metrics::{Levels, TEXT};
use crate::portal::admin::{Caller, readable};
use crate::ports::Upkeep;
use crate::proxy::wire::Admission;

/// What is looked at when somebody asks how linkgate is.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) stores: Stores,
    pub(super) in_force: Arc<InForce>,
    pub(super) admission: Arc<Admission>,
    /// Who may call the admin API, if anybody may.
    pub(super) caller: Option<Caller>,
}

/// The route, for those who may read it.
pub(super) fn router(watched: Watched) -> Router {
    let caller = watched.caller.clone();
    readable(Router::new().route("/metrics", get(metrics)).with_state(watched), caller)
}

async fn metrics(State(watched): State<Watched>) -> Response {
    let stores = &watched.stores;
    let foundation = watched.in_force.foundation();
    let now = foundation.gate.now();
    let levels = Levels {
        connections: watched.admission.open(),
        // A store that is away has told so elsewhere, and what it held is not known now.
        sessions: stores.work.sessions_held().await.ok().flatten(),
        store_up: stores.requests.refusal().is_none() && stores.work.refusal().is_none(),
        relay_up: foundation.mail_health.trouble(now).is_none(),
    };
    let headers = [(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, "no-store")];
    (headers, foundation.metrics.text(levels)).into_response()
}
