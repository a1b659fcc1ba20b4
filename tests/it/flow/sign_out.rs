//! The end of a session.

use super::{SESSION, signed_in_as};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(signing_out_ends_the_session_and_not_only_the_cookie);

async fn signing_out_ends_the_session_and_not_only_the_cookie(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let stolen = browser.clone();
    let question = browser.get("/.linkgate/sign-out").await;
    assert_eq!(question.status, 200);
    assert!(question.text().contains("ann@example.com"));
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some("ann@example.com"));
    let done = browser.post("/.linkgate/sign-out", &[]).await;
    assert_eq!((done.status, done.location()), (303, "/.linkgate/sign-out"));
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(signed_in_as(&gate, &mut stolen.clone()).await, None);
    assert_eq!(signed_in_as(&gate, &mut browser).await, None);
    let page = browser.get("/.linkgate/sign-out").await;
    assert!(page.text().contains("You are signed out"));
    // A new sign-in ends the session that the browser brings along.
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let before = browser.clone();
    gate.sign_in(&mut browser, "dan@example.com", "/").await;
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some("dan@example.com"));
    assert_eq!(signed_in_as(&gate, &mut before.clone()).await, None);
    gate.recorded("dan@example.com", "session_made", 1).await;
    let ended = gate.operator(&["audit", "--event", "session_ended", "--json"]).done();
    let why = |line: &str| {
        let event: serde_json::Value = serde_json::from_str(line).expect("an event");
        event["detail"]["why"].as_str().map(str::to_owned)
    };
    let whys: Vec<_> = ended.lines().filter_map(why).collect();
    assert_eq!(whys, ["sign_out", "replaced"]);
}

/// A token that was lost at one site opens no other.
#[tokio::test]
async fn a_session_counts_at_its_own_site_only() {
    let site = |name: &str| {
        format!(
            "\n  - name: {name}\n    origin: http://{name}.localhost:$PORT\n    \
             upstream: $UPSTREAM\n    allow: [\"@example.com\"]"
        )
    };
    let sites = format!("{}{}", site("app"), site("other"));
    let gate = crate::support::gate::Gate::with(crate::support::gate::Wishes {
        sites,
        ..Default::default()
    })
    .await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    assert_eq!(browser.get("/x").await.status, 200);
    browser.host = gate.host.replace("app.", "other.");
    assert_eq!(browser.get("/x").await.status, 303);
    let session = browser.send("GET", "/.linkgate/api/session", &[], None).await;
    assert_eq!(session.status, 401);
}
