//! Passwords: who sets one, who gets in with one, and what nobody learns.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::domain::account::AccountOrigin;
use linkgate::domain::device::Device;
use linkgate::domain::password::{Password, PasswordHash, PasswordProblem, PasswordTerms};
use linkgate::domain::secret::Secret;
use linkgate::domain::terms::{Mode, Registration};
use linkgate::gate::accounts::AccountWish;
use linkgate::gate::ask::{AskError, Asked, Asker};
use linkgate::gate::mail_job::MailKind;
use linkgate::gate::password::PasswordRedeemed;
use linkgate::gate::redeem::{CodeRedeemed, Opened, Redeemed};
use linkgate::ports::{Entropy, Passwords, Store, TooBusy};

use crate::gate_world::{HOUR, MINUTE, Seeded, World, address, caller, client};
use crate::watched_store::Watched;

const ANN: &str = "ann@example.com";
const GOOD: &str = "lantern orbit pickle mosaic";
const OTHER: &str = "velvet ladder comet biscuit";

fn hybrid(limit: &str) -> Mode {
    Mode::Hybrid(PasswordTerms {
        min_length: 15,
        person_limit: limit.parse().expect("a limit"),
        client_limit: "1000000/1h".parse().expect("a limit"),
    })
}

fn world() -> World {
    let mut world = World::in_memory();
    world.terms.mode = hybrid("1000000/1h");
    world
}

fn typed(text: &str) -> Password {
    Password::typed(text).expect("a password")
}

impl World {
    /// Chooses a password, and returns the browser and what the mail says.
    async fn choose(&self, who: &str, text: &str) -> Asked {
        let (email, password, asker) = (address(who), typed(text), self.asker(None));
        let asked = self
            .at(async |gate, place| {
                gate.request_password(place, asker, &email, &password, "/deep").await
            })
            .await;
        asked.expect("a mail")
    }

    async fn try_password(&self, who: &str, text: &str, asker: &Asker) -> Tried {
        let (email, password) = (address(who), typed(text));
        let done = self
            .at(async |gate, place| {
                gate.redeem_password(place, asker, None, &email, &password, "/deep").await
            })
            .await;
        match done {
            Ok(PasswordRedeemed::SignedIn(it)) => Tried::In(it.device),
            Ok(PasswordRedeemed::Wrong) => Tried::Wrong,
            Err(AskError::TooMany { .. }) => Tried::TooMany,
            Err(error) => panic!("{error}"),
        }
    }

    async fn enters(&self, who: &str, text: &str) -> bool {
        matches!(self.try_password(who, text, &self.asker(None)).await, Tried::In(_))
    }

    /// Gives somebody a password the usual way.
    async fn with_password(&self, who: &str, text: &str) {
        let asked = self.choose(who, text).await;
        let job = self.mails().await.remove(0);
        let client = client();
        let opened = self.open(&self.link(&job), caller(&client, Some(&asked.browser), None)).await;
        let Opened::SignedIn(it) = opened else { panic!("{opened:?}") };
        assert!(it.password_set);
    }
}

#[derive(Debug)]
enum Tried {
    In(Device),
    Wrong,
    TooMany,
}

#[tokio::test]
async fn the_mail_sets_it_in_the_browser_where_it_was_typed() {
    let world = world();
    assert!(!world.enters(ANN, GOOD).await);
    let asked = world.choose(ANN, GOOD).await;
    let job = world.mails().await.remove(0);
    assert_eq!(job.kind, MailKind::NewPassword);
    assert!(!world.enters(ANN, GOOD).await, "typed is not set");
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&asked.browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(it) if it.password_set && !it.registered));
    assert!(world.enters(ANN, GOOD).await);
    assert!(!world.enters(ANN, OTHER).await);
    // By code as well, and then the old one is worth nothing.
    let asked = world.choose(ANN, OTHER).await;
    let job = world.mails().await.remove(0);
    let caller = caller(&client, Some(&asked.browser), None);
    let CodeRedeemed::SignedIn(it) = world.code(&job.code, caller).await else { panic!("a code") };
    assert!(it.password_set);
    assert!(world.enters(ANN, OTHER).await && !world.enters(ANN, GOOD).await);
}

