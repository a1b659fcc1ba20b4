//! What happened lately, from the record of events.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{NoPage, Pages};
use crate::domain::event::{Event, EventFilter, EventName, What};
use crate::domain::time::UnixMillis;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Events that are looked at for the numbers. Beyond that they say "at least".
const MOST: usize = 20_000;
/// Events that are shown.
const SHOWN: usize = 30;

/// What is counted together, in the order in which it is shown.
const KINDS: [(&str, &[&str]); 10] = [
    ("Sign-ins", &["session_made"]),
    ("Mails that were asked for", &["link_asked"]),
    ("Refused: may not sign in, or held back", &["link_refused"]),
    ("Refused: a limit was used up", &["limited"]),
    (
        "Refused: a wrong code, address or password",
        &["code_wrong", "code_used_up", "address_wrong", "password_wrong"],
    ),
    ("Refused: a link or code that works no more", &["too_late"]),
    ("Mails that the relay took", &["mail_accepted"]),
    ("Mails that reached the mailbox's server", &["mail_delivered"]),
    ("Mails that wait for another try", &["mail_retrying", "mail_deferred"]),
    (
        "Mails that did not arrive",
        &[
            "mail_bounced",
            "mail_rejected",
            "mail_complained",
            "mail_failed",
            "mail_expired",
            "mail_suppressed",
        ],
    ),
];

/// The numbers of the last hour and the last day.
#[derive(Serialize)]
pub(super) struct Lately {
    rows: Vec<Row>,
    /// How long mails took: half of them were faster.
    times: Vec<Took>,
    is_part: bool,
}

#[derive(Serialize)]
struct Row {
    words: &'static str,
    hour: u64,
    day: u64,
}

#[derive(Serialize)]
struct Took {
    words: &'static str,
    hour: Option<String>,
    day: Option<String>,
}

/// An event, in words.
#[derive(Serialize)]
pub(super) struct EventView {
    at: UnixMillis,
    words: String,
    email: Option<String>,
    site: Option<String>,
    by: String,
    detail: String,
}

impl Pages {
    /// The numbers.
    pub(super) async fn lately(&self) -> Result<Lately, NoPage> {
        let now = self.desk.gate.now();
        let names = KINDS.iter().flat_map(|(_, names)| names.iter());
        let names: Vec<EventName> = names.filter_map(|name| name.parse().ok()).collect();
        let since = Some(now.before(DAY));
        let filter = EventFilter { names, since, ..EventFilter::default() };
        let events = self.desk.gate.last_events(&filter, MOST).await?;
        Ok(Lately::of(&events, now))
    }

    /// The last events.
    pub(super) async fn last_events(&self) -> Result<Vec<EventView>, NoPage> {
        let events = self.desk.gate.last_events(&EventFilter::default(), SHOWN).await?;
        Ok(events.iter().map(EventView::of).collect())
    }
}

impl Lately {
    fn of(events: &[Event], now: UnixMillis) -> Self {
        let hour = now.before(HOUR);
        let row = |(words, names): (&'static str, &[&str])| {
            let of_kind = events.iter().filter(|event| names.contains(&event.name().as_str()));
            let (mut in_hour, mut in_day) = (0, 0);
            for event in of_kind {
                in_day += u64::from(event.times);
                in_hour += if event.at >= hour { u64::from(event.times) } else { 0 };
            }
            Row { words, hour: in_hour, day: in_day }
        };
        let took = |words, is_wanted: fn(&What) -> Option<u64>| {
            let since = |moment: UnixMillis| {
                let recent = events.iter().filter(|event| event.at >= moment);
                median(recent.filter_map(|event| is_wanted(&event.what)).collect())
            };
            Took { words, hour: since(hour), day: since(UnixMillis(0)) }
        };
        let accepted = |what: &What| match what {
            What::MailAccepted(news) => news.after_ms,
            _ => None,
        };
        let delivered = |what: &What| match what {
            What::MailDelivered(news) => news.after_ms,
            _ => None,
        };
        Self {
            rows: KINDS.map(row).into(),
            times: vec![
                took("Until the relay took a mail", accepted),
                took("Until it reached the mailbox's server", delivered),
            ],
            is_part: events.len() == MOST,
        }
    }
}

/// Half of them were faster.
fn median(mut millis: Vec<u64>) -> Option<String> {
    millis.sort_unstable();
    let middle = *millis.get(millis.len() / 2)?;
    Some(match middle {
        0..1000 => format!("{middle} ms"),
        1000..120_000 => format!("{}.{} s", middle / 1000, middle % 1000 / 100),
        _ => format!("{} min", middle / 60_000),
    })
}

impl EventView {
    pub(super) fn of(event: &Event) -> Self {
        let mut words = event.name().as_str().replace('_', " ");
        if event.times > 1 {
            words.push_str(&format!(", {} times", event.times));
        }
        let email = event.who.as_ref().and_then(|who| who.email.as_ref());
        Self {
            at: event.at,
            words,
            email: email.map(|email| email.spelling().to_owned()),
            site: event.site.as_ref().map(|site| site.as_str().to_owned()),
            by: event.by.to_string(),
            detail: detail(event),
        }
    }
}

/// What else the event says, without the names of mails and sessions.
fn detail(event: &Event) -> String {
    let Ok(Value::Object(document)) = serde_json::to_value(event) else { return String::new() };
    let Some(Value::Object(detail)) = document.get("detail") else { return String::new() };
    let told = detail.iter().filter(|(name, _)| !["mail", "session"].contains(&name.as_str()));
    let words = told.filter_map(|(name, value)| {
        let name = name.replace('_', " ");
        match value {
            Value::Bool(true) => Some(name),
            Value::String(text) => Some(format!("{name}: {}", text.replace('_', " "))),
            Value::Number(number) => Some(format!("{name}: {number}")),
            Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Actor, EventId, MailNews, NAMES, Words};

    fn event(at: u64, what: What, times: u32) -> Event {
        let (at, id) = (UnixMillis(at), EventId::new(UnixMillis(at), 0, [0; 8]));
        Event {
            id,
            at,
            what,
            times,
            who: None,
            site: None,
            client: None,
            request: None,
            by: Actor::System,
        }
    }

    #[test]
    fn every_kind_that_is_counted_is_there() {
        for name in KINDS.iter().flat_map(|(_, names)| names.iter()) {
            assert!(NAMES.contains(name), "{name}");
        }
    }

    #[test]
    fn numbers_are_of_the_last_hour_and_the_last_day() {
        let now = UnixMillis(100_000_000);
        let news = |after_ms| MailNews {
            mail: Words::from("a"),
            tries: None,
            after_ms: Some(after_ms),
            words: None,
        };
        let lately = Lately::of(
            &[
                event(now.0 - 1, What::CodeUsedUp, 1),
                event(now.0 - 3_600_001, What::CodeWrong { left: 2 }, 3),
                event(now.0 - 2, What::MailAccepted(news(400)), 1),
                event(now.0 - 4_000_000, What::MailAccepted(news(2_500)), 1),
                event(now.0 - 4_000_000, What::MailAccepted(news(9_000)), 1),
            ],
            now,
        );
        let row = |at: usize| (lately.rows[at].hour, lately.rows[at].day);
        assert_eq!((row(4), row(6), row(0)), ((1, 4), (1, 3), (0, 0)));
        let took = &lately.times[0];
        assert_eq!((took.hour.as_deref(), took.day.as_deref()), (Some("400 ms"), Some("2.5 s")));
        assert_eq!(lately.times[1].day, None);
        assert!(!lately.is_part);
    }
}
