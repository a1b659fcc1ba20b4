//! Why something was not done, as a problem document (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::domain::email::EmailAddress;
use crate::portal::assertion::KeyRefused;
use crate::portal::form;
use crate::ports::{StoreError, TooBusy};

/// Why something was not done.
#[derive(Debug)]
pub enum AdminProblem {
    /// 400: a body that is none.
    Document,
    /// 422: a value that cannot be; which one, and why.
    Value(String),
    /// 401: not the token.
    Unauthorized,
    /// 403: a browser, or somebody who pretends to be none.
    Forbidden(&'static str),
    /// 404: no such thing.
    Missing(&'static str),
    /// 404: no such path.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409: it is there already.
    Taken(&'static str),
    /// 409: it is meant for another linkgate.
    Elsewhere,
    /// 409: it cannot be done yet.
    Early(String),
    /// 415.
    Unsupported,
    /// 503.
    Store(StoreError),
    /// 503: too many passwords are being worked on.
    Busy,
    /// 500: a signing key cannot be derived. It does not happen with a sound secret.
    Key(KeyRefused),
}

impl AdminProblem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Document => StatusCode::BAD_REQUEST,
            Self::Value(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Missing(_) | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Taken(_) | Self::Early(_) | Self::Elsewhere => StatusCode::CONFLICT,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Store(_) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Key(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Document => "The body is not a JSON object with the members that belong here.",
            Self::Value(why) | Self::Early(why) => why,
            Self::Unauthorized => "The token of the admin API is needed: Authorization: Bearer.",
            Self::Forbidden(why) | Self::Missing(why) | Self::Taken(why) => why,
            Self::Elsewhere => {
                "The linkgate that answers here has another secret, and is not the one that is meant."
            }
            Self::NotFound => "There is nothing here.",
            Self::MethodNotAllowed => "The method is not allowed here.",
            Self::Unsupported => "The body must be application/json.",
            Self::Store(_) => "The store is in trouble; nothing may have been changed.",
            Self::Busy => "Too many passwords are being worked on; nothing was changed.",
            Self::Key(_) => "A signing key cannot be derived from the secret.",
        }
    }
}

impl From<StoreError> for AdminProblem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<KeyRefused> for AdminProblem {
    fn from(error: KeyRefused) -> Self {
        Self::Key(error)
    }
}

impl From<TooBusy> for AdminProblem {
    fn from(TooBusy: TooBusy) -> Self {
        Self::Busy
    }
}

impl IntoResponse for AdminProblem {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, cause = %error.source, "admin API");
        }
        let status = self.status();
        let document = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": self.detail(),
        });
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Reads the body of a post.
pub(super) fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, AdminProblem> {
    if !form::is_kind(headers, "application/json") {
        return Err(AdminProblem::Unsupported);
    }
    form::document(body).map_err(|_| AdminProblem::Document)
}

/// Reads an address strictly: what an operator mistypes must not name somebody else.
pub(super) fn address(text: &str) -> Result<EmailAddress, AdminProblem> {
    EmailAddress::parse(text)
        .map_err(|error| AdminProblem::Value(format!("`email` is no address. {error}")))
}
