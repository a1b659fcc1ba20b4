//! Nobody learns from the time or the work of an answer whether an address is known.
//!
//! Two forms. The store gets the same calls, whatever the address: that has no noise. And the time
//! is compared pair by pair: in each round the order is drawn, so that if all cost the same, either of
//! two is the slower one with chance 1/2, whatever else the machine does meanwhile (a sign test). The
//! draws repeat with their seed, so an effect of the place in the order alone is the same in every
//! run, and within the bound. The same test shows that it finds a difference that was planted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linkgate::domain::token::{Browser, Token};
use linkgate::gate::ask::{AskError, Asked};
use linkgate::gate::redeem::CodeRedeemed;
use linkgate::ports::{Clock, Entropy, Store, Upkeep};

use crate::gate_world::{HOUR, MINUTE, Seeded, World, address, caller, client};
use crate::watched_store::Watched;

/// Pairs of each comparison.
const PAIRS: u32 = 1000;
/// People of each kind, who take turns. They ask equally often, so that all have asked lately, or
/// none.
const PEOPLE: u32 = 20;
/// Standard deviations that the count of "the first kind was slower" may be off. With chance 1/2
/// it is off further once in 30 million comparisons (two-sided), and there are six of them.
const BOUND: f64 = 5.5;

/// Somebody with a session, somebody who may sign in and never has, and somebody who may not. All
/// are of one length.
const KINDS: [(&str, &str); 3] =
    [("known", "example.com"), ("fresh", "example.com"), ("known", "nowhere.net")];

fn name((name, domain): (&str, &str), number: u32) -> String {
    format!("{name}{number:05}@{domain}")
}

struct Scene {
    world: World,
    store: Arc<Watched>,
}

impl Scene {
    /// A store where the first `known` people of the first kind have sessions, and nobody has asked
    /// for a mail lately.
    async fn open(known: u32) -> Self {
        let store = Watched::new();
        let mut world = World::over(Arc::clone(&store) as Arc<dyn Store>);
        // The sessions are there to the end.
        world.terms.session.absolute = 10_000 * HOUR;
        for number in 0..known {
            world.signed_in(&name(KINDS[0], number), None).await;
        }
        let scene = Self { world, store };
        scene.tidy().await;
        scene
    }

    /// Lets a day pass and removes what is over: counts, attempts and mails.
    async fn tidy(&self) {
        self.world.clock.pass(25 * HOUR);
        self.store.sweep(self.world.clock.now()).await.expect("a store");
        self.store.calls();
    }

    async fn ask(&self, who: &str) -> Asked {
        self.world.ask(who, None).await.expect("a mail")
    }

    async fn resend(&self, browser: &Token<Browser>) -> Result<Asked, AskError> {
        self.world.resend(self.world.asker(Some(browser))).await
    }

    async fn wrong_code(&self, browser: &Token<Browser>) {
        let client = client();
        let redeemed = self.world.code("BBBB-BBBB", caller(&client, Some(browser), None)).await;
        assert!(matches!(redeemed, CodeRedeemed::Wrong { .. }));
    }
}

#[tokio::test]
async fn the_store_gets_the_same_calls_for_everybody() {
    let scene = Scene::open(1).await;
    let mut seen = Vec::new();
    let mut all = KINDS.to_vec();
    // And for somebody whose mail is held back since a report.
    let paused = ("pause", "example.com");
    let (_, job) = scene.world.mailed(&name(paused, 0), None).await;
    let report = scene.world.report(&job);
    scene.world.gate.report(&report, &address(&name(paused, 0))).await.expect("a store");
    all.push(paused);
    scene.store.calls();
    for kind in all {
        let who = name(kind, 0);
        let asked = scene.ask(&who).await;
        let mut calls = vec![scene.store.calls()];
        assert!(matches!(scene.resend(&asked.browser).await, Err(AskError::TooMany { .. })));
        calls.push(scene.store.calls());
        scene.world.clock.pass(MINUTE);
        scene.resend(&asked.browser).await.expect("a mail");
        calls.push(scene.store.calls());
        scene.world.gate.waiting(asked.browser.digest()).await.expect("a store");
        calls.push(scene.store.calls());
        scene.wrong_code(&asked.browser).await;
        calls.push(scene.store.calls());
        assert!(calls.iter().all(|it| !it.is_empty()), "{calls:?}");
        seen.push(calls);
    }
    for other in &seen[1..] {
        assert_eq!(*other, seen[0]);
    }
}

