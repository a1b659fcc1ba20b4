//! The flow as a visitor walks it, over every store.

use crate::support::gate::{Gate, Wishes};

const DEEP: &str = "/reports/42;v=1/%E2%9C%93?tab=x&next=https%3A%2F%2Fa.example%2F&empty=&p=a%2Bb";

#[tokio::test]
async fn a_stranger_becomes_a_signed_in_visitor_on_the_page_that_was_asked_for() {
    for store in ["{ memory: {} }", "{ embedded: { path: \"$DIR/data\" } }"] {
        let gate = Gate::with(Wishes { store: store.into(), ..Wishes::default() }).await;
        let mut browser = gate.browser();
        let stopped = browser.get(DEEP).await;
        assert_eq!(stopped.status, 303);
        assert!(stopped.location().starts_with("/.linkgate/sign-in?return_to=%2Freports"));
        assert!(gate.upstream.seen().is_empty(), "nothing reached the application");
        let landed = gate.sign_in(&mut browser, "ann@example.com", DEEP).await;
        assert_eq!((landed.status, landed.location()), (303, DEEP));
        assert_eq!(browser.get(DEEP).await.status, 200);
        let seen = gate.upstream.seen().pop().expect("a request");
        assert_eq!(seen.target, DEEP);
        assert_eq!(seen.header("remote-email"), "ann@example.com");
        assert_eq!(seen.all("cookie"), Vec::<&str>::new());
    }
}
