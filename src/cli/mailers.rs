//! The way mail leaves, as a configuration names it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use zeroize::Zeroizing;

use super::installation::{StartError, read};
use crate::adapters::mail::api::ses::Credentials;
use crate::adapters::mail::api::{ApiMailer, Brevo, Mailgun, Postmark, Resend, SendGrid, Ses};
use crate::adapters::mail::folder::Folder;
use crate::adapters::mail::http::Endpoint;
use crate::adapters::mail::inbox::Inbox;
use crate::adapters::mail::message::Composer;
use crate::adapters::mail::relays::Relays;
use crate::adapters::mail::sendmail::Sendmail;
use crate::adapters::mail::smtp::{Protection, Relay, Smtp};
use crate::config::{
    ApiConfig, ApiProvider, Config, MailTransport, Password, SendmailConfig, SmtpConfig, SmtpTls,
};
use crate::portal::inbox;
use crate::portal::looks::Looks;
use crate::ports::{Mailer, SystemClock};

/// What hands mails over, and the inbox and its address, if that is it.
pub(super) type OpenMailer = (Arc<dyn Mailer>, Option<(SocketAddr, Router)>);

/// Opens what a configuration names; connects to nothing.
///
/// # Errors
/// When a file of certificates cannot be used.
pub(super) fn open(config: &Config, looks: &Looks) -> Result<OpenMailer, StartError> {
    let composer = Composer::new(config.mail.dkim.clone());
    if let [MailTransport::Inbox(address)] = config.mail.relays.as_slice() {
        let inbox = Inbox::new(composer);
        let router = inbox::router(inbox.clone(), looks.clone(), config.prefix.as_str());
        return Ok((Arc::new(inbox), Some((*address, router))));
    }
    let mut relays = Vec::new();
    for relay in &config.mail.relays {
        relays.push((relay.name().to_owned(), one(relay, &composer)?));
    }
    if let [_] = relays.as_slice()
        && let Some((_, only)) = relays.pop()
    {
        return Ok((Arc::from(only), None));
    }
    Ok((Arc::new(Relays::new(relays)), None))
}

fn one(relay: &MailTransport, composer: &Composer) -> Result<Box<dyn Mailer>, StartError> {
    let composer = composer.clone();
    Ok(match relay {
        MailTransport::Smtp(smtp) => Box::new(Smtp::new(self::relay(smtp)?, composer)),
        MailTransport::Sendmail(SendmailConfig { path, arguments, timeout }) => {
            let (path, arguments, patience) = (path.clone(), arguments.clone(), *timeout);
            Box::new(Sendmail { path, arguments, patience, composer })
        }
        MailTransport::Api(config) => Box::new(api(config, composer)?),
        MailTransport::Folder(path) => Box::new(Folder::new(path.clone(), composer)),
        // The configuration has it alone only, where its page can be shown.
        MailTransport::Inbox(_) => Box::new(Inbox::new(composer)),
    })
}

/// A relay, as its adapter wants it.
///
/// # Errors
/// When the file of its authorities cannot be read.
pub(super) fn relay(smtp: &SmtpConfig) -> Result<Relay, StartError> {
    Ok(Relay {
        host: smtp.host.clone(),
        port: smtp.port,
        protection: match smtp.tls {
            SmtpTls::StartTls => Protection::StartTls,
            SmtpTls::Implicit => Protection::Implicit,
            SmtpTls::Plaintext => Protection::None,
        },
        login: smtp.login.as_ref().map(|(name, password)| (name.clone(), exposed(password))),
        authority: authority(smtp.ca.as_deref())?,
        patience: smtp.timeout,
    })
}

fn api(config: &ApiConfig, composer: Composer) -> Result<ApiMailer, StartError> {
    let authority = authority(config.ca.as_deref())?;
    let endpoint = Endpoint::new(&config.endpoint, authority.as_deref(), config.timeout);
    let endpoint = endpoint
        .map_err(|error| StartError::Part(format!("mail.{}: {error}", config.provider.name())))?;
    Ok(match &config.provider {
        ApiProvider::Postmark { token, stream } => {
            let (token, stream) = (exposed(token), stream.clone());
            ApiMailer::new(Postmark { token, stream }, endpoint)
        }
        ApiProvider::Ses { region, access_key, secret, configuration_set } => {
            let secret = exposed(secret);
            let ses = Ses {
                credentials: Credentials { access_key: access_key.clone(), secret },
                region: region.clone(),
                configuration_set: configuration_set.clone(),
                composer,
                clock: Arc::new(SystemClock),
            };
            ApiMailer::new(ses, endpoint)
        }
        ApiProvider::Mailgun { domain, token } => {
            let (token, domain) = (exposed(token), domain.as_str().to_owned());
            ApiMailer::new(Mailgun { token, domain }, endpoint)
        }
        ApiProvider::SendGrid { token } => {
            ApiMailer::new(SendGrid { token: exposed(token) }, endpoint)
        }
        ApiProvider::Resend { token } => ApiMailer::new(Resend { token: exposed(token) }, endpoint),
        ApiProvider::Brevo { token } => ApiMailer::new(Brevo { token: exposed(token) }, endpoint),
    })
}

fn authority(path: Option<&Path>) -> Result<Option<Vec<u8>>, StartError> {
    path.map(read).transpose()
}

fn exposed(password: &Password) -> Zeroizing<String> {
    Zeroizing::new(password.expose().to_owned())
}
