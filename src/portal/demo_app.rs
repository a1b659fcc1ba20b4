//! The application of `linkgate demo`: shows what it received. It knows nothing of sign-in.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use super::looks::Looks;
use super::pages::Page;
use super::pages::local::DemoApp;

/// Longest header value that is shown, in characters.
const LONGEST: usize = 120;

/// The one route: everything.
pub fn router(looks: Looks) -> Router {
    Router::new().fallback(show).with_state(Arc::new(looks))
}

async fn show(State(looks): State<Arc<Looks>>, request: Request) -> Response {
    let look = looks.elsewhere(request.headers());
    let headers = shown(request.headers());
    let rows: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let email = rows.iter().find(|(name, _)| *name == "remote-email").map(|(_, value)| *value);
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    DemoApp { method: request.method().as_str(), path: target, email, headers: &rows }
        .render(&look)
        .into_response()
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_ours = |name: &str| {
        ["remote-", "x-forwarded-", "x-linkgate-", "x-request-id", "cookie", "host"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let mut rows: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| is_ours(name.as_str()))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.to_string(), super::pages::words::shorten(&value, LONGEST))
        })
        .collect();
    rows.sort();
    rows
}
