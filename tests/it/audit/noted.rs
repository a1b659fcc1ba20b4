//! What the use cases note, with a clock that the test moves.

use std::sync::Arc;

use linkgate::domain::event::{
    Actor, AskedWith, EndedWhy, Event, EventFilter, GoneWhy, LimitedWhat, Machine, RefusedWhy,
    SignInWay, Tracing, TypedFor, What,
};
use linkgate::domain::secret::Secret;
use linkgate::gate::accounts::AccountWish;
use linkgate::gate::journal::{Journal, Trail, Writer};
use linkgate::gate::keys::Change;
use linkgate::ports::{Audit, Clock, EventQuery, Order, OsEntropy, Store};

use crate::gate_world::{HOUR, World, address, caller, client};

const ANN: &str = "ann@example.com";

/// A world whose record is written when it is looked at.
pub struct Recorded {
    pub world: World,
    writer: Writer,
}

impl Recorded {
    pub fn over(store: Arc<dyn Store>) -> Self {
        let mut world = World::over(store);
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let secret = Secret::new(&[7; 32]).unwrap();
        let journal = Journal::new(clock, Arc::new(OsEntropy), &secret, Tracing::Network);
        let store = Arc::clone(&world.store) as Arc<dyn Audit>;
        let writer = Writer::new(&journal, store, Vec::new());
        let trail = Trail {
            site: Some("wiki".into()),
            client: Some(client()),
            request: Some("7f3a91c2k0".into()),
            by: Actor::Visitor,
        };
        world.gate = world.gate.clone().recording(journal).with(trail);
        Self { world, writer }
    }

    fn new() -> Self {
        Self::over(World::in_memory().store)
    }

    /// Everything so far, the oldest first.
    pub async fn events(&mut self) -> Vec<Event> {
        self.writer.write_out().await.unwrap();
        let filter = EventFilter::default();
        let query =
            EventQuery { filter: &filter, order: Order::OldestFirst, after: None, most: 1000 };
        self.world.store.events(&query).await.unwrap().events
    }

    /// What happened since the last time.
    async fn news(&mut self, before: &mut usize) -> Vec<What> {
        let events = self.events().await;
        let news = events[*before..].iter().map(|event| event.what.clone()).collect();
        *before = events.len();
        news
    }
}

/// The part of a session that is not known before.
fn plain(what: What) -> What {
    match what {
        What::SessionMade { session: _, way, browser, new_device } => {
            let session = "0".repeat(32).parse().unwrap();
            What::SessionMade { session, way, browser, new_device }
        }
        What::SessionEnded { why, sessions, .. } => {
            What::SessionEnded { why, sessions, session: None }
        }
        What::LinkAsked { with, password, .. } => {
            What::LinkAsked { with, password, mail: "".into() }
        }
        other => other,
    }
}

fn made(way: SignInWay) -> What {
    let (session, browser) = ("0".repeat(32).parse().unwrap(), "Firefox on Linux".into());
    What::SessionMade { session, way, browser, new_device: true }
}

fn asked(with: AskedWith) -> What {
    What::LinkAsked { with, password: false, mail: "".into() }
}

fn new_device() -> What {
    What::DeviceNew { browser: "Firefox on Linux".into() }
}

async fn expect(recorded: &mut Recorded, before: &mut usize, expected: &[What]) {
    let news: Vec<_> = recorded.news(before).await.into_iter().map(plain).collect();
    assert_eq!(news, expected);
}

/// A code that is not this one.
fn another(code: &str) -> String {
    let first = if code.starts_with('B') { 'C' } else { 'B' };
    code.chars().enumerate().map(|(index, c)| if index == 0 { first } else { c }).collect()
}

#[tokio::test]
async fn a_sign_in_by_link_is_told_from_asking_to_signing_out() {
    let (mut recorded, mut before) = (Recorded::new(), 0);
    let (browser, job) = recorded.world.mailed(ANN, None).await;
    expect(&mut recorded, &mut before, &[asked(AskedWith::Form)]).await;
    let (link, client) = (recorded.world.link(&job), client());
    for how in [Machine::Head, Machine::Prefetch] {
        let world = &recorded.world;
        let fetch = world.at(async |gate, place| gate.link_fetched(place, &link, how).await);
        assert!(fetch.await.unwrap().is_some());
    }
    recorded.world.open(&link, caller(&client, None, None)).await;
    let fetched = |how| What::LinkOpenedByMachine { how };
    let opened = [Machine::Head, Machine::Prefetch].map(fetched);
    let opened = [&opened[..], &[What::LinkOpened { own_browser: false }]].concat();
    expect(&mut recorded, &mut before, &opened).await;
    let opened = recorded.world.open(&link, caller(&client, Some(&browser), None)).await;
    let linkgate::gate::redeem::Opened::SignedIn(signed_in) = opened else { panic!() };
    let used = [What::LinkUsed { own_browser: true }, made(SignInWay::OwnBrowser), new_device()];
    expect(&mut recorded, &mut before, &used).await;
    recorded.world.open(&link, caller(&client, Some(&browser), None)).await;
    recorded.world.gate.sign_out(&signed_in.token).await.unwrap();
    recorded.world.gate.sign_out(&signed_in.token).await.unwrap();
    let ended = What::SessionEnded { why: EndedWhy::SignOut, sessions: 1, session: None };
    expect(&mut recorded, &mut before, &[What::TooLate { why: GoneWhy::Used }, ended]).await;
    let events = recorded.events().await;
    assert!(events.iter().all(|event| {
        let who = event.who.as_ref().unwrap();
        who.email == Some(address(ANN))
            && who.person == recorded.world.person(ANN)
            && event.site.as_ref().unwrap().as_str() == "wiki"
            && event.client.unwrap().to_string() == "203.0.113.0/24"
            && event.request.as_ref().unwrap().as_str() == "7f3a91c2k0"
    }));
    let text: String = events.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    for secret in [&*link.reveal(), &*signed_in.token.reveal(), &*browser.reveal(), &*job.code] {
        assert!(!text.contains(secret));
    }
}

