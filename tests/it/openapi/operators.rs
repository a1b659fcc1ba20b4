//! `conf/openapi-admin.yaml` and the admin API say the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::operations;
use super::schema::{faults, resolved};
use crate::support::client::raw;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

fn description() -> Value {
    serde_yaml::from_str(include_str!("../../../conf/openapi-admin.yaml")).expect("YAML")
}

/// The routes that the sources name.
fn routed() -> BTreeSet<(String, String)> {
    let mut routed = BTreeSet::new();
    let table = include_str!("../../../src/portal/admin.rs");
    for route in table.split(".route(").skip(1) {
        let Some(path) = route.split('"').nth(1).filter(|path| path.starts_with("/api/")) else {
            continue;
        };
        let line = route.lines().take_while(|line| !line.contains(".with_state")).next();
        for method in ["get", "post"] {
            if line.expect("a line").contains(&format!("{method}(")) {
                routed.insert((path.to_owned(), method.to_owned()));
            }
        }
    }
    for source in [
        include_str!("../../../src/cli/upgrade.rs"),
        include_str!("../../../src/cli/reload/asked.rs"),
    ] {
        let path = source.split("const PATH: &str = \"").nth(1).and_then(|it| it.split('"').next());
        assert!(source.contains("route(PATH, post("));
        routed.insert((path.expect("a path").to_owned(), "post".to_owned()));
    }
    routed
}

#[test]
fn every_route_for_operators_is_described_and_nothing_else() {
    let root = description();
    let described: BTreeSet<_> = operations(&root)
        .into_iter()
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .collect();
    let routed = routed();
    assert!(routed.len() > 15, "the routes were found: {routed:?}");
    assert_eq!(described, routed);
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&root) {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name) && operation["summary"].is_string(), "{method} {path}");
    }
}

#[tokio::test]
async fn what_operators_are_answered_is_as_described() {
    let root = description();
    let gate = Gate::with(Wishes { ..Kind::memory().wishes() }).await;
    gate.sign_in(&mut gate.browser(), "ann@example.com", "/").await;
    let ann = json!({ "email": "ann@example.com" });
    let token = json!({ "name": "x", "site": "app", "paths": ["/**"], "expires_in": "1d", "email": "ann@example.com" });
    let mut seen = BTreeSet::new();
    for (path, document, status) in [
        ("/api/accounts", Some(&ann), 201),
        ("/api/accounts", Some(&ann), 200),
        ("/api/accounts", None, 200),
        ("/api/tokens", Some(&token), 201),
        ("/api/tokens", Some(&token), 409),
        ("/api/tokens", None, 200),
        ("/api/sessions", None, 200),
        ("/api/sessions/list", Some(&ann), 200),
        ("/api/limits/list", Some(&ann), 200),
        ("/api/limits/list", Some(&json!({ "client": "x" })), 422),
        ("/api/person", Some(&ann), 200),
        ("/api/audit", Some(&ann), 200),
        ("/api/audit", Some(&json!({ "events": ["x"] })), 422),
        ("/api/mails", None, 200),
        ("/api/mails/list", Some(&ann), 200),
        ("/api/suppressions", None, 200),
        ("/api/suppressions/lift", Some(&ann), 404),
        ("/api/limits/lift", Some(&json!({})), 200),
        ("/api/sessions/end", Some(&ann), 200),
        ("/api/accounts/suspend", Some(&ann), 200),
        ("/api/accounts/resume", Some(&ann), 200),
        ("/api/accounts/resume", Some(&ann), 404),
        (
            "/api/accounts/set-password",
            Some(&json!({ "email": "ann@example.com", "password": null })),
            200,
        ),
        ("/api/accounts/remove", Some(&ann), 200),
        ("/api/person/erase", Some(&ann), 200),
        ("/api/tokens/revoke", Some(&json!({ "name": "x" })), 404),
        ("/api/keys", None, 200),
        ("/api/keys/rotate", Some(&json!({})), 200),
        ("/api/reload", Some(&json!({})), 200),
    ] {
        let method = if document.is_some() { "post" } else { "get" };
        let answer = ask(&gate, method, path, document).await;
        let what = format!("{method} {path}: {}", answer.text());
        assert_eq!(answer.status, status, "{what}");
        let responses = &root["paths"][path][method]["responses"];
        let response = responses.get(status.to_string()).unwrap_or(&responses["default"]);
        let content = &resolved(&root, response)["content"][answer.header("content-type")];
        let faults = faults(&root, &content["schema"], &answer.json());
        assert!(content.is_object() && faults.is_empty(), "{faults:?}: {what}");
        seen.insert((path.to_owned(), method.to_owned()));
    }
    let left: Vec<_> = routed().into_iter().filter(|it| !seen.contains(it)).collect();
    // Another process in the place of this one has tests of its own, and there is no token left.
    assert_eq!(left, [("/api/upgrade".to_owned(), "post".to_owned())]);
}

async fn ask(
    gate: &Gate,
    method: &str,
    path: &str,
    document: Option<&Value>,
) -> crate::support::client::Answer {
    let body = document.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{} {path} HTTP/1.1\r\nHost: {}\r\nX-Linkgate-Admin: 1\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        method.to_uppercase(),
        gate.admin,
        body.len()
    );
    raw(gate.admin, request.as_bytes()).await
}
