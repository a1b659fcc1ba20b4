//! Everything that is answered with an error, by audience: a person gets a page, a program gets a
//! problem document (RFC 9457), the operator gets a log line. All three carry the same reference.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Desk;
use super::api::cause::Cause;
use super::pages::clock::rfc3339;
use super::pages::notice::{Notice, NoticeKind};
use super::pages::sign_in::{Again, RateLimited};
use super::pages::{Look, Page, Site};
use super::visit::Here;
use crate::domain::time::UnixMillis;
use crate::gate::ask::AskError;
use crate::gate::redeem::RedeemError;
use crate::ports::{StoreError, TooBusy};

/// Why a request is refused.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// 400: damaged; the words are for the log.
    BadRequest(&'static str),
    /// 403: another website sent it.
    CrossSite,
    /// 403: nobody can sign in here for now.
    SignInClosed,
    /// 404: no page of ours.
    NotFound,
    /// 421: it may pass, but linkgate has no application for it: another proxy has.
    NoApplication,
    /// 405.
    MethodNotAllowed,
    /// 408: the body did not come in time.
    TooSlow,
    /// 413: the body is over its cap.
    TooLarge,
    /// 415: a body of another kind.
    Unsupported,
    /// What only programs are told apart; the status is that of the cause.
    Cause(Cause),
    /// 401, for programs.
    NotSignedIn,
    /// 429.
    TooMany {
        /// When it is worth trying again.
        until: UnixMillis,
        /// Whether this browser has an attempt that still works.
        mail_pending: bool,
        /// What was tried, for the page.
        again: Again,
    },
    /// 503: the store is in trouble.
    Store(Arc<StoreError>),
    /// 503: too many passwords are being worked on.
    Busy,
    /// 500; the words are for the log.
    Internal(&'static str),
}

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person in a browser.
    Person,
    /// A program.
    Program,
}

impl Audience {
    /// Judges by the path (the API is for programs) and by `Accept`. What another proxy is told may
    /// be passed on to a person.
    #[must_use]
    pub fn of(path: &str, headers: &HeaderMap, prefix: &str) -> Self {
        let own = path.strip_prefix(prefix).unwrap_or_default();
        let is_api = own.starts_with("/api/") || own == "/wait" || own == "/jwks.json";
        let is_check = own == "/check" || own.starts_with("/check/");
        let accept = headers.get(header::ACCEPT).map_or(&b""[..], HeaderValue::as_bytes);
        let wants = |kind: &[u8]| memchr::memmem::find(accept, kind).is_some();
        let wants_page = wants(b"text/html");
        if is_api || (is_check && !wants_page) || (wants(b"json") && !wants_page) {
            Self::Program
        } else {
            Self::Person
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<TooBusy> for Refusal {
    fn from(TooBusy: TooBusy) -> Self {
        Self::Busy
    }
}

impl From<RedeemError> for Refusal {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::NoChoice => Self::BadRequest("a password that nobody asked to choose"),
            RedeemError::Store(error) => error.into(),
            RedeemError::Busy(TooBusy) => Self::Busy,
        }
    }
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        match error {
            AskError::TooMany { until } => {
                Self::later(until, Again::Resend { token: String::new() })
            }
            AskError::NoAttempt => Self::Cause(Cause::NothingToResend),
            AskError::Store(error) => error.into(),
            AskError::Busy(TooBusy) => Self::Busy,
        }
    }
}

/// Carries the refusal to the one door that renders it; see [`super::Portal::answer`].
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// How long a client should wait when the store is in trouble, in seconds.
const STORE_RETRY: u64 = 5;

