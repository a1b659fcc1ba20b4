//! A wrong password is answered alike, to the byte, whoever is named.

use serde_json::json;

use super::{FORM, GOOD, OTHER, SITES, given, wants};
use crate::support::alike::{Seen, Way, assert_alike};
use crate::support::gate::{Gate, Wishes};

/// One with a password, one without, one who is taken from the list and has one, one unknown, one who
/// is suspended and has one, and another one with one; all of one length.
const PEOPLE: [&str; 6] = [
    "ann@example.com",
    "bob@example.com",
    "eve@strange.com",
    "kim@example.com",
    "sue@example.com",
    "zoe@example.com",
];

#[tokio::test]
async fn nobody_learns_who_has_a_password() {
    let sign_in = "limits: { email: 1000/1h, ip: 100000/1h, network: 100000/1h, site: 100000/1h, \
                   total: 100000/1h }, passwords: { limits: { person: 4/1h, ip: 100000/1h } }";
    let gate = Gate::with(Wishes {
        sites: SITES.replace("\"@example.com\"", "\"@example.com\", \"eve@strange.com\""),
        sign_in: sign_in.into(),
        ..Wishes::default()
    })
    .await;
    for who in [PEOPLE[0], PEOPLE[2], PEOPLE[4], PEOPLE[5]] {
        given(&gate, who, GOOD).await;
    }
    gate.sign_in(&mut gate.browser(), PEOPLE[1], "/").await;
    gate.operator(&["accounts", "suspend", PEOPLE[4]]).done();
    let known = walk(&gate, PEOPLE[0], OTHER).await;
    // Of those who may not enter, the right password as well.
    let before = gate.ready().await.text();
    gate.edit(", \"eve@strange.com\"", "");
    crate::support::eventually("eve is off the list", async || {
        (gate.ready().await.text() != before).then_some(())
    })
    .await;
    for (who, password) in [
        (PEOPLE[2], GOOD),
        (PEOPLE[1], OTHER),
        (PEOPLE[3], OTHER),
        (PEOPLE[4], GOOD),
        (PEOPLE[5], OTHER),
    ] {
        let seen = walk(&gate, who, password).await;
        assert_alike(who, &known, &seen);
    }
    let status = |step: &str| known.iter().find(|seen| seen.step == step).map(|seen| seen.status);
    for (step, expected) in [
        ("wrong", 422),
        ("wrong, API", 422),
        ("choose", 303),
        ("waits", 200),
        ("wrong code", 422),
        ("short", 422),
        ("too many", 429),
    ] {
        assert_eq!(status(step), Some(expected), "{step}");
    }
}

async fn walk(gate: &Gate, email: &'static str, password: &str) -> Vec<Seen> {
    let mut way = Way::new(gate, email);
    let form = [("email", email), ("password", password), ("return_to", "/deep?x=y")];
    let document = json!({ "email": email, "password": password });
    way.post("wrong", FORM, &form).await;
    way.json("wrong, API", "/.linkgate/api/sign-in", &document).await;
    way.get("form after it", FORM).await;
    let wanted = wants(&mut way.browser, email).await;
    way.note("choose", &wanted);
    way.get("waits", "/.linkgate/check-mail").await;
    let wrong = |password| [("code", "BBBB-BBBB"), ("password", password), ("way", "password")];
    way.post("wrong code", "/.linkgate/code", &wrong(OTHER)).await;
    way.post("short", "/.linkgate/code", &wrong("short")).await;
    way.post("wrong again", FORM, &form).await;
    way.browser = gate.browser();
    way.post("the last one", FORM, &form).await;
    way.post("too many", FORM, &form).await;
    way.json("too many, API", "/.linkgate/api/sign-in", &document).await;
    way.seen
}
