//! The way in: the form, the waiting page, and what ends them.

use http::StatusCode;
use serde::Serialize;

use super::{AddressProblem, Page, PasswordProblem, Reference, Site};
pub use crate::domain::mailbox::Mailbox;
use crate::domain::time::UnixMillis;
use crate::portal::sign_in::path_of_form;

/// `GET {prefix}/sign-in`, and the answer to a `POST` that was refused at the field (422).
#[derive(Clone, Debug, Serialize)]
pub struct SignIn<'a> {
    /// The site to sign in to.
    pub site: Site<'a>,
    /// Host and path that sign-in leads to; shortened by the page.
    pub destination: &'a str,
    /// Hidden field: the return URL, checked before.
    pub return_to: &'a str,
    /// Hidden field: the `#fragment` of an earlier try, with its `#`; else empty. The script
    /// fills it from the address bar.
    pub fragment: &'a str,
    /// What stands in the field: typed before, or remembered; else empty.
    pub email: &'a str,
    /// Why the typed address was refused.
    pub error: Option<AddressProblem>,
    /// The mails of this site hold a link; else the code alone, and no link is spoken of.
    pub has_link: bool,
    /// The field for a password, where the site accepts one.
    pub password: Option<PasswordField>,
    /// The visitor may have the address remembered on this device (`linkgate-address`).
    pub remember_offered: bool,
    /// `email` comes from that cookie: the box is ticked, and "Not you?" leads out of it.
    pub remembered: bool,
    /// What the visitor should know before typing.
    pub notices: &'a [SignInNotice<'a>],
    /// For the log; only with bad news, else the page has nothing that could be asked about.
    pub reference: Option<Reference<'a>>,
}

/// The field for a password beside the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordField {
    /// Why what was typed is refused. It is never shown again.
    pub error: Option<PasswordProblem>,
    /// Whether everybody may register here.
    pub registers: bool,
}

/// The field for a password that is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NewPasswordField {
    /// How many characters it needs.
    pub least: u32,
    /// Why what was typed is refused. It is never shown again.
    pub error: Option<PasswordProblem>,
}

/// `GET {prefix}/password`, and the refused `POST` (422): asks for the mail with which a password is
/// chosen, the first one or another one. It is the same for everybody.
#[derive(Clone, Debug, Serialize)]
pub struct AskPassword<'a> {
    /// The site.
    pub site: Site<'a>,
    /// Hidden field: where to go afterwards.
    pub return_to: &'a str,
    /// Hidden field, as in [`SignIn`].
    pub fragment: &'a str,
    /// What stands in the field of the address.
    pub email: &'a str,
    /// Why the address was refused.
    pub error: Option<AddressProblem>,
    /// The mails of this site hold a link; else the code alone.
    pub has_link: bool,
}

/// `GET {prefix}/link/TOKEN` of a mail that lets its reader choose a password, in the browser that
/// asked, and the refused `POST` (422). Opening it has changed nothing.
#[derive(Clone, Debug, Serialize)]
pub struct ChoosePassword<'a> {
    /// The site.
    pub site: Site<'a>,
    /// The token of the link, for the form's address.
    pub token: &'a str,
    /// Whose password it will be, as far as this browser may see it.
    pub email: &'a str,
    /// The field.
    pub password: NewPasswordField,
}

/// Something to know before signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SignInNotice<'a> {
    /// There was a session, and it has ended.
    SessionEnded,
    /// The session ended before a form was sent; what was in the form is lost.
    FormNotSent,
    /// The rule wants a more recent sign-in (`max_age`).
    ConfirmAgain,
    /// The visitor chose to use another address.
    OtherAddress,
    /// The mail relay is in trouble.
    MailDelayed {
        /// Since when.
        since: UnixMillis,
    },
    /// The mail relay has been in trouble for so long that a mail may not leave in time.
    MailDown {
        /// Since when.
        since: UnixMillis,
    },
    /// Somebody is signed in, and may go on or switch.
    AlreadySignedIn {
        /// Who, in full.
        email: &'a str,
    },
}

/// `GET {prefix}/check-mail`, and the answer to a wrong code (422).
///
/// It says "if": the page is the same for every address, allowed or not.
#[derive(Clone, Debug, Serialize)]
pub struct CheckMail<'a> {
    /// The site to sign in to.
    pub site: Site<'a>,
    /// The address in full.
    pub email: &'a str,
    /// The sender as mail programs show it: `Example sign-in <login@example.com>`.
    pub sender: &'a str,
    /// The subject, from [`subject`](crate::portal::mail::subject).
    pub subject: &'a str,
    /// The mails of this site hold a link; else the code alone, and no link is spoken of.
    pub has_link: bool,
    /// Where the mail lets its reader choose a password: the field for it, beside the code.
    pub password: Option<NewPasswordField>,
    /// The code that was typed, if it was not looked at yet because of the password.
    pub code: &'a str,
    /// An address that was perhaps meant: `ann@gmail.com` for `ann@gmial.com`. Told from the typed
    /// address alone, and only ever a hint: the mail to the typed one is on its way.
    pub suggestion: Option<&'a str>,
    /// Now, for the countdowns: they must not depend on the visitor's clock.
    pub now: UnixMillis,
    /// When the newest mail was asked for.
    pub sent_at: UnixMillis,
    /// When link and code end.
    pub works_until: UnixMillis,
    /// When the next resend is allowed; `None`: now. The button works without the script too, so
    /// the server still has to refuse an early one.
    pub resend_at: Option<UnixMillis>,
    /// How far the mail is. Must be produced alike for addresses that get no mail.
    pub delivery: Delivery,
    /// Why the code was refused.
    pub code_error: Option<CodeProblem>,
    /// What just happened.
    pub notice: Option<CheckMailNotice>,
    /// Where this address reads its mail, see [`Mailbox::of`]; `None` if the visitor has not typed
    /// the address, which may stand in the URL, and where the operator wants no such button.
    pub mailbox: Option<Mailbox>,
    /// The return URL, for "use another address".
    pub return_to: &'a str,
    /// For the log; only while the relay is in trouble.
    pub reference: Option<Reference<'a>>,
}

