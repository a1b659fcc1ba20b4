mod sinks;

use std::sync::atomic::AtomicBool;

use async_trait::async_trait;

use super::*;
use crate::domain::event::{Erasure, LimitedWhat};
use crate::ports::{
    Audit, AuditSink, EventPage, EventQuery, Missed, OsEntropy, StoreError, Stored,
};

/// Keeps what it is given, or is away.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Event>>,
    is_away: AtomicBool,
}

#[async_trait]
impl Audit for Kept {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::new("append", "away"));
        }
        self.events.lock().unwrap().extend_from_slice(events);
        Ok(())
    }

    async fn events(&self, _: &EventQuery<'_>) -> Stored<EventPage> {
        Ok(EventPage::default())
    }

    async fn erase(&self, _: &Erasure, _: UnixMillis) -> Stored<u64> {
        Ok(0)
    }

    async fn trim(&self, _: UnixMillis) -> Stored<u64> {
        Ok(0)
    }
}

/// Moved by the test.
#[derive(Default)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    clock: Arc<Moved>,
    journal: Journal,
    store: Arc<Kept>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(Moved(AtomicU64::new(1_800_000_000_000)));
        let secret = Secret::new(&[1; 32]).unwrap();
        let entropy = Arc::new(OsEntropy);
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let journal = Journal::new(shared, entropy, &secret, Tracing::Network);
        Self { clock, journal, store: Arc::default() }
    }

    fn pass(&self, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    fn writer(&self) -> Writer {
        self.writing_to(Vec::new())
    }

    fn writing_to(&self, sinks: Vec<Box<dyn AuditSink>>) -> Writer {
        Writer::new(&self.journal, Arc::clone(&self.store) as Arc<dyn Audit>, sinks)
    }

    fn stored(&self) -> Vec<Event> {
        self.store.events.lock().unwrap().clone()
    }
}

fn trail(client: &str) -> Trail {
    let client: std::net::IpAddr = client.parse().unwrap();
    Trail {
        site: Some("wiki".into()),
        client: Some(client.into()),
        request: Some("7f3a".into()),
        by: Actor::Visitor,
    }
}

fn ann() -> EmailAddress {
    EmailAddress::parse("ann@example.com").unwrap()
}

