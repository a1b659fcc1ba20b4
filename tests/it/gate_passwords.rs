//! Passwords: who sets one, who gets in with one, and what nobody learns.

mod alike;
mod judged;
mod tries;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::domain::account::AccountOrigin;
use linkgate::domain::attempt::Gone;
use linkgate::domain::client::ClientAddress;
use linkgate::domain::code::Code;
use linkgate::domain::password::{Password, PasswordHash, PasswordProblem, PasswordTerms};
use linkgate::domain::secret::Secret;
use linkgate::domain::terms::{Mode, Registration};
use linkgate::domain::token::{Browser, Link, Token};
use linkgate::gate::accounts::AccountWish;
use linkgate::gate::ask::{AskError, Asked, Asker};
use linkgate::gate::mail_job::{MailJob, MailKind};
use linkgate::gate::password::{Choice, PasswordRedeemed};
use linkgate::gate::redeem::{CodeRedeemed, LinkAnswer, Opened, RedeemError, Redeemed, SignedIn};
use linkgate::gate::report::Reported;
use linkgate::ports::{Entropy, Passwords, Seat, Store, TooBusy};

use crate::gate_world::{HOUR, MINUTE, Seeded, World, address, caller, client};
use crate::watched_store::Watched;

const ANN: &str = "ann@example.com";
const GOOD: &str = "lantern orbit pickle mosaic";
const OTHER: &str = "velvet ladder comet biscuit";

fn hybrid(limit: &str) -> Mode {
    Mode::Hybrid(PasswordTerms {
        min_length: 15,
        person_limit: limit.parse().expect("a limit"),
        client_limit: "1000000/1h".parse().expect("a limit"),
        network_limit: "1000000/1h".parse().expect("a limit"),
    })
}

fn world() -> World {
    let mut world = World::in_memory();
    world.terms.mode = hybrid("100000/1h");
    world
}

fn typed(text: &str) -> Password {
    Password::typed(text).expect("a password")
}

impl World {
    /// Asks for the mail with which a password is chosen.
    async fn wants(&self, who: &str) -> (Asked, MailJob) {
        let (email, asker) = (address(who), self.asker(None));
        let asked = self
            .at(async |gate, place| gate.request_password(place, asker, &email, "/deep").await)
            .await;
        (asked.expect("a mail"), self.mails().await.remove(0))
    }

    /// Answers the page of a link, with a password and with the address.
    async fn choose(
        &self,
        link: &Token<Link>,
        who: Option<&str>,
        text: &str,
        browser: Option<&Token<Browser>>,
    ) -> Result<Redeemed, RedeemError> {
        let (password, email, client) = (typed(text), who.map(address), client());
        let choice = Choice { password: &password, known: &["Lighthouse"] };
        let answer = LinkAnswer { typed: email.as_ref(), choice: Some(&choice) };
        let caller = caller(&client, browser, None);
        self.at(async |gate, place| gate.redeem_link(place, link, answer, caller).await).await
    }

    /// Types a code and a password into the page that waits.
    async fn choose_by_code(
        &self,
        code: &str,
        text: &str,
        browser: &Token<Browser>,
    ) -> Result<CodeRedeemed, RedeemError> {
        let (password, client) = (typed(text), client());
        let choice = Choice { password: &password, known: &[] };
        let (code, caller) = (Code::parse(code).ok(), caller(&client, Some(browser), None));
        self.at(async |gate, place| {
            gate.redeem_code(place, code.as_ref(), Some(&choice), caller).await
        })
        .await
    }

