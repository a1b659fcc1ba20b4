//! The browser that asked is the browser that signs in.

use super::{ANN, Installed};
use crate::support::chromium::Chromium;
use crate::support::eventually;
use crate::support::webmail::Webmail;

#[tokio::test]
async fn a_click_in_a_second_tab_lands_on_the_deep_link_and_the_first_tab_follows() {
    for installed in Installed::over_each_store().await {
        let (chromium, deep) = (Chromium::start().await, installed.deep());
        let webmail = Webmail::start().await;
        chromium.open(&deep).await;
        let form = chromium.says("Send me a link").await;
        assert!(form.contains("Sign in to app"), "{form}");
        assert!(form.contains(&format!("{}/reports/42", installed.gate.host)), "{form}");
        chromium.is_content(&[]).await;
        chromium.fill("email", ANN).await;
        chromium.press("Send me a link").await;
        chromium.arrives_at(&installed.page("check-mail")).await;
        let waiting = chromium.text().await;
        for words in [ANN, "login@example.com", "Asked for", "Works until", "Code from the e-mail"]
        {
            assert!(waiting.contains(words), "{words} is missing: {waiting}");
        }
        chromium.is_content(&[]).await;

        let mail = installed.gate.mail(ANN, 1).await;
        let first = chromium.open_in_new_window(&webmail.show(&mail.html)).await;
        chromium.press_for_a_tab("Sign in").await;
        chromium.arrives_at(&deep).await;
        assert!(chromium.text().await.contains(ANN), "the application knows who it is");
        let seen = installed.gate.upstream.seen();
        let landed = seen.iter().find(|page| page.target == "/reports/42?tab=x").expect("a page");
        assert_eq!(landed.header("sec-fetch-site"), "cross-site", "the click was one");
        eventually("the first tab goes on without being looked at", async || {
            let pages = installed.gate.upstream.seen();
            let landed = pages.iter().filter(|page| page.target == "/reports/42?tab=x");
            (landed.count() == 2).then_some(())
        })
        .await;
        let second = chromium.client.window().await.expect("a tab");
        chromium.switch_to(first).await;
        chromium.arrives_at(&deep).await;
        chromium.is_content(&[]).await;
        // Behind it lies no form that could be sent again.
        chromium.client.back().await.expect("back");
        chromium.arrives_at(&deep).await;
        chromium.switch_to(second).await;

        // The mail still lies there: a second click is no dead end.
        chromium.open(&mail.link()).await;
        chromium.arrives_at(&deep).await;
        chromium.is_content(&[]).await;

        cookies_are_out_of_reach(&chromium).await;
        back_after_signing_out_shows_nothing(&chromium, &installed).await;
    }
}

async fn cookies_are_out_of_reach(chromium: &Chromium) {
    let cookies = chromium.client.get_all_cookies().await.expect("cookies");
    let names: Vec<_> = cookies.iter().map(|cookie| cookie.name().to_owned()).collect();
    assert!(names.contains(&"linkgate-session".to_owned()), "{names:?}");
    for cookie in &cookies {
        assert_eq!(cookie.http_only(), Some(true), "{}", cookie.name());
        let same_site = cookie.same_site().map(|it| it.to_string());
        assert_eq!(same_site.as_deref(), Some("Lax"), "{}", cookie.name());
    }
    assert_eq!(chromium.value("document.cookie").await, "");
}

async fn back_after_signing_out_shows_nothing(chromium: &Chromium, installed: &Installed) {
    chromium.open(&installed.page("sign-out")).await;
    chromium.says("Sign out?").await;
    chromium.press("Sign out on this device").await;
    chromium.says("You are signed out").await;
    chromium.is_content(&[]).await;
    let seen = installed.gate.upstream.seen().len();
    chromium.value("history.go(-2)").await;
    let shown = chromium.says("Send me a link").await;
    assert!(!shown.contains("ann@example.com"), "an old page is shown: {shown}");
    assert_eq!(installed.gate.upstream.seen().len(), seen, "and nothing got through");
}

#[tokio::test]
async fn everything_works_without_scripts() {
    for installed in Installed::over_each_store().await {
        let (chromium, webmail) = (Chromium::start().await, Webmail::start().await);
        chromium.without_scripts().await;
        chromium.open(&installed.deep()).await;
        chromium.fill("email", ANN).await;
        chromium.press("Send me a link").await;
        chromium.says("Check your mail").await;
        chromium.press("I opened the link: continue").await;
        chromium.says("This browser is not signed in yet.").await;

        let mail = installed.gate.mail(ANN, 1).await;
        // The server never sees a fragment, and without a script nobody tells it.
        let landing = format!("{}/reports/42?tab=x", installed.gate.origin);
        let first = chromium.open_in_new_tab(&webmail.show(&mail.html)).await;
        chromium.press_for_a_tab("Sign in").await;
        chromium.arrives_at(&landing).await;
        chromium.is_content(&[]).await;
        chromium.switch_to(first).await;
        chromium.press("I opened the link: continue").await;
        chromium.arrives_at(&landing).await;

        chromium.open(&installed.page("sign-out")).await;
        chromium.press("Sign out on this device").await;
        chromium.says("You are signed out").await;
        chromium.is_content(&[]).await;
    }
}

