//! Clock times in pages and mails: UTC, said so, and the same for everyone.
//!
//! A server does not know where the visitor is. Pages therefore say `14:03 UTC` inside a `<time>`
//! element, and the script adds the visitor's own time where it differs.

use minijinja::value::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::{datetime, format_description};

use crate::domain::time::UnixMillis;

type Format = &'static [BorrowedFormatItem<'static>];

const MACHINE: Format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const CLOCK: Format = format_description!("[hour]:[minute] UTC");
const CLOCK_SECONDS: Format = format_description!("[hour]:[minute]:[second] UTC");
const MOMENT: Format =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");

/// `14:03 UTC`, as plain text: for subjects and mails.
#[must_use]
pub fn clock_words(at: UnixMillis) -> String {
    text(at, CLOCK)
}

/// `2026-11-22T14:03:30Z` (RFC 3339), for programs.
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    text(at, MACHINE)
}

/// Filter: `14:03 UTC`, plain.
pub(super) fn clock_text(at: u64) -> String {
    clock_words(UnixMillis(at))
}

/// Filter: `14:03 UTC` in a `<time>` element.
pub(super) fn clock(at: u64) -> Value {
    element(at, CLOCK, "minutes")
}

/// Filter: `14:03:30 UTC` in a `<time>` element.
pub(super) fn clock_seconds(at: u64) -> Value {
    element(at, CLOCK_SECONDS, "seconds")
}

/// Filter: `22 November 2026, 14:03 UTC` in a `<time>` element.
pub(super) fn moment(at: u64) -> Value {
    element(at, MOMENT, "minutes")
}

/// Filter: whole seconds from `now` until `at`, rounded up; 0 when it is past.
pub(super) fn seconds_from(at: u64, now: u64) -> u64 {
    at.saturating_sub(now).div_ceil(1000)
}

/// Filter: whole minutes from `now` until `at`, rounded up; at least 1.
pub(super) fn minutes_from(at: u64, now: u64) -> u64 {
    at.saturating_sub(now).div_ceil(60_000).max(1)
}

/// Nothing in it needs escaping: digits, letters and punctuation of our own formats.
fn element(at: u64, format: Format, kind: &str) -> Value {
    let at = UnixMillis(at);
    let (machine, words) = (text(at, MACHINE), text(at, format));
    Value::from_safe_string(format!(
        "<time datetime=\"{machine}\" data-clock=\"{kind}\">{words}</time>"
    ))
}

fn text(at: UnixMillis, format: Format) -> String {
    let end = datetime!(9999-12-31 23:59:59 UTC);
    let moment = i64::try_from(at.seconds())
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .unwrap_or(end);
    moment.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_say_so() {
        assert_eq!(clock_words(UnixMillis(1_795_356_180_000)), "14:03 UTC");
        let element = moment(1_795_356_180_999).to_string();
        assert_eq!(
            element,
            "<time datetime=\"2026-11-22T14:03:00Z\" data-clock=\"minutes\">\
             22 November 2026, 14:03 UTC</time>"
        );
        assert!(clock_seconds(1_795_356_210_000).to_string().contains(">14:03:30 UTC<"));
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        assert_eq!(clock_words(UnixMillis(u64::MAX)), "23:59 UTC");
    }

    #[test]
    fn spans_round_up() {
        assert_eq!((seconds_from(1500, 0), seconds_from(0, 1500)), (2, 0));
        assert_eq!((minutes_from(61_000, 0), minutes_from(0, 5)), (2, 1));
    }
}
