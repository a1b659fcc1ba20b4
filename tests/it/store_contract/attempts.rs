//! Started sign-ins, one caller at a time.

use std::sync::Arc;

use linkgate::domain::attempt::{Attempt, Record, State};
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{AccountStep, Beginning, NewSession, Settled, Settlement};

use super::world::{
    ANN, BOB, LIFETIME, NOW, World, accepted, attempt, browser, link, mail, session,
    session_digest, settle_with,
};

const LATER: UnixMillis = UnixMillis(NOW.0 + 5_000);

fn json(record: &Record) -> serde_json::Value {
    serde_json::to_value(record).unwrap()
}

pub(super) async fn an_attempt_is_found_as_it_was_begun(world: World) {
    let store = &world.store;
    assert!(store.attempt(link(1)).await.unwrap().is_none());
    assert!(store.latest(browser(1)).await.unwrap().is_none());
    world.begin(1, 1, ANN, NOW).await;
    let expected = json(&Record { attempt: attempt(1), state: State::Live, tries: 0 });
    assert_eq!(json(&store.attempt(link(1)).await.unwrap().unwrap()), expected);
    let (latest, record) = store.latest(browser(1)).await.unwrap().unwrap();
    assert_eq!((latest, json(&record)), (link(1), expected));
    world.begin(2, 1, BOB, LATER).await;
    assert_eq!(store.latest(browser(1)).await.unwrap().unwrap().0, link(2));
    assert!(store.latest(browser(2)).await.unwrap().is_none());
}

pub(super) async fn reading_changes_nothing(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    let before = json(&world.store.attempt(link(1)).await.unwrap().unwrap());
    for _ in 0..3 {
        world.store.latest(browser(1)).await.unwrap();
        let after = json(&world.store.attempt(link(1)).await.unwrap().unwrap());
        assert_eq!(after, before);
    }
}

pub(super) async fn a_newer_attempt_replaces_that_of_the_same_browser_and_person_only(
    world: World,
) {
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 1, BOB, NOW).await;
    world.begin(3, 2, ANN, NOW).await;
    assert_eq!(world.state(1).await, State::Live, "another person, another browser");
    // Not the browser's latest any more, and replaced all the same.
    world.begin(4, 1, ANN, LATER).await;
    assert_eq!(world.state(1).await, State::Replaced { at: LATER });
    assert_eq!(world.state(2).await, State::Live, "another person");
    assert_eq!(world.state(3).await, State::Live, "another browser");
    assert_eq!(world.state(4).await, State::Live);
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Changed, "its link is closed");
}

pub(super) async fn what_was_used_by_link_is_used_up_when_replaced(world: World) {
    let (session, at) = (session_digest(1), NOW);
    let to = State::LinkUsed { session, at };
    world.begin(1, 1, ANN, NOW).await;
    let settlement = Settlement {
        from: State::Live,
        to,
        session: None,
        mail: None,
        keep_until: NOW.after(LIFETIME),
        now: NOW,
    };
    let settled = world.store.settle(link(1), &settlement).await.unwrap();
    assert_eq!((settled, world.state(1).await), (Settled::Done, to));
    world.begin(2, 1, ANN, LATER).await;
    assert_eq!(world.state(1).await, State::Used { session, at });
    world.begin(3, 1, ANN, LATER).await;
    assert_eq!(world.state(1).await, State::Used { session, at }, "used stays used");
}

pub(super) async fn an_attempt_that_replaces_nothing_leaves_the_older_one_alone(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    let (late, mail) = (attempt(1), mail(2));
    let beginning = Beginning {
        link: link(2),
        attempt: &late,
        person: ANN,
        mail: Some(&mail),
        keep_until: NOW.after(LIFETIME),
        replaces: false,
        now: LATER,
    };
    store.begin(&beginning).await.unwrap();
    assert_eq!((world.state(1).await, world.state(2).await), (State::Live, State::Live));
    assert_eq!(store.latest(browser(1)).await.unwrap().unwrap().0, link(2));
    // The next one that replaces takes the place of the first.
    world.begin(3, 1, ANN, LATER).await;
    assert_eq!(world.state(1).await, State::Replaced { at: LATER });
}

