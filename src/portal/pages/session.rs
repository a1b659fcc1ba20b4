//! Pages for people who are signed in, or were.

use http::StatusCode;
use serde::Serialize;

use super::words::shorten;
use super::{Look, Page, Reference, Site};
use crate::domain::time::UnixMillis;
use crate::portal::phrases::Said;

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
    /// On all devices, not on this one alone.
    pub everywhere: bool,
    /// For the log.
    pub reference: Reference<'a>,
}

/// After a first sign-in that has made an account: what to call the person.
#[derive(Clone, Debug, Serialize)]
pub struct Welcome<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Hidden field: where to go afterwards.
    pub return_to: &'a str,
    /// What was typed.
    pub name: &'a str,
    /// Whether that cannot be a name.
    pub error: bool,
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
    /// An e-mail to whoever helps here, with its subject; see [`Look::ask_for_access`].
    pub ask: Option<String>,
    /// For the log.
    pub reference: Reference<'a>,
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
    /// Sessions of this person, this one first.
    pub sessions: &'a [AccountSession<'a>],
    /// There are more, which are not listed.
    pub is_part: bool,
    /// The password of this person, where the site accepts one.
    pub password: Option<AccountPassword>,
    /// What was just ended here.
    pub ended: Option<AccountEnded>,
}

/// One session in the list.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AccountSession<'a> {
    /// Stands for the session in the form that ends it; worth nothing to anybody else.
    pub handle: &'a str,
    /// The browser: `Firefox on Windows`. A hint, never the raw `User-Agent`.
    pub browser: &'a str,
    /// Host of the site it was signed in at.
    pub host: &'a str,
    /// Part of the network address it was signed in from: `203.0.113.0/24`. Coarse, because
    /// whoever has one session of a person sees the places of all.
    pub network: &'a str,
    /// When it began.
    pub signed_in_at: UnixMillis,
    /// When it was used last.
    pub last_seen: UnixMillis,
    /// It is the one of this browser.
    pub this: bool,
}

/// A password, as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AccountPassword {
    /// When it was set; none if there is none.
    pub set_at: Option<UnixMillis>,
}

/// What was ended on the account page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEnded {
    /// One other session.
    One,
    /// All other sessions.
    Others,
    /// The password.
    Password,
}

/// Longest destination in the subject of a mail that asks for access, in characters.
const LONGEST_DESTINATION: usize = 60;

impl Look {
    /// Begins an e-mail to whoever helps here, with a subject that says who wants to go where. None
    /// where help is a page, and where the operator has put something into the mail already.
    #[must_use]
    pub fn ask_for_access(&self, email: &str, destination: &str) -> Option<String> {
        let branding = self.pages.branding();
        let help = branding.brand.help_url.as_deref()?;
        if !help.starts_with("mailto:") || help.contains('?') {
            return None;
        }
        let destination = shorten(destination, LONGEST_DESTINATION);
        let values = [("email", Said::Text(email)), ("destination", Said::Text(&destination))];
        let subject = branding.phrases.say(self.language, "forbidden-ask-subject", &values).ok()?;
        // RFC 6068 has no `+` for a blank.
        let encoded: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
        Some(format!("{help}?subject={}", encoded.replace('+', "%20")))
    }
}

/// `GET {prefix}/signed-in?return_to=`: shown for a moment on the way from a form to the page that
/// was asked for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignedIn<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Host and path that come next; shortened by the page.
    pub destination: &'a str,
    /// Where that is: a path of the site or an absolute URL.
    pub location: &'a str,
}

impl Page for SignedIn<'_> {
    fn template(&self) -> &'static str {
        "signed_in.html"
    }
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

impl Page for Welcome<'_> {
    fn template(&self) -> &'static str {
        "welcome.html"
    }

    fn status(&self) -> StatusCode {
        if self.error { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
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