/// Counts in how many of the pairs the first was slower, in standard deviations from one half.
#[derive(Default)]
struct SignTest {
    slower: u32,
    pairs: u32,
}

impl SignTest {
    fn pair(&mut self, first: Duration, second: Duration) {
        // Equal ones say nothing.
        if first != second {
            self.pairs += 1;
            self.slower += u32::from(first > second);
        }
    }
}

fn deviations(test: SignTest) -> f64 {
    let pairs = f64::from(test.pairs.max(1));
    (f64::from(test.slower) - pairs / 2.0) / (pairs.sqrt() / 2.0)
}

async fn timed<T>(act: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let done = act.await;
    (start.elapsed(), done)
}

/// A drawn order of the kinds.
fn drawn(coin: &Seeded) -> [usize; 3] {
    const ORDERS: [[usize; 3]; 6] =
        [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut toss = [0; 8];
    coin.fill(&mut toss);
    ORDERS[usize::try_from(u64::from_le_bytes(toss) % 6).expect("small")]
}

/// What a stranger can ask for, for the first kind against the two others.
#[derive(Default)]
struct Compared {
    form: [SignTest; 2],
    resend: [SignTest; 2],
    code: [SignTest; 2],
}

fn note(tests: &mut [SignTest; 2], took: [Duration; 3]) {
    for (test, other) in tests.iter_mut().zip(&took[1..]) {
        test.pair(took[0], *other);
    }
}

async fn compare(scene: &Scene, rounds: u32) -> Compared {
    let coin = Seeded::new(7);
    let mut compared = Compared::default();
    for round in 0..rounds {
        let mut took = [Duration::ZERO; 3];
        let mut browsers = [const { None }; 3];
        for kind in drawn(&coin) {
            let who = name(KINDS[kind], round % PEOPLE);
            let (time, asked) = timed(scene.ask(&who)).await;
            (took[kind], browsers[kind]) = (time, Some(asked.browser));
        }
        note(&mut compared.form, took);
        let browsers = browsers.map(|it| it.expect("every kind has asked"));
        for kind in drawn(&coin) {
            took[kind] = timed(scene.wrong_code(&browsers[kind])).await.0;
        }
        note(&mut compared.code, took);
        scene.world.clock.pass(MINUTE);
        for kind in drawn(&coin) {
            let (time, asked) = timed(scene.resend(&browsers[kind])).await;
            took[kind] = time;
            asked.expect("a mail");
        }
        note(&mut compared.resend, took);
        if round % PEOPLE == PEOPLE - 1 {
            scene.tidy().await;
        }
    }
    compared
}

#[tokio::test]
async fn answers_take_the_same_time_for_everybody() {
    let scene = Scene::open(PEOPLE).await;
    let compared = compare(&scene, PAIRS).await;
    let all = [compared.form, compared.resend, compared.code].map(|it| it.map(deviations));
    println!("form, resend, code against those who may and who may not: {all:.1?}");
    assert!(all.as_flattened().iter().all(|it| it.abs() < BOUND), "{all:.1?}");
}

#[tokio::test]
async fn a_step_that_is_left_out_would_be_found() {
    let scene = Scene::open(PEOPLE).await;
    let coin = Seeded::new(7);
    let forgotten = name(KINDS[2], 0);
    *scene.store.forgets.lock().expect("no panic") = Some(scene.world.person(&forgotten));
    let mut tests = <[SignTest; 2]>::default();
    for _ in 0..PAIRS / 2 {
        let mut took = [Duration::ZERO; 3];
        for kind in drawn(&coin) {
            took[kind] = timed(scene.ask(&name(KINDS[kind], 0))).await.0;
        }
        note(&mut tests, took);
    }
    let [honest, planted] = tests.map(deviations);
    println!("nothing planted {honest:.1}, planted {planted:.1}");
    // By the same bound. On a machine that is so busy that all the time goes into waiting for a turn,
    // one turn less of two still is quicker in three pairs of four: 11 standard deviations.
    assert!(honest.abs() < BOUND && planted > BOUND, "{honest:.1} {planted:.1}");
}
