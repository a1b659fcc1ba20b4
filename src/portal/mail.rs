//! The sign-in mail: one job, two forms (text and HTML), no picture, nothing loaded from afar.
//!
//! Programs read this mail too. Mail apps look for a code to offer and gateways look for links, so
//! the link stands alone on its line, the words "code is" come right before the code, and nothing
//! else in the mail has the shape of a code. The subject holds the time: mails in a list can be
//! told apart, and no program folds them into one conversation. It never holds the code, because
//! mail servers log subjects and phones show them on locked screens.

mod code_shape;
pub mod new_device;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error};
use serde::Serialize;

use super::pages::clock::clock_words;
use super::pages::environment;
use super::pages::words::shorten;
use crate::domain::time::UnixMillis;
use code_shape::has_code_shape;

const TEXT: &str = "sign_in.txt";
const HTML: &str = "sign_in.html";

/// Longest fact that is shown, in characters: more is an attack on the reader, not a fact.
const LONGEST_FACT: usize = 80;

/// Renders mails; built once at the start.
pub struct Mails {
    environment: Environment<'static>,
}

/// What a sign-in mail says.
///
/// `link`, `code` and `report_link` are secrets: `Debug` leaves them out.
#[derive(Clone, Copy)]
pub struct SignInMail<'a> {
    /// Host of the site, with the port where it is not the default one.
    pub site_host: &'a str,
    /// The name people know the site by.
    pub site_name: &'a str,
    /// The link, at most 120 characters and without a query: longer ones were cut by mail programs.
    pub link: &'a str,
    /// The code as it is shown: `WDJB-MJHT`.
    pub code: &'a str,
    /// When link and code end.
    pub valid_until: UnixMillis,
    /// When the mail was asked for.
    pub sent_at: UnixMillis,
    /// The asking browser: `Firefox on Windows`. A hint, never the raw `User-Agent`.
    pub browser: &'a str,
    /// Where it was asked from: an IP address or network; empty when it is not to be told.
    pub client: &'a str,
    /// "I did not ask for this".
    pub report_link: &'a str,
    /// Host and path that sign-in leads to.
    pub return_short: &'a str,
}

/// A mail, ready for its headers. No `Debug`: it holds the link and the code.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// `Subject`, one line.
    pub subject: String,
    /// The `text/plain` part; comes first.
    pub text: String,
    /// The `text/html` part.
    pub html: String,
}

#[derive(Serialize)]
struct View<'a> {
    site_host: &'a str,
    link: &'a str,
    code: &'a str,
    report_link: &'a str,
    sent_at: UnixMillis,
    valid_until: UnixMillis,
    site_name: Option<String>,
    page: Option<String>,
    browser: Option<String>,
    client: Option<String>,
}

impl Mails {
    /// Compiles the built-in templates.
    ///
    /// # Errors
    /// When a template does not compile.
    pub fn new() -> Result<Self, Error> {
        let environment = environment(&[
            (TEXT, include_str!("mail/sign_in.txt")),
            (HTML, include_str!("mail/sign_in.html")),
        ])?;
        Ok(Self { environment })
    }

    /// The mail as text.
    ///
    /// # Errors
    /// When a template fails at run time; the built-in ones do not.
    pub fn sign_in(&self, mail: &SignInMail<'_>) -> Result<RenderedMail, Error> {
        let view = Value::from(Serde(mail.view()));
        let part = |name| self.environment.get_template(name)?.render(view.clone());
        Ok(RenderedMail { subject: mail.subject(), text: part(TEXT)?, html: part(HTML)? })
    }
}

impl std::fmt::Debug for Mails {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Mails").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SignInMail<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SignInMail")
            .field("site_host", &self.site_host)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

impl<'a> SignInMail<'a> {
    /// `Sign in to staging.example.com (14:03 UTC)`: for the mail, and for the page that says
    /// which mail to look for.
    #[must_use]
    pub fn subject(&self) -> String {
        subject(self.site_host, self.sent_at)
    }

    fn view(&self) -> View<'a> {
        View {
            site_host: self.site_host,
            link: self.link,
            code: self.code,
            report_link: self.report_link,
            sent_at: self.sent_at,
            valid_until: self.valid_until,
            site_name: fact(self.site_name).filter(|name| name != self.site_host),
            page: fact(self.return_short),
            browser: fact(self.browser),
            client: fact(self.client),
        }
    }
}

/// The subject of a mail for this site, asked for at that time.
#[must_use]
pub fn subject(site_host: &str, sent_at: UnixMillis) -> String {
    let host: String = site_host.chars().filter(|c| !c.is_control()).collect();
    format!("Sign in to {host} ({})", clock_words(sent_at))
}

/// A fact on one line, or nothing: facts come from the request, and a line break in one would let
/// a stranger write lines of their own into the mail. A fact that looks like a code is left out,
/// or a mail app might offer it in place of the code (`/reports/20261122`).
fn fact(text: &str) -> Option<String> {
    let line: String = text.chars().map(|c| if breaks_line(c) { ' ' } else { c }).collect();
    let line = shorten(line.trim(), LONGEST_FACT);
    (!line.is_empty() && !has_code_shape(&line)).then_some(line)
}

fn breaks_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests;
