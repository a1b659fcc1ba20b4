//! The API for operators, on the admin listener alone.
//!
//! The commands speak to it, and only they: with the embedded store over HTTP to the process that has
//! the file open, otherwise in-process, so that there is one way to do each thing. Addresses stand in
//! bodies and never in a path, because paths are logged.

mod accounts;
mod audit;
mod guard;
mod keys;
mod limits;
mod mails;
pub mod page;
pub mod person;
mod problem;
mod sessions;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::domain::password::PasswordTerms;
use crate::domain::policy::Groups;
use crate::domain::secret::Key;
use crate::domain::site::Sites;
use crate::gate::Gate;
pub use guard::{Caller, HEADER, INSTALLATION, guarded, readable};
use problem::AdminProblem;

/// What the handlers share.
#[derive(Debug)]
pub struct AdminDesk {
    /// The use cases, over a handle of the store that belongs to whoever serves this.
    pub gate: Gate,
    /// What the configuration says that is in force.
    pub facts: AdminFacts,
    /// The key from which the signing keys are derived; see
    /// [`root_key`](crate::portal::assertion::root_key).
    pub signing_root: Key,
}

/// What the API needs of the configuration that is in force.
#[derive(Clone, Debug)]
pub struct AdminFacts {
    current: Arc<ArcSwap<Facts>>,
}

/// What the API needs of one configuration.
#[derive(Debug)]
pub struct Facts {
    /// The idle timeout of sessions.
    pub idle: Duration,
    /// The sites.
    pub sites: Arc<Sites>,
    /// Who is in which group.
    pub groups: Arc<Groups>,
    /// How passwords are accepted, if any site accepts one.
    pub passwords: Option<PasswordTerms>,
}

impl Facts {
    /// Refuses what is the name of no site.
    fn require_site(&self, name: &str) -> Result<(), AdminProblem> {
        if self.sites.iter().any(|site| site.name == name) {
            return Ok(());
        }
        let names: Vec<&str> = self.sites.iter().map(|site| &*site.name).collect();
        let names = names.join(", ");
        Err(AdminProblem::Value(format!("`site` names no site; there are: {names}.")))
    }
}

impl AdminFacts {
    /// Those of a first configuration.
    #[must_use]
    pub fn new(facts: Facts) -> Self {
        Self { current: Arc::new(ArcSwap::from_pointee(facts)) }
    }

    /// Takes those of another configuration, for every call from now on.
    pub fn exchange(&self, facts: Facts) {
        self.current.store(Arc::new(facts));
    }

    fn now(&self) -> Arc<Facts> {
        self.current.load_full()
    }
}

/// The routes, without a guard: for calls in-process. What listens is [`guarded`].
pub fn router(desk: Arc<AdminDesk>) -> Router {
    Router::new()
        .route("/api/accounts", get(accounts::list).post(accounts::add))
        .route("/api/accounts/suspend", post(accounts::suspend))
        .route("/api/accounts/resume", post(accounts::resume))
        .route("/api/accounts/remove", post(accounts::remove))
        .route("/api/accounts/set-password", post(accounts::set_password))
        .route("/api/audit", post(audit::list))
        .route("/api/sessions", get(sessions::all))
        .route("/api/sessions/list", post(sessions::list))
        .route("/api/sessions/end", post(sessions::end))
        .route("/api/person", post(person::show))
        .route("/api/person/erase", post(person::erase))
        .route("/api/limits/list", post(limits::list))
        .route("/api/limits/lift", post(limits::lift))
        .route("/api/keys", get(keys::list))
        .route("/api/keys/rotate", post(keys::rotate))
        .route("/api/mails", get(mails::recent))
        .route("/api/mails/list", post(mails::list))
        .route("/api/suppressions", get(mails::suppressions))
        .route("/api/suppressions/lift", post(mails::lift))
        .route("/api/tokens", get(tokens::list).post(tokens::add))
        .route("/api/tokens/revoke", post(tokens::revoke))
        .method_not_allowed_fallback(|| async { AdminProblem::MethodNotAllowed })
        .fallback(|| async { AdminProblem::NotFound })
        .with_state(desk)
}

fn document(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
