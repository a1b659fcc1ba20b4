//! The phases of a request.
//!
//! | phase | what happens |
//! |---|---|
//! | `request_filter` | the door (`proxy::door`): answer, or keep the permit |
//! | `upstream_peer` | the peer of the permit; no permit, no peer |
//! | `upstream_request_filter` | take off what the client must not say, put on what the permit says |
//! | `response_filter` | what the application must not set, and who may store the answer |
//! | `fail_to_proxy`, `logging` | our page for its failure; one line for each request |

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorType, Result};
use tokio::task::JoinSet;

use super::arrival;
use super::context::{Context, reference};
use super::front::{Behind, Fronts, Passed};
use super::homeward::keep_to_its_hop;
use super::leaving::{self, Setback};
use super::onward::Onward;
use super::peers::{Errand, Patience, Upstream};
use super::turns::Turns;
use super::verdict::failure_status;
use super::{access_log, reply, streams};
use crate::domain::navigation::RequestKind;
use crate::domain::site::Located;
use crate::domain::time::UnixMillis;
use crate::portal::cookies::sets_ours;
use crate::ports::{Entropy, draw};

/// The proxy: sites behind sign-in, upstreams behind permits.
#[derive(Clone)]
pub struct AuthProxy {
    fronts: Arc<Fronts>,
    entropy: Arc<dyn Entropy>,
    pub(super) turns: Arc<Turns>,
    pub(super) reserved: Arc<str>,
}

impl AuthProxy {
    /// Serves what the current front says, our own pages in turn with all else. The reserved path stays
    /// that of the first one.
    #[must_use]
    pub fn new(fronts: Arc<Fronts>, entropy: Arc<dyn Entropy>, turns: Turns) -> Self {
        let reserved = format!("{}/", fronts.current().portal.desk().prefix).into();
        Self { fronts, entropy, turns: Arc::new(turns), reserved }
    }

    /// The front that is current, and its changes.
    #[must_use]
    pub fn fronts(&self) -> &Arc<Fronts> {
        &self.fronts
    }

    /// The application that the permit names; no permit, no application.
    pub(super) fn upstream(context: &Context) -> Option<&Upstream> {
        context.front.upstream(context.permit.as_ref()?)
    }

    /// Lets a stream end with the session behind it, and with the rule that let it through. `status` is
    /// what the client was answered, if it was.
    pub(super) fn end_with_session(&self, method: Method, status: u16, context: &mut Context) {
        context.becomes_stream();
        let Some(ending) = self.ending(method.clone(), context) else { return };
        let streamed = Arc::clone(context.streamed.get_or_insert_default());
        let (said, reserved) = (context.for_the_log(), Arc::clone(&self.reserved));
        let last_words = move |why| {
            let sent = streamed.load(Ordering::Relaxed);
            let method = method.as_str();
            let line = access_log::Line { method, status, sent, error: Some(why) };
            said.end(method, status, sent);
            line.write(&said, Self::now(&said), &reserved);
        };
        streams::end_with(ending, Box::new(last_words));
    }

    /// Resolves when the session behind a request has ended, or the rule that let it through.
    pub(super) fn ending(
        &self,
        method: Method,
        context: &Context,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (located, target) = (context.located.as_ref()?, context.target.as_ref()?);
        let desk = context.front.portal.desk();
        let (front, fronts) = (Arc::clone(&context.front), Arc::clone(&self.fronts));
        let passed = Passed {
            authority: located.host().into(),
            method,
            target: target.clone(),
            client: context.client.and_then(|(_, client)| desk.trusted.known(client)),
            by: behind(context, located),
            at: context.began.unwrap_or_else(|| desk.gate.now()),
        };
        Some(async move {
            // In a task of its own: what looks at the store twice a second must not wake the stream,
            // and whatever waits for its bytes, each time.
            let mut looking = JoinSet::new();
            looking.spawn(async move { fronts.revoked(&passed, front).await });
            // A task that broke off has ended, too: then nobody looks any more.
            looking.join_next().await;
        })
    }

    /// A request that begins now.
    pub(super) fn context(&self) -> Context {
        Context::new(self.fronts.current(), reference(self.entropy.as_ref()))
    }

    /// Now.
    pub(super) fn now(context: &Context) -> UnixMillis {
        context.front.portal.desk().gate.now()
    }

    /// What is known of a request whose head is complete: when, and from whom.
    pub(super) fn begin(&self, context: &mut Context, peer: Option<IpAddr>, headers: &HeaderMap) {
        let desk = context.front.portal.desk();
        context.began = Some(desk.gate.now());
        context.head_at = Some(Instant::now());
        context.client = Some(arrival::client(peer, headers, &desk.trusted));
        if let Some(tracer) = &context.front.tracer {
            let is_trusted = peer.is_some_and(|peer| desk.trusted.contains(peer));
            let parent = is_trusted.then(|| arrival::trace_parent(headers)).flatten();
            context.trace = Some(tracer.begin(parent, draw(&self.entropy)));
        }
    }

    /// What the choice of a server depends on.
    pub(super) fn errand(context: &Context, headers: &HeaderMap) -> Option<Errand> {
        let (_, client) = context.client?;
        let patience = Patience::of(context.kind, headers);
        let now = context.front.portal.desk().gate.now();
        Some(Errand { kind: context.kind, patience, client: client.ip(), now })
    }
}

