//! Who gets an account by signing in.

use serde_json::json;

use crate::flow::signed_in_as;
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "Ann@example.com";

over_every_store!(
    who_registers_is_asked_for_a_name_once,
    a_name_of_somebody_without_an_account_is_kept_nowhere_and_ends_nothing,
    the_first_proven_sign_in_makes_an_account_where_it_may
);

const ASKING: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    sign_in: { registration: open, registration_name: true }
  - { name: listed, origin: "http://listed.localhost:$PORT", upstream: $UPSTREAM, allow: ["@example.com"] }
"#;

const WELCOME: &str = "/.linkgate/welcome";

async fn who_registers_is_asked_for_a_name_once(kind: Kind) {
    let gate = Gate::with(Wishes { sites: ASKING.into(), ..kind.wishes() }).await;
    let mut ann = gate.browser();
    assert_eq!(ann.get(WELCOME).await.location(), "/.linkgate/sign-in", "nobody is signed in");
    let landed = gate.sign_in(&mut ann, "ann@example.com", "/deep?x=1").await;
    assert_eq!(landed.location(), "/.linkgate/welcome?return_to=%2Fdeep%3Fx%3D1");
    let page = ann.get(landed.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("value=\"/deep?x=1\""), "{}", page.text());
    let post = async |ann: &mut Browser, name: &str, to: &str| {
        ann.post(WELCOME, &[("name", name), ("return_to", to)]).await
    };
    assert_eq!(post(&mut ann, "a\u{202e}b", "/deep").await.status, 422);
    assert_eq!(post(&mut ann, &"x".repeat(61), "/deep").await.status, 422);
    let cross =
        [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(ann.send("POST", WELCOME, &cross, Some(b"name=Eve")).await.status, 403);
    let accounts = || gate.operator(&["accounts", "list", "--json"]).json()["accounts"].clone();
    assert_eq!(accounts()[0]["name"], json!(null), "none of it was taken");
    let done = post(&mut ann, " Ann Ó Briain ", "/deep?x=1").await;
    assert_eq!((done.status, done.location()), (303, "/deep?x=1"));
    assert_eq!(accounts()[0]["name"], "Ann Ó Briain");
    assert_eq!(post(&mut ann, "", "//evil.example/").await.location(), "/");
    assert_eq!(accounts()[0]["name"], "Ann Ó Briain", "empty changes nothing");
    // Where a person presses the button, a page leads on: the application may redirect to another
    // origin, and Chromium would cancel that as the answer to a form.
    let person = [
        ("Sec-Fetch-User", "?1"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let form = Some(&b"name=&return_to=%2Fdeep%3Fx%3D1"[..]);
    let done = ann.send("POST", WELCOME, &person, form).await;
    let between = "/.linkgate/signed-in?return_to=%2Fdeep%3Fx%3D1";
    assert_eq!((done.status, done.location()), (303, between));
    let page = ann.get(between).await;
    assert_eq!((page.status, page.header("refresh")), (200, "0; url=/deep?x=1"));
    // Who has an account is not asked again, and where nobody is asked there is no such page.
    let landed = gate.sign_in(&mut gate.browser(), "ann@example.com", "/deep").await;
    assert_eq!(landed.location(), "/deep");
    let mut listed = gate.browser();
    listed.host = listed.host.replace("app.", "listed.");
    assert_eq!(listed.get(WELCOME).await.status, 404);
}

/// Signed in before registration was opened: a session, and no account.
async fn a_name_of_somebody_without_an_account_is_kept_nowhere_and_ends_nothing(kind: Kind) {
    let closed = "{ registration: closed }";
    let open = "{ registration: open, registration_name: true }";
    let sites = ASKING.replace(open, closed);
    let gate = Gate::with(Wishes { sites, ..kind.wishes() }).await;
    let (mut first, mut second) = (gate.browser(), gate.browser());
    gate.sign_in(&mut first, "ann@example.com", "/").await;
    gate.sign_in(&mut second, "ann@example.com", "/").await;
    assert_eq!(first.get(WELCOME).await.status, 404);
    gate.change(closed, open).await;
    assert_eq!(first.get(WELCOME).await.status, 200);
    for name in ["Ann", ""] {
        let fields = [("name", name), ("return_to", "/deep")];
        assert_eq!(first.post(WELCOME, &fields).await.location(), "/deep");
        for browser in [&mut first, &mut second] {
            assert_eq!(signed_in_as(&gate, browser).await.as_deref(), Some("ann@example.com"));
        }
    }
    let accounts = || gate.operator(&["accounts", "list", "--json"]).json()["accounts"].clone();
    assert_eq!(accounts(), json!([]));
    // With an account the same post is taken, and ends nothing either.
    gate.operator(&["accounts", "add", "ann@example.com"]).done();
    first.post(WELCOME, &[("name", "Ann"), ("return_to", "/deep")]).await;
    assert_eq!(accounts()[0]["name"], "Ann");
    for browser in [&mut first, &mut second] {
        assert_eq!(signed_in_as(&gate, browser).await.as_deref(), Some("ann@example.com"));
    }
}

const SITES: &str = r#"
  - { name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: ["@example.com"], sign_in: { registration: open } }
  - { name: members, origin: "http://members.localhost:$PORT", upstream: $UPSTREAM, allow: [accounts] }
  - { name: listed, origin: "http://listed.localhost:$PORT", upstream: $UPSTREAM, allow: ["@example.com"] }
"#;

async fn the_first_proven_sign_in_makes_an_account_where_it_may(kind: Kind) {
    let gate = Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await;
    let accounts = || gate.operator(&["accounts", "list", "--json"]).json()["accounts"].clone();
    let at = |name: &str| {
        let mut browser = gate.browser();
        browser.host = browser.host.replace("app.", &format!("{name}."));
        browser
    };
    // Closed is the default: a sign-in makes no account.
    gate.sign_in(&mut at("listed"), "bob@example.com", "/").await;
    // Out of the domain limit: not even a mail.
    assert_eq!(gate.ask(&mut gate.browser(), "eve@strange.example", "/").await.status, 303);
    // Asked for and not proven: no account.
    let mut members = at("members");
    assert_eq!(gate.ask(&mut members, ANN, "/").await.status, 303);
    let mut ann = gate.browser();
    assert_eq!(gate.ask(&mut ann, ANN, "/").await.status, 303);
    let mail = gate.mail("Ann@example.com", 1).await;
    assert_eq!(accounts(), json!([]));
    assert!(gate.mails().iter().all(|mail| !mail.to.contains("eve")));
    assert_eq!(ann.get(&mail.link()).await.status, 303);
    let made = accounts();
    assert_eq!(made.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&made[0]["email"], &made[0]["origin"]),
        (&json!("Ann@example.com"), &json!("registered"))
    );
    // Who has registered there may enter where accounts may.
    assert_eq!(gate.ask(&mut members, "ann@example.com", "/").await.status, 303);
    let mail = gate.mail("Ann@example.com", 2).await;
    assert_eq!(members.get(&mail.link()).await.status, 303);
    assert_eq!(members.get("/page").await.status, 200);
    // Suspended, the next sign-in makes no second account.
    gate.operator(&["accounts", "suspend", ANN]).done();
    assert_eq!(members.get("/page").await.status, 303);
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    assert_eq!(accounts()[0]["state"], "suspended");
}