#[tokio::test]
async fn the_code_signs_the_waiting_tab_in() {
    for installed in Installed::over_each_store().await {
        let (chromium, deep) = (Chromium::start().await, installed.deep());
        chromium.open(&deep).await;
        // The fragment survives a mistake, and a change of mind.
        chromium.press("Send me a link").await;
        chromium.says("Enter your e-mail address.").await;
        chromium.fill("email", "anne@example.com").await;
        chromium.press("Send me a link").await;
        chromium.says("Check your mail").await;
        chromium.press("Use another address").await;
        chromium.says("Enter the address you want to use instead.").await;
        chromium.is_content(&[422]).await;
        chromium.fill("email", ANN).await;
        chromium.press("Send me a link").await;
        chromium.says("Check your mail").await;
        let code = installed.gate.mail(ANN, 1).await.code();
        let wrong = if code == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
        chromium.fill("code", wrong).await;
        chromium.says("4 tries left").await;
        let focus = chromium.value("document.activeElement.id").await;
        assert_eq!(focus, "code", "the field with the mistake has the focus");
        chromium.is_content(&[422]).await;

        // A complete code needs no button.
        let typed = format!(" {} ", code.to_lowercase().replace('-', "  "));
        chromium.fill("code", &typed).await;
        chromium.arrives_at(&deep).await;
        chromium.is_content(&[]).await;
    }
}

#[tokio::test]
async fn a_keyboard_is_enough() {
    for installed in Installed::over_each_store().await {
        let (chromium, deep) = (Chromium::start().await, installed.deep());
        // With colours of one's own, at a zoom of 200 %.
        chromium.looks_like(640, "dark", "active").await;
        chromium.open(&deep).await;
        chromium.says("Send me a link").await;
        // The field has the focus already; Tab leads over the box to tick to the button.
        chromium.keys(ANN).await;
        chromium.keys("\u{e004}").await;
        let focus = chromium.value("document.activeElement.name").await;
        assert_eq!(focus, "remember");
        chromium.keys("\u{e004}").await;
        let focus = chromium.value("document.activeElement.textContent").await;
        assert_eq!(focus, "Send me a link");
        let outline = chromium.value("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(outline, "solid", "the focus can be seen");
        chromium.keys("\u{e007}").await;
        chromium.says("Check your mail").await;
        let mut stops = Vec::new();
        while stops.last().map(String::as_str) != Some("code") {
            chromium.keys("\u{e004}").await;
            let stop = chromium.value("document.activeElement.id").await;
            stops.push(stop.as_str().unwrap_or_default().to_owned());
            assert!(stops.len() < 5, "the code field is far away: {stops:?}");
        }
        let code = installed.gate.mail(ANN, 1).await.code();
        chromium.keys(&code[..5]).await;
        chromium.keys(&code[5..]).await;
        chromium.arrives_at(&deep).await;
        chromium.is_content(&[]).await;
    }
}

/// The fragment is known to the browser alone, until the form is sent.
#[tokio::test]
async fn the_fragment_survives_what_is_done_before_the_form_is_sent() {
    let installed = Installed::embedded().await;
    let (chromium, deep) = (Chromium::start().await, installed.deep());
    chromium.open(&deep).await;
    chromium.says("Send me a link").await;
    chromium.press("Deutsch").await;
    chromium.says("Link anfordern").await;
    assert!(chromium.url().await.ends_with("#total"), "{}", chromium.url().await);
    chromium.find("input[name=remember]").await.click().await.expect("ticked");
    chromium.fill("email", "bob@partner.example").await;
    chromium.press("Link anfordern").await;
    chromium.arrives_at(&installed.page("check-mail")).await;
    // The address is remembered, and it is somebody else who comes back.
    chromium.open(&deep).await;
    chromium.says("Link anfordern").await;
    chromium.find("a.more[href*=forget]").await.click().await.expect("pressed");
    chromium.says("Link anfordern").await;
    assert!(chromium.url().await.contains("forget=1"), "{}", chromium.url().await);
    chromium.fill("email", ANN).await;
    chromium.press("Link anfordern").await;
    chromium.arrives_at(&installed.page("check-mail")).await;
    chromium.open(&installed.gate.mail(ANN, 1).await.link()).await;
    chromium.arrives_at(&deep).await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn a_waiting_tab_whose_browser_forgot_what_it_waits_for_says_so() {
    let installed = Installed::embedded().await;
    let chromium = Chromium::start().await;
    chromium.open(&installed.page("sign-in")).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.arrives_at(&installed.page("check-mail")).await;
    chromium.client.delete_all_cookies().await.expect("no cookies");
    chromium.arrives_at(&installed.page("sign-in")).await;
}
