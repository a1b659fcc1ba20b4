//! Pages for people who are signed in, or were.

use http::StatusCode;
use serde::Serialize;

use super::{Page, Site};
use crate::domain::time::UnixMillis;

/// `GET {prefix}/sign-out`: the question. A link alone signs nobody out.
#[derive(Clone, Debug, Serialize)]
pub struct SignOut<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Who is signed in, if anybody.
    pub email: Option<&'a str>,
}

/// After sign-out.
#[derive(Clone, Debug, Serialize)]
pub struct SignedOut<'a> {
    /// The site.
    pub site: Site<'a>,
    /// All sessions of the person have ended, and not only this one.
    pub everywhere: bool,
}

/// 403: a known person without access. Never a redirect to sign-in: that would go in circles.
#[derive(Clone, Debug, Serialize)]
pub struct Forbidden<'a> {
    /// The site.
    pub site: Site<'a>,
    /// The address in full: people have several and cannot tell otherwise which one was used.
    pub email: &'a str,
    /// Host and path that were asked for; shortened by the page.
    pub destination: &'a str,
    /// Hidden field: where to go after signing in with another address.
    pub return_to: &'a str,
    /// What this person may open.
    pub sites: &'a [SiteLink<'a>],
    /// For the log.
    pub reference: &'a str,
}

/// A site that may be opened.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SiteLink<'a> {
    /// The name people know it by.
    pub name: &'a str,
    /// Its origin, from the configuration.
    pub url: &'a str,
}

/// `GET {prefix}/account`.
#[derive(Clone, Debug, Serialize)]
pub struct Account<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Who is signed in.
    pub email: &'a str,
    /// Groups at sign-in.
    pub groups: &'a [&'a str],
    /// When this session began.
    pub signed_in_at: UnixMillis,
    /// Its absolute end.
    pub expires_at: UnixMillis,
    /// The sessions of this person, the one that was used last first.
    pub sessions: &'a [AccountSession<'a>],
    /// What was just done.
    pub ended: Option<AccountEnded>,
}

/// A session in the list.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AccountSession<'a> {
    /// Hidden field: what the session is called.
    pub handle: &'a str,
    /// Its browser: `Firefox on Windows`.
    pub browser: &'a str,
    /// Where it counts.
    pub host: &'a str,
    /// The client network at sign-in.
    pub network: &'a str,
    /// When it began.
    pub signed_in_at: UnixMillis,
    /// When it was used last, to within a minute.
    pub last_seen: UnixMillis,
    /// It is the session of this browser.
    pub this: bool,
}

/// What a button of the account page has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEnded {
    /// One session has ended.
    One,
    /// All but this one have ended.
    Others,
}

impl Page for SignOut<'_> {
    fn template(&self) -> &'static str {
        "sign_out.html"
    }
}

impl Page for SignedOut<'_> {
    fn template(&self) -> &'static str {
        "signed_out.html"
    }
}

impl Page for Forbidden<'_> {
    fn template(&self) -> &'static str {
        "forbidden.html"
    }

    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }
}

impl Page for Account<'_> {
    fn template(&self) -> &'static str {
        "account.html"
    }
}
