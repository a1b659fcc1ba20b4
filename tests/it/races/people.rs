//! Many people over the same connections to the application.
//!
//! A proxy that keeps something of one request for the next answers one person with the identity
//! of another. The address stands in the path, so the application can compare.

use std::sync::Arc;

use crate::support::client::{Browser, read_answer};
use crate::support::gate::{Gate, Wishes};
use crate::support::upstream::Received;
use tokio::io::AsyncWriteExt;

const PEOPLE: usize = 200;

#[tokio::test]
async fn the_application_never_sees_another_persons_identity() {
    let extra = "server: { connections_per_peer: 2000 }".to_owned();
    let gate = Arc::new(Gate::with(Wishes { extra, ..Wishes::default() }).await);
    let signing_in: Vec<_> = (0..PEOPLE)
        .map(|number| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                let (address, mut browser) = (format!("p{number}@example.com"), gate.browser());
                let asked = gate.ask(&mut browser, &address, "/").await;
                assert_eq!(asked.status, 303);
                (address, browser)
            })
        })
        .collect();
    let mut people = Vec::new();
    for person in signing_in {
        people.push(person.await.expect("no panic"));
    }
    let links = links(&gate, PEOPLE).await;
    let landing: Vec<_> = people
        .into_iter()
        .map(|(address, mut browser)| {
            let link = links[&address].clone();
            tokio::spawn(async move {
                assert_eq!(browser.get(&link).await.status, 303, "{address}");
                (address, browser)
            })
        })
        .collect();
    let mut requests = Vec::new();
    for (number, person) in landing.into_iter().enumerate() {
        let (address, browser) = person.await.expect("no panic");
        requests.push(tokio::spawn(visit(address, browser, number)));
    }
    for request in requests {
        request.await.expect("no panic");
    }
    let seen = gate.upstream.seen();
    assert_eq!(seen.len(), PEOPLE * 10);
    seen.iter().for_each(belongs_to_its_path);
    let log = gate.whole_log().await;
    assert!(log.matches("upstream_reused=true").count() > PEOPLE, "connections are reused");
}

async fn links(gate: &Gate, count: usize) -> std::collections::HashMap<String, String> {
    crate::support::eventually("all mails", async || {
        let mails = gate.mails();
        (mails.len() >= count)
            .then(|| mails.into_iter().map(|it| (it.to.clone(), it.link())).collect())
    })
    .await
}

/// Ten requests of one person, some on one connection that strangers' requests share.
async fn visit(address: String, mut browser: Browser, number: usize) {
    for step in 0..5 {
        let target = format!("/of/{address}/{step}");
        let answer = match (number + step) % 3 {
            0 => browser.get(&target).await,
            1 => browser.json("POST", &target, &serde_json::json!({ "n": number })).await,
            _ => browser.send("HEAD", &target, &[], None).await,
        };
        assert_eq!(answer.status, 200, "{target}");
    }
    // One connection: this person, nobody, this person, nobody …
    let cookies = browser.cookie_line();
    let mut stream = tokio::net::TcpStream::connect(browser.address()).await.expect("connect");
    for step in 0..5 {
        let (target, cookies) = if step % 2 == 0 {
            (format!("/of/{address}/again/{step}"), &*cookies)
        } else {
            ("/public/nobody".to_owned(), "")
        };
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{cookies}\r\n", browser.host);
        stream.write_all(request.as_bytes()).await.expect("write");
        assert_eq!(read_answer(&mut stream, false).await.status, 200, "{target}");
    }
}

fn belongs_to_its_path(seen: &Received) {
    let mut parts = seen.target.split('/').skip(1);
    match (parts.next(), parts.next()) {
        (Some("of"), Some(owner)) => {
            assert_eq!(seen.all("remote-email"), [owner], "{}", seen.target);
            assert_eq!(seen.all("remote-user"), [owner], "{}", seen.target);
            let assertion = seen.header("x-linkgate-assertion");
            let claims = assertion.split('.').nth(1).expect("claims");
            assert!(decoded(claims).contains(&format!("\"{owner}\"")), "{}", seen.target);
        }
        _ => {
            assert_eq!(seen.all("remote-email"), Vec::<&str>::new());
            assert_eq!(seen.all("x-linkgate-assertion"), Vec::<&str>::new());
        }
    }
}

fn decoded(claims: &str) -> String {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    String::from_utf8(bytes).expect("text")
}
