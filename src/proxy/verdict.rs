//! Answers in place of the application: sign in first, you may not, nobody knows.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use pingora::http::RequestHeader;
use pingora::{Error, ErrorSource, ErrorType};

use super::arrival::Unwelcome;
use super::context::{Context, Outcome};
use crate::domain::navigation::RequestKind;
use crate::domain::policy::Decision;
use crate::portal::Portal;
use crate::portal::cors::allow_listed_origin;
use crate::portal::denial::{Denied, bad_token, grpc, page};
use crate::portal::pages::Look;
use crate::portal::pages::notice::NoticeKind;
use crate::portal::refusal::{Audience, Refusal, problem};
use crate::portal::security::put_strictest;
use crate::portal::visit::Here;

/// The gRPC status code.
const UNAVAILABLE: &str = "14";

/// Makes the answers.
#[derive(Clone, Debug)]
pub struct Answerer {
    portal: Portal,
}

impl Answerer {
    /// Answers with the pages of the portal.
    #[must_use]
    pub fn new(portal: Portal) -> Self {
        Self { portal }
    }

    /// The answer to a decision that is no pass.
    #[must_use]
    pub fn answer(
        &self,
        here: &Here,
        denied: &Denied<'_>,
        decision: &Decision,
    ) -> (Outcome, Response) {
        let outcome = match decision {
            Decision::Challenge { .. } => Outcome::Challenged,
            Decision::Forbid { .. } | Decision::Pass(_) => Outcome::Forbidden,
        };
        let mut response = denied.answer(self.portal.desk(), here, decision);
        self.portal.secure(here, &mut response);
        (outcome, response)
    }

    /// The answer to a service token that is worth nothing.
    #[must_use]
    pub fn bad_token(&self, here: &Here, head: &RequestHeader, kind: RequestKind) -> Response {
        let mut response = bad_token(here, &head.headers, kind);
        self.portal.secure(here, &mut response);
        response
    }

    /// The store is in trouble: nothing is decided, nothing is cleared, nobody is sent in a circle.
    #[must_use]
    pub fn unavailable(
        &self,
        here: &Here,
        head: &RequestHeader,
        kind: RequestKind,
        refusal: &Refusal,
    ) -> Response {
        if kind != RequestKind::Grpc {
            return self.refused(here, head, kind, refusal);
        }
        refusal.log(here);
        let mut response = grpc(UNAVAILABLE, "try again");
        allow_listed_origin(&here.located.site, &head.headers, &mut response);
        response
    }

    /// The answer to a request for the application that was refused whatever its rules say. A script
    /// of a listed origin may read why, or all that it sees is a broken network.
    #[must_use]
    pub fn refused(
        &self,
        here: &Here,
        head: &RequestHeader,
        kind: RequestKind,
        refusal: &Refusal,
    ) -> Response {
        let audience = match kind {
            RequestKind::Navigation => Audience::Person,
            RequestKind::Api | RequestKind::Grpc | RequestKind::WebSocket => Audience::Program,
        };
        let site = &here.located.site;
        let look = self.portal.look(Some(site), head, &here.reference);
        let mut response = self.portal.refuse(here, audience, &look, refusal);
        allow_listed_origin(site, &head.headers, &mut response);
        response
    }

    /// The answer to a head that was not accepted.
    #[must_use]
    pub fn turn_away(
        &self,
        unwelcome: Unwelcome,
        head: &RequestHeader,
        kind: RequestKind,
        reference: &Arc<str>,
    ) -> Response {
        let file = self.portal.asset_anywhere(head.uri.path());
        if let (Unwelcome::Misdirected, Some(file)) = (&unwelcome, file) {
            return file;
        }
        tracing::info!(
            reference = &**reference,
            what = unwelcome.words(),
            status = unwelcome.status(),
            "refused"
        );
        let notice = match unwelcome {
            Unwelcome::Damaged(_) | Unwelcome::HeadTooLarge => NoticeKind::BadRequest,
            Unwelcome::Method => NoticeKind::MethodNotAllowed,
            Unwelcome::Misdirected => NoticeKind::Misdirected,
        };
        let status = StatusCode::from_u16(unwelcome.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let look = self.portal.look(None, head, reference);
        let mut response = notice_for(kind, notice, status, None, &look);
        put_strictest(&mut response);
        response
    }

    /// The answer when the application failed.
    #[must_use]
    pub fn failure(
        &self,
        code: u16,
        here: Option<&Here>,
        head: &RequestHeader,
        context: &Context,
    ) -> Response {
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
        let notice = match code {
            504 => NoticeKind::UpstreamSlow,
            413 => NoticeKind::TooLarge,
            400..=499 => NoticeKind::BadRequest,
            _ => NoticeKind::UpstreamDown,
        };
        let site = here.map(|here| &*here.located.site);
        let look = self.portal.look(site, head, &context.reference);
        let mut response = if code == 500 {
            look.pages.last_resort().internal(&look).into_response()
        } else {
            notice_for(context.kind, notice, status, here, &look)
        };
        match here {
            Some(here) => {
                self.portal.secure(here, &mut response);
                allow_listed_origin(&here.located.site, &head.headers, &mut response);
            }
            None => put_strictest(&mut response),
        }
        response
    }
}

fn notice_for(
    kind: RequestKind,
    notice: NoticeKind,
    status: StatusCode,
    here: Option<&Here>,
    look: &Look,
) -> Response {
    match kind {
        RequestKind::Grpc if status.is_server_error() => grpc(UNAVAILABLE, "try again"),
        RequestKind::Grpc | RequestKind::Api | RequestKind::WebSocket => {
            let words = status.canonical_reason().unwrap_or("Error");
            problem(status, words, &look.reference, None)
        }
        RequestKind::Navigation => page(notice, status, here, look),
    }
}

/// The status for a failure, by where it came from; 0 when nobody is there to hear.
#[must_use]
pub fn failure_status(error: &Error) -> u16 {
    match (error.etype(), error.esource()) {
        (ErrorType::HTTPStatus(code), _) => *code,
        (
            ErrorType::ConnectTimedout
            | ErrorType::TLSHandshakeTimedout
            | ErrorType::WriteTimedout
            | ErrorType::ReadTimedout,
            ErrorSource::Upstream,
        ) => 504,
        (_, ErrorSource::Upstream) => 502,
        (
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed,
            ErrorSource::Downstream,
        ) => 0,
        (_, ErrorSource::Downstream) => 400,
        (_, ErrorSource::Internal | ErrorSource::Unset) => 500,
    }
}