    /// How many passwords somebody who has not the code may choose for one mail.
    async fn judged_by_code(&self, browser: &Token<Browser>) -> u32 {
        let mut judged = 0;
        loop {
            match self.choose_by_code("BBBB-BBBB", "passwordpassword", browser).await {
                Ok(CodeRedeemed::Password(..)) => judged += 1,
                Ok(CodeRedeemed::TooMany { .. }) => return judged,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn try_password(&self, who: &str, text: &str, asker: &Asker) -> Tried {
        let (email, password) = (address(who), typed(text));
        let done = self
            .at(async |gate, place| {
                gate.redeem_password(place, asker, None, &email, &password, "/deep").await
            })
            .await;
        match done {
            Ok(PasswordRedeemed::SignedIn(it)) => Tried::In(it),
            Ok(PasswordRedeemed::Wrong) => Tried::Wrong,
            Err(AskError::TooMany { .. }) => Tried::TooMany,
            Err(AskError::Busy(_)) => Tried::Busy,
            Err(error) => panic!("{error}"),
        }
    }

    async fn enters(&self, who: &str, text: &str) -> bool {
        matches!(self.try_password(who, text, &self.asker(None)).await, Tried::In(_))
    }

    /// Gives somebody a password the usual way.
    async fn with_password(&self, who: &str, text: &str) -> Box<SignedIn> {
        let (asked, job) = self.wants(who).await;
        let chosen = self.choose(&self.link(&job), None, text, Some(&asked.browser)).await;
        let Ok(Redeemed::SignedIn(it)) = chosen else { panic!("{chosen:?}") };
        assert!(it.password_set);
        it
    }
}

#[derive(Debug)]
enum Tried {
    In(Box<SignedIn>),
    Wrong,
    TooMany,
    Busy,
}

#[tokio::test]
async fn whoever_answers_the_mail_chooses_it() {
    let world = world();
    let (asked, job) = world.wants(ANN).await;
    assert_eq!(job.kind, MailKind::NewPassword);
    let (client, link) = (client(), world.link(&job));
    let own = Some(&asked.browser);
    // Opening the link asks for it and changes nothing, as often as it is opened.
    for _ in 0..2 {
        let opened = world.open(&link, caller(&client, own, None)).await;
        assert!(matches!(opened, Opened::Choose(_)), "{opened:?}");
    }
    assert!(!world.enters(ANN, GOOD).await);
    let Ok(Redeemed::SignedIn(it)) = world.choose(&link, None, GOOD, own).await else {
        panic!("it is set");
    };
    assert!(it.password_set && !it.registered);
    assert!(world.enters(ANN, GOOD).await);
    assert!(!world.enters(ANN, OTHER).await);
    // By code as well, and then the old one is worth nothing.
    let (asked, job) = world.wants(ANN).await;
    let chosen = world.choose_by_code(&job.code, OTHER, &asked.browser).await;
    let Ok(CodeRedeemed::SignedIn(it)) = chosen else { panic!("{chosen:?}") };
    assert!(it.password_set);
    assert!(world.enters(ANN, OTHER).await && !world.enters(ANN, GOOD).await);
    // On another device, too, once the address is typed again.
    let (_, job) = world.wants(ANN).await;
    let link = world.link(&job);
    let opened = world.open(&link, caller(&client, None, None)).await;
    assert!(matches!(opened, Opened::Elsewhere(_)), "{opened:?}");
    for (who, word) in [(None, "no address"), (Some("eve@example.com"), "another one")] {
        let refused = world.choose(&link, who, GOOD, None).await;
        assert!(matches!(refused, Ok(Redeemed::WrongAddress(_))), "{word}: {refused:?}");
    }
    let chosen = world.choose(&link, Some(ANN), GOOD, None).await;
    assert!(matches!(chosen, Ok(Redeemed::SignedIn(it)) if it.password_set));
    assert!(world.enters(ANN, GOOD).await && !world.enters(ANN, OTHER).await);
    // And whoever changes their mind signs in as ever.
    let (asked, job) = world.wants(ANN).await;
    let caller = caller(&client, Some(&asked.browser), None);
    let CodeRedeemed::SignedIn(it) = world.code(&job.code, caller).await else { panic!("a code") };
    assert!(!it.password_set);
    assert!(world.enters(ANN, GOOD).await);
}

/// A link that was meant to sign somebody in once must not become a password that always does.
#[tokio::test]
async fn a_mail_for_signing_in_sets_none() {
    let world = world();
    let (browser, job) = world.mailed(ANN, None).await;
    let refused = world.choose(&world.link(&job), None, GOOD, Some(&browser)).await;
    assert!(matches!(refused, Err(RedeemError::NoChoice)), "{refused:?}");
    let refused = world.choose(&world.link(&job), Some(ANN), GOOD, None).await;
    assert!(matches!(refused, Err(RedeemError::NoChoice)), "{refused:?}");
    let refused = world.choose_by_code(&job.code, GOOD, &browser).await;
    assert!(matches!(refused, Err(RedeemError::NoChoice)), "{refused:?}");
    assert!(!world.enters(ANN, GOOD).await);
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(_)), "nothing was used up: {opened:?}");
}

/// Resent and fresh mails are of the same kind; and a dead link brings nothing back.
#[tokio::test]
async fn a_dead_link_sets_nothing_and_its_fresh_one_asks_again() {
    let world = world();
    let (asked, first) = world.wants(ANN).await;
    world.clock.pass(MINUTE);
    let again = world.resend(world.asker(Some(&asked.browser))).await.expect("a mail");
    let second = world.mails().await.remove(0);
    assert_eq!(second.kind, MailKind::NewPassword);
    let own = Some(&again.browser);
    let replaced = world.choose(&world.link(&first), None, OTHER, own).await;
    assert!(matches!(replaced, Ok(Redeemed::Gone(Gone::Replaced, _))), "{replaced:?}");
    let chosen = world.choose(&world.link(&second), None, GOOD, own).await;
    assert!(matches!(chosen, Ok(Redeemed::SignedIn(_))), "{chosen:?}");
    let used = world.choose(&world.link(&second), None, OTHER, own).await;
    assert!(matches!(used, Ok(Redeemed::Gone(Gone::Used { .. }, _))), "{used:?}");
    world.clock.pass(HOUR);
    let fresh = world.fresh_link(world.asker(own), &world.link(&second)).await.expect("a mail");
    let job = world.mails().await.remove(0);
    assert_eq!(job.kind, MailKind::NewPassword);
    let client = client();
    let own = caller(&client, Some(&fresh.browser), None);
    let opened = world.open(&world.link(&job), own).await;
    assert!(matches!(opened, Opened::Choose(_)), "{opened:?}");
    assert!(world.enters(ANN, GOOD).await, "nothing has changed");
}

#[tokio::test]
async fn a_site_without_passwords_sets_none_and_takes_none() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let (asked, job) = world.wants(ANN).await;
    world.terms.mode = Mode::Passwordless;
    assert!(!world.enters(ANN, GOOD).await);
    let refused = world.choose(&world.link(&job), None, OTHER, Some(&asked.browser)).await;
    assert!(matches!(refused, Err(RedeemError::NoChoice)), "{refused:?}");
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&asked.browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(it) if !it.password_set));
    let (asked, job) = world.wants(ANN).await;
    assert!(!asked.attempt.chooses_password && job.kind == MailKind::SignIn);
    world.terms.mode = hybrid("1000/1h");
    assert!(world.enters(ANN, GOOD).await && !world.enters(ANN, OTHER).await);
}

