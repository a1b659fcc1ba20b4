//! What the courier does with the kinds of mail, and what it notes of the relay.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use linkgate::domain::delivery::DeliveryState;
use linkgate::domain::sender::Sender;
use linkgate::domain::time::UnixMillis;
use linkgate::portal::courier::Courier;
use linkgate::portal::courier::health::{MailHealth, Trouble};
use linkgate::portal::mail::MailRoom;
use linkgate::ports::{Clock, MailError, Mailer, OutgoingMail, Receipt};
use tokio::task::JoinHandle;

use crate::gate_world::{MINUTE, Seeded, World, address};
use crate::support::eventually;

const ANN: &str = "ann@example.com";

/// Answers as it was told, and with success after that.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<Receipt, MailError>>>,
    sent: Mutex<Vec<OutgoingMail>>,
    reachable: Mutex<Option<MailError>>,
    probes: AtomicUsize,
}

#[async_trait]
impl Mailer for Scripted {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        self.sent.lock().expect("no panic").push(mail.clone());
        self.answers.lock().expect("no panic").pop_front().unwrap_or(Ok(Receipt::default()))
    }

    async fn probe(&self) -> Result<(), MailError> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        self.reachable.lock().expect("no panic").clone().map_or(Ok(()), Err)
    }
}

struct Office {
    world: World,
    mailer: Arc<Scripted>,
    health: Arc<MailHealth>,
    running: JoinHandle<()>,
}

impl Office {
    fn open(world: World) -> Self {
        Self::with(world, Ok(()))
    }

    /// With a relay that can, or cannot, be reached when the courier starts.
    fn with(world: World, reachable: Result<(), MailError>) -> Self {
        let address = address("login@sender.example");
        let sender = Sender { name: None, address, reply_to: None };
        let reachable = Mutex::new(reachable.err());
        let mailer = Arc::new(Scripted { reachable, ..Scripted::default() });
        let courier = Courier {
            store: Arc::clone(&world.store),
            mailer: Arc::clone(&mailer) as Arc<dyn Mailer>,
            mails: MailRoom::built_in(sender).expect("mails"),
            seal: world.gate.keys().mail.clone(),
            clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
            entropy: Arc::new(Seeded::new(1)),
            waits: world.gate.mail_waits(),
            health: Arc::default(),
            metrics: Arc::default(),
            journal: linkgate::gate::journal::Journal::silent(),
        };
        let health = Arc::clone(&courier.health);
        let running = tokio::spawn(Arc::new(courier).run(tokio::sync::watch::channel(false).1));
        Self { world, mailer, health, running }
    }

    fn answers(&self, answers: impl IntoIterator<Item = Result<Receipt, MailError>>) {
        self.mailer.answers.lock().expect("no panic").extend(answers);
    }

    fn reach(&self, reachable: Result<(), MailError>) {
        *self.mailer.reachable.lock().expect("no panic") = reachable.err();
    }

    async fn sent(&self, count: usize) -> OutgoingMail {
        eventually(&format!("try {count}"), async || {
            let sent = self.mailer.sent.lock().expect("no panic");
            (sent.len() >= count).then(|| sent[count - 1].clone())
        })
        .await
    }

    async fn trouble(&self, what: &str, wanted: fn(Option<Trouble>) -> bool) {
        eventually(what, async || {
            wanted(self.health.trouble(self.world.clock.now())).then_some(())
        })
        .await;
    }

    fn probes(&self) -> usize {
        self.mailer.probes.load(Ordering::SeqCst)
    }

