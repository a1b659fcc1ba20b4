//! The phases of a request.
//!
//! | phase | what happens |
//! |---|---|
//! | `request_filter` | read the head → our own page? → who is it → decide → answer, or keep the permit |
//! | `upstream_peer` | the peer of the permit; no permit, no peer |
//! | `upstream_request_filter` | take off what the client must not say, put on what the permit says |
//! | `response_filter` | what the application must not set, and who may store the answer |
//! | `fail_to_proxy`, `logging` | our page for its failure; one line for each request |

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use http::{HeaderValue, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};

use super::arrival::{self, Arrival, Unwelcome};
use super::context::{Context, Outcome, reference};
use super::onward::Onward;
use super::peers::{Patience, Upstream};
use super::verdict::{Answerer, failure_status};
use super::{access_log, reply, streams};
use crate::domain::identity::Identity;
use crate::domain::navigation::RequestKind;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::policy::{Decision, Permit};
use crate::domain::site::Located;
use crate::domain::token::{Session as SessionToken, Token};
use crate::portal::Portal;
use crate::portal::assertion::Visitor;
use crate::portal::cookies::{CookieNames, sets_ours};
use crate::portal::refusal::{Audience, Refusal};
use crate::portal::visit::token_in;
use crate::ports::Entropy;

/// The proxy: sites behind sign-in, upstreams behind permits.
pub struct AuthProxy {
    portal: Portal,
    answerer: Answerer,
    upstreams: Vec<Upstream>,
    entropy: Arc<dyn Entropy>,
    reserved: String,
}

impl AuthProxy {
    /// Joins the portal and the upstreams, which are found by the index in their id.
    #[must_use]
    pub fn new(portal: Portal, upstreams: Vec<Upstream>, entropy: Arc<dyn Entropy>) -> Self {
        let reserved = format!("{}/", portal.desk().prefix);
        Self { answerer: Answerer::new(portal.clone()), portal, upstreams, entropy, reserved }
    }

    async fn own_page(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let Some(here) = context.here() else {
            return Error::e_explain(ErrorType::InternalError, "no site");
        };
        context.outcome = Outcome::Own;
        let head = session.req_header();
        let audience = Audience::of(head.uri.path(), &head.headers, &self.portal.desk().prefix);
        let body = match reply::read_body(session).await {
            Ok(body) => body,
            Err(fault) => {
                let refusal = match fault {
                    reply::BodyFault::TooLarge => Refusal::TooLarge,
                    reply::BodyFault::TooSlow => Refusal::TooSlow,
                    reply::BodyFault::Broken => Refusal::BadRequest("the body broke off"),
                };
                let look = self.portal.look(Some(&here.located.site), session.req_header());
                let response = self.portal.refuse(&here, audience, &look, &refusal);
                return reply::write(session, response).await.map(|()| true);
            }
        };
        let mut request = http::Request::new(Body::from(body));
        let head = session.req_header();
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        let target = context.target.as_ref().map_or("/", RequestTarget::as_str);
        let Ok(uri) = target.parse() else {
            let look = self.portal.look(Some(&here.located.site), head);
            let refusal = Refusal::BadRequest("request target");
            let response = self.portal.refuse(&here, audience, &look, &refusal);
            return reply::write(session, response).await.map(|()| true);
        };
        *request.uri_mut() = uri;
        let response = self.portal.answer(here, request).await;
        reply::write(session, response).await.map(|()| true)
    }

    /// Who is asking: the identity behind a session that counts now, with the groups of now.
    async fn identify(
        &self,
        session: &Session,
        context: &mut Context,
        located: &Located,
    ) -> Result<Option<Arc<Identity>>, Refusal> {
        let desk = self.portal.desk();
        let site = &located.site;
        let name = CookieNames::session_name(site.is_https(), site.session_domain.is_some());
        let headers = &session.req_header().headers;
        let token: Option<Token<SessionToken>> = token_in(headers, name, &desk.gate.keys().token);
        let Some(token) = token else { return Ok(None) };
        let found = desk.gate.authenticate(&token, &located.realm, site.terms.session.idle).await?;
        let Some(found) = found else { return Ok(None) };
        context.session = Some(token.digest());
        Ok(Some(Arc::new(desk.identity(&found, site.terms.session.idle))))
    }

