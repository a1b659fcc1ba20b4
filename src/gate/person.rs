//! All that is kept of one person: for an operator who is asked, and for one who removes it.

use super::Gate;
use super::limits::Whose;
use crate::domain::attempt::Record;
use crate::domain::email::EmailAddress;
use crate::domain::limit::PersonKey;
use crate::domain::service_token::ServiceToken;
use crate::domain::site::Sites;
use crate::ports::Stored;

/// What was removed of a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Whether there was an account.
    pub account: bool,
    /// Sessions that ended, idle ones among them.
    pub sessions: usize,
    /// Sign-ins that were begun, or are kept as used.
    pub attempts: usize,
    /// Counts, pauses and marks.
    pub limits: u64,
    /// Service tokens that acted for this person.
    pub tokens: usize,
    /// Records of mails, and mails that still waited.
    pub mails: u64,
    /// Events of the record that led to this person, and do so no more.
    pub events: u64,
}

impl Gate {
    /// The sign-ins that were begun for an address and are still kept, the newest first.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn attempts_of(&self, email: &EmailAddress) -> Stored<Vec<Record>> {
        let found = self.store.attempts_where(&|it| it.email == *email).await?;
        let mut records: Vec<Record> = found.into_iter().map(|(_, record)| record).collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.attempt.asked_at));
        Ok(records)
    }

    /// The service tokens that act for a person.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn tokens_of(&self, email: &EmailAddress) -> Stored<Vec<ServiceToken>> {
        let mut tokens = self.store.tokens().await?;
        tokens.retain(|token| token.email.as_ref() == Some(email));
        Ok(tokens)
    }

    /// Removes all that is kept of a person: account, sessions, attempts, mails, what was counted, service
    /// tokens that act for them. The record of events keeps what happened under the keyed hash. With the
    /// account a suspension goes, too.
    ///
    /// Done twice it does no harm; where the store fails half way, do it again.
    ///
    /// # Errors
    /// When the store is in trouble: then some of it may be left.
    pub async fn erase(&self, email: &EmailAddress, sites: &Sites) -> Stored<Erased> {
        let person = self.keys.subject.person(email.identity());
        // The pauses are found by the attempts, so the limits go first, and attempts before the
        // sessions that could come of them.
        let limits = self.lift_limits(Whose::Person(email), sites).await?;
        let mut attempts = self.forget_attempts(email, person).await?;
        let mut tokens = 0;
        for token in self.tokens_of(email).await? {
            tokens += usize::from(self.revoke_token(&token.name).await?);
        }
        let sessions = self.store.sessions_of(person, self.clock.now()).await?.len();
        let account = self.forget_account(email).await?;
        // Those whose form was on its way when the first were looked for.
        attempts += self.forget_attempts(email, person).await?;
        let mails = self.store.erase_deliveries(person).await?;
        let events = self.erase_events(email).await?;
        Ok(Erased { account, sessions, attempts, limits, tokens, mails, events })
    }

    /// Returns how many there were.
    async fn forget_attempts(&self, email: &EmailAddress, person: PersonKey) -> Stored<usize> {
        let mut forgotten = 0;
        for (link, _) in self.store.attempts_where(&|it| it.email == *email).await? {
            forgotten += usize::from(self.store.forget(link, person).await?);
        }
        Ok(forgotten)
    }
}
