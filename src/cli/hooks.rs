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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::embedded::Embedded;
    use crate::ports::SystemClock;

    const ADMIN: &str = "admin: { listen: \"127.0.0.1:9180\" }\n";
    const NO_ADMIN: &str = "admin: { listen: \"off\" }\n";

    /// What is said of `hooks` at the start; nothing when it is good.
    fn told(admin: &str, hooks: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let certificate = rcgen::generate_simple_self_signed(["sns.example".to_owned()]).unwrap();
        let text = format!(
            "listen: [{{ address: \"127.0.0.1:8080\" }}]\n{admin}secret: {{ file: secret }}\n\
             store: {{ memory: {{}} }}\n\
             mail: {{ from: login@example.com, folder: {{ path: mails }}, hooks: {hooks} }}\n\
             sites:\n  - {{ name: a, origin: \"https://a.example\", upstream: \"http://b\", \
             allow: [\"@example.com\"] }}\n"
        );
        let path = folder.path().join("linkgate.yaml");
        for (name, text) in [
            ("linkgate.yaml", text.as_str()),
            ("secret", "0123456789abcdef0123456789abcdef"),
            ("long", "0123456789abcdef"),
            ("sns.pem", &certificate.cert.pem()),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let config = Config::load(&path).unwrap_or_else(|problems| panic!("{problems}"));
        let store = Arc::new(Embedded::in_memory().unwrap());
        let opened = open(
            &config,
            store,
            Arc::new(SystemClock),
            (Journal::silent(), Arc::new(Metrics::default())),
        );
        opened.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_shows_nothing_is_told_at_the_start_with_its_key() {
        let brevo = "{ brevo: { token: { file: long } } }";
        assert_eq!(told(ADMIN, brevo), "");
        assert_eq!(
            told(NO_ADMIN, "{ listen: \"127.0.0.1:9181\", brevo: { token: { file: long } } }"),
            ""
        );
        for (admin, hooks, expected) in [
            (NO_ADMIN, brevo, "mail.hooks.listen: there is no admin listener"),
            (ADMIN, "{ resend: { secret: { file: long } } }", "mail.hooks.resend.secret: must be"),
            (ADMIN, "{ sendgrid: { public_key: AAAA } }", "mail.hooks.sendgrid.public_key: must"),
            (
                ADMIN,
                "{ ses: { topic: \"arn:aws:sqs:eu:1:a\", certificate: sns.pem } }",
                "mail.hooks.ses.topic: must be a topic",
            ),
        ] {
            let told = told(admin, hooks);
            assert!(told.starts_with(expected), "{hooks}: {told}");
            assert!(!told.contains("0123456789abcdef"), "{told}");
        }
    }
}