pub(super) async fn an_attempt_without_a_mail_waits_for_nothing(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    store.done(mail(1).id, &accepted(), NOW).await.unwrap();
    let silent = attempt(1);
    let beginning = Beginning {
        link: link(2),
        attempt: &silent,
        person: ANN,
        mail: None,
        keep_until: NOW.after(LIFETIME),
        replaces: false,
        now: LATER,
    };
    store.begin(&beginning).await.unwrap();
    assert_eq!((world.state(1).await, world.state(2).await), (State::Live, State::Live));
    assert_eq!(store.latest(browser(1)).await.unwrap().unwrap().0, link(1), "still the latest");
    assert!(store.claim(9, LIFETIME, LATER).await.unwrap().is_empty(), "nothing is sent");
    assert_eq!(world.settle(2, 2, ANN).await, Settled::Done);
}

pub(super) async fn tries_are_counted_up_to_the_most(world: World) {
    assert!(!world.store.count_try(link(1), 5).await.unwrap(), "there is no such attempt");
    assert!(world.store.attempt(link(1)).await.unwrap().is_none(), "and counting makes none");
    world.begin(1, 1, ANN, NOW).await;
    for tries in 1..=5 {
        assert!(world.store.count_try(link(1), 5).await.unwrap());
        assert_eq!(world.store.attempt(link(1)).await.unwrap().unwrap().tries, tries);
    }
    assert!(!world.store.count_try(link(1), 5).await.unwrap());
    assert_eq!(world.store.attempt(link(1)).await.unwrap().unwrap().tries, 5);
}

pub(super) async fn settling_makes_the_session_and_ends_the_replaced_one(world: World) {
    let store = &world.store;
    let old = world.signed_in(1, BOB).await;
    world.begin(2, 2, ANN, NOW).await;
    let settled = settle_with(&**store, 2, 2, ANN, Some((old, BOB))).await;
    assert_eq!(settled, Settled::Done);
    assert_eq!(world.state(2).await, State::Used { session: session_digest(2), at: NOW });
    assert_eq!(
        store.session(session_digest(2)).await.unwrap(),
        Some(Arc::new(session(NOW).into()))
    );
    assert_eq!(store.session(old).await.unwrap(), None, "the replaced session ended");
    assert_eq!(store.sessions_of(BOB, NOW).await.unwrap(), []);
    let anns = store.sessions_of(ANN, NOW).await.unwrap();
    assert_eq!(anns, [(session_digest(2), session(NOW))]);
}

pub(super) async fn settling_without_a_session_changes_the_state_only(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    let to = State::Ended { at: LATER };
    let keep_until = NOW.after(LIFETIME);
    let settlement =
        Settlement { from: State::Live, to, session: None, mail: None, keep_until, now: LATER };
    assert_eq!(world.store.settle(link(1), &settlement).await.unwrap(), Settled::Done);
    assert_eq!(world.state(1).await, to);
    assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap(), []);
}

pub(super) async fn settling_from_another_state_changes_nothing(world: World) {
    let store = &world.store;
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Changed, "there is no such attempt");
    assert!(store.attempt(link(1)).await.unwrap().is_none());
    let bobs = world.signed_in(9, BOB).await;
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Done);
    // The loser would also end Bob's session: it must not.
    let settled = settle_with(&**store, 1, 2, ANN, Some((bobs, BOB))).await;
    assert_eq!(settled, Settled::Changed);
    assert_eq!(world.state(1).await, State::Used { session: session_digest(1), at: NOW });
    assert_eq!(store.session(session_digest(2)).await.unwrap(), None);
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap().len(), 1);
    assert!(store.session(bobs).await.unwrap().is_some());
}

