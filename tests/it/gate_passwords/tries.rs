//! How often a password is tried, and what a crowd uses up.

use super::*;

#[tokio::test]
async fn tries_are_limited_by_person_and_client_and_a_known_browser_has_its_own() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let tried = world.try_password(ANN, GOOD, &world.asker(None)).await;
    let Tried::In(signed_in) = tried else { panic!("{tried:?}") };
    world.terms.mode = hybrid("3/1h");
    world.clock.pass(2 * HOUR);
    for _ in 0..3 {
        let tried = world.try_password(ANN, OTHER, &world.asker(None)).await;
        assert!(matches!(tried, Tried::Wrong), "{tried:?}");
    }
    let stranger = world.try_password(ANN, GOOD, &world.asker(None)).await;
    assert!(matches!(stranger, Tried::TooMany), "right or wrong: {stranger:?}");
    // Nobody is kept out of their own browser by others, nor from the link.
    let own = Asker { device: Some(signed_in.device), ..world.asker(None) };
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

/// Ten tries an hour for a year would be too many.
#[tokio::test]
async fn nobody_guesses_slowly_for_ever_and_a_network_is_one_guesser() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    world.terms.mode = hybrid("10/1h");
    let mut tries = 0;
    for _ in 0..48 {
        while matches!(world.try_password(ANN, OTHER, &world.asker(None)).await, Tried::Wrong) {
            tries += 1;
        }
        world.clock.pass(HOUR);
    }
    assert_eq!(tries, 100, "in two days");
    world.clock.pass(7 * 24 * HOUR);
    assert!(world.enters(ANN, GOOD).await);
    let mut terms = *world.terms.passwords().expect("hybrid");
    terms.network_limit = "2/1h".parse().expect("a limit");
    world.terms.mode = Mode::Hybrid(terms);
    world.clock.pass(HOUR);
    for (client, passes) in
        [("2001:db8:5:1::1", true), ("2001:db8:5:2::1", true), ("2001:db8:5:3::1", false)]
    {
        let client = ClientAddress::from(client.parse::<std::net::IpAddr>().expect("an address"));
        let asker = Asker { client, ..world.asker(None) };
        let tried = world.try_password(&format!("{}@example.com", tries), OTHER, &asker).await;
        assert_eq!(matches!(tried, Tried::Wrong), passes, "{tried:?}");
        tries += 1;
    }
}

/// Changes the account while a password is compared, and may have no place for anybody.
struct Meddling {
    inner: Argon2Passwords,
    meddle: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    is_full: AtomicBool,
}

impl Meddling {
    fn new() -> Arc<Self> {
        let secret = Secret::new(&[7; 32]).expect("a secret");
        let inner = Argon2Passwords::new(&secret, Arc::new(Seeded::new(5)));
        Arc::new(Self { inner, meddle: Mutex::default(), is_full: AtomicBool::new(false) })
    }
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

    fn seat(&self) -> Result<Seat, TooBusy> {
        if self.is_full.load(Ordering::Relaxed) { Err(TooBusy) } else { self.inner.seat() }
    }

    async fn hash(&self, seat: Seat, password: &Password) -> Result<PasswordHash, TooBusy> {
        self.inner.hash(seat, password).await
    }

    async fn matches(
        &self,
        seat: Seat,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, TooBusy> {
        let matches = self.inner.matches(seat, password, hash).await;
        if let Some(meddle) = self.meddle.lock().expect("no panic").take() {
            meddle();
        }
        matches
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_changed_while_it_is_compared_opens_nothing() {
    let meddling = Meddling::new();
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
        let changed = Arc::unwrap_or_clone(account.clone()).changed();
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

/// Or a crowd could use up the tries of everybody.
#[tokio::test]
async fn who_finds_no_place_has_used_up_no_try() {
    let passwords = Meddling::new();
    let mut world = World::with_passwords(Arc::clone(&passwords) as Arc<dyn Passwords>);
    world.terms.mode = hybrid("3/1h");
    let signed_in = world.with_password(ANN, GOOD).await;
    let (asked, job) = world.wants(ANN).await;
    let own = Asker { device: Some(signed_in.device), ..world.asker(None) };
    passwords.is_full.store(true, Ordering::Relaxed);
    for _ in 0..25 {
        for asker in [&own, &world.asker(None)] {
            let tried = world.try_password(ANN, GOOD, asker).await;
            assert!(matches!(tried, Tried::Busy), "{tried:?}");
        }
        let chosen = world.choose_by_code(&job.code, OTHER, &asked.browser).await;
        assert!(matches!(chosen, Err(RedeemError::Busy(_))), "{chosen:?}");
    }
    passwords.is_full.store(false, Ordering::Relaxed);
    for asker in [own, world.asker(None)] {
        let tried = world.try_password(ANN, GOOD, &asker).await;
        assert!(matches!(tried, Tried::In(_)), "{tried:?}");
    }
    let chosen = world.choose_by_code(&job.code, OTHER, &asked.browser).await;
    assert!(matches!(chosen, Ok(CodeRedeemed::SignedIn(_))), "{chosen:?}");
}
