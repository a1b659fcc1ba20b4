//! One started sign-in: for whom, back to where, until when, from which browser.
//!
//! An attempt owns two secrets, the link and the code, and each works once:
//!
//! ```text
//!            own link, code                       Used
//!   Live ──────────────────────────────────────▶  (nothing works any more)
//!    │                                             ▲
//!    │ link in another browser                     │ code
//!    └───────────────────────────▶ LinkUsed ───────┘
//!    │
//!    ├── newer mail to the same address, same browser ──▶ Replaced
//!    └── "I did not ask for this" ──────────────────────▶ Ended (from LinkUsed, too)
//! ```
//!
//! Signing in elsewhere leaves the code of the waiting tab alive: somebody who opens the mail on
//! the telephone can still sign the computer in, and nobody else can lock it out.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::code::{CodeMac, TRIES};
use super::email::EmailAddress;
use super::language::Language;
use super::origin::Origin;
use super::time::UnixMillis;
use super::token::{Browser, Session, TokenDigest};

/// What is fixed when an attempt begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Who wants to sign in.
    pub email: EmailAddress,
    /// Name of the site where it began.
    pub site: String,
    /// The concrete origin where it began (a site may have a wildcard).
    pub origin: String,
    /// Where to go afterwards, as it was parsed; parsed again before it is used.
    pub return_url: String,
    /// The browser that asked.
    pub browser: TokenDigest<Browser>,
    /// The code, as a keyed hash.
    pub code: CodeMac,
    /// When the mail was asked for.
    pub asked_at: UnixMillis,
    /// Until when link and code work.
    pub expires_at: UnixMillis,
    /// How many mails this attempt and those it replaced have caused, this one included.
    pub mails: u32,
    /// What the browser said it was, in our own words.
    pub browser_label: String,
    /// The client network it came from.
    pub network: String,
    /// The language of the page that asked; the mail is written in it.
    #[serde(default)]
    pub language: Language,
    /// Whether a browser asked that was not the one that typed the address: it had a dead link and
    /// wanted a fresh one. It is shown neither the whole address nor the return URL.
    #[serde(default)]
    pub stranger: bool,
    /// Whether whoever answers the mail may choose a password. It is chosen then and not before: what
    /// is typed before the mailbox is proven may be somebody else's choice for their account.
    #[serde(default)]
    pub chooses_password: bool,
    /// Whether the address may sign in here. An attempt of an address that may not is kept all the
    /// same, so that nobody can tell the two apart; its secrets are known to nobody.
    pub admitted: bool,
}

impl Attempt {
    /// Whether it began at this host of this site, the only one where anything of it counts. Of a
    /// site with a wildcard every host is a realm of its own, and the mail has named one of them.
    #[must_use]
    pub fn began_at(&self, site: &str, origin: &Origin) -> bool {
        self.site == site && self.origin == origin.to_string()
    }
}

/// What has become of an attempt. As text: one word, and what belongs to it after colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Link and code work until the attempt expires.
    Live,
    /// The link was used in another browser; the code works until the attempt expires.
    LinkUsed {
        /// The session that was made.
        session: TokenDigest<Session>,
        /// When.
        at: UnixMillis,
    },
    /// Used in the browser that asked, by link or code.
    Used {
        /// The session that was made.
        session: TokenDigest<Session>,
        /// When.
        at: UnixMillis,
    },
    /// A newer mail took its place.
    Replaced {
        /// When.
        at: UnixMillis,
    },
    /// Reported as not asked for.
    Ended {
        /// When.
        at: UnixMillis,
    },
}

/// With what somebody wants to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// The link, in the browser that asked.
    OwnLink,
    /// The link, in another browser.
    OtherLink,
    /// The code, in the browser that asked.
    Code,
    /// A password. The attempt began with it and has no mail, so its link and its code are known to
    /// nobody.
    Password,
}

/// An attempt as the store knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// What was fixed at the beginning.
    pub attempt: Attempt,
    /// What has become of it.
    pub state: State,
    /// Codes that were tried.
    pub tries: u32,
}

/// Why an attempt signs nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Too late.
    Expired,
    /// It was used before.
    Used {
        /// The session that was made.
        session: TokenDigest<Session>,
    },
    /// A newer mail took its place.
    Replaced,
    /// It was reported.
    Ended,
}

