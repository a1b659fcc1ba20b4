use std::time::Duration;

use super::*;
use crate::domain::secret::Secret;
use crate::domain::session::SessionHandle;

const AT: UnixMillis = UnixMillis(1_800_000_000_123);

fn event(what: What) -> Event {
    Event {
        id: EventId::new(AT, 7, [9; 8]),
        at: AT,
        what,
        times: 1,
        who: Some(Who {
            person: PersonKey([0xa1; 32]),
            email: Some(EmailAddress::parse("ann@example.com").unwrap()),
        }),
        site: Some("wiki".into()),
        client: Some("203.0.113.0/24".parse().unwrap()),
        request: Some("7f3a91c2".into()),
        by: Actor::Visitor,
    }
}

fn made() -> What {
    What::SessionMade {
        session: SessionHandle::from_bytes([3; 16]),
        way: SignInWay::OwnBrowser,
        browser: "Firefox on Linux".into(),
        new_device: true,
    }
}

#[test]
fn identities_are_in_the_order_of_time() {
    let first = EventId::new(AT, 0, [0xff; 8]);
    let second = EventId::new(AT, 1, [0; 8]);
    let later = EventId::new(AT.after(Duration::from_millis(1)), 0, [0; 8]);
    assert!(EventId::first_at(AT) <= first && first < second && second < later);
    assert!(second < EventId::first_at(AT.after(Duration::from_millis(1))));
    assert!(first.to_string() < second.to_string() && second.to_string() < later.to_string());
    assert_eq!(first.to_string().parse(), Ok(first));
    for text in ["", "0a", &"0A".repeat(16), &format!("+{}", "a".repeat(31))] {
        assert_eq!(text.parse::<EventId>(), Err(NotAnEventId), "{text}");
    }
    assert_eq!(EventId::first_at(UnixMillis(u64::MAX)).as_bytes()[..6], [0xff; 6]);
}

#[test]
fn an_event_is_one_line_that_is_read_back() {
    let event = event(made());
    let line = serde_json::to_string(&event).unwrap();
    insta::assert_snapshot!(line, @r#"{"id":"01a3185c507b00070909090909090909","at":"2027-01-15T08:00:00.123Z","event":"session_made","detail":{"session":"03030303030303030303030303030303","way":"own_browser","browser":"Firefox on Linux","new_device":true},"person":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1","email":"ann@example.com","site":"wiki","client":"203.0.113.0/24","request":"7f3a91c2","by":"visitor"}"#);
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    let bare = Event {
        what: What::StoreLeft,
        who: None,
        site: None,
        client: None,
        request: None,
        times: 12,
        by: Actor::Token("deploy".parse().unwrap()),
        ..event
    };
    let line = serde_json::to_string(&bare).unwrap();
    insta::assert_snapshot!(line, @r#"{"id":"01a3185c507b00070909090909090909","at":"2027-01-15T08:00:00.123Z","event":"store_left","times":12,"by":"token:deploy"}"#);
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), bare);
}

#[test]
fn a_field_more_is_no_trouble_and_an_unknown_kind_is() {
    let line = serde_json::to_string(&event(What::Reported)).unwrap();
    let more = line.replace("\"by\"", "\"moon\":\"full\",\"by\"");
    assert_eq!(serde_json::from_str::<Event>(&more).unwrap(), event(What::Reported));
    let other = line.replace("reported", "moon_rose");
    assert!(serde_json::from_str::<Event>(&other).is_err());
}

#[test]
fn what_is_erased_leads_to_nobody() {
    let erased = event(made()).erased();
    let line = serde_json::to_string(&erased).unwrap();
    for word in ["ann", "203.0", "7f3a91c2", "Firefox"] {
        assert!(!line.contains(word), "{word}: {line}");
    }
    assert_eq!(erased.person(), Some(PersonKey([0xa1; 32])));
    assert_eq!((erased.name().as_str(), erased.at), ("session_made", AT));
    let news = MailNews {
        mail: "00".into(),
        tries: Some(1),
        after_ms: None,
        words: Some("550 no such user: ann".into()),
    };
    let line = serde_json::to_string(&event(What::MailRejected(news)).erased()).unwrap();
    assert!(!line.contains("ann"), "{line}");
}

#[test]
fn words_are_short_and_on_one_line() {
    let words = Words::from("a\r\n\u{1b}[2Jb\u{202e}c");
    assert_eq!(words.as_str(), "a   [2Jb c");
    assert_eq!(Words::from("ž".repeat(500)).as_str().chars().count(), 200);
}

#[test]
fn of_a_client_no_more_is_kept_than_is_wanted() {
    let key = ClientKey::new(&Secret::new(&[1; 32]).unwrap());
    let other = ClientKey::new(&Secret::new(&[2; 32]).unwrap());
    let client = |text: &str| text.parse::<std::net::IpAddr>().unwrap().into();
    for (tracing, address, kept) in [
        (Tracing::Address, "203.0.113.7", "203.0.113.7"),
        (Tracing::Network, "203.0.113.7", "203.0.113.0/24"),
        (Tracing::Address, "2001:db8:1:2::3", "2001:db8:1:2::3"),
        (Tracing::Network, "2001:db8:1:2::3", "2001:db8:1::/48"),
    ] {
        let trace = key.trace(client(address), tracing);
        assert_eq!(trace.to_string(), kept);
        assert_eq!(trace.to_string().parse(), Ok(trace));
    }
    let hash = key.trace(client("203.0.113.7"), Tracing::Hash);
    assert_eq!(hash, key.trace(client("::ffff:203.0.113.7"), Tracing::Hash));
    assert_ne!(hash, key.trace(client("203.0.113.8"), Tracing::Hash));
    assert_ne!(hash, other.trace(client("203.0.113.7"), Tracing::Hash));
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for text in ["", "hash:", "hash:0", "203.0.113.0/33", "somewhere"] {
        assert!(text.parse::<ClientTrace>().is_err(), "{text}");
    }
}

#[test]
fn moments_are_read_in_every_zone() {
    assert_eq!(rfc3339(AT), "2027-01-15T08:00:00.123Z");
    assert_eq!(moment("2027-01-15T08:00:00.123Z"), Ok(AT));
    assert_eq!(moment("2027-01-15T09:00:00.123+01:00"), Ok(AT));
    for text in ["", "yesterday", "2027-01-15", "1969-12-31T23:59:59Z"] {
        assert_eq!(moment(text), Err(NotAMoment), "{text}");
    }
}

#[test]
fn a_filter_wants_what_it_says() {
    let it = event(What::Reported);
    let all = EventFilter::default();
    assert!(all.wants(&it));
    let name: EventName = "reported".parse().unwrap();
    let other: EventName = "link_asked".parse().unwrap();
    let wants = |filter: EventFilter| filter.wants(&it);
    assert!(wants(EventFilter { names: vec![other, name], ..all.clone() }));
    assert!(!wants(EventFilter { names: vec![other], ..all.clone() }));
    assert!(wants(EventFilter { person: it.person(), ..all.clone() }));
    assert!(!wants(EventFilter { person: Some(PersonKey([1; 32])), ..all.clone() }));
    assert!(wants(EventFilter { site: Some("wiki".into()), ..all.clone() }));
    assert!(!wants(EventFilter { site: Some("shop".into()), ..all.clone() }));
    assert!(wants(EventFilter { since: Some(AT), ..all.clone() }));
    assert!(!wants(EventFilter { until: Some(AT), ..all.clone() }));
    assert!("moon_rose".parse::<EventName>().is_err());
}