    /// The door: `Ok(false)` only with a permit in the context.
    async fn door(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let arrival = match arrival::read(session.req_header(), &self.portal.desk().sites) {
            Ok(arrival) => arrival,
            Err(unwelcome) => return self.turn_away(session, context, unwelcome).await,
        };
        let Arrival { located, target, kind } = arrival;
        context.located = Some(located.clone());
        context.kind = kind;
        let under = target.under(&self.reserved);
        let target = context.target.insert(target).clone();
        match under {
            Under::Plainly => return self.own_page(session, context).await,
            // Neither ours as received, nor safe to pass on: an application may read it as ours.
            Under::Disguised => {
                return self.refuse(session, context, &Refusal::NotFound).await;
            }
            Under::No => {}
        }
        let identity = match self.identify(session, context, &located).await {
            Ok(identity) => identity,
            Err(refusal) => return self.unavailable(session, context, &refusal).await,
        };
        let now = self.portal.desk().gate.now();
        let method = session.req_header().method.clone();
        let policy = &located.site.policy;
        match policy.decide(method.as_str(), &target, identity.as_ref(), now) {
            Decision::Pass(permit) => self.pass(session, context, permit).await,
            decision => {
                let Some(here) = context.here() else { return Ok(true) };
                let (outcome, response) = self.answerer.answer(
                    &here,
                    session.req_header(),
                    &target,
                    kind,
                    identity.as_deref(),
                    &decision,
                );
                context.outcome = outcome;
                reply::write(session, response).await.map(|()| true)
            }
        }
    }

    /// Keeps the permit, and what the application is told. A WebSocket must come from the site's own pages: cookies go with it from
    /// anywhere, and no same-origin policy protects it.
    async fn pass(
        &self,
        session: &mut Session,
        context: &mut Context,
        permit: Permit,
    ) -> Result<bool> {
        if context.kind == RequestKind::WebSocket {
            let mut origins = session.req_header().headers.get_all(header::ORIGIN).iter();
            // Exactly one: of two, the application may believe the other.
            let origin = origins.next().filter(|_| origins.next().is_none());
            let own = context.located.as_ref().map(|located| &*located.origin_text);
            if origin.and_then(|value| value.to_str().ok()) != own {
                return self.refuse(session, context, &Refusal::CrossSite).await;
            }
        }
        let Some(located) = &context.located else { return Ok(true) };
        let visitor = permit.identity().zip(context.session);
        let visitor = visitor.map(|(identity, session)| Visitor { session, identity });
        let desk = self.portal.desk();
        match desk.assertions.introduce(located, visitor, desk.gate.now()).await {
            Ok(introduction) => context.introduction = Some(introduction),
            Err(refusal) => return self.unavailable(session, context, &refusal).await,
        }
        context.outcome = Outcome::Passed;
        context.permit = Some(permit);
        Ok(false)
    }

    async fn unavailable(
        &self,
        session: &mut Session,
        context: &mut Context,
        refusal: &Refusal,
    ) -> Result<bool> {
        context.outcome = Outcome::Unavailable;
        let Some(here) = context.here() else { return Ok(true) };
        let response =
            self.answerer.unavailable(&here, session.req_header(), context.kind, refusal);
        reply::write(session, response).await.map(|()| true)
    }

    async fn refuse(
        &self,
        session: &mut Session,
        context: &mut Context,
        refusal: &Refusal,
    ) -> Result<bool> {
        let Some(here) = context.here() else { return Ok(true) };
        let audience = match context.kind {
            RequestKind::Navigation => Audience::Person,
            RequestKind::Api | RequestKind::Grpc | RequestKind::WebSocket => Audience::Program,
        };
        let look = self.portal.look(Some(&here.located.site), session.req_header());
        let response = self.portal.refuse(&here, audience, &look, refusal);
        reply::write(session, response).await.map(|()| true)
    }

    async fn turn_away(
        &self,
        session: &mut Session,
        context: &mut Context,
        unwelcome: Unwelcome,
    ) -> Result<bool> {
        let head = session.req_header();
        let kind = arrival::kind(head.method.as_str(), &head.headers);
        let response = self.answerer.turn_away(unwelcome, head, kind, &context.reference);
        // What was not understood leaves nothing to rely on for a next request.
        session.set_keepalive(None);
        reply::write(session, response).await.map(|()| true)
    }

    /// The application that the permit names; no permit, no application.
    fn upstream(&self, context: &Context) -> Option<&Upstream> {
        let id = context.permit.as_ref()?.upstream();
        self.upstreams.get(usize::try_from(id.0).ok()?)
    }

    /// Lets a stream end with the session behind it.
    fn end_with_session(&self, context: &Context) {
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
        let (Some(_), Some(located), Some(introduction), Some((peer, _))) =
            (&context.permit, &context.located, &context.introduction, context.client)
        else {
            return Error::e_explain(ErrorType::InternalError, "no permit, no request");
        };
        let desk = self.portal.desk();
        let onward = Onward {
            located,
            kind: context.kind,
            peer,
            is_trusted: desk.trusted.contains(peer),
            reference: &context.reference,
            introduction,
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