impl Refusal {
    /// 429, for a browser that waits for no mail.
    #[must_use]
    pub fn later(until: UnixMillis, again: Again) -> Self {
        Self::TooMany { until, mail_pending: false, again }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::CrossSite | Self::SignInClosed => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoApplication => StatusCode::MISDIRECTED_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Cause(cause) => cause.status(),
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(_) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Tells the operator what the visitor must not learn.
    pub fn log(&self, here: &Here) {
        let reference = &*here.reference;
        match self {
            Self::Store(error) => {
                tracing::error!(reference, %error, cause = %error.source, "answered 503");
            }
            Self::Busy => tracing::warn!(reference, "answered 503: too many passwords at once"),
            Self::Internal(what) => tracing::error!(reference, what, "answered 500"),
            Self::BadRequest(what) => tracing::info!(reference, what, "answered 400"),
            Self::NoApplication => {
                let site = &*here.located.site.name;
                tracing::warn!(reference, site, "answered 421: the site has `upstream: none`");
            }
            other => tracing::debug!(reference, status = other.status().as_u16(), "refused"),
        }
    }

    /// The answer for an audience.
    #[must_use]
    pub fn render(&self, desk: &Desk, here: &Here, audience: Audience, look: &Look) -> Response {
        let mut response = match audience {
            Audience::Person => self.page(desk, here, look),
            Audience::Program => self.document(&here.reference),
        };
        if let Some(seconds) = self.retry_after(desk.gate.now()) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn retry_after(&self, now: UnixMillis) -> Option<u64> {
        match self {
            Self::TooMany { until, .. } => Some(until.since(now).as_secs() + 1),
            Self::Store(_) | Self::Busy => Some(STORE_RETRY),
            _ => None,
        }
    }

    fn document(&self, reference: &str) -> Response {
        let mut members = match self {
            Self::Cause(cause) => cause.members(),
            _ => Map::new(),
        };
        if let Self::TooMany { until, .. } = self {
            // Rounded up, like `Retry-After`: then it is surely time.
            let retry_at = UnixMillis(until.0.div_ceil(1000).saturating_mul(1000));
            members.insert("retry_at".into(), rfc3339(retry_at).into());
        }
        problem_with(self.status(), self.code(), self.detail(), reference, members)
    }

    /// The member `code` of the problem document. Once published, a code keeps its meaning.
    fn code(&self) -> &'static str {
        match self {
            Self::Cause(cause) => cause.code(),
            Self::CrossSite => "cross_site",
            Self::SignInClosed => "sign_in_closed",
            Self::NoApplication => "no_application",
            Self::TooMany { .. } => "rate_limited",
            Self::BadRequest(_)
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::TooSlow
            | Self::TooLarge
            | Self::Unsupported
            | Self::NotSignedIn
            | Self::Store(_)
            | Self::Busy
            | Self::Internal(_) => code_of(self.status()),
        }
    }

    /// What a program is told.
    fn detail(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "The request is damaged.",
            Self::CrossSite => "The request must come from the site itself.",
            Self::SignInClosed => "Nobody can sign in here at the moment.",
            Self::NotFound => "There is nothing here.",
            Self::NoApplication => "The application of this site is not reached this way.",
            Self::MethodNotAllowed => "The method is not allowed here.",
            Self::TooSlow => "The body did not arrive in time.",
            Self::TooLarge => "The body is too large.",
            Self::Unsupported => "The body is of a kind that is not accepted here.",
            Self::Cause(cause) => cause.detail(),
            Self::NotSignedIn => "Nobody is signed in.",
            Self::TooMany { .. } => "Too many requests; Retry-After says when to try again.",
            Self::Store(_) | Self::Busy => "The service cannot answer at the moment.",
            Self::Internal(_) => "Something went wrong here.",
        }
    }

    fn page(&self, desk: &Desk, here: &Here, look: &Look) -> Response {
        let host = here.located.origin.authority().to_string();
        let site = Site::of(&here.located.site, &host);
        let now = desk.gate.now();
        let reference = look.reference();
        let notice = |kind| Notice { kind, site: Some(site), reference }.render(look);
        let html = match self {
            Self::BadRequest(_) | Self::TooSlow | Self::Cause(_) => notice(NoticeKind::BadRequest),
            Self::CrossSite => notice(NoticeKind::CrossSite),
            Self::SignInClosed => notice(NoticeKind::SignInClosed),
            Self::NotFound | Self::NotSignedIn => notice(NoticeKind::NotFound),
            Self::NoApplication => notice(NoticeKind::NoApplication),
            Self::MethodNotAllowed => notice(NoticeKind::MethodNotAllowed),
            Self::TooLarge => notice(NoticeKind::TooLarge),
            Self::Unsupported => notice(NoticeKind::Unsupported),
            Self::TooMany { until, mail_pending, again } => {
                let page = RateLimited {
                    site,
                    now,
                    until: *until,
                    mail_pending: *mail_pending,
                    again,
                    reference,
                };
                page.render(&Look { here: again.page(&desk.prefix), ..look.clone() })
            }
            Self::Store(_) | Self::Busy => look.pages.last_resort().store_down(look),
            Self::Internal(_) => look.pages.last_resort().internal(look),
        };
        let mut response = html.into_response();
        *response.status_mut() = self.status();
        response
    }
}

/// A problem document (RFC 9457) whose status says the cause.
#[must_use]
pub fn problem(
    status: StatusCode,
    detail: &str,
    reference: &str,
    sign_in_url: Option<&str>,
) -> Response {
    let url = sign_in_url.map(|url| ("sign_in_url".to_owned(), Value::from(url)));
    problem_with(status, code_of(status), detail, reference, url.into_iter().collect())
}

fn problem_with(
    status: StatusCode,
    code: &str,
    detail: &str,
    reference: &str,
    more: Map<String, Value>,
) -> Response {
    let mut document = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
        "reference": reference,
    });
    if let Some(members) = document.as_object_mut() {
        members.extend(more);
    }
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110, 11.6.1: there must be one, and some HTTP libraries fail without. A scheme that
        // no browser knows, so that none asks for a password.
        let challenge = HeaderValue::from_static("Cookie realm=\"sign-in\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The code of a status that has one cause here.
fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "request_malformed",
        401 => "not_signed_in",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        408 => "too_slow",
        413 => "too_large",
        415 => "unsupported_media_type",
        421 => "misdirected",
        429 => "rate_limited",
        502 => "upstream_down",
        503 => "unavailable",
        504 => "upstream_slow",
        500.. => "internal",
        _ => "refused",
    }
}
