//! A signed-in browser.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Neighbourhood;
use super::email::EmailAddress;
use super::time::UnixMillis;

/// How long sessions live (OWASP: idle and absolute timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Ends when nothing was asked for so long.
    pub idle: Duration,
    /// Ends at the latest so long after sign-in.
    pub absolute: Duration,
}

/// What is stored of a session, under the digest of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Session {
    /// Who is signed in.
    pub email: EmailAddress,
    /// When.
    pub signed_in_at: UnixMillis,
    /// The last request, to within [`Session::touch_interval`].
    pub last_seen: UnixMillis,
    /// The absolute timeout, fixed at sign-in: no request moves it.
    pub expires_at: UnixMillis,
    /// Where it counts, and in which browser. Shared, because many sessions have the same.
    pub surroundings: Arc<Surroundings>,
    /// The network around the client at sign-in: whoever has one session of a person is shown those of
    /// all, and need not learn addresses from them.
    pub network: Neighbourhood,
}

/// What many sessions have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Surroundings {
    /// Where the cookie of such a session is sent: one origin, or the sign-on domain. A session counts
    /// nowhere else, so that a token that was lost at one site opens no other.
    pub realm: Box<str>,
    /// What the browser said it was, in our own words.
    pub browser: Box<str>,
}

impl Surroundings {
    /// Those of a session at a place, in a browser.
    #[must_use]
    pub fn new(realm: &str, browser: &str) -> Arc<Self> {
        Arc::new(Self { realm: realm.into(), browser: browser.into() })
    }
}

/// As it is written in a store.
#[derive(Serialize, Deserialize)]
struct Stored {
    email: EmailAddress,
    signed_in_at: UnixMillis,
    last_seen: UnixMillis,
    expires_at: UnixMillis,
    realm: Box<str>,
    browser: Box<str>,
    network: Neighbourhood,
}

impl From<Stored> for Session {
    fn from(stored: Stored) -> Self {
        let Stored { email, signed_in_at, last_seen, expires_at, realm, browser, network } = stored;
        let surroundings = Arc::new(Surroundings { realm, browser });
        Self { email, signed_in_at, last_seen, expires_at, surroundings, network }
    }
}

impl From<Session> for Stored {
    fn from(session: Session) -> Self {
        let Session { email, signed_in_at, last_seen, expires_at, surroundings, network } = session;
        let Surroundings { realm, browser } = Arc::unwrap_or_clone(surroundings);
        Self { email, signed_in_at, last_seen, expires_at, realm, browser, network }
    }
}

/// Whether a session still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Active,
    /// Nothing was asked for longer than the idle timeout.
    Idle,
    /// The absolute timeout is over.
    Expired,
}

impl Session {
    /// Judges the session at a moment of the store's time.
    #[must_use]
    pub fn standing(&self, now: UnixMillis, idle: Duration) -> Standing {
        if now >= self.expires_at {
            Standing::Expired
        } else if now.since(self.last_seen) >= idle {
            Standing::Idle
        } else {
            Standing::Active
        }
    }

    /// Where it counts.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.surroundings.realm
    }

    /// What the browser said it was, in our own words.
    #[must_use]
    pub fn browser(&self) -> &str {
        &self.surroundings.browser
    }

    /// Where it counts, as people know it: a host with its port, or `*.` and the sign-on domain.
    #[must_use]
    pub fn host(&self) -> &str {
        self.realm().split_once("://").map_or(self.realm(), |(_, host)| host)
    }

    /// When it ends if nothing is asked after `now`.
    #[must_use]
    pub fn ends_at(&self, now: UnixMillis, idle: Duration) -> UnixMillis {
        self.expires_at.min(now.after(idle))
    }

    /// How far `last_seen` may lag: a minute, or a quarter of a short idle timeout, so that a busy
    /// session costs at most one write a minute and is never taken for idle.
    #[must_use]
    pub fn touch_interval(idle: Duration) -> Duration {
        (idle / 4).min(Duration::from_secs(60))
    }

    /// Whether `last_seen` should be moved now.
    #[must_use]
    pub fn wants_touch(&self, now: UnixMillis, idle: Duration) -> bool {
        now.since(self.last_seen) >= Self::touch_interval(idle)
    }
}

/// What a session is called in the list of a person's sessions: 128 bits as hexadecimal.
///
/// Made with a key, and never the digest of the token: the digest is the session's key in the store,
/// and what stands in a page or in a program's log should find nothing there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionHandle([u8; 16]);

/// The text is not a [`SessionHandle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the handle of a session")]
pub struct NotAHandle;

impl SessionHandle {
    /// Wraps the keyed hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for SessionHandle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl From<SessionHandle> for String {
    fn from(handle: SessionHandle) -> Self {
        handle.to_string()
    }
}

impl TryFrom<String> for SessionHandle {
    type Error = NotAHandle;

    fn try_from(text: String) -> Result<Self, NotAHandle> {
        text.parse()
    }
}

impl FromStr for SessionHandle {
    type Err = NotAHandle;

    /// Reads exactly what was written: 32 digits in lower case. `u128` alone would take a `+`, too.
    fn from_str(text: &str) -> Result<Self, NotAHandle> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return Err(NotAHandle);
        }
        u128::from_str_radix(text, 16).map(|it| Self(it.to_be_bytes())).map_err(|_| NotAHandle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node keeps a million of them.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_takes_little_room() {
        assert!(size_of::<Session>() <= 56, "{}", size_of::<Session>());
    }

    const IDLE: Duration = Duration::from_secs(600);

    fn session() -> Session {
        Session {
            email: EmailAddress::parse("ann@example.com").unwrap(),
            signed_in_at: UnixMillis(1_000_000),
            last_seen: UnixMillis(1_000_000),
            expires_at: UnixMillis(9_000_000),
            surroundings: Surroundings::new("https://wiki.example.com", "Firefox on Linux"),
            network: "127.0.0.0/24".parse().unwrap(),
        }
    }

    #[test]
    fn ends_when_idle_and_at_the_absolute_timeout_whatever_happens() {
        let mut session = session();
        assert_eq!(session.standing(UnixMillis(1_599_999), IDLE), Standing::Active);
        assert_eq!(session.standing(UnixMillis(1_600_000), IDLE), Standing::Idle);
        session.last_seen = UnixMillis(8_999_999);
        assert_eq!(session.standing(UnixMillis(8_999_999), IDLE), Standing::Active);
        assert_eq!(session.standing(UnixMillis(9_000_000), IDLE), Standing::Expired);
    }

    #[test]
    fn is_touched_once_a_minute_or_four_times_in_a_short_idle_time() {
        let session = session();
        assert!(!session.wants_touch(UnixMillis(1_059_999), IDLE));
        assert!(session.wants_touch(UnixMillis(1_060_000), IDLE));
        assert_eq!(Session::touch_interval(Duration::from_secs(40)), Duration::from_secs(10));
    }

    #[test]
    fn a_clock_that_went_back_ends_nothing() {
        assert_eq!(session().standing(UnixMillis(0), IDLE), Standing::Active);
    }

    #[test]
    fn handles_round_trip_and_nothing_else_is_one() {
        let handle = SessionHandle::from_bytes([0x0a; 16]);
        assert_eq!(handle.to_string(), "0a".repeat(16));
        assert_eq!(handle.to_string().parse(), Ok(handle));
        for text in ["", "0a", &"0A".repeat(16), &format!("+{}", "a".repeat(31)), &"é".repeat(16)]
        {
            assert_eq!(text.parse::<SessionHandle>(), Err(NotAHandle), "{text}");
        }
    }
}
