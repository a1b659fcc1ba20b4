//! The simple error pages: one template, three messages for each.

use http::StatusCode;
use serde::{Serialize, Serializer};

use super::{Page, Reference, Site};

/// A simple error page.
#[derive(Clone, Debug, Serialize)]
pub struct Notice<'a> {
    /// What happened.
    pub kind: NoticeKind,
    /// The site, where it is known.
    pub site: Option<Site<'a>>,
    /// For the log.
    pub reference: Reference<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// 421: the host names no site of ours.
    Misdirected,
    /// 421: the application of this site is behind another proxy.
    NoApplication,
    /// 400: damaged request.
    BadRequest,
    /// 404: no page of ours below the prefix.
    NotFound,
    /// 405: a page of ours, but not with this method.
    MethodNotAllowed,
    /// 413: the body is over its cap.
    TooLarge,
    /// 415: a body that is not a form.
    Unsupported,
    /// 403: a form that another website sent.
    CrossSite,
    /// 403: the operator has switched sign-in off.
    SignInClosed,
    /// 403: the rules let nobody pass.
    Closed,
    /// 502: the upstream refuses connections or breaks off.
    UpstreamDown,
    /// 504: the upstream does not answer in time.
    UpstreamSlow,
}

impl NoticeKind {
    /// Every kind, for tables.
    pub const ALL: [Self; 12] = [
        Self::Misdirected,
        Self::NoApplication,
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::Unsupported,
        Self::CrossSite,
        Self::SignInClosed,
        Self::Closed,
        Self::UpstreamDown,
        Self::UpstreamSlow,
    ];

    /// The middle of the keys of its messages: `notice-bad-request-title`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Misdirected => "misdirected",
            Self::NoApplication => "no-application",
            Self::BadRequest => "bad-request",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::CrossSite => "cross-site",
            Self::SignInClosed => "sign-in-closed",
            Self::Closed => "closed",
            Self::UpstreamDown => "upstream-down",
            Self::UpstreamSlow => "upstream-slow",
        }
    }
}

impl Serialize for NoticeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl Page for Notice<'_> {
    fn template(&self) -> &'static str {
        "notice.html"
    }

    fn status(&self) -> StatusCode {
        match self.kind {
            NoticeKind::Misdirected | NoticeKind::NoApplication => StatusCode::MISDIRECTED_REQUEST,
            NoticeKind::BadRequest => StatusCode::BAD_REQUEST,
            NoticeKind::NotFound => StatusCode::NOT_FOUND,
            NoticeKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            NoticeKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            NoticeKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            NoticeKind::CrossSite | NoticeKind::SignInClosed | NoticeKind::Closed => {
                StatusCode::FORBIDDEN
            }
            NoticeKind::UpstreamDown => StatusCode::BAD_GATEWAY,
            NoticeKind::UpstreamSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}
