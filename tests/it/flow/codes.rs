//! The code, typed into the tab that waits.

use super::{SESSION, signed_in_as};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(five_tries_and_no_more, the_code_signs_the_waiting_tab_in);

async fn five_tries_and_no_more(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let wrong = if mail.code() == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
    // What cannot be a code costs no try.
    for slip in ["", "1234", "AEIOU"] {
        let answer = browser.post("/.linkgate/code", &[("code", slip)]).await;
        assert_eq!(answer.status, 422, "{slip:?}");
    }
    for left in (1..5).rev() {
        let answer = browser.post("/.linkgate/code", &[("code", wrong)]).await;
        assert_eq!(answer.status, 422);
        let words = if left == 1 { "1 try".to_owned() } else { format!("{left} tries") };
        assert!(answer.text().contains(&words), "{left} left: {}", answer.text());
    }
    for code in [wrong, &mail.code()] {
        let answer = browser.post("/.linkgate/code", &[("code", code)]).await;
        assert_eq!(answer.status, 429, "the right code comes too late, too");
        assert!(!browser.cookies.contains_key(SESSION));
    }
    assert_eq!(browser.get(&mail.link()).await.status, 303, "the link is another secret");
    gate.recorded("ann@example.com", "code_used_up", 1).await;
    assert_eq!(gate.recorded("ann@example.com", "code_wrong", 4).await.len(), 4);
}

async fn the_code_signs_the_waiting_tab_in(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/x?y=z").await;
    let mail = gate.mail("ann@example.com", 1).await;
    // Without the cookie of the browser that asked the code is worth nothing.
    let mut stranger = gate.browser();
    let refused = stranger.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!((refused.status, refused.location()), (303, "/.linkgate/sign-in"));
    let mut asked_for_another = gate.browser();
    gate.ask(&mut asked_for_another, "dan@example.com", "/").await;
    let refused = asked_for_another.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!(refused.status, 422);
    let typed = format!("  {} ", mail.code().to_lowercase().replace('-', " "));
    let landed = browser.post("/.linkgate/code", &[("code", &typed)]).await;
    assert_eq!((landed.status, landed.location()), (303, "/x?y=z"));
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some("ann@example.com"));
    // Code and link end together in the browser that asked.
    let mut other = gate.browser();
    assert_eq!(other.get(&mail.link()).await.status, 410);
    browser.cookies.remove(SESSION);
    assert_eq!(browser.get(&mail.link()).await.status, 410);
    let again = browser.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!(again.status, 410);
}

/// That its link was used elsewhere is not told to the tab that began the attempt, not even when its
/// tries are used up: its page once said that the link works no more.
#[tokio::test]
async fn the_page_after_too_many_codes_is_the_same_for_every_address() {
    let gate = crate::support::gate::Gate::start().await;
    let mut pages = Vec::new();
    for address in ["ann@example.com", "eva@elsewhere.example"] {
        let mut browser = gate.browser();
        gate.ask(&mut browser, address, "/").await;
        if pages.is_empty() {
            let link = gate.mail(address, 1).await.link();
            let used = gate.browser().post(&link, &[("email", address)]).await;
            assert_eq!(used.status, 303);
        }
        let mut page = browser.post("/.linkgate/code", &[("code", "BBBB-BBBB")]).await;
        for _ in 0..5 {
            page = browser.post("/.linkgate/code", &[("code", "BBBB-BBBB")]).await;
        }
        assert_eq!(page.status, 429);
        let text = page.text().replace(address, "");
        let is_alike = |line: &&str| !line.contains("class=\"reference\"");
        pages.push(text.lines().filter(is_alike).collect::<String>());
    }
    assert_eq!(pages[0], pages[1]);
}
