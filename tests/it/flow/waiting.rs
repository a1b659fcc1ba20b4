//! The tab that waits.

use super::{SESSION, wait_state};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(it_goes_on_by_itself, a_resend_waits_its_turn);

async fn it_goes_on_by_itself(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    assert_eq!(wait_state(&mut browser).await, "unknown");
    assert_eq!(browser.get("/.linkgate/check-mail").await.location(), "/.linkgate/sign-in");
    gate.ask(&mut browser, "ann@example.com", "/deep?q#top").await;
    assert_eq!(wait_state(&mut browser).await, "waiting");
    let link = gate.mail("ann@example.com", 1).await.link();
    // Another browser opens the link: the tab goes on waiting.
    gate.browser().get(&link).await;
    assert_eq!(wait_state(&mut browser).await, "waiting");
    // Another tab of this browser: the tab goes where it wanted to be.
    browser.get(&link).await;
    let answer = browser.send("GET", "/.linkgate/wait", &[], None).await;
    assert_eq!(
        answer.json(),
        serde_json::json!({ "state": "signed_in", "location": "/deep?q#top" })
    );
    let page = browser.get("/.linkgate/check-mail").await;
    assert_eq!((page.status, page.location()), (303, "/deep?q#top"));
    // Without the session the tab is told by the clock alone, as if the link had been used elsewhere.
    browser.cookies.remove(SESSION);
    assert_eq!(wait_state(&mut browser).await, "waiting");
    // The state is for this browser's attempt only.
    assert_eq!(wait_state(&mut gate.browser()).await, "unknown");
}

async fn a_resend_waits_its_turn(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    let nothing = browser.post("/.linkgate/resend", &[]).await;
    assert_eq!((nothing.status, nothing.location()), (303, "/.linkgate/sign-in"));
    gate.ask(&mut browser, "ann@example.com", "/").await;
    let link = gate.mail("ann@example.com", 1).await.link();
    let early = browser.post("/.linkgate/resend", &[]).await;
    assert_eq!(early.status, 429);
    let after: u64 = early.header("retry-after").parse().expect("seconds");
    assert!((1..=31).contains(&after), "{after}");
    assert_eq!(gate.mails().len(), 1);
    assert_eq!(browser.get(&link).await.status, 303, "the mail that was sent still works");
}
