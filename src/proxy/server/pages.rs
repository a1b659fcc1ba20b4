//! Small HTTP services of our own: how much of what is sent there is read.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::Leaving;
use crate::domain::client::ClientAddress;
use crate::proxy::arrival;

/// Largest body of a form, or of a call of the admin API.
const FORM_BODY: usize = 16 * 1024;
/// How long it may take.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// How many are read at the same time, of forms and of larger ones each: they are in memory before anybody
/// has looked at who sends them.
const AT_ONCE: usize = 32;
/// When whoever finds no room may come again, in seconds.
const COME_AGAIN: &str = "5";

/// How large a body may be.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    larger: Option<(String, usize)>,
}

impl Bodies {
    /// None is larger than a form.
    #[must_use]
    pub fn of_forms() -> Self {
        Self::default()
    }

    /// As forms, and up to so many bytes where a path begins like this.
    #[must_use]
    pub fn larger_below(path: String, most: usize) -> Self {
        Self { larger: Some((path, most)) }
    }

    /// The most for a path that is beyond a form.
    fn larger_at(&self, path: &str) -> Option<usize> {
        let (_, most) = self.larger.as_ref().filter(|(below, _)| path.starts_with(&**below))?;
        Some(*most)
    }
}

/// A small HTTP service. Its routes find the other end of the connection among the extensions of a request,
/// as a [`ClientAddress`].
pub(super) struct Pages {
    router: Router,
    leaving: Arc<Leaving>,
    bodies: Bodies,
    /// Apart, so that whoever fills the one does not keep operators out of the other.
    forms: Semaphore,
    larger: Semaphore,
}

impl Pages {
    pub(super) fn new(router: Router, leaving: Arc<Leaving>, bodies: Bodies) -> Self {
        let [forms, larger] = [(); 2].map(|()| Semaphore::new(AT_ONCE));
        Self { router, leaving, bodies, forms, larger }
    }

    /// What is sent.
    ///
    /// # Errors
    /// The status to answer with.
    async fn body(&self, session: &mut ServerSession) -> Result<Vec<u8>, StatusCode> {
        if session.is_body_empty() {
            return Ok(Vec::new());
        }
        let larger = self.bodies.larger_at(session.req_header().uri.path());
        let (room, most) = match larger {
            Some(most) => (&self.larger, most),
            None => (&self.forms, FORM_BODY),
        };
        let _place = room.try_acquire().map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
        let mut body = Vec::new();
        let read = async {
            loop {
                match session.read_request_body().await {
                    Ok(Some(chunk)) if body.len() + chunk.len() <= most => {
                        body.extend_from_slice(&chunk);
                    }
                    Ok(None) => break true,
                    // Too large, or cut off: half of a body is none.
                    Ok(Some(_)) | Err(_) => break false,
                }
            }
        };
        let is_whole = tokio::time::timeout(BODY_DEADLINE, read).await.unwrap_or(false);
        if is_whole { Ok(body) } else { Err(StatusCode::PAYLOAD_TOO_LARGE) }
    }
}

/// Nothing but a status.
fn refused(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, 0.into());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let later = HeaderValue::from_static(COME_AGAIN);
        response.headers_mut().insert(header::RETRY_AFTER, later);
    }
    response
}

#[async_trait]
impl ServeHttp for Pages {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let _open = self.leaving.open();
        let body = match self.body(session).await {
            Ok(body) => body,
            Err(status) => {
                session.set_keepalive(None);
                return refused(status);
            }
        };
        let head = session.req_header();
        let mut request = http::Request::new(Body::from(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        if let Some(peer) = arrival::peer_of(session.client_addr()) {
            request.extensions_mut().insert(ClientAddress::from(peer));
        }
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
        Response::from_parts(parts, body)
    }
}
