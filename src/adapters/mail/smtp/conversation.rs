//! One hand-over, step by step, so that it is known how far it came.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::{Protection, Relay};
use crate::adapters::mail::message::Composed;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Connecting, up to the answer to `EHLO`; with TLS from the first byte that is in it, too.
    Connect,
    /// `STARTTLS`.
    Tls,
    /// `AUTH`.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The message itself.
    Message,
}

/// A conversation with a relay. It ends with this value.
pub(super) struct Conversation<'a> {
    relay: &'a Relay,
    tls: Option<TlsParameters>,
    step: Step,
    connection: Option<AsyncSmtpConnection>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(relay: &'a Relay, tls: Option<TlsParameters>) -> Self {
        Self { relay, tls, step: Step::Connect, connection: None }
    }

    /// The step that was begun last.
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// Connects, protects the connection and logs in.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        let Self { relay, tls, step, connection } = self;
        *connection = Some(open(relay, tls.take(), step).await?);
        Ok(())
    }

    /// The whole of it, up to the answer to the message.
    pub(super) async fn hand_over(&mut self, mail: &Composed) -> Result<Response, Error> {
        let Self { relay, tls, step, connection } = self;
        let connection = connection.insert(open(relay, tls.take(), step).await?);
        tell(connection, step, mail).await
    }

    /// Says goodbye and does not wait for what the relay says to that: what became of the mail is known
    /// already, and must be noted.
    pub(super) async fn goodbye(mut self) {
        if let Some(connection) = &mut self.connection {
            let _ = tokio::time::timeout(Duration::ZERO, connection.quit()).await;
        }
    }
}

async fn open(
    relay: &Relay,
    tls: Option<TlsParameters>,
    step: &mut Step,
) -> Result<AsyncSmtpConnection, Error> {
    let Relay { host, port, protection, login, .. } = relay;
    let hello = ClientId::default();
    let (at_once, later) = match protection {
        Protection::Implicit => (tls, None),
        Protection::StartTls => (None, tls),
        Protection::None => (None, None),
    };
    // The time is bounded by whoever asks, for all steps together.
    let place = (host.as_str(), *port);
    let connecting = AsyncSmtpConnection::connect_tokio1(place, None, &hello, at_once, None);
    let mut connection = connecting.await?;
    if let Some(tls) = later {
        *step = Step::Tls;
        connection.starttls(tls, &hello).await?;
    }
    if let Some((name, password)) = login {
        *step = Step::Login;
        let credentials = Credentials::new(name.clone(), password.to_string());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    Ok(connection)
}

async fn tell(
    connection: &mut AsyncSmtpConnection,
    step: &mut Step,
    mail: &Composed,
) -> Result<Response, Error> {
    // Messages are ASCII as they are built. Where one is not, the relay is told, if it knows the word.
    let knows_eight_bits = connection.server_info().supports_feature(Extension::EightBitMime);
    let eight_bits = MailParameter::Body(MailBodyParameter::EightBitMime);
    let parameters =
        if knows_eight_bits && !mail.bytes.is_ascii() { vec![eight_bits] } else { vec![] };
    *step = Step::Sender;
    connection.command(Mail::new(mail.envelope.from().cloned(), parameters)).await?;
    *step = Step::Recipient;
    for recipient in mail.envelope.to() {
        connection.command(Rcpt::new(recipient.clone(), vec![])).await?;
    }
    *step = Step::Data;
    connection.command(Data).await?;
    *step = Step::Message;
    connection.message(&mail.bytes).await
}
