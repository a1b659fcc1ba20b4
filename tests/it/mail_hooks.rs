//! News of mail providers over the wire, at a running linkgate.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use linkgate::ports::{Clock, SystemClock};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::client::{Answer, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const PASSWORD: &str = "a password of sixteen and more";
const KEY: &str = "key-0123456789abcdef0123456789abcdef";

/// A linkgate that is told by Postmark and Mailgun; `more` are further keys of `hooks`.
async fn gate(kind: &Kind, more: &str) -> Gate {
    let mut wishes: Wishes = kind.wishes();
    wishes.mail = format!(
        "{{ from: \"Gate <login@example.com>\", folder: {{ path: \"$DIR/mails\" }}, hooks: {{ \
         postmark: {{ username: postmark, password: {{ env: LINKGATE_TEST_HOOK }} }}, \
         mailgun: {{ signing_key: {{ env: LINKGATE_TEST_KEY }} }}{more} }} }}"
    );
    wishes.environment.extend([
        ("LINKGATE_TEST_HOOK".to_owned(), PASSWORD.to_owned()),
        ("LINKGATE_TEST_KEY".to_owned(), KEY.to_owned()),
    ]);
    Gate::with(wishes).await
}

/// Asks for a mail, and waits until it is handed over: this one, not one of before. Returns its identity.
async fn sent(gate: &Gate) -> String {
    let before: Vec<_> = listed(gate).into_iter().map(|mail| mail["id"].clone()).collect();
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    let mail = eventually("the mail is handed over", async || {
        let mut new = listed(gate).into_iter().filter(|mail| !before.contains(&mail["id"]));
        new.find(|mail| mail["state"] == "accepted")
    })
    .await;
    mail["id"].as_str().expect("an identity").to_owned()
}

fn listed(gate: &Gate) -> Vec<Value> {
    let told = gate.operator(&["mail", "list", "--email", ANN, "--json"]).json();
    told["mails"].as_array().expect("a list").clone()
}

fn state(gate: &Gate, id: &str) -> String {
    let mail = listed(gate).into_iter().find(|mail| mail["id"] == id).expect("the mail");
    mail["state"].as_str().expect("a state").to_owned()
}

fn suppressed(gate: &Gate) -> usize {
    let told = gate.operator(&["mail", "suppressed", "--json"]).json();
    told["suppressions"].as_array().expect("a list").len()
}

async fn post(to: SocketAddr, provider: &str, login: Option<&str>, body: &str) -> Answer {
    let login = login.map(|password| {
        let text = STANDARD.encode(format!("postmark:{password}"));
        format!("Authorization: Basic {text}\r\n")
    });
    let head = format!(
        "POST /.linkgate/hooks/{provider} HTTP/1.1\r\nHost: {to}\r\nContent-Length: {}\r\n\
         Content-Type: application/json\r\n{}Connection: close\r\n\r\n",
        body.len(),
        login.unwrap_or_default(),
    );
    raw(to, format!("{head}{body}").as_bytes()).await
}

fn postmark(kind: &str, id: &str, details: &str) -> String {
    let (record, kind) = if kind == "Delivery" { ("Delivery", "") } else { ("Bounce", kind) };
    json!({ "RecordType": record, "Type": kind, "MessageID": "x", "Details": details,
            "Metadata": { "linkgate_mail": id } })
    .to_string()
}

/// A message that Mailgun has signed just now.
fn mailgun(event: &str, id: &str, token: &str) -> String {
    let now = SystemClock.now().seconds().to_string();
    let mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
    let signature = mac.chain_update(&now).chain_update(token).finalize().into_bytes();
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "signature": { "timestamp": now, "token": token, "signature": signature },
        "event-data": { "event": event, "user-variables": { "linkgate_mail": id } },
    })
    .to_string()
}

