//! The sign-in mail: one job, two forms (text and HTML), no picture, nothing loaded from afar.
//!
//! Programs read this mail too. Mail apps look for a code to offer and gateways look for links, so
//! the link stands alone on its line, the words "code is" come right before the code, and nothing
//! else in the mail has the shape of a code. The subject holds the time: mails in a list can be
//! told apart, and no program folds them into one conversation. It never holds the code, because
//! mail servers log subjects and phones show them on locked screens.

mod code_shape;
pub(crate) mod samples;
mod views;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::brand::{BrandError, Branding, Shade};
use super::pages::engine::{self, Source};
use super::phrases::{Phrases, Said};
use crate::domain::language::Language;
use crate::domain::letter;
use crate::domain::sender::Sender;
use crate::domain::time::UnixMillis;
use crate::portal::pages::clock;

/// The templates of mails. Names in the folder of an operator are the same.
pub(crate) const TEMPLATES: &[Source] = &[
    ("mail/parts.html", include_str!("mail/parts.html")),
    ("mail/sign_in.txt", include_str!("mail/sign_in.txt")),
    ("mail/sign_in.html", include_str!("mail/sign_in.html")),
    ("mail/new_device.txt", include_str!("mail/new_device.txt")),
    ("mail/new_device.html", include_str!("mail/new_device.html")),
];

/// The mails of every site, as the configuration that is in force has them.
#[derive(Clone, Debug)]
pub struct MailRoom {
    current: Arc<ArcSwap<Shelf>>,
}

/// The mails of one configuration.
#[derive(Debug)]
pub struct Shelf {
    common: Arc<Mails>,
    sender: Arc<Sender>,
    sites: HashMap<String, SiteMails>,
}

/// The mails of one site.
#[derive(Clone, Debug)]
pub struct SiteMails {
    /// How they look.
    pub mails: Arc<Mails>,
    /// The name people know the site by.
    pub title: String,
    /// Who they are from.
    pub sender: Arc<Sender>,
}

impl Shelf {
    /// The mails that sites share, who those are from, and the mails of each site by its name.
    #[must_use]
    pub fn new(common: Arc<Mails>, sender: Arc<Sender>, sites: HashMap<String, SiteMails>) -> Self {
        Self { common, sender, sites }
    }
}

impl MailRoom {
    /// The mails of a first configuration.
    #[must_use]
    pub fn new(shelf: Shelf) -> Self {
        Self { current: Arc::new(ArcSwap::from_pointee(shelf)) }
    }

    /// Takes the mails of another configuration, for all that are written from now on.
    pub fn exchange(&self, shelf: Shelf) {
        self.current.store(Arc::new(shelf));
    }

    /// The mails that are built in, for every site.
    ///
    /// # Errors
    /// Never, as long as the built-in templates compile; the tests render all of them.
    pub fn built_in(sender: Sender) -> Result<Self, BrandError> {
        let mails = Mails::new(Arc::new(Branding::built_in()?))?;
        Ok(Self::new(Shelf::new(Arc::new(mails), Arc::new(sender), HashMap::new())))
    }

    /// The mails of a site. A job may be older than the configuration: a site that is gone has the
    /// common ones, under the name it had.
    #[must_use]
    pub fn of(&self, site: &str) -> SiteMails {
        let shelf = self.current.load();
        shelf.sites.get(site).cloned().unwrap_or_else(|| SiteMails {
            mails: Arc::clone(&shelf.common),
            title: site.to_owned(),
            sender: Arc::clone(&shelf.sender),
        })
    }
}

/// Renders the mails of one brand, in every language; built once at the start.
pub struct Mails {
    engines: Vec<(Language, Environment<'static>)>,
    branding: Arc<Branding>,
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
    /// Both also set the password that was typed where the mail was asked for.
    pub chooses_password: bool,
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

/// What the mail after a sign-in with a new browser says. `report_link` ends that session, so
/// `Debug` leaves it out.
#[derive(Clone, Copy)]
pub struct NewDeviceMail<'a> {
    /// Host of the site, with the port where it is not the default one.
    pub site_host: &'a str,
    /// The name people know the site by.
    pub site_name: &'a str,
    /// When somebody signed in.
    pub signed_in_at: UnixMillis,
    /// The browser, as in [`SignInMail`].
    pub browser: &'a str,
    /// The network, as in [`SignInMail`].
    pub client: &'a str,
    /// "That was not me".
    pub report_link: &'a str,
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

/// The colours of a button where the operator names none. They stay readable when a mail program
/// turns all colours over by force.
const BUTTON: (&str, &str) = ("#2f62cc", "#ffffff");

#[derive(Serialize)]
struct ButtonView<'a> {
    ground: &'a str,
    ink: &'a str,
}

impl Mails {
    /// Compiles the templates of a brand, for each language. All languages: a mail is written in
    /// the language of the page that asked, which may be offered no more.
    ///
    /// # Errors
    /// [`BrandError`] when a template does not compile, with its file and line.
    pub fn new(branding: Arc<Branding>) -> Result<Self, BrandError> {
        let shade = branding.brand.accent.as_ref().map(|accent| &accent.light);
        let (ground, ink) = match shade {
            Some(Shade { ground, ink, .. }) => (ground.as_str(), ink.as_str()),
            None => BUTTON,
        };
        let accent = Value::from(Serde(&ButtonView { ground, ink }));
        let mut engines = Vec::new();
        for language in Language::ALL {
            let mut engine = engine::environment(TEMPLATES, &branding, language)
                .map_err(|error| branding.fault(&error))?;
            engine.add_global("accent", accent.clone());
            engine.add_global("operator", branding.brand.operator.clone());
            let help_url = branding.brand.help_url.as_deref();
            engine.add_global("help_url", help_url);
            // Of a `mailto:` URL, people read the address.
            let shown = help_url.map(|url| url.strip_prefix("mailto:").unwrap_or(url));
            engine.add_global("help_shown", shown.and_then(|text| text.split('?').next()));
            engines.push((language, engine));
        }
        Ok(Self { engines, branding })
    }