#[tokio::test]
async fn the_other_ways_in_and_what_goes_wrong_on_them() {
    let (mut recorded, mut before) = (Recorded::new(), 0);
    let (browser, job) = recorded.world.mailed(ANN, None).await;
    let client = client();
    recorded.world.code(&another(&job.code), caller(&client, Some(&browser), None)).await;
    recorded.world.code(&job.code, caller(&client, Some(&browser), None)).await;
    let used = [
        asked(AskedWith::Form),
        What::CodeWrong { left: 4 },
        What::CodeUsed,
        made(SignInWay::Code),
        new_device(),
    ];
    expect(&mut recorded, &mut before, &used).await;
    recorded.world.clock.pass(HOUR);
    let (_, job) = recorded.world.mailed(ANN, None).await;
    let link = recorded.world.link(&job);
    recorded.world.confirm(&link, "bob@example.com", caller(&client, None, None)).await;
    recorded.world.confirm(&link, ANN, caller(&client, None, None)).await;
    let used = [
        asked(AskedWith::Form),
        What::AddressWrong { typed_for: TypedFor::Link },
        What::LinkUsed { own_browser: false },
        made(SignInWay::OtherBrowser),
        new_device(),
    ];
    expect(&mut recorded, &mut before, &used).await;
    let report = recorded.world.report(&job);
    recorded.world.gate.report(&report, &address("bob@example.com")).await.unwrap();
    recorded.world.gate.report(&report, &address(ANN)).await.unwrap();
    recorded.world.gate.report(&report, &address(ANN)).await.unwrap();
    let used = [
        What::AddressWrong { typed_for: TypedFor::Report },
        What::SessionEnded { why: EndedWhy::Reported, sessions: 1, session: None },
        What::Reported,
    ];
    expect(&mut recorded, &mut before, &used).await;
    // From the same network nothing leaves for a day, and nobody else is admitted either.
    recorded.world.ask(ANN, None).await.unwrap();
    recorded.world.ask("eve@elsewhere.example", None).await.unwrap();
    let with = AskedWith::Form;
    let used = [
        What::LinkRefused { with, why: RefusedWhy::HeldBack },
        What::LinkRefused { with, why: RefusedWhy::NotAdmitted },
    ];
    expect(&mut recorded, &mut before, &used).await;
}

#[tokio::test]
async fn a_flood_of_asking_leaves_a_few_events() {
    let mut recorded = Recorded::new();
    recorded.world.terms.email_limit = "3/1h".parse().unwrap();
    for _ in 0..200 {
        let _ = recorded.world.ask(ANN, None).await;
    }
    let events = recorded.events().await;
    assert_eq!(events.len(), 5, "three mails, that a limit is used up, and how often");
    let limited =
        |event: &Event| matches!(event.what, What::Limited { what: LimitedWhat::Mail, .. });
    assert!(limited(&events[3]) && limited(&events[4]));
    assert_eq!((events[3].times, events[4].times), (1, 196));
}

#[tokio::test]
async fn what_operators_do_is_told_and_by_whom() {
    let (mut recorded, mut before) = (Recorded::new(), 0);
    recorded.world.signed_in(ANN, None).await;
    let _ = recorded.events().await;
    recorded.news(&mut before).await;
    let operator = recorded.world.gate.with(Trail::of(Actor::Operator));
    let email = address(ANN);
    let wish =
        AccountWish { email: email.clone(), name: None, groups: std::collections::BTreeSet::new() };
    operator.add_account(&wish).await.unwrap();
    operator.add_account(&wish).await.unwrap();
    operator.suspend_account(&email).await.unwrap();
    operator.resume_account(&email).await.unwrap();
    operator.end_all(&email).await.unwrap();
    operator.remove_account(&email).await.unwrap();
    operator.change_signing_keys(Change::AtOnce).await.unwrap();
    let events = recorded.events().await;
    assert!(events[before..].iter().all(|event| event.by == Actor::Operator));
    let used = [
        What::AccountAdded,
        What::AccountChanged,
        What::AccountSuspended,
        What::SessionEnded { why: EndedWhy::Suspended, sessions: 1, session: None },
        What::AccountResumed,
        What::AccountRemoved,
        What::KeysRotated { at_once: true },
    ];
    expect(&mut recorded, &mut before, &used).await;
    assert_eq!(operator.erase_events(&email).await.unwrap(), events.len() as u64 - 1);
    let left = recorded.events().await;
    let text: String = left.iter().map(|it| serde_json::to_string(it).unwrap()).collect();
    assert!(!text.contains("ann@") && !text.contains("203.0.113"), "{text}");
    assert_eq!(left.last().unwrap().name().as_str(), "person_erased");
}
