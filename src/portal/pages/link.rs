//! What the link of a mail leads to when it does not sign in at once, and the mail's report link.

use http::StatusCode;
use serde::Serialize;

use super::sign_in::NewPasswordField;
use super::{AddressProblem, Page, Reference, Site};
use crate::domain::time::UnixMillis;

/// `GET {prefix}/link/TOKEN` in a browser that did not ask, and the refused `POST` (422).
///
/// Opening it has changed nothing: mail scanners open links too.
#[derive(Clone, Debug, Serialize)]
pub struct LinkElsewhere<'a> {
    /// The site that was asked for.
    pub site: Site<'a>,
    /// The token of the link, for the form's address.
    pub token: &'a str,
    /// When the mail was asked for.
    pub requested_at: UnixMillis,
    /// When the link ends.
    pub works_until: UnixMillis,
    /// The asking browser: `Firefox on Windows`. A hint, never the raw `User-Agent`.
    pub browser: &'a str,
    /// Where the mail lets its reader choose a password: the field for it.
    pub password: Option<NewPasswordField>,
    /// How one may go on here.
    pub mode: ElsewhereMode<'a>,
    /// This is the built-in browser of a mail app: a session made here stays here.
    pub in_app: bool,
    /// For the log.
    pub reference: Reference<'a>,
}

/// How a link may be used in another browser (`sign_in.other_browser`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ElsewhereMode<'a> {
    /// By typing the address again.
    Address {
        /// What was typed before; else empty.
        email: &'a str,
        /// Why it was refused.
        error: Option<AddressProblem>,
    },
    /// By a button.
    Button,
    /// Not at all: only the code, in the window that waits.
    CodeOnly,
}

/// A link that worked once and works no more (410).
#[derive(Clone, Debug, Serialize)]
pub struct LinkGone<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Why.
    pub cause: Gone,
    /// The address, masked by [`mask_address`](super::words::mask_address): whoever holds an old
    /// link need not learn it.
    pub masked: &'a str,
    /// The token of the dead link: it says to whom and where the fresh one leads.
    pub token: &'a str,
    /// For the log.
    pub reference: Reference<'a>,
}

/// Why a link works no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Gone {
    /// Its time is over.
    Expired {
        /// When it ended.
        at: UnixMillis,
    },
    /// It signed somebody in.
    Used {
        /// When.
        at: UnixMillis,
    },
    /// A newer mail was asked for.
    Replaced {
        /// When.
        at: UnixMillis,
    },
}

/// A link we never made, or half of one (404).
#[derive(Clone, Debug, Serialize)]
pub struct LinkUnknown<'a> {
    /// The site.
    pub site: Site<'a>,
    /// For the log.
    pub reference: Reference<'a>,
}

/// `GET {prefix}/report/TOKEN`: "I did not ask for this", and the refused `POST` (422).
#[derive(Clone, Debug, Serialize)]
pub struct Report<'a> {
    /// The site.
    pub site: Site<'a>,
    /// The token of the report link.
    pub token: &'a str,
    /// When the mail was asked for.
    pub requested_at: UnixMillis,
    /// The asking browser.
    pub browser: &'a str,
    /// What was typed before; else empty.
    pub email: &'a str,
    /// Why it was refused.
    pub error: Option<AddressProblem>,
}

/// The attempt was ended by a report (200).
#[derive(Clone, Debug, Serialize)]
pub struct ReportDone<'a> {
    /// The site.
    pub site: Site<'a>,
}

impl Page for LinkElsewhere<'_> {
    fn template(&self) -> &'static str {
        "link_elsewhere.html"
    }

    fn status(&self) -> StatusCode {
        let password_error = self.password.and_then(|field| field.error);
        match self.mode {
            _ if password_error.is_some() => StatusCode::UNPROCESSABLE_ENTITY,
            ElsewhereMode::Address { error: Some(_), .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ElsewhereMode::Address { error: None, .. }
            | ElsewhereMode::Button
            | ElsewhereMode::CodeOnly => StatusCode::OK,
        }
    }
}

impl Page for LinkGone<'_> {
    fn template(&self) -> &'static str {
        "link_gone.html"
    }

    fn status(&self) -> StatusCode {
        StatusCode::GONE
    }
}

impl Page for LinkUnknown<'_> {
    fn template(&self) -> &'static str {
        "link_unknown.html"
    }

    fn status(&self) -> StatusCode {
        StatusCode::NOT_FOUND
    }
}

impl Page for Report<'_> {
    fn template(&self) -> &'static str {
        "report.html"
    }

    fn status(&self) -> StatusCode {
        if self.error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }
}

impl Page for ReportDone<'_> {
    fn template(&self) -> &'static str {
        "report_done.html"
    }
}
