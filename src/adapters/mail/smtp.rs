//! Hand-over to a relay by SMTP.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::response::Response;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::known::Habits;
use super::message::Composer;
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
    composer: Composer,
    habits: Habits,
    // Made on first use: the pool starts a task, and that must be in the runtime that sends.
    transport: OnceCell<Transport>,
}

impl Smtp {
    /// Prepares to send; opens no connection.
    #[must_use]
    pub fn new(relay: Relay, composer: Composer) -> Self {
        let habits = Habits::of(&relay.host);
        Self { relay, composer, habits, transport: OnceCell::new() }
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
        let composed = self.composer.compose(mail, &self.habits)?;
        let transport = self.transport.get_or_try_init(|| async { self.open() }).await?;
        let sending = transport.send_raw(&composed.envelope, &composed.bytes);
        match tokio::time::timeout(self.relay.patience, sending).await {
            Err(_) => Err(self.too_slow()),
            Ok(Ok(answer)) => Ok(receipt(&answer)),
            Ok(Err(error)) => Err(refusal(&error)),
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

/// What becomes of a mail that the relay did not take. Network, TLS and time-outs are neither
/// permanent nor transient to lettre; they pass. So does a login that is refused (RFC 4954, 6), or
/// wanted: the operator can mend it, another relay may take the mail meanwhile, and nothing is wrong
/// with that.
fn refusal(error: &Error) -> MailError {
    let is_login =
        error.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538));
    if is_login {
        let cause = words(error);
        tracing::error!(cause, "the relay refuses the login: mend its username and password");
    }
    if error.is_permanent() && !is_login {
        return MailError::Permanent(words(error));
    }
    MailError::Transient(words(error))
}

/// What the relay said in the end. SMTP has no field for the relay's own name of a mail.
fn receipt(answer: &Response) -> Receipt {
    let lines: Vec<&str> = answer.message().collect();
    let words = told(&format!("{} {}", answer.code(), lines.join(" ")));
    Receipt { words, reference: None }
}
