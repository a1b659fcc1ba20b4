//! The door: read the head → our own page? → who is it → decide → answer, or keep the permit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, header};
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

use super::arrival::{self, Arrival, Head, Unwelcome};
use super::context::{Context, Outcome};
use super::service::AuthProxy;
use super::{reply, streams};
use crate::domain::navigation::RequestKind;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::policy::{Asked, Decision, Permit, Visitor};
use crate::portal::assertion::{self, Introduction};
use crate::portal::denial::{Denied, Through, kind};
use crate::portal::refusal::{Audience, Refusal};
use crate::portal::visit::Here;
use crate::portal::who::{Unknown, Who, identify};
use crate::traces::noting;

/// What is to become of a request, before anything is answered.
pub(super) enum Weighed {
    /// It is no request to one of our sites.
    Unwelcome(Unwelcome),
    /// One of our own pages is asked for.
    Own,
    /// Neither ours as received, nor safe to pass on: an application may read it as ours.
    Disguised,
    /// It cannot be told who is asking.
    Unknown(Unknown),
    /// The rules have decided.
    Decided(Who, Decision),
}

impl Weighed {
    /// Notes how long it took, where somebody had to be asked.
    pub(super) fn note(&self, context: &mut Context) {
        if let Self::Decided(..) | Self::Unknown(_) = self {
            context.is_decided();
        }
    }
}

impl AuthProxy {
    /// The door: `Ok(false)` only with a permit in the context.
    pub(super) async fn door(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let head = Head::from(session.req_header());
        let weighed = match context.sampled() {
            None => self.weigh(head, context).await,
            Some(calls) => noting(calls, self.weigh(head, context)).await,
        };
        weighed.note(context);
        self.follow(weighed, session, context).await
    }

