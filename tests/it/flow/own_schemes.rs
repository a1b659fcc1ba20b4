//! Sign-ins that end in an application with a scheme of its own (RFC 8252, 7.1).

use serde_json::json;

use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const APP: &str = "exampleapp://signed-in";

async fn gate() -> Gate {
    let sites = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
                 allow: [\"@example.com\"]\n    return_to: [\"exampleapp://signed-in\"]";
    Gate::with(Wishes { sites: sites.into(), ..Default::default() }).await
}

#[tokio::test]
async fn link_and_code_end_in_the_application() {
    let gate = gate().await;
    let mut browser = gate.browser();
    let form = browser.get("/.linkgate/sign-in?return_to=exampleapp%3A%2F%2Fsigned-in").await;
    assert!(form.text().contains("value=\"exampleapp://signed-in\""), "{}", form.text());
    // Without its scheme in the list Chromium cancels the redirect after the post.
    let policy = form.header("content-security-policy").to_owned();
    let actions = policy.split(';').find(|it| it.trim().starts_with("form-action"));
    let mut actions = actions.expect("a directive").split_ascii_whitespace();
    assert!(actions.any(|it| it == "exampleapp:"), "{policy}");
    let landed = gate.sign_in(&mut browser, ANN, APP).await;
    assert_eq!((landed.status, landed.location()), (303, APP));
    // With the code, and a scheme in capitals (RFC 3986, 3.1); a fragment is never added.
    let mut browser = gate.browser();
    let fields = [("email", ANN), ("return_to", "ExampleApp://signed-in"), ("fragment", "#x")];
    assert_eq!(browser.post("/.linkgate/sign-in", &fields).await.status, 303);
    let code = gate.mail(ANN, 2).await.code();
    let landed = browser.post("/.linkgate/code", &[("code", &code)]).await;
    assert_eq!((landed.status, landed.location()), (303, APP));
    // In another browser, once the address is confirmed.
    gate.ask(&mut gate.browser(), ANN, APP).await;
    let link = gate.mail(ANN, 3).await.link();
    let landed = gate.browser().post(&link, &[("email", ANN)]).await;
    assert_eq!((landed.status, landed.location()), (303, APP));
}

#[tokio::test]
async fn what_is_not_listed_ends_at_the_front_page() {
    let gate = gate().await;
    for (count, return_to) in [
        "otherapp://x",
        "otherapp://signed-in",
        "exampleapp://signed-in/../x",
        "exampleapp://signed-in?x",
        "exampleapp://signed-in.evil.test",
        "exampleapp://user@signed-in",
        "exampleapp:signed-in",
        "exampleapp:",
        "exampleapp\u{9}://signed-in",
        " exampleapp://signed-in",
        "javascript:alert(1)",
        "javascript://signed-in/%0aalert(1)",
        "JavaScript:alert(1)//exampleapp://signed-in",
        "data:text/html,x",
        "intent://signed-in#Intent;scheme=exampleapp;end",
    ]
    .into_iter()
    .enumerate()
    {
        let landed = gate.sign_in(&mut gate.browser(), ANN, return_to).await;
        assert_eq!((landed.status, landed.location()), (303, "/"), "{count}: {return_to}");
    }
}

/// A native client: no browser, no `Sec-Fetch-Site`; it names the site as its origin and keeps the
/// two cookies.
#[tokio::test]
async fn a_native_client_signs_in_through_the_api() {
    let gate = gate().await;
    let mut app = gate.browser();
    app.agent = "ExampleApp/2.1 (iPhone)".into();
    let ask = json!({ "email": ANN, "return_to": APP });
    assert_eq!(native(&gate, &mut app, "/.linkgate/api/sign-in", &ask).await.status, 202);
    let code = gate.mail(ANN, 1).await.code();
    let verify = "/.linkgate/api/verify";
    let mut thief = gate.browser();
    let stolen = native(&gate, &mut thief, verify, &json!({ "code": code })).await;
    assert_eq!((stolen.status, &stolen.json()["code"]), (422, &json!("no_attempt")));
    let verified = native(&gate, &mut app, verify, &json!({ "code": code })).await;
    assert_eq!(verified.status, 200, "{}", verified.text());
    assert_eq!(verified.json()["return_to"], APP);
    assert_eq!(app.send("GET", "/x", &[], None).await.status, 200);
    for (listed, ends) in [("otherapp://x", "/"), ("javascript:alert(1)", "/"), (APP, APP)] {
        let mut app = gate.browser();
        let count = gate.mails().len();
        let ask = json!({ "email": ANN, "return_to": listed });
        assert_eq!(native(&gate, &mut app, "/.linkgate/api/sign-in", &ask).await.status, 202);
        let state = app.send("GET", "/.linkgate/api/sign-in", &[], None).await.json();
        assert_eq!(state["return_to"], ends, "{listed}");
        let link = gate.mail(ANN, count + 1).await.link();
        let token = link.rsplit('/').next().expect("a token");
        let verified = native(&gate, &mut app, verify, &json!({ "token": token })).await;
        assert_eq!(verified.json()["return_to"], ends, "{listed}");
    }
}

async fn native(
    gate: &Gate,
    app: &mut Browser,
    path: &str,
    body: &serde_json::Value,
) -> crate::support::client::Answer {
    let headers = [("Origin", &*gate.origin), ("Content-Type", "application/json")];
    app.send("POST", path, &headers, Some(body.to_string().as_bytes())).await
}

/// A browser in which a person has pressed something (`Sec-Fetch-User`) gets a page in between: it
/// starts no application unasked, and cancels what an application redirects to after a form.
#[tokio::test]
async fn a_person_is_led_on_by_a_page() {
    const PERSON: (&str, &str) = ("Sec-Fetch-User", "?1");
    let gate = gate().await;
    let mut browser = gate.browser();
    assert_eq!(gate.ask(&mut browser, ANN, APP).await.status, 303);
    let link = gate.mail(ANN, 1).await.link();
    let target = link.strip_prefix(&gate.origin).expect("a link of this site");
    let landed = browser.send("GET", target, &[PERSON], None).await;
    let between = "/.linkgate/signed-in?return_to=exampleapp%3A%2F%2Fsigned-in";
    assert_eq!((landed.status, landed.location()), (303, between));
    let page = browser.get(between).await;
    assert_eq!((page.status, page.header("refresh")), (200, "0; url=exampleapp://signed-in"));
    assert!(page.text().contains("href=\"exampleapp://signed-in\""), "and one may press");
    let wait = browser.send("GET", "/.linkgate/wait", &[], None).await.json();
    assert_eq!(wait["location"], between, "the script goes there, too");
    for path in ["check-mail", "sign-in?return_to=exampleapp%3A%2F%2Fsigned-in"] {
        let path = format!("/.linkgate/{path}");
        assert_eq!(browser.send("GET", &path, &[PERSON], None).await.location(), between);
        assert_eq!(browser.get(&path).await.location(), APP, "{path}, a program");
    }
    // A page of the site itself: straight there after a link, by way of the page after a form.
    let mut browser = gate.browser();
    gate.ask(&mut browser, ANN, "/x").await;
    let code = format!("code={}", gate.mail(ANN, 2).await.code());
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let site = ("Sec-Fetch-Site", "same-origin");
    let headers = [PERSON, form, site];
    let sent = browser.send("POST", "/.linkgate/code", &headers, Some(code.as_bytes())).await;
    assert_eq!((sent.status, sent.location()), (303, "/.linkgate/signed-in?return_to=%2Fx"));
}
