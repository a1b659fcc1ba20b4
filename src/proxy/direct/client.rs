//! Whoever waits for an answer, by HTTP/1.1 or by HTTP/2.

use bytes::BytesMut;
use http::{HeaderName, HeaderValue};
use pingora::http::ResponseHeader;
use pingora::protocols::http::{HttpTask, ServerSession};

use super::answer::Say;
use crate::proxy::wire::HeadGuard;

/// The other end of the answer.
pub(super) enum Client<'a> {
    /// A connection of HTTP/1.1.
    Http1(&'a mut HeadGuard),
    /// A stream of HTTP/2.
    Http2 {
        /// The stream.
        session: &'a mut ServerSession,
        /// The head, until it is sent.
        head: Option<Box<ResponseHeader>>,
    },
}

/// The client took nothing more.
#[derive(Debug)]
pub(super) struct Unsent;

impl<'a> Client<'a> {
    pub(super) fn http2(session: &'a mut ServerSession) -> Self {
        Self::Http2 { session, head: None }
    }

    /// Whether it is told by chunks where content ends whose length is not known. HTTP/2 has frames.
    pub(super) fn wants_chunks(&self) -> bool {
        matches!(self, Self::Http1(_))
    }

    /// Where the head is written that it gets; `out` goes before the content.
    pub(super) fn heads<'b>(&'b mut self, out: &'b mut BytesMut) -> Heads<'b> {
        match self {
            Self::Http1(_) => Heads::Bytes(out),
            Self::Http2 { head, .. } => Heads::Fields(head),
        }
    }

    /// Sends what there is, and its end if that is the `end` of the answer.
    pub(super) async fn send(&mut self, out: &mut BytesMut, end: bool) -> Result<(), Unsent> {
        match self {
            Self::Http1(_) if out.is_empty() => Ok(()),
            Self::Http1(line) => {
                let sent = line.send(out).await;
                out.clear();
                sent.map_err(|_| Unsent)
            }
            Self::Http2 { session, head } => {
                let mut tasks = Vec::with_capacity(2);
                if let Some(head) = head.take() {
                    tasks.push(HttpTask::Header(head, end && out.is_empty()));
                } else if end && out.is_empty() {
                    tasks.push(HttpTask::Done);
                }
                if !out.is_empty() {
                    tasks.push(HttpTask::Body(Some(out.split().freeze()), end));
                }
                if tasks.is_empty() {
                    return Ok(());
                }
                session.response_duplex_vec(tasks).await.map(|_| ()).map_err(|_| Unsent)
            }
        }
    }

    /// Resolves when it has gone.
    pub(super) async fn gone(&mut self) {
        match self {
            Self::Http1(line) => line.gone().await,
            Self::Http2 { session, .. } => {
                let _ = session.read_body_or_idle(true).await;
            }
        }
    }
}

/// A head that is being written.
pub(super) enum Heads<'a> {
    /// As bytes of HTTP/1.1.
    Bytes(&'a mut BytesMut),
    /// As fields.
    Fields(&'a mut Option<Box<ResponseHeader>>),
}

impl Say for Heads<'_> {
    fn status(&mut self, status: u16, reason: &str) {
        match self {
            Self::Bytes(out) => {
                let mut digits = itoa::Buffer::new();
                for part in ["HTTP/1.1 ", digits.format(status), " ", reason, "\r\n"] {
                    out.extend_from_slice(part.as_bytes());
                }
            }
            // A status of three digits was read, so there is a head.
            Self::Fields(head) => **head = ResponseHeader::build(status, None).ok().map(Box::new),
        }
    }

    fn field(&mut self, name: &str, value: &[u8]) {
        match self {
            Self::Bytes(out) => {
                for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                    out.extend_from_slice(part);
                }
            }
            Self::Fields(head) => {
                let name = HeaderName::from_bytes(name.as_bytes());
                // A value that HTTP/2 cannot carry is left out, as on the long way.
                let value = HeaderValue::from_bytes(value);
                if let (Some(head), Ok(name), Ok(value)) = (head, name, value) {
                    let _ = head.append_header(name, value);
                }
            }
        }
    }

    fn end(&mut self) {
        if let Self::Bytes(out) = self {
            out.extend_from_slice(b"\r\n");
        }
    }
}
