//! `linkgate mail list`, `suppressed` and `lift`: an operator who is told that no mail came.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use crate::support::client::raw;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@partner.example";

/// A gate that believes Postmark.
async fn told_by_postmark() -> Gate {
    let mail = "{ from: login@example.com, folder: { path: mails }, hooks: { postmark: \
                { username: postmark, password: { env: HOOK } } } }";
    let environment = vec![("HOOK".to_owned(), "a password of thirty-two letters".to_owned())];
    Gate::with(Wishes { mail: mail.into(), environment, ..Wishes::default() }).await
}

/// Postmark says that a mail bounced.
async fn bounces(gate: &Gate, id: &str) {
    let login = BASE64_STANDARD.encode("postmark:a password of thirty-two letters");
    let news = json!({
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "MessageID": "0f6b6a2e",
        "Metadata": { "linkgate_mail": id },
        "Description": "The server was unable to deliver your message.",
        "Details": "550 5.1.1 no such mailbox",
    });
    let news = news.to_string();
    let request = format!(
        "POST /.linkgate/hooks/postmark HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {login}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{news}",
        gate.admin,
        news.len()
    );
    assert_eq!(raw(gate.admin, request.as_bytes()).await.status, 200);
}

/// The lines of a table below its heads, cell by cell.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split("  ").map(str::trim).collect()).collect()
}

#[tokio::test]
async fn an_operator_finds_out_why_no_mail_came_and_lets_it_go_there_again() {
    let gate = told_by_postmark().await;
    for (who, count) in [(ANN, 1), (BOB, 1)] {
        assert_eq!(gate.ask(&mut gate.browser(), who, "/").await.status, 303);
        gate.mail(who, count).await;
    }
    let listed = gate.operator(&["mail", "list", "--json"]).json();
    assert_eq!(listed["mails"].as_array().map(Vec::len), Some(2), "{listed}");
    let of_ann = gate.operator(&["mail", "list", "--email", ANN, "--json"]).json();
    let mail = &of_ann["mails"][0];
    assert_eq!((&mail["email"], &mail["site"]), (&json!(ANN), &json!("app")));
    bounces(&gate, mail["id"].as_str().expect("its identity")).await;

    let trouble = gate.operator(&["mail", "list", "--state", "trouble"]).done();
    let lines = cells(&trouble);
    assert_eq!(lines.len(), 1, "{trouble}");
    assert!(lines[0].contains(&ANN) && lines[0].contains(&"bounced"), "{trouble}");
    assert!(trouble.contains("550 5.1.1 no such mailbox"), "{trouble}");
    let of_ann = gate.operator(&["mail", "list", "--email", ANN]).done();
    assert!(of_ann.contains("no mail goes there until "), "{of_ann}");
    let suppressed = gate.operator(&["mail", "suppressed"]).done();
    assert!(suppressed.contains(ANN) && !suppressed.contains(BOB), "{suppressed}");

    // She is told what everybody is told, and nothing leaves.
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    eventually("her mail is held back", async || {
        let held = gate.operator(&["mail", "list", "--email", ANN, "--state", "suppressed"]).done();
        held.contains("suppressed").then_some(())
    })
    .await;
    assert_eq!(gate.mails().iter().filter(|mail| mail.to == ANN).count(), 1);
    let lifted = gate.operator(&["mail", "lift", ANN]).done();
    assert_eq!(lifted.trim(), format!("{ANN}: mail goes there again"));
    assert!(!gate.operator(&["mail", "suppressed"]).done().contains(ANN));
    let again = gate.operator(&["mail", "lift", ANN]);
    assert_eq!((again.code, &*again.out), (1, ""), "{}", again.err);
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    gate.mail(ANN, 2).await;
}

#[tokio::test]
async fn a_state_that_there_is_not_is_told_with_those_that_there_are() {
    let gate = Gate::start().await;
    let told = gate.operator(&["mail", "list", "--state", "lost"]);
    assert_eq!((told.code, &*told.out), (64, ""), "{}", told.err);
    for state in ["trouble", "queued", "bounced"] {
        assert!(told.err.contains(state), "{}", told.err);
    }
}
