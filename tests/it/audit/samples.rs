//! One event of each kind.

use linkgate::domain::email::EmailAddress;
use linkgate::domain::event::{
    Actor, AskedWith, EndedWhy, Event, EventId, GoneWhy, LimitedWhat, Machine, MailNews,
    RefusedWhy, SignInWay, TypedFor, What, Who,
};
use linkgate::domain::limit::PersonKey;
use linkgate::domain::session::SessionHandle;
use linkgate::domain::time::UnixMillis;

/// An event of a person at a moment. `number` makes its identity.
pub fn event(at: UnixMillis, number: u16, person: Option<(PersonKey, &str)>, what: What) -> Event {
    Event {
        id: EventId::new(at, number, [number.to_be_bytes()[1]; 8]),
        at,
        what,
        times: 1,
        who: person.map(|(person, email)| Who {
            person,
            email: Some(EmailAddress::parse(email).unwrap()),
        }),
        site: Some("wiki".into()),
        client: Some("203.0.113.0/24".parse().unwrap()),
        request: Some("7f3a91c2".into()),
        by: Actor::Visitor,
    }
}

fn news(words: bool) -> MailNews {
    MailNews {
        mail: "0123456789abcdef0123456789abcdef".into(),
        tries: words.then_some(2),
        after_ms: (!words).then_some(1234),
        words: words.then(|| "451 4.7.1 later".into()),
    }
}

/// All kinds, with each word of each list.
pub fn all() -> Vec<What> {
    let mut all = plain();
    all.extend(with_each_word());
    all
}

fn plain() -> Vec<What> {
    let name = || "deploy".parse().unwrap();
    vec![
        What::MailAccepted(news(false)),
        What::MailDelivered(news(false)),
        What::MailDeferred(news(true)),
        What::MailBounced(news(true)),
        What::MailRejected(news(true)),
        What::MailComplained(news(true)),
        What::MailRetrying(news(true)),
        What::MailFailed(news(true)),
        What::MailExpired(news(true)),
        What::MailSuppressed(news(true)),
        What::LinkOpened { own_browser: true },
        What::LinkUsed { own_browser: false },
        What::CodeUsed,
        What::PasswordUsed,
        What::CodeWrong { left: 4 },
        What::CodeUsedUp,
        What::PasswordWrong,
        What::DeviceNew { browser: "Firefox on Linux".into() },
        What::PasswordSet,
        What::PasswordRemoved,
        What::Reported,
        What::AccountRegistered,
        What::AccountAdded,
        What::AccountChanged,
        What::AccountSuspended,
        What::AccountResumed,
        What::AccountRemoved,
        What::TokenMade { name: name() },
        What::TokenFirstUsed { name: name() },
        What::TokenRevoked { name: name() },
        What::ConfigurationLoaded { version: "0.1.0".into() },
        What::ConfigurationRefused { mistakes: 3 },
        What::KeysRotated { at_once: true },
        What::AdminRefused { why: "no token".into() },
        What::AdminSignedIn,
        What::StoreOpened { version: "0.1.0".into() },
        What::StoreLeft,
        What::PersonErased { events: 12 },
        What::EventsLost { events: 12 },
    ]
}

fn with_each_word() -> Vec<What> {
    let session = SessionHandle::from_bytes([7; 16]);
    let mut all = Vec::new();
    for with in [AskedWith::Form, AskedWith::Resend, AskedWith::FreshLink] {
        let mail = "0123456789abcdef0123456789abcdef".into();
        all.push(What::LinkAsked { with, password: true, mail });
        for why in [RefusedWhy::NotAdmitted, RefusedWhy::HeldBack] {
            all.push(What::LinkRefused { with, why });
        }
    }
    for what in [LimitedWhat::Mail, LimitedWhat::Password, LimitedWhat::Typed] {
        all.push(What::Limited { what, wait_s: 60 });
    }
    for how in [Machine::Head, Machine::Prefetch] {
        all.push(What::LinkOpenedByMachine { how });
    }
    for why in
        [GoneWhy::Used, GoneWhy::Expired, GoneWhy::Replaced, GoneWhy::Ended, GoneWhy::Unknown]
    {
        all.push(What::TooLate { why });
    }
    for typed_for in [TypedFor::Link, TypedFor::Report] {
        all.push(What::AddressWrong { typed_for });
    }
    for way in
        [SignInWay::OwnBrowser, SignInWay::OtherBrowser, SignInWay::Code, SignInWay::Password]
    {
        let browser = "Firefox on Linux".into();
        all.push(What::SessionMade { session, way, browser, new_device: true });
    }
    for why in [
        EndedWhy::SignOut,
        EndedWhy::AccountPage,
        EndedWhy::Replaced,
        EndedWhy::Password,
        EndedWhy::Operator,
        EndedWhy::Suspended,
        EndedWhy::Removed,
        EndedWhy::Reported,
    ] {
        all.push(What::SessionEnded { why, sessions: 1, session: Some(session) });
        all.push(What::SessionEnded { why, sessions: 3, session: None });
    }
    all
}
