//! What became of a mail.
//!
//! News of one mail come from several sides that know nothing of each other: the worker that hands it
//! over, another worker after a crash, and the relay's provider, whose messages arrive late, twice and in
//! any order. So the states are in one order (see [`News::rank`]), and a mail only ever moves forward in
//! it. Whoever knows later things is right: what was delivered may bounce after all, and what bounced is
//! not delivered because an older message says so.

mod status;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::email::EmailAddress;
use super::language::Language;
use super::limit::PersonKey;
use super::time::UnixMillis;

pub use status::{EnhancedStatus, says_no_mailbox};
pub use words::{Reference, RelayWords};

/// The identity of a mail: 128 random bits, also the left part of its Message-ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(pub [u8; 16]);

impl MailId {
    /// Lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// Reads what [`to_hex`](Self::to_hex) writes, and nothing else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_hex) {
            return None;
        }
        Some(Self(u128::from_str_radix(text, 16).ok()?.to_be_bytes()))
    }
}

/// How far a mail has come. The numbers are stored; their order is that of [`News::rank`].
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DeliveryState {
    /// It waits for a worker.
    Queued = 0,
    /// A worker has it.
    Sending = 1,
    /// It could not be handed over for now, and waits for another try.
    Retrying = 2,
    /// Link and code were over before it could be handed over.
    ExpiredUnsent = 3,
    /// It was not sent on purpose: the address may not sign in here, or mail to it has bounced lately.
    Suppressed = 4,
    /// It was given up here: too many tries, or it could not be written.
    Failed = 5,
    /// The relay has taken it.
    Accepted = 6,
    /// The relay could not pass it on yet, and goes on trying.
    Deferred = 7,
    /// The relay refuses it for good.
    Rejected = 8,
    /// The server of the recipient has taken it.
    Delivered = 9,
    /// The server of the recipient refuses it for good.
    Bounced = 10,
    /// The recipient called it spam.
    Complained = 11,
}

/// A text that names no [`DeliveryState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no state of a mail")]
pub struct UnknownState;

impl DeliveryState {
    /// Every state, in their order.
    pub const ALL: [Self; 12] = [
        Self::Queued,
        Self::Sending,
        Self::Retrying,
        Self::ExpiredUnsent,
        Self::Suppressed,
        Self::Failed,
        Self::Accepted,
        Self::Deferred,
        Self::Rejected,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
    ];

    /// The states that an operator should look into. Not [`Suppressed`](Self::Suppressed): whoever
    /// types addresses that may not sign in makes many of those.
    pub const TROUBLE: [Self; 7] = [
        Self::Retrying,
        Self::ExpiredUnsent,
        Self::Failed,
        Self::Deferred,
        Self::Rejected,
        Self::Bounced,
        Self::Complained,
    ];

    /// The name in stores, logs and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Retrying => "retrying",
            Self::ExpiredUnsent => "expired_unsent",
            Self::Suppressed => "suppressed",
            Self::Failed => "failed",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Rejected => "rejected",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }

    /// Whether its moment is worth knowing even when later things are known already: a provider's
    /// message may overtake our own note.
    #[must_use]
    pub const fn is_step(self) -> bool {
        matches!(self, Self::Accepted | Self::Deferred | Self::Delivered)
    }
}

impl FromStr for DeliveryState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(UnknownState)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A link and a code.
    SignIn,
    /// A link and a code that also set a password.
    NewPassword,
    /// Somebody has signed in with a browser that is new for this person.
    NewDevice,
}

impl Occasion {
    /// The name in answers and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::NewPassword => "new_password",
            Self::NewDevice => "new_device",
        }
    }
}

/// What is known of a mail from the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailFacts {
    /// The site's name.
    pub site: String,
    /// What it is for.
    pub occasion: Occasion,
    /// The language it is written in.
    pub language: Language,
    /// When it was asked for.
    pub queued_at: UnixMillis,
}

/// Something that happened to a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The state it leads to.
    pub state: DeliveryState,
    /// Which try it was of; zero where it is no matter of tries.
    pub tries: u32,
    /// When.
    pub at: UnixMillis,
    /// What the other side said.
    pub words: Option<RelayWords>,
    /// The name that the other side gave the mail.
    pub reference: Option<Reference>,
    /// Until when no mail goes to this address, if the mail moves to this state.
    pub suppress_until: Option<UnixMillis>,
}

