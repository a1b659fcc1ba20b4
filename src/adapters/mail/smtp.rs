//! Hand-over to a relay by SMTP.

mod conversation;
mod measured;
mod refusal;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::response::Response;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use self::conversation::{Channel, Conversation, Step};
use self::refusal::refusal;
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

/// Sends through one relay, each mail over a connection of its own.
///
/// A connection whose send was cut short is in the midst of a conversation. The next mail would wait for
/// it again, or take the late answer to the mail before for its own: refused would look delivered. So
/// none is kept.
pub struct Smtp {
    relay: Relay,
    composer: Composer,
    habits: Habits,
    // Made on first use: the system's authorities are read for it.
    tls: OnceCell<TlsParameters>,
}

impl Smtp {
    /// Prepares to send; opens no connection.
    #[must_use]
    pub fn new(relay: Relay, composer: Composer) -> Self {
        let habits = Habits::of(&relay.host);
        Self { relay, composer, habits, tls: OnceCell::new() }
    }

    /// How the connection is protected, with what that takes.
    async fn channel(&self) -> Result<Channel, MailError> {
        match self.relay.protection {
            Protection::None => Ok(Channel::Plain),
            Protection::Implicit => self.tls().await.map(Channel::Implicit),
            Protection::StartTls => self.tls().await.map(Channel::StartTls),
        }
    }

    /// What is wrong with TLS is wrong for every mail and the operator's to mend; another relay may take
    /// the mail meanwhile.
    async fn tls(&self) -> Result<TlsParameters, MailError> {
        let tls = self.tls.get_or_try_init(|| async { self.new_tls() }).await;
        tls.cloned().map_err(|cause| {
            tracing::error!(relay = self.relay.host, cause, "TLS cannot be used: mend `ca`");
            MailError::Transient(cause)
        })
    }

    fn new_tls(&self) -> Result<TlsParameters, String> {
        let mut tls = TlsParameters::builder(self.relay.host.clone());
        if let Some(pem) = &self.relay.authority {
            let certificate = Certificate::from_pem(pem)
                .map_err(|error| format!("certificate authority: {error}"))?;
            tls = tls.add_root_certificate(certificate);
        }
        tls.build().map_err(|error| format!("TLS: {error}"))
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Smtp({:?})", self.relay)
    }
}

#[async_trait]
impl Mailer for Smtp {
    /// Bounded by the relay's patience in all: a bound for each answer would let a relay that answers a
    /// byte at a time hold a worker for ever.
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        self.send_within(mail, self.relay.patience).await
    }

    async fn send_within(
        &self,
        mail: &OutgoingMail,
        within: Duration,
    ) -> Result<Receipt, MailError> {
        let within = within.min(self.relay.patience);
        let composed = self.composer.compose(mail, &self.habits)?;
        let mut talk = Conversation::new(&self.relay, self.channel().await?);
        let said = tokio::time::timeout(within, talk.hand_over(&composed)).await;
        let step = talk.step();
        match said {
            Err(_) => Err(too_slow(step, within)),
            Ok(said) => {
                talk.goodbye().await;
                said.map(|answer| receipt(&answer)).map_err(|error| refusal(step, &error))
            }
        }
    }

    /// Connects, protects the connection, logs in and says goodbye.
    async fn probe(&self) -> Result<(), MailError> {
        let mut talk = Conversation::new(&self.relay, self.channel().await?);
        let within = self.relay.patience;
        match tokio::time::timeout(within, talk.begin()).await {
            Err(_) => Err(too_slow(Step::Connect, within)),
            Ok(Err(error)) => Err(MailError::Transient(words(&error))),
            Ok(Ok(())) => {
                talk.goodbye().await;
                Ok(())
            }
        }
    }
}

/// What becomes of a mail that was not answered in time. Once the relay has all of it, it may be about
/// to take it; before that it cannot be.
fn too_slow(step: Step, within: Duration) -> MailError {
    let seconds = within.as_secs();
    match step {
        Step::Message => MailError::Unanswered(format!(
            "the relay has the mail and did not answer within {seconds} s: it may have taken it"
        )),
        _ => MailError::Transient(format!("the relay did not finish within {seconds} s")),
    }
}

/// What the relay said in the end. SMTP has no field for the relay's own name of a mail.
fn receipt(answer: &Response) -> Receipt {
    let lines: Vec<&str> = answer.message().collect();
    let words = told(&format!("{} {}", answer.code(), lines.join(" ")));
    Receipt { words, reference: None }
}
