//! The door: read the head → our own page? → who is it → decide → answer, or keep the permit.

use std::sync::Arc;

use axum::body::Body;
use http::header;
use pingora::http::RequestHeader;
use pingora::proxy::Session;
use pingora::{Error, ErrorType, Result};

use super::arrival::{self, Arrival, Unwelcome};
use super::context::{Context, Outcome};
use super::service::AuthProxy;
use super::{reply, streams};
use crate::domain::identity::Identity;
use crate::domain::navigation::RequestKind;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::policy::{Decision, Permit};
use crate::domain::site::Located;
use crate::domain::token::{Session as SessionToken, Token};
use crate::portal::cookies::CookieNames;
use crate::portal::pages::Look;
use crate::portal::refusal::{Audience, Refusal};
use crate::portal::visit::{Here, token_in};

impl AuthProxy {
    /// The door: `Ok(false)` only with a permit in the context.
    pub(super) async fn door(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
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
            Err(refusal) => {
                context.outcome = Outcome::Unavailable;
                let Some(here) = context.here() else { return Ok(true) };
                let response =
                    self.answerer.unavailable(&here, session.req_header(), kind, &refusal);
                return reply::write(session, response).await.map(|()| true);
            }
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
                let look = self.look(&here, session.req_header());
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
            let look = self.look(&here, head);
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
        Ok(Some(Arc::new(Identity {
            groups: desk.groups.of(&found.email),
            email: found.email,
            signed_in_at: found.signed_in_at,
        })))
    }

    /// Keeps the permit. A WebSocket must come from the site's own pages: cookies go with it from
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
        if streams::is_upload(session) {
            self.end_with_session(context);
        }
        context.outcome = Outcome::Passed;
        context.permit = Some(permit);
        Ok(false)
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
        let look = self.look(&here, session.req_header());
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

    fn look(&self, here: &Here, head: &RequestHeader) -> Look {
        self.portal.look(Some(&here.located.site), head, &here.reference)
    }
}
