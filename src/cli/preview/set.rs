//! The pages and mails of one brand.

use std::sync::Arc;

use super::folder::Folder;
use super::{File, PreviewError, Written};
use crate::adapters::mail::message::message;
use crate::cli::appearance;
use crate::cli::foundation::sender;
use crate::config::{BrandConfig, Config};
use crate::domain::email::EmailAddress;
use crate::domain::language::Language;
use crate::domain::sender::Sender;
use crate::portal::brand::BrandError;
use crate::portal::mail::samples::{CODE_ALONE, NEW_DEVICE, NEW_PASSWORD, SIGN_IN};
use crate::portal::mail::{Mails, NewDeviceMail, RenderedMail, SignInMail};
use crate::portal::pages::samples::{Scene, Viewer, show_scene};
use crate::portal::pages::{Html, Look, Page, Pages, Site};
use crate::ports::{MailId, OutgoingMail};

/// The reserved path of the pages: one folder up, where the files that they load lie.
const PREFIX: &str = "..";
/// A page deep inside the application.
const DEEP: &str = "/reports/42?tab=x";
/// Names a request in error pages.
const REFERENCE: &str = "7f3a-91c2";

/// The pages and mails of one brand, for one site that has it.
pub(super) struct Set {
    folder: String,
    title: String,
    host: String,
    sender: Arc<Sender>,
    recipient: EmailAddress,
    pages: Arc<Pages>,
    mails: Arc<Mails>,
}

impl Set {
    /// The built-in looks, for a site that does not exist.
    pub(super) fn built_in() -> Result<Vec<Self>, BrandError> {
        let (title, host) = (SIGN_IN.site_name.to_owned(), SIGN_IN.site_host.to_owned());
        let sender = Sender {
            name: Some("Staging Sign-in".to_owned()),
            address: address("auth@mail.example.com")?,
            reply_to: None,
        };
        let brand = BrandConfig::default();
        Ok(vec![Self::new("common", (title, host), sender, &Language::ALL, &brand)?])
    }

    /// One for each brand of a configuration: what its sites share, shown for the first of them,
    /// and each site with a brand of its own.
    pub(super) fn configured(config: &Config) -> Result<Vec<Self>, BrandError> {
        let mut sets: Vec<Self> = Vec::new();
        for site in &config.sites {
            let folder = match &site.brand {
                Some(_) => format!("site-{}", site.name),
                None => "common".to_owned(),
            };
            if sets.iter().any(|set| set.folder == folder) {
                continue;
            }
            let origin = site.origin.to_string();
            let host = origin.split_once("://").map_or(origin.as_str(), |(_, host)| host);
            // A site for many hosts is shown as one of them.
            let names = (site.title.to_string(), host.replace('*', "www"));
            let brand = site.brand.as_deref().unwrap_or(&config.brand);
            let sender = sender(config, Some(site));
            sets.push(Self::new(&folder, names, sender, &config.languages, brand)?);
        }
        Ok(sets)
    }

    fn new(
        folder: &str,
        (title, host): (String, String),
        sender: Sender,
        languages: &[Language],
        brand: &BrandConfig,
    ) -> Result<Self, BrandError> {
        let (pages, mails) = appearance::of_brand(PREFIX, languages, brand)?;
        let (recipient, sender) = (address("alice@example.com")?, Arc::new(sender));
        Ok(Self { folder: folder.to_owned(), title, host, sender, recipient, pages, mails })
    }

    /// The name people know the site by.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Its host.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Where the style sheet is, below the folder of the preview.
    pub(super) fn stylesheet(&self) -> String {
        self.asset(&self.pages.assets().stylesheet().name)
    }

    /// Where the icon is.
    pub(super) fn icon(&self) -> String {
        self.asset(&self.pages.assets().icon().name)
    }

    fn asset(&self, name: &str) -> String {
        format!("{}/assets/{name}", self.folder)
    }

    /// Writes everything below its own folder.
    pub(super) fn write(&self, folder: &Folder) -> Result<Vec<Written>, PreviewError> {
        for asset in self.pages.assets().all() {
            folder.write(&self.asset(&asset.name), &asset.bytes)?;
        }
        let mut written = Vec::new();
        for language in self.pages.branding().languages.iter().copied() {
            for (name, about, page) in self.pages_in(language)? {
                let path = format!("{}/{language}/{name}.html", self.folder);
                folder.write(&path, page.as_bytes())?;
                let files = vec![File { path, words: "" }];
                note(&mut written, name, about, (language, files));
            }
            for (name, mail) in self.mails_in(language)? {
                let files = self.write_mail(folder, language, name, mail)?;
                note(&mut written, name.to_owned(), "mail".to_owned(), (language, files));
            }
        }
        Ok(written)
    }

