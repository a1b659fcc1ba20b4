//! One person on one screen, limits, and an end to all of it.

use serde_json::{Value, json};

use crate::flow::signed_in_as;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@partner.example";

over_every_store!(
    an_operator_sees_why_no_mail_comes_and_lifts_it,
    a_person_is_one_screen,
    all_of_a_person_is_removed_and_nobody_elses,
);

fn len(value: &Value) -> usize {
    value.as_array().expect("a list").len()
}

async fn an_operator_sees_why_no_mail_comes_and_lifts_it(kind: Kind) {
    let wishes = Wishes { sign_in: "limits: { email: 2/1h, ip: 4/1h }".into(), ..kind.wishes() };
    let gate = Gate::with(wishes).await;
    assert_eq!(gate.operator(&["limits", "list", ANN, "--json"]).json(), json!({ "limits": [] }));
    for status in [303, 303, 429] {
        assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, status);
    }
    let listed = gate.operator(&["limits", "list", ANN, "--json"]).json();
    assert_eq!(len(&listed["limits"]), 1, "{listed}");
    let limit = &listed["limits"][0];
    assert_eq!(
        (&limit["limit"], &limit["count"], &limit["most"], &limit["used_up"], &limit["site"]),
        (&json!("email"), &json!(2), &json!(2), &json!(true), &Value::Null),
    );
    assert!(limit["until"].as_str().expect("a moment").ends_with('Z'));
    let client = gate.operator(&["limits", "list", "--client", "127.0.0.1", "--json"]).json();
    assert_eq!(
        (&client["limits"][0]["count"], &client["limits"][0]["used_up"]),
        (&json!(2), &json!(false))
    );
    let table = gate.operator(&["limits", "list", "--site", "app"]).done();
    assert!(table.starts_with("LIMIT") && table.contains("\nsite   app"), "{table}");
    // Another person's are not touched by what is lifted.
    assert_eq!(gate.operator(&["limits", "lift", BOB]).done(), "lifted: 0\n");
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 429);
    assert_eq!(gate.operator(&["limits", "lift", ANN]).done(), "lifted: 1\n");
    for status in [303, 303, 429] {
        assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, status);
    }
    // By now the client has used up its own.
    assert_eq!(gate.ask(&mut gate.browser(), BOB, "/").await.status, 429);
    gate.operator(&["limits", "lift", "--client", "127.0.0.1"]).done();
    assert_eq!(gate.ask(&mut gate.browser(), BOB, "/").await.status, 303);
    for wrong in [
        &["limits", "list", "--client", "here"][..],
        &["limits", "list", "--site", "none"],
        &["limits", "list", ANN, "--client", "127.0.0.1"],
    ] {
        assert_eq!(gate.operator(wrong).code, 64, "{wrong:?}");
    }
}

