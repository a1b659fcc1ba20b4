//! Codes, limits and time: over Redis, whose clock the test moves.

use super::{ANN, DEEP};
use crate::support::chromium::Chromium;
use crate::support::client::Answer;
use crate::support::clocked_redis::ClockedRedis;
use crate::support::gate::Gate;
use crate::support::webmail::Webmail;

/// What Ctrl is to a driver.
const CTRL: &str = "\u{e009}";

async fn ask(gate: &Gate, chromium: &Chromium, who: &str) {
    chromium.open(&format!("{}{DEEP}", gate.origin)).await;
    chromium.fill("email", who).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
}

#[tokio::test]
async fn a_resend_waits_its_turn_and_the_newest_mail_alone_works() {
    let redis = ClockedRedis::start().await;
    let mut gate = Gate::with(redis.wishes("")).await;
    let (chromium, webmail) = (Chromium::start().await, Webmail::start().await);
    ask(&gate, &chromium, ANN).await;
    let button = "document.querySelector('[data-resend-in]')";
    let waits = chromium.value(&format!("{button}.getAttribute('aria-disabled')")).await;
    assert_eq!(waits, "true");
    chromium.value(&format!("{button}.click()")).await;
    // A browser without scripts presses all the same, and is told when.
    chromium.value(&format!("{button}.form.submit()")).await;
    let page = chromium.says("Too many requests").await;
    assert!(page.contains("Try again at") && page.contains("(in 1 minute)"), "{page}");
    chromium.is_content(&[429]).await;
    chromium.press("Enter the code").await;
    chromium.says("Check your mail").await;
    gate.mail(ANN, 1).await;
    assert_eq!(gate.mails().len(), 1);

    redis.pass(31, &mut gate).await;
    chromium.forgives().await;
    chromium.client.refresh().await.expect("the page");
    chromium.says("Check your mail").await;
    chromium.press("Send a new e-mail").await;
    chromium.says("Only the newest one works.").await;
    let (first, second) = (gate.mail(ANN, 1).await, gate.mail(ANN, 2).await);
    let waiting = chromium.open_in_new_tab(&webmail.show(&first.html)).await;
    chromium.press_for_a_tab("Sign in").await;
    chromium.says("There is a newer e-mail").await;
    chromium.is_content(&[410]).await;
    // One press for a third mail, which leads to the same page.
    chromium.press("Send a fresh link to a***@example.com").await;
    chromium.says("Only the newest one works.").await;
    let third = gate.mail(ANN, 3).await;
    chromium.fill("code", &second.code()).await;
    chromium.says("4 tries left").await;
    chromium.is_content(&[422]).await;

    // Copied by hand from somewhere, as people do.
    let copied = third.code().to_lowercase().replace('-', " ");
    chromium.open(&webmail.show("<textarea name=notes autofocus></textarea>")).await;
    chromium.find("textarea").await.send_keys(&copied).await.expect("typed");
    chromium.keys(&format!("{CTRL}ac")).await;
    chromium.switch_to(waiting).await;
    chromium.client.refresh().await.expect("the page");
    chromium.says("Check your mail").await;
    chromium.find("input[name=code]").await.send_keys(&format!("{CTRL}v")).await.expect("pasted");
    chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
    chromium.is_content(&[]).await;
}

#[tokio::test]
async fn what_has_expired_says_so_on_both_pages_and_one_press_renews_it() {
    let redis = ClockedRedis::start().await;
    let mut gate = Gate::with(redis.wishes("")).await;
    let (waiting, clicking) = (Chromium::start().await, Chromium::start().await);
    ask(&gate, &waiting, ANN).await;
    ask(&gate, &clicking, "dan@example.com").await;
    let link = gate.mail("dan@example.com", 1).await.link();
    redis.pass(601, &mut gate).await;
    waiting.forgives().await;
    clicking.forgives().await;

    // The page that waits notices by itself.
    waiting.says("This request has ended").await;
    waiting.is_content(&[]).await;
    waiting.press("Send a new e-mail to ann@example.com").await;
    waiting.says("Check your mail").await;
    let code = gate.mail(ANN, 2).await.code();
    waiting.fill("code", &code).await;
    waiting.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
    waiting.is_content(&[]).await;

    clicking.open(&link).await;
    clicking.says("This link has expired").await;
    clicking.is_content(&[410]).await;
    clicking.press("Send a fresh link to d***@example.com").await;
    clicking.says("Check your mail").await;
    clicking.open(&gate.mail("dan@example.com", 2).await.link()).await;
    clicking.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
    clicking.is_content(&[]).await;
}

#[tokio::test]
async fn the_seventh_request_is_told_when_to_try_again_whoever_it_is_for() {
    let redis = ClockedRedis::start().await;
    let limits = "limits: { email: 6/1h, ip: 1000/1h, network: 1000/1h }";
    let mut gate = Gate::with(redis.wishes(limits)).await;
    let mut refused: Vec<Answer> = Vec::new();
    // Of one length, so that the pages are, too: they keep what was typed.
    let people = [ANN, "eva@exempla.net"];
    for who in people {
        let mut browser = gate.browser();
        for _ in 0..6 {
            assert_eq!(gate.ask(&mut browser, who, "/deep").await.status, 303, "{who}");
        }
        refused.push(gate.ask(&mut browser, who, "/deep").await);
    }
    let seconds = |answer: &Answer| answer.header("retry-after").parse::<u64>().expect("seconds");
    for answer in &refused {
        assert_eq!(answer.status, 429);
        assert!((3500..=3601).contains(&seconds(answer)), "{}", seconds(answer));
    }
    let names = |answer: &Answer| -> Vec<_> {
        answer.headers.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&refused[0]), names(&refused[1]));
    // But for what was typed, for the reference, and for times that may be a second apart.
    let alike = |answer: &Answer| -> String {
        let text = people.iter().fold(answer.text(), |text, who| text.replace(who, "somebody"));
        let encoded = people.iter().map(|who| who.replace('@', "%40"));
        let text = encoded.fold(text, |text, who| text.replace(&who, "somebody"));
        let lines = text.lines().filter(|line| !line.contains("class=\"reference\""));
        lines.flat_map(str::chars).filter(|it| !it.is_ascii_digit()).collect()
    };
    assert_eq!(alike(&refused[0]), alike(&refused[1]));
    assert_eq!(refused[0].body.len(), refused[1].body.len());

    let chromium = Chromium::start().await;
    chromium.open(&format!("{}{DEEP}", gate.origin)).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Too many requests").await;
    chromium.is_content(&[429]).await;
    redis.pass(3601, &mut gate).await;
    // The button repeats what was tried: nothing need be typed again.
    chromium.press("Try again").await;
    chromium.says("Check your mail").await;
    let newest = gate.mail(ANN, 7).await;
    chromium.open(&newest.link()).await;
    chromium.arrives_at(&format!("{}{DEEP}", gate.origin)).await;
    chromium.is_content(&[]).await;
}
