//! A mail, and what hands it over.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::MailId;
use crate::domain::email::EmailAddress;
use crate::domain::sender::Sender;
use crate::domain::time::UnixMillis;

/// A mail, ready to be handed over. Built from parsed parts only.
#[derive(Clone)]
pub struct OutgoingMail {
    /// Its identity.
    pub id: MailId,
    /// Who it is from.
    pub sender: Arc<Sender>,
    /// The one recipient.
    pub to: EmailAddress,
    /// The subject, without line breaks.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The moment it was asked for.
    pub date: UnixMillis,
}

impl std::fmt::Debug for OutgoingMail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OutgoingMail({}, ..)", self.id.to_hex())
    }
}

/// What was said when a mail was taken. Taken is not delivered: that is told later, if at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The words of the relay, at most 200 characters, without anything secret.
    pub words: String,
    /// The name that the other side gave to the mail, where it told one: later news carry it.
    pub reference: Option<String>,
}

/// Why a mail was not handed over. The texts go to the log, cut, and never hold the mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It may work later, or elsewhere: network, TLS, time-out, an answer 4xx, and what a relay or
    /// provider has against us and not against the mail.
    #[error("for now: {0}")]
    Transient(String),
    /// All of it was sent, and no answer came: it may have been taken. Sent elsewhere it may arrive
    /// twice; sent to the same place again it has the same Message-ID.
    #[error("without an answer: {0}")]
    Unanswered(String),
    /// It will not work later, nor elsewhere: this recipient or this message is refused.
    #[error("for good: {0}")]
    Permanent(String),
}

/// Hands mails over.
///
/// Law: returns within a bound of its own, whatever the other side does; exactly one recipient.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands one mail over, and tells what the other side said to that.
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError>;

    /// The same in no more than this time, if its own bound is not shorter.
    async fn send_within(
        &self,
        mail: &OutgoingMail,
        within: Duration,
    ) -> Result<Receipt, MailError> {
        tokio::time::timeout(within, self.send(mail)).await.unwrap_or_else(|_| {
            let seconds = within.as_secs();
            Err(MailError::Transient(format!("did not finish within its share of {seconds} s")))
        })
    }

    /// How many mails may be handed over at the same time. Relays count connections, and few of them
    /// like more from one client.
    fn at_once(&self) -> usize {
        8
    }

    /// Finds out whether mails can be handed over at all, without one and without naming anybody:
    /// what comes out is told to every visitor.
    async fn probe(&self) -> Result<(), MailError>;
}
