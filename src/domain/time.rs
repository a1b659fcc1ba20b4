//! Points in time and lifetimes.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in the store's time: milliseconds since the Unix epoch.
///
/// Plain numbers, so that every store judges expiry alike; the clock that makes them is a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The point that lies `span` later; saturates at the end of time.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// The point that lies `span` earlier; saturates at the epoch.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How much later than `earlier` this is; zero when it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// How far the two are from each other, whichever is later.
    ///
    /// For what is good for a short time: a clock that was set back makes the past a future, and
    /// [`since`](Self::since) calls that "just now" until the clock has caught up.
    #[must_use]
    pub fn apart(self, other: Self) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }

    /// Whole seconds since the epoch, as JWT and HTTP want them.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A span as people write it in the configuration: `90s`, `10m`, `12h`, `7d`.
///
/// ```
/// # use linkgate::domain::time::Span;
/// let span: Span = "10m".parse().unwrap();
/// assert_eq!(span.as_duration().as_secs(), 600);
/// assert_eq!(span.to_string(), "10m");
/// assert!("10".parse::<Span>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// Why a text is not a [`Span`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// No number, no unit, or another unit.
    #[error("must be a number and a unit")]
    Shape,
    /// Longer than a hundred years.
    #[error("is too long")]
    TooLong,
}

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
const LONGEST_SECONDS: u64 = 100 * 366 * 86_400;

impl Span {
    /// A span of whole seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The span as the standard library's type.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }
}

impl std::str::FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let (unit, factor) =
            UNITS.into_iter().find(|(unit, _)| text.ends_with(unit)).ok_or(SpanError::Shape)?;
        let digits = &text[..text.len() - unit.len()];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SpanError::Shape);
        }
        let number: u64 = digits.parse().map_err(|_| SpanError::TooLong)?;
        match number.checked_mul(factor) {
            Some(seconds) if seconds <= LONGEST_SECONDS => Ok(Self::seconds(seconds)),
            _ => Err(SpanError::TooLong),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| seconds >= *factor && seconds.is_multiple_of(*factor))
            .unwrap_or(("s", 1));
        write!(out, "{}{unit}", seconds / factor)
    }
}