/// More tries than there ever are.
const MOST_TRIES: u32 = 1_000_000;

impl News {
    /// A state and its moment alone.
    #[must_use]
    pub const fn new(state: DeliveryState, at: UnixMillis) -> Self {
        Self { state, tries: 0, at, words: None, reference: None, suppress_until: None }
    }

    /// The place in the one order that a mail only moves forward in: waiting, then the tries one after
    /// the other, then whatever ends them, then what is heard of it from farther away.
    ///
    /// ```
    /// # use linkgate::domain::delivery::{DeliveryState, News};
    /// # use linkgate::domain::time::UnixMillis;
    /// let rank = |state, tries| News { tries, ..News::new(state, UnixMillis(1)) }.rank();
    /// assert!(rank(DeliveryState::Retrying, 1) < rank(DeliveryState::Sending, 2));
    /// assert!(rank(DeliveryState::Delivered, 0) < rank(DeliveryState::Bounced, 0));
    /// ```
    #[must_use]
    pub fn rank(&self) -> u32 {
        let tries = self.tries.min(MOST_TRIES);
        match self.state {
            DeliveryState::Queued => 0,
            DeliveryState::Sending => 2 * tries,
            DeliveryState::Retrying => 2 * tries + 1,
            later => 3 * MOST_TRIES + later as u32,
        }
    }

    /// Whether what was said before is worth nothing once a mail has moved to this state.
    #[must_use]
    pub fn clears_words(&self) -> bool {
        self.words.is_none() && self.state != DeliveryState::Sending
    }
}

/// What became of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// There is no record of this mail.
    Unknown,
    /// The mail has come as far, or farther, already.
    Late,
    /// The mail is in the new state.
    Moved,
}

/// How far a mail has come, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The state it is in.
    pub state: DeliveryState,
    /// The [`rank`](News::rank) of the news that brought it there.
    pub rank: u32,
    /// How often it was tried.
    pub tries: u32,
    /// When it came to each state that it was in; the last time, where it was there more than once.
    pub moments: BTreeMap<DeliveryState, UnixMillis>,
    /// What the other side said last.
    #[serde(default)]
    pub words: Option<RelayWords>,
    /// The name that the other side gave it.
    #[serde(default)]
    pub reference: Option<Reference>,
}

impl Progress {
    /// A mail that was queued just now.
    #[must_use]
    pub fn begun(at: UnixMillis) -> Self {
        let state = DeliveryState::Queued;
        let moments = BTreeMap::from([(state, at)]);
        Self { state, rank: 0, tries: 0, moments, words: None, reference: None }
    }

    /// Takes news: moves forward, or not at all.
    pub fn take(&mut self, news: &News) -> Noted {
        if self.reference.is_none() {
            self.reference.clone_from(&news.reference);
        }
        if news.rank() <= self.rank {
            if news.state.is_step() {
                self.moments.entry(news.state).or_insert(news.at);
            }
            return Noted::Late;
        }
        self.state = news.state;
        self.rank = news.rank();
        self.tries = self.tries.max(news.tries);
        self.moments.insert(news.state, news.at);
        if news.words.is_some() || news.clears_words() {
            self.words.clone_from(&news.words);
        }
        Noted::Moved
    }
}

/// The record of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its identity.
    pub id: MailId,
    /// Whose it is.
    pub person: PersonKey,
    /// The address it goes to. It is kept for people who look for it, no longer than the record.
    pub to: EmailAddress,
    /// What is known from the beginning.
    pub facts: MailFacts,
    /// How far it has come.
    pub progress: Progress,
    /// Until when the record is kept.
    pub keep_until: UnixMillis,
}

/// A person whom no mail goes to for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Whom.
    pub person: PersonKey,
    /// The address, so that people can see whom and lift it.
    pub to: EmailAddress,
    /// What the mail came to that this is because of.
    pub why: DeliveryState,
    /// Since when.
    pub since: UnixMillis,
    /// Until when.
    pub until: UnixMillis,
}

#[cfg(test)]
mod tests;
