//! The mail that tells of a sign-in with a new browser.

use std::time::Duration;

use linkgate::domain::token::{Report, Token};
use linkgate::gate::mail_job::{MailJob, MailKind};
use linkgate::gate::redeem::{Caller, Opened, Redeemed};
use linkgate::gate::report::Reported;
use linkgate::ports::Clock;

use crate::gate_world::{HOUR, World, address, caller, client};

const ANN: &str = "ann@example.com";

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
    let wrong = world
        .at(async |gate, place| gate.redeem_elsewhere(place, &link, Some(&typed), other).await);
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
        let entered = world
            .at(async |gate, place| gate.redeem_elsewhere(place, &link, Some(&typed), thief).await);
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
        world.clock.pass(14 * HOUR);
        world.store.sweep(world.clock.now()).await.expect("a store");
        assert_eq!(report(&world, &notice, ANN).await, Reported::Unknown, "more than a day later");
    }
}