    fn pages_in(&self, language: Language) -> Result<Vec<(String, String, String)>, BrandError> {
        let destination = format!("{}{DEEP}", self.host);
        let (sender, mail) = (self.sender.to_string(), self.sign_in(&SIGN_IN, language)?);
        let scene = Scene {
            site: Site { name: &self.title, host: &self.host, has_passwords: false },
            destination: &destination,
            sender: &sender,
            subject: &mail.subject,
            mail_text: &mail.text,
        };
        let mut gathering =
            Gathering { pages: &self.pages, language, all: Vec::new(), fault: None };
        show_scene(&scene, &mut gathering);
        let look = Look {
            pages: Arc::clone(&self.pages),
            language,
            here: String::new(),
            reference: REFERENCE.into(),
            at: SIGN_IN.sent_at,
        };
        let last = self.pages.last_resort();
        for (name, Html { status, body }) in [
            ("last_resort_store_down", last.store_down(&look)),
            ("last_resort_internal", last.internal(&look)),
        ] {
            gathering.all.push((name.to_owned(), status.as_str().to_owned(), body));
        }
        gathering.fault.map_or(Ok(gathering.all), Err)
    }

    fn mails_in(&self, language: Language) -> Result<[(&str, RenderedMail); 4], BrandError> {
        let report = self.at_host(NEW_DEVICE.report_link);
        let new_device = NewDeviceMail {
            site_host: &self.host,
            site_name: &self.title,
            report_link: &report,
            ..NEW_DEVICE
        };
        Ok([
            ("mail_sign_in", self.sign_in(&SIGN_IN, language)?),
            ("mail_sign_in_code_alone", self.sign_in(&CODE_ALONE, language)?),
            ("mail_new_password", self.sign_in(&NEW_PASSWORD, language)?),
            ("mail_new_device", self.mails.new_device(&new_device, language)?),
        ])
    }

    fn sign_in(
        &self,
        sample: &SignInMail<'_>,
        language: Language,
    ) -> Result<RenderedMail, BrandError> {
        let (link, report) = (self.at_host(sample.link), self.at_host(sample.report_link));
        let destination = format!("{}{DEEP}", self.host);
        let mail = SignInMail {
            site_host: &self.host,
            site_name: &self.title,
            link: &link,
            report_link: &report,
            return_short: &destination,
            ..*sample
        };
        self.mails.sign_in(&mail, language)
    }

    /// A link of a sample, at the host of this site.
    fn at_host(&self, link: &str) -> String {
        link.replacen(SIGN_IN.site_host, &self.host, 1)
    }

    fn write_mail(
        &self,
        folder: &Folder,
        language: Language,
        name: &str,
        mail: RenderedMail,
    ) -> Result<Vec<File>, PreviewError> {
        let mail = OutgoingMail {
            id: MailId([0x7f; 16]),
            sender: Arc::clone(&self.sender),
            to: self.recipient.clone(),
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
            date: SIGN_IN.sent_at,
        };
        let whole = message(&mail)?.formatted();
        let mut files = Vec::new();
        for (ending, words, content) in [
            ("html", "", mail.html.as_bytes()),
            ("txt", "text", mail.text.as_bytes()),
            ("eml", "message", whole.as_slice()),
        ] {
            let path = format!("{}/{language}/{name}.{ending}", self.folder);
            folder.write(&path, content)?;
            files.push(File { path, words });
        }
        Ok(files)
    }
}

/// Collects the pages in one language, up to the first fault.
struct Gathering<'a> {
    pages: &'a Pages,
    language: Language,
    all: Vec<(String, String, String)>,
    fault: Option<BrandError>,
}

impl Viewer for Gathering<'_> {
    fn view<P: Page>(&mut self, name: &str, page: &P) {
        match self.pages.try_render(page, self.language, "/") {
            Ok(body) => {
                self.all.push((name.to_owned(), page.status().as_str().to_owned(), body));
            }
            Err(fault) => self.fault = self.fault.take().or(Some(fault)),
        }
    }
}

/// Adds the files in one more language.
fn note(written: &mut Vec<Written>, name: String, about: String, files: (Language, Vec<File>)) {
    match written.iter_mut().find(|one| one.name == name) {
        Some(one) => one.files.push(files),
        None => written.push(Written { name, about, files: vec![files] }),
    }
}

fn address(text: &str) -> Result<EmailAddress, BrandError> {
    let wrong = |error: &dyn std::fmt::Display| BrandError {
        place: text.to_owned(),
        what: error.to_string(),
    };
    EmailAddress::parse(text).map_err(|error| wrong(&error))
}