async fn what_is_told_is_on_record_and_counted(kind: Kind) {
    let gate = gate(&kind, "").await;
    let id = sent(&gate).await;
    let later = postmark("Transient", &id, "smtp;451 greylisted");
    assert_eq!(post(gate.admin, "postmark", Some(PASSWORD), &later).await.status, 200);
    assert_eq!(state(&gate, &id), "deferred");
    // As large as the reports of some servers are.
    let long = postmark("Delivery", &id, &"word ".repeat(20_000));
    assert!(long.len() > 100_000);
    assert_eq!(post(gate.admin, "postmark", Some(PASSWORD), &long).await.status, 200);
    assert_eq!(state(&gate, &id), "delivered");
    let delivered = &gate.recorded(ANN, "mail_delivered", 1).await[0];
    assert_eq!(delivered["detail"]["mail"], id, "{delivered}");
    assert!(delivered["detail"]["after_ms"].is_u64() && delivered["site"] == "app", "{delivered}");
    assert_eq!(gate.recorded(ANN, "mail_deferred", 1).await.len(), 1);
    let request =
        format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", gate.admin);
    let metrics = raw(gate.admin, request.as_bytes()).await.text();
    for line in [
        "linkgate_mails_total{state=\"delivered\"} 1",
        "linkgate_mails_total{state=\"deferred\"} 1",
        "linkgate_mail_delivery_duration_seconds_count 1",
    ] {
        assert!(metrics.lines().any(|told| told == line), "{line} is not in\n{metrics}");
    }
}

async fn what_is_forged_too_large_or_of_nobody_changes_nothing(kind: Kind) {
    let gate = gate(&kind, "").await;
    let id = sent(&gate).await;
    let bounce = postmark("HardBounce", &id, "smtp;550 5.1.1 no such user");
    let forged = mailgun("complained", &id, "a token").replace("a token", "b token");
    let huge = postmark("HardBounce", &id, &"x".repeat(1_100_000));
    for (provider, login, body, status) in [
        ("postmark", None, &bounce, 401),
        ("postmark", Some("a password of sixteen and morf"), &bounce, 401),
        ("mailgun", None, &forged, 403),
        ("mailgun", Some(PASSWORD), &bounce, 400),
        ("postmark", Some(PASSWORD), &huge, 413),
        ("brevo", Some(PASSWORD), &bounce, 404),
        ("mandrill", Some(PASSWORD), &bounce, 404),
    ] {
        let answer = post(gate.admin, provider, login, body).await;
        assert_eq!(answer.status, status, "{provider}: {}", answer.text());
        assert_eq!((state(&gate, &id).as_str(), suppressed(&gate)), ("accepted", 0), "{provider}");
    }
    let log = gate.whole_log().await;
    assert!(log.contains("its signature is missing or wrong"), "{log}");
    assert!(!log.contains("mandrill") && !log.contains(PASSWORD), "{log}");
}

async fn what_comes_again_has_no_second_effect(kind: Kind) {
    let gate = gate(&kind, "").await;
    let id = sent(&gate).await;
    let bounce = postmark("HardBounce", &id, "smtp;550 5.1.1 no such user");
    assert_eq!(post(gate.admin, "postmark", Some(PASSWORD), &bounce).await.status, 200);
    assert_eq!((state(&gate, &id).as_str(), suppressed(&gate)), ("bounced", 1));
    // No mail goes there, until somebody lets it.
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    eventually("the second mail is held back", async || {
        listed(&gate).iter().any(|mail| mail["state"] == "suppressed").then_some(())
    })
    .await;
    assert_eq!(gate.recorded(ANN, "mail_suppressed", 1).await.len(), 1);
    gate.operator(&["mail", "lift", ANN]).done();
    assert_eq!(post(gate.admin, "postmark", Some(PASSWORD), &bounce).await.status, 200);
    assert_eq!(suppressed(&gate), 0);
    assert_eq!(gate.recorded(ANN, "mail_bounced", 1).await.len(), 1);
    // A signature of Mailgun does not cover what is said: it counts for the first message alone.
    let third = sent(&gate).await;
    let opened = mailgun("opened", &third, "one token");
    assert_eq!(post(gate.admin, "mailgun", None, &opened).await.status, 200);
    let other = mailgun("complained", &third, "one token");
    assert_eq!(post(gate.admin, "mailgun", None, &other).await.status, 200);
    assert_eq!((state(&gate, &third).as_str(), suppressed(&gate)), ("accepted", 0));
    let own = mailgun("complained", &third, "another token");
    assert_eq!(post(gate.admin, "mailgun", None, &own).await.status, 200);
    assert_eq!((state(&gate, &third).as_str(), suppressed(&gate)), ("complained", 1));
    assert_eq!(gate.recorded(ANN, "mail_complained", 1).await.len(), 1);
}

