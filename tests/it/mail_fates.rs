//! Each thing that a relay may do to a mail, through a running linkgate, and what is on record then.

use std::time::Duration;

use serde_json::Value;

use crate::support::certificates::Certificates;
use crate::support::gate::Gate;
use crate::support::smtp::{Protection, Relay, Script};
use crate::support::stores::Kind;
use crate::support::{eventually, eventually_within};

const ANN: &str = "ann@example.com";

/// What `linkgate mail list` says of the one mail to an address.
async fn listed(gate: &Gate, email: &str) -> Value {
    let mut told = gate.operator(&["mail", "list", "--email", email, "--json"]).json();
    let mails = told["mails"].as_array_mut().expect("a list");
    assert_eq!(mails.len(), 1, "{mails:?}");
    mails.remove(0)
}

/// Waits until the record is in a state.
async fn comes_to(gate: &Gate, email: &str, state: &str) -> Value {
    eventually(&format!("the mail to {email} is {state}"), async || {
        Some(listed(gate, email).await).filter(|mail| mail["state"] == state)
    })
    .await
}

fn was(mail: &Value, state: &str) -> bool {
    mail["moments"][state].is_string()
}

fn words(mail: &Value) -> &str {
    mail["words"].as_str().unwrap_or_default()
}

/// A linkgate over a store, whose mail goes to one relay.
async fn gate(kind: &Kind, port: u16, more: &str) -> Gate {
    let mut wishes = kind.wishes();
    wishes.mail = format!(
        "{{ from: \"Gate <login@sender.example>\", \
         smtp: {{ host: localhost, port: {port}, {more} }} }}"
    );
    Gate::with(wishes).await
}

async fn asked(gate: &Gate) {
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
}

async fn busy_twice_and_then_it_takes_it(kind: Kind) {
    let relay = Relay::start(Script::with_verdicts(&["451 4.7.1 later", "451 4.7.1 later"])).await;
    let gate = gate(&kind, relay.port(), "tls: none").await;
    asked(&gate).await;
    // The second pause is of ten seconds and a little more.
    let third = Duration::from_secs(25);
    eventually_within(third, "the third try", async || relay.messages().pop()).await;
    let mail = comes_to(&gate, ANN, "accepted").await;
    assert_eq!((&mail["tries"], words(&mail)), (&3.into(), "250 2.0.0 queued"));
    assert!(was(&mail, "queued") && was(&mail, "sending") && was(&mail, "retrying"), "{mail}");
    let tries = gate.recorded(ANN, "mail_retrying", 2).await;
    assert_eq!(tries.len(), 2);
    for tried in tries {
        let said = tried["detail"]["words"].as_str().unwrap_or_default();
        assert!(said.contains("4.7.1 later"), "{tried}");
    }
    assert_eq!(relay.messages().len(), 1);
}

async fn no_such_recipient(kind: Kind) {
    let answer = "550 5.1.1 <ann@example.com>: no such user".to_owned();
    let relay = Relay::start(Script { recipient: Some(answer), ..Script::default() }).await;
    let gate = gate(&kind, relay.port(), "tls: none").await;
    asked(&gate).await;
    let mail = comes_to(&gate, ANN, "rejected").await;
    assert!(words(&mail).contains("5.1.1 […] no such user"), "{mail}");
    assert!(mail["tries"] == 1 && !was(&mail, "retrying"), "{mail}");
    assert_eq!(gate.recorded(ANN, "mail_rejected", 1).await.len(), 1);
}

async fn a_relay_that_refuses_us(kind: Kind) {
    let answer = "550 5.7.1 our client host is on a list".to_owned();
    let relay = Relay::start(Script { sender: Some(answer), ..Script::default() }).await;
    let gate = gate(&kind, relay.port(), "tls: none").await;
    asked(&gate).await;
    let mail = comes_to(&gate, ANN, "retrying").await;
    assert!(words(&mail).starts_with("the relay refuses us: "), "{mail}");
    assert!(words(&mail).contains("5.7.1 our client host is on a list"), "{mail}");
    let log = gate.whole_log().await;
    assert!(log.contains("the relay refuses us, whatever the mail"), "{log}");
}

async fn a_relay_that_hangs(kind: Kind) {
    let relay = Relay::start(Script::with_verdicts(&["hang"])).await;
    let gate = gate(&kind, relay.port(), "tls: none, timeout: 1s").await;
    asked(&gate).await;
    let mail = comes_to(&gate, ANN, "accepted").await;
    assert!(mail["tries"] == 2 && was(&mail, "retrying"), "{mail}");
    let said = &gate.recorded(ANN, "mail_retrying", 1).await[0]["detail"]["words"];
    assert!(said.as_str().is_some_and(|it| it.contains("it may have taken it")), "{said}");
}

async fn a_relay_that_drops_in_data(kind: Kind) {
    let relay = Relay::start(Script::with_verdicts(&["drop"])).await;
    let gate = gate(&kind, relay.port(), "tls: none").await;
    asked(&gate).await;
    let mail = comes_to(&gate, ANN, "accepted").await;
    assert!(mail["tries"] == 2 && was(&mail, "retrying"), "{mail}");
    assert_eq!(relay.messages().len(), 1);
}

async fn a_certificate_of_a_stranger(kind: Kind) {
    let certificates = Certificates::new();
    let protection = Protection::StartTls(certificates.acceptor(&[]));
    let relay = Relay::start(Script { protection, ..Script::default() }).await;
    let gate = gate(&kind, relay.port(), "tls: starttls").await;
    asked(&gate).await;
    let mail = comes_to(&gate, ANN, "retrying").await;
    assert!(words(&mail).contains("certificate"), "{mail}");
    let log = gate.whole_log().await;
    assert!(log.contains("the relay's certificate, or its TLS, is not accepted"), "{log}");
    assert_eq!(relay.messages().len(), 0);
}

/// Makes of each `async fn(Kind)` one test for each store that outlives a process.
macro_rules! over_stores_that_last {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use crate::support::stores::Kind;

                // The relay answers beside commands that the test waits for.
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn embedded() {
                    super::$case(Kind::embedded()).await;
                }

                // The relay answers beside commands that the test waits for.
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn redis() {
                    super::$case(Kind::redis().await).await;
                }
            }
        )+
    };
}

over_stores_that_last!(
    busy_twice_and_then_it_takes_it,
    no_such_recipient,
    a_relay_that_refuses_us,
    a_relay_that_hangs,
    a_relay_that_drops_in_data,
    a_certificate_of_a_stranger,
);
