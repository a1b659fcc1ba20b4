//! What time does to links, codes and sessions: the use cases with a clock that is moved.

use std::time::Duration;

use linkgate::domain::attempt::{Gone, State};
use linkgate::domain::code::Code;
use linkgate::domain::token::{self, Token};
use linkgate::gate::ask::AskError;
use linkgate::gate::redeem::{CodeRedeemed, LinkAnswer, Opened, Redeemed};
use linkgate::gate::report::Reported;
use linkgate::ports::Clock;

use crate::gate_world::{HOUR, MINUTE, World, address, caller, client};
use crate::support::eventually;

const ANN: &str = "ann@example.com";
const INSTANT: Duration = Duration::from_millis(1);

async fn signed_in(world: &World) -> Token<token::Session> {
    let (browser, job) = world.mailed(ANN, None).await;
    let (link, client) = (world.link(&job), client());
    let caller = caller(&client, Some(&browser), None);
    match world.at(async |gate, place| gate.open_link(place, &link, caller).await).await {
        Ok(Opened::SignedIn(it)) => it.token,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_link_works_until_the_last_millisecond_and_not_after_it() {
    for (wait, works) in [(10 * MINUTE - INSTANT, true), (10 * MINUTE, false), (11 * MINUTE, false)]
    {
        let world = World::in_memory();
        let (browser, job) = world.mailed(ANN, None).await;
        let (link, client) = (world.link(&job), client());
        let own = caller(&client, Some(&browser), None);
        world.clock.pass(wait);
        let elsewhere = world.at(async |gate, place| {
            gate.open_link(place, &link, caller(&client, None, None)).await
        });
        match elsewhere.await.expect("a store") {
            Opened::Elsewhere(_) if works => {}
            Opened::Gone(Gone::Expired, _) if !works => {}
            other => panic!("{wait:?}: {other:?}"),
        }
        if !works {
            let typed = address(ANN);
            let redeemed = world.at(async |gate, place| {
                gate.redeem_link(
                    place,
                    &link,
                    LinkAnswer { typed: Some(&typed), choice: None },
                    own,
                )
                .await
            });
            let redeemed = redeemed.await.expect("a store");
            assert!(matches!(redeemed, Redeemed::Gone(Gone::Expired, _)), "{redeemed:?}");
            let code = Code::parse(&job.code).expect("a code");
            let redeemed =
                world.at(async |gate, place| gate.redeem_code(place, Some(&code), None, own).await);
            let redeemed = redeemed.await.expect("a store");
            assert!(matches!(redeemed, CodeRedeemed::Gone(Gone::Expired, _)), "{redeemed:?}");
        }
        let opened = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
        match opened.expect("a store") {
            Opened::SignedIn(_) if works => {}
            Opened::Gone(Gone::Expired, _) if !works => {}
            other => panic!("{wait:?}: {other:?}"),
        }
        let sessions = world.store.sessions_of(world.person(ANN), world.clock.now()).await;
        assert_eq!(sessions.expect("a store").len(), usize::from(works), "{wait:?}");
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_in_the_end_always() {
    let world = World::in_memory();
    let session = signed_in(&world).await;
    world.clock.pass(12 * HOUR - INSTANT);
    use_now(&world, &session).await;
    world.clock.pass(12 * HOUR - INSTANT);
    assert!(world.is_in(&session).await, "each request begins the idle time anew");
    let idle = signed_in(&world).await;
    world.clock.pass(12 * HOUR);
    assert!(!world.is_in(&idle).await, "idle to the millisecond");
    // Used every hour, it ends after a week all the same.
    let busy = signed_in(&world).await;
    for hour in 1..=7 * 24 {
        world.clock.pass(HOUR);
        if hour < 7 * 24 {
            use_now(&world, &busy).await;
        }
    }
    assert!(!world.is_in(&busy).await);
}

/// Asks until the use is noted: one note at a time is written for a session.
async fn use_now(world: &World, session: &Token<token::Session>) {
    let now = world.clock.now();
    eventually("the last use is noted", async || {
        assert!(world.is_in(session).await);
        let stored = world.store.session(session.digest()).await.expect("a store")?;
        (stored.last_seen == now).then_some(())
    })
    .await;
}

#[tokio::test]
async fn last_seen_moves_at_most_once_a_minute() {
    let world = World::in_memory();
    let session = signed_in(&world).await;
    let made = world.clock.now();
    let seen = async || {
        let stored = world.store.session(session.digest()).await.expect("a store");
        stored.expect("a session").last_seen
    };
    world.clock.pass(MINUTE - INSTANT);
    assert!(world.is_in(&session).await);
    // On this runtime of one thread a task beside the request would have run by now.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(seen().await, made);
    world.clock.pass(INSTANT);
    assert!(world.is_in(&session).await);
    let now = world.clock.now();
    eventually("the last use is noted", async || (seen().await == now).then_some(())).await;
}

#[tokio::test]
async fn who_is_taken_off_the_list_after_the_mail_stays_out() {
    let world = World::in_memory();
    let (browser, job) = world.mailed(ANN, None).await;
    world.off_the_list.lock().expect("no panic").push(ANN.into());
    let (link, client, typed) = (world.link(&job), client(), address(ANN));
    let own = caller(&client, Some(&browser), None);
    let opened = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
    assert!(matches!(opened, Ok(Opened::Gone(Gone::Ended, _))), "{opened:?}");
    let other = caller(&client, None, None);
    let redeemed = world.at(async |gate, place| {
        gate.redeem_link(place, &link, LinkAnswer { typed: Some(&typed), choice: None }, other)
            .await
    });
    let redeemed = redeemed.await;
    assert!(matches!(redeemed, Ok(Redeemed::Gone(Gone::Ended, _))), "{redeemed:?}");
    let code = Code::parse(&job.code).expect("a code");
    let redeemed =
        world.at(async |gate, place| gate.redeem_code(place, Some(&code), None, own).await);
    let redeemed = redeemed.await;
    assert!(matches!(redeemed, Ok(CodeRedeemed::Gone(Gone::Ended, _))), "{redeemed:?}");
    let sessions = world.store.sessions_of(world.person(ANN), world.clock.now()).await;
    assert_eq!(sessions.expect("a store"), []);
    // Back on the list, the link that was not spent works.
    world.off_the_list.lock().expect("no panic").clear();
    let opened = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
    assert!(matches!(opened, Ok(Opened::SignedIn(_))), "{opened:?}");
}

#[tokio::test]
async fn who_was_put_on_the_list_after_asking_has_no_mail_and_no_way_in() {
    let world = World::in_memory();
    world.off_the_list.lock().expect("no panic").push(ANN.into());
    let (_, job) = world.mailed(ANN, None).await;
    assert!(!job.deliver, "queued like every other, and not sent");
    world.off_the_list.lock().expect("no panic").clear();
    let (link, client, typed) = (world.link(&job), client(), address(ANN));
    let other = caller(&client, None, None);
    let redeemed = world.at(async |gate, place| {
        gate.redeem_link(place, &link, LinkAnswer { typed: Some(&typed), choice: None }, other)
            .await
    });
    let redeemed = redeemed.await;
    assert!(matches!(redeemed, Ok(Redeemed::Gone(Gone::Ended, _))), "{redeemed:?}");
}

#[tokio::test]
async fn the_pause_before_another_mail_grows() {
    let world = World::in_memory();
    let (browser, mut job) = world.mailed(ANN, None).await;
    for pause in [30, 60, 120, 120].map(Duration::from_secs) {
        let asked_at = world.clock.now();
        world.clock.pass(pause - INSTANT);
        let asker = world.asker(Some(&browser));
        let early = world.at(async |gate, place| gate.resend(place, asker).await).await;
        match early {
            Err(AskError::TooMany { until }) => assert_eq!(until, asked_at.after(pause)),
            other => panic!("{pause:?}: {other:?}"),
        }
        world.clock.pass(INSTANT);
        let asker = world.asker(Some(&browser));
        world.at(async |gate, place| gate.resend(place, asker).await).await.expect("a mail");
        let old = world.link(&job);
        job = world.mails().await.pop().expect("a mail");
        let state = world.record(&old).await.expect("kept").state;
        assert_eq!(state, State::Replaced { at: world.clock.now() });
    }
    let (link, client) = (world.link(&job), client());
    let own = caller(&client, Some(&browser), None);
    let opened = world.at(async |gate, place| gate.open_link(place, &link, own).await).await;
    assert!(matches!(opened, Ok(Opened::SignedIn(_))), "the newest works: {opened:?}");
}

#[tokio::test]
async fn a_used_link_is_remembered_for_its_retention_and_an_expired_one_for_a_day() {
    let world = World::in_memory();
    let (browser, used) = world.mailed(ANN, None).await;
    let (_, expired) = world.mailed("dan@example.com", None).await;
    let (link, client) = (world.link(&used), client());
    let own = caller(&client, Some(&browser), None);
    world.at(async |gate, place| gate.open_link(place, &link, own).await).await.expect("a store");
    let (expired, other) = (world.link(&expired), caller(&client, None, None));
    let sweep = async || world.store.sweep(world.clock.now()).await.expect("a store");
    world.clock.pass(24 * HOUR);
    sweep().await;
    let opened = world.at(async |gate, place| gate.open_link(place, &expired, other).await).await;
    assert!(matches!(opened, Ok(Opened::Gone(Gone::Expired, _))), "{opened:?}");
    world.clock.pass(11 * MINUTE);
    sweep().await;
    let opened = world.at(async |gate, place| gate.open_link(place, &expired, other).await).await;
    assert!(matches!(opened, Ok(Opened::Unknown)), "{opened:?}");
    world.clock.pass(28 * 24 * HOUR);
    sweep().await;
    let opened = world.at(async |gate, place| gate.open_link(place, &link, other).await).await;
    assert!(matches!(opened, Ok(Opened::Gone(Gone::Used { .. }, _))), "{opened:?}");
    world.clock.pass(24 * HOUR);
    sweep().await;
    let opened = world.at(async |gate, place| gate.open_link(place, &link, other).await).await;
    assert!(matches!(opened, Ok(Opened::Unknown)), "{opened:?}");
}

#[tokio::test]
async fn an_expired_link_asks_for_a_fresh_one_without_a_pause() {
    let world = World::in_memory();
    let (_, job) = world.mailed(ANN, None).await;
    let (link, client) = (world.link(&job), client());
    world.clock.pass(10 * MINUTE);
    let asker = world.asker(None);
    let asked = world.at(async |gate, place| gate.fresh_link(place, asker, &link).await).await;
    let asked = asked.expect("a mail");
    assert_eq!(asked.attempt.return_url, "/deep", "the return URL is kept");
    let fresh = world.link(&world.mails().await.remove(0));
    let own = caller(&client, Some(&asked.browser), None);
    let opened = world.at(async |gate, place| gate.open_link(place, &fresh, own).await).await;
    assert!(matches!(opened, Ok(Opened::SignedIn(_))), "{opened:?}");
    // Twice in a row needs the pause.
    let (_, job) = world.mailed("dan@example.com", None).await;
    let link = world.link(&job);
    let asker = world.asker(None);
    let early = world.at(async |gate, place| gate.fresh_link(place, asker, &link).await).await;
    assert!(matches!(early, Err(AskError::TooMany { .. })), "{early:?}");
}

#[tokio::test]
async fn a_report_ends_what_is_alive_and_leaves_what_was_used() {
    let world = World::in_memory();
    let (_, job) = world.mailed(ANN, None).await;
    let (report, link, client) = (world.report(&job), world.link(&job), client());
    let wrong = world.gate.report(&report, &address("eve@example.com")).await;
    assert_eq!(wrong.expect("a store"), Reported::WrongAddress);
    assert_eq!(world.record(&link).await.expect("kept").state, State::Live);
    let right = world.gate.report(&report, &address(ANN)).await;
    assert_eq!(right.expect("a store"), Reported::Done);
    let other = caller(&client, None, None);
    let opened = world.at(async |gate, place| gate.open_link(place, &link, other).await).await;
    assert!(matches!(opened, Ok(Opened::Gone(Gone::Ended, _))), "{opened:?}");
}

#[tokio::test]
async fn an_attempt_of_one_site_is_unknown_at_another() {
    let world = World::in_memory();
    let (browser, job) = world.mailed(ANN, None).await;
    let (link, client) = (world.link(&job), client());
    let code = Code::parse(&job.code).expect("a code");
    let own = caller(&client, Some(&browser), None);
    let elsewhere = world.at(async |gate, place| {
        let place = linkgate::gate::Place { site: "reports", ..place };
        let opened = gate.open_link(place, &link, own).await;
        assert!(matches!(opened, Ok(Opened::Unknown)), "{opened:?}");
        gate.redeem_code(place, Some(&code), None, own).await
    });
    let elsewhere = elsewhere.await;
    assert!(matches!(elsewhere, Ok(CodeRedeemed::NoAttempt)), "{elsewhere:?}");
}