    /// Renders every mail in every language with sample data.
    ///
    /// # Errors
    /// [`BrandError`] for the first template that fails, with its file and line.
    pub fn check(&self) -> Result<(), BrandError> {
        for (language, _) in &self.engines {
            for mail in [samples::SIGN_IN, samples::CODE_ALONE, samples::NEW_PASSWORD] {
                self.sign_in(&mail, *language)?;
            }
            self.new_device(&samples::NEW_DEVICE, *language)?;
        }
        Ok(())
    }

    /// The mail that signs in.
    ///
    /// # Errors
    /// When a template fails at run time; the built-in ones do not.
    pub fn sign_in(
        &self,
        mail: &SignInMail<'_>,
        language: Language,
    ) -> Result<RenderedMail, BrandError> {
        let key = subject_key(mail.chooses_password);
        let subject = self.subject(key, language, mail.site_host, mail.sent_at)?;
        self.rendered(["mail/sign_in.txt", "mail/sign_in.html"], language, &mail.view(), subject)
    }

    /// The mail after a sign-in with a browser that was not used before.
    ///
    /// # Errors
    /// As [`Mails::sign_in`].
    pub fn new_device(
        &self,
        mail: &NewDeviceMail<'_>,
        language: Language,
    ) -> Result<RenderedMail, BrandError> {
        let (host, at) = (mail.site_host, mail.signed_in_at);
        let subject = self.subject("new-device-subject", language, host, at)?;
        let names = ["mail/new_device.txt", "mail/new_device.html"];
        self.rendered(names, language, &mail.view(), subject)
    }

    fn rendered(
        &self,
        [text, html]: [&str; 2],
        language: Language,
        view: &impl Serialize,
        subject: String,
    ) -> Result<RenderedMail, BrandError> {
        let view = Value::from(Serde(view));
        let found = self.engines.iter().find(|(other, _)| *other == language);
        let part = |name: &str| match found {
            Some((_, engine)) => engine
                .get_template(name)
                .and_then(|template| template.render(view.clone()))
                .map_err(|error| self.branding.fault(&error)),
            None => Ok(String::new()),
        };
        Ok(RenderedMail { subject, text: part(text)?, html: part(html)? })
    }

    fn subject(
        &self,
        key: &str,
        language: Language,
        host: &str,
        at: UnixMillis,
    ) -> Result<String, BrandError> {
        said_subject(&self.branding.phrases, key, language, host, at)
            .map_err(|error| BrandError { place: "a subject".into(), what: error.to_string() })
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

impl std::fmt::Debug for NewDeviceMail<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("NewDeviceMail")
            .field("site_host", &self.site_host)
            .field("signed_in_at", &self.signed_in_at)
            .finish_non_exhaustive()
    }
}

/// The subject of a sign-in mail for this site, asked for at that time:
/// `Sign in to staging.example.com (14:03 UTC)`. For the page that says which mail to look for.
#[must_use]
pub fn subject(
    phrases: &Phrases,
    language: Language,
    host: &str,
    sent_at: UnixMillis,
    chooses_password: bool,
) -> String {
    said_subject(phrases, subject_key(chooses_password), language, host, sent_at)
        .unwrap_or_default()
}

fn subject_key(chooses_password: bool) -> &'static str {
    if chooses_password { "mail-password-subject" } else { "mail-subject" }
}

/// One line, whatever the host and the operator's text say. Not less than that is left: translations
/// isolate what they take in from right to left.
fn said_subject(
    phrases: &Phrases,
    key: &str,
    language: Language,
    host: &str,
    at: UnixMillis,
) -> Result<String, super::phrases::Unsayable> {
    let digits = clock::digits(at);
    let time = phrases.say(language, "clock-zone", &[("time", Said::Text(&digits))])?;
    let values = [("host", Said::Text(host)), ("time", Said::Text(&time))];
    let line = phrases.say(language, key, &values)?;
    Ok(line.chars().filter(|c| !letter::breaks_line(*c)).collect())
}

#[cfg(test)]
mod tests;
