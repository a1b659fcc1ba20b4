//! The flow as a visitor walks it, with a real process over every store.

mod account;
mod api;
mod bad_news;
mod codes;
mod dead_links;
mod devices;
mod door;
mod elsewhere;
mod limits;
mod onward;
mod own_schemes;
mod own_terms;
mod pre_flights;
mod reports;
mod sign_out;
mod strangers;
mod tabs;
mod waiting;

use crate::support::client::{Answer, Browser};
use crate::support::gate::Gate;
use crate::support::stores::{Kind, over_every_store};

/// The name of the session cookie at an `http` origin.
pub const SESSION: &str = "linkgate-session";
const DEEP: &str = "/reports/42;v=1/%E2%9C%93?tab=x&next=https%3A%2F%2Fa.example%2F&empty=&p=a%2Bb";

over_every_store!(a_stranger_becomes_a_signed_in_visitor_on_the_page_that_was_asked_for);

async fn a_stranger_becomes_a_signed_in_visitor_on_the_page_that_was_asked_for(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    let stopped = browser.get(DEEP).await;
    assert_eq!(stopped.status, 303);
    assert!(stopped.location().starts_with("/.linkgate/sign-in?return_to=%2Freports"));
    assert!(gate.upstream.seen().is_empty(), "nothing reached the application");
    let form = browser.get(stopped.location()).await;
    assert_eq!(form.status, 200);
    assert_ours(&form);
    let asked = ask_with_fragment(&gate, &mut browser).await;
    assert_eq!((asked.status, asked.location()), (303, "/.linkgate/check-mail"));
    let waiting = browser.get("/.linkgate/check-mail").await;
    assert_eq!(waiting.status, 200);
    assert!(waiting.text().contains("ann@example.com"));
    let mail = gate.mail("ann@example.com", 1).await;
    assert!(mail.link().starts_with(&format!("{}/.linkgate/link/", gate.origin)));
    assert!(mail.html.contains(&mail.link()), "both parts carry the link");
    assert!(mail.html.contains(&mail.code()), "both parts carry the code");
    let landed = browser.get(&mail.link()).await;
    assert_eq!((landed.status, landed.location()), (303, &*format!("{DEEP}#total")));
    assert_eq!(landed.header("cache-control"), "no-store");
    assert!(gate.upstream.seen().is_empty(), "until now nothing reached the application");
    assert_eq!(browser.get(DEEP).await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.target, DEEP);
    assert_eq!(seen.header("remote-email"), "ann@example.com");
    assert_eq!(seen.all("cookie"), Vec::<&str>::new());
    // The double click, the back button.
    let again = browser.get(&mail.link()).await;
    assert_eq!((again.status, again.location()), (303, &*format!("{DEEP}#total")));
    assert_eq!(again.all("set-cookie"), Vec::<&str>::new());
    // Signed in already, the form has nothing to ask.
    let form = browser.get("/.linkgate/sign-in?return_to=%2Fx").await;
    assert_eq!((form.status, form.location()), (303, "/x"));
    for (event, member, value) in [
        ("link_asked", "with", "form"),
        ("session_made", "way", "own_browser"),
        ("device_new", "browser", "Firefox on Linux"),
    ] {
        let events = gate.recorded("ann@example.com", event, 1).await;
        assert_eq!((events.len(), &events[0]["detail"][member]), (1, &value.into()), "{event}");
    }
}

async fn ask_with_fragment(gate: &Gate, browser: &mut Browser) -> Answer {
    assert_eq!(browser.address(), gate.address);
    let fields = [("email", " ann@Example.COM "), ("return_to", DEEP), ("fragment", "#total")];
    browser.post("/.linkgate/sign-in", &fields).await
}

/// Every page of ours has the headers that keep it ours.
pub fn assert_ours(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("x-robots-tag"), "noindex");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe"), "{policy}");
}

/// The state that the waiting tab's script is told.
pub async fn wait_state(browser: &mut Browser) -> String {
    let headers = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")];
    let answer = browser.send("GET", "/.linkgate/wait", &headers, None).await;
    assert_eq!(answer.status, 200);
    answer.json()["state"].as_str().expect("a state").to_owned()
}

/// Whether the application answers this browser, and to whom it thinks it speaks.
pub async fn signed_in_as(gate: &Gate, browser: &mut Browser) -> Option<String> {
    gate.upstream.forget();
    let answer = browser.get("/me").await;
    if answer.status == 303 {
        assert!(gate.upstream.seen().is_empty());
        return None;
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
    Some(gate.upstream.seen().pop()?.header("remote-email").to_owned())
}
