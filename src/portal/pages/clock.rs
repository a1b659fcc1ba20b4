//! Clock times and dates, as digits: UTC, and the same for everyone.
//!
//! A server does not know where the visitor is. Pages therefore say `14:03 UTC` inside a `<time>`
//! element, and the script adds the visitor's own time where it differs. The words around the
//! digits are those of the language, see [`phrases`](crate::portal::phrases).

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{datetime, format_description};

use crate::domain::time::UnixMillis;

type Format = &'static [BorrowedFormatItem<'static>];

const MACHINE: Format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const DIGITS: Format = format_description!("[hour]:[minute]");
const DIGITS_WITH_SECONDS: Format = format_description!("[hour]:[minute]:[second]");

/// `2026-11-22T14:03:30Z` (RFC 3339), for programs.
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    text(at, MACHINE)
}

/// `14:03`.
pub(crate) fn digits(at: UnixMillis) -> String {
    text(at, DIGITS)
}

/// `14:03:30`.
pub(crate) fn digits_with_seconds(at: UnixMillis) -> String {
    text(at, DIGITS_WITH_SECONDS)
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i32,
    /// From 1 to 12.
    pub(crate) month: u8,
    pub(crate) day: u8,
}

/// The day in UTC.
pub(crate) fn date(at: UnixMillis) -> Date {
    let moment = moment(at);
    Date { year: moment.year(), month: moment.month().into(), day: moment.day() }
}

/// Filter: whole seconds from `now` until `at`, rounded up; 0 when it is past.
pub(super) fn seconds_from(at: u64, now: u64) -> u64 {
    at.saturating_sub(now).div_ceil(1000)
}

/// Filter: whole minutes from `now` until `at`, rounded up; at least 1.
pub(super) fn minutes_from(at: u64, now: u64) -> u64 {
    at.saturating_sub(now).div_ceil(60_000).max(1)
}

fn text(at: UnixMillis, format: Format) -> String {
    moment(at).format(format).unwrap_or_default()
}

fn moment(at: UnixMillis) -> OffsetDateTime {
    i64::try_from(at.seconds())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(datetime!(9999-12-31 23:59:59 UTC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        let at = UnixMillis(1_795_356_180_999);
        assert_eq!(rfc3339(at), "2026-11-22T14:03:00Z");
        assert_eq!((digits(at), digits_with_seconds(at)), ("14:03".into(), "14:03:00".into()));
        assert_eq!(date(at), Date { year: 2026, month: 11, day: 22 });
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        assert_eq!(digits(UnixMillis(u64::MAX)), "23:59");
    }

    #[test]
    fn spans_round_up() {
        assert_eq!((seconds_from(1500, 0), seconds_from(0, 1500)), (2, 0));
        assert_eq!((minutes_from(61_000, 0), minutes_from(0, 5)), (2, 1));
    }
}
