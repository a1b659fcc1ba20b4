//! What no stranger can do: keep somebody out, or learn anything.

use std::net::IpAddr;

use linkgate::domain::client::ClientAddress;
use linkgate::domain::device::Device;
use linkgate::domain::token::{Browser, Token};
use linkgate::gate::ask::Asker;
use linkgate::gate::mail_job::MailJob;
use linkgate::gate::redeem::{CodeRedeemed, Opened, Redeemed};
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
