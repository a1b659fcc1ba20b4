//! `linkgate accounts set-password`.

use super::{ANN, GOOD, OTHER, at, enter, gate, is_recorded};
use crate::flow::signed_in_as;
use crate::support::gate::{Gate, Told};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(
    an_operator_sets_and_takes_away_a_password,
    a_password_that_was_set_during_a_suspension_counts_after_it,
);

fn set(gate: &Gate, who: &str, line: &str) -> Told {
    gate.operator_types(&["accounts", "set-password", who], line)
}

async fn an_operator_sets_and_takes_away_a_password(kind: Kind) {
    let gate = gate(&kind).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(
        set(&gate, ANN, &format!("{GOOD}\n")).done(),
        "ann@example.com: the password is set\n"
    );
    assert_eq!(signed_in_as(&gate, &mut ann).await, None, "all sessions have ended");
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 303);
    let listed = gate.operator(&["accounts", "list"]).done();
    assert!(listed.contains("password") && !listed.contains("argon2"), "{listed}");
    for (line, words) in [
        ("short\n", "must have 15 characters or more"),
        ("\n", "is missing"),
        ("passwordpassword\r\n", "is easy to guess"),
    ] {
        let told = set(&gate, ANN, line);
        assert_eq!(told.code, 64, "{}", told.err);
        assert!(told.err.contains(words), "{}", told.err);
    }
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 303, "as it was");
    // Whatever the line end.
    assert_eq!(set(&gate, ANN, &format!("{OTHER}\r\n")).code, 0);
    assert_eq!(enter(&mut at(&gate, "open"), ANN, OTHER).await.status, 303);
    let mut before = gate.browser();
    gate.sign_in(&mut before, ANN, "/").await;
    let removed = gate.operator(&["accounts", "set-password", ANN, "--remove"]);
    assert_eq!(removed.done(), "ann@example.com: there is no password\n");
    assert_eq!(signed_in_as(&gate, &mut before).await, None, "all sessions have ended");
    assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 422);
    is_recorded(&gate, &[("password_set", 2), ("password_removed", 1)]).await;
    let by = &gate.recorded(ANN, "password_set", 2).await[0]["by"];
    assert!(by == "operator" || by == "admin_api", "{by}");
}

async fn a_password_that_was_set_during_a_suspension_counts_after_it(kind: Kind) {
    let gate = gate(&kind).await;
    // Without an account before.
    gate.operator(&["accounts", "suspend", ANN]).done();
    set(&gate, ANN, &format!("{GOOD}\n")).done();
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 422, "still suspended");
    assert_eq!(gate.operator(&["accounts", "resume", ANN]).done(), "ann@example.com: active\n");
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 303);
    // It makes nobody a person with an account, and what is left goes with it.
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(listed["accounts"][0]["origin"], "password");
    gate.operator(&["accounts", "set-password", ANN, "--remove"]).done();
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(listed, serde_json::json!({ "accounts": [] }));
}

#[tokio::test]
async fn where_no_site_takes_passwords_none_is_set() {
    let gate = Gate::start().await;
    let told = set(&gate, ANN, &format!("{GOOD}\n"));
    assert_eq!(told.code, 1);
    assert!(told.err.contains("No site accepts passwords"), "{}", told.err);
}
