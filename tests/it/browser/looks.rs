//! The pages as a running gate answers them, with its own headers: each of them is looked at once.
//! In every way and every state they are looked at in the gallery.

use super::gallery::survey;
use super::{ANN, Installed};
use crate::support::chromium::Chromium;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::redis::RedisServer;

#[tokio::test]
async fn pages_of_the_flow_fit_and_can_be_read() {
    let installed = Installed::embedded().await;
    let (chromium, other) = (Chromium::start().await, Chromium::start().await);
    chromium.open(&installed.deep()).await;
    survey(&chromium, "sign-in").await;
    chromium.press("Send me a link").await;
    chromium.says("Enter your e-mail address.").await;
    survey(&chromium, "sign-in-problem").await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
    survey(&chromium, "check-mail").await;
    chromium.fill("code", "BBBB-BBBB").await;
    chromium.says("tries left").await;
    survey(&chromium, "check-mail-problem").await;
    let mail = installed.gate.mail(ANN, 1).await;
    other.open(&mail.link()).await;
    survey(&other, "elsewhere").await;
    other.fill("email", "bob@example.com").await;
    other.press("Sign in on this device").await;
    other.says("was not sent to this address").await;
    survey(&other, "elsewhere-problem").await;
    other.open(&mail.report()).await;
    survey(&other, "report").await;

    chromium.open(&mail.link()).await;
    chromium.arrives_at(&installed.deep()).await;
    for (name, page) in [("account", "account"), ("sign-out", "sign-out"), ("not-found", "nothing")]
    {
        chromium.open(&installed.page(page)).await;
        survey(&chromium, name).await;
    }
    chromium.open(&format!("{}/admin/", installed.gate.origin)).await;
    chromium.says("No access").await;
    survey(&chromium, "forbidden").await;
    other.open(&mail.link()).await;
    other.says("This link was used").await;
    survey(&other, "link-used").await;
    other.open(&installed.page("link/nonsense")).await;
    survey(&other, "link-unknown").await;
    chromium.open(&installed.page("sign-out")).await;
    chromium.press("Sign out on this device").await;
    chromium.says("You are signed out").await;
    survey(&chromium, "signed-out").await;
    chromium.is_content(&[403, 404, 410, 422]).await;
    other.is_content(&[404, 410, 422]).await;
}

#[tokio::test]
async fn pages_of_an_ended_request_fit_and_can_be_read() {
    let installed = Installed::embedded().await;
    let chromium = Chromium::start().await;
    chromium.open(&installed.deep()).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
    let mail = installed.gate.mail(ANN, 1).await;
    for tries in
        ["4 tries left", "3 tries left", "2 tries left", "1 try left", "Too many wrong codes"]
    {
        chromium.fill("code", "BBBB-BBBB").await;
        chromium.says(tries).await;
    }
    survey(&chromium, "code-used-up").await;
    chromium.press("Send a new e-mail").await;
    chromium.says("Too many").await;
    survey(&chromium, "rate-limited").await;
    chromium.open(&mail.report()).await;
    chromium.fill("email", ANN).await;
    chromium.press("End this request").await;
    chromium.says("The request has ended").await;
    survey(&chromium, "report-done").await;
    chromium.open(&mail.link()).await;
    survey(&chromium, "link-gone").await;
    chromium.open(&installed.page("check-mail")).await;
    survey(&chromium, "request-ended").await;
    chromium.is_content(&[410, 422, 429]).await;
}

#[tokio::test]
async fn pages_of_trouble_fit_and_can_be_read() {
    let redis = RedisServer::start().await;
    let store = format!("{{ redis: {{ url: \"{}\" }} }}", redis.url());
    let sites = format!(
        "\n  - {{ name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: [everyone] }}\n  \
         - {{ name: broken, origin: \"http://broken.localhost:$PORT\", \
         upstream: \"http://127.0.0.1:{}\", allow: [everyone], \
         rules: [{{ path: \"/**\", access: public }}] }}\n",
        free_port()
    );
    let limits = "limits: { email: 1/1h, ip: 100/1h }".to_owned();
    let gate = Gate::with(Wishes { store, sites, sign_in: limits, ..Wishes::default() }).await;
    let chromium = Chromium::start().await;
    let port = gate.address.port();
    chromium.open(&format!("http://broken.localhost:{port}/")).await;
    survey(&chromium, "upstream-down").await;
    chromium.is_content(&[502]).await;
    chromium.open(&format!("http://unknown.localhost:{port}/")).await;
    survey(&chromium, "misdirected").await;
    chromium.is_content(&[421]).await;
    let styled = "getComputedStyle(document.querySelector('main')).borderRadius";
    assert_ne!(chromium.value(styled).await, "0px", "the style sheet is there, too");
    chromium.open(&format!("{}/%zz", gate.origin)).await;
    survey(&chromium, "bad-request").await;
    chromium.is_content(&[400]).await;

    // Each answer is awaited: opening another page cancels a form that is still on its way.
    for answer in ["Check your mail", "Too many requests"] {
        chromium.open(&format!("{}/deep?x=1", gate.origin)).await;
        chromium.fill("email", ANN).await;
        chromium.press("Send me a link").await;
        chromium.says(answer).await;
    }
    survey(&chromium, "rate-limited-address").await;
    chromium.open(&gate.mail(ANN, 1).await.link()).await;
    chromium.arrives_at(&format!("{}/deep?x=1", gate.origin)).await;
    drop(redis);
    eventually("the lost store to be noticed", async || {
        (gate.ready().await.status == 503).then_some(())
    })
    .await;
    chromium.open(&format!("{}/", gate.origin)).await;
    chromium.says("Sign-in is not available right now").await;
    survey(&chromium, "store-down").await;
    chromium.is_content(&[429, 503]).await;
}