#[tokio::test]
async fn another_password_ends_the_other_sessions_and_a_first_one_does_not() {
    let world = world();
    let before = world.signed_in(ANN, None).await;
    world.with_password(ANN, GOOD).await;
    assert!(world.is_in(&before.token).await, "nobody could have come in with a password");
    world.with_password(ANN, OTHER).await;
    assert!(!world.is_in(&before.token).await);
}

#[tokio::test]
async fn a_password_makes_nobody_a_member_and_registration_does() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert_eq!(account.origin, AccountOrigin::Password);
    assert!(!account.is_member());
    world.terms.registration = Registration::Open;
    assert!(world.enters(ANN, GOOD).await);
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert!(account.is_member() && account.password.is_some(), "{account:?}");
    world.with_password("bob@example.com", GOOD).await;
    let bob = world.gate.account(&address("bob@example.com")).await.expect("a store");
    assert!(bob.is_some_and(|it| it.is_member() && it.password.is_some()));
    // Taken away, the account stays; of somebody who had nothing else, nothing does.
    world.gate.void_password(&address(ANN)).await.expect("a store");
    let account = world.gate.account(&address(ANN)).await.expect("a store").expect("a record");
    assert!(account.is_member() && account.password.is_none());
    assert!(!world.enters(ANN, GOOD).await);
}

#[tokio::test]
async fn what_an_operator_says_later_keeps_the_password() {
    let world = world();
    world.with_password(ANN, GOOD).await;
    let wish = AccountWish { email: address(ANN), name: None, groups: Default::default() };
    world.gate.add_account(&wish).await.expect("a store");
    assert!(world.enters(ANN, GOOD).await);
    world.gate.suspend_account(&address(ANN)).await.expect("a store");
    assert!(!world.enters(ANN, GOOD).await);
    world.gate.resume_account(&address(ANN)).await.expect("a store");
    assert!(world.enters(ANN, GOOD).await);
    world.off_the_list.lock().expect("no panic").push(ANN.to_owned());
    assert!(!world.enters(ANN, GOOD).await, "off the list");
}

