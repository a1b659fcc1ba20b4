//! The pages for operators in a real browser.

use super::gallery::survey;
use super::{ANN, Installed};
use crate::flow::signed_in_as;
use crate::support::chromium::Chromium;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Puts a picture where somebody can look at it, if that is wanted.
async fn keep_picture(chromium: &Chromium, name: &str) {
    let Some(folder) = std::env::var_os("LINKGATE_PICTURES") else { return };
    for (width, scheme) in [(320, "light"), (320, "dark"), (1280, "light"), (1280, "dark")] {
        chromium.looks_like(width, scheme, "none").await;
        let file = std::path::Path::new(&folder).join(format!("{name}-{width}-{scheme}.png"));
        std::fs::write(file, chromium.picture().await).expect("a picture");
    }
}

#[tokio::test]
async fn an_operator_finds_a_person_ends_their_sessions_and_lifts_their_limits() {
    let installed = Installed::embedded().await;
    let gate = &installed.gate;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    gate.ask(&mut gate.browser(), ANN, "/").await;
    gate.operator(&["accounts", "add", ANN, "--name", "Ann Archer", "--group", "staff"]).done();
    let chromium = Chromium::start().await;
    chromium.open(&format!("http://{}/", gate.admin)).await;
    chromium.says("What happens now").await;
    survey(&chromium, "operators-now").await;
    keep_picture(&chromium, "now").await;
    chromium.fill("email", "ann").await;
    chromium.press("Show").await;
    chromium.says("This is no address").await;
    survey(&chromium, "operators-now-problem").await;
    chromium.fill("email", ANN).await;
    chromium.press("Show").await;
    chromium.says("Ann Archer").await;
    assert!(!chromium.url().await.contains("ann"), "no address in a URL");
    survey(&chromium, "operators-person").await;
    keep_picture(&chromium, "person").await;
    chromium.says("3 of").await;
    chromium.press("Lift all of them").await;
    chromium.says("Nothing is used up").await;
    chromium.press("End all sessions").await;
    chromium.says("Nowhere.").await;
    assert_eq!(signed_in_as(gate, &mut ann).await, None);
    chromium.press("Suspend").await;
    chromium.says("This person is suspended").await;
    survey(&chromium, "operators-suspended").await;
    chromium.press("End the suspension").await;
    chromium.says("The suspension has ended").await;
    chromium.find("#erase summary").await.click().await.expect("pressed");
    survey(&chromium, "operators-erase").await;
    keep_picture(&chromium, "erase").await;
    chromium.fill("confirm", "bob@example.com").await;
    chromium.press("Remove everything").await;
    chromium.says("Nothing was removed").await;
    chromium.fill("confirm", ANN).await;
    chromium.press("Remove everything").await;
    chromium.says("All that was kept of this person is removed").await;
    chromium.is_content(&[422]).await;
}

#[tokio::test]
async fn an_operator_sees_everybody_who_is_signed_in() {
    let installed = Installed::embedded().await;
    let gate = &installed.gate;
    let chromium = Chromium::start().await;
    chromium.open(&format!("http://{}/", gate.admin)).await;
    chromium.press("Signed in").await;
    chromium.says("Nobody").await;
    survey(&chromium, "operators-sessions-nobody").await;
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    gate.sign_in(&mut gate.browser(), "bob@partner.example", "/").await;
    chromium.press("Signed in").await;
    chromium.says(ANN).await;
    chromium.says("bob@partner.example").await;
    survey(&chromium, "operators-sessions").await;
    keep_picture(&chromium, "sessions").await;
    chromium.press("bob@partner.example").await;
    chromium.says("Sign-ins that were asked for").await;
    assert!(!chromium.url().await.contains("bob"), "no address in a URL");
    chromium.press("End this session").await;
    chromium.says("Nowhere.").await;
    chromium.press("Signed in").await;
    chromium.says(ANN).await;
    assert!(!chromium.text().await.contains("bob@partner.example"));
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn without_scripts_and_with_a_token_it_is_the_same() {
    let environment = vec![("ADMIN".to_owned(), TOKEN.to_owned())];
    let mut wishes = Wishes { environment, ..Kind::embedded().wishes() };
    wishes.admin = ", token: { env: ADMIN }".into();
    let gate = Gate::with(wishes).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let chromium = Chromium::start().await;
    let pages = format!("http://localhost:{}", gate.admin.port());
    chromium.open(&format!("{pages}/")).await;
    chromium.arrives_at(&format!("{pages}/sign-in")).await;
    survey(&chromium, "operators-sign-in").await;
    keep_picture(&chromium, "sign-in").await;
    chromium.fill("token", "not the token").await;
    chromium.press("Sign in").await;
    chromium.says("This is not the token").await;
    survey(&chromium, "operators-sign-in-problem").await;
    chromium.without_scripts().await;
    chromium.fill("token", TOKEN).await;
    chromium.press("Sign in").await;
    chromium.says("What happens now").await;
    chromium.fill("email", ANN).await;
    chromium.press("Show").await;
    chromium.says("Sign-ins that were asked for").await;
    chromium.press("End this session").await;
    chromium.says("The session has ended").await;
    assert_eq!(signed_in_as(&gate, &mut ann).await, None);
    chromium.press("Sign out").await;
    chromium.arrives_at(&format!("{pages}/sign-in")).await;
    chromium.open(&format!("{pages}/")).await;
    chromium.arrives_at(&format!("{pages}/sign-in")).await;
    chromium.is_content(&[401]).await;
}
