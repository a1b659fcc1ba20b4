//! `linkgate audit`, as an operator uses it.

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::gate::Gate;
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";

over_every_store!(who_got_in_last_night_is_one_question, a_record_outlives_its_process,);

async fn who_got_in_last_night_is_one_question(kind: Kind) {
    let gate = Gate::with(kind.wishes()).await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let made = gate.recorded(ANN, "session_made", 1).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0]["detail"]["way"], "own_browser");
    assert_eq!((&made[0]["site"], &made[0]["by"]), (&json!("app"), &json!("visitor")));
    assert_eq!(made[0]["client"], "127.0.0.0/24");
    assert!(gate.recorded(ANN, "mail_accepted", 1).await[0]["detail"]["after_ms"].is_u64());
    let table = gate.operator(&["audit", "--event", "session_made", "--since", "12h"]).done();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("WHEN") && lines[1].contains(ANN), "{table}");
    for nothing in [
        &["audit", "--email", "bob@example.com", "--json"][..],
        &["audit", "--site", "other", "--json"],
        &["audit", "--until", "1h", "--json"],
        &["audit", "--since", "2999-01-01T00:00:00Z", "--json"],
    ] {
        assert_eq!(gate.operator(nothing).done(), "", "{nothing:?}");
    }
    gate.operator(&["accounts", "suspend", ANN]).done();
    let suspended = gate.recorded(ANN, "account_suspended", 1).await;
    let by = if gate.is_alone() { "admin_api" } else { "operator" };
    assert_eq!(suspended[0]["by"], by);
    let ended = gate.recorded(ANN, "session_ended", 1).await;
    assert_eq!(ended[0]["detail"]["why"], "suspended");
    let last = gate.operator(&["audit", "--email", ANN, "--limit", "2", "--json"]).done();
    let names: Vec<Value> = last
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].clone())
        .collect();
    assert_eq!(names, ["account_suspended", "session_ended"]);
}

async fn a_record_outlives_its_process(kind: Kind) {
    let mut gate = Gate::with(kind.wishes()).await;
    if !gate.keeps_its_store() {
        return;
    }
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let pid = gate.pid();
    terminate(pid);
    assert_eq!(gate.code().await, Some(0));
    // Nobody serves: the command looks into the store itself.
    let told = gate.operator(&["audit", "--json"]).done();
    let names: Vec<String> = told
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().into())
        .collect();
    for name in ["store_opened", "link_asked", "mail_accepted", "session_made"] {
        assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
    }
    assert_eq!(names.last().map(String::as_str), Some("store_left"), "{names:?}");
    gate.run().await;
}

/// With SIGTERM.
fn terminate(pid: u32) {
    let killed = std::process::Command::new("kill").arg(pid.to_string()).status().unwrap();
    assert!(killed.success());
}

#[tokio::test]
async fn mistakes_are_told_and_code_64() {
    let gate = Gate::start().await;
    for (arguments, words) in [
        (&["audit", "--event", "session_mad"][..], "name of no event"),
        (&["audit", "--since", "yesterday"], "neither a span"),
    ] {
        let told = gate.operator(arguments);
        assert_eq!(told.code, 64, "{arguments:?}");
        assert!(told.err.contains(words), "{}", told.err);
    }
}

#[tokio::test]
async fn whoever_calls_the_admin_api_without_its_token_is_noted_once() {
    let gate = Gate::start().await;
    for _ in 0..20 {
        let answer = crate::support::client::raw(
            gate.admin,
            b"GET /api/accounts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert_eq!(answer.status, 403);
    }
    let refused = eventually("it is noted", async || {
        let told = gate.operator(&["audit", "--event", "admin_refused", "--json"]).done();
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(refused.lines().count(), 1, "{refused}");
    assert!(refused.contains("\"client\":\"127.0.0.0/24\""), "{refused}");
}