    /// Does what was found out about a request: `Ok(false)` only with a permit in the context.
    pub(super) async fn follow(
        &self,
        weighed: Weighed,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<bool> {
        match weighed {
            Weighed::Unwelcome(unwelcome) => self.turn_away(session, context, unwelcome).await,
            Weighed::Own => self.own_page(session, context).await,
            Weighed::Disguised => self.refuse(session, context, &Refusal::NotFound).await,
            Weighed::Unknown(unknown) => self.nobody_knows(session, context, unknown).await,
            Weighed::Decided(_, Decision::Pass(permit)) => {
                self.pass(session, context, permit).await
            }
            Weighed::Decided(who, decision) => self.deny(session, context, &who, &decision).await,
        }
    }

    /// Reads a head, finds out who is asking, and lets the rules decide. Notes it all in the context.
    pub(super) async fn weigh(&self, head: Head<'_>, context: &mut Context) -> Weighed {
        let front = Arc::clone(&context.front);
        let desk = front.portal.desk();
        let Some((peer, client)) = context.client else {
            return Weighed::Unwelcome(Unwelcome::Damaged("no peer"));
        };
        let Arrival { located, target, kind } = match arrival::read(head, peer, desk) {
            Ok(arrival) => arrival,
            Err(unwelcome) => return Weighed::Unwelcome(unwelcome),
        };
        context.kind = kind;
        let under = target.under(&self.reserved);
        let located = context.located.insert(located);
        let target = context.target.insert(target);
        match under {
            Under::Plainly => return Weighed::Own,
            Under::Disguised => return Weighed::Disguised,
            Under::No => {}
        }
        let who = match identify(desk, head.headers, located).await {
            Ok(who) => who,
            Err(unknown) => return Weighed::Unknown(unknown),
        };
        let visitor = match &who {
            Who::Nobody => Visitor::Nobody,
            Who::Person { identity, session, known } => {
                context.session = Some(*session);
                context.known = Some(Arc::clone(known));
                Visitor::Person(identity)
            }
            Who::Machine { machine, token } => {
                context.token = Some(*token);
                Visitor::Machine(machine)
            }
        };
        let decision = located.site.policy.decide(Asked {
            host: located.origin.host(),
            method: head.method,
            target,
            client: desk.trusted.known(client),
            visitor,
            now: desk.gate.now(),
        });
        context.rule = Some(Arc::clone(decision.rule()));
        Weighed::Decided(who, decision)
    }

    async fn deny(
        &self,
        session: &mut Session,
        context: &mut Context,
        who: &Who,
        decision: &Decision,
    ) -> Result<bool> {
        let (Some(here), Some(target)) = (context.here(), &context.target) else {
            return Ok(true);
        };
        let head = session.req_header();
        let denied = Denied {
            method: &head.method,
            target,
            headers: &head.headers,
            kind: context.kind,
            who,
            through: Through::Ourselves,
        };
        let (outcome, response) = context.front.answerer.answer(&here, &denied, decision);
        context.outcome = outcome;
        reply::write(session, response).await.map(|()| true)
    }

    /// It cannot be told who is asking: 503, or 401 for a service token that is worth nothing.
    async fn nobody_knows(
        &self,
        session: &mut Session,
        context: &mut Context,
        unknown: Unknown,
    ) -> Result<bool> {
        let Some(here) = context.here() else { return Ok(true) };
        let head = session.req_header();
        let response = match unknown {
            Unknown::Store(error) => {
                return self.unavailable(session, context, &error.into()).await;
            }
            Unknown::BadToken => {
                context.outcome = Outcome::Challenged;
                context.front.answerer.bad_token(&here, head, context.kind)
            }
        };
        reply::write(session, response).await.map(|()| true)
    }

    async fn own_page(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let Some(here) = context.here() else {
            return Error::e_explain(ErrorType::InternalError, "no site");
        };
        context.outcome = Outcome::Own;
        let head = session.req_header();
        let audience =
            Audience::of(head.uri.path(), &head.headers, &context.front.portal.desk().prefix);
        let body = match reply::read_body(session).await {
            Ok(body) => body,
            Err(fault) => {
                return refuse_to(session, context, &here, audience, &fault.into()).await;
            }
        };
        let mut request = http::Request::new(Body::from(body));
        let head = session.req_header();
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        let target = context.target.as_ref().map_or("/", RequestTarget::as_str);
        let Ok(uri) = target.parse() else {
            let refusal = Refusal::BadRequest("request target");
            return refuse_to(session, context, &here, audience, &refusal).await;
        };
        *request.uri_mut() = uri;
        let portal = &context.front.portal;
        let is_asked_along = portal.is_asked_along(request.uri().path());
        let answer = portal.answer(here, request);
        let answer: Pin<Box<dyn Future<Output = _> + Send>> = match context.sampled() {
            None => Box::pin(answer),
            Some(calls) => noting(calls, answer),
        };
        let response = if is_asked_along { answer.await } else { self.turns.take(answer).await };
        reply::write(session, response).await.map(|()| true)
    }

    /// Whether a WebSocket comes from the site's own pages, as it must: cookies go with it from anywhere,
    /// and no same-origin policy protects it.
    pub(super) fn is_own_page(context: &Context, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        // Exactly one: of two, the application may believe the other.
        let origin = origins.next().filter(|_| origins.next().is_none());
        let own = context.located.as_ref().map(|located| &*located.origin_text);
        // A service token goes with nothing by itself, unlike a cookie: no page can lend it.
        context.token.is_some() || origin.and_then(|value| value.to_str().ok()) == own
    }

    /// Keeps the permit, and what the application is told.
    async fn pass(
        &self,
        session: &mut Session,
        context: &mut Context,
        permit: Permit,
    ) -> Result<bool> {
        if context.kind == RequestKind::WebSocket
            && !Self::is_own_page(context, &session.req_header().headers)
        {
            return self.refuse(session, context, &Refusal::CrossSite).await;
        }
        let length = session.req_header().headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if let (Some(most), Some(length)) = (context.max_body(), length)
            && length > most
        {
            // What follows is not read, so nothing can come after it.
            session.set_keepalive(None);
            return self.refuse(session, context, &Refusal::TooLarge).await;
        }
        context.permit = Some(permit);
        if Self::upstream(context).is_none() {
            return self.refuse(session, context, &Refusal::NoApplication).await;
        }
        match introduction(context).await {
            Ok(introduction) => context.introduction = Some(introduction),
            Err(refusal) => return self.unavailable(session, context, &refusal).await,
        }
        if streams::is_upload(session) {
            self.end_with_session(session.req_header().method.clone(), 0, context);
        }
        context.outcome = Outcome::Passed;
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
        let (answerer, head) = (&context.front.answerer, session.req_header());
        let response = answerer.unavailable(&here, head, context.kind, refusal);
        reply::write(session, response).await.map(|()| true)
    }

    async fn refuse(
        &self,
        session: &mut Session,
        context: &mut Context,
        refusal: &Refusal,
    ) -> Result<bool> {
        let Some(here) = context.here() else { return Ok(true) };
        let (answerer, head) = (&context.front.answerer, session.req_header());
        let response = answerer.refused(&here, head, context.kind, refusal);
        reply::write(session, response).await.map(|()| true)
    }

    async fn turn_away(
        &self,
        session: &mut Session,
        context: &mut Context,
        unwelcome: Unwelcome,
    ) -> Result<bool> {
        let head = session.req_header();
        let kind = kind(head.method.as_str(), &head.headers);
        let response = context.front.answerer.turn_away(unwelcome, head, kind, &context.reference);
        // What was not understood leaves nothing to rely on for a next request.
        session.set_keepalive(None);
        reply::write(session, response).await.map(|()| true)
    }
}

async fn refuse_to(
    session: &mut Session,
    context: &Context,
    here: &Here,
    audience: Audience,
    refusal: &Refusal,
) -> Result<bool> {
    let portal = &context.front.portal;
    let look = portal.look(Some(&here.located.site), session.req_header(), &here.reference);
    let response = portal.refuse(here, audience, &look, refusal);
    reply::write(session, response).await.map(|()| true)
}

/// What the application is told: of the person or the script that the permit names, or of nobody.
pub(super) async fn introduction(context: &Context) -> Result<Introduction, Refusal> {
    let (Some(located), Some(permit)) = (&context.located, &context.permit) else {
        return Err(Refusal::Internal("no permit, nothing to tell"));
    };
    let person = permit.identity().zip(context.session);
    let machine = permit.machine().zip(context.token);
    let visitor = person
        .map(|(identity, session)| {
            let known = context.known.as_deref();
            assertion::Visitor::Person { session, known, identity }
        })
        .or_else(|| machine.map(|(machine, token)| assertion::Visitor::Machine { token, machine }));
    let desk = context.front.portal.desk();
    desk.assertions.introduce(located, visitor, desk.gate.now()).await
}