/// "That was not me" of a sign-in with a password: whoever came in knows it, and perhaps for long.
#[tokio::test]
async fn a_report_takes_the_password_away_and_ends_all_that_came_of_it() {
    let mut world = world();
    world.terms.new_device_notice = true;
    let own = world.with_password(ANN, GOOD).await;
    world.mails().await;
    world.clock.pass(MINUTE);
    let mut sessions = vec![own.token];
    let mut notices = Vec::new();
    for _ in 0..2 {
        let tried = world.try_password(ANN, GOOD, &world.asker(None)).await;
        let Tried::In(thief) = tried else { panic!("{tried:?}") };
        sessions.push(thief.token);
        notices.append(&mut world.mails().await);
        world.clock.pass(20 * MINUTE);
    }
    assert!(notices.iter().all(|it| matches!(it.kind, MailKind::NewDevice { .. })));
    for session in &sessions {
        assert!(world.is_in(session).await);
    }
    // The second one is reported; the first came in with the same password.
    world.gate.report(&world.report(&notices[1]), &address(ANN)).await.expect("a store");
    assert!(!world.enters(ANN, GOOD).await);
    for session in &sessions {
        assert!(!world.is_in(session).await);
    }
    assert!(world.gate.account(&address(ANN)).await.expect("a store").is_none());
}

/// Whoever had the old password has a browser that counts as the person's.
#[tokio::test]
async fn another_password_makes_the_browsers_before_it_strangers() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let tried = world.try_password(ANN, GOOD, &world.asker(None)).await;
    let Tried::In(thief) = tried else { panic!("{tried:?}") };
    world.clock.pass(MINUTE);
    let own = world.with_password(ANN, OTHER).await;
    world.terms.mode = hybrid("3/1h");
    world.clock.pass(2 * HOUR);
    for _ in 0..3 {
        world.try_password(ANN, GOOD, &world.asker(None)).await;
    }
    let thief = Asker { device: Some(thief.device), ..world.asker(None) };
    let tried = world.try_password(ANN, OTHER, &thief).await;
    assert!(matches!(tried, Tried::TooMany), "a stranger's count: {tried:?}");
    let own = Asker { device: Some(own.device), ..world.asker(None) };
    let tried = world.try_password(ANN, OTHER, &own).await;
    assert!(matches!(tried, Tried::In(_)), "the browser where it was chosen: {tried:?}");
}

/// Whoever is afraid for a password removes it first, and chooses another one later.
#[tokio::test]
async fn a_password_that_is_taken_away_takes_what_came_of_it_along() {
    let mut world = world();
    world.with_password(ANN, GOOD).await;
    let tried = world.try_password(ANN, GOOD, &world.asker(None)).await;
    let Tried::In(thief) = tried else { panic!("{tried:?}") };
    let own = world.signed_in(ANN, None).await;
    world.clock.pass(MINUTE);
    world.gate.void_own_password(&address(ANN), &own.token).await.expect("a store");
    assert!(world.is_in(&own.token).await && !world.is_in(&thief.token).await);
    world.with_password(ANN, OTHER).await;
    world.terms.mode = hybrid("3/1h");
    world.clock.pass(2 * HOUR);
    for _ in 0..3 {
        world.try_password(ANN, GOOD, &world.asker(None)).await;
    }
    let thief = Asker { device: Some(thief.device), ..world.asker(None) };
    let tried = world.try_password(ANN, OTHER, &thief).await;
    assert!(matches!(tried, Tried::TooMany), "a stranger's browser: {tried:?}");
}

#[tokio::test]
async fn a_password_leaves_the_waiting_tab_alone() {
    let world = world();
    world.with_password(ANN, GOOD).await;
    world.clock.pass(HOUR);
    let (browser, job) = world.mailed(ANN, None).await;
    let asker = world.asker(Some(&browser));
    assert!(matches!(world.try_password(ANN, GOOD, &asker).await, Tried::In(_)));
    // Its mail is still the latest, and still works.
    let waiting = world.gate.waiting(browser.digest()).await.expect("a store").expect("an attempt");
    assert_eq!(waiting.attempt.return_url, "/deep");
    let client = client();
    let opened = world.open(&world.link(&job), caller(&client, Some(&browser), None)).await;
    assert!(matches!(opened, Opened::SignedIn(_)), "{opened:?}");
}
