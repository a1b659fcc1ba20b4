//! The phases of a request.
//!
//! | phase | what happens |
//! |---|---|
//! | `request_filter` | the door (`proxy::door`): answer, or keep the permit |
//! | `upstream_peer` | the peer of the permit; no permit, no peer |
//! | `upstream_request_filter` | take off what the client must not say, put on what the permit says |
//! | `response_filter` | what the application must not set, and who may store the answer |
//! | `fail_to_proxy`, `logging` | our page for its failure; one line for each request |

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderValue, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};

use super::arrival;
use super::context::{Context, reference};
use super::onward::Onward;
use super::peers::{Patience, Upstream};
use super::verdict::{Answerer, failure_status};
use super::{access_log, reply, streams};
use crate::domain::navigation::RequestKind;
use crate::portal::Portal;
use crate::portal::cookies::sets_ours;
use crate::ports::Entropy;

/// The proxy: sites behind sign-in, upstreams behind permits.
pub struct AuthProxy {
    pub(super) portal: Portal,
    pub(super) answerer: Answerer,
    upstreams: Vec<Upstream>,
    entropy: Arc<dyn Entropy>,
    pub(super) reserved: String,
}

impl AuthProxy {
    /// Joins the portal and the upstreams, which are found by the index in their id.
    #[must_use]
    pub fn new(portal: Portal, upstreams: Vec<Upstream>, entropy: Arc<dyn Entropy>) -> Self {
        let reserved = format!("{}/", portal.desk().prefix);
        Self { answerer: Answerer::new(portal.clone()), portal, upstreams, entropy, reserved }
    }

    /// The application that the permit names; no permit, no application.
    fn upstream(&self, context: &Context) -> Option<&Upstream> {
        let id = context.permit.as_ref()?.upstream();
        self.upstreams.get(usize::try_from(id.0).ok()?)
    }

    /// Lets a stream end with the session behind it.
    pub(super) fn end_with_session(&self, context: &Context) {
        let (Some(session), Some(located)) = (context.session, &context.located) else { return };
        let desk = Arc::clone(self.portal.desk());
        let (realm, idle) = (Arc::clone(&located.realm), located.site.terms.session.idle);
        streams::end_with(async move { desk.gate.ended(session, &realm, idle).await });
    }

    fn patience(session: &Session, kind: RequestKind) -> Patience {
        let accept = session.req_header().headers.get(header::ACCEPT);
        let events = accept.is_some_and(|value| {
            memchr::memmem::find(value.as_bytes(), b"text/event-stream").is_some()
        });
        match kind {
            RequestKind::WebSocket | RequestKind::Grpc => Patience::Stream,
            RequestKind::Navigation | RequestKind::Api if events => Patience::Stream,
            RequestKind::Navigation | RequestKind::Api => Patience::Answer,
        }
    }
}

#[async_trait]
impl ProxyHttp for AuthProxy {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(reference(self.entropy.as_ref()))
    }

    /// No modules: compression of answers that hold secrets is not ours to do (BREACH).
    fn init_downstream_modules(&self, _: &mut pingora::modules::http::HttpModules) {}

    async fn request_filter(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let desk = self.portal.desk();
        context.began = Some(desk.gate.now());
        context.client = Some(arrival::client(session, &desk.trusted));
        self.door(session, context).await
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<Box<HttpPeer>> {
        let Some(upstream) = self.upstream(context) else {
            return Error::e_explain(ErrorType::InternalError, "no permit, no peer");
        };
        let patience = Self::patience(session, context.kind);
        let now = self.portal.desk().gate.now();
        match upstream.peer(context.kind, patience, now).await {
            Ok((peer, server)) => {
                context.server = server;
                Ok(Box::new(peer))
            }
            Err(error) => Err(Error::because(ErrorType::ConnectError, "look-up", error).into_up()),
        }
    }

    /// Another server of the same application is tried: nothing of the request was sent yet.
    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        context: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(upstream) = self.upstream(context) {
            upstream.refused(context.server, self.portal.desk().gate.now());
            let tries = context.connects + 1;
            error.set_retry(tries < upstream.servers());
        }
        context.connects += 1;
        error
    }

    async fn connected_to_upstream(
        &self,
        _: &mut Session,
        reused: bool,
        _: &HttpPeer,
        _: std::os::unix::io::RawFd,
        _: Option<&Digest>,
        context: &mut Context,
    ) -> Result<()> {
        context.upstream_reused = reused;
        Ok(())
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        head: &mut RequestHeader,
        context: &mut Context,
    ) -> Result<()> {
        let (Some(permit), Some(located), Some((peer, _))) =
            (&context.permit, &context.located, context.client)
        else {
            return Error::e_explain(ErrorType::InternalError, "no permit, no request");
        };
        let desk = self.portal.desk();
        let identity = permit.identity();
        let assertion = match (identity, context.session) {
            (Some(identity), Some(session)) => {
                let now = desk.gate.now();
                let signed = desk.assertions.sign(session, &located.origin_text, identity, now);
                Some(signed.map_err(|error| {
                    Error::because(ErrorType::InternalError, "assertion", error)
                })?)
            }
            (None, _) | (_, None) => None,
        };
        let onward = Onward {
            located,
            kind: context.kind,
            peer,
            is_trusted: desk.trusted.contains(peer),
            reference: &context.reference,
            identity: identity.map(AsRef::as_ref),
            assertion,
        };
        onward.write(&session.req_header().headers, head)
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        head: &mut ResponseHeader,
        context: &mut Context,
    ) -> Result<()> {
        let cookies = head.headers.get_all(header::SET_COOKIE);
        if cookies.iter().any(|cookie| sets_ours(cookie.as_bytes())) {
            let kept: Vec<HeaderValue> =
                cookies.iter().filter(|cookie| !sets_ours(cookie.as_bytes())).cloned().collect();
            head.remove_header(&header::SET_COOKIE);
            for cookie in kept {
                head.append_header(header::SET_COOKIE, cookie)?;
            }
        }
        if streams::is_stream(head) {
            self.end_with_session(context);
        }
        let is_signed_in =
            context.permit.as_ref().is_some_and(|permit| permit.identity().is_some());
        if is_signed_in
            && !head.status.is_informational()
            && !head.headers.contains_key(header::CACHE_CONTROL)
        {
            head.insert_header(header::CACHE_CONTROL, "private")?;
        }
        Ok(())
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        context: &mut Context,
    ) -> FailToProxy {
        let code = failure_status(error);
        if code > 0 && session.response_written().is_none() {
            let response =
                self.answerer.failure(code, context.here().as_ref(), session.req_header(), context);
            session.set_keepalive(None);
            if let Err(error) = reply::write(session, response).await {
                tracing::debug!(%error, "the client did not get the error page");
            }
        }
        FailToProxy { error_code: code, can_reuse_downstream: false }
    }

    /// Our own log line says what failed, without the addresses and headers that Pingora's has.
    fn suppress_error_log(&self, _: &Session, _: &Context, _: &Error) -> bool {
        true
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, context: &mut Context) {
        let now = self.portal.desk().gate.now();
        access_log::write(session, error, context, now, &self.reserved);
    }
}
