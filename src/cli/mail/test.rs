//! `linkgate mail test`: one mail, the whole way.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::super::installation::StartError;
use super::super::mailers;
use super::super::{appearance, broken, fail, foundation, load, remind, say};
use super::cures;
use super::ways::{self, Way};
use crate::adapters::mail::rehearsal::{Goal, rehearse};
use crate::config::{Config, Site};
use crate::domain::email::EmailAddress;
use crate::portal::brand::BrandError;
use crate::portal::looks::Looks;
use crate::portal::mail::samples::SIGN_IN;
use crate::portal::mail::{MailRoom, SignInMail};
use crate::ports::{Clock, Entropy, MailId, OsEntropy, OutgoingMail, SystemClock, draw};

/// How long the link of a sign-in mail is said to be valid.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What is sent to whom.
#[derive(Debug, Args)]
pub(in crate::cli) struct TestArguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Who gets the mail.
    #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    to: EmailAddress,
    /// The site whose mail it is; the first one if left out.
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
}

pub(super) async fn run(arguments: &TestArguments) -> ExitCode {
    let config = match load(&arguments.config) {
        Ok(config) => config,
        Err(code) => return code,
    };
    remind(&config.warnings);
    let site = match &arguments.site {
        Some(name) => config.sites.iter().find(|site| site.name.as_ref() == name.as_str()),
        None => config.sites.first(),
    };
    let Some(site) = site else {
        let names: Vec<_> = config.sites.iter().map(|site| site.name.as_ref()).collect();
        return broken(&format_args!("--site: there is none of that name; say one of {names:?}"));
    };
    match ways::ways(&config) {
        Ok(ways) if ways.iter().all(|way| way.name == "inbox") => {
            fail(&"mail.inbox shows the mails of the process that serves, and of no other")
        }
        Ok(ways) => match Ready::new(&config, site, &arguments.to) {
            Ok(ready) => ready.send(&ways).await,
            Err(error) => broken(&error),
        },
        Err(error) => broken(&error),
    }
}

/// Why there is no mail to send.
#[derive(Debug, thiserror::Error)]
enum NoMail {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Brand(#[from] BrandError),
}

/// A mail, and what is needed to hand it over.
struct Ready<'a> {
    config: &'a Config,
    looks: Looks,
    mail: OutgoingMail,
    origin: String,
}

impl<'a> Ready<'a> {
    fn new(config: &'a Config, site: &Site, to: &EmailAddress) -> Result<Self, NoMail> {
        let appearance::Appearance { looks, mails } = appearance::read(config)?;
        let mails = MailRoom::new(mails).of(&site.name);
        // A site for many hosts is shown as one of them.
        let origin = site.origin.to_string().replace('*', "www");
        let now = SystemClock.now();
        let (host, prefix) = (host(&origin), config.prefix.as_str());
        let token = SIGN_IN.link.rsplit('/').next().unwrap_or_default();
        let written = SignInMail {
            site_host: host,
            site_name: &mails.title,
            link: &format!("{origin}{prefix}/link/{token}"),
            valid_until: now.after(LIFETIME),
            sent_at: now,
            browser: "linkgate mail test",
            client: "127.0.0.1",
            report_link: &format!("{origin}{prefix}/report/{token}"),
            return_short: &format!("{host}/"),
            ..SIGN_IN
        };
        let language = config.languages.first().copied().unwrap_or_default();
        let written = mails.mails.sign_in(&written, language)?;
        let note = format!(
            "This is a test of the mail of {host}. Nobody asked to sign in; the link and the code \
             open nothing. The link begins with {origin}/ - if another host is shown for it, the \
             relay rewrites links: switch its click tracking off."
        );
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let mail = OutgoingMail {
            id: MailId(draw(&entropy)),
            sender: Arc::new(foundation::sender(config, Some(site))),
            to: to.clone(),
            subject: format!("Test: {}", written.subject),
            text: format!("{note}\n\n{}", written.text),
            html: noted(&written.html, &note),
            date: now,
        };
        Ok(Self { config, looks, mail, origin })
    }

    async fn send(&self, ways: &[Way]) -> ExitCode {
        let mail = &self.mail;
        say(&format_args!("from {}\nto {}\nsubject {}", mail.sender, mail.to, mail.subject));
        let (mut good, mut bad) = (0, 0);
        for way in ways {
            if self.rehearsed(way).await {
                good += 1;
            } else {
                bad += 1;
            }
        }
        if good == 0 {
            return fail(&"the mail was not sent");
        }
        let mailer = match mailers::open(self.config, &self.looks) {
            Ok((mailer, _)) => mailer,
            Err(error) => return broken(&error),
        };
        match mailer.send(mail).await {
            Ok(receipt) => {
                say(&format_args!("handed over: {}", receipt.words));
                if let Some(reference) = receipt.reference {
                    say(&format_args!("  known there as {reference}"));
                }
                say(&format_args!(
                    "Now look into the mailbox, and into its folder for spam. The link of the mail \
                     must begin with {}/.",
                    self.origin
                ));
                if bad == 0 { ExitCode::SUCCESS } else { fail(&"not every relay takes mail") }
            }
            Err(error) => {
                say(&format_args!("not handed over, {error}"));
                fail(&"the mail was not sent")
            }
        }
    }

    /// Speaks with a relay up to the mail itself. What is no relay is ready.
    async fn rehearsed(&self, way: &Way) -> bool {
        let Some(relay) = &way.relay else {
            say(&format_args!("{}", way.name));
            return true;
        };
        say(&format_args!("relay {}", way.name));
        let (from, to) = (&self.mail.sender.address, &self.mail.to);
        let rehearsal = rehearse(relay, Goal::Recipient { from, to }).await;
        for done in &rehearsal.done {
            say(&format_args!("  {}", cures::done(done, SystemClock.now())));
        }
        let Some((step, trouble)) = &rehearsal.trouble else { return true };
        say(&format_args!("  failed, {}: {}", cures::name(*step), cures::why(trouble, relay)));
        if let crate::adapters::mail::rehearsal::Trouble::Tls(tls) = trouble
            && let Some(shown) = &tls.certificate
        {
            say(&format_args!("  shown: {}", cures::certificate_words(shown, SystemClock.now())));
        }
        say(&format_args!("  what helps: {}", cures::cure(*step, trouble, relay)));
        false
    }
}

fn host(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// A page with a note before everything else. The note is ours and holds nothing to escape.
fn noted(html: &str, note: &str) -> String {
    let paragraph = format!("<p>{note}</p>");
    let start = html.find("<body").and_then(|at| Some(at + html[at..].find('>')? + 1));
    let (head, rest) = html.split_at(start.unwrap_or(0));
    format!("{head}{paragraph}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_stands_first_in_the_body() {
        let html = "<html><body class=\"a\"><p>x</p></body></html>";
        let expected = "<html><body class=\"a\"><p>note</p><p>x</p></body></html>";
        assert_eq!(noted(html, "note"), expected);
        assert_eq!(noted("x", "note"), "<p>note</p>x");
    }
}
