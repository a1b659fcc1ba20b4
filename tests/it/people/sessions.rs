//! Everybody who is signed in, for operators.

use std::collections::BTreeSet;

use crate::support::client::raw;
use crate::support::stores::{Kind, over_every_store};

over_every_store!(an_operator_sees_everybody_who_is_signed_in);

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@partner.example";

async fn an_operator_sees_everybody_who_is_signed_in(kind: Kind) {
    let gate = kind.gate().await;
    let nobody = gate.operator(&["sessions", "list", "--json"]).json();
    assert_eq!(nobody, serde_json::json!({ "sessions": [] }));
    let mut leaving = gate.browser();
    for (who, browser) in
        [(ANN, &mut gate.browser()), (BOB, &mut gate.browser()), (BOB, &mut leaving)]
    {
        gate.sign_in(browser, who, "/").await;
    }
    let listed = gate.operator(&["sessions", "list", "--json"]).json();
    let sessions = listed["sessions"].as_array().expect("a list");
    let people: Vec<_> = sessions.iter().map(|it| it["email"].as_str().expect("who")).collect();
    assert_eq!(people, [ANN, BOB, BOB]);
    let handles: BTreeSet<_> = sessions.iter().map(|it| it["handle"].as_str()).collect();
    assert_eq!(handles.len(), 3);
    let table = gate.operator(&["sessions", "list"]).done();
    assert!(table.starts_with("ADDRESS") && table.contains(BOB), "{table}");
    let of_ann = gate.operator(&["sessions", "list", ANN]).done();
    assert!(of_ann.starts_with("SESSION") && !of_ann.contains(BOB), "{of_ann}");
    let page = async |path: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: none\r\nConnection: close\r\n\r\n",
            gate.admin
        );
        raw(gate.admin, request.as_bytes()).await
    };
    let shown = page("/sessions").await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.text().matches(&format!("value=\"{BOB}\"")).count(), 2, "{}", shown.text());
    let elsewhere = page("/sessions?after=x").await;
    assert_eq!((elsewhere.status, elsewhere.header("location")), (303, "/sessions"));
    gate.operator(&["sessions", "end", BOB]).done();
    let left = gate.operator(&["sessions", "list", "--json"]).json();
    assert_eq!(left["sessions"].as_array().map(Vec::len), Some(1));
}
