//! Answers in place of the application: sign in first; you may not; nobody may.
//!
//! They reach the client by one of three ways, [`Through`], and each way carries other answers. What
//! is the same for all of them is decided here once: who is redirected, what programs are told.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::Desk;
use super::cors::{self, Preflight};
use super::pages::notice::{Notice, NoticeKind};
use super::pages::session::{Forbidden, SiteLink};
use super::pages::{Look, Page, Site as PageSite};
use super::refusal::problem;
use super::sign_in::{path_of_form, see_other};
use super::visit::Here;
use super::who::Who;
use crate::domain::identity::Identity;
use crate::domain::navigation::{RequestFacts, RequestKind};
use crate::domain::path::RequestTarget;
use crate::domain::policy::{Asked, Decision, Unauthenticated, Visitor};
use crate::domain::return_url::ReturnUrl;
use crate::domain::site::Site;

/// Most sites that a page without access names; with thousands nobody reads them all.
const MOST_SITES: usize = 20;
/// gRPC status codes.
const UNAUTHENTICATED: &str = "16";
const PERMISSION_DENIED: &str = "7";

/// Who hands an answer to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// We do: every answer can be given.
    Ourselves,
    /// Another proxy that passes our answer on, unless it is a 2xx, which it takes for a pass.
    Relay,
    /// Another proxy that knows pass, 401 and 403 and makes its own answers of them.
    Verdict,
}

/// A request that does not pass.
#[derive(Debug)]
pub struct Denied<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path and query.
    pub target: &'a RequestTarget,
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// Its kind.
    pub kind: RequestKind,
    /// Who is asking.
    pub who: &'a Who,
    /// By which way the answer goes.
    pub through: Through,
}

/// What kind of answer a request expects.
#[must_use]
pub fn kind(method: &str, headers: &HeaderMap) -> RequestKind {
    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
    const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
    let field = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    RequestKind::of(&RequestFacts {
        method,
        sec_fetch_mode: field(&SEC_FETCH_MODE),
        sec_fetch_dest: field(&SEC_FETCH_DEST),
        x_requested_with: field(&X_REQUESTED_WITH),
        accept: field(&header::ACCEPT),
        content_type: field(&header::CONTENT_TYPE),
        upgrade: field(&header::UPGRADE),
    })
}

