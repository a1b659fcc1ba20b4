//! Things that break, and people with needs of their own: what they see then.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use super::gallery::survey;
use super::{ANN, Installed};
use crate::support::cable::Cable;
use crate::support::chromium::Chromium;
use crate::support::clocked_redis::ClockedRedis;
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes, free_port};
use crate::support::redis::RedisServer;
use crate::support::smtp::{Relay, Script};
use crate::support::stores::Kind;
use crate::support::webmail::Webmail;

async fn ask(gate: &Gate, chromium: &Chromium, who: &str) {
    chromium.open(&format!("{}/reports/7", gate.origin)).await;
    chromium.fill("email", who).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
}

async fn logged(gate: &Gate, words: &str) {
    eventually(words, async || gate.log().contains(words).then_some(())).await;
}

#[tokio::test]
async fn a_relay_that_puts_off_is_silent_or_refuses() {
    // Twice not now and then yes; silence and then yes; never.
    let verdicts =
        ["451 4.7.1 later", "451 4.7.1 later", "250 ok", "hang", "250 ok", "550 5.1.1 no"];
    let relay = Relay::start(Script::with_verdicts(&verdicts)).await;
    let mail = format!(
        "{{ from: \"Gate <login@example.com>\", \
         smtp: {{ host: localhost, port: {}, tls: none, timeout: 3s }} }}",
        relay.port()
    );
    let redis = ClockedRedis::start().await;
    let mut gate = Gate::with(Wishes { mail, ..redis.wishes("") }).await;
    let chromium = Chromium::start().await;
    ask(&gate, &chromium, ANN).await;
    // What a relay says of one mail is told to nobody: for somebody else there was none to refuse.
    logged(&gate, "tries=1").await;
    assert_eq!(chromium.wait_state().await, "waiting");
    // The third try comes ten seconds or more after the second.
    logged(&gate, "tries=2").await;
    // The third try is due ten seconds or more later; a lease that a restart leaves, a minute later.
    redis.pass(75, &mut gate).await;
    chromium.forgives().await;
    let message = relay.message(1).await;
    assert_eq!(chromium.wait_state().await, "waiting");
    let mail = Mail::parse(message.data);
    chromium.open_in_new_tab(&Webmail::start().await.show(&mail.html)).await;
    chromium.press_for_a_tab("Sign in").await;
    chromium.arrives_at(&format!("{}/reports/7", gate.origin)).await;
    chromium.is_content(&[]).await;
    assert_eq!(relay.messages().len(), 1, "it arrived once");

    let silent = Chromium::start().await;
    ask(&gate, &silent, "dan@example.com").await;
    let code = Mail::parse(relay.message(2).await.data).code();
    silent.fill("code", &code).await;
    silent.arrives_at(&format!("{}/reports/7", gate.origin)).await;
    silent.is_content(&[]).await;

    // A mailbox that does not exist: the page says no more than to anybody else.
    let refused = Chromium::start().await;
    ask(&gate, &refused, "gone@example.com").await;
    logged(&gate, "mail refused for good").await;
    assert_eq!(refused.wait_state().await, "waiting");
    refused.client.refresh().await.expect("the page");
    let page = refused.says("Check your mail").await;
    assert!(page.contains("It should arrive within a minute."), "{page}");
    refused.is_content(&[]).await;
}

