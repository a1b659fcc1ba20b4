//! The link in another browser than the one that asked.

use super::{SESSION, signed_in_as, wait_state};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(opening_spends_nothing_and_the_address_signs_in_there_only);

async fn opening_spends_nothing_and_the_address_signs_in_there_only(kind: Kind) {
    let gate = kind.gate().await;
    let mut computer = gate.browser();
    gate.ask(&mut computer, "ann@example.com", "/report").await;
    let mail = gate.mail("ann@example.com", 1).await;
    // A scanner: follows the link again and again, presses what it finds.
    for _ in 0..10 {
        let mut scanner = gate.browser();
        let page = scanner.get(&mail.link()).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Sign in on this device?"));
        assert!(!page.text().contains("ann@example.com"), "the page must not tell what to type");
        assert!(scanner.cookies.is_empty());
        assert_eq!(scanner.post(&mail.link(), &[]).await.status, 422);
        assert_eq!(scanner.post(&mail.link(), &[("email", "")]).await.status, 422);
    }
    let mut telephone = gate.browser();
    telephone.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Safari/604.1".into();
    let wrong = telephone.post(&mail.link(), &[("email", "eve@example.com")]).await;
    assert_eq!(wrong.status, 422);
    assert!(!telephone.cookies.contains_key(SESSION));
    let right = telephone.post(&mail.link(), &[("email", " ANN@example.com")]).await;
    assert_eq!((right.status, right.location()), (303, "/report"));
    assert_eq!(signed_in_as(&gate, &mut telephone).await.as_deref(), Some("ann@example.com"));
    // The tab that waits is not signed in by that, and its code still works.
    assert_eq!(signed_in_as(&gate, &mut computer).await, None);
    assert_eq!(wait_state(&mut computer).await, "waiting");
    assert_eq!(computer.get("/.linkgate/check-mail").await.status, 200);
    assert_eq!(computer.get(&mail.link()).await.status, 410, "the link is spent everywhere");
    let code = computer.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!((code.status, code.location()), (303, "/report"));
    assert_eq!(signed_in_as(&gate, &mut computer).await.as_deref(), Some("ann@example.com"));
    // Both are sessions of their own: one ends, the other stays.
    telephone.post("/.linkgate/sign-out", &[]).await;
    let ended = gate.recorded("ann@example.com", "session_ended", 1).await;
    assert_eq!(ended[0]["detail"]["why"], "sign_out");
    assert_eq!(
        gate.recorded("ann@example.com", "link_opened", 1).await.len(),
        1,
        "ten are counted"
    );
    assert_eq!(gate.recorded("ann@example.com", "address_wrong", 1).await.len(), 1);
    let made = gate.recorded("ann@example.com", "session_made", 2).await;
    let ways: Vec<_> = made.iter().map(|event| event["detail"]["way"].clone()).collect();
    assert_eq!(ways, ["other_browser", "code"]);
    assert_eq!(signed_in_as(&gate, &mut telephone).await, None);
    assert_eq!(signed_in_as(&gate, &mut computer).await.as_deref(), Some("ann@example.com"));
}

#[tokio::test]
async fn head_and_prefetch_change_nothing_even_in_the_browser_that_asked() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/").await;
    let link = gate.mail("ann@example.com", 1).await.link();
    let target = link.strip_prefix(&gate.origin).expect("ours").to_owned();
    let looks: [(&str, &[(&str, &str)]); 5] = [
        ("HEAD", &[]),
        ("GET", &[("Sec-Purpose", "prefetch")]),
        ("GET", &[("Sec-Purpose", "prefetch;prerender")]),
        ("GET", &[("Purpose", "prefetch")]),
        ("GET", &[("X-Moz", "prefetch")]),
    ];
    for (method, headers) in looks {
        let answer = browser.send(method, &target, headers, None).await;
        assert_eq!(answer.status, 200, "{method} {headers:?}");
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{method} {headers:?}");
        assert!(method != "HEAD" || answer.body.is_empty());
    }
    let head = browser.send("HEAD", "/.linkgate/sign-out", &[], None).await;
    assert_eq!(head.status, 200);
    assert_eq!(browser.get(&link).await.status, 303, "the link still works");
    assert!(browser.cookies.contains_key(SESSION));
    let head = browser.send("HEAD", "/.linkgate/sign-out", &[], None).await;
    assert_eq!(head.status, 200);
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some("ann@example.com"));
    let fetched = gate.recorded("ann@example.com", "link_opened_by_machine", 1).await;
    assert_eq!(fetched[0]["detail"]["how"], "head");
}

#[tokio::test]
async fn with_a_button_the_address_is_not_asked_for() {
    let wishes = Wishes { sign_in: "other_browser: button".into(), ..Wishes::default() };
    let gate = Gate::with(wishes).await;
    gate.ask(&mut gate.browser(), "ann@example.com", "/x").await;
    let link = gate.mail("ann@example.com", 1).await.link();
    let mut other = gate.browser();
    assert_eq!(other.get(&link).await.status, 200);
    let pressed = other.post(&link, &[]).await;
    assert_eq!((pressed.status, pressed.location()), (303, "/x"));
    assert!(other.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn with_code_only_nothing_signs_in_elsewhere() {
    let wishes = Wishes { sign_in: "other_browser: code_only".into(), ..Wishes::default() };
    let gate = Gate::with(wishes).await;
    let mut asker = gate.browser();
    gate.ask(&mut asker, "ann@example.com", "/x").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let mut other = gate.browser();
    assert_eq!(other.get(&mail.link()).await.status, 200);
    let posted = other.post(&mail.link(), &[("email", "ann@example.com")]).await;
    assert_eq!(posted.status, 200);
    assert!(!other.cookies.contains_key(SESSION));
    assert_eq!(asker.post("/.linkgate/code", &[("code", &mail.code())]).await.status, 303);
}
