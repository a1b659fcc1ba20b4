//! Several relays, one after the other.

use std::time::Duration;

use crate::support::certificates::Certificates;
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes, free_port};
use crate::support::mail_api::{MailApi, Reply};
use crate::support::smtp::{Protection, Relay, Script};

const ANN: &str = "ann@example.com";

fn smtp(port: u16, more: &str) -> String {
    format!("{{ smtp: {{ host: localhost, port: {port}, {more} }} }}")
}

async fn gate(relays: &[String]) -> Gate {
    let relays = relays.join(", ");
    let mail = format!("{{ from: \"Gate <login@sender.example>\", relays: [{relays}] }}");
    let environment = vec![
        ("LINKGATE_TEST_SMTP".to_owned(), "pass word".to_owned()),
        ("LINKGATE_TEST_TOKEN".to_owned(), "to-ken".to_owned()),
    ];
    Gate::with(Wishes { mail, environment, ..Wishes::default() }).await
}

/// What happens at the first relay, and whether the second one gets the mail.
#[tokio::test]
async fn what_the_first_cannot_take_the_second_gets() {
    let certificates = Certificates::new();
    let bad = || Protection::Implicit(certificates.acceptor(&[]));
    for (what, script, more) in [
        ("is busy", Script::with_verdicts(&["451 4.7.1 later", "451 4.7.1 later"]), "tls: none"),
        (
            "is silent",
            Script { greeting: Some("hang".into()), ..Script::default() },
            "tls: none, timeout: 1s",
        ),
        (
            "has our address on a list",
            Script { greeting: Some("554 5.7.1 blocked".into()), ..Script::default() },
            "tls: none",
        ),
        (
            "does not like the sender",
            Script { sender: Some("550 5.7.1 not yours".into()), ..Script::default() },
            "tls: none",
        ),
        (
            "is out of step",
            Script { recipient: Some("354 go on".into()), ..Script::default() },
            "tls: none",
        ),
        (
            "has taken enough for today",
            Script { recipient: Some("550 5.4.5 daily limit".into()), ..Script::default() },
            "tls: none",
        ),
        (
            "has a certificate of a stranger",
            Script { protection: bad(), ..Script::default() },
            "tls: implicit",
        ),
        (
            "does not know us",
            Script::with_login("us er", "another word"),
            "tls: none, username: us er, password: { env: LINKGATE_TEST_SMTP }",
        ),
    ] {
        let first = Relay::start(script).await;
        let second = Relay::start(Script::default()).await;
        let gate = gate(&[smtp(first.port(), more), smtp(second.port(), "tls: none")]).await;
        let mut browser = gate.browser();
        gate.ask(&mut browser, ANN, "/deep").await;
        let message = second.message(1).await;
        assert_eq!(message.to, [ANN], "{what}");
        assert_eq!(first.messages().len(), 0, "{what}");
        assert_eq!(browser.get(&Mail::parse(message.data).link()).await.status, 303, "{what}");
    }
}

#[tokio::test]
async fn a_relay_that_is_away_and_a_provider_that_is_there() {
    let reply =
        Reply::Says(200, "x: y", r#"{"MessageID":"a","ErrorCode":0,"Message":"OK"}"#.into());
    // The relay is asked first, and the front page of the provider when that is away.
    let front_page = Reply::Says(404, "x: y", String::new());
    let api = MailApi::start([front_page, reply]).await;
    let postmark = format!(
        "{{ postmark: {{ token: {{ env: LINKGATE_TEST_TOKEN }}, \
         endpoint: \"http://127.0.0.1:{}\" }} }}",
        api.port()
    );
    let gate = gate(&[smtp(free_port(), "tls: none"), postmark]).await;
    eventually("the probe", async || (!api.asked().is_empty()).then_some(())).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    let asked = eventually("the request", async || {
        api.asked().into_iter().find(|asked| asked.line.starts_with("POST /email "))
    })
    .await;
    assert!(asked.body.contains(ANN));
    assert!(!gate.log().contains("to-ken"));
}

#[tokio::test]
async fn a_recipient_that_the_first_refuses_is_not_asked_of_the_second() {
    let first = Relay::start(Script::with_verdicts(&["550 5.1.1 no such user"])).await;
    let second = Relay::start(Script::default()).await;
    let gate = gate(&[smtp(first.port(), "tls: none"), smtp(second.port(), "tls: none")]).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    eventually("the refusal", async || gate.log().contains("refused for good").then_some(())).await;
    gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(first.message(1).await.to, ["dan@example.com"]);
    assert_eq!(second.commands().iter().filter(|it| *it == "DATA").count(), 0);
}

/// J5: a silent relay costs the visitor seconds, not the sign-in.
#[tokio::test]
async fn a_silent_relay_is_left_within_its_share() {
    let silent = Script { greeting: Some("hang".into()), ..Script::default() };
    let first = Relay::start(silent).await;
    let second = Relay::start(Script::default()).await;
    let patient = "tls: none, timeout: 2s";
    let gate = gate(&[smtp(first.port(), patient), smtp(second.port(), "tls: none")]).await;
    let begun = std::time::Instant::now();
    gate.ask(&mut gate.browser(), ANN, "/").await;
    assert_eq!(second.message(1).await.to, [ANN]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// One that has the whole mail and says nothing may have taken it: from another one it would come twice.
#[tokio::test]
async fn a_relay_that_falls_silent_with_the_mail_is_asked_again_and_no_other() {
    keeps("hang").await;
}

/// Nor is it known of one that hangs up before it answers.
#[tokio::test]
async fn a_relay_that_hangs_up_with_the_mail_is_asked_again_and_no_other() {
    keeps("hang up").await;
}

/// Nor of one whose answer is none to a mail.
#[tokio::test]
async fn a_relay_that_is_out_of_step_with_the_mail_is_asked_again_and_no_other() {
    keeps("354 go on").await;
}

async fn keeps(verdict: &str) {
    let first = Relay::start(Script::with_verdicts(&[verdict])).await;
    let second = Relay::start(Script::default()).await;
    let patient = "tls: none, timeout: 1s";
    let gate = gate(&[smtp(first.port(), patient), smtp(second.port(), "tls: none")]).await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    let message = first.message(1).await;
    assert_eq!(message.to, [ANN]);
    assert_eq!(second.commands().iter().filter(|it| it.starts_with("RCPT")).count(), 0);
    assert!(gate.log().contains("it may have taken it"), "{}", gate.log());
    let mails = first.seen();
    assert_eq!(mails.len(), 2);
    let names = mails.iter().map(|it| message_id(it)).collect::<Vec<_>>();
    assert_eq!(names[0], names[1]);
    // Others go where they may.
    gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(first.message(2).await.to, ["dan@example.com"]);
}

fn message_id(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail);
    text.lines().find(|line| line.starts_with("Message-ID:")).expect("a name").to_owned()
}