/// Whoever registers with somebody else's address and a password of their own must get nothing by
/// that person's click (account pre-hijacking).
#[tokio::test]
async fn the_link_sets_nothing_in_any_other_browser() {
    let world = world();
    let attacker = world.choose(ANN, GOOD).await;
    let job = world.mails().await.remove(0);
    let (client, link) = (client(), world.link(&job));
    let opened = world.open(&link, caller(&client, None, None)).await;
    assert!(matches!(opened, Opened::Elsewhere(_)));
    let Redeemed::SignedIn(it) = world.confirm(&link, ANN, caller(&client, None, None)).await
    else {
        panic!("the owner signs in");
    };
    assert!(!it.password_set);
    assert!(!world.enters(ANN, GOOD).await);
    // A fresh link for a dead one is the asking browser's own, and sets nothing either.
    world.clock.pass(HOUR);
    let victim = world.fresh_link(world.asker(None), &link).await.expect("a mail");
    let job = world.mails().await.remove(0);
    assert_eq!(job.kind, MailKind::SignIn, "the mail speaks of no password");
    let own = caller(&client, Some(&victim.browser), None);
    let opened = world.open(&world.link(&job), own).await;
    assert!(matches!(opened, Opened::SignedIn(it) if !it.password_set));
    assert!(!world.enters(ANN, GOOD).await);
    // The browser that typed it goes on having its code alone.
    let own = caller(&client, Some(&attacker.browser), None);
    assert!(matches!(world.code("BBBB-BBBB", own).await, CodeRedeemed::Gone(..)));
}

#[tokio::test]
async fn a_resend_keeps_what_was_typed() {
    let world = world();
    let asked = world.choose(ANN, GOOD).await;
    world.mails().await;
    world.clock.pass(MINUTE);
    let again = world.resend(world.asker(Some(&asked.browser))).await.expect("a mail");
    let job = world.mails().await.remove(0);
    assert_eq!(job.kind, MailKind::NewPassword);
    let client = client();
    world.open(&world.link(&job), caller(&client, Some(&again.browser), None)).await;
    assert!(world.enters(ANN, GOOD).await);
}

#[tokio::test]
async fn a_site_without_passwords_sets_none_and_takes_none() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let asked = world.choose(ANN, OTHER).await;
    let job = world.mails().await.remove(0);
    world.terms.mode = Mode::Passwordless;
    assert!(!world.enters(ANN, GOOD).await);
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&asked.browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(it) if !it.password_set));
    let asked = world.choose(ANN, OTHER).await;
    assert!(asked.attempt.new_password.is_none(), "nothing of it is kept");
    world.terms.mode = hybrid("1000/1h");
    assert!(world.enters(ANN, GOOD).await && !world.enters(ANN, OTHER).await);
}

#[tokio::test]
async fn another_password_ends_the_other_sessions_and_a_first_one_does_not() {
    let world = world();
    let before = world.signed_in(ANN, None).await;
    world.with_password(ANN, GOOD).await;
    assert!(world.is_in(&before.token).await, "nobody could have come in with a password");
    world.with_password(ANN, OTHER).await;
    assert!(!world.is_in(&before.token).await);
}

#[tokio::test]
async fn a_password_makes_nobody_a_member_and_registration_does() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert_eq!(account.origin, AccountOrigin::Password);
    assert!(!account.is_member());
    world.terms.registration = Registration::Open;
    assert!(world.enters(ANN, GOOD).await);
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert!(account.is_member() && account.password.is_some(), "{account:?}");
    world.with_password("bob@example.com", GOOD).await;
    let bob = world.gate.account(&address("bob@example.com")).await.expect("a store");
    assert!(bob.is_some_and(|it| it.is_member() && it.password.is_some()));
    // Taken away, the account stays; of somebody who had nothing else, nothing does.
    world.gate.drop_password(&address(ANN)).await.expect("a store");
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert!(account.is_member() && account.password.is_none());
    assert!(!world.enters(ANN, GOOD).await);
}

#[tokio::test]
async fn what_an_operator_says_later_keeps_the_password() {
    let world = world();
    world.with_password(ANN, GOOD).await;
    let wish = AccountWish { email: address(ANN), name: None, groups: Default::default() };
    world.gate.add_account(&wish).await.expect("a store");
    assert!(world.enters(ANN, GOOD).await);
    world.gate.suspend_account(&address(ANN)).await.expect("a store");
    assert!(!world.enters(ANN, GOOD).await);
    world.gate.resume_account(&address(ANN)).await.expect("a store");
    assert!(world.enters(ANN, GOOD).await);
    world.off_the_list.lock().expect("no panic").push(ANN.to_owned());
    assert!(!world.enters(ANN, GOOD).await, "off the list");
}