/// How far the mails are, as far as a visitor may know.
///
/// All are facts about the relay, never about one mail: "handed over" would tell addresses that
/// get a mail from those that get none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Delivery {
    /// Mails go out in good time.
    Queued,
    /// The relay is in trouble.
    Delayed {
        /// Since when.
        since: UnixMillis,
    },
    /// The relay has been in trouble for so long that a mail may not leave in time.
    Down {
        /// Since when.
        since: UnixMillis,
    },
}

/// Why a typed code was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CodeProblem {
    /// Nothing was typed.
    Missing,
    /// Not eight letters of the alphabet of codes; costs no try.
    Malformed,
    /// Another code.
    Wrong {
        /// Tries that are left, at least 1: after the last one comes [`CodeUsedUp`].
        tries_left: u32,
    },
}

/// What just happened, on the waiting page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckMailNotice {
    /// A new mail was asked for; the older ones are dead.
    SentAgain,
    /// "I opened the link: continue" was pressed (`?opened=1`), but this browser has no session.
    NotYet,
}

/// The time of an attempt is over: on the waiting page (200), or after a code that came too late
/// (410).
#[derive(Clone, Debug, Serialize)]
pub struct RequestEnded<'a> {
    /// The site to sign in to.
    pub site: Site<'a>,
    /// The address in full: this browser asked with it.
    pub email: &'a str,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// A code was sent after the end.
    pub code_refused: bool,
    /// The return URL, for "use another address".
    pub return_to: &'a str,
    /// For the log.
    pub reference: Reference<'a>,
}

/// All tries for a code are used (429).
#[derive(Clone, Debug, Serialize)]
pub struct CodeUsedUp<'a> {
    /// The site to sign in to.
    pub site: Site<'a>,
    /// The address in full.
    pub email: &'a str,
    /// The link of the same mail is a secret of its own and may still work.
    pub link_still_works: bool,
    /// For the log.
    pub reference: Reference<'a>,
}

/// A limit was reached (429). The text is the same whichever limit it was.
#[derive(Clone, Debug, Serialize)]
pub struct RateLimited<'a> {
    /// The site to sign in to.
    pub site: Site<'a>,
    /// Now.
    pub now: UnixMillis,
    /// When it is worth trying again; goes with `Retry-After`.
    pub until: UnixMillis,
    /// This browser has an attempt that still works.
    pub mail_pending: bool,
    /// How to try again without typing anything twice.
    pub again: &'a Again,
    /// For the log.
    pub reference: Reference<'a>,
}

/// What was tried and refused for now: the button on the page does the same once more.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Again {
    /// The form was sent.
    Ask {
        /// The address, as typed.
        email: String,
        /// The return URL, with its fragment.
        return_to: String,
        /// The address is to be remembered on this device.
        remember: bool,
    },
    /// Another mail was asked for.
    Resend {
        /// The token of the dead link it was asked with; empty for the attempt of this browser.
        token: String,
    },
    /// The form of another page was sent.
    Page {
        /// The path of that page.
        path: String,
    },
}

impl Again {
    /// The page where it can be tried again, for who chooses another language in between.
    #[must_use]
    pub fn page(&self, prefix: &str) -> String {
        match self {
            Self::Ask { return_to, .. } => path_of_form(prefix, return_to),
            Self::Resend { token } if token.is_empty() => format!("{prefix}/check-mail"),
            Self::Resend { token } => format!("{prefix}/link/{token}"),
            Self::Page { path } => path.clone(),
        }
    }
}

impl Page for SignIn<'_> {
    fn template(&self) -> &'static str {
        "sign_in.html"
    }

    fn status(&self) -> StatusCode {
        let password_error = self.password.and_then(|field| field.error);
        status(self.error.is_some() || password_error.is_some())
    }
}

impl Page for AskPassword<'_> {
    fn template(&self) -> &'static str {
        "ask_password.html"
    }

    fn status(&self) -> StatusCode {
        status(self.error.is_some())
    }
}

impl Page for ChoosePassword<'_> {
    fn template(&self) -> &'static str {
        "choose_password.html"
    }

    fn status(&self) -> StatusCode {
        status(self.password.error.is_some())
    }
}

impl Page for CheckMail<'_> {
    fn template(&self) -> &'static str {
        "check_mail.html"
    }

    fn status(&self) -> StatusCode {
        let password_error = self.password.and_then(|field| field.error);
        status(self.code_error.is_some() || password_error.is_some())
    }
}

impl Page for RequestEnded<'_> {
    fn template(&self) -> &'static str {
        "request_ended.html"
    }

    fn status(&self) -> StatusCode {
        if self.code_refused { StatusCode::GONE } else { StatusCode::OK }
    }
}

impl Page for CodeUsedUp<'_> {
    fn template(&self) -> &'static str {
        "code_used_up.html"
    }

    fn status(&self) -> StatusCode {
        StatusCode::TOO_MANY_REQUESTS
    }
}

impl Page for RateLimited<'_> {
    fn template(&self) -> &'static str {
        "rate_limited.html"
    }

    fn status(&self) -> StatusCode {
        StatusCode::TOO_MANY_REQUESTS
    }
}

fn status(is_refused_at_field: bool) -> StatusCode {
    if is_refused_at_field { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
}