    /// Lets the pause between two probes pass, and waits for the probe that an ask causes.
    async fn probed_for(&self, address: &str) {
        self.world.clock.pass(Duration::from_secs(10));
        let before = self.probes();
        self.world.ask(address, None).await.expect("queued");
        eventually(&format!("a probe for {address}"), async || {
            (self.probes() == before + 1).then_some(())
        })
        .await;
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn transient() -> Result<Receipt, MailError> {
    Err(MailError::Transient("connection refused".into()))
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_is_told_from_the_start_until_it_can() {
    let office = Office::with(World::in_memory(), Err(MailError::Transient("refused".into())));
    office.trouble("a delay", |it| matches!(it, Some(Trouble::Delayed { .. }))).await;
    let since = office.world.clock.now();
    office.world.clock.pass(5 * MINUTE);
    assert_eq!(office.health.trouble(office.world.clock.now()), Some(Trouble::Down { since }));
    office.reach(Ok(()));
    // Nobody asks, and the relay is probed all the same.
    office.world.clock.pass(Duration::from_secs(10));
    office.trouble("no trouble", |it| it.is_none()).await;
}

/// Whoever asks for a mail to somebody else's address sees the health, too: if the relay's answer
/// about that mail moved it, it would say whether the address is known.
#[tokio::test]
async fn what_the_relay_says_of_one_mail_tells_nobody_anything() {
    let office = Office::open(World::in_memory());
    let refused = || Err(MailError::Permanent("550 no such user".into()));
    office.answers([transient(), refused(), transient()]);
    for (count, address) in [ANN, "bob@example.com", "dan@example.com"].into_iter().enumerate() {
        office.world.ask(address, None).await.expect("queued");
        office.sent(count + 1).await;
        assert_eq!(office.health.trouble(office.world.clock.now()), None, "{address}");
    }
    // Nor does a success say that the trouble is over.
    office.reach(Err(MailError::Transient("refused".into())));
    office.probed_for("fay@example.com").await;
    office.trouble("a delay", |it| it.is_some()).await;
    office.sent(4).await;
    assert!(office.health.trouble(office.world.clock.now()).is_some());
}

#[tokio::test]
async fn the_relay_is_probed_alike_for_known_and_unknown_addresses() {
    let office = Office::open(World::in_memory());
    eventually("the first probe", async || (office.probes() == 1).then_some(())).await;
    office.probed_for("eve@nowhere.example").await;
    office.answers([transient()]);
    office.probed_for(ANN).await;
    // Ann's mail is tried again, eve's never: no probe tells of it.
    let before = office.probes();
    office.world.clock.pass(MINUTE);
    office.world.gate.mail_waits().notify_one();
    office.sent(2).await;
    let is_due = office.health.is_due(office.world.clock.now());
    assert_eq!((office.probes(), is_due), (before, false));
    office.probed_for("eve@nowhere.example").await;
}

/// The one mail in a state, when it is there.
async fn is_in(office: &Office, state: DeliveryState, tries: u32) {
    eventually(&format!("{state} after try {tries}"), async || {
        let found = office.world.store.deliveries(&[state], 1, office.world.clock.now()).await;
        let found = found.expect("the store works");
        found.first().filter(|mail| mail.progress.tries == tries).map(|_| ())
    })
    .await;
}

/// No try comes before its pause is over, and each does soon after.
#[tokio::test]
async fn what_passes_is_tried_again_after_2_10_30_and_90_seconds_until_it_would_come_too_late() {
    let office = Office::open(World::in_memory());
    office.answers(std::iter::repeat_with(transient).take(100));
    let asked = office.world.ask(ANN, None).await.expect("queued");
    let expires_at = asked.attempt.expires_at;
    let (store, clock) = (&office.world.store, &office.world.clock);
    let mut tries = 0;
    for pause in [2, 10, 30, 90, 90, 90, 90, 90, 90].map(Duration::from_secs) {
        tries += 1;
        office.sent(usize::try_from(tries).expect("few")).await;
        if clock.now().after(pause + 3 * MINUTE) > expires_at {
            break;
        }
        is_in(&office, DeliveryState::Retrying, tries).await;
        let too_soon = UnixMillis(clock.now().after(pause).0 - 1);
        let claimed = store.claim(1, MINUTE, too_soon).await.expect("the store works");
        assert_eq!(claimed.len(), 0, "before {pause:?}");
        clock.pass(pause * 5 / 4);
        office.world.gate.mail_waits().notify_one();
    }
    is_in(&office, DeliveryState::ExpiredUnsent, tries).await;
    assert!(tries >= 5, "the last pause comes again: {tries}");
    assert_eq!(office.mailer.sent.lock().expect("no panic").len(), usize::try_from(tries).unwrap());
}

#[tokio::test]
async fn what_is_refused_for_good_is_never_tried_again() {
    let office = Office::open(World::in_memory());
    office.answers([Err(MailError::Permanent("550 5.1.1 no such user".into()))]);
    office.world.ask(ANN, None).await.expect("queued");
    is_in(&office, DeliveryState::Rejected, 1).await;
    office.world.clock.pass(5 * MINUTE);
    let now = office.world.clock.now();
    let claimed = office.world.store.claim(1, MINUTE, now).await.expect("the store works");
    assert_eq!(claimed.len(), 0);
}

#[tokio::test]
async fn a_notice_of_a_new_browser_is_sent() {
    let mut world = World::in_memory();
    world.terms.new_device_notice = true;
    world.signed_in(ANN, None).await;
    let office = Office::open(world);
    let mail = office.sent(1).await;
    assert_eq!(mail.to.identity(), ANN);
    assert!(mail.subject.contains("wiki.example.com"), "{}", mail.subject);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("Firefox on Linux") && part.contains("/.linkgate/report/"));
        assert!(!part.contains("/.linkgate/link/"), "{part}");
    }
}
