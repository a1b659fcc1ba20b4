//! What no stranger can do: keep somebody out, or learn anything.

use std::net::IpAddr;

use linkgate::domain::client::ClientAddress;
use linkgate::domain::code::Code;
use linkgate::domain::device::Device;
use linkgate::domain::origin::Origin;
use linkgate::domain::token::{Browser, Token};
use linkgate::gate::Place;
use linkgate::gate::ask::{AskError, Asker};
use linkgate::gate::mail_job::MailJob;
use linkgate::gate::redeem::{CodeRedeemed, LinkAnswer, Opened, Redeemed};
use linkgate::gate::report::Reported;
use linkgate::ports::Clock;

use crate::gate_world::{HOUR, MINUTE, World, address, caller, client};

const ANN: &str = "ann@example.com";

fn from(asker: Asker, client: &str) -> Asker {
    let client: IpAddr = client.parse().expect("an address");
    Asker { client: ClientAddress::from(client), ..asker }
}

async fn report(world: &World, job: &MailJob, typed: &str) -> Reported {
    world.gate.report(&world.report(job), &address(typed)).await.expect("a store")
}

async fn code(world: &World, browser: &Token<Browser>, code: &str) -> CodeRedeemed {
    let client = client();
    world.code(code, caller(&client, Some(browser), None)).await
}

async fn open(world: &World, browser: Option<&Token<Browser>>, job: &MailJob) -> Opened {
    let client = client();
    world.open(&world.link(job), caller(&client, browser, None)).await
}

/// Whether a mail is delivered that is asked for like this.
async fn delivers(world: &World, who: &str, asker: Asker) -> bool {
    world.ask_as(who, asker).await.expect("the same answer as ever");
    let mut jobs = world.mails().await;
    assert_eq!(jobs.len(), 1, "queued in any case");
    jobs.remove(0).deliver
}

#[tokio::test]
async fn a_report_holds_mail_back_for_a_day_from_where_it_was_asked_for() {
    let world = World::in_memory();
    let device = world.signed_in(ANN, None).await.device.clone();
    let (_, job) = world.mailed(ANN, None).await;
    assert_eq!(report(&world, &job, "eve@example.com").await, Reported::WrongAddress);
    assert!(delivers(&world, ANN, world.asker(None)).await, "a scanner has changed nothing");
    assert_eq!(report(&world, &job, ANN).await, Reported::Done);
    assert!(!delivers(&world, ANN, world.asker(None)).await);
    assert!(!delivers(&world, "ann+tag@example.com", world.asker(None)).await, "one mailbox");
    assert!(delivers(&world, "bob@example.com", world.asker(None)).await, "another mailbox");
    assert!(delivers(&world, ANN, from(world.asker(None), "203.0.113.10")).await, "elsewhere");
    let own = Asker { device: Some(device), ..world.asker(None) };
    assert!(delivers(&world, ANN, own).await, "with a browser that she has signed in with");
    let forged = Asker { device: Some(Device::mint([1; 16])), ..world.asker(None) };
    assert!(!delivers(&world, ANN, forged).await);
    world.clock.pass(24 * HOUR);
    assert!(delivers(&world, ANN, world.asker(None)).await, "the next day");
}

#[tokio::test]
async fn a_mail_that_is_held_back_makes_the_one_before_it_no_worse() {
    let world = World::in_memory();
    let (browser, good) = world.mailed(ANN, None).await;
    let (_, unasked) = world.mailed(ANN, None).await;
    assert_eq!(report(&world, &unasked, ANN).await, Reported::Done);
    world.clock.pass(MINUTE);
    assert!(!delivers(&world, ANN, world.asker(Some(&browser))).await);
    assert!(matches!(open(&world, Some(&browser), &good).await, Opened::SignedIn(_)));
}