#[tokio::test]
async fn a_relay_that_cannot_be_reached_is_told_to_everybody() {
    let mail = format!(
        "{{ from: \"Gate <login@example.com>\", \
         smtp: {{ host: localhost, port: {}, tls: none, timeout: 1s }} }}",
        free_port()
    );
    let gate = Gate::with(Wishes { mail, ..Wishes::default() }).await;
    let chromium = Chromium::start().await;
    ask(&gate, &chromium, ANN).await;
    // The page that waits says so, from the start or by itself, and the form to those who come then.
    chromium.says("longer than usual").await;
    assert_eq!(chromium.wait_state().await, "delayed");
    chromium.open_in_new_window(&format!("{}/x", gate.origin)).await;
    chromium.says("Sign-in e-mails have been delayed since").await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn while_redis_is_away_a_page_says_so_and_then_all_goes_on() {
    let server = RedisServer::shared().await;
    let cable = Cable::to(SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()))).await;
    let mut wishes = Kind::redis_at(Arc::clone(&server)).wishes();
    wishes.environment[0].1 = format!("redis://{}", cable.address);
    let gate = Gate::with(wishes).await;
    let (chromium, waiting) = (Chromium::start().await, Chromium::start().await);
    ask(&gate, &chromium, ANN).await;
    chromium.fill("code", &gate.mail(ANN, 1).await.code()).await;
    chromium.arrives_at(&format!("{}/reports/7", gate.origin)).await;
    ask(&gate, &waiting, "dan@example.com").await;
    let mail = gate.mail("dan@example.com", 1).await;

    cable.cut();
    eventually("the lost store to be noticed", async || {
        (gate.ready().await.status == 503).then_some(())
    })
    .await;
    chromium.client.refresh().await.expect("a page");
    chromium.says("Sign-in is not available right now").await;
    waiting.open(&mail.link()).await;
    waiting.says("Sign-in is not available right now").await;
    for tab in [&chromium, &waiting] {
        tab.is_content(&[503]).await;
    }
    cable.plug();
    // The same session and the same link, with the button of that page and no restart.
    for tab in [&chromium, &waiting] {
        eventually("the store is back", async || {
            tab.press("Try again").await;
            (!tab.text().await.contains("not available right now")).then_some(())
        })
        .await;
        tab.arrives_at(&format!("{}/reports/7", gate.origin)).await;
        tab.complaints().await;
    }
}

#[test]
fn a_broken_template_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write(
        "linkgate.yaml",
        "listen: [{ address: \"127.0.0.1:0\" }]\nstore: { memory: {} }\n\
         mail: { from: login@example.com, folder: { path: mails } }\n\
         brand: { templates: pages }\nsites:\n  - name: app\n    \
         origin: http://app.localhost:8080\n    upstream: http://127.0.0.1:1\n    allow: [everyone]\n",
    );
    for (text, line) in [
        ("<h1>Sign in</h1>\n<form>\n{% if error %}\n</form>\n", 4),
        ("<h1>Sign in</h1>\n{{ t(\"no-such-message\") }}\n", 2),
        ("<h1>Sign in</h1>\n\n{{ nobody }}\n", 3),
    ] {
        write("pages/sign_in.html", text);
        let ended = Command::new(env!("CARGO_BIN_EXE_linkgate"))
            .args(["serve", "-c"])
            .arg(folder.path().join("linkgate.yaml"))
            .output()
            .expect("linkgate runs");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!ended.status.success(), "{said}");
        assert!(said.contains(&format!("sign_in.html:{line}: ")), "{line}: {said}");
    }
}

#[tokio::test]
async fn arabic_runs_from_right_to_left_and_codes_do_not() {
    let installed = Installed::embedded().await;
    let chromium = Chromium::start().await;
    chromium.open(&installed.deep()).await;
    chromium.press("العربية").await;
    chromium.says("إرسال رابط إليّ").await;
    runs(&chromium, "html", "rtl").await;
    runs(&chromium, "input[name=email]", "ltr").await;
    chromium.is_content(&[]).await;
    survey(&chromium, "sign-in-ar").await;
    chromium.fill("email", ANN).await;
    chromium.find("main button").await.click().await.expect("pressed");
    chromium.arrives_at(&installed.page("check-mail")).await;
    runs(&chromium, "html", "rtl").await;
    runs(&chromium, "input[name=code]", "ltr").await;
    runs(&chromium, "main p bdi", "ltr").await;
    survey(&chromium, "check-mail-ar").await;
    chromium.is_content(&[]).await;

    let mail = installed.gate.mail(ANN, 1).await;
    let waiting = chromium.open_in_new_tab(&Webmail::start().await.show(&mail.html)).await;
    runs(&chromium, ".card", "rtl").await;
    runs(&chromium, ".code", "ltr").await;
    let shown = chromium.find(".code").await.text().await.expect("the code");
    assert_eq!(shown, mail.code(), "not turned round");
    chromium.switch_to(waiting).await;
    chromium.fill("code", &shown).await;
    chromium.arrives_at(&installed.deep()).await;
    chromium.is_content(&[]).await;
}

async fn runs(chromium: &Chromium, element: &str, direction: &str) {
    let shown = format!("getComputedStyle(document.querySelector('{element}')).direction");
    assert_eq!(chromium.value(&shown).await, direction, "{element}");
}
