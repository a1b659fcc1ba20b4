//! The first sign-in where it makes an account: one more page that asks for a name, and then the page
//! that was asked for.

use serde_json::Value;

use super::{ANN, DEEP};
use crate::support::chromium::Chromium;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;
use crate::support::webmail::Webmail;

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    return_to: ["exampleapp://signed-in"]
    sign_in: { registration: open, registration_name: true }
"#;
const ASKS: &str = "What should you be called here?";

async fn gate(kind: &Kind) -> Gate {
    Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await
}

/// What the accounts are called.
fn names(gate: &Gate) -> Vec<Value> {
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    let accounts = listed["accounts"].as_array().expect("a list").iter();
    accounts.map(|account| account["name"].clone()).collect()
}

/// Asks for a mail from a page on.
async fn ask(gate: &Gate, chromium: &Chromium, target: &str) {
    chromium.open(&format!("{}{target}", gate.origin)).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
}

/// Presses the button of the mail, in a web mail.
async fn clicks(gate: &Gate, chromium: &Chromium, count: usize) {
    let mail = gate.mail(ANN, count).await;
    chromium.open_in_new_tab(&Webmail::start().await.show(&mail.html)).await;
    chromium.press_for_a_tab("Sign in").await;
}

#[tokio::test]
async fn who_signs_in_first_says_a_name_and_lands_on_the_deep_link() {
    for kind in [Kind::embedded(), Kind::redis().await] {
        let (gate, chromium) = (gate(&kind).await, Chromium::start().await);
        let deep = format!("{}{DEEP}", gate.origin);
        ask(&gate, &chromium, DEEP).await;
        clicks(&gate, &chromium, 1).await;
        chromium.says(ASKS).await;
        assert_eq!(names(&gate), [Value::Null], "there is an account already");
        chromium.is_content(&[]).await;
        // What is no name is said at the field, which keeps it.
        chromium.fill("name", "Ann <b>\u{202e}").await;
        chromium.press("Continue").await;
        chromium.says("Use 1 to 60 ordinary characters.").await;
        let focus = chromium.value("[document.activeElement.name, document.activeElement.value]");
        assert_eq!(focus.await, serde_json::json!(["name", "Ann <b>\u{202e}"]));
        chromium.is_content(&[422]).await;
        assert_eq!(names(&gate), [Value::Null]);
        chromium.fill("name", "  Ann Ó Briain ").await;
        chromium.press("Continue").await;
        chromium.arrives_at(&deep).await;
        chromium.is_content(&[]).await;
        assert_eq!(names(&gate), ["Ann Ó Briain"]);
        assert!(chromium.text().await.contains(ANN), "the application knows who it is");

        // Once: the next sign-in, with another browser, asks nothing.
        let other = Chromium::start().await;
        ask(&gate, &other, DEEP).await;
        other.fill("code", &gate.mail(ANN, 2).await.code()).await;
        other.arrives_at(&deep).await;
        other.is_content(&[]).await;
    }
}

#[tokio::test]
async fn who_says_no_name_lands_there_too_by_link_and_by_code() {
    for by_code in [false, true] {
        let (gate, chromium) = (gate(&Kind::embedded()).await, Chromium::start().await);
        ask(&gate, &chromium, DEEP).await;
        if by_code {
            chromium.fill("code", &gate.mail(ANN, 1).await.code()).await;
        } else {
            clicks(&gate, &chromium, 1).await;
        }
        chromium.says(ASKS).await;
        chromium.press("Continue").await;
        chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
        chromium.is_content(&[]).await;
        assert_eq!(names(&gate), [Value::Null]);
    }
}

#[tokio::test]
async fn without_scripts_a_name_is_said_as_well() {
    let (gate, chromium) = (gate(&Kind::embedded()).await, Chromium::start().await);
    chromium.without_scripts().await;
    ask(&gate, &chromium, DEEP).await;
    clicks(&gate, &chromium, 1).await;
    chromium.says(ASKS).await;
    chromium.fill("name", "Ann").await;
    chromium.press("Continue").await;
    // The server never sees a fragment, and without a script nobody tells it.
    chromium.arrives_at(&format!("{}/reports/42?tab=x", gate.origin)).await;
    chromium.is_content(&[]).await;
    assert_eq!(names(&gate), ["Ann"]);
}

#[tokio::test]
async fn reloading_and_going_back_do_no_harm() {
    let (gate, chromium) = (gate(&Kind::embedded()).await, Chromium::start().await);
    let deep = format!("{}{DEEP}", gate.origin);
    ask(&gate, &chromium, DEEP).await;
    clicks(&gate, &chromium, 1).await;
    chromium.says(ASKS).await;
    chromium.client.refresh().await.expect("the page");
    chromium.says(ASKS).await;
    chromium.fill("name", "Ann").await;
    chromium.press("Continue").await;
    chromium.arrives_at(&deep).await;
    chromium.client.refresh().await.expect("the page");
    chromium.arrives_at(&deep).await;
    assert_eq!(names(&gate), ["Ann"]);
    // Back is the question once more. Left empty it takes nothing away, and it leads to the same page.
    chromium.client.back().await.expect("back");
    chromium.says(ASKS).await;
    chromium.fill("name", "").await;
    chromium.press("Continue").await;
    chromium.arrives_at(&deep).await;
    assert_eq!(names(&gate), ["Ann"]);
    // Nor does the link, which still lies in the mail, ask again.
    chromium.open(&gate.mail(ANN, 1).await.link()).await;
    chromium.arrives_at(&deep).await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn the_question_for_a_name_ends_wherever_a_sign_in_may_end() {
    let (gate, webmail) = (gate(&Kind::embedded()).await, Webmail::start().await);
    // An application that sends its visitors on to its own sign-on, at another site.
    let provider = webmail.show("The application's own sign-on");
    let encoded: String = url::form_urlencoded::byte_serialize(provider.as_bytes()).collect();
    let chromium = Chromium::start().await;
    ask(&gate, &chromium, &format!("/away?to={encoded}")).await;
    clicks(&gate, &chromium, 1).await;
    chromium.says(ASKS).await;
    chromium.press("Continue").await;
    chromium.arrives_at(&provider).await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn the_question_for_a_name_leads_on_to_an_application_with_its_own_scheme() {
    let (gate, chromium) = (gate(&Kind::embedded()).await, Chromium::start().await);
    ask(&gate, &chromium, "/.linkgate/sign-in?return_to=exampleapp%3A%2F%2Fsigned-in").await;
    clicks(&gate, &chromium, 1).await;
    chromium.says(ASKS).await;
    chromium.press("Continue").await;
    let page = chromium.says("You are signed in").await;
    assert!(page.contains("exampleapp://signed-in"), "{page}");
    chromium.press("Continue").await;
    // Nothing on this machine takes the scheme: that it was not refused is all there is to see.
    chromium.is_content(&[]).await;
}
