//! Thousands of mails through the outbox and its couriers, some of which die in the midst of it: none is
//! lost, and none comes twice but what a courier had in hand when it died, with the same Message-ID.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::mail::message::message_id;
use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::domain::delivery::DeliveryState;
use linkgate::domain::sender::Sender;
use linkgate::portal::courier::Courier;
use linkgate::portal::mail::MailRoom;
use linkgate::ports::{Clock, MailError, MailId, Mailer, OutgoingMail, Receipt, Store};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::gate_world::{MINUTE, Seeded, World, address};
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::{eventually_within, folder};

const AT_ONCE: usize = 8;
const LIVING: usize = 3;
const DYING: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

/// One mail that reached the other side.
struct Arrival {
    courier: usize,
    message_id: String,
}

/// All that reached the other side.
#[derive(Default)]
struct Arrivals(Mutex<BTreeMap<MailId, Vec<Arrival>>>);

impl Arrivals {
    fn count(&self) -> usize {
        self.0.lock().expect("no panic").len()
    }
}

/// Takes mails. One that dies takes so many and then answers no more; half of what it has in hand then has
/// reached the other side, and half has not.
struct Taker {
    courier: usize,
    arrivals: Arc<Arrivals>,
    answers: usize,
    asked: AtomicUsize,
    stuck: Arc<AtomicUsize>,
}

#[async_trait]
impl Mailer for Taker {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let dies = asked >= self.answers;
        if !dies || asked.is_multiple_of(2) {
            let arrival = Arrival { courier: self.courier, message_id: message_id(mail) };
            self.arrivals.0.lock().expect("no panic").entry(mail.id).or_default().push(arrival);
        }
        if dies {
            self.stuck.fetch_add(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        tokio::task::yield_now().await;
        Ok(Receipt::default())
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    async fn probe(&self) -> Result<(), MailError> {
        Ok(())
    }
}

/// A store as one process of several opens it.
type Opens = Arc<dyn Fn() -> Arc<dyn Store> + Send + Sync>;

/// A courier in a runtime of its own, so that all it does can be ended at once.
struct Process {
    runtime: Option<Runtime>,
    stuck: Arc<AtomicUsize>,
}

impl Process {
    fn start(
        courier: usize,
        answers: usize,
        world: &World,
        opens: &Opens,
        arrivals: &Arc<Arrivals>,
    ) -> Self {
        let stuck = Arc::default();
        let taker = Taker {
            courier,
            arrivals: Arc::clone(arrivals),
            answers,
            asked: AtomicUsize::new(0),
            stuck: Arc::clone(&stuck),
        };
        let sender = Sender { name: None, address: address("login@a.example"), reply_to: None };
        let (mails, seal) = (MailRoom::built_in(sender).expect("mails"), &world.gate.keys().mail);
        let (seal, clock, opens) = (seal.clone(), Arc::clone(&world.clock), Arc::clone(opens));
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        runtime.spawn(async move {
            let courier = Courier {
                store: opens(),
                mailer: Arc::new(taker),
                mails,
                seal,
                clock: clock as Arc<dyn Clock>,
                entropy: Arc::new(Seeded::new(u64::try_from(courier).expect("few"))),
                waits: Arc::default(),
                health: Arc::default(),
                metrics: Arc::default(),
                journal: linkgate::gate::journal::Journal::silent(),
            };
            Arc::new(courier).run(tokio::sync::watch::channel(false).1).await;
        });
        Self { runtime: Some(runtime), stuck }
    }

    fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::SeqCst) == AT_ONCE
    }

    fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks for so many mails, to as many people.
async fn asked(world: &Arc<World>, total: usize) {
    let places = Arc::new(Semaphore::new(64));
    let mut asking = JoinSet::new();
    for number in 0..total {
        let place = Arc::clone(&places).acquire_owned().await.expect("a place");
        let world = Arc::clone(world);
        asking.spawn(async move {
            let _place = place;
            world.ask(&format!("person-{number}@example.com"), None).await.expect("queued");
        });
    }
    asking.join_all().await;
}

/// Waits until so many mails have arrived and so many are accepted. To count the records is work, so that
/// is done only when it may be so.
async fn accepted(world: &World, arrivals: &Arrivals, arrived: usize, count: usize) {
    eventually_within(PATIENCE, &format!("{count} mails are accepted"), async || {
        if arrivals.count() < arrived {
            return None;
        }
        (in_state(world, DeliveryState::Accepted).await == count).then_some(())
    })
    .await;
}

async fn in_state(world: &World, state: DeliveryState) -> usize {
    let counts = world.store.delivery_counts(world.clock.now()).await.expect("the store works");
    let all = DeliveryState::ALL.into_iter().zip(counts);
    let count = all.filter(|(it, _)| *it == state).map(|(_, count)| count).sum::<u64>();
    usize::try_from(count).expect("few")
}

async fn none_is_lost_and_none_doubled_beyond_a_kill(opens: Opens, total: usize) {
    let world = Arc::new(World::over(opens()));
    let arrivals = Arc::new(Arrivals::default());
    asked(&world, total).await;
    let start = |courier: usize, answers: usize| {
        Process::start(courier, answers, &world, &opens, &arrivals)
    };
    // Those that die have some hundred mails behind them by then.
    let mut dying: Vec<_> = (0..DYING).map(|it| start(it, total / 20 * (it + 1))).collect();
    let living: Vec<_> = (DYING..DYING + LIVING).map(|it| start(it, usize::MAX)).collect();
    for process in &mut dying {
        eventually_within(PATIENCE, "a courier has its hands full", async || {
            process.is_stuck().then_some(())
        })
        .await;
        process.kill();
    }
    let in_hand = DYING * AT_ONCE;
    accepted(&world, &arrivals, total - in_hand / 2, total - in_hand).await;
    assert_eq!(in_state(&world, DeliveryState::Sending).await, in_hand);
    // The leases of the dead end.
    world.clock.pass(MINUTE + Duration::from_secs(1));
    accepted(&world, &arrivals, total, total).await;
    drop(living);
    let arrivals = arrivals.0.lock().expect("no panic");
    assert_eq!(arrivals.len(), total, "none is lost, and none came from nowhere");
    let doubled: Vec<_> = arrivals.values().filter(|it| it.len() > 1).collect();
    assert_eq!(
        doubled.len(),
        in_hand / 2,
        "what had arrived when its courier died, and nothing else"
    );
    for twice in doubled {
        assert!(twice.len() == 2 && twice[0].courier < DYING && twice[1].courier >= DYING);
        assert_eq!(twice[0].message_id, twice[1].message_id);
    }
    let names: BTreeSet<_> = arrivals.values().map(|it| &it[0].message_id).collect();
    assert_eq!(names.len(), total, "each has a name of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded() {
    let folder = folder();
    let store = Embedded::open(folder.path()).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let opens: Opens = Arc::new(move || Arc::clone(&store));
    none_is_lost_and_none_doubled_beyond_a_kill(opens, 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let server = RedisServer::shared().await;
    let (url, prefix) = (server.url(), fresh_prefix());
    let opens: Opens = Arc::new(move || {
        Arc::new(RedisStore::new(&url, &prefix, RedisOptions::default()).expect("a store"))
    });
    none_is_lost_and_none_doubled_beyond_a_kill(opens, 10_000).await;
}