/// "That was not me" of a sign-in with a password: whoever came in knows it.
#[tokio::test]
async fn a_report_takes_the_password_away() {
    let mut world = world();
    world.terms.new_device_notice = true;
    world.with_password(ANN, GOOD).await;
    world.mails().await;
    world.clock.pass(MINUTE);
    assert!(world.enters(ANN, GOOD).await);
    let notice = world.mails().await.remove(0);
    assert!(matches!(notice.kind, MailKind::NewDevice { .. }));
    world.clock.pass(20 * HOUR);
    world.gate.report(&world.report(&notice), &address(ANN)).await.expect("a store");
    assert!(!world.enters(ANN, GOOD).await);
    assert!(world.gate.account(&address(ANN)).await.expect("a store").is_none());
}

#[tokio::test]
async fn tries_are_limited_by_person_and_client_and_a_known_browser_has_its_own() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let Tried::In(device) = world.try_password(ANN, GOOD, &world.asker(None)).await else {
        panic!("it is right");
    };
    world.terms.mode = hybrid("3/1h");
    world.clock.pass(2 * HOUR);
    for _ in 0..3 {
        let tried = world.try_password(ANN, OTHER, &world.asker(None)).await;
        assert!(matches!(tried, Tried::Wrong), "{tried:?}");
    }
    let stranger = world.try_password(ANN, GOOD, &world.asker(None)).await;
    assert!(matches!(stranger, Tried::TooMany), "right or wrong: {stranger:?}");
    // Nobody is kept out of their own browser by others, nor from the link.
    let own = Asker { device: Some(device), ..world.asker(None) };
    assert!(matches!(world.try_password(ANN, GOOD, &own).await, Tried::In(_)));
    assert!(world.ask(ANN, None).await.is_ok());
    for _ in 0..2 {
        world.try_password(ANN, OTHER, &own).await;
    }
    let own = world.try_password(ANN, GOOD, &own).await;
    assert!(matches!(own, Tried::TooMany), "its count is one, too: {own:?}");
    world.clock.pass(2 * HOUR);
    let mut terms = PasswordTerms { ..*world.terms.passwords().expect("hybrid") };
    terms.client_limit = "2/1h".parse().expect("a limit");
    world.terms.mode = Mode::Hybrid(terms);
    for number in 0..2 {
        world.try_password(&format!("p{number}@example.com"), OTHER, &world.asker(None)).await;
    }
    let tried = world.try_password("p2@example.com", OTHER, &world.asker(None)).await;
    assert!(matches!(tried, Tried::TooMany), "one client, many people: {tried:?}");
}

#[tokio::test]
async fn what_may_be_chosen_is_judged_with_the_words_around_it() {
    let world = world();
    let judge = async |text: &str| {
        let (password, terms) = (typed(text), *world.terms.passwords().expect("hybrid"));
        let email = address("josephine.baker@example.com");
        let judged = world.gate.judge_password(&password, &terms, &email, &["Lighthouse"]).await;
        judged.expect("time")
    };
    assert_eq!(judge(GOOD).await, Ok(()));
    assert_eq!(judge("too short").await, Err(PasswordProblem::TooShort { least: 15 }));
    for text in ["josephine.baker", "lighthouselighthouse", "baker.josephine1"] {
        assert_eq!(judge(text).await, Err(PasswordProblem::Guessable), "{text}");
    }
}

/// Changes the account while a password is compared.
struct Meddling {
    inner: Argon2Passwords,
    meddle: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

#[async_trait]
impl Passwords for Meddling {
    async fn judge(
        &self,
        password: &Password,
        least: u32,
        known: Vec<String>,
    ) -> Result<Result<(), PasswordProblem>, TooBusy> {
        self.inner.judge(password, least, known).await
    }

    async fn hash(&self, password: &Password) -> Result<PasswordHash, TooBusy> {
        self.inner.hash(password).await
    }

