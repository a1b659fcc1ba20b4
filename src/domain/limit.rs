//! How often something may be done, and for whom it is counted.

use std::fmt;
use std::str::FromStr;

use super::secret::{Key, Secret};
use super::session::SessionHandle;
use super::time::{Span, SpanError, UnixMillis};
use super::token::{Session, TokenDigest};

/// So many times in a window that opens with the first: `3/1h`.
///
/// ```
/// # use linkgate::domain::limit::Limit;
/// let limit: Limit = "3/1h".parse().unwrap();
/// assert_eq!((limit.count, limit.to_string().as_str()), (3, "3/1h"));
/// assert!("0/1h".parse::<Limit>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many times; at least once.
    pub count: u32,
    /// How long the window stays open.
    pub window: Span,
}

/// Why a text is not a [`Limit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Not `number/span`.
    #[error("must be a number, a slash and a span")]
    Shape,
    /// No or too many times.
    #[error("must allow between 1 and 1000000000 times")]
    Count,
    /// The part after the slash.
    #[error("the span after the slash {0}")]
    Window(#[from] SpanError),
}

const LARGEST_COUNT: u32 = 1_000_000_000;

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (count, window) = text.split_once('/').ok_or(LimitError::Shape)?;
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LimitError::Shape);
        }
        let count: u32 = count.parse().map_err(|_| LimitError::Count)?;
        let window: Span = window.parse()?;
        if window.as_duration().is_zero() {
            return Err(LimitError::Window(SpanError::Shape));
        }
        if (1..=LARGEST_COUNT).contains(&count) {
            Ok(Self { count, window })
        } else {
            Err(LimitError::Count)
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.count, self.window)
    }
}

/// What is limited. Keyed by what is done and not by path, so that a second spelling of a path
/// opens no second account (GHSA-x732-6j76-qmhm).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limited {
    /// Mails to one address.
    MailsToAddress,
    /// Mails asked for by one client: an IPv4 address or an IPv6 /64.
    MailsByClient,
    /// Mails asked for from the network around a client, so that nobody has 65536 clients.
    MailsByNetwork,
    /// Mails asked for at one site.
    MailsAtSite,
    /// Mails asked for at all sites together.
    MailsInAll,
    /// Mails to a person who has signed in with this browser before. They are counted here alone:
    /// no stranger, however many addresses they have, can use up this count.
    MailsToDevice,
    /// Mails to a person who has signed in before with the browsers that ask, all of them together.
    /// Each sign-in without the cookie makes another such browser, with a count of its own.
    MailsToDevices,
    /// Not a count: when the browsers that a person had signed in with were taken for strangers'.
    Distrust,
    /// Not a count: mail for an address that was asked for from one network is held back, because
    /// the owner of the address said "I did not ask for this".
    Pause,
    /// Passwords that were tried for one person.
    PasswordsForPerson,
    /// Passwords that were tried for one person within a week.
    PasswordsLately,
    /// Passwords that one client has tried.
    PasswordsByClient,
    /// Passwords that were tried from the network around a client.
    PasswordsByNetwork,
    /// Passwords for a person who has signed in with this browser before; as
    /// [`MailsToDevice`](Self::MailsToDevice).
    PasswordsOnDevice,
    /// Passwords for such a person with all such browsers; as [`MailsToDevices`](Self::MailsToDevices).
    PasswordsOnDevices,
    /// Addresses that were typed to confirm one link. Without a limit, whoever finds a link could
    /// try every name of a company.
    Confirmations,
    /// Addresses that were typed to report one mail, for the same reason.
    Reports,
    /// Passwords that were chosen with one link, each of which is work.
    ChoicesByLink,
    /// Passwords that were chosen with the code of one mail. Anybody who asked for it can do that
    /// without having it: counted together with what only its reader can do, they would take link and
    /// report from the reader, and see in the count what the reader has done.
    ChoicesByCode,
    /// Not a count: a message of a mail provider that was taken.
    News,
}

