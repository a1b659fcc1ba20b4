//! Where a sign-in may end, from the forms that browsers guard with `form-action`: they look at each
//! redirect that answers a form, those of the application too, and cancel what is not named.

use super::ANN;
use super::gallery::survey;
use super::secured::Secured;
use crate::support::chromium::Chromium;
use crate::support::webmail::Webmail;

const SITES: &str = r#"
  - name: auth
    origin: https://auth.staging.test$AT
    upstream: $UPSTREAM
    allow: ["@example.com"]
    return_to: ["https://status.web.test$AT/*", "https://*.partners.test$AT", "exampleapp://signed-in"]
  - name: app
    origin: https://app.staging.test$AT
    upstream: $UPSTREAM
    allow: ["@example.com"]
  - name: teams
    origin: https://*.teams.test$AT
    upstream: $UPSTREAM
    allow: ["@example.com"]
"#;

/// Signs in at the sign-on host with the code, or with the link in another browser.
async fn signs_in(secured: &Secured, chromium: &Chromium, end: &str, elsewhere: bool) {
    let encoded: String = url::form_urlencoded::byte_serialize(end.as_bytes()).collect();
    let form = format!("/.linkgate/sign-in?return_to={encoded}");
    let before = secured.gate.mails().len();
    if elsewhere {
        let body = [("email", ANN), ("return_to", end)];
        let asked = secured.program("auth.staging.test").post("/.linkgate/sign-in", &body).await;
        assert_eq!(asked.status, 303);
        chromium.open(&secured.gate.mail(ANN, before + 1).await.link()).await;
        chromium.fill("email", ANN).await;
        chromium.press("Sign in on this device").await;
    } else {
        chromium.open(&secured.at("auth.staging.test", &form)).await;
        secured.ask(chromium, ANN).await;
        let code = secured.gate.mail(ANN, before + 1).await.code();
        chromium.fill("code", &code).await;
    }
}

async fn sign_out(secured: &Secured, chromium: &Chromium) {
    chromium.open(&secured.at("auth.staging.test", "/.linkgate/sign-out")).await;
    chromium.press("Sign out on this device").await;
    chromium.says("You are signed out").await;
}

#[tokio::test]
async fn a_form_ends_at_every_place_that_a_sign_in_may_end_at() {
    let secured = Secured::start(SITES, "").await;
    let (chromium, webmail) = (secured.chromium().await, Webmail::start().await);
    // An application that sends its visitors on to its own sign-on.
    let provider = webmail.show("The application's own sign-on");
    let encoded: String = url::form_urlencoded::byte_serialize(provider.as_bytes()).collect();
    let away = secured.at("auth.staging.test", &format!("/away?to={encoded}"));
    let app = secured.at("app.staging.test", "/reports/7?tab=b");
    let teams = secured.at("a.b.teams.test", "/x");
    let listed = secured.at("status.web.test", "/x?y=z");
    let partner = secured.at("p.partners.test", "/");
    for (end, arrives, status) in [
        (&away, &provider, 200),
        // The sessions of this configuration count at their own site.
        (&app, &secured.form_for("app.staging.test", "/reports/7?tab=b"), 200),
        (&teams, &secured.form_for("a.b.teams.test", "/x"), 200),
        // Nobody serves these here.
        (&listed, &listed, 421),
        (&partner, &partner, 421),
    ] {
        for elsewhere in [false, true] {
            signs_in(&secured, &chromium, end, elsewhere).await;
            chromium.arrives_at(arrives).await;
            chromium.is_content(&[status]).await;
            sign_out(&secured, &chromium).await;
        }
    }
    chromium.without_scripts().await;
    secured.gate.upstream.forget();
    signs_in_without_scripts(&secured, &chromium, &away).await;
    chromium.arrives_at(&provider).await;
    chromium.is_content(&[]).await;
    assert_eq!(secured.gate.upstream.seen().len(), 1, "the application was asked once");
}

async fn signs_in_without_scripts(secured: &Secured, chromium: &Chromium, end: &str) {
    signs_in(secured, chromium, end, false).await;
    chromium.press("Sign in").await;
}

/// Answered with a redirect to the application itself, Chromium refuses to start it ("a user gesture
/// is required") and leaves the visitor on a page without a way on.
#[tokio::test]
async fn an_application_with_its_own_scheme_can_be_started() {
    let secured = Secured::start(SITES, "").await;
    for elsewhere in [false, true] {
        let chromium = secured.chromium().await;
        signs_in(&secured, &chromium, "exampleapp://signed-in", elsewhere).await;
        let page = chromium.says("You are signed in").await;
        assert!(page.contains("exampleapp://signed-in"), "{page}");
        survey(&chromium, "signed-in").await;
        chromium.press("Continue").await;
        // Nothing on this machine takes the scheme: that it was not refused is all there is to see.
        chromium.is_content(&[]).await;
    }
    // With the link: in its tab, and in the tab that waits, which nobody presses in.
    let (chromium, webmail) = (secured.chromium().await, Webmail::start().await);
    chromium.open(&secured.form_for("auth.staging.test", "exampleapp://signed-in")).await;
    secured.ask(&chromium, ANN).await;
    let mail = secured.gate.mail(ANN, 3).await;
    let waiting = chromium.open_in_new_window(&webmail.show(&mail.html)).await;
    chromium.press_for_a_tab("Sign in").await;
    chromium.says("You are signed in").await;
    chromium.switch_to(waiting).await;
    chromium.says("You are signed in").await;
    // It was not started there, and one may press.
    chromium.complaints().await;
    chromium.press("Continue").await;
    chromium.is_content(&[]).await;
}
