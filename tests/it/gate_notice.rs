//! The mail that tells of a sign-in with a new browser.

use std::time::Duration;

use linkgate::domain::token::{Report, Token};
use linkgate::gate::ask::Asker;
use linkgate::gate::mail_job::{MailJob, MailKind};
use linkgate::gate::redeem::{Caller, LinkAnswer, Opened, Redeemed};
use linkgate::gate::report::Reported;
use linkgate::ports::Clock;

use crate::gate_world::{HOUR, World, address, caller, client};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

fn noticing() -> World {
    let mut world = World::in_memory();
    world.terms.new_device_notice = true;
    world
}

async fn report(world: &World, job: &MailJob, typed: &str) -> Reported {
    let token: Token<Report> = world.report(job);
    world.gate.report(&token, &address(typed)).await.expect("a store")
}

#[tokio::test]
async fn a_sign_in_with_a_new_browser_is_told_once() {
    let world = noticing();
    let at = world.clock.now();
    let first = world.signed_in(ANN, None).await;
    let notices = world.mails().await;
    assert_eq!(notices.len(), 1);
    let notice = &notices[0];
    assert_eq!(notice.kind, MailKind::NewDevice { signed_in_at: at });
    assert!(notice.deliver && notice.to == address(ANN));
    assert_eq!((notice.link.as_str(), notice.code.as_str()), ("", ""));
    assert_eq!(notice.host, "wiki.example.com");
    assert_eq!(notice.browser_label, "Firefox on Linux");
    assert_eq!(notice.network, "203.0.113.9");
    assert!(notice.report.starts_with("https://wiki.example.com/.linkgate/report/"));
    // The browser is known from now on, to this person only.
    let second = world.signed_in(ANN, Some(&first.device)).await;
    assert!(world.mails().await.is_empty());
    world.signed_in("bob@example.com", Some(&second.device)).await;
    let notices = world.mails().await;
    assert_eq!(notices.iter().map(|it| it.to.identity()).collect::<Vec<_>>(), ["bob@example.com"]);
    world.signed_in(ANN, None).await;
    assert_eq!(world.mails().await.len(), 1, "another browser");
}

#[tokio::test]
async fn nothing_is_told_where_it_is_not_wanted_or_nobody_came_in() {
    let world = World::in_memory();
    world.signed_in(ANN, None).await;
    assert!(world.mails().await.is_empty(), "it is an option");
    let world = noticing();
    let (browser, job) = world.mailed(ANN, None).await;
    let (link, client) = (world.link(&job), client());
    let typed = address("eve@example.com");
    let other = caller(&client, None, None);
    let wrong = world.at(async |gate, place| {
        gate.redeem_link(place, &link, LinkAnswer { typed: Some(&typed), choice: None }, other)
            .await
    });
    assert!(matches!(wrong.await, Ok(Redeemed::WrongAddress(_))));
    let own = caller(&client, Some(&browser), None);
    let opened = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
    assert!(matches!(opened, Ok(Opened::SignedIn(_))));
    let again = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
    assert!(matches!(again, Ok(Opened::Gone(..))));
    assert_eq!(world.mails().await.len(), 1, "one for the one that came in");
}

#[tokio::test]
async fn the_report_of_a_notice_ends_the_session_for_a_day() {
    let mut world = noticing();
    // Shorter than the notice can be answered.
    world.terms.used_link_retention = Duration::from_secs(1);
    for by_link_elsewhere in [false, true] {
        let (browser, job) = world.mailed(ANN, None).await;
        let (link, client, typed) = (world.link(&job), client(), address(ANN));
        let browser = (!by_link_elsewhere).then_some(&browser);
        let thief = Caller { browser_label: "Chrome on Windows", ..caller(&client, browser, None) };
        let entered = world.at(async |gate, place| {
            gate.redeem_link(place, &link, LinkAnswer { typed: Some(&typed), choice: None }, thief)
                .await
        });
        let Ok(Redeemed::SignedIn(thief)) = entered.await else { panic!("not in") };
        let notice = world.mails().await.remove(0);
        assert_eq!(notice.browser_label, "Chrome on Windows", "the browser that signed in");
        world.clock.pass(11 * HOUR);
        world.store.sweep(world.clock.now()).await.expect("a store");
        assert!(world.is_in(&thief.token).await);
        assert_eq!(report(&world, &notice, "eve@example.com").await, Reported::WrongAddress);
        assert!(world.is_in(&thief.token).await);
        assert_eq!(report(&world, &notice, ANN).await, Reported::Done);
        assert!(!world.is_in(&thief.token).await);
        // The browser that came in is a stranger's again: it hears nothing of the report, but no mail
        // leaves for it.
        let asker = Asker { device: Some(thief.device.clone()), ..world.asker(None) };
        world.ask_as(ANN, asker).await.expect("the same answer as ever");
        assert!(!world.mails().await.remove(0).deliver);
        world.clock.pass(14 * HOUR);
        world.store.sweep(world.clock.now()).await.expect("a store");
        assert_eq!(report(&world, &notice, ANN).await, Reported::Unknown, "more than a day later");
    }
}

/// Else whoever came in once by a mail would come in again, as soon as they read one, unnoticed and
/// for as long as a browser is known.
#[tokio::test]
async fn a_browser_that_was_reported_is_new_again_and_so_are_all_before_it() {
    let world = noticing();
    let own = world.signed_in(ANN, None).await.device.clone();
    world.mails().await;
    let bobs = world.signed_in(BOB, None).await.device.clone();
    world.mails().await;
    world.clock.pass(HOUR);
    let thief = world.signed_in(ANN, None).await.device.clone();
    let notice = world.mails().await.remove(0);
    assert_eq!(report(&world, &notice, ANN).await, Reported::Done);
    world.clock.pass(25 * HOUR);
    for _ in 0..20 {
        world.store.sweep(world.clock.now()).await.expect("a store");
        for (who, device, notices) in [(ANN, &thief, 1), (ANN, &own, 1), (BOB, &bobs, 0)] {
            world.signed_in(who, Some(device)).await;
            assert_eq!(world.mails().await.len(), notices, "{who}");
        }
        world.clock.pass(10 * 24 * HOUR);
    }
    // What is proven after the report counts, and for a year.
    let again = world.signed_in(ANN, Some(&own)).await.device.clone();
    world.mails().await;
    for (days, notices) in [(0, 0), (364, 0), (2, 1)] {
        world.clock.pass(days * 24 * HOUR);
        world.signed_in(ANN, Some(&again)).await;
        assert_eq!(world.mails().await.len(), notices, "{days} days later");
    }
}
