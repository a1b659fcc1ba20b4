//! Somebody is erased while something about them is still in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::embedded::Embedded;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::event::{Event, EventFilter, MailNews, Tracing, What};
use linkgate::domain::secret::Secret;
use linkgate::domain::site::Sites;
use linkgate::gate::Gate;
use linkgate::gate::journal::{Journal, Trail, Writer};
use linkgate::ports::{
    Audit, AuditSink, Clock, EventQuery, Missed, Order, OsEntropy, Store, SystemClock,
};
use tokio::sync::Semaphore;

fn secret() -> Secret {
    Secret::new(&[7; 32]).expect("a secret")
}

fn ann() -> EmailAddress {
    EmailAddress::parse("ann@example.com").expect("an address")
}

fn store() -> Arc<dyn Store> {
    Arc::new(Embedded::in_memory().expect("a store"))
}

/// One process over the store.
struct Process {
    gate: Gate,
    journal: Journal,
}

impl Process {
    fn over(store: &Arc<dyn Store>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let journal =
            Journal::new(Arc::clone(&clock), Arc::new(OsEntropy), &secret(), Tracing::Address);
        let passwords = Arc::new(Argon2Passwords::new(&secret(), Arc::new(OsEntropy)));
        let store = Arc::clone(store);
        let gate = Gate::new(store, clock, Arc::new(OsEntropy), passwords, &secret(), "/.linkgate");
        Self { gate: gate.recording(journal.clone()), journal }
    }

    fn notes(&self, what: What) {
        self.journal.note(&Trail::default(), Some(&ann()), what);
    }

    async fn erases(&self) {
        self.gate.erase(&ann(), &Sites::default()).await.expect("erased");
    }

    /// Writes what it has in memory.
    async fn writes(&self, store: &Arc<dyn Store>) {
        let store = Arc::clone(store) as Arc<dyn Audit>;
        Writer::new(&self.journal, store, Vec::new()).write_out().await.expect("written");
    }
}

async fn recorded(store: &Arc<dyn Store>) -> Vec<Event> {
    let filter = EventFilter::default();
    let query = EventQuery { filter: &filter, order: Order::OldestFirst, after: None, most: 100 };
    store.events(&query).await.expect("a page").events
}

fn names_ann(event: &Event) -> bool {
    event.who.as_ref().is_some_and(|who| who.email.is_some())
}

#[tokio::test]
async fn what_another_process_writes_late_does_not_bring_the_address_back() {
    let store = store();
    let (here, there) = (Process::over(&store), Process::over(&store));
    there.notes(What::CodeWrong { left: 3 });
    here.erases().await;
    // Of a mail that was on its way, and comes to its end after the erasure.
    let mail = MailNews {
        mail: "0123456789abcdef0123456789abcdef".into(),
        tries: Some(1),
        after_ms: None,
        words: Some("250 ok ann@example.com".into()),
    };
    there.notes(What::MailAccepted(mail));
    there.writes(&store).await;
    here.writes(&store).await;
    let events = recorded(&store).await;
    let names: Vec<_> = events.iter().map(|event| event.name().as_str()).collect();
    for name in ["code_wrong", "mail_accepted", "person_erased"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(!events.iter().any(names_ann), "{events:?}");
    assert!(!format!("{events:?}").contains("ann@"), "{events:?}");
}

/// Hangs until it is let go.
struct Hanging(Arc<Semaphore>);

#[async_trait]
impl AuditSink for Hanging {
    fn name(&self) -> &'static str {
        "hanging"
    }

    async fn write(&mut self, _: &[Event]) -> Result<(), Missed> {
        drop(self.0.acquire().await);
        Ok(())
    }
}

#[tokio::test]
async fn a_sink_that_hangs_neither_stops_an_erasure_nor_brings_the_address_back() {
    let (store, gone_on) = (store(), Arc::new(Semaphore::new(0)));
    let here = Process::over(&store);
    let sinks: Vec<Box<dyn AuditSink>> = vec![Box::new(Hanging(Arc::clone(&gone_on)))];
    let writer = Writer::new(&here.journal, Arc::clone(&store) as Arc<dyn Audit>, sinks);
    let running = tokio::spawn(writer.run());
    here.notes(What::CodeWrong { left: 3 });
    // From here on it hangs.
    assert!(here.journal.flush(Duration::from_secs(60)).await);
    here.notes(What::CodeWrong { left: 2 });
    here.erases().await;
    gone_on.close();
    assert!(here.journal.flush(Duration::from_secs(60)).await);
    let events = recorded(&store).await;
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(!events.iter().any(names_ann), "{events:?}");
    running.abort();
}
