//! The door: read the head → our own page? → who is it → decide → answer, or keep the permit.

use axum::body::Body;
use http::header;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

use super::arrival::{self, Arrival, Unwelcome};
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

impl AuthProxy {
    /// The door: `Ok(false)` only with a permit in the context.
    pub(super) async fn door(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        let Some((peer, _)) = context.client else {
            return Error::e_explain(ErrorType::InternalError, "no peer");
        };
        let desk = context.front.portal.desk();
        let arrival = match arrival::read(session.req_header(), peer, desk) {
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
        let visitor = match &who {
            Who::Nobody => Visitor::Nobody,
            Who::Person { identity, session } => {
                context.session = Some(*session);
                Visitor::Person(identity)
            }
            Who::Machine { machine, token } => {
                context.token = Some(*token);
                Visitor::Machine(machine)
            }
        };
        let asked = Asked {
            host: located.origin.host(),
            method: session.req_header().method.as_str(),
            target: &target,
            client: context.client.and_then(|(_, client)| desk.trusted.known(client)),
            visitor,
            now: desk.gate.now(),
        };
        match located.site.policy.decide(asked) {
            Decision::Pass(permit) => self.pass(session, context, permit).await,
            decision => self.deny(session, context, &who, &decision).await,
        }
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
        context.permit = Some(permit);
        if Self::upstream(context).is_none() {
            return self.refuse(session, context, &Refusal::NoApplication).await;
        }
        match introduction(context).await {
            Ok(introduction) => context.introduction = Some(introduction),
            Err(refusal) => return self.unavailable(session, context, &refusal).await,
        }
        if streams::is_upload(session) {
            self.end_with_session(session.req_header().method.clone(), context);
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
async fn introduction(context: &Context) -> Result<Introduction, Refusal> {
    let (Some(located), Some(permit)) = (&context.located, &context.permit) else {
        return Err(Refusal::Internal("no permit, nothing to tell"));
    };
    let person = permit.identity().zip(context.session);
    let machine = permit.machine().zip(context.token);
    let visitor = person
        .map(|(identity, session)| assertion::Visitor::Person { session, identity })
        .or_else(|| machine.map(|(machine, token)| assertion::Visitor::Machine { token, machine }));
    let desk = context.front.portal.desk();
    desk.assertions.introduce(located, visitor, desk.gate.now()).await
}