impl State {
    /// The state after signing in by `way` with `session`, or why that is impossible. The one rule
    /// of the picture above, shared by every store that can run Rust inside its transaction.
    ///
    /// # Errors
    /// [`Gone`] when `way` is closed; expiry is judged first.
    pub fn spend(
        self,
        way: Way,
        session: TokenDigest<Session>,
        expires_at: UnixMillis,
        now: UnixMillis,
    ) -> Result<Self, Gone> {
        self.open(way, expires_at, now)?;
        Ok(match way {
            Way::OwnLink | Way::Code | Way::Password => Self::Used { session, at: now },
            Way::OtherLink => Self::LinkUsed { session, at: now },
        })
    }

    /// Whether `way` is open now.
    ///
    /// # Errors
    /// [`Gone`] when it is not. What was used says so even after it expired.
    pub fn open(self, way: Way, expires_at: UnixMillis, now: UnixMillis) -> Result<(), Gone> {
        match (self, way) {
            (Self::Used { session, .. }, _)
            | (Self::LinkUsed { session, .. }, Way::OwnLink | Way::OtherLink | Way::Password) => {
                Err(Gone::Used { session })
            }
            (Self::Replaced { .. }, _) => Err(Gone::Replaced),
            (Self::Ended { .. }, _) => Err(Gone::Ended),
            (Self::Live, _) | (Self::LinkUsed { .. }, Way::Code) if now >= expires_at => {
                Err(Gone::Expired)
            }
            (Self::Live, _) | (Self::LinkUsed { .. }, Way::Code) => Ok(()),
        }
    }
}

impl State {
    /// The state once a newer mail was sent: nothing of this one works any more, but what was used
    /// stays used.
    #[must_use]
    pub fn replaced(self, now: UnixMillis) -> Self {
        match self {
            Self::Live => Self::Replaced { at: now },
            Self::LinkUsed { session, at } => Self::Used { session, at },
            Self::Used { .. } | Self::Replaced { .. } | Self::Ended { .. } => self,
        }
    }

    /// The state once somebody said "I did not ask for this": nothing works any more. What was used
    /// up stays used.
    #[must_use]
    pub fn ended(self, now: UnixMillis) -> Self {
        match self {
            Self::Live | Self::LinkUsed { .. } => Self::Ended { at: now },
            Self::Used { .. } | Self::Replaced { .. } | Self::Ended { .. } => self,
        }
    }

    /// What the browser that asked may see of it. That an attempt was reported, and so that its
    /// mail has arrived and was read, is nobody's business but the owner's of the mailbox: for the
    /// asker it stays live until it expires.
    #[must_use]
    pub fn as_the_asker_sees_it(self) -> Self {
        match self {
            Self::Ended { .. } => Self::Live,
            Self::Live | Self::LinkUsed { .. } | Self::Used { .. } | Self::Replaced { .. } => self,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => out.write_str("live"),
            Self::LinkUsed { session, at } => {
                write!(out, "link_used:{}:{}", session.to_hex(), at.0)
            }
            Self::Used { session, at } => write!(out, "used:{}:{}", session.to_hex(), at.0),
            Self::Replaced { at } => write!(out, "replaced:{}", at.0),
            Self::Ended { at } => write!(out, "ended:{}", at.0),
        }
    }
}

