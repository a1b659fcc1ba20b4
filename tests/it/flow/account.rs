//! The account page: the sessions of a person, and the buttons that end them.

use super::{SESSION, signed_in_as};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const ACCOUNT: &str = "/.linkgate/account";

over_every_store!(a_person_sees_their_sessions_and_ends_them, sign_out_everywhere_ends_all);

/// Browsers of one person, each with a session of its own.
async fn browsers<const N: usize>(gate: &Gate, who: &str) -> [Browser; N] {
    let mut browsers = std::array::from_fn(|_| gate.browser());
    for browser in &mut browsers {
        gate.sign_in(browser, who, "/").await;
    }
    browsers
}

/// What the buttons of the page say, one for each session that is not this one.
async fn handles(browser: &mut Browser) -> Vec<String> {
    let page = browser.get(ACCOUNT).await;
    assert_eq!(page.status, 200, "{}", page.text());
    super::assert_ours(&page);
    let mut found = Vec::new();
    for part in page.text().split("name=\"session\" value=\"").skip(1) {
        found.push(part.split('"').next().expect("a value").to_owned());
    }
    found
}

async fn a_person_sees_their_sessions_and_ends_them(kind: Kind) {
    let gate = kind.gate().await;
    let [mut this, mut second, mut third] = browsers(&gate, ANN).await;
    let [mut bob] = browsers(&gate, "bob@partner.example").await;
    let listed = handles(&mut this).await;
    assert_eq!(listed.len(), 2);
    let bobs = handles(&mut bob).await;
    assert!(bobs.is_empty(), "nobody sees the sessions of others");
    // An unknown handle, half of one, and one of nobody's: the same answer, and nothing ends.
    for handle in ["0".repeat(32), "x".to_owned(), listed[0][..31].to_owned()] {
        let ended = this.post(ACCOUNT, &[("session", &handle)]).await;
        assert_eq!((ended.status, ended.location()), (303, "/.linkgate/account?ended=one"));
        assert_eq!(handles(&mut this).await.len(), 2);
    }
    // Not even with a genuine handle does somebody else end it.
    let foreign = bob.post(ACCOUNT, &[("session", &listed[0])]).await;
    assert_eq!((foreign.status, foreign.location()), (303, "/.linkgate/account?ended=one"));
    assert_eq!(handles(&mut this).await.len(), 2);
    let ended = this.post(ACCOUNT, &[("session", &listed[0])]).await;
    assert_eq!((ended.status, ended.location()), (303, "/.linkgate/account?ended=one"));
    assert_eq!(handles(&mut this).await, [&*listed[1]]);
    let alive = [&mut second, &mut third];
    let mut still = 0;
    for browser in alive {
        still += usize::from(signed_in_as(&gate, browser).await.is_some());
    }
    assert_eq!(still, 1);
    let ended = this.post(ACCOUNT, &[("others", "1")]).await;
    assert_eq!((ended.status, ended.location()), (303, "/.linkgate/account?ended=others"));
    assert!(handles(&mut this).await.is_empty());
    for browser in [&mut second, &mut third] {
        assert_eq!(signed_in_as(&gate, browser).await, None);
    }
    assert!(signed_in_as(&gate, &mut this).await.is_some());
    assert!(signed_in_as(&gate, &mut bob).await.is_some());
    let ended = gate.recorded(ANN, "session_ended", 1).await;
    assert!(ended.iter().all(|event| event["detail"]["why"] == "account_page"), "{ended:?}");
    assert_eq!(ended[0]["detail"]["session"], *listed[0]);
}

#[tokio::test]
async fn only_an_unmistakable_request_of_the_page_itself_ends_anything() {
    let gate = Gate::start().await;
    let [mut this, mut second] = browsers(&gate, ANN).await;
    let handle = handles(&mut this).await.remove(0);
    let forged =
        [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    let answer = this.send("POST", ACCOUNT, &forged, Some(b"others=1")).await;
    assert_eq!(answer.status, 403);
    for fields in [
        &[][..],
        &[("others", "2")],
        &[("session", &*handle), ("others", "1")],
        &[("session", &handle), ("session", &handle)],
        &[("others", "1"), ("others", "1")],
    ] {
        assert_eq!(this.post(ACCOUNT, fields).await.status, 400, "{fields:?}");
    }
    assert!(signed_in_as(&gate, &mut second).await.is_some(), "nothing has ended");
    let nobody = gate.browser().post(ACCOUNT, &[("others", "1")]).await;
    assert_eq!((nobody.status, nobody.location()), (303, "/.linkgate/sign-in"));
    // One's own session can be ended here, too: then it is a sign-out.
    let own = handles(&mut second).await;
    assert_eq!(own.len(), 1, "the button of this session is not shown");
    let own = second.json("GET", "/.linkgate/api/sessions", &serde_json::json!({})).await.json();
    let own = own["sessions"].as_array().expect("a list").iter().find(|it| it["this"] == true);
    let own = own.expect("its own")["handle"].as_str().expect("a text").to_owned();
    let ended = second.post(ACCOUNT, &[("session", &own)]).await;
    assert_eq!((ended.status, ended.location()), (303, "/.linkgate/sign-out"));
    assert!(!second.cookies.contains_key(SESSION));
}

/// The list is that of the person, not of the site: a session that was forgotten at another site is
/// found here.
#[tokio::test]
async fn the_list_has_the_sessions_of_all_sites() {
    let site = |name: &str| {
        format!(
            "\n  - name: {name}\n    origin: http://{name}.localhost:$PORT\n    \
             upstream: $UPSTREAM\n    allow: [\"@example.com\"]"
        )
    };
    let sites = format!("{}{}", site("app"), site("other"));
    let gate = Gate::with(Wishes { sites, ..Default::default() }).await;
    let [mut app] = browsers(&gate, ANN).await;
    let mut other = gate.browser();
    other.host = gate.host.replace("app.", "other.");
    gate.sign_in(&mut other, ANN, "/").await;
    let page = app.get(ACCOUNT).await.text();
    assert!(page.contains(&app.host) && page.contains(&other.host), "{page}");
    assert_eq!(other.get("/x").await.status, 200);
    app.post(ACCOUNT, &[("others", "1")]).await;
    assert_eq!(other.get("/x").await.status, 303);
}

async fn sign_out_everywhere_ends_all(kind: Kind) {
    let gate = kind.gate().await;
    let [mut this, mut second] = browsers(&gate, ANN).await;
    let [mut bob] = browsers(&gate, "bob@partner.example").await;
    let done = this.post("/.linkgate/sign-out", &[("everywhere", "1")]).await;
    assert_eq!((done.status, done.location()), (303, "/.linkgate/sign-out?everywhere=1"));
    assert_eq!(done.header("clear-site-data"), "\"cache\"");
    assert!(!this.cookies.contains_key(SESSION));
    assert_eq!(this.get(done.location()).await.status, 200);
    assert_eq!(signed_in_as(&gate, &mut second).await, None);
    assert!(signed_in_as(&gate, &mut bob).await.is_some());
    // Whose session has ended already is nobody, and is not told that all have ended.
    let [mut late, mut alive] = browsers(&gate, ANN).await;
    alive.post(ACCOUNT, &[("others", "1")]).await;
    let done = late.post("/.linkgate/sign-out", &[("everywhere", "1")]).await;
    assert_eq!((done.status, done.location()), (303, "/.linkgate/sign-out"));
    assert!(signed_in_as(&gate, &mut alive).await.is_some());
}
