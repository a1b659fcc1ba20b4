//! Plain requests of HTTP/2: each stream is a session of Pingora's already, whose head the `h2` crate
//! has read.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Version, header};
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::http::RequestHeader;
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::H2Options;
use pingora::server::ShutdownWatch;

use super::client::Client;
use super::request::Request;
use super::{Direct, Gone};
use crate::proxy::arrival;
use crate::proxy::leaving::{CARRIED, Carried};

/// An application whose plain requests of HTTP/2 go the shorter way.
pub struct Straight<A> {
    inner: Arc<A>,
    direct: Arc<Direct>,
}

impl<A> Straight<A> {
    /// Goes before `inner`, which is the long way.
    #[must_use]
    pub fn new(inner: A, direct: Arc<Direct>) -> Self {
        Self { inner: Arc::new(inner), direct }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> HttpServerApp for Straight<A> {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if !is_plain(&mut session) {
            return self.inner.process_new_http(session, shutdown).await;
        }
        let mut pending = Some(self.direct.leaving.pending());
        session.set_write_timeout(Some(self.direct.patience));
        let peer = arrival::peer_of(session.client_addr());
        // The head is read while the session is written to.
        let nothing = RequestHeader::build(Method::GET, b"/", Some(0)).ok()?;
        let head = std::mem::replace(session.req_header_mut(), nothing);
        let gone = match Request::of_http2(&head) {
            None => Gone::Around(None),
            Some(request) => {
                let mut client = Client::http2(&mut session);
                self.direct.go(&request, &mut client, (peer, false), &mut pending).await
            }
        };
        match gone {
            // What was not sent to its end is reset with the session.
            Gone::Answered { .. } | Gone::Broken => None,
            Gone::Around(decided) => {
                *session.req_header_mut() = head;
                let carried = Carried::new(pending, decided);
                CARRIED.scope(carried, self.inner.process_new_http(session, shutdown)).await
            }
        }
    }

    fn h2_options(&self) -> Option<H2Options> {
        self.inner.h2_options()
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.inner.server_options()
    }

    async fn http_cleanup(&self) {
        self.inner.http_cleanup().await;
    }
}

/// Nothing but an answer is asked for.
fn is_plain(session: &mut ServerSession) -> bool {
    if !session.is_http2() || !session.is_body_empty() {
        return false;
    }
    let head = session.req_header();
    let asks_more = [header::CONTENT_LENGTH, header::EXPECT, header::UPGRADE, header::CONNECTION];
    head.version == Version::HTTP_2
        && matches!(head.method, Method::GET | Method::HEAD)
        && !asks_more.iter().any(|name| head.headers.contains_key(name))
}
