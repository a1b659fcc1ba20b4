//! The door: read the head → our own page? → who is it → decide → answer, or keep the permit.

use axum::body::Body;
use http::header;
use pingora::http::RequestHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

use super::arrival::{self, Arrival, Unwelcome};
use super::context::{Context, Outcome};
use super::reply;
use super::service::AuthProxy;
use super::who::{Unknown, Who, identify};
use crate::domain::navigation::RequestKind;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::policy::{Decision, Permit};
use crate::portal::assertion::Visitor;
use crate::portal::pages::Look;
use crate::portal::refusal::{Audience, Refusal};
use crate::portal::visit::Here;

impl AuthProxy {
    /// The door: `Ok(false)` only with a permit in the context.
    pub(super) async fn door(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let arrival = match arrival::read(session.req_header(), &context.front.portal.desk().sites)
        {
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
        let desk = context.front.portal.desk();
        let who = match identify(desk, &session.req_header().headers, &located).await {
            Ok(who) => who,
            Err(unknown) => return self.nobody_knows(session, context, unknown).await,
        };
        let (policy, now) = (&located.site.policy, desk.gate.now());
        let method = session.req_header().method.as_str();
        let decision = match &who {
            Who::Nobody => policy.decide(method, &target, None, now),
            Who::Person { identity, session } => {
                context.session = Some(*session);
                policy.decide(method, &target, Some(identity), now)
            }
            Who::Machine { machine, token } => {
                context.token = Some(*token);
                policy.decide_machine(method, &target, machine, now)
            }
        };
        match decision {
            Decision::Pass(permit) => self.pass(session, context, permit).await,
            decision => {
                let Some(here) = context.here() else { return Ok(true) };
                let head = session.req_header();
                let (outcome, response) =
                    context.front.answerer.answer(&here, head, &target, kind, &who, &decision);
                context.outcome = outcome;
                reply::write(session, response).await.map(|()| true)
            }
        }
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
                let refusal = match fault {
                    reply::BodyFault::TooLarge => Refusal::TooLarge,
                    reply::BodyFault::TooSlow => Refusal::TooSlow,
                    reply::BodyFault::Broken => Refusal::BadRequest("the body broke off"),
                };
                let look = look(context, &here, session.req_header());
                let response = context.front.portal.refuse(&here, audience, &look, &refusal);
                return reply::write(session, response).await.map(|()| true);
            }
        };
        let mut request = http::Request::new(Body::from(body));
        let head = session.req_header();
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        let target = context.target.as_ref().map_or("/", RequestTarget::as_str);
        let Ok(uri) = target.parse() else {
            let look = look(context, &here, head);
            let refusal = Refusal::BadRequest("request target");
            let response = context.front.portal.refuse(&here, audience, &look, &refusal);
            return reply::write(session, response).await.map(|()| true);
        };
        *request.uri_mut() = uri;
        let response = context.front.portal.answer(here, request).await;
        reply::write(session, response).await.map(|()| true)
    }

    /// Keeps the permit, and what the application is told. A WebSocket must come from the site's own pages: cookies go with it from
    /// anywhere, and no same-origin policy protects it.
    async fn pass(
        &self,
        session: &mut Session,
        context: &mut Context,
        permit: Permit,
    ) -> Result<bool> {
        // A service token goes with nothing by itself, unlike a cookie: no page can lend it.
        if context.kind == RequestKind::WebSocket && context.token.is_none() {
            let mut origins = session.req_header().headers.get_all(header::ORIGIN).iter();
            // Exactly one: of two, the application may believe the other.
            let origin = origins.next().filter(|_| origins.next().is_none());
            let own = context.located.as_ref().map(|located| &*located.origin_text);
            if origin.and_then(|value| value.to_str().ok()) != own {
                return self.refuse(session, context, &Refusal::CrossSite).await;
            }
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
        let Some(located) = &context.located else { return Ok(true) };
        let visitor = visitor(&permit, context);
        let desk = context.front.portal.desk();
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
        let audience = match context.kind {
            RequestKind::Navigation => Audience::Person,
            RequestKind::Api | RequestKind::Grpc | RequestKind::WebSocket => Audience::Program,
        };
        let look = look(context, &here, session.req_header());
        let response = context.front.portal.refuse(&here, audience, &look, refusal);
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
        let response = context.front.answerer.turn_away(unwelcome, head, kind, &context.reference);
        // What was not understood leaves nothing to rely on for a next request.
        session.set_keepalive(None);
        reply::write(session, response).await.map(|()| true)
    }
}

/// Of whom the application is told: the person or the script that the permit names.
fn visitor<'a>(permit: &'a Permit, context: &Context) -> Option<Visitor<'a>> {
    let person = permit.identity().zip(context.session);
    let machine = permit.machine().zip(context.token);
    person
        .map(|(identity, session)| Visitor::Person { session, identity })
        .or_else(|| machine.map(|(machine, token)| Visitor::Machine { token, machine }))
}

fn look(context: &Context, here: &Here, head: &RequestHeader) -> Look {
    context.front.portal.look(Some(&here.located.site), head, &here.reference)
}
