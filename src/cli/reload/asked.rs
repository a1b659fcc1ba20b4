//! `linkgate reload`, and its way to the process that serves.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::{Value, json};

use super::{Audience, InForce};
use crate::cli::admin::Way;
use crate::cli::{fail, load, say};

/// Where the process that serves is asked to read its configuration again.
const PATH: &str = "/api/reload";
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The route for the admin listener.
pub(in crate::cli) fn routes(in_force: Arc<InForce>) -> Router {
    Router::new().route(PATH, post(wanted)).with_state(in_force)
}

/// `POST /api/reload`: 200 once the files are in force, 409 with what is wrong with them.
async fn wanted(State(in_force): State<Arc<InForce>>) -> Response {
    let mut reads = in_force.reads.subscribe();
    in_force.asked.notify_one();
    let is_read = tokio::time::timeout(PATIENCE, reads.changed()).await.is_ok_and(|it| it.is_ok());
    let problem = |status: StatusCode, detail: String| {
        let title = "Not reloaded";
        let code = status.as_u16();
        json!({ "type": "about:blank", "title": title, "status": code, "detail": detail })
    };
    let (status, document) = match (is_read, in_force.refusal(Audience::Operator)) {
        (false, _) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, problem(status, "the files were not read in time".to_owned()))
        }
        (true, Some(why)) => (StatusCode::CONFLICT, problem(StatusCode::CONFLICT, why)),
        (true, None) => (StatusCode::OK, json!({ "report": in_force.report(Audience::Operator) })),
    };
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (status, headers, document.to_string()).into_response()
}

pub(in crate::cli) fn run(path: &Path) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match Way::to_process(&(&config).into()).and_then(|way| way.ask(PATH, Some(&Value::Null))) {
        Ok(answer) => {
            say(&answer["report"].as_str().unwrap_or_default().trim_end());
            ExitCode::SUCCESS
        }
        Err(why) => fail(&why),
    }
}
