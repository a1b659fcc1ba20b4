//! `max_age`: an old sign-in is renewed, for pages and for what is sent to them.

use serde_json::json;

use crate::flow::SESSION;
use crate::support::clocked_redis::ClockedRedis;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules: [{ path: /transfer, methods: [POST], max_age: 1m }]
"#;

/// The page itself passes with an old sign-in, so whoever is sent to the form must see it and not be
/// sent back to the page at once.
#[tokio::test]
async fn a_form_that_wants_a_recent_sign_in_gets_one() {
    let redis = ClockedRedis::start().await;
    let mut gate = Gate::with(Wishes { sites: SITES.into(), ..redis.wishes("") }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let send = [("amount", "5")];
    assert_eq!(ann.post("/transfer", &send).await.status, 200, "fresh");
    redis.pass(61, &mut gate).await;
    assert_eq!(ann.get("/transfer").await.status, 200, "for the page it is recent enough");
    let stopped = ann.post("/transfer", &send).await;
    assert_eq!(stopped.status, 303);
    let form = ann.get(stopped.location()).await;
    assert_eq!(form.status, 200, "to {}", form.location());
    assert!(form.text().contains("This page needs a recent sign-in."), "{}", form.text());
    // A program is told the same form.
    let told = ann.json("POST", "/transfer", &json!({})).await;
    assert_eq!(told.status, 401);
    let url = told.json()["sign_in_url"].as_str().expect("a URL").to_owned();
    assert_eq!(ann.get(&url).await.status, 200);
    let before = ann.cookies[SESSION].clone();
    gate.sign_in(&mut ann, ANN, "/transfer").await;
    assert_ne!(ann.cookies[SESSION], before);
    assert_eq!(ann.post("/transfer", &send).await.status, 200, "renewed");
    // Whoever opens the form without need goes on.
    let onward = ann.get("/.linkgate/sign-in?return_to=%2Ftransfer").await;
    assert_eq!((onward.status, onward.location()), (303, "/transfer"));
}