#[tokio::test]
async fn the_asker_hears_nothing_of_a_report() {
    for used_before in [false, true] {
        let world = World::in_memory();
        let (asker, job) = world.mailed(ANN, None).await;
        if used_before {
            let client = client();
            let used = world.confirm(&world.link(&job), ANN, caller(&client, None, None)).await;
            assert!(matches!(used, Redeemed::SignedIn(_)), "{used:?}");
        }
        let (control, _) = world.mailed("bob@example.com", None).await;
        assert_eq!(report(&world, &job, ANN).await, Reported::Done);
        let seen = async |browser: &Token<Browser>| {
            let record =
                world.gate.waiting(browser.digest()).await.expect("a store").expect("an attempt");
            let resend = linkgate::gate::ask::resend_at(&record);
            let now = world.clock.now();
            let open = record.open(linkgate::domain::attempt::Way::Code, now);
            (open, resend, record.tries)
        };
        assert_eq!(seen(&asker).await, seen(&control).await);
        // Codes that are guessed fail in the same way, as often.
        for _ in 0..6 {
            let answers = [&asker, &control].map(async |browser| {
                match code(&world, browser, "BBBB-BBBB").await {
                    CodeRedeemed::Wrong { left, .. } => Some(left),
                    CodeRedeemed::UsedUp(_) => None,
                    other => panic!("{other:?}"),
                }
            });
            let [reported, other] = answers;
            assert_eq!(reported.await, other.await);
        }
        let resend = async |browser: &Token<Browser>| {
            let asked = world.resend(world.asker(Some(browser))).await;
            asked.map(|it| it.attempt.mails).map_err(|error| error.to_string())
        };
        assert_eq!(resend(&asker).await, resend(&control).await, "too soon");
        world.clock.pass(MINUTE);
        assert_eq!(resend(&asker).await, resend(&control).await);
        world.clock.pass(10 * MINUTE);
        assert_eq!(seen(&asker).await, seen(&control).await, "expired, both");
        // And the right code, which only the mail says, signs nobody in.
        assert!(matches!(open(&world, Some(&asker), &job).await, Opened::Gone(..)));
    }
}

/// The store keeps what was used for a month, or for an hour, and what was not for a day: seen from
/// the browser that asked, one must not outlive the other, or the day after everybody learns whose
/// link was opened.
#[tokio::test]
async fn the_asker_does_not_learn_from_what_is_kept_that_a_link_was_opened() {
    for retention in [HOUR, 30 * 24 * HOUR] {
        let mut world = World::in_memory();
        world.terms.used_link_retention = retention;
        let (asker, job) = world.mailed(ANN, None).await;
        let (control, _) = world.mailed("eve@nowhere.example", None).await;
        let client = client();
        let used = world.confirm(&world.link(&job), ANN, caller(&client, None, None)).await;
        assert!(matches!(used, Redeemed::SignedIn(_)), "{used:?}");
        let mut states = Vec::new();
        for hour in 0..50 {
            world.store.sweep(world.clock.now()).await.expect("a store");
            let mut seen = Vec::new();
            for browser in [&asker, &control] {
                let waits = world.gate.waiting(browser.digest()).await.expect("a store").is_some();
                let redeemed = code(&world, browser, "BBBB-BBBB").await;
                let is_over = match redeemed {
                    CodeRedeemed::Wrong { .. } => "open",
                    CodeRedeemed::Gone(..) => "gone",
                    CodeRedeemed::NoAttempt => "none",
                    other => panic!("{other:?}"),
                };
                seen.push((waits, is_over));
            }
            assert_eq!(seen[0], seen[1], "after {hour} hours, kept for {retention:?}");
            states.push(seen[0]);
            world.clock.pass(HOUR);
        }
        assert_eq!(states[0], (true, "open"));
        assert_eq!((states[1], states[49]), ((true, "gone"), (false, "none")));
    }
}

/// Of a site with a wildcard, every name is a realm of its own, and somebody else may serve one of
/// them. A code that was asked for there, and is typed there, is worth nothing elsewhere.
#[tokio::test]
async fn an_attempt_counts_at_the_host_where_it_began_alone() {
    let world = World::in_memory();
    let (browser, job) = world.mailed(ANN, None).await;
    let (link, client, typed) = (world.link(&job), client(), address(ANN));
    let own = caller(&client, Some(&browser), None);
    let elsewhere = Origin::parse("https://admin.example.com").expect("an origin");
    world.clock.pass(MINUTE);
    let (asker, other_asker) = (world.asker(Some(&browser)), world.asker(None));
    world
        .at(async |gate, place| {
            let place = Place { origin: &elsewhere, realm: "https://admin.example.com", ..place };
            let parsed = Code::parse(&job.code).expect("a code");
            let code = gate.redeem_code(place, Some(&parsed), None, own).await;
            assert!(matches!(code, Ok(CodeRedeemed::NoAttempt)), "{code:?}");
            let opened = gate.open_link(place, &link, own).await;
            assert!(matches!(opened, Ok(Opened::Unknown)), "{opened:?}");
            let confirmed = gate
                .redeem_link(place, &link, LinkAnswer { typed: Some(&typed), choice: None }, own)
                .await;
            assert!(matches!(confirmed, Ok(Redeemed::Unknown)), "{confirmed:?}");
            let resent = gate.resend(place, asker).await;
            assert!(matches!(resent, Err(AskError::NoAttempt)), "{resent:?}");
            let fresh = gate.fresh_link(place, other_asker, &link).await;
            assert!(matches!(fresh, Err(AskError::NoAttempt)), "{fresh:?}");
        })
        .await;
    assert!(world.mails().await.is_empty());
    let code = code(&world, &browser, &job.code).await;
    assert!(matches!(code, CodeRedeemed::SignedIn(_)), "nothing was used up: {code:?}");
}