impl Limited {
    /// The name in store keys and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MailsToAddress => "email",
            Self::MailsByClient => "ip",
            Self::MailsByNetwork => "network",
            Self::MailsAtSite => "site",
            Self::MailsInAll => "all",
            Self::MailsToDevice => "device",
            Self::MailsToDevices => "devices",
            Self::Distrust => "distrust",
            Self::Pause => "pause",
            Self::PasswordsForPerson => "password",
            Self::PasswordsLately => "password_week",
            Self::PasswordsByClient => "password_ip",
            Self::PasswordsByNetwork => "password_network",
            Self::PasswordsOnDevice => "password_device",
            Self::PasswordsOnDevices => "password_devices",
            Self::Confirmations => "confirm",
            Self::Reports => "report",
            Self::ChoicesByLink => "choose_link",
            Self::ChoicesByCode => "choose_code",
            Self::News => "news",
        }
    }
}

/// Which counts a site has for itself, because it has limits of its own. The others are shared by all
/// sites: what somebody used up at one is used up at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedAlone {
    /// Mails to one address.
    pub address: bool,
    /// Mails asked for by one client.
    pub client: bool,
    /// Mails asked for from the network around a client.
    pub network: bool,
}

/// What may be typed for one mail: addresses to confirm its link, addresses to report it, passwords
/// chosen with its link, and with its code. Each is counted by itself. Few for somebody who guesses, and
/// enough that a mail scanner which fills in every form does not use them up.
pub const TYPED_FOR_ONE_MAIL: Limit = Limit { count: 20, window: Span::seconds(24 * 3600) };

/// Whose count it is: a keyed hash, so that the store learns no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitKey {
    /// What is counted.
    pub limited: Limited,
    /// The keyed hash of the address or network.
    pub subject: [u8; 32],
}

/// Makes the keyed hashes under which people and networks are counted and indexed.
#[derive(Clone, Debug)]
pub struct SubjectKey(Key);

impl SubjectKey {
    /// Derives the subject key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("subject"))
    }

    /// The key under which `subject` is counted for `limited`.
    #[must_use]
    pub fn limit(&self, limited: Limited, subject: &str) -> LimitKey {
        let subject =
            self.0.mac(&[b"limit\0", limited.name().as_bytes(), b"\0", subject.as_bytes()]);
        LimitKey { limited, subject }
    }

    /// The key under which a person's sessions are indexed.
    #[must_use]
    pub fn person(&self, identity: &str) -> PersonKey {
        PersonKey(self.0.mac(&[b"person\0", identity.as_bytes()]))
    }

    /// The name of a session in lists: the same on every node and for as long as it lives.
    #[must_use]
    pub fn handle(&self, session: TokenDigest<Session>) -> SessionHandle {
        let [first @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            self.0.mac(&[b"session handle\0", session.as_bytes()]);
        SessionHandle::from_bytes(first)
    }
}

/// The keyed hash of a person's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersonKey(pub [u8; 32]);

impl PersonKey {
    /// Lower-case hexadecimal.
    #[must_use]
    pub fn to_hex(self) -> String {
        TokenDigest::<Session>::from_bytes(self.0).to_hex()
    }

    /// Reads [`to_hex`](Self::to_hex) back.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        TokenDigest::<Session>::from_hex(text).map(|digest| Self(*digest.as_bytes()))
    }
}

/// One thing to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Whose count.
    pub key: LimitKey,
    /// How often it may be.
    pub limit: Limit,
}

/// A window that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// How often it was counted.
    pub count: u32,
    /// When the window closes.
    pub until: UnixMillis,
}

/// What the store says of a group of hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All are within their limits, and all have been counted.
    Within,
    /// At least one is used up, and none has been counted.
    Exceeded {
        /// When the last of the used-up windows closes.
        until: UnixMillis,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_limits_are_refused() {
        for text in [
            "",
            "3",
            "/1h",
            "3/",
            "3/1",
            "-3/1h",
            "+3/1h",
            "3/1h/",
            "0/1h",
            "3/0s",
            "9999999999/1h",
            "3 / 1h",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn keys_tell_what_is_counted_apart() {
        let key = SubjectKey::new(&Secret::new(&[1; 32]).unwrap());
        let address = key.limit(Limited::MailsToAddress, "x");
        assert_ne!(address.subject, key.limit(Limited::MailsByClient, "x").subject);
        assert_ne!(address.subject, key.person("x").0);
    }
}