/// Who is behind a request that was let through.
fn behind(context: &Context, located: &Located) -> Behind {
    let Some(permit) = &context.permit else { return Behind::Nobody };
    let person = context.session.zip(permit.identity());
    let machine = context.token.zip(permit.machine());
    match (person, machine) {
        (Some((digest, _)), _) => {
            let (realm, idle) = (Arc::clone(&located.realm), located.site.terms.session.idle);
            Behind::Session { digest, realm, idle }
        }
        (None, Some((token, machine))) => Behind::Machine(Arc::clone(machine), token),
        (None, None) => Behind::Nobody,
    }
}

/// What a request has met on the shorter way, as Pingora would say it.
fn before(setback: Setback) -> Box<Error> {
    let error = match setback {
        Setback::ConnectTimedOut => ErrorType::ConnectTimedout,
        Setback::NotConnected => ErrorType::ConnectError,
        Setback::Silent => ErrorType::ReadTimedout,
        Setback::Broken => ErrorType::ConnectionClosed,
    };
    Error::explain(error, "on the shorter way").into_up()
}

#[async_trait]
impl ProxyHttp for AuthProxy {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        self.context()
    }

    /// No modules: compression of answers that hold secrets is not ours to do (BREACH).
    fn init_downstream_modules(&self, _: &mut pingora::modules::http::HttpModules) {}

    async fn request_filter(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        if let Some(decided) = leaving::decided() {
            *context = *decided;
            return match context.weighed.take() {
                Some(weighed) => self.follow(weighed, session, context).await,
                None => Ok(false),
            };
        }
        self.begin(context, arrival::peer(session), &session.req_header().headers);
        self.door(session, context).await
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<Box<HttpPeer>> {
        let Some(upstream) = Self::upstream(context) else {
            return Error::e_explain(ErrorType::InternalError, "no permit, no peer");
        };
        streams::decided();
        if let Some(setback) = context.setback {
            return Err(before(setback));
        }
        let Some(errand) = Self::errand(context, &session.req_header().headers) else {
            return Error::e_explain(ErrorType::InternalError, "no client, no peer");
        };
        match upstream.peer(errand).await {
            Ok((peer, server)) => {
                context.server = Some(server);
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
        if let (Some(upstream), Some(server)) = (Self::upstream(context), context.server) {
            upstream.refused(server, context.front.portal.desk().gate.now());
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

    /// Counts the body where the site has a cap. Its length may be a lie or not be said at all.
    async fn request_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        context: &mut Context,
    ) -> Result<()> {
        let length = body.as_ref().map_or(0, |body| body.len() as u64);
        context.body_bytes = context.body_bytes.saturating_add(length);
        if context.max_body().is_some_and(|most| context.body_bytes > most) {
            return Error::e_explain(ErrorType::HTTPStatus(413), "the body is over the site's cap");
        }
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
        let desk = context.front.portal.desk();
        let onward = Onward {
            located,
            kind: context.kind,
            peer,
            is_trusted: desk.trusted.contains(peer),
            reference: &context.reference,
            has_token: context.token.is_some(),
            introduction,
            trace: context.trace.as_ref(),
        };
        onward.write(&session.req_header().headers, head)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        context: &mut Context,
    ) -> Result<()> {
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let upgrade = head.headers.get(header::UPGRADE).map(HeaderValue::as_bytes);
            let is_socket = upgrade.is_some_and(|name| name.eq_ignore_ascii_case(b"websocket"));
            if context.kind != RequestKind::WebSocket || !is_socket {
                let words = "another protocol, and nobody has asked for that one";
                return Err(Error::explain(ErrorType::InvalidHTTPHeader, words).into_up());
            }
        } else {
            keep_to_its_hop(head);
        }
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
            let method = session.req_header().method.clone();
            self.end_with_session(method, head.status.as_u16(), context);
        }
        let is_signed_in = context
            .permit
            .as_ref()
            .is_some_and(|permit| permit.identity().is_some() || permit.machine().is_some());
        if is_signed_in
            && !head.status.is_informational()
            && !head.headers.contains_key(header::CACHE_CONTROL)
        {
            head.insert_header(header::CACHE_CONTROL, "private")?;
        }
        Ok(())
    }

    /// Counts what a stream is sent, for its line in the log if it is cut off.
    fn response_body_filter(
        &self,
        _: &mut Session,
        body: &mut Option<Bytes>,
        _: bool,
        context: &mut Context,
    ) -> Result<Option<Duration>> {
        if let (Some(streamed), Some(body)) = (&context.streamed, body) {
            streamed.fetch_add(body.len() as u64, Ordering::Relaxed);
        }
        Ok(None)
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        context: &mut Context,
    ) -> FailToProxy {
        let code = failure_status(error);
        let written = session.response_written();
        if code > 0 && written.is_none_or(|head| head.status.is_informational()) {
            let response = context.front.answerer.failure(
                code,
                context.here().as_ref(),
                session.req_header(),
                context,
            );
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
        let now = context.front.portal.desk().gate.now();
        let line = access_log::Line {
            method: session.req_header().method.as_str(),
            status: session.response_written().map_or(0, |response| response.status.as_u16()),
            sent: session.body_bytes_sent() as u64,
            // Words of ours only: Pingora's error context may repeat what the client sent.
            error: error.map(|error| error.etype().as_str()),
        };
        context.end(line.method, line.status, line.sent);
        line.write(context, now, &self.reserved);
    }
}
