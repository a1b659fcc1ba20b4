//! Answers in place of the application: sign in first, you may not, nobody knows.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use pingora::http::RequestHeader;
use pingora::{Error, ErrorSource, ErrorType};

use super::arrival::Unwelcome;
use super::context::{Context, Outcome};
use super::who::Who;
use crate::domain::identity::Identity;
use crate::domain::navigation::RequestKind;
use crate::domain::path::RequestTarget;
use crate::domain::policy::{Decision, Unauthenticated};
use crate::domain::return_url::ReturnUrl;
use crate::domain::site::Site;
use crate::portal::Portal;
use crate::portal::pages::notice::{Notice, NoticeKind};
use crate::portal::pages::session::{Forbidden, SiteLink};
use crate::portal::pages::{Look, Page, Site as PageSite};
use crate::portal::refusal::{Audience, Refusal, problem};
use crate::portal::security::put_strictest;
use crate::portal::sign_in::{path_of_form, see_other};
use crate::portal::visit::Here;

/// gRPC status codes.
const UNAUTHENTICATED: &str = "16";
const PERMISSION_DENIED: &str = "7";
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
        head: &RequestHeader,
        target: &RequestTarget,
        kind: RequestKind,
        who: &Who,
        decision: &Decision,
    ) -> (Outcome, Response) {
        let (outcome, mut response) = match decision {
            Decision::Challenge { unauthenticated, .. } => {
                let response = self.challenge(here, head, target, kind, *unauthenticated);
                (Outcome::Challenged, response)
            }
            // A pass is answered by the application; it never comes here.
            Decision::Forbid { .. } | Decision::Pass(_) => {
                let response = match who {
                    Who::Person { identity, .. } => self.forbid(here, head, target, kind, identity),
                    Who::Machine { .. } => forbid_machine(here, kind),
                    Who::Nobody => self.forbid_nobody(here, head, kind),
                };
                (Outcome::Forbidden, response)
            }
        };
        self.portal.secure(here, &mut response);
        allow_listed_origin(&here.located.site, &head.headers, &mut response);
        (outcome, response)
    }

    fn challenge(
        &self,
        here: &Here,
        head: &RequestHeader,
        target: &RequestTarget,
        kind: RequestKind,
        unauthenticated: Unauthenticated,
    ) -> Response {
        let desk = self.portal.desk();
        let located = &here.located;
        let targets = desk.sites.return_targets(&located.site, &located.origin, &desk.prefix);
        let back = ReturnUrl::of_request(target.as_str(), &targets);
        let lost =
            if head.method == Method::GET || head.method == Method::HEAD { "" } else { "&lost=1" };
        let path = path_of_form(&desk.prefix, back.as_str());
        let redirects = match unauthenticated {
            Unauthenticated::ByKind => kind == RequestKind::Navigation,
            Unauthenticated::Redirect => {
                matches!(kind, RequestKind::Navigation | RequestKind::Api)
            }
            Unauthenticated::Status => false,
        };
        if redirects {
            return see_other(&format!("{path}{lost}"));
        }
        if kind == RequestKind::Grpc {
            return grpc(UNAUTHENTICATED, "sign-in required");
        }
        let url = format!("{}{path}", located.origin_text);
        problem(StatusCode::UNAUTHORIZED, "Sign in first.", &here.reference, Some(&url))
    }

    fn forbid(
        &self,
        here: &Here,
        head: &RequestHeader,
        target: &RequestTarget,
        kind: RequestKind,
        identity: &Identity,
    ) -> Response {
        match kind {
            RequestKind::Grpc => return grpc(PERMISSION_DENIED, "no access"),
            RequestKind::Api | RequestKind::WebSocket => {
                let words = "This person may not open this page.";
                return problem(StatusCode::FORBIDDEN, words, &here.reference, None);
            }
            RequestKind::Navigation => {}
        }
        let desk = self.portal.desk();
        let located = &here.located;
        let host = located.origin.authority().to_string();
        let targets = desk.sites.return_targets(&located.site, &located.origin, &desk.prefix);
        let back = ReturnUrl::of_request(target.as_str(), &targets);
        let look = self.portal.look(Some(&located.site), head, &here.reference);
        let destination = format!("{host}{}", target.path());
        let open = self.open_to(identity, &located.site);
        let links: Vec<SiteLink<'_>> =
            open.iter().map(|(name, url)| SiteLink { name, url }).collect();
        Forbidden {
            site: PageSite { name: &located.site.title, host: &host },
            email: identity.email.identity(),
            destination: &destination,
            return_to: back.as_str(),
            sites: &links,
            ask: look.ask_for_access(identity.email.identity(), &destination),
            reference: look.reference(),
        }
        .render(&look)
        .into_response()
    }

    /// The other sites that this person may open.
    fn open_to(&self, identity: &Identity, but: &Site) -> Vec<(String, String)> {
        self.portal
            .desk()
            .sites
            .iter()
            .filter(|site| site.name != but.name)
            .filter(|site| {
                let Identity { email, groups, membership, .. } = identity;
                site.policy.may_sign_in(email, groups, *membership)
            })
            .filter_map(|site| Some((site.title.clone(), site.pattern.exact()?.to_string())))
            .collect()
    }

    /// Nobody at all may: there is nothing to sign in for.
    fn forbid_nobody(&self, here: &Here, head: &RequestHeader, kind: RequestKind) -> Response {
        match kind {
            RequestKind::Grpc => grpc(PERMISSION_DENIED, "no access"),
            RequestKind::Api | RequestKind::WebSocket => {
                let words = "Nobody may open this page.";
                problem(StatusCode::FORBIDDEN, words, &here.reference, None)
            }
            RequestKind::Navigation => {
                let site = Some(&*here.located.site);
                let look = self.portal.look(site, head, &here.reference);
                page(NoticeKind::Closed, StatusCode::FORBIDDEN, Some(here), &look)
            }
        }
    }

    /// A service token that is worth nothing: 401, and no word about why (RFC 6750, 3).
    #[must_use]
    pub fn bad_token(&self, here: &Here, head: &RequestHeader, kind: RequestKind) -> Response {
        let mut response = if kind == RequestKind::Grpc {
            grpc(UNAUTHENTICATED, "service token refused")
        } else {
            let words = "The service token is not one that counts here.";
            problem(StatusCode::UNAUTHORIZED, words, &here.reference, None)
        };
        say_bearer(&mut response, "Bearer error=\"invalid_token\"");
        self.portal.secure(here, &mut response);
        allow_listed_origin(&here.located.site, &head.headers, &mut response);
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
        let audience = match kind {
            RequestKind::Grpc => {
                refusal.log(here);
                return grpc(UNAVAILABLE, "try again");
            }
            RequestKind::Navigation => Audience::Person,
            RequestKind::Api | RequestKind::WebSocket => Audience::Program,
        };
        let look = self.portal.look(Some(&here.located.site), head, &here.reference);
        self.portal.refuse(here, audience, &look, refusal)
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
            Some(here) => self.portal.secure(here, &mut response),
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

/// The page names its site, where that is known: then the visitor knows whom to ask.
fn page(kind: NoticeKind, status: StatusCode, here: Option<&Here>, look: &Look) -> Response {
    let host = here.map(|here| here.located.origin.authority().to_string()).unwrap_or_default();
    let site = here.map(|here| PageSite { name: &here.located.site.title, host: &host });
    let page = Notice { kind, site, reference: look.reference() };
    let mut response = page.render(look).into_response();
    *response.status_mut() = status;
    response
}

/// The status for a failure, by where it came from; 0 when nobody is there to hear.
#[must_use]
pub fn failure_status(error: &Error) -> u16 {
    match (error.etype(), error.esource()) {
        (ErrorType::HTTPStatus(code), _) => *code,
        (
            ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::TLSHandshakeTimedout,
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

/// A genuine service token where its grant does not reach.
fn forbid_machine(here: &Here, kind: RequestKind) -> Response {
    if kind == RequestKind::Grpc {
        return grpc(PERMISSION_DENIED, "no access");
    }
    let words = "The service token does not reach here.";
    let mut response = problem(StatusCode::FORBIDDEN, words, &here.reference, None);
    say_bearer(&mut response, "Bearer error=\"insufficient_scope\"");
    response
}

fn say_bearer(response: &mut Response, value: &'static str) {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
}

/// A gRPC answer without a body ("Trailers-Only"): gRPC clients look at `grpc-status`, not at the
/// HTTP status.
fn grpc(status: &'static str, message: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static(status));
    headers.insert("grpc-message", HeaderValue::from_static(message));
    response
}

/// Lets the scripts of a listed origin read our own answer; otherwise they see a network error and
/// cannot tell that somebody has to sign in.
fn allow_listed_origin(site: &Site, headers: &HeaderMap, response: &mut Response) {
    if site.cors_origins.is_empty() {
        return;
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = headers.get(header::ORIGIN) else { return };
    let listed = origin
        .to_str()
        .is_ok_and(|text| site.cors_origins.iter().any(|listed| listed.to_string() == text));
    if listed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
}