async fn a_person_is_one_screen(kind: Kind) {
    let gate = kind.gate().await;
    let nobody = gate.operator(&["person", ANN, "--json"]).json();
    assert_eq!((&nobody["account"], len(&nobody["sessions"])), (&Value::Null, 0));
    gate.operator(&["accounts", "add", ANN, "--name", "Ann A.", "--group", "staff"]).done();
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    gate.ask(&mut gate.browser(), "eve@elsewhere.example", "/").await;
    let known = gate.operator(&["person", "ANN@example.com", "--json"]).json();
    assert_eq!(known["account"]["name"], "Ann A.");
    assert_eq!(known["groups"], json!(["staff"]));
    assert_eq!((len(&known["sessions"]), len(&known["attempts"])), (1, 2), "{known}");
    let states = [&known["attempts"][0]["state"], &known["attempts"][1]["state"]];
    assert_eq!(states, ["live", "used"], "the newest first");
    assert_eq!(known["attempts"][0]["admitted"], true);
    let place = &known["places"][0];
    assert_eq!((&place["site"], &place["may_sign_in"]), (&json!("app"), &json!(true)));
    let says: Vec<_> = place["rules"].as_array().expect("rules").iter().collect();
    let verdicts: Vec<_> =
        says.iter().map(|rule| rule["verdict"].as_str().expect("a word")).collect();
    assert_eq!(verdicts, ["public", "forbidden", "forbidden", "admitted"]);
    let screen = gate.operator(&["person", ANN]).done();
    for words in ["account: active, added", "in staff", "Signed in", "app.localhost", "may sign in"]
    {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    // Whoever asked for somebody who may not sign in finds out here why no mail came.
    let eve = gate.operator(&["person", "eve@elsewhere.example", "--json"]).json();
    assert_eq!(eve["attempts"][0]["admitted"], false);
    assert_eq!(eve["places"][0]["may_sign_in"], false);
    gate.operator(&["accounts", "suspend", ANN]).done();
    let known = gate.operator(&["person", ANN, "--json"]).json();
    assert_eq!((&known["account"]["state"], len(&known["sessions"])), (&json!("suspended"), 0));
    assert_eq!(known["places"][0]["may_sign_in"], false);
    assert_eq!(known["places"][0]["rules"][3]["verdict"], "forbidden");
}

async fn all_of_a_person_is_removed_and_nobody_elses(kind: Kind) {
    let gate = kind.gate().await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut bob, BOB, "/").await;
    let mut waiting = gate.browser();
    gate.ask(&mut waiting, ANN, "/").await;
    let mail = gate.mail(ANN, 2).await;
    for person in [ANN, BOB] {
        gate.operator(&["accounts", "add", person]).done();
    }
    let token = ["tokens", "add", "hers", "--site", "app", "--paths", "/**", "--expires", "9d"];
    gate.operator(&[&token[..], &["--email", ANN]].concat()).done();
    // Nobody to ask, and nothing was said.
    let told = gate.operator(&["person", ANN, "--erase"]);
    assert_eq!((told.code, &*told.out), (1, ""), "{}", told.err);
    assert!(told.err.contains("--yes"), "{}", told.err);
    assert_eq!(gate.operator(&["person", ANN, "--yes"]).code, 64);
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
    let erased = gate.operator(&["person", ANN, "--erase", "--yes", "--json"]).json();
    let erased = &erased["erased"];
    assert_eq!(
        (&erased["account"], &erased["sessions"], &erased["attempts"], &erased["tokens"]),
        (&json!(true), &json!(1), &json!(2), &json!(1)),
    );
    assert_eq!(signed_in_as(&gate, &mut ann).await, None);
    assert_eq!(waiting.get(&mail.link()).await.status, 404, "its link is not known any more");
    let known = gate.operator(&["person", ANN, "--json"]).json();
    for part in ["sessions", "attempts", "limits", "tokens"] {
        assert_eq!(len(&known[part]), 0, "{part}: {known}");
    }
    assert_eq!(known["account"], Value::Null);
    let again = gate.operator(&["person", ANN, "--erase", "--yes"]).done();
    assert!(again.contains("there was nothing"), "{again}");
    assert_eq!(signed_in_as(&gate, &mut bob).await.as_deref(), Some(BOB));
    let bob = gate.operator(&["person", BOB, "--json"]).json();
    assert_eq!((len(&bob["sessions"]), len(&bob["attempts"])), (1, 1));
    assert!(bob["account"].is_object());
    // She is a stranger, and may come again as any other.
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
}

#[tokio::test]
async fn the_configuration_is_read_again_when_an_operator_says_so() {
    let gate = Kind::memory().gate().await;
    let told = gate.operator(&["reload"]).done();
    assert!(told.starts_with("configuration: in force since "), "{told}");
    gate.edit("[\"@example.com\"", "[\"@else.example\"");
    let told = gate.operator(&["reload"]).done();
    assert!(told.starts_with("configuration: in force since ") && !told.contains("not changed"));
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    let known = gate.operator(&["person", ANN, "--json"]).json();
    assert_eq!(known["places"][0]["may_sign_in"], false, "it is in force, for the API, too");
}
