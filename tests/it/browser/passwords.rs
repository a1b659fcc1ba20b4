//! Passwords beside the link, as a person meets them.

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
    sign_in: { mode: hybrid, registration: open, registration_name: true }
"#;
const GOOD: &str = "lantern orbit pickle mosaic";
const OTHER: &str = "velvet ladder comet biscuit";

async fn gate(kind: &Kind) -> Gate {
    Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await
}

/// Types address and password where they belong, and presses.
async fn enter(chromium: &Chromium, password: &str, button: &str) {
    chromium.fill("email", ANN).await;
    chromium.fill("password", password).await;
    chromium.press(button).await;
}

/// From the deep link to the page that waits for the mail with which a password is chosen.
async fn wants(chromium: &Chromium, gate: &Gate) {
    chromium.open(&format!("{}{DEEP}", gate.origin)).await;
    chromium.press("New here, or forgotten your password? Choose one").await;
    chromium.says("Its link leads to the page where you choose the password").await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me the e-mail").await;
}

#[tokio::test]
async fn somebody_registers_with_a_password_and_comes_back_with_it() {
    for kind in [Kind::embedded(), Kind::redis().await] {
        let gate = gate(&kind).await;
        let (chromium, webmail) = (Chromium::start().await, Webmail::start().await);
        wants(&chromium, &gate).await;
        let waits = chromium.says("Check your mail").await;
        assert!(waits.contains("your new password here"), "{waits}");
        chromium.is_content(&[]).await;
        let mail = gate.mail(ANN, 1).await;
        assert!(waits.contains(&mail.subject), "{waits}");
        let first = chromium.open_in_new_window(&webmail.show(&mail.html)).await;
        chromium.press_for_a_tab("Choose a password").await;
        chromium.says("Choose your password").await;
        chromium.is_content(&[]).await;
        chromium.fill("password", "passwordpassword").await;
        chromium.press("Set the password").await;
        chromium.says("easy to guess").await;
        chromium.is_content(&[422]).await;
        assert_eq!(chromium.value("document.activeElement.id").await, "password");
        assert_eq!(chromium.value("document.querySelector('#password').value").await, "");
        chromium.fill("password", GOOD).await;
        can_be_looked_at(&chromium).await;
        chromium.press("Set the password").await;
        // Who is new is asked for a name, and then lands where they wanted to be.
        chromium.says("Your account is ready").await;
        chromium.fill("name", "Ann").await;
        chromium.press("Continue").await;
        chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
        chromium.switch_to(first).await;
        chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;

        // Another day, another browser: the password alone.
        let other = Chromium::start().await;
        other.open(&format!("{}{DEEP}", gate.origin)).await;
        enter(&other, OTHER, "Sign in").await;
        let refused = other.says("do not belong together").await;
        assert!(refused.contains("or sign in by e-mail"), "{refused}");
        other.is_content(&[422]).await;
        assert_eq!(other.value("document.querySelector('#email').value").await, ANN);
        other.fill("password", GOOD).await;
        other.keys("\u{e007}").await;
        other.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
        other.is_content(&[]).await;
        assert_eq!(gate.mails().len(), 1, "no mail was needed");
    }
}

/// Only while the box is ticked, and only where there are scripts.
async fn can_be_looked_at(chromium: &Chromium) {
    let kind = async || chromium.value("document.querySelector('#password').type").await;
    assert_eq!(kind().await, "password");
    chromium.value("document.querySelector('[data-show] input').click()").await;
    assert_eq!(kind().await, "text");
    chromium.value("document.querySelector('[data-show] input').click()").await;
    assert_eq!(kind().await, "password");
}

#[tokio::test]
async fn a_forgotten_password_and_a_mail_instead() {
    let gate = gate(&Kind::memory()).await;
    let (chromium, webmail) = (Chromium::start().await, Webmail::start().await);
    // Enter sends what was typed; the second button sends a mail whatever stands in the field.
    chromium.open(&format!("{}{DEEP}", gate.origin)).await;
    enter(&chromium, "whatever the browser remembers", "Send me a link instead").await;
    chromium.says("Check your mail").await;
    let code = gate.mail(ANN, 1).await.code();
    chromium.fill("code", &code).await;
    chromium.says("Your account is ready").await;
    chromium.press("Continue").await;
    chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
    // From the account page, with the address there already; by code.
    chromium.open(&format!("{}/.linkgate/account", gate.origin)).await;
    chromium.says("You have none and sign in by e-mail.").await;
    chromium.press("Choose a password").await;
    chromium.says("Send me the e-mail").await;
    assert_eq!(chromium.value("document.querySelector('#email').value").await, ANN);
    chromium.press("Send me the e-mail").await;
    chromium.says("Check your mail").await;
    // A whole code does not go off by itself while the password is not there yet.
    chromium.fill("code", &gate.mail(ANN, 2).await.code()).await;
    chromium.fill("password", GOOD).await;
    chromium.press("Set the password").await;
    chromium.arrives_at(&format!("{}/", gate.origin)).await;
    // On the telephone, with the address typed again.
    chromium.open(&format!("{}/.linkgate/password", gate.origin)).await;
    chromium.press("Send me the e-mail").await;
    chromium.says("Check your mail").await;
    let phone = Chromium::start().await;
    phone.open(&webmail.show(&gate.mail(ANN, 3).await.html)).await;
    phone.press_for_a_tab("Choose a password").await;
    phone.says("Sign in on this device?").await;
    enter(&phone, OTHER, "Set the password").await;
    phone.arrives_at(&format!("{}/", gate.origin)).await;
    phone.is_content(&[]).await;
    // That was another password, so whoever had the one before is out.
    chromium.open(&format!("{}/.linkgate/account", gate.origin)).await;
    enter(&chromium, OTHER, "Sign in").await;
    chromium.arrives_at(&format!("{}/", gate.origin)).await;
    chromium.open(&format!("{}/.linkgate/account", gate.origin)).await;
    chromium.press("Remove the password").await;
    chromium.says("Your password is removed.").await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn all_of_it_works_without_scripts() {
    let gate = gate(&Kind::memory()).await;
    let chromium = Chromium::start().await;
    chromium.without_scripts().await;
    wants(&chromium, &gate).await;
    chromium.says("Check your mail").await;
    chromium.open(&gate.mail(ANN, 1).await.link()).await;
    chromium.says("Choose your password").await;
    assert!(!chromium.text().await.contains("Show the password"));
    chromium.fill("password", GOOD).await;
    chromium.press("Set the password").await;
    chromium.says("Your account is ready").await;
    chromium.press("Continue").await;
    chromium.arrives_at(&format!("{}/reports/42?tab=x", gate.origin)).await;
    chromium.open(&format!("{}/.linkgate/sign-out", gate.origin)).await;
    chromium.press("Sign out on this device").await;
    chromium.says("You are signed out").await;
    chromium.open(&format!("{}{DEEP}", gate.origin)).await;
    enter(&chromium, GOOD, "Sign in").await;
    chromium.arrives_at(&format!("{}/reports/42?tab=x", gate.origin)).await;
    assert!(chromium.text().await.contains(ANN));
    chromium.is_content(&[]).await;
}
