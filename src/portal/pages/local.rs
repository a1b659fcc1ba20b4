//! Pages for one's own machine: the development inbox and the demo application.
//!
//! Both use the style sheet of the portal, so whoever serves them serves
//! [`Assets`](super::assets::Assets) below `{prefix}/assets/` too.

use serde::Serialize;

use super::Page;
use crate::domain::time::UnixMillis;

/// The development inbox.
#[derive(Clone, Debug, Serialize)]
pub struct Inbox<'a> {
    /// All mails, newest first.
    pub mails: &'a [InboxEntry<'a>],
    /// The one that is open.
    pub shown: Option<ShownMail<'a>>,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub struct InboxEntry<'a> {
    /// Its page.
    pub url: &'a str,
    /// Subject.
    pub subject: &'a str,
    /// Recipient.
    pub to: &'a str,
    /// When it arrived.
    pub at: UnixMillis,
    /// This one is open.
    pub open: bool,
}

/// The mail that is open.
#[derive(Clone, Debug, Serialize)]
pub struct ShownMail<'a> {
    /// Subject.
    pub subject: &'a str,
    /// Sender.
    pub from: &'a str,
    /// Recipient.
    pub to: &'a str,
    /// When it arrived.
    pub at: UnixMillis,
    /// Where its HTML part is served; shown in a sandboxed frame, so the page's
    /// `Content-Security-Policy` needs `frame-src 'self'`.
    pub html_url: &'a str,
    /// Its text part.
    pub text: &'a str,
    /// Where the whole mail is served.
    pub eml_url: &'a str,
}

/// What the demo application received.
#[derive(Clone, Debug, Serialize)]
pub struct DemoApp<'a> {
    /// Method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Who it is, from `Remote-Email`.
    pub email: Option<&'a str>,
    /// Name and value of the headers worth showing.
    pub headers: &'a [(&'a str, &'a str)],
}

impl Page for Inbox<'_> {
    fn template(&self) -> &'static str {
        "inbox.html"
    }
}

impl Page for DemoApp<'_> {
    fn template(&self) -> &'static str {
        "demo_app.html"
    }
}
