//! A hand-over without a mail: every step that a relay sees before the first line of one, with what
//! it says to each. lettre sends mails and keeps the conversation to itself; who looks for the reason
//! why none arrive needs to read it.

mod connection;
mod tls;

use std::io;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::extension::ClientId;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::smtp::{Protection, Relay};
use crate::domain::email::EmailAddress;
use connection::{Connection, Reply};
pub use tls::{Certificate, Secured, TlsTrouble, TlsTroubleKind};

/// What is tried, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Find the host and open a connection.
    Connect,
    /// Read its greeting.
    Greeting,
    /// Say who we are, and learn what it can do.
    Hello,
    /// Protect the connection.
    Tls,
    /// Log in.
    Login,
    /// Name the sender.
    Sender,
    /// Name the recipient.
    Recipient,
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// There is a connection to this address.
    Connected(SocketAddr),
    /// The relay has said so. Never holds a secret.
    Said(Step, String),
    /// Nobody between can read on.
    Secured(Secured),
}

/// Why a step was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The host has no address.
    NoHost,
    /// No connection.
    NoConnection(io::ErrorKind),
    /// It took too long.
    TooSlow,
    /// The relay has hung up.
    HungUp,
    /// What came was no answer of a mail relay.
    NoAnswer,
    /// It does not offer to protect the connection.
    NoStartTls,
    /// It does not offer a login that we know.
    NoLogin,
    /// TLS has failed.
    Tls(Box<TlsTrouble>),
    /// It has refused, with this code and these words. Never holds a secret.
    Refused(u16, String),
    /// The certificate authority of the configuration cannot be read.
    Authority(String),
}

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub enum Goal<'a> {
    /// Up to a protected connection.
    Protected,
    /// Up to the recipient.
    Recipient {
        /// Who it would be from.
        from: &'a EmailAddress,
        /// Who it would be for.
        to: &'a EmailAddress,
    },
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    /// The steps that were done.
    pub done: Vec<Done>,
    /// Where it ended before the goal, and why.
    pub trouble: Option<(Step, Trouble)>,
}

/// Rehearses a hand-over, within the relay's patience in all.
pub async fn rehearse(relay: &Relay, goal: Goal<'_>) -> Rehearsal {
    let mut talk = Talk { relay, done: Vec::new(), step: Step::Connect };
    let trouble = match tokio::time::timeout(relay.patience, talk.run(goal)).await {
        Ok(Ok(())) => None,
        Ok(Err(trouble)) => Some(trouble),
        Err(_) => Some(Trouble::TooSlow),
    };
    let step = talk.step;
    Rehearsal { done: talk.done, trouble: trouble.map(|trouble| (step, trouble)) }
}

struct Talk<'a> {
    relay: &'a Relay,
    done: Vec<Done>,
    step: Step,
}

impl Talk<'_> {
    async fn run(&mut self, goal: Goal<'_>) -> Result<(), Trouble> {
        let mut connection = self.connect().await?;
        if self.relay.protection == Protection::Implicit {
            connection = self.protect(connection).await?;
        }
        self.step = Step::Greeting;
        let greeting = connection.read().await?;
        self.note(&greeting)?;
        let mut offers = self.hello(&mut connection).await?;
        if self.relay.protection == Protection::StartTls {
            self.step = Step::Tls;
            if !offers.has("STARTTLS") {
                return Err(Trouble::NoStartTls);
            }
            accepted(&connection.ask("STARTTLS").await?)?;
            connection = self.protect(connection).await?;
            offers = self.hello(&mut connection).await?;
        }
        if let Goal::Recipient { from, to } = goal {
            self.login(&mut connection, &offers).await?;
            for (step, line) in [
                (Step::Sender, format!("MAIL FROM:<{from}>")),
                (Step::Recipient, format!("RCPT TO:<{to}>")),
            ] {
                self.step = step;
                let answer = connection.ask(&line).await?;
                self.note(&answer)?;
            }
        }
        // Nothing was handed over, and nothing depends on the goodbye.
        let _ = connection.ask("QUIT").await;
        Ok(())
    }

    async fn connect(&mut self) -> Result<Connection, Trouble> {
        let Relay { host, port, .. } = self.relay;
        let addresses: Vec<SocketAddr> = match tokio::net::lookup_host((host.as_str(), *port)).await
        {
            Ok(found) => found.collect(),
            Err(_) => return Err(Trouble::NoHost),
        };
        if addresses.is_empty() {
            return Err(Trouble::NoHost);
        }
        let stream = TcpStream::connect(addresses.as_slice()).await;
        let stream = stream.map_err(|error| Trouble::NoConnection(error.kind()))?;
        let peer = stream.peer_addr().map_err(|error| Trouble::NoConnection(error.kind()))?;
        self.done.push(Done::Connected(peer));
        Ok(Connection::plain(stream))
    }

    async fn protect(&mut self, connection: Connection) -> Result<Connection, Trouble> {
        self.step = Step::Tls;
        let Relay { host, authority, .. } = self.relay;
        let (connection, secured) = connection.secure(host, authority.as_deref()).await?;
        self.done.push(Done::Secured(secured));
        Ok(connection)
    }

    /// By the name that mails are handed over with.
    async fn hello(&mut self, connection: &mut Connection) -> Result<Reply, Trouble> {
        self.step = Step::Hello;
        let answer = connection.ask(&format!("EHLO {}", ClientId::default())).await?;
        accepted(&answer)?;
        Ok(answer)
    }

    async fn login(&mut self, connection: &mut Connection, offers: &Reply) -> Result<(), Trouble> {
        let Some((name, password)) = &self.relay.login else { return Ok(()) };
        self.step = Step::Login;
        let encoded = |text: &str| Zeroizing::new(STANDARD.encode(text));
        let plain = Zeroizing::new(format!("\0{name}\0{}", password.as_str()));
        let secrets = [encoded(&plain), encoded(name), encoded(password), password.clone()];
        // In the order in which they are tried with mails.
        let answer = if offers.offers_login("PLAIN") {
            let line = Zeroizing::new(format!("AUTH PLAIN {}", secrets[0].as_str()));
            connection.ask(&line).await?
        } else if offers.offers_login("LOGIN") {
            let mut answer = connection.ask("AUTH LOGIN").await?;
            for secret in &secrets[1..3] {
                if answer.code == 334 {
                    answer = connection.ask(secret).await?;
                }
            }
            answer
        } else {
            return Err(Trouble::NoLogin);
        };
        self.note(&masked(answer, &secrets))
    }

    fn note(&mut self, answer: &Reply) -> Result<(), Trouble> {
        accepted(answer)?;
        self.done.push(Done::Said(self.step, answer.words()));
        Ok(())
    }
}

fn accepted(answer: &Reply) -> Result<(), Trouble> {
    match answer.code {
        200..=299 => Ok(()),
        code => Err(Trouble::Refused(code, answer.words())),
    }
}

/// Without what was said to log in, should the relay repeat it.
fn masked(mut answer: Reply, secrets: &[Zeroizing<String>]) -> Reply {
    for line in &mut answer.lines {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            *line = line.replace(secret.as_str(), "[…]");
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_to_log_in_is_never_repeated() {
        let secrets = ["c2VjcmV0", "secret"].map(|text| Zeroizing::new(text.to_owned()));
        let lines = vec!["bad c2VjcmV0".to_owned(), "no \"secret\" here".to_owned()];
        let masked = masked(Reply { code: 535, lines }, &secrets);
        assert_eq!(masked.words(), "535 bad […] no \"[…]\" here");
    }
}
