//! `linkgate upgrade`, and its way to the process that serves.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::admin::Way;
use super::serve::UpgradeError;
use super::{fail, load, say};

/// Where the process that serves is asked for an upgrade.
pub(super) const PATH: &str = "/api/upgrade";
/// How long it may take at most: each step of it has its own bound, and together they are less.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who wants an upgrade, and waits for what becomes of it: the number of the new process.
pub(super) type Wish = oneshot::Sender<Result<u32, UpgradeError>>;

/// The way of such wishes to who fulfils them.
#[derive(Clone, Debug)]
pub struct Upgrades(mpsc::Sender<Wish>);

impl Upgrades {
    /// Both ends of the way.
    pub(super) fn new() -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, fulfilled) = mpsc::channel(1);
        (Self(wishes), fulfilled)
    }

    /// The route for the admin listener.
    pub(super) fn routes(self) -> Router {
        Router::new().route(PATH, post(wanted)).with_state(self)
    }
}

async fn wanted(State(Upgrades(wishes)): State<Upgrades>) -> Response {
    let (wish, fulfilled) = oneshot::channel();
    let result = match wishes.try_send(wish) {
        Ok(()) => fulfilled.await.unwrap_or(Err(UpgradeError::Ending)),
        Err(TrySendError::Full(_)) => Err(UpgradeError::UnderWay),
        Err(TrySendError::Closed(_)) => Err(UpgradeError::Ending),
    };
    let (status, kind, document) = match result {
        Ok(process) => (StatusCode::OK, "application/json", json!({ "process": process })),
        Err(why) => {
            let status = StatusCode::CONFLICT;
            let document = json!({
                "type": "about:blank",
                "title": "Not upgraded",
                "status": status.as_u16(),
                "detail": format!("not upgraded: {why}"),
            });
            (status, "application/problem+json", document)
        }
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    (status, headers, document.to_string()).into_response()
}

pub(super) fn run(path: &Path) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match Way::to_process(&(&config).into()).and_then(|way| way.ask(PATH, Some(&Value::Null))) {
        Ok(answer) => {
            say(&format_args!("upgraded: process {} serves", answer["process"]));
            ExitCode::SUCCESS
        }
        Err(why) => fail(&why),
    }
}
