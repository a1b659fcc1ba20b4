//! One hand-over, step by step, so that it is known how far it came.

use std::error::Error as Cause;
use std::fmt;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Code, Response, Severity};
use tokio::net::TcpStream;

use super::Relay;
use super::measured::Measured;
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
    /// The message itself, which the relay does not have whole.
    Body,
    /// The end of the message, and the answer to it.
    Message,
}

/// How a conversation is protected, with what that takes.
#[derive(Clone)]
pub(super) enum Channel {
    /// By TLS from the first byte.
    Implicit(TlsParameters),
    /// By `STARTTLS`, or there is none.
    StartTls(TlsParameters),
    /// Not at all.
    Plain,
}

/// Why a conversation came to nothing.
#[derive(Debug)]
pub(super) enum Broken {
    /// There is no connection.
    Unreachable(io::Error),
    /// What lettre says of it.
    Talk(Error),
    /// An answer that is none to what was said (RFC 5321, 4.3.2). lettre takes any 2xx or 3xx for good; one
    /// of the wrong kind may be that to another command, and a mail would count as taken too early.
    OutOfStep(Code),
}

impl Broken {
    /// The answer 4xx or 5xx, if there is one.
    pub(super) fn status(&self) -> Option<Code> {
        match self {
            Self::Unreachable(_) | Self::OutOfStep(_) => None,
            Self::Talk(error) => error.status(),
        }
    }

    /// Whether TLS is among the causes. lettre says the same of it as of a connection that is refused.
    pub(super) fn is_tls(&self) -> bool {
        if matches!(self, Self::Talk(error) if error.is_tls()) {
            return true;
        }
        let mut cause = self.source();
        while let Some(inner) = cause {
            let io = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if io.is_some_and(|it| it.is::<rustls::Error>()) {
                return true;
            }
            cause = inner.source();
        }
        false
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(out, "Connection error: {error}"),
            Self::Talk(error) => error.fmt(out),
            Self::OutOfStep(code) => write!(out, "the answer {code} does not belong here"),
        }
    }
}

impl Cause for Broken {
    fn source(&self) -> Option<&(dyn Cause + 'static)> {
        match self {
            Self::Unreachable(error) => Some(error),
            Self::Talk(error) => error.source(),
            Self::OutOfStep(_) => None,
        }
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Talk(error)
    }
}

/// A conversation with a relay. It ends with this value.
pub(super) struct Conversation<'a> {
    relay: &'a Relay,
    channel: Channel,
    step: Step,
    connection: Option<AsyncSmtpConnection>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(relay: &'a Relay, channel: Channel) -> Self {
        Self { relay, channel, step: Step::Connect, connection: None }
    }

    /// The step that was begun last.
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// Connects, protects the connection and logs in.
    pub(super) async fn begin(&mut self) -> Result<(), Broken> {
        let Self { relay, channel, step, connection } = self;
        *connection = Some(open(relay, channel.clone(), step).await?);
        Ok(())
    }

    /// The whole of it, up to the answer to the message.
    pub(super) async fn hand_over(&mut self, mail: &Composed) -> Result<Response, Broken> {
        let Self { relay, channel, step, connection } = self;
        let connection = connection.insert(open(relay, channel.clone(), step).await?);
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

/// The time is bounded by whoever asks, for all steps together.
async fn open(
    relay: &Relay,
    channel: Channel,
    step: &mut Step,
) -> Result<AsyncSmtpConnection, Broken> {
    let hello = ClientId::default();
    let mut connection = match channel {
        Channel::Plain => connect(relay, None, &hello).await?,
        Channel::Implicit(tls) => connect(relay, Some(tls), &hello).await?,
        Channel::StartTls(tls) => {
            let place = (relay.host.as_str(), relay.port);
            let stream = TcpStream::connect(place).await.map_err(Broken::Unreachable)?;
            let stream = Box::new(Measured::new(stream));
            let mut connection =
                AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
            *step = Step::Tls;
            connection.starttls(tls, &hello).await?;
            connection
        }
    };
    if let Some((name, password)) = &relay.login {
        *step = Step::Login;
        let credentials = Credentials::new(name.clone(), password.to_string());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    Ok(connection)
}

async fn connect(
    relay: &Relay,
    tls: Option<TlsParameters>,
    hello: &ClientId,
) -> Result<AsyncSmtpConnection, Error> {
    let place = (relay.host.as_str(), relay.port);
    AsyncSmtpConnection::connect_tokio1(place, None, hello, tls, None).await
}

async fn tell(
    connection: &mut AsyncSmtpConnection,
    step: &mut Step,
    mail: &Composed,
) -> Result<Response, Broken> {
    // Messages are ASCII as they are built. Where one is not, the relay is told, if it knows the word.
    let knows_eight_bits = connection.server_info().supports_feature(Extension::EightBitMime);
    let eight_bits = MailParameter::Body(MailBodyParameter::EightBitMime);
    let parameters =
        if knows_eight_bits && !mail.bytes.is_ascii() { vec![eight_bits] } else { vec![] };
    *step = Step::Sender;
    let sender = Mail::new(mail.envelope.from().cloned(), parameters);
    of_kind(Severity::PositiveCompletion, connection.command(sender).await?)?;
    *step = Step::Recipient;
    for recipient in mail.envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), vec![]);
        of_kind(Severity::PositiveCompletion, connection.command(recipient).await?)?;
    }
    *step = Step::Data;
    of_kind(Severity::PositiveIntermediate, connection.command(Data).await?)?;
    *step = Step::Body;
    // What comes next is asked for when all before it is written: then the end of the message follows.
    let mut body = Some(mail.bytes.as_slice());
    let parts = std::iter::from_fn(|| {
        let part = body.take();
        if part.is_none() {
            *step = Step::Message;
        }
        part
    });
    let answer = connection.message_iter(parts).await?;
    of_kind(Severity::PositiveCompletion, answer)
}

