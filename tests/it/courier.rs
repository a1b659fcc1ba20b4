//! What the courier does with the kinds of mail, and what it notes of the relay.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use linkgate::domain::sender::Sender;
use linkgate::domain::time::UnixMillis;
use linkgate::portal::courier::Courier;
use linkgate::portal::courier::health::MailHealth;
use linkgate::portal::mail::MailRoom;
use linkgate::ports::{Clock, MailError, Mailer, OutgoingMail};
use tokio::task::JoinHandle;

use crate::gate_world::{MINUTE, Seeded, World, address};
use crate::support::eventually;

const ANN: &str = "ann@example.com";

/// Answers as it was told, and with success after that.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<(), MailError>>>,
    sent: Mutex<Vec<OutgoingMail>>,
}

#[async_trait]
impl Mailer for Scripted {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        self.sent.lock().expect("no panic").push(mail.clone());
        self.answers.lock().expect("no panic").pop_front().unwrap_or(Ok(()))
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
        let mailer = Arc::new(Scripted::default());
        let address = address("login@sender.example");
        let sender = Sender { name: None, address, reply_to: None };
        let courier = Courier {
            store: Arc::clone(&world.store),
            mailer: Arc::clone(&mailer) as Arc<dyn Mailer>,
            mails: MailRoom::built_in(sender).expect("mails"),
            seal: world.gate.keys().mail.clone(),
            clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
            entropy: Arc::new(Seeded::new(1)),
            waits: world.gate.mail_waits(),
            health: Arc::default(),
        };
        let health = Arc::clone(&courier.health);
        let running = tokio::spawn(Arc::new(courier).run());
        Self { world, mailer, health, running }
    }

    fn answers(&self, answers: impl IntoIterator<Item = Result<(), MailError>>) {
        self.mailer.answers.lock().expect("no panic").extend(answers);
    }

    async fn sent(&self, count: usize) -> OutgoingMail {
        eventually(&format!("try {count}"), async || {
            let sent = self.mailer.sent.lock().expect("no panic");
            (sent.len() >= count).then(|| sent[count - 1].clone())
        })
        .await
    }

    /// Until nothing waits any more: what was claimed is settled, too.
    async fn settled(&self, delayed_since: Option<UnixMillis>) {
        eventually("the health", async || {
            (self.health.delayed_since() == delayed_since).then_some(())
        })
        .await;
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn transient() -> Result<(), MailError> {
    Err(MailError::Transient("connection refused".into()))
}

#[tokio::test]
async fn a_relay_that_takes_nothing_is_noted_until_it_takes_something() {
    let office = Office::open(World::in_memory());
    let began = office.world.clock.now();
    office.answers([transient(), transient(), Ok(())]);
    office.world.ask(ANN, None).await.expect("queued");
    office.sent(1).await;
    office.settled(Some(began)).await;
    // Before the first is tried again.
    office.world.clock.pass(Duration::from_secs(1));
    office.world.ask("bob@example.com", None).await.expect("queued");
    office.sent(2).await;
    office.settled(Some(began)).await;
    office.world.clock.pass(MINUTE);
    office.world.gate.mail_waits().notify_one();
    office.sent(3).await;
    office.settled(None).await;
}

#[tokio::test]
async fn one_mailbox_that_is_refused_says_nothing_of_the_relay() {
    let office = Office::open(World::in_memory());
    let refused = || Err(MailError::Permanent("550 no such user".into()));
    office.answers([refused(), transient(), refused()]);
    office.world.ask(ANN, None).await.expect("queued");
    office.sent(1).await;
    // Nothing is sent for who may not sign in, so nothing is learnt from it either.
    office.world.ask("eve@nowhere.example", None).await.expect("queued");
    office.world.ask("bob@example.com", None).await.expect("queued");
    let second = office.sent(2).await;
    assert_eq!(second.to.identity(), "bob@example.com");
    let began = office.world.clock.now();
    office.settled(Some(began)).await;
    office.world.ask("dan@example.com", None).await.expect("queued");
    let third = office.sent(3).await;
    assert_eq!(third.to.identity(), "dan@example.com");
    office.world.ask("eve@nowhere.example", None).await.expect("queued");
    // The mail after them is handed over, so both have been dealt with by then.
    assert_eq!(office.health.delayed_since(), Some(began), "a refusal is no success");
    office.world.ask("fay@example.com", None).await.expect("queued");
    office.sent(4).await;
    office.settled(None).await;
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
