//! The link opened in another browser: by a person, or by the machine that scans her mail.

use fantoccini::Locator;

use super::{ANN, Installed};
use crate::support::chromium::Chromium;

/// Fills every field of every form with junk and sends it, as a scanner with a browser does.
const SUBMIT_EVERYTHING: &str = "[...document.forms].map(form => {
    for (const field of form.querySelectorAll('input')) if (field.type !== 'hidden') field.value = 'scanner@example.com';
    return fetch(form.action, { method: form.method, redirect: 'follow', body: new URLSearchParams(new FormData(form)) })
        .then(answer => answer.status);
})";

#[tokio::test]
async fn a_scanner_that_runs_scripts_and_presses_everything_spends_nothing() {
    for installed in Installed::over_each_store().await {
        let (owner, scanner) = (Chromium::start().await, Chromium::start().await);
        let deep = installed.deep();
        owner.open(&deep).await;
        owner.fill("email", ANN).await;
        owner.press("Send me a link").await;
        owner.says("Check your mail").await;
        let mail = installed.gate.mail(ANN, 1).await;

        for url in [mail.link(), mail.report()] {
            scan(&scanner, &url).await;
        }
        let cookies = scanner.client.get_all_cookies().await.expect("cookies");
        assert!(cookies.iter().all(|cookie| cookie.name() != "linkgate-session"));
        scanner.open(&installed.gate.origin).await;
        scanner.says("Send me a link").await;
        assert!(installed.gate.upstream.seen().is_empty(), "nothing got through");

        // What the scanner read still works for the person.
        owner.open_in_new_tab(&mail.link()).await;
        owner.arrives_at(&deep).await;
        owner.is_content(&[]).await;
    }
}

/// Opens a page, presses each button and link of it, and sends each form.
async fn scan(scanner: &Chromium, url: &str) {
    scanner.open(url).await;
    let controls = scanner.client.find_all(Locator::Css("main button, main a")).await;
    for index in 0..controls.expect("controls").len() {
        scanner.open(url).await;
        let controls = scanner.client.find_all(Locator::Css("main button, main a")).await;
        let controls = controls.expect("controls");
        controls[index].click().await.expect("pressed");
    }
    scanner.open(url).await;
    let statuses = format!("Promise.all({SUBMIT_EVERYTHING})");
    let statuses = scanner.value(&statuses).await;
    assert!(statuses.as_array().is_some_and(|it| !it.is_empty()), "it found a form: {statuses}");
    scanner.is_content(&[422]).await;
}

#[tokio::test]
async fn a_person_goes_on_in_the_other_browser_with_the_address() {
    for installed in Installed::over_each_store().await {
        let (owner, other) = (Chromium::start().await, Chromium::start().await);
        let deep = installed.deep();
        owner.open(&deep).await;
        owner.fill("email", ANN).await;
        owner.press("Send me a link").await;
        owner.says("Check your mail").await;
        let mail = installed.gate.mail(ANN, 1).await;

        other.open(&mail.link()).await;
        let asked = other.says("Sign in on this device?").await;
        for words in [installed.gate.host.as_str(), "Asked for", "Chrome", "Works until"] {
            assert!(asked.contains(words), "{words} is missing: {asked}");
        }
        other.is_content(&[]).await;
        other.fill("email", "bob@example.com").await;
        other.press("Sign in on this device").await;
        other.says("The e-mail was not sent to this address.").await;
        other.is_content(&[422]).await;
        other.fill("email", "Ann@Example.COM").await;
        other.press("Sign in on this device").await;
        other.arrives_at(&deep).await;
        other.is_content(&[]).await;

        // A click elsewhere never signs in the tab that waits; its code still does.
        owner.press("I opened the link: continue").await;
        owner.says("This browser is not signed in yet.").await;
        owner.fill("code", &mail.code()).await;
        owner.arrives_at(&deep).await;
        owner.is_content(&[]).await;

        // Now both are spent, and a third browser is told so.
        let third = Chromium::start().await;
        third.open(&mail.link()).await;
        third.says("This link was used").await;
        third.is_content(&[410]).await;
    }
}
