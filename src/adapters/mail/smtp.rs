//! Hand-over to a relay by SMTP.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::Response;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::message::{message, raw};
use super::words::{told, words};
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// How the connection to the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// `STARTTLS`, refused when the relay does not offer it.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None. For a relay on this machine, or where the operator says so in as many words.
    None,
}

/// A relay.
#[derive(Clone)]
pub struct Relay {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// Name and password.
    pub login: Option<(String, Zeroizing<String>)>,
    /// A certificate authority besides the system's, as PEM.
    pub authority: Option<Vec<u8>>,
    /// How long one hand-over may take, from connecting to the last answer.
    pub patience: Duration,
}

impl fmt::Debug for Relay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Relay({}:{}, {:?}, ..)", self.host, self.port, self.protection)
    }
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Sends through one relay, each mail over a connection of its own.
///
/// lettre's pool takes a connection back whose send was cut short in the midst of a conversation
/// (lettre 0.11, `PooledConnection`'s drop). The next mail would wait for it again, or take the
/// late answer to the mail before for its own: refused would look delivered. So none is kept.
pub struct Smtp {
    relay: Relay,
    // Made on first use: the pool starts a task, and that must be in the runtime that sends.
    transport: OnceCell<Transport>,
}

impl Smtp {
    /// Prepares to send; opens no connection.
    #[must_use]
    pub fn new(relay: Relay) -> Self {
        Self { relay, transport: OnceCell::new() }
    }

    fn open(&self) -> Result<Transport, MailError> {
        let Relay { host, port, protection, login, authority, patience } = &self.relay;
        let tls = || -> Result<TlsParameters, MailError> {
            let mut tls = TlsParameters::builder(host.clone());
            if let Some(pem) = authority {
                let broken =
                    |error| MailError::Permanent(format!("certificate authority: {error}"));
                tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(broken)?);
            }
            tls.build().map_err(|error| MailError::Permanent(format!("TLS: {error}")))
        };
        let tls = match protection {
            Protection::StartTls => Tls::Required(tls()?),
            Protection::Implicit => Tls::Wrapper(tls()?),
            Protection::None => Tls::None,
        };
        let mut builder = Transport::builder_dangerous(host.clone())
            .port(*port)
            .tls(tls)
            .timeout(Some(*patience))
            .pool_config(PoolConfig::new().max_size(0));
        if let Some((name, password)) = login {
            builder = builder.credentials(Credentials::new(name.clone(), password.to_string()));
        }
        Ok(builder.build())
    }

    fn too_slow(&self) -> MailError {
        let seconds = self.relay.patience.as_secs();
        MailError::Transient(format!("the relay did not finish within {seconds} s"))
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Smtp({:?})", self.relay)
    }
}

#[async_trait]
impl Mailer for Smtp {
    /// Bounded by the relay's patience in all: lettre's own time-out bounds a read, not a send
    /// (lettre issue 1027), so a relay that answers a byte at a time would hold a worker for ever.
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let mut message = message(mail)?;
        for (name, value) in untracked(&self.relay.host) {
            message.headers_mut().insert_raw(raw(name, value));
        }
        let transport = self.transport.get_or_try_init(|| async { self.open() }).await?;
        match tokio::time::timeout(self.relay.patience, transport.send(message)).await {
            Err(_) => Err(self.too_slow()),
            Ok(Ok(answer)) => Ok(receipt(&answer)),
            Ok(Err(error)) if error.is_permanent() => Err(MailError::Permanent(words(&error))),
            // Network, TLS and time-outs are neither permanent nor transient to lettre.
            Ok(Err(error)) => Err(MailError::Transient(words(&error))),
        }
    }

    /// Connects, protects the connection, logs in and says goodbye.
    async fn probe(&self) -> Result<(), MailError> {
        let transport = self.transport.get_or_try_init(|| async { self.open() }).await?;
        match tokio::time::timeout(self.relay.patience, transport.test_connection()).await {
            Err(_) => Err(self.too_slow()),
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailError::Transient("the relay does not answer".into())),
            Ok(Err(error)) => Err(MailError::Transient(words(&error))),
        }
    }
}

/// What tells a known relay to leave the mail as it is. Many of them rewrite links by default, so
/// that a sign-in link leads through a third party, is written to its log, and may not lead back.
/// Each understands its own field, and takes it off.
fn untracked(relay: &str) -> &'static [(&'static str, &'static str)] {
    const KNOWN: [(&str, &[(&str, &str)]); 4] = [
        ("postmarkapp.com", &[("X-PM-TrackLinks", "None"), ("X-PM-TrackOpens", "false")]),
        ("mailgun.org", &[("X-Mailgun-Track", "no")]),
        ("mandrillapp.com", &[("X-MC-Track", "none")]),
        (
            "sendgrid.net",
            &[(
                "X-SMTPAPI",
                "{\"filters\":{\"clicktrack\":{\"settings\":{\"enable\":0}},\
                 \"opentrack\":{\"settings\":{\"enable\":0}}}}",
            )],
        ),
    ];
    let relay = relay.to_ascii_lowercase();
    let is_of = |domain: &str| {
        relay.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    KNOWN.iter().find(|(domain, _)| is_of(domain)).map_or(&[], |(_, fields)| fields)
}

/// What the relay said in the end. SMTP has no field for the relay's own name of a mail.
fn receipt(answer: &Response) -> Receipt {
    let lines: Vec<&str> = answer.message().collect();
    let words = told(&format!("{} {}", answer.code(), lines.join(" ")));
    Receipt { words, reference: None }
}

#[cfg(test)]
mod tests {
    use mailparse::MailHeaderMap;

    use super::super::message::tests::mail;
    use super::*;

    #[test]
    fn relays_that_rewrite_links_are_told_not_to() {
        for (relay, expected) in [
            ("smtp.postmarkapp.com", "X-PM-TrackLinks"),
            ("SMTP.EU.MAILGUN.ORG", "X-Mailgun-Track"),
            ("smtp.mandrillapp.com", "X-MC-Track"),
            ("smtp.sendgrid.net", "X-SMTPAPI"),
            ("sendgrid.net", "X-SMTPAPI"),
        ] {
            let (name, value) = untracked(relay)[0];
            assert_eq!(name, expected);
            let mut message = message(&mail()).unwrap();
            message.headers_mut().insert_raw(raw(name, value));
            let text = message.formatted();
            let parsed = mailparse::parse_mail(&text).unwrap();
            assert_eq!(parsed.headers.get_first_value(name).as_deref(), Some(value));
        }
        for relay in ["smtp.example.com", "notsendgrid.net", "sendgrid.net.example.com", ""] {
            assert!(untracked(relay).is_empty(), "{relay}");
        }
    }
}
