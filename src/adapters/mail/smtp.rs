//! Hand-over to a relay by SMTP.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::message::{Sender, message};
use crate::ports::{MailError, Mailer, OutgoingMail};

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

/// Sends through one relay over a pool of connections.
pub struct Smtp {
    relay: Relay,
    sender: Sender,
    // Made on first use: the pool starts a task, and that must be in the runtime that sends.
    transport: OnceCell<Transport>,
}

impl Smtp {
    /// Prepares to send; opens no connection.
    #[must_use]
    pub fn new(relay: Relay, sender: Sender) -> Self {
        Self { relay, sender, transport: OnceCell::new() }
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
            .timeout(Some(*patience));
        if let Some((name, password)) = login {
            builder = builder.credentials(Credentials::new(name.clone(), password.to_string()));
        }
        Ok(builder.build())
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
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let message = message(&self.sender, mail)?;
        let transport = self.transport.get_or_try_init(|| async { self.open() }).await?;
        match tokio::time::timeout(self.relay.patience, transport.send(message)).await {
            Err(_) => Err(MailError::Transient(format!(
                "the relay did not finish within {} s",
                self.relay.patience.as_secs()
            ))),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(MailError::Permanent(words(&error))),
            // Network, TLS and time-outs are neither permanent nor transient to lettre.
            Ok(Err(error)) => Err(MailError::Transient(words(&error))),
        }
    }
}

/// The error and its causes on one line, cut: a relay may say much, and what it says is logged.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    // Relays like to repeat the recipient; no address of a person goes to the log.
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.map(|word| if word.contains('@') { "(address)" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(200).collect()
}
