//! Answers of our own, and the small bodies that we read.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, header};
use http_body_util::BodyExt;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use crate::portal::form::LARGEST_BODY;
use crate::portal::refusal::Refusal;

/// How long the body of a post to one of our pages may take in all. Pingora limits each read only.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// What is read of a body that nobody wants, so that the client gets to see the answer.
const DRAINED: usize = 64 * 1024;
/// How long that may take.
const DRAIN_DEADLINE: Duration = Duration::from_secs(1);

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// Over the cap.
    TooLarge,
    /// Not there in time.
    TooSlow,
    /// Broken off or malformed.
    Broken,
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge => Self::TooLarge,
            BodyFault::TooSlow => Self::TooSlow,
            BodyFault::Broken => Self::BadRequest("the body broke off"),
        }
    }
}

/// Reads the body of a post to one of our pages: capped, and within one deadline in all.
///
/// # Errors
/// [`BodyFault`]; the connection is not used for another request then.
pub async fn read_body(session: &mut Session) -> Result<Bytes, BodyFault> {
    let read = tokio::time::timeout(BODY_DEADLINE, read_capped(session)).await;
    let read = read.unwrap_or(Err(BodyFault::TooSlow));
    if read.is_err() {
        session.set_keepalive(None);
    }
    read
}

async fn read_capped(session: &mut Session) -> Result<Bytes, BodyFault> {
    let head = session.req_header();
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length
        .and_then(|text| text.parse::<usize>().ok())
        .is_some_and(|length| length > LARGEST_BODY)
    {
        return Err(BodyFault::TooLarge);
    }
    if head.headers.contains_key(header::EXPECT) {
        session.write_continue_response().await.map_err(|_| BodyFault::Broken)?;
    }
    let mut body = BytesMut::new();
    while let Some(chunk) =
        session.as_downstream_mut().read_request_body().await.map_err(|_| BodyFault::Broken)?
    {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(BodyFault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Writes an answer of our own. A body of the request that was not read is drained within a bound,
/// and the connection is closed after it: what follows is never taken for a request (CVE-2025-4366).
///
/// # Errors
/// When the client is gone.
pub async fn write(session: &mut Session, response: Response) -> Result<()> {
    let (parts, body) = response.into_parts();
    let body = collect(body).await;
    let is_head = session.req_header().method == Method::HEAD;
    let has_no_body = parts.status == http::StatusCode::NO_CONTENT;
    let unread = !session.as_downstream_mut().is_body_done();
    if unread {
        session.set_keepalive(None);
    }
    let mut head = ResponseHeader::build(parts.status, Some(parts.headers.len() + 2))?;
    for (name, value) in &parts.headers {
        head.append_header(name, value)?;
    }
    let length_is_known = !is_head || !body.is_empty();
    if !has_no_body && length_is_known {
        head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(body.len()))?;
    }
    let bare = is_head || has_no_body || body.is_empty();
    session.write_response_header(Box::new(head), bare).await?;
    if !bare {
        session.write_response_body(Some(body), true).await?;
    }
    if unread {
        let _ = tokio::time::timeout(DRAIN_DEADLINE, drain(session)).await;
    }
    Ok(())
}

async fn drain(session: &mut Session) {
    let mut drained = 0;
    while drained < DRAINED {
        match session.as_downstream_mut().read_request_body().await {
            Ok(Some(chunk)) => drained += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

/// Our own bodies are in memory and cannot fail.
async fn collect(body: Body) -> Bytes {
    body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}