    async fn matches(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, TooBusy> {
        let matches = self.inner.matches(password, hash).await;
        if let Some(meddle) = self.meddle.lock().expect("no panic").take() {
            meddle();
        }
        matches
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_while_it_is_compared_opens_nothing() {
    let secret = Secret::new(&[7; 32]).expect("a secret");
    let inner = Argon2Passwords::new(&secret, Arc::new(Seeded::new(5)));
    let meddling = Arc::new(Meddling { inner, meddle: Mutex::default() });
    let mut world = World::with_passwords(Arc::clone(&meddling) as Arc<dyn Passwords>);
    world.terms.mode = hybrid("1000/1h");
    world.with_password(ANN, GOOD).await;
    let (store, person) = (Arc::clone(&world.store), world.person(ANN));
    let linkgate::ports::AccountFound::Account(account) =
        store.account(person).await.expect("a store")
    else {
        panic!("an account");
    };
    let runtime = tokio::runtime::Handle::current();
    *meddling.meddle.lock().expect("no panic") = Some(Box::new(move || {
        let changed = account.clone().changed();
        let change = linkgate::ports::AccountChange {
            person,
            from: Some(account.revision),
            to: Some(&changed),
            ends_sessions: false,
        };
        tokio::task::block_in_place(|| {
            runtime.block_on(async { store.change_account(change).await.expect("a store") })
        });
    }));
    let entered = world.enters(ANN, GOOD).await;
    assert!(!entered, "it may have been another password by then");
    assert!(world.enters(ANN, GOOD).await, "and it was not");
}

/// Somebody with a password, somebody without one, somebody unknown, one who is suspended, one who
/// may not enter; all of one length.
const KINDS: [&str; 5] = [
    "known@example.com",
    "plain@example.com",
    "fresh@example.com",
    "sussp@example.com",
    "known@nowhere.net",
];

async fn scene() -> (World, Arc<Watched>) {
    let store = Watched::new();
    let mut world = World::over(Arc::clone(&store) as Arc<dyn Store>);
    world.terms.mode = hybrid("1000000/1h");
    for who in [KINDS[0], KINDS[3]] {
        world.with_password(who, GOOD).await;
    }
    world.signed_in(KINDS[1], None).await;
    world.gate.suspend_account(&address(KINDS[3])).await.expect("a store");
    store.calls();
    (world, store)
}

#[tokio::test]
async fn the_store_gets_the_same_calls_whoever_is_named() {
    let (world, store) = scene().await;
    let mut seen = Vec::new();
    for who in KINDS {
        let wrong = world.try_password(who, OTHER, &world.asker(None)).await;
        assert!(matches!(wrong, Tried::Wrong), "{who}");
        let tried = store.calls();
        world.choose(who, OTHER).await;
        seen.push((tried, store.calls()));
    }
    assert!(!seen[0].0.is_empty());
    for (who, other) in KINDS.iter().zip(&seen) {
        assert_eq!(*other, seen[0], "{who}");
    }
    // The suspended one's right password, too.
    let right = world.try_password(KINDS[3], GOOD, &world.asker(None)).await;
    assert!(matches!(right, Tried::Wrong));
    assert_eq!(store.calls(), seen[0].0);
}

/// By the sign test of [`crate::gate_timing`], with fewer pairs: one hash takes longer than all else.
#[tokio::test]
async fn a_wrong_password_takes_the_same_time_whoever_is_named() {
    const PAIRS: u32 = 120;
    let (world, _) = scene().await;
    let coin = Seeded::new(9);
    let mut slower = [0_u32; KINDS.len()];
    for _ in 0..PAIRS {
        for other in 1..KINDS.len() {
            let mut toss = [0];
            coin.fill(&mut toss);
            let mut took = [Duration::ZERO; 2];
            for turn in [usize::from(toss[0] & 1), usize::from(toss[0] & 1 == 0)] {
                let who = [KINDS[0], KINDS[other]][turn];
                let start = Instant::now();
                world.try_password(who, OTHER, &world.asker(None)).await;
                took[turn] = start.elapsed();
            }
            slower[other] += u32::from(took[0] > took[1]);
        }
    }
    // 5.5 standard deviations of a fair coin; without the hash of one side it would be all of them.
    let bound = 5.5 * f64::from(PAIRS).sqrt() / 2.0;
    for (who, slower) in KINDS.iter().zip(slower).skip(1) {
        let off = (f64::from(slower) - f64::from(PAIRS) / 2.0).abs();
        assert!(off < bound, "{who}: the one with a password was slower {slower} times of {PAIRS}");
    }
}

#[tokio::test]
async fn a_password_leaves_the_waiting_tab_alone() {
    let world = world();
    world.with_password(ANN, GOOD).await;
    world.clock.pass(HOUR);
    let (browser, job) = world.mailed(ANN, None).await;
    let asker = world.asker(Some(&browser));
    assert!(matches!(world.try_password(ANN, GOOD, &asker).await, Tried::In(_)));
    // Its mail is still the latest, and still works.
    let waiting = world.gate.waiting(browser.digest()).await.expect("a store").expect("an attempt");
    assert_eq!(waiting.attempt.return_url, "/deep");
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(_)), "{opened:?}");
}