/// A stored state that this version does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown state of an attempt")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let millis = |text: &str| text.parse().map(UnixMillis).map_err(|_| UnknownState);
        let digest = |text: &str| TokenDigest::from_hex(text).ok_or(UnknownState);
        let mut parts = text.split(':');
        let words = (parts.next(), parts.next(), parts.next(), parts.next());
        match words {
            (Some("live"), None, ..) => Ok(Self::Live),
            (Some("link_used"), Some(session), Some(at), None) => {
                Ok(Self::LinkUsed { session: digest(session)?, at: millis(at)? })
            }
            (Some("used"), Some(session), Some(at), None) => {
                Ok(Self::Used { session: digest(session)?, at: millis(at)? })
            }
            (Some("replaced"), Some(at), None, _) => Ok(Self::Replaced { at: millis(at)? }),
            (Some("ended"), Some(at), None, _) => Ok(Self::Ended { at: millis(at)? }),
            _ => Err(UnknownState),
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Record {
    /// Whether `way` is open now, whatever the number of tries.
    ///
    /// # Errors
    /// [`Gone`] when it is not.
    pub fn open(&self, way: Way, now: UnixMillis) -> Result<(), Gone> {
        self.state.open(way, self.attempt.expires_at, now)
    }

    /// The record with the state that the asker may see: [`State::as_the_asker_sees_it`].
    #[must_use]
    pub fn as_the_asker_sees_it(self) -> Self {
        Self { state: self.state.as_the_asker_sees_it(), ..self }
    }

    /// Codes that may still be tried.
    #[must_use]
    pub fn tries_left(&self) -> u32 {
        TRIES.saturating_sub(self.tries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: TokenDigest<Session> = TokenDigest::from_bytes([5; 32]);
    const OTHER: TokenDigest<Session> = TokenDigest::from_bytes([6; 32]);
    const EXPIRES: UnixMillis = UnixMillis(100);

    fn spend(state: State, way: Way, now: u64) -> Result<State, Gone> {
        state.spend(way, OTHER, EXPIRES, UnixMillis(now))
    }

    #[test]
    fn every_way_from_every_state() {
        let at = UnixMillis(7);
        let used = Gone::Used { session: SESSION };
        let link_used = State::LinkUsed { session: SESSION, at };
        let rows = [
            (State::Live, Way::OwnLink, Ok(State::Used { session: OTHER, at })),
            (State::Live, Way::Code, Ok(State::Used { session: OTHER, at })),
            (State::Live, Way::Password, Ok(State::Used { session: OTHER, at })),
            (State::Live, Way::OtherLink, Ok(State::LinkUsed { session: OTHER, at })),
            (link_used, Way::OwnLink, Err(used)),
            (link_used, Way::OtherLink, Err(used)),
            (link_used, Way::Code, Ok(State::Used { session: OTHER, at })),
            (State::Used { session: SESSION, at }, Way::OwnLink, Err(used)),
            (State::Used { session: SESSION, at }, Way::OtherLink, Err(used)),
            (State::Used { session: SESSION, at }, Way::Code, Err(used)),
            (State::Replaced { at }, Way::Code, Err(Gone::Replaced)),
            (State::Ended { at }, Way::OwnLink, Err(Gone::Ended)),
            (link_used, Way::Password, Err(used)),
        ];
        for (state, way, expected) in rows {
            assert_eq!(spend(state, way, 7), expected, "{state:?} {way:?}");
        }
    }

    #[test]
    fn states_round_trip_as_text() {
        let at = UnixMillis(7);
        let states = [
            State::Live,
            State::LinkUsed { session: SESSION, at },
            State::Used { session: SESSION, at },
            State::Replaced { at },
            State::Ended { at },
        ];
        for state in states {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
        for text in ["", "live:", "used", "used:1:2", "replaced", "replaced:x", "ended:1:2", "gone"]
        {
            assert_eq!(text.parse::<State>(), Err(UnknownState), "{text:?}");
        }
    }

    #[test]
    fn what_was_used_stays_used() {
        let at = UnixMillis(7);
        let used = State::Used { session: SESSION, at };
        assert_eq!(State::LinkUsed { session: SESSION, at }.replaced(UnixMillis(9)), used);
        assert_eq!(used.ended(UnixMillis(9)), used);
        assert_eq!(State::Live.ended(at), State::Ended { at });
        assert_eq!(State::LinkUsed { session: SESSION, at }.ended(at), State::Ended { at });
    }

    #[test]
    fn the_last_millisecond_counts_and_the_next_does_not() {
        assert!(spend(State::Live, Way::OwnLink, 99).is_ok());
        assert_eq!(spend(State::Live, Way::OwnLink, 100), Err(Gone::Expired));
        let link_used = State::LinkUsed { session: SESSION, at: UnixMillis(1) };
        assert_eq!(spend(link_used, Way::Code, 100), Err(Gone::Expired));
        assert_eq!(spend(link_used, Way::OwnLink, 100), Err(Gone::Used { session: SESSION }));
    }
}