pub(super) async fn settling_queues_its_mail_in_the_same_step(world: World) {
    let store = &world.store;
    let old = world.signed_in(1, BOB).await;
    world.begin(2, 2, ANN, NOW).await;
    for n in [1, 2] {
        store.done(mail(n).id, &accepted(), NOW).await.unwrap();
    }
    let claimed = async |now| {
        let claimed = store.claim(9, LIFETIME, now).await.unwrap();
        claimed.into_iter().map(|it| (it.sealed, it.claims)).collect::<Vec<_>>()
    };
    // Judged wrongly: nothing happens.
    let (notice, to) = (mail(7), State::Ended { at: NOW });
    let from = State::Replaced { at: NOW };
    let keep_until = NOW.after(LIFETIME);
    let wrong = Settlement { from, to, session: None, mail: Some(&notice), keep_until, now: LATER };
    assert_eq!(store.settle(link(2), &wrong).await.unwrap(), Settled::Changed);
    assert_eq!(claimed(LATER).await, []);
    // With a session that replaces another, and without any.
    let (digest, made) = (session_digest(2), session(NOW));
    let new = NewSession {
        digest,
        session: &made,
        person: ANN,
        replaces: Some((old, BOB)),
        account: AccountStep::Kept,
    };
    let to = State::LinkUsed { session: digest, at: NOW };
    let settlement = Settlement {
        from: State::Live,
        to,
        session: Some(new),
        mail: Some(&notice),
        keep_until,
        now: LATER,
    };
    assert_eq!(store.settle(link(2), &settlement).await.unwrap(), Settled::Done);
    assert_eq!(claimed(NOW).await, [], "due from that moment on");
    assert_eq!(claimed(LATER).await, [(notice.sealed.clone(), 1)]);
    assert_eq!(store.session(digest).await.unwrap(), Some(Arc::new(made.into())));
    assert_eq!(store.session(old).await.unwrap(), None);
    store.done(notice.id, &accepted(), NOW).await.unwrap();
    let (notice, at) = (mail(8), LATER);
    let settlement = Settlement {
        from: to,
        to: State::Ended { at },
        session: None,
        mail: Some(&notice),
        keep_until,
        now: LATER,
    };
    assert_eq!(store.settle(link(2), &settlement).await.unwrap(), Settled::Done);
    assert_eq!(claimed(LATER).await, [(notice.sealed, 1)]);
}

pub(super) async fn attempts_are_found_by_what_they_say_however_many_there_are(world: World) {
    // More than one look goes through.
    for n in 0..700 {
        let begun = if n % 100 == 7 { ANN } else { BOB };
        world.begin(n, n, begun, NOW).await;
    }
    let wanted =
        |attempt: &Attempt| (attempt.browser == browser(7)) || attempt.browser == browser(699);
    let mut found = world.store.attempts_where(&wanted).await.unwrap();
    found.sort_by_key(|(link, _)| link.to_hex());
    let links: Vec<_> = found.iter().map(|(link, _)| *link).collect();
    assert_eq!(links, [link(7), link(699)]);
    assert_eq!(json(&found[0].1), json(&world.store.attempt(link(7)).await.unwrap().unwrap()));
    assert_eq!(world.store.attempts_where(&|_| true).await.unwrap().len(), 700);
    assert_eq!(world.store.attempts_where(&|_| false).await.unwrap().len(), 0);
}

pub(super) async fn a_forgotten_attempt_leaves_nothing_that_leads_to_it(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 1, BOB, LATER).await;
    assert!(store.forget(link(1), ANN).await.unwrap());
    assert!(!store.forget(link(1), ANN).await.unwrap(), "it is gone");
    assert!(store.attempt(link(1)).await.unwrap().is_none());
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Changed, "its link is worth nothing");
    assert_eq!(store.latest(browser(1)).await.unwrap().unwrap().0, link(2), "another one's stays");
    assert!(store.forget(link(2), BOB).await.unwrap());
    assert!(store.latest(browser(1)).await.unwrap().is_none());
    // What replaced it would be replaced by nothing: the next one finds a place that is free.
    world.begin(3, 1, ANN, LATER).await;
    assert_eq!(world.state(3).await, State::Live);
    assert_eq!(store.attempts_where(&|_| true).await.unwrap().len(), 1);
}
