//! Where events go besides the store.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tokio::net::UdpSocket;

use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_and_syslog_get_what_the_store_gets() {
    let syslog = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = syslog.local_addr().unwrap().port();
    let extra = format!(
        "audit:\n  client: hash\n  file: {{ path: audit.log }}\n  \
         syslog: {{ to: \"udp://127.0.0.1:{port}\", facility: local0 }}\n"
    );
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    let path = gate.path("audit.log");
    let lines = eventually("the file has it", async || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let has_all = text.contains("session_made") && text.contains("mail_accepted");
        (has_all && text.ends_with('\n')).then_some(text)
    })
    .await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut sent = Vec::new();
    let mut bytes = [0; 4096];
    for _ in 0..lines.lines().count() {
        let count = syslog.recv(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes[..count].to_vec()).unwrap();
        assert!(text.starts_with("<134>1 "), "{text}");
        sent.push(text[text.find('{').unwrap()..].to_owned());
    }
    assert_eq!(lines.lines().collect::<Vec<_>>(), sent);
    for line in lines.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        if let Some(client) = event["client"].as_str() {
            assert!(client.starts_with("hash:"), "{client}");
        }
        assert!(!line.contains("127.0.0"), "{line}");
    }
}

#[tokio::test]
async fn where_the_store_keeps_nothing_the_file_has_it() {
    let extra = "audit:\n  retention: off\n  file: { path: audit.log }\n".to_owned();
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    eventually("the file has it", async || {
        let text = std::fs::read_to_string(gate.path("audit.log")).unwrap_or_default();
        text.contains("session_made").then_some(())
    })
    .await;
    let told = gate.operator(&["audit"]);
    assert_eq!(told.code, 1, "{}", told.err);
    assert!(told.err.contains("audit.retention is off"), "{}", told.err);
    let person = gate.operator(&["person", ANN, "--json"]).json();
    assert_eq!(
        (&person["events"], person["sessions"].as_array().map(Vec::len)),
        (&serde_json::json!([]), Some(1))
    );
}

/// A command that has the store open itself is a process of its own, and so has the file open, too.
#[tokio::test]
async fn where_the_store_keeps_nothing_the_file_has_what_commands_do() {
    let kind = Kind::redis().await;
    let mut wishes = kind.wishes();
    wishes.extra = "audit:\n  retention: off\n  file: { path: audit.log }\n".to_owned();
    let gate = Gate::with(wishes).await;
    gate.operator(&["accounts", "suspend", ANN]).done();
    let text = std::fs::read_to_string(gate.path("audit.log")).unwrap();
    let told = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let suspended: Vec<Value> = told.filter(|it| it["event"] == "account_suspended").collect();
    let [event] = &suspended[..] else { panic!("{text}") };
    assert_eq!((&event["by"], &event["email"]), (&"operator".into(), &ANN.into()));
}