/// The answer, if it is one of this kind.
fn of_kind(kind: Severity, answer: Response) -> Result<Response, Broken> {
    let code = answer.code();
    if code.severity == kind { Ok(answer) } else { Err(Broken::OutOfStep(code)) }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use lettre::address::Envelope;
    use lettre::transport::smtp::client::AsyncTokioStream;
    use tokio::io::{
        AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
        DuplexStream, ReadBuf, duplex,
    };

    use super::*;
    use crate::adapters::mail::smtp::refusal::refusal;
    use crate::ports::MailError;

    /// What is on its way and read by nobody yet, at most: less than a line of the message.
    const ON_ITS_WAY: usize = 64;

    /// A connection that holds no more than that, where a socket would hold the whole message.
    #[derive(Debug)]
    struct Narrow(DuplexStream);

    impl AsyncTokioStream for Narrow {
        fn peer_addr(&self) -> io::Result<SocketAddr> {
            Ok((Ipv4Addr::LOCALHOST, 25).into())
        }
    }

    impl AsyncRead for Narrow {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            out: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(context, out)
        }
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Pin::new(&mut self.0).poll_write(context, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_shutdown(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(context)
        }
    }

    fn composed() -> Composed {
        let address = |text: &str| text.parse().unwrap();
        let to = vec![address("ann@example.com")];
        let envelope = Envelope::new(Some(address("login@example.com")), to).unwrap();
        Composed { envelope, bytes: b"0123456789abcdef0123456789abcd\r\n".repeat(100) }
    }

    /// Takes so many bytes of what follows `DATA`, and hangs up.
    async fn relay(stream: DuplexStream, takes: usize) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 relay.test\r\n").await?;
        for answer in ["250 relay.test", "250 ok", "250 ok", "354 go on"] {
            stream.read_line(&mut String::new()).await?;
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        stream.read_exact(&mut vec![0; takes]).await.map(drop)
    }

    /// What becomes of the mail, and in which step that is known.
    async fn broken_off_after(takes: usize) -> (Step, MailError) {
        let (ours, theirs) = duplex(ON_ITS_WAY);
        let relay = tokio::spawn(relay(theirs, takes));
        let stream = Box::new(Narrow(ours));
        let hello = ClientId::default();
        let connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
        let (mut connection, mut step) = (connection.unwrap(), Step::Connect);
        let told = tell(&mut connection, &mut step, &composed()).await;
        relay.await.unwrap().unwrap();
        (step, refusal(step, &told.unwrap_err()))
    }

    #[tokio::test]
    async fn a_relay_that_breaks_off_in_the_midst_of_a_message_has_not_taken_it() {
        let length = composed().bytes.len();
        for takes in [0, 1, length / 2, length - 2 * ON_ITS_WAY] {
            let (step, error) = broken_off_after(takes).await;
            assert_eq!(step, Step::Body, "{takes} of {length}");
            assert!(matches!(error, MailError::Transient(_)), "{takes} of {length}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_relay_that_has_the_end_of_a_message_and_hangs_up_may_have_taken_it() {
        let end = b"\r\n.\r\n".len();
        let (step, error) = broken_off_after(composed().bytes.len() + end).await;
        assert_eq!(step, Step::Message);
        assert!(matches!(error, MailError::Unanswered(_)), "{error:?}");
    }
}
