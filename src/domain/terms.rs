//! On which terms a site lets people sign in.

use std::time::Duration;

use super::limit::{CountedAlone, Limit};
use super::password::PasswordTerms;
use super::session::Lifetimes;

/// What a link needs in a browser that did not ask for it (`sign_in.other_browser`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherBrowser {
    /// The visitor types the address again. Scanners follow links, run scripts and press buttons,
    /// but do not know what to type.
    #[default]
    Address,
    /// The visitor presses a button. Convenient, and some scanners press it, too.
    Button,
    /// Nothing: there the code of the mail is the only way.
    CodeOnly,
}

/// Who may sign in at a site besides those who have an account (`sign_in.registration`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Nobody gets an account by signing in.
    #[default]
    Closed,
    /// The first proven sign-in of somebody whom `allow` names makes an account.
    Open,
}

/// With what people sign in (`sign_in.mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Link and code alone: no password is asked for, taken or kept.
    #[default]
    Passwordless,
    /// A password or the link, as the visitor likes.
    Hybrid(PasswordTerms),
}

/// The sign-in settings of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInTerms {
    /// Whether people may sign in here at all.
    pub enabled: bool,
    /// With what.
    pub mode: Mode,
    /// Whether a sign-in makes an account.
    pub registration: Registration,
    /// Whether somebody who has just got an account is asked for a name.
    pub asks_name: bool,
    /// How long link and code work.
    pub link_lifetime: Duration,
    /// What a link needs in another browser.
    pub other_browser: OtherBrowser,
    /// Mails to one address.
    pub email_limit: Limit,
    /// Mails asked for by one client.
    pub client_limit: Limit,
    /// Mails asked for from the network around a client.
    pub network_limit: Limit,
    /// Mails asked for at this site.
    pub site_limit: Limit,
    /// Mails asked for at all sites together.
    pub total_limit: Limit,
    /// Which of these the site counts for itself.
    pub alone: CountedAlone,
    /// Whether a person hears by mail of a sign-in with a browser that is new for them.
    pub new_device_notice: bool,
    /// How long a used link is remembered as used.
    pub used_link_retention: Duration,
    /// How long it is known what became of a mail.
    pub mail_history: Duration,
    /// How long sessions live.
    pub session: Lifetimes,
}

impl SignInTerms {
    /// How passwords are accepted, where they are.
    #[must_use]
    pub fn passwords(&self) -> Option<&PasswordTerms> {
        match &self.mode {
            Mode::Passwordless => None,
            Mode::Hybrid(terms) => Some(terms),
        }
    }
}
