//! Mail through a relay.

use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::mail::message::Composer;
use linkgate::adapters::mail::smtp as adapter;
use linkgate::domain::sender::Sender;
use linkgate::portal::courier::Courier;
use linkgate::portal::mail::MailRoom;
use linkgate::ports::Clock;
use mailparse::MailHeaderMap;

use crate::flow::SESSION;
use crate::gate_world::{Seeded, World, address};
use crate::support::certificates::Certificates;
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes, free_port};
use crate::support::smtp::{Protection, Relay, Script};

const ANN: &str = "ann@example.com";

/// A linkgate whose mail leaves through a relay; `more` are further keys of `smtp`.
async fn gate(port: u16, more: &str, certificates: Option<&Certificates>) -> Gate {
    let folder = tempfile::tempdir().expect("a folder");
    let ca = certificates.map(|it| {
        it.write(folder.path());
        format!(", ca: \"{}/ca.pem\"", folder.path().display())
    });
    let mail = format!(
        "{{ from: \"Gate <login@sender.example>\", \
         smtp: {{ host: localhost, port: {port}, {more}{} }} }}",
        ca.unwrap_or_default()
    );
    let environment = vec![("LINKGATE_TEST_SMTP".to_owned(), "pass word".to_owned())];
    // Files of a configuration are read at the start.
    Gate::with(Wishes { mail, environment, ..Wishes::default() }).await
}

