//! The form of an event outside the process: one JSON document, on one line.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::{Event, EventId, What, Who, Words};
use crate::domain::email::EmailAddress;
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;

const MOMENT: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// The document.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    id: String,
    at: String,
    #[serde(flatten)]
    what: What,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    times: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<EmailAddress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    site: Option<Words>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Words>,
    by: String,
}

fn once() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // So serde calls it.
fn is_once(times: &u32) -> bool {
    *times == 1
}

/// Why a document is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be read")]
pub struct LineError(&'static str);

impl From<Event> for Line {
    fn from(event: Event) -> Self {
        let Event { id, at, what, times, who, site, client, request, by } = event;
        let (person, email) =
            who.map_or((None, None), |who| (Some(who.person.to_hex()), who.email));
        Self {
            id: id.to_string(),
            at: rfc3339(at),
            what,
            times,
            person,
            email,
            site,
            client: client.map(|it| it.to_string()),
            request,
            by: by.to_string(),
        }
    }
}

impl TryFrom<Line> for Event {
    type Error = LineError;

    fn try_from(line: Line) -> Result<Self, LineError> {
        let person = line.person.map(|hex| PersonKey::from_hex(&hex).ok_or(LineError("person")));
        let id: EventId = line.id.parse().map_err(|_| LineError("id"))?;
        Ok(Self {
            id,
            at: moment(&line.at).map_err(|_| LineError("at"))?,
            what: line.what,
            times: line.times,
            who: person.transpose()?.map(|person| Who { person, email: line.email }),
            site: line.site,
            client: line
                .client
                .map(|text| text.parse())
                .transpose()
                .map_err(|_| LineError("client"))?,
            request: line.request,
            by: line.by.parse().map_err(|_| LineError("by"))?,
        })
    }
}

/// `2026-11-22T14:03:30.123Z` (RFC 3339).
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    let nanos = i128::from(at.0) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok();
    moment.and_then(|it| it.format(MOMENT).ok()).unwrap_or_default()
}

/// The text is no moment of RFC 3339, or one before 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no moment as in 2026-11-22T14:03:30Z")]
pub struct NotAMoment;

/// Reads a moment of RFC 3339, in any zone.
///
/// # Errors
/// [`NotAMoment`].
pub fn moment(text: &str) -> Result<UnixMillis, NotAMoment> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotAMoment)?;
    let millis = parsed.unix_timestamp_nanos() / 1_000_000;
    u64::try_from(millis).map(UnixMillis).map_err(|_| NotAMoment)
}
