//! What happened: the events of the audit record.
//!
//! An event says when, who, what, where, from where and by whom. It has one form outside the process,
//! a JSON document, which `conf/audit.schema.json` describes: names and fields that stand there are
//! kept, new ones may come. Nothing in an event lets anybody in: no token, no link, no code, no
//! password. Texts that come from outside are cut ([`Words`]).

mod detail;
mod line;
mod trace;
mod what;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::line::Line;
use super::delivery::MailId;
use super::email::EmailAddress;
use super::limit::PersonKey;
use super::service_token::TokenName;
use super::time::UnixMillis;
pub use detail::{
    AskedWith, EndedWhy, GoneWhy, LimitedWhat, Machine, MailNews, RefusedWhy, SignInWay, TypedFor,
};
pub use line::{LineError, NotAMoment, moment, rfc3339};
pub use trace::{ClientKey, ClientTrace, Tracing, Words};
pub use what::{NAMES, What};

/// Which event it is: 128 bits that begin with the moment, so that the order of identities is the
/// order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId([u8; 16]);

/// The text is not an [`EventId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the identity of an event")]
pub struct NotAnEventId;

/// Bytes of the moment in an identity, as in a UUID of version 7 (RFC 9562, 5.7).
const MOMENT: usize = 6;

impl EventId {
    /// The identity of something that happens now. Of two in the same millisecond `number` says which
    /// was first, if one process saw both.
    #[must_use]
    pub fn new(at: UnixMillis, number: u16, random: [u8; 8]) -> Self {
        let mut id = Self::first_at(at).0;
        id[MOMENT..MOMENT + 2].copy_from_slice(&number.to_be_bytes());
        id[MOMENT + 2..].copy_from_slice(&random);
        Self(id)
    }

    /// The lowest identity of a moment: all that happened before it are lower.
    #[must_use]
    pub fn first_at(at: UnixMillis) -> Self {
        let mut id = [0; 16];
        id[..MOMENT].copy_from_slice(&at.0.min((1 << 48) - 1).to_be_bytes()[2..]);
        Self(id)
    }

    /// Those of a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// For a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for EventId {
    type Err = NotAnEventId;

    fn from_str(text: &str) -> Result<Self, NotAnEventId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(NotAnEventId);
        }
        u128::from_str_radix(text, 16).map(|it| Self(it.to_be_bytes())).map_err(|_| NotAnEventId)
    }
}

/// What kind of event: one of [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventName(&'static str);

/// The text is not an [`EventName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of an event")]
pub struct NotAnEvent;

impl EventName {
    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromStr for EventName {
    type Err = NotAnEvent;

    fn from_str(text: &str) -> Result<Self, NotAnEvent> {
        NAMES.into_iter().find(|name| *name == text).map(Self).ok_or(NotAnEvent)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0)
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at a site: the person, or whoever used their address.
    Visitor,
    /// Somebody with a command on the machine.
    Operator,
    /// Whoever may use the admin API.
    AdminApi,
    /// A script, with the service token of this name.
    Token(TokenName),
    /// A configuration that was put in force.
    Configuration,
    /// linkgate itself.
    System,
}

/// What stands before the name of a service token.
const TOKEN: &str = "token:";

impl fmt::Display for Actor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor => out.write_str("visitor"),
            Self::Operator => out.write_str("operator"),
            Self::AdminApi => out.write_str("admin_api"),
            Self::Token(name) => write!(out, "{TOKEN}{name}"),
            Self::Configuration => out.write_str("configuration"),
            Self::System => out.write_str("system"),
        }
    }
}

/// The text is no [`Actor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is nobody who does something")]
pub struct NotAnActor;

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        Ok(match text {
            "visitor" => Self::Visitor,
            "operator" => Self::Operator,
            "admin_api" => Self::AdminApi,
            "configuration" => Self::Configuration,
            "system" => Self::System,
            other => {
                let name = other.strip_prefix(TOKEN).ok_or(NotAnActor)?;
                Self::Token(name.parse().map_err(|_| NotAnActor)?)
            }
        })
    }
}

/// Whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The keyed hash: it stays when the address is erased.
    pub person: PersonKey,
    /// The address, until it is erased.
    pub email: Option<EmailAddress>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct Event {
    /// Which one it is.
    pub id: EventId,
    /// When, by the store's time.
    pub at: UnixMillis,
    /// What.
    pub what: What,
    /// How often, where several of a kind were taken together; else 1.
    pub times: u32,
    /// Whom it is about, if anybody.
    pub who: Option<Who>,
    /// The name of the site where it happened, if at one.
    pub site: Option<Words>,
    /// From where.
    pub client: Option<ClientTrace>,
    /// The reference of the request, as pages and the log have it.
    pub request: Option<Words>,
    /// Who did it.
    pub by: Actor,
}

impl Event {
    /// Its kind.
    #[must_use]
    pub fn name(&self) -> EventName {
        EventName(self.what.name())
    }

    /// Whose it is.
    #[must_use]
    pub fn person(&self) -> Option<PersonKey> {
        self.who.as_ref().map(|who| who.person)
    }

    /// The same without anything that leads to a person but the keyed hash: no address, no client, no
    /// request, and no words that came from outside.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self {
            what: self.what.erased(),
            who: self.who.as_ref().map(|who| Who { email: None, ..who.clone() }),
            client: None,
            request: None,
            ..self.clone()
        }
    }

    /// What is kept of it where its person was erased, unless that is the event itself. That of the erasure
    /// leads to who erased, and not to the person.
    #[must_use]
    pub fn left_of_it(&self) -> Option<Self> {
        let is_told = matches!(self.what, What::PersonErased { .. });
        let leads_to_somebody = !is_told && self.who.is_some();
        leads_to_somebody.then(|| self.erased()).filter(|erased| erased != self)
    }

    /// The mail that it tells of, if it tells what became of one.
    #[must_use]
    pub fn mail(&self) -> Option<MailId> {
        MailId::from_hex(self.what.news_of_mail()?.mail.as_str())
    }
}

/// That a person was erased from the record. It is remembered for a while, because other processes may have
/// something about the person in their memory still, and mails of theirs on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Who.
    pub person: PersonKey,
    /// What happened up to this moment is erased, whenever it comes to the record.
    pub until: UnixMillis,
    /// How long that is remembered.
    pub keep_until: UnixMillis,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this person.
    pub person: Option<PersonKey>,
    /// Of one of these kinds; of all if there are none.
    pub names: Vec<EventName>,
    /// At this site.
    pub site: Option<String>,
    /// At this moment or later.
    pub since: Option<UnixMillis>,
    /// Before this moment.
    pub until: Option<UnixMillis>,
}

impl EventFilter {
    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.person.is_none_or(|person| event.person() == Some(person))
            && (self.names.is_empty() || self.names.contains(&event.name()))
            && self
                .site
                .as_deref()
                .is_none_or(|site| event.site.as_ref().is_some_and(|it| it.as_str() == site))
            && self.since.is_none_or(|since| event.at >= since)
            && self.until.is_none_or(|until| event.at < until)
    }
}

#[cfg(test)]
mod tests;