async fn logged(gate: &Gate, words: &str) -> String {
    eventually(&format!("the log says {words:?}"), async || {
        let log = gate.log();
        log.lines().find(|line| line.contains(words)).map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn one_message_with_all_its_parts_for_one_person() {
    let relay = Relay::start(Script::default()).await;
    let gate = gate(relay.port(), "tls: none", None).await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, ANN, "/deep").await;
    let message = relay.message(1).await;
    assert_eq!((&*message.from, &*message.to), ("login@sender.example", &[ANN.to_owned()][..]));
    let parsed = mailparse::parse_mail(&message.data).expect("a message");
    let header = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("To"), ANN);
    assert_eq!(header("From"), "Gate <login@sender.example>");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert!(header("Message-ID").ends_with("@sender.example>"), "{}", header("Message-ID"));
    assert!(!header("Date").is_empty());
    assert_eq!(parsed.ctype.mimetype, "multipart/alternative");
    let kinds: Vec<_> = parsed.subparts.iter().map(|part| &*part.ctype.mimetype).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    let mail = Mail::parse(message.data.clone());
    assert!(!mail.subject.contains(&mail.code()), "telephones show subjects on locked screens");
    let landed = browser.get(&mail.link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/deep"));
    // Nobody else gets one.
    gate.ask(&mut gate.browser(), "eve@elsewhere.example", "/").await;
    gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(relay.message(2).await.to, ["dan@example.com"]);
}

#[tokio::test]
async fn with_starttls_a_login_and_an_authority_of_its_own() {
    let certificates = Certificates::new();
    let protection = Protection::StartTls(certificates.acceptor(&[]));
    let script = Script { protection, ..Script::with_login("us er", "pass word") };
    let relay = Relay::start(script).await;
    let more = "tls: starttls, username: us er, password: { env: LINKGATE_TEST_SMTP }";
    let gate = gate(relay.port(), more, Some(&certificates)).await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, ANN, "/").await;
    let message = relay.message(1).await;
    assert!(message.encrypted);
    let commands = relay.commands();
    let at = |what: &str| commands.iter().position(|it| it.starts_with(what)).expect("said");
    assert!(at("STARTTLS") < at("AUTH") && at("AUTH") < at("MAIL"), "{commands:?}");
    assert_eq!(browser.get(&Mail::parse(message.data).link()).await.status, 303);
    assert!(browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn with_tls_from_the_first_byte() {
    let certificates = Certificates::new();
    let protection = Protection::Implicit(certificates.acceptor(&[]));
    let relay = Relay::start(Script { protection, ..Script::default() }).await;
    let gate = gate(relay.port(), "tls: implicit", Some(&certificates)).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    assert!(relay.message(1).await.encrypted);
}

#[tokio::test]
async fn nothing_is_sent_in_clear_and_nothing_to_a_stranger() {
    let own = Certificates::new();
    let starttls = || Protection::StartTls(own.acceptor(&[]));
    let implicit = || Protection::Implicit(own.acceptor(&[]));
    let another = Certificates::new();
    // No STARTTLS is offered: somebody between may have taken it out (CVE-2021-38371 and others).
    // And certificates of an authority that nobody has named.
    for (protection, more, authority) in [
        (Protection::None, "tls: starttls", Some(&own)),
        (starttls(), "tls: starttls", None),
        (starttls(), "tls: starttls", Some(&another)),
        (implicit(), "tls: implicit", None),
        (implicit(), "tls: implicit", Some(&another)),
    ] {
        let relay = Relay::start(Script { protection, ..Script::default() }).await;
        let gate = gate(relay.port(), more, authority).await;
        assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
        let line = logged(&gate, "mail not handed over").await;
        assert!(line.contains("cause="), "{line}");
        let sent = relay.commands().into_iter().find(|it| it.starts_with("MAIL"));
        assert_eq!(sent, None, "{more}");
        assert_eq!(relay.messages().len(), 0);
    }
}

/// Whoever is between puts an answer of their own after the `220` (CVE-2011-0411). Taken for the first one
/// inside TLS it would shift all others, and a mail would count as taken that nobody has.
#[tokio::test]
async fn what_is_said_in_clear_after_the_go_of_starttls_is_not_taken_for_an_answer() {
    let certificates = Certificates::new();
    let protection = Protection::StartTls(certificates.acceptor(&[]));
    let starttls = Some("220 go\r\n250-between\r\n250 8BITMIME".to_owned());
    let relay = Relay::start(Script { protection, starttls, ..Script::default() }).await;
    let gate = gate(relay.port(), "tls: starttls", Some(&certificates)).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    logged(&gate, "the relay's certificate, or its TLS, is not accepted").await;
    logged(&gate, "mail not handed over").await;
    let tries = || relay.commands().iter().filter(|it| *it == "STARTTLS").count();
    // The probe of the start, and the mail.
    eventually("tried again", async || (tries() > 2).then_some(())).await;
    let said = relay.commands();
    assert!(said.iter().all(|it| it.starts_with("EHLO") || it == "STARTTLS"), "{said:?}");
}

#[tokio::test]
async fn a_refusal_for_good_is_logged_with_its_cause_and_not_repeated() {
    let verdict =
        "550 5.1.1 <ann@example.com>: no such user, see https://relay.test/x?ann@example.com";
    let relay = Relay::start(Script::with_verdicts(&[verdict])).await;
    let gate = gate(relay.port(), "tls: none", None).await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, ANN, "/").await;
    let line = logged(&gate, "mail refused for good").await;
    assert!(line.contains("5.1.1") && line.contains("no such user"), "{line}");
    assert!(!line.contains("ann@"), "a relay repeats the address, the log does not: {line}");
    assert_eq!(crate::flow::wait_state(&mut browser).await, "waiting", "nobody can tell");
    gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(relay.message(1).await.to, ["dan@example.com"]);
    let datas = relay.commands().iter().filter(|it| *it == "DATA").count();
    assert_eq!(datas, 2, "not tried again");
}

#[tokio::test]
async fn a_relay_that_hangs_holds_up_nobody_else() {
    let relay = Relay::start(Script::with_verdicts(&["hang"])).await;
    let gate = gate(relay.port(), "tls: none, timeout: 1s", None).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    eventually("the relay hangs", async || {
        relay.commands().iter().any(|it| it == "DATA").then_some(())
    })
    .await;
    gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(relay.message(1).await.to, ["dan@example.com"], "beside the one that hangs");
    let line = logged(&gate, "mail not handed over").await;
    assert!(line.contains("1 s"), "{line}");
    assert_eq!(relay.message(2).await.to, [ANN], "tried again");
}

#[tokio::test]
async fn a_mail_waits_for_a_relay_that_is_away() {
    let port = free_port();
    let gate = gate(port, "tls: none", None).await;
    logged(&gate, "mails cannot be handed over").await;
    let mut browser = gate.browser();
    let form = browser.get("/.linkgate/sign-in").await.text();
    assert!(form.contains("have been delayed since"), "before anything is typed: {form}");
    assert!(form.contains("class=\"reference\""));
    gate.ask(&mut browser, ANN, "/").await;
    let waiting = browser.get("/.linkgate/check-mail").await.text();
    assert!(waiting.contains("longer than usual since"), "{waiting}");
    logged(&gate, "mail not handed over").await;
    let relay = Relay::start_on(port, Script::default()).await;
    assert_eq!(relay.message(1).await.to, [ANN]);
}

#[tokio::test]
async fn busy_twice_and_then_delivered_once() {
    let script = Script::with_verdicts(&["451 4.7.1 later", "421 4.3.2 later"]);
    let relay = Relay::start(script).await;
    let world = World::in_memory();
    let sender = Sender { name: None, address: address("login@sender.example"), reply_to: None };
    let to = adapter::Relay {
        host: "localhost".into(),
        port: relay.port(),
        protection: adapter::Protection::None,
        login: None,
        authority: None,
        patience: Duration::from_secs(5),
    };
    let courier = Courier {
        store: Arc::clone(&world.store),
        mailer: Arc::new(adapter::Smtp::new(to, Composer::default())),
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
    world.ask(ANN, None).await.expect("queued");
    let tried = async |count: usize| {
        eventually(&format!("try {count}"), async || {
            let datas = relay.commands().iter().filter(|it| *it == "DATA").count();
            (datas == count).then_some(())
        })
        .await;
    };
    tried(1).await;
    for (count, pause) in [(2, 3), (3, 13)] {
        // The mail is given back after the answer came; the clock moves on only then.
        let mut ticks = 0;
        eventually("the next try", async || {
            ticks += 1;
            if ticks % 20 == 1 {
                world.clock.pass(Duration::from_secs(pause));
                world.gate.mail_waits().notify_one();
            }
            let datas = relay.commands().iter().filter(|it| *it == "DATA").count();
            (datas >= count).then_some(())
        })
        .await;
    }
    assert_eq!(relay.message(1).await.to, [ANN]);
    let now = world.clock.now();
    assert_eq!(health.trouble(now), None, "an answer about one mail is not everybody's business");
    world.clock.pass(Duration::from_secs(120));
    world.ask("dan@example.com", None).await.expect("queued");
    assert_eq!(relay.message(2).await.to, ["dan@example.com"], "the first came once");
    running.abort();
}