impl Denied<'_> {
    /// The answer to a decision that is no pass, with the CORS headers of the site.
    #[must_use]
    pub fn answer(&self, desk: &Desk, here: &Here, decision: &Decision) -> Response {
        if let Some(granted) = self.preflight(desk, here) {
            return granted;
        }
        let mut response = match decision {
            Decision::Challenge { unauthenticated, .. } => {
                self.challenge(desk, here, *unauthenticated)
            }
            // A pass is answered by the application; it never comes here.
            Decision::Forbid { .. } | Decision::Pass(_) => match self.who {
                Who::Person { identity, .. } => self.forbid(desk, here, identity),
                Who::Machine { .. } => self.forbid_machine(here),
                Who::Nobody => self.forbid_nobody(desk, here),
            },
        };
        cors::allow_listed_origin(&here.located.site, self.headers, &mut response);
        response
    }

    /// The pre-flight of a listed origin. Another proxy would take the 2xx for a pass.
    fn preflight(&self, desk: &Desk, here: &Here) -> Option<Response> {
        if self.through != Through::Ourselves || !matches!(self.who, Who::Nobody) {
            return None;
        }
        let site = &here.located.site;
        let preflight = Preflight::read(site, self.method, self.headers)?;
        let asked = Asked {
            host: here.located.origin.host(),
            method: preflight.method.as_str(),
            target: self.target,
            client: desk.trusted.known(here.client),
            visitor: Visitor::Nobody,
            now: desk.gate.now(),
        };
        let could_pass = !matches!(site.policy.decide(asked), Decision::Forbid { .. });
        could_pass.then(|| preflight.granted())
    }

    fn challenge(&self, desk: &Desk, here: &Here, unauthenticated: Unauthenticated) -> Response {
        let located = &here.located;
        let targets = desk.sites.return_targets(&located.site, &located.origin, &desk.prefix);
        let back = ReturnUrl::of_request(self.target.as_str(), &targets);
        let path = path_of_form(&desk.prefix, back.as_str());
        let url = format!("{}{path}", located.origin_text);
        if self.kind.is_redirected(unauthenticated) && self.through != Through::Verdict {
            let is_lost = !matches!(*self.method, Method::GET | Method::HEAD);
            // Another proxy may take a path for one of linkgate's own address.
            let place = if self.through == Through::Ourselves { path } else { url };
            return see_other(&format!("{place}{}", if is_lost { "&lost=1" } else { "" }));
        }
        if self.is_told_by_grpc() {
            return grpc(UNAUTHENTICATED, "sign-in required");
        }
        problem(StatusCode::UNAUTHORIZED, "Sign in first.", &here.reference, Some(&url))
    }

    fn forbid(&self, desk: &Desk, here: &Here, identity: &Identity) -> Response {
        if self.is_told_by_grpc() {
            return grpc(PERMISSION_DENIED, "no access");
        }
        if !self.gets_page() {
            let words = "This person may not open this page.";
            return problem(StatusCode::FORBIDDEN, words, &here.reference, None);
        }
        let located = &here.located;
        let host = located.origin.authority().to_string();
        let targets = desk.sites.return_targets(&located.site, &located.origin, &desk.prefix);
        let back = ReturnUrl::of_request(self.target.as_str(), &targets);
        let open = open_to(desk, identity, &located.site);
        let links: Vec<SiteLink<'_>> =
            open.iter().map(|(name, url)| SiteLink { name, url }).collect();
        let look = self.look(desk, here);
        let destination = format!("{host}{}", self.target.path());
        Forbidden {
            site: PageSite::of(&located.site, &host),
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

    /// Nobody at all may: there is nothing to sign in for.
    fn forbid_nobody(&self, desk: &Desk, here: &Here) -> Response {
        if self.is_told_by_grpc() {
            return grpc(PERMISSION_DENIED, "no access");
        }
        if !self.gets_page() {
            let words = "Nobody may open this page.";
            return problem(StatusCode::FORBIDDEN, words, &here.reference, None);
        }
        page(NoticeKind::Closed, StatusCode::FORBIDDEN, Some(here), &self.look(desk, here))
    }

    /// A genuine service token where its grant does not reach.
    fn forbid_machine(&self, here: &Here) -> Response {
        if self.is_told_by_grpc() {
            return grpc(PERMISSION_DENIED, "no access");
        }
        let words = "The service token does not reach here.";
        let mut response = problem(StatusCode::FORBIDDEN, words, &here.reference, None);
        say_bearer(&mut response, "Bearer error=\"insufficient_scope\"");
        response
    }

    fn look(&self, desk: &Desk, here: &Here) -> Look {
        let uri = self.target.as_str().parse().unwrap_or(Uri::from_static("/"));
        let site = Some(&*here.located.site);
        desk.look(site, self.method, &uri, self.headers, &here.reference)
    }

    /// A person sees the answer as it is.
    fn gets_page(&self) -> bool {
        self.kind == RequestKind::Navigation && self.through != Through::Verdict
    }

    /// Only where the answer goes straight to the client: its HTTP status is 200. gRPC clients make
    /// the same of 401 and 403 (gRPC, HTTP to gRPC status code mapping).
    fn is_told_by_grpc(&self) -> bool {
        self.kind == RequestKind::Grpc && self.through == Through::Ourselves
    }
}

/// The other sites that a person may open, the first of them.
fn open_to(desk: &Desk, identity: &Identity, but: &Site) -> Vec<(String, String)> {
    desk.sites
        .iter()
        .filter(|site| site.name != but.name)
        .filter(|site| {
            let Identity { email, groups, membership, .. } = identity;
            site.policy.may_sign_in(email, groups, *membership)
        })
        .filter_map(|site| Some((site.title.clone(), site.pattern.exact()?.to_string())))
        .take(MOST_SITES)
        .collect()
}

/// A service token that is worth nothing: 401, and no word about why (RFC 6750, 3).
#[must_use]
pub fn bad_token(here: &Here, headers: &HeaderMap, kind: RequestKind) -> Response {
    let mut response = if kind == RequestKind::Grpc {
        grpc(UNAUTHENTICATED, "service token refused")
    } else {
        let words = "The service token is not one that counts here.";
        problem(StatusCode::UNAUTHORIZED, words, &here.reference, None)
    };
    say_bearer(&mut response, "Bearer error=\"invalid_token\"");
    cors::allow_listed_origin(&here.located.site, headers, &mut response);
    response
}

fn say_bearer(response: &mut Response, value: &'static str) {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
}

/// The page names its site, where that is known: then the visitor knows whom to ask.
#[must_use]
pub fn page(kind: NoticeKind, status: StatusCode, here: Option<&Here>, look: &Look) -> Response {
    let host = here.map(|here| here.located.origin.authority().to_string()).unwrap_or_default();
    let site = here.map(|here| PageSite::of(&here.located.site, &host));
    let page = Notice { kind, site, reference: look.reference() };
    let mut response = page.render(look).into_response();
    *response.status_mut() = status;
    response
}

/// A gRPC answer without a body ("Trailers-Only"): gRPC clients look at `grpc-status`, not at the
/// HTTP status.
#[must_use]
pub fn grpc(status: &'static str, message: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static(status));
    headers.insert("grpc-message", HeaderValue::from_static(message));
    response
}
