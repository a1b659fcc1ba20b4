//! Several relays: the first that takes a mail has it.

mod breaker;
mod held;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use self::breaker::Breaker;
use self::held::Held;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// How long all of them may take for one mail. A mail is claimed by a courier for 60 s; within that it
/// must be over, or two nodes would deliver it.
const IN_ALL: Duration = Duration::from_secs(50);
/// Longest text of a receipt, in characters.
const LONGEST_WORDS: usize = 200;

/// One of them.
struct Relay {
    index: usize,
    name: String,
    mailer: Box<dyn Mailer>,
    breaker: Breaker,
}

/// Relays in the order in which they are tried.
///
/// A mail that one relay refuses for good is refused: the next one would ask the same mailbox, and be
/// taken for a spammer. What passes at one relay, and what only the operator can mend there, is tried at
/// the next. Relays that failed lately come last; they are left out of nothing.
///
/// A mail that a relay has, and gives no answer to, goes to no other for a while (`Held`): it would
/// arrive twice.
pub struct Relays {
    relays: Vec<Relay>,
    held: Held,
    in_all: Duration,
}

impl Relays {
    /// Tries them in this order; the names are for the log.
    #[must_use]
    pub fn new(relays: Vec<(String, Box<dyn Mailer>)>) -> Self {
        Self::within(IN_ALL, relays)
    }

    fn within(in_all: Duration, relays: Vec<(String, Box<dyn Mailer>)>) -> Self {
        let relay =
            |(index, (name, mailer))| Relay { index, name, mailer, breaker: Breaker::default() };
        let relays = relays.into_iter().enumerate().map(relay).collect();
        Self { relays, held: Held::default(), in_all }
    }

    /// Those that a mail may go to: the one that may have it already, or all in their turn.
    fn open_to(&self, mail: &OutgoingMail) -> Vec<&Relay> {
        match self.held.by(mail.id, Instant::now()).and_then(|index| self.relays.get(index)) {
            Some(relay) => vec![relay],
            None => self.in_turn(),
        }
    }

    /// Those that may be used first, then those that failed lately.
    fn in_turn(&self) -> Vec<&Relay> {
        let now = Instant::now();
        let (first, last): (Vec<_>, Vec<_>) =
            self.relays.iter().partition(|relay| relay.breaker.is_closed_or_tries(now));
        [first, last].concat()
    }
}

impl Relay {
    async fn send(&self, mail: &OutgoingMail, share: Duration) -> Result<Receipt, MailError> {
        let sent = self.mailer.send_within(mail, share).await;
        match &sent {
            // A refusal of one mail is an answer, too.
            Ok(_) | Err(MailError::Permanent(_)) => {
                if self.breaker.answered() {
                    tracing::info!(relay = self.name, "the relay takes mails again");
                }
            }
            Err(MailError::Transient(_) | MailError::Unanswered(_)) => {
                if self.breaker.failed(Instant::now()) {
                    tracing::warn!(relay = self.name, "the relay keeps failing: others come first");
                }
            }
        }
        sent
    }
}

/// The time for the next of those that are left: what is left, in equal parts, so that one that hangs
/// leaves enough for the others.
fn share(until: Instant, left: usize) -> Duration {
    until.saturating_duration_since(Instant::now()) / u32::try_from(left.max(1)).unwrap_or(1)
}

impl fmt::Debug for Relays {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.relays.iter().map(|relay| &relay.name)).finish()
    }
}

#[async_trait]
impl Mailer for Relays {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let until = Instant::now() + self.in_all;
        let relays = self.open_to(mail);
        let mut causes = Vec::new();
        for (index, relay) in relays.iter().enumerate() {
            let name = &relay.name;
            match relay.send(mail, share(until, relays.len() - index)).await {
                Ok(Receipt { words, reference }) => {
                    self.held.let_go(mail.id);
                    let words = format!("{name}: {words}").chars().take(LONGEST_WORDS).collect();
                    return Ok(Receipt { words, reference });
                }
                Err(MailError::Permanent(cause)) => {
                    self.held.let_go(mail.id);
                    return Err(MailError::Permanent(format!("{name}: {cause}")));
                }
                Err(MailError::Unanswered(cause)) => {
                    self.held.hold(mail.id, relay.index, Instant::now());
                    causes.push(format!("{name}: {cause}"));
                    return Err(MailError::Unanswered(causes.join("; ")));
                }
                Err(MailError::Transient(cause)) => {
                    let mail = mail.id.to_hex();
                    tracing::warn!(mail, relay = name, cause, "not taken by this relay");
                    causes.push(format!("{name}: {cause}"));
                }
            }
        }
        Err(MailError::Transient(causes.join("; ")))
    }

    /// As many as the one that likes the fewest: any of them may get them all.
    fn at_once(&self) -> usize {
        self.relays.iter().map(|relay| relay.mailer.at_once()).min().unwrap_or(1)
    }

    /// Whether one of them can be reached.
    async fn probe(&self) -> Result<(), MailError> {
        let until = Instant::now() + self.in_all;
        let mut causes = Vec::new();
        for (index, relay) in self.relays.iter().enumerate() {
            let share = share(until, self.relays.len() - index);
            match tokio::time::timeout(share, relay.mailer.probe()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => causes.push(format!("{}: {error}", relay.name)),
                Err(_) => causes.push(format!("{}: no answer", relay.name)),
            }
        }
        Err(MailError::Transient(causes.join("; ")))
    }
}

#[cfg(test)]
mod tests;
