//! The simple error pages: one template, one sentence or two for each.

use http::StatusCode;
use serde::Serialize;

use super::{Page, Site};
use crate::domain::time::UnixMillis;

/// A simple error page.
#[derive(Clone, Debug, Serialize)]
pub struct Notice<'a> {
    /// What happened.
    pub kind: NoticeKind,
    /// The site, where it is known.
    pub site: Option<Site<'a>>,
    /// For the log.
    pub reference: &'a str,
    /// When.
    pub at: UnixMillis,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// 421: the host names no site of ours.
    Misdirected,
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
    /// 502: the upstream refuses connections or breaks off.
    UpstreamDown,
    /// 504: the upstream does not answer in time.
    UpstreamSlow,
}

impl NoticeKind {
    /// Every kind, for tables.
    pub const ALL: [Self; 9] = [
        Self::Misdirected,
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::Unsupported,
        Self::CrossSite,
        Self::UpstreamDown,
        Self::UpstreamSlow,
    ];
}

impl Page for Notice<'_> {
    fn template(&self) -> &'static str {
        "notice.html"
    }

    fn status(&self) -> StatusCode {
        match self.kind {
            NoticeKind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            NoticeKind::BadRequest => StatusCode::BAD_REQUEST,
            NoticeKind::NotFound => StatusCode::NOT_FOUND,
            NoticeKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            NoticeKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            NoticeKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            NoticeKind::CrossSite => StatusCode::FORBIDDEN,
            NoticeKind::UpstreamDown => StatusCode::BAD_GATEWAY,
            NoticeKind::UpstreamSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}
