//! The pages for operators, on the admin listener: what happens now, and one person.
//!
//! They say what the API says, in words, and do what it does. Addresses stand in forms and never in a
//! URL: URLs are kept by browsers and logged by others. So a person's page is the answer to a post, and
//! whoever loads it anew posts the same again; nothing that can be done there does harm if it is done
//! twice.
//!
//! In English alone: whoever operates linkgate reads its log and its documentation, too.

mod door;
mod keyring;
mod lately;
mod overview;
mod person;
mod sessions;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};

use super::{AdminDesk, Caller};
use crate::portal::brand::BrandError;
use crate::portal::form::{self, Form, LARGEST_BODY};
use crate::ports::{Entropy, StoreError};
use keyring::Keyring;
use views::Views;

/// What the handlers share.
struct Pages {
    desk: Arc<AdminDesk>,
    caller: Caller,
    entropy: Arc<dyn Entropy>,
    keyring: Keyring,
    views: Views,
}

/// The routes, with their guard. They need no other one.
///
/// # Errors
/// [`BrandError`] for a template that does not compile; never with the built-in ones.
pub fn pages(
    desk: Arc<AdminDesk>,
    caller: Caller,
    entropy: Arc<dyn Entropy>,
) -> Result<Router, BrandError> {
    let (keyring, views) = (Keyring::default(), Views::new(caller.needs_token())?);
    let pages = Arc::new(Pages { desk, caller, entropy, keyring, views });
    Ok(Router::new()
        .route("/", get(overview::show).post(overview::act))
        .route("/person", get(|| async { Redirect::to("/") }).post(person::post))
        .route("/sessions", get(sessions::show))
        .route("/sign-in", get(door::ask).post(door::enter))
        .route("/sign-out", post(door::leave))
        .route("/assets/{name}", get(asset))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&pages), door::admit))
        .with_state(pages))
}

async fn asset(State(pages): State<Arc<Pages>>, Path(name): Path<String>) -> Response {
    match pages.views.asset(&name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Why there is no page.
enum NoPage {
    /// A body that is none of our forms.
    Form,
    /// The store is in trouble.
    Store(StoreError),
}

impl From<StoreError> for NoPage {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Pages {
    /// The page that says why there is no other one.
    fn sorry(&self, why: &NoPage) -> Response {
        match why {
            NoPage::Form => self.views.notice(
                StatusCode::BAD_REQUEST,
                "This form cannot be read",
                "Go back and try again.",
            ),
            NoPage::Store(error) => {
                tracing::error!(%error, cause = %error.source, "admin page");
                self.views.notice(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The store does not answer",
                    "Nothing may have been changed. The log says more; try again in a moment.",
                )
            }
        }
    }
}

/// Reads a form of ours.
fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Form, NoPage> {
    if !form::is_kind(headers, "application/x-www-form-urlencoded") {
        return Err(NoPage::Form);
    }
    Form::parse(body).map_err(|_| NoPage::Form)
}

/// The value of a field of a form of ours.
fn value<'a>(form: &'a Form, name: &str) -> Result<&'a str, NoPage> {
    form.value(name).map_err(|_| NoPage::Form)
}
