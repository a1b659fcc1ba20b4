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
    let landed = gate.sign_in(&mut browser, ANN, APP).await;
    assert_eq!((landed.status, &*landed.landing()), (303, APP));
    for page in ["check-mail", "sign-in?return_to=exampleapp%3A%2F%2Fsigned-in"] {
        let again = browser.get(&format!("/.linkgate/{page}")).await;
        assert_eq!((again.status, &*again.landing()), (303, APP), "{page}");
    }
    let wait = browser.send("GET", "/.linkgate/wait", &[], None).await.json();
    assert_eq!(wait["location"], landed.location());
    // With the code, and a scheme in capitals (RFC 3986, 3.1); a fragment is never added.
    let mut browser = gate.browser();
    let fields = [("email", ANN), ("return_to", "ExampleApp://signed-in"), ("fragment", "#x")];
    assert_eq!(browser.post("/.linkgate/sign-in", &fields).await.status, 303);
    let code = gate.mail(ANN, 2).await.code();
    let landed = browser.post("/.linkgate/code", &[("code", &code)]).await;
    assert_eq!((landed.status, &*landed.landing()), (303, APP));
    let page = browser.get(landed.location()).await;
    assert_eq!((page.status, page.header("refresh")), (200, "0; url=exampleapp://signed-in"));
    assert!(page.text().contains("href=\"exampleapp://signed-in\""), "and one may press");
    // In another browser, once the address is confirmed.
    gate.ask(&mut gate.browser(), ANN, APP).await;
    let link = gate.mail(ANN, 3).await.link();
    let landed = gate.browser().post(&link, &[("email", ANN)]).await;
    assert_eq!((landed.status, &*landed.landing()), (303, APP));
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