/// Whoever knows the address can have mails sent until one is called spam. That keeps strangers out, and
/// nobody at a browser that is known.
async fn a_complaint_keeps_no_known_browser_out(kind: Kind) {
    let gate = gate(&kind, "").await;
    let mut known = gate.browser();
    assert_eq!(gate.sign_in(&mut known, ANN, "/").await.status, 303);
    let id = sent(&gate).await;
    let complaint = mailgun("complained", &id, "a token");
    assert_eq!(post(gate.admin, "mailgun", None, &complaint).await.status, 200);
    assert_eq!(suppressed(&gate), 1);
    let mails = gate.mails().len();
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    eventually("the stranger's is held back", async || {
        listed(&gate).iter().any(|mail| mail["state"] == "suppressed").then_some(())
    })
    .await;
    known.post("/.linkgate/sign-out", &[]).await;
    assert_eq!(gate.sign_in(&mut known, ANN, "/deep").await.location(), "/deep");
    assert_eq!(gate.mails().len(), mails + 1);
}

/// Sends what is more than a form somewhere.
async fn more_than_a_form(to: SocketAddr, path: &str) -> u16 {
    let body = "x".repeat(20_000);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {to}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    raw(to, format!("{head}{body}").as_bytes()).await.status
}

#[tokio::test]
async fn elsewhere_no_more_than_a_form_is_read_and_not_of_too_many_at_once() {
    let own = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let gate = gate(&Kind::memory(), &format!(", listen: \"{own}\"")).await;
    for (to, path, status) in [
        (gate.admin, "/api/accounts", 413),
        (gate.admin, "/.linkgate/hooks/mailgun", 413),
        (own, "/other", 413),
        (own, "/.linkgate/hooks/mailgun", 400),
    ] {
        assert_eq!(more_than_a_form(to, path).await, status, "{path}");
    }
    // More than there is room for: one of those that look whether it is full may have held a place when
    // one of these came, which is refused then.
    let mut waiting = Vec::new();
    for _ in 0..40 {
        let mut connection = TcpStream::connect(own).await.expect("a connection");
        let head = format!(
            "POST /.linkgate/hooks/mailgun HTTP/1.1\r\nHost: {own}\r\nContent-Length: 9\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.expect("written");
        waiting.push(connection);
    }
    let refused = eventually("there is no room", async || {
        let answer = post(own, "mailgun", None, "{}").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(more_than_a_form(own, "/other").await, 413, "forms have room of their own");
    drop(waiting);
    eventually("there is room again", async || {
        (post(own, "mailgun", None, "{}").await.status == 400).then_some(())
    })
    .await;
}

#[tokio::test]
async fn they_may_have_a_listener_of_their_own() {
    let own = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let gate = gate(&Kind::memory(), &format!(", listen: \"{own}\"")).await;
    let id = sent(&gate).await;
    let told = postmark("Delivery", &id, "ok");
    for elsewhere in [gate.admin, gate.address] {
        assert_ne!(post(elsewhere, "postmark", Some(PASSWORD), &told).await.status, 200);
    }
    assert_eq!(state(&gate, &id), "accepted");
    assert_eq!(post(own, "postmark", Some(PASSWORD), &told).await.status, 200);
    assert_eq!(state(&gate, &id), "delivered");
}

over_every_store!(
    a_complaint_keeps_no_known_browser_out,
    what_comes_again_has_no_second_effect,
    what_is_forged_too_large_or_of_nobody_changes_nothing,
    what_is_told_is_on_record_and_counted,
);