#[tokio::test]
async fn what_is_noted_is_stored_in_order() {
    let world = World::new();
    let trail = trail("203.0.113.7");
    for left in 0..20 {
        world.journal.note(&trail, Some(&ann()), What::CodeWrong { left });
    }
    world.writer().write_out().await.unwrap();
    let stored = world.stored();
    let left = |event: &Event| match event.what {
        What::CodeWrong { left } => left,
        _ => 99,
    };
    assert_eq!(stored.iter().map(left).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    assert_eq!(stored[0].client.unwrap().to_string(), "203.0.113.0/24");
    assert_eq!(stored[0].who.as_ref().unwrap().email, Some(ann()));
}

#[tokio::test]
async fn what_a_command_waits_for_is_written_while_it_waits() {
    let world = World::new();
    let trail = Trail::of(Actor::Operator);
    let work = async {
        world.journal.note(&trail, Some(&ann()), What::AccountRemoved);
        let is_written = world.journal.flush(LAST_WRITE).await;
        let stored = world.stored().len();
        world.journal.note(&trail, None, What::CodeWrong { left: 1 });
        (is_written, stored)
    };
    let (done, written) = world.writer().write_beside(work).await;
    written.unwrap();
    assert_eq!((done, world.stored().len()), ((true, 1), 2));
}

#[tokio::test]
async fn what_comes_often_is_counted() {
    let world = World::new();
    let what = || What::Limited { what: LimitedWhat::Mail, wait_s: 60 };
    for _ in 0..1000 {
        world.journal.note(&trail("203.0.113.7"), Some(&ann()), what());
        world.journal.note(&trail("198.51.100.7"), None, what());
    }
    let mut writer = world.writer();
    let shared = writer_shared(&world.journal);
    writer.turn(&shared).await;
    assert_eq!(world.stored().len(), 2, "the first of each");
    world.pass(Duration::from_secs(61));
    writer.turn(&shared).await;
    let stored = world.stored();
    assert_eq!(stored.iter().map(|it| it.times).collect::<Vec<_>>(), [1, 1, 999, 999]);
}

/// An address of a person who was never there.
fn invented(number: u32) -> EmailAddress {
    EmailAddress::parse(&format!("invented{number}@example.com")).unwrap()
}

#[tokio::test]
async fn whoever_invents_people_takes_nobody_elses_place() {
    let world = World::new();
    let what = || What::Limited { what: LimitedWhat::Mail, wait_s: 60 };
    for number in 0..5000 {
        world.journal.note(&trail("203.0.113.7"), Some(&invented(number)), what());
    }
    world.journal.note(&trail("198.51.100.7"), Some(&ann()), what());
    let (mut writer, shared) = (world.writer(), writer_shared(&world.journal));
    writer.turn(&shared).await;
    let stored = world.stored();
    let anns =
        stored.iter().find(|event| event.who.as_ref().is_some_and(|it| it.email == Some(ann())));
    assert_eq!(anns.unwrap().client.unwrap().to_string(), "198.51.100.0/24");
    assert!(stored.len() < 40, "{}", stored.len());
    world.journal.flush(Duration::ZERO).await;
    writer.turn(&shared).await;
    let stored = world.stored();
    let theirs = stored.iter().filter(|it| it.client.unwrap().to_string() == "203.0.113.0/24");
    assert_eq!(theirs.clone().map(|it| it.times).sum::<u32>(), 5000, "all are counted");
    assert!(theirs.clone().any(|it| it.times > 4900 && it.who.is_none()), "{stored:?}");
}

#[tokio::test]
async fn memory_is_bounded_however_many_clients_there_are() {
    let world = World::new();
    let what = || What::Limited { what: LimitedWhat::Mail, wait_s: 60 };
    for number in 0..3000 {
        let address = format!("10.{}.{}.1", number / 250, number % 250);
        world.journal.note(&trail(&address), None, what());
    }
    let (mut writer, shared) = (world.writer(), writer_shared(&world.journal));
    world.journal.flush(Duration::ZERO).await;
    writer.turn(&shared).await;
    let stored = world.stored();
    assert!(stored.len() < 1100, "{}", stored.len());
    let nobodys = stored.last().unwrap();
    assert!(nobodys.times > 1900 && nobodys.client.is_none(), "{nobodys:?}");
}

fn writer_shared(journal: &Journal) -> Arc<Shared> {
    Arc::clone(journal.0.as_ref().unwrap())
}

#[tokio::test]
async fn what_has_no_room_is_counted_and_told() {
    let world = World::new();
    for left in 0..MOST + 7 {
        let left = u32::try_from(left).unwrap();
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    let mut writer = world.writer();
    writer.write_out().await.unwrap();
    let stored = world.stored();
    assert_eq!(stored.len(), MOST + 1);
    assert_eq!(stored[MOST].what, What::EventsLost { events: 7 });
}

/// Counts what it is told, and may fail.
#[derive(Clone, Default)]
struct Listening {
    heard: Arc<AtomicU64>,
    fails: Arc<AtomicBool>,
}

#[async_trait]
impl AuditSink for Listening {
    fn name(&self) -> &'static str {
        "test"
    }

    async fn write(&mut self, events: &[Event]) -> Result<(), Missed> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into());
        }
        self.heard.fetch_add(events.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn all_is_written_before_the_end_and_a_sink_that_fails_holds_nothing_up() {
    let world = World::new();
    let (good, bad) = (Listening::default(), Listening::default());
    bad.fails.store(true, Ordering::SeqCst);
    let sinks: Vec<Box<dyn AuditSink>> = vec![Box::new(bad), Box::new(good.clone())];
    let writer = world.writing_to(sinks);
    let running = tokio::spawn(writer.run());
    for left in 0..600 {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    assert!(world.journal.flush(Duration::from_secs(60)).await);
    assert_eq!(good.heard.load(Ordering::SeqCst), 600);
    assert_eq!(world.stored().len(), 600);
    running.abort();
}

fn past_the_store(world: &World, sink: &Listening) -> Writer {
    Writer::past_the_store(&world.journal, vec![Box::new(sink.clone())])
}

#[tokio::test]
async fn where_the_store_keeps_nothing_a_command_tells_the_sinks() {
    let (world, sink) = (World::new(), Listening::default());
    world.journal.note(&Trail::of(Actor::Operator), Some(&ann()), What::AccountRemoved);
    let mut writer = past_the_store(&world, &sink);
    writer.write_out().await.unwrap();
    assert_eq!(sink.heard.load(Ordering::SeqCst), 1);
    sink.fails.store(true, Ordering::SeqCst);
    world.journal.note(&Trail::of(Actor::Operator), Some(&ann()), What::AccountRemoved);
    assert!(writer.write_out().await.is_err(), "nothing took it");
    assert!(world.stored().is_empty());
}

/// Takes its time: whoever waits for the record must wait for it.
struct Slow(Listening, Arc<tokio::sync::Semaphore>);

#[async_trait]
impl AuditSink for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn write(&mut self, events: &[Event]) -> Result<(), Missed> {
        self.1.acquire().await.unwrap().forget();
        self.0.write(events).await
    }
}

#[tokio::test]
async fn where_the_store_keeps_nothing_the_end_waits_for_the_sinks() {
    let (world, sink, goes) =
        (World::new(), Listening::default(), Arc::new(tokio::sync::Semaphore::new(0)));
    let slow = Slow(sink.clone(), Arc::clone(&goes));
    let writer = Writer::past_the_store(&world.journal, vec![Box::new(slow)]);
    let running = tokio::spawn(writer.run());
    world.journal.note(&Trail::default(), None, What::StoreLeft);
    assert!(!world.journal.flush(Duration::from_millis(200)).await, "it was not told yet");
    goes.add_permits(1);
    assert_eq!(world.journal.close(Duration::from_secs(60)).await, Written::All);
    assert_eq!(sink.heard.load(Ordering::SeqCst), 1);
    running.await.unwrap();
}

#[tokio::test]
async fn where_the_store_keeps_nothing_the_count_of_what_was_lost_waits_for_a_sink() {
    let (world, sink) = (World::new(), Listening::default());
    let (mut writer, shared) = (past_the_store(&world, &sink), writer_shared(&world.journal));
    sink.fails.store(true, Ordering::SeqCst);
    for left in 0..3 {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    writer.turn(&shared).await;
    writer.turn(&shared).await;
    assert!(!world.journal.flush(Duration::ZERO).await, "the count waits");
    sink.fails.store(false, Ordering::SeqCst);
    writer.turn(&shared).await;
    assert_eq!(sink.heard.load(Ordering::SeqCst), 1);
    assert!(world.journal.flush(Duration::ZERO).await);
}

#[tokio::test]
async fn while_the_store_is_away_events_wait_and_what_has_no_room_is_counted() {
    let world = World::new();
    let (mut writer, shared) = (world.writer(), writer_shared(&world.journal));
    world.store.is_away.store(true, Ordering::SeqCst);
    for left in 0..u32::try_from(MOST).unwrap() {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    writer.turn(&shared).await;
    for left in 0..5 {
        world.journal.note(&Trail::default(), None, What::CodeWrong { left });
    }
    writer.turn(&shared).await;
    assert!(!world.journal.flush(Duration::ZERO).await, "all of it waits");
    world.store.is_away.store(false, Ordering::SeqCst);
    writer.turn(&shared).await;
    let stored = world.stored();
    assert_eq!(stored.len(), MOST + 1);
    assert_eq!(stored[0].what, What::CodeWrong { left: 0 }, "the first ones are kept");
    assert_eq!(stored[MOST].what, What::EventsLost { events: 5 });
    assert!(world.journal.flush(Duration::ZERO).await);
}

#[tokio::test]
async fn what_says_how_many_were_lost_is_never_lost() {
    let world = World::new();
    let (mut writer, shared) = (world.writer(), writer_shared(&world.journal));
    world.store.is_away.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        // More than there is room for, in the queue and behind it.
        for left in 0..u32::try_from(MOST + 7).unwrap() {
            world.journal.note(&Trail::default(), None, What::CodeWrong { left });
        }
        writer.turn(&shared).await;
    }
    world.store.is_away.store(false, Ordering::SeqCst);
    assert!(!world.journal.flush(Duration::ZERO).await);
    writer.turn(&shared).await;
    assert!(world.journal.flush(Duration::ZERO).await, "the count is waited for, too");
    let lost = world.stored().into_iter().filter_map(|event| match event.what {
        What::EventsLost { events } => Some(events),
        _ => None,
    });
    let all = 3 * (MOST as u64 + 7);
    assert_eq!(lost.sum::<u64>(), all - MOST as u64);
}

#[tokio::test]
async fn what_waited_longer_than_erasures_are_remembered_names_nobody() {
    let world = World::new();
    let (mut writer, shared) = (world.writer(), writer_shared(&world.journal));
    world.store.is_away.store(true, Ordering::SeqCst);
    world.journal.note(&trail("203.0.113.7"), Some(&ann()), What::CodeWrong { left: 1 });
    writer.turn(&shared).await;
    world.pass(super::super::record::REMEMBERED);
    world.store.is_away.store(false, Ordering::SeqCst);
    writer.turn(&shared).await;
    let [event] = <[Event; 1]>::try_from(world.stored()).unwrap();
    assert_eq!(event, event.erased());
    assert!(event.person().is_some());
}
