//! The link opened in another browser: by a person, or by the machine that scans her mail.

use fantoccini::Locator;
use serde_json::json;

use super::{ANN, Installed};
use crate::flow::SESSION;
use crate::support::chromium::Chromium;
use crate::support::webmail::Webmail;

/// What a scanner types: what looks right, and junk.
const GUESSES: [&str; 4] =
    ["john.doe@example.com", "scanner@security.test", "WDJB-MJHT", "'\"><img src=x>"];

/// Everything that can be pressed.
const CONTROLS: &str = "a[href], button, summary, [type=submit]";

/// Types a text into every field, hidden ones left alone.
const FILL: &str = "(text => {
    for (const field of document.querySelectorAll('input:not([type=hidden])')) {
        field.type === 'checkbox' ? field.checked = true : field.value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
    }
})";

/// Sends every form with a text in its fields, past all scripts, and follows every link.
const SEND_AND_FOLLOW: &str = "(text => Promise.all([
    ...[...document.forms].map(form => {
        const fields = new URLSearchParams(new FormData(form));
        for (const field of form.querySelectorAll('input:not([type=hidden])')) fields.set(field.name, text);
        return fetch(form.action, { method: form.method, body: fields });
    }),
    ...[...document.links].filter(link => link.origin === origin).map(link => fetch(link.href)),
]).then(answers => answers.map(answer => answer.status)))";

#[tokio::test]
async fn a_scanner_that_runs_scripts_and_presses_everything_spends_nothing() {
    for installed in Installed::over_each_store().await {
        let (owner, scanner) = (Chromium::start().await, Chromium::start().await);
        installed.ask(&owner, ANN).await;
        let mail = installed.gate.mail(ANN, 1).await;
        looks_first(&installed, &mail.link()).await;
        for url in [mail.link(), mail.report()] {
            presses_everything(&scanner, &url).await;
            sends_everything(&scanner, &url).await;
        }
        let cookies = scanner.client.get_all_cookies().await.expect("cookies");
        assert!(cookies.iter().all(|cookie| cookie.name() != SESSION), "{cookies:?}");
        scanner.client.delete_all_cookies().await.expect("no cookies");
        scanner.open(&installed.gate.origin).await;
        scanner.says("Send me a link").await;
        assert!(installed.gate.upstream.seen().is_empty(), "nothing got through");
        assert_eq!(owner.wait_state().await, "waiting");
        assert_eq!(installed.gate.mails().len(), 1, "and no mail was sent again");

        // What the scanner read still works for the person.
        owner.open_in_new_tab(&Webmail::start().await.show(&mail.html)).await;
        owner.press_for_a_tab("Sign in").await;
        owner.arrives_at(&installed.deep()).await;
        owner.is_content(&[]).await;
    }
}

/// A scanner that is no browser: it asks for the head, fetches again and again, and says that nobody
/// looks at it.
async fn looks_first(installed: &Installed, link: &str) {
    let target = link.strip_prefix(&installed.gate.origin).expect("ours");
    let prefetch = [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch")];
    let mut scanner = installed.gate.browser();
    for (method, headers) in
        [("HEAD", &[][..]), ("GET", &[]), ("GET", &[]), ("GET", &[]), ("GET", &prefetch)]
    {
        let answer = scanner.send(method, target, headers, None).await;
        assert_eq!(answer.status, 200, "{method} {headers:?}");
        assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{method} {headers:?}");
    }
}

/// Presses each control of a page, its fields filled in.
async fn presses_everything(scanner: &Chromium, url: &str) {
    scanner.open(url).await;
    let count = scanner.client.find_all(Locator::Css(CONTROLS)).await.expect("controls").len();
    assert!(count > 2, "{count} controls");
    for index in 0..count {
        scanner.open(url).await;
        let guess = json!(GUESSES[index % GUESSES.len()]);
        scanner.value(&format!("{FILL}({guess})")).await;
        let controls = scanner.client.find_all(Locator::Css(CONTROLS)).await.expect("controls");
        controls[index].click().await.expect("pressed");
    }
    scanner.is_content(&[422]).await;
}

async fn sends_everything(scanner: &Chromium, url: &str) {
    for guess in GUESSES {
        scanner.open(url).await;
        let statuses = scanner.value(&format!("{SEND_AND_FOLLOW}({})", json!(guess))).await;
        let refused = statuses.as_array().is_some_and(|it| it.contains(&json!(422)));
        assert!(refused, "it sent a form, and in vain: {statuses}");
    }
    scanner.is_content(&[422]).await;
}

#[tokio::test]
async fn a_person_goes_on_in_the_other_browser_with_the_address() {
    for installed in Installed::over_each_store().await {
        let (owner, other) = (Chromium::start().await, Chromium::start().await);
        let deep = installed.deep();
        installed.ask(&owner, ANN).await;
        let mail = installed.gate.mail(ANN, 1).await;

        // The mail app's own browser, which says where one had better go.
        other.is_a_mail_app().await;
        other.open(&mail.link()).await;
        let asked = other.says("Sign in on this device?").await;
        for words in [
            installed.gate.host.as_str(),
            "Asked for",
            "Chrome",
            "Works until",
            "This is your mail app’s own browser.",
            "enter the code",
        ] {
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

        stays_out(&owner, &installed).await;
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

/// A click elsewhere never signs in the tab that waits: it may be that of somebody who asked with
/// another person's address and waits for their click.
async fn stays_out(waiting: &Chromium, installed: &Installed) {
    for _ in 0..3 {
        assert_eq!(waiting.wait_state().await, "waiting");
    }
    let waits = waiting.open_in_new_tab(&installed.deep()).await;
    waiting.says("Send me a link").await;
    waiting.switch_to(waits).await;
    waiting.press("I opened the link: continue").await;
    waiting.says("This browser is not signed in yet.").await;
    let cookies = waiting.client.get_all_cookies().await.expect("cookies");
    assert!(cookies.iter().all(|cookie| cookie.name() != SESSION), "{cookies:?}");
    waiting.is_content(&[]).await;
}
