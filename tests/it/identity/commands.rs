//! `linkgate keys`, beside running nodes and without.

use std::process::{Command, Output};

use jsonwebtoken::decode_header;
use serde_json::Value;

use crate::support::eventually;
use crate::support::gate::Gate;
use crate::support::stores::Kind;

/// Runs `linkgate keys` with the configuration of a gate.
fn keys(kind: &Kind, gate: &Gate, words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
    command.arg("keys").args(words).arg("-c").arg(gate.path("linkgate.yaml"));
    command.envs(kind.wishes().environment);
    let Output { status, stdout, stderr } = command.output().expect("linkgate runs");
    let text = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code(), text)
}

/// The ids of the keys that a node publishes.
async fn published(gate: &Gate) -> Vec<String> {
    let answer = gate.browser().get("/.linkgate/jwks.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let keys = keys["keys"].as_array().expect("keys").clone();
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

#[tokio::test]
async fn all_nodes_follow_a_change_of_keys() {
    let kind = Kind::redis().await;
    let (one, two) = (kind.gate().await, kind.gate().await);
    let first = published(&one).await;
    assert_eq!(first.len(), 1);
    assert_eq!(published(&two).await, first, "nodes that start together have one key");
    let (code, listed) = keys(&kind, &one, &["list"]);
    assert_eq!(code, Some(0), "{listed}");
    assert!(listed.contains(&format!("1 EdDSA {} signs\n", first[0])), "{listed}");

    let (code, told) = keys(&kind, &one, &["rotate"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("2 EdDSA ") && told.contains(" is published, and signs from "), "{told}");
    for gate in [&one, &two] {
        let both = eventually("the new key is published", async || {
            Some(published(gate).await).filter(|keys| keys.len() == 2)
        });
        assert_eq!(both.await[0], first[0]);
    }
    let (code, told) = keys(&kind, &two, &["rotate"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("not over yet: wait until 20") && told.contains("--now"), "{told}");

    let mut browser = two.browser();
    two.sign_in(&mut browser, "ann@example.com", "/").await;
    let kid = async |browser: &mut crate::support::client::Browser| {
        assert_eq!(browser.get("/x").await.status, 200);
        let seen = two.upstream.seen().pop().expect("a request");
        decode_header(seen.header("x-linkgate-assertion")).expect("a head").kid.expect("a kid")
    };
    assert_eq!(kid(&mut browser).await, first[0], "the old key signs for some time");
    let (code, told) = keys(&kind, &one, &["rotate", "--now"]);
    assert_eq!(code, Some(0), "{told}");
    for gate in [&one, &two] {
        eventually("the old keys are gone", async || {
            let keys = published(gate).await;
            (keys.len() == 1 && keys[0] != first[0] && told.contains(&keys[0])).then_some(())
        })
        .await;
    }
    assert!(told.contains(&kid(&mut browser).await), "and sign no more");
}

#[tokio::test]
async fn keys_are_changed_beside_a_process_that_has_the_store_open_and_without_one() {
    for (kind, outlives_the_process) in [(Kind::embedded(), true), (Kind::memory(), false)] {
        let mut gate = kind.gate().await;
        let first = published(&gate).await;
        let (code, listed) = keys(&kind, &gate, &["list"]);
        assert_eq!(code, Some(0), "{listed}");
        assert!(listed.contains(&format!("1 EdDSA {} signs\n", first[0])), "{listed}");
        let (code, told) = keys(&kind, &gate, &["rotate"]);
        assert_eq!(code, Some(0), "{told}");
        let both = eventually("the new key is published", async || {
            Some(published(&gate).await).filter(|keys| keys.len() == 2)
        });
        let both = both.await;
        assert_eq!(both[0], first[0]);
        assert!(told.contains(&format!("2 EdDSA {} is published, and signs from", both[1])));
        let (code, told) = keys(&kind, &gate, &["rotate"]);
        assert_eq!(code, Some(1));
        assert!(told.contains("not over yet: wait until 20") && told.contains("--now"), "{told}");
        let (code, told) = keys(&kind, &gate, &["rotate", "--now", "--json"]);
        assert_eq!(code, Some(0), "{told}");
        let third: Value = serde_json::from_str(&told).expect("JSON");
        let third = third["keys"].as_array().expect("keys").iter();
        let mut third =
            third.filter(|key| key["state"] == "signing" && key["algorithm"] == "EdDSA");
        let third = third.next().expect("one that signs")["kid"].clone();
        let only_third = async || (published(&gate).await == [third.as_str()?]).then_some(());
        eventually("the others are void", only_third).await;
        gate.kill();
        let (code, told) = keys(&kind, &gate, &["list"]);
        if outlives_the_process {
            assert_eq!(code, Some(0), "{told}");
            assert!(told.contains(third.as_str().expect("a kid")), "{told}");
        } else {
            assert_eq!(code, Some(1));
            assert!(told.contains("no linkgate answers at"), "{told}");
        }
    }
}

#[tokio::test]
async fn an_embedded_store_is_changed_while_linkgate_is_stopped() {
    let kind = Kind::embedded();
    let mut gate = kind.gate().await;
    let first = published(&gate).await;
    gate.kill();
    let (code, told) = keys(&kind, &gate, &["rotate"]);
    assert_eq!(code, Some(0), "{told}");
    gate.run().await;
    let both = published(&gate).await;
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
}
