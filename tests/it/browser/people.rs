//! Several people, several sites, one sign-on at https: who may not, who changes, and who leaves.

use super::ANN;
use super::secured::Secured;
use crate::support::chromium::Chromium;
use crate::support::webmail::Webmail;

const APP: &str = "app.staging.test";
const WIKI: &str = "wiki.staging.test";
const ROOT: &str = "root@example.com";
const SITES: &str = r#"
  - name: app
    title: Reports
    origin: https://app.staging.test$AT
    upstream: $UPSTREAM
    allow: ["@example.com"]
  - name: wiki
    title: Team wiki
    origin: https://wiki.staging.test$AT
    upstream: $UPSTREAM
    allow: ["root@example.com"]
"#;
const ONE_SIGN_ON: &str = "domain: staging.test";

/// Signs in with the code, at the page that asks for it.
async fn sign_in(secured: &Secured, chromium: &Chromium, who: &str) {
    let before = secured.gate.mails().iter().filter(|mail| mail.to == who).count();
    secured.ask(chromium, who).await;
    chromium.is_content(&[]).await;
    let code = secured.gate.mail(who, before + 1).await.code();
    chromium.fill("code", &code).await;
}

#[tokio::test]
async fn a_click_in_a_web_mail_signs_in_at_https() {
    let secured = Secured::start(SITES, "").await;
    let (chromium, webmail) = (secured.chromium().await, Webmail::start().await);
    let deep = secured.at(APP, "/reports/7?tab=b#total");
    chromium.open(&deep).await;
    chromium.says("Sign in to Reports").await;
    secured.ask(&chromium, ANN).await;
    let mail = secured.gate.mail(ANN, 1).await;
    let first = chromium.open_in_new_window(&webmail.show(&mail.html)).await;
    chromium.press_for_a_tab("Sign in").await;
    chromium.arrives_at(&deep).await;
    chromium.is_content(&[]).await;
    let seen = secured.seen("/reports/7?tab=b");
    assert_eq!((seen.header("remote-email"), seen.header("cookie")), (ANN, ""));
    assert_eq!(seen.header("sec-fetch-site"), "cross-site");
    let cookies = chromium.client.get_all_cookies().await.expect("cookies");
    let session = cookies.iter().find(|it| it.name() == "__Host-linkgate-session");
    let session = session.unwrap_or_else(|| panic!("{cookies:?}"));
    assert_eq!((session.secure(), session.http_only()), (Some(true), Some(true)));
    assert_eq!(session.path(), Some("/"));
    assert_eq!(session.same_site().map(|it| it.to_string()).as_deref(), Some("Lax"));
    chromium.switch_to(first).await;
    chromium.arrives_at(&deep).await;
    chromium.client.back().await.expect("back");
    chromium.arrives_at(&deep).await;
    chromium.open(&mail.link()).await;
    chromium.arrives_at(&deep).await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn whoever_may_not_is_told_what_they_may_and_can_change() {
    let secured = Secured::start(SITES, ONE_SIGN_ON).await;
    let chromium = secured.chromium().await;
    // Not allowed anywhere: the same page, and no mail.
    chromium.open(&secured.at(APP, "/x")).await;
    secured.ask(&chromium, "zoe@elsewhere.example").await;
    chromium.is_content(&[]).await;
    assert_eq!(chromium.wait_state().await, "waiting");
    chromium.press("Use another address").await;
    sign_in(&secured, &chromium, ANN).await;
    chromium.arrives_at(&secured.at(APP, "/x")).await;
    assert!(secured.gate.mails().iter().all(|mail| mail.to == ANN));

    // Signed in, and not for this site.
    let page = secured.at(WIKI, "/pages/9?v=2");
    chromium.open(&page).await;
    let words = chromium.says("No access").await;
    assert!(words.contains("You are signed in as ann@example.com"), "{words}");
    assert!(words.contains("You can open"), "{words}");
    let open = chromium.find("main li a").await;
    assert_eq!(open.text().await.expect("a name"), "Reports");
    let href = open.attr("href").await.expect("a link").expect("a link");
    assert_eq!(href.trim_end_matches('/'), secured.at(APP, ""));
    chromium.is_content(&[403]).await;
    chromium.press("Sign out and use another address").await;
    sign_in(&secured, &chromium, ROOT).await;
    chromium.arrives_at(&page).await;
    chromium.is_content(&[]).await;
    assert_eq!(secured.seen("/pages/9?v=2").header("remote-email"), ROOT);
}

#[tokio::test]
async fn signing_out_holds_at_the_other_host_and_on_other_devices() {
    let secured = Secured::start(SITES, ONE_SIGN_ON).await;
    let (here, there) = (secured.chromium().await, secured.chromium().await);
    for chromium in [&here, &there] {
        chromium.open(&secured.at(WIKI, "/y")).await;
        sign_in(&secured, chromium, ROOT).await;
        chromium.arrives_at(&secured.at(WIKI, "/y")).await;
        chromium.open(&secured.at(APP, "/x")).await;
        assert!(chromium.text().await.contains(ROOT), "one sign-in for both");
        chromium.is_content(&[]).await;
    }
    here.open(&secured.at(APP, "/.linkgate/sign-out")).await;
    here.press("Sign out on this device").await;
    here.says("You are signed out").await;
    let seen = secured.gate.upstream.seen().len();
    for _ in 0..2 {
        here.client.back().await.expect("back");
    }
    here.says("Send me a link").await;
    here.open(&secured.at(WIKI, "/y")).await;
    here.says("Send me a link").await;
    assert_eq!(secured.gate.upstream.seen().len(), seen, "neither host shows anything");
    here.is_content(&[]).await;
    there.open(&secured.at(WIKI, "/y")).await;
    assert!(there.text().await.contains(ROOT), "the other device stays");

    sign_in(&secured, &here, ROOT).await;
    here.arrives_at(&secured.at(WIKI, "/y")).await;
    here.open(&secured.at(WIKI, "/.linkgate/sign-out")).await;
    here.press("Sign out on all devices").await;
    here.says("Your sessions have ended on all devices.").await;
    there.client.refresh().await.expect("the page");
    there.says("Send me a link").await;
    let script = "fetch('/api/items').then(async answer => \
                  [answer.status, answer.redirected, answer.headers.get('content-type'), \
                  (await answer.json()).sign_in_url])";
    let answer = there.value(script).await;
    let form = secured.form_for(WIKI, "/api/items");
    let told = serde_json::json!([401, false, "application/problem+json", form]);
    assert_eq!(answer, told, "a script is told, and not redirected");
    there.is_content(&[401]).await;
}

#[tokio::test]
async fn whoever_did_not_ask_ends_the_request() {
    let secured = Secured::start(SITES, "").await;
    let (asking, person) = (secured.chromium().await, secured.chromium().await);
    let webmail = Webmail::start().await;
    asking.open(&secured.at(APP, "/x")).await;
    secured.ask(&asking, ANN).await;
    let mail = secured.gate.mail(ANN, 1).await;
    person.open(&webmail.show(&mail.html)).await;
    person.press_for_a_tab("End the request and let us know").await;
    person.says("Did you not ask for this?").await;
    person.fill("email", "bob@example.com").await;
    person.press("End this request").await;
    person.says("was not sent to this address").await;
    person.is_content(&[422]).await;
    person.fill("email", ANN).await;
    person.press("End this request").await;
    person.says("The request has ended").await;
    person.is_content(&[]).await;
    assert_eq!(asking.wait_state().await, "waiting", "whoever asked hears nothing of it");
    asking.fill("code", &mail.code()).await;
    asking.says("This request has ended").await;
    asking.open(&mail.link()).await;
    asking.says("This link has expired").await;
    asking.is_content(&[410]).await;
    assert!(secured.gate.upstream.seen().is_empty());
}
