//! Whom to believe what became of mails, from the configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;

use super::installation::{StartError, read};
use crate::config::{Config, HooksConfig};
use crate::gate::journal::Journal;
use crate::metrics::Metrics;
use crate::portal::hooks::{
    Hooks, Login, MailgunKey, PinnedSns, Proofs, ResendKey, SendgridKey, SesTopic, router,
};
use crate::ports::{Clock, Store};

/// The route for providers, and where it listens if not on the admin listener.
pub(super) type Opened = Option<(Option<SocketAddr>, Router)>;

/// Opens what the configuration names.
///
/// # Errors
/// [`StartError::Part`] when a key is none, or there is nowhere to listen.
pub(super) fn open(
    config: &Config,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    (journal, metrics): (Journal, Arc<Metrics>),
) -> Result<Opened, StartError> {
    let Some(hooks) = &config.mail.hooks else { return Ok(None) };
    if hooks.listen.is_none() && config.admin.is_none() {
        return Err(wrong("listen", "there is no admin listener: say where to listen"));
    }
    let hooks_of = Hooks { store, clock, proofs: proofs(hooks)?, journal, metrics };
    Ok(Some((hooks.listen, router(hooks_of, config.prefix.as_str()))))
}

fn proofs(config: &HooksConfig) -> Result<Proofs, StartError> {
    let ses = config.ses.as_ref().map(|(topic, certificate)| {
        let sns = Arc::new(PinnedSns { certificate: read(certificate)? });
        SesTopic::new(topic, sns).ok_or_else(|| {
            wrong("ses.topic", "must be a topic: arn:aws:sns:eu-central-1:123456789012:mail")
        })
    });
    let sendgrid = config.sendgrid.as_deref().map(|key| {
        SendgridKey::parse(key)
            .ok_or_else(|| wrong("sendgrid.public_key", "must be the verification key, in base64"))
    });
    let resend = config.resend.as_ref().map(|key| {
        ResendKey::parse(key.expose())
            .ok_or_else(|| wrong("resend.secret", "must be the signing secret: whsec_ and base64"))
    });
    Ok(Proofs {
        postmark: config
            .postmark
            .as_ref()
            .map(|(name, password)| Login::basic(name, password.expose())),
        ses: ses.transpose()?,
        mailgun: config.mailgun.as_ref().map(|key| MailgunKey::new(key.expose())),
        sendgrid: sendgrid.transpose()?,
        resend: resend.transpose()?,
        brevo: config.brevo.as_ref().map(|token| Login::bearer(token.expose())),
    })
}

fn wrong(key: &str, what: &str) -> StartError {
    StartError::Part(format!("mail.hooks.{key}: {what}"))
}
