//! Keeping a store in order.

use std::sync::Arc;
use std::time::Duration;

use linkgate::domain::account::Account;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::limit::{Limited, Verdict};
use linkgate::domain::secret::{Birth, Mark};
use linkgate::domain::signing::KeyRoster;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{AccountChange, Clock, Owner, Settled, SystemClock};

use tokio::sync::Barrier;

use super::limits::hit;
use super::world::{
    ANN, LIFETIME, NOW, Place, SESSION_LIFETIME, World, browser, link, session_digest,
};
use super::{raw_redis, service_tokens};

pub(super) async fn a_store_answers(world: World) {
    world.store.ping().await.unwrap();
    let time = world.store.time().await.unwrap();
    match world.place {
        Place::Redis { .. } => {
            let machine = SystemClock.now();
            let difference = machine.0.abs_diff(time.unwrap().0);
            assert!(difference < 60_000, "both run on this machine: {difference} ms");
        }
        Place::Memory | Place::Folder(_) => assert_eq!(time, None),
    }
}

/// Whoever comes first has it, for good, however many come.
pub(super) async fn a_store_belongs_to_one_installation(world: World) {
    let marks = [Mark([1; 16]), Mark([0xff; 16])];
    for mark in marks {
        assert_eq!(world.store.owner(mark).await.unwrap(), Owner::Nobody);
    }
    let start = Arc::new(Barrier::new(8));
    let asking = (0..8_u8).map(|n| {
        let (store, start) = (Arc::clone(&world.store), Arc::clone(&start));
        let (mark, birth) = (marks[usize::from(n % 2)], Birth([n; 16]));
        tokio::spawn(async move {
            start.wait().await;
            (mark, birth, store.adopt(mark, birth).await.unwrap())
        })
    });
    let mut told = Vec::new();
    for one in asking.collect::<Vec<_>>() {
        told.push(one.await.unwrap());
    }
    let won = told.iter().find_map(|(mark, birth, owner)| {
        (*owner == Owner::Ours(*birth)).then_some((*mark, *birth))
    });
    let (won, born) = won.unwrap();
    let expected = |mark| if mark == won { Owner::Ours(born) } else { Owner::Another };
    assert!(told.iter().all(|(mark, _, owner)| *owner == expected(*mark)), "{told:?}");
    world.store.sweep(NOW.after(SESSION_LIFETIME)).await.unwrap();
    for mark in marks {
        assert_eq!(world.store.owner(mark).await.unwrap(), expected(mark));
        assert_eq!(world.store.adopt(mark, Birth([9; 16])).await.unwrap(), expected(mark));
    }
}

/// Whose the people in it are is not known.
pub(super) async fn a_store_without_a_mark_is_adopted_only_while_it_is_empty(world: World) {
    let (store, mark) = (&*world.store, Mark([1; 16]));
    let adopt = async || {
        let owner = store.adopt(mark, Birth([2; 16])).await.unwrap();
        assert_eq!(store.is_empty().await.unwrap(), owner != Owner::Nobody);
        owner
    };
    let session = world.signed_in(1, ANN).await;
    assert_eq!(adopt().await, Owner::Nobody, "a session");
    assert!(store.end(session, ANN).await.unwrap());
    let email = EmailAddress::parse("ann@example.com").unwrap();
    let ann = Account::suspended(None, &email, NOW);
    let change = AccountChange { person: ANN, from: None, to: Some(&ann), ends_sessions: true };
    store.change_account(change).await.unwrap();
    assert_eq!(adopt().await, Owner::Nobody, "an account");
    let from = Some(ann.revision);
    let change = AccountChange { person: ANN, from, to: None, ends_sessions: true };
    store.change_account(change).await.unwrap();
    service_tokens::add(store, 1, "backup").await;
    assert_eq!(adopt().await, Owner::Nobody, "a service token");
    assert!(store.revoke_token(&"backup".parse().unwrap()).await.unwrap());
    assert_eq!(store.owner(mark).await.unwrap(), Owner::Nobody, "nothing was written");
    // Attempts, counts and mails are of the last minutes, and harm nobody.
    world.begin(2, 2, ANN, NOW).await;
    assert_eq!(adopt().await, Owner::Ours(Birth([2; 16])));
    // From now on it is ours, whatever comes into it.
    world.signed_in(3, ANN).await;
    assert_eq!(store.adopt(mark, Birth([2; 16])).await.unwrap(), Owner::Ours(Birth([2; 16])));
}

pub(super) async fn a_store_with_changed_keys_and_no_mark_is_adopted_by_nobody(world: World) {
    let roster = KeyRoster::initial().rotated(7, NOW).unwrap();
    assert!(world.store.replace_roster(&roster).await.unwrap());
    let adopted = world.store.adopt(Mark([1; 16]), Birth([2; 16])).await.unwrap();
    assert_eq!(adopted, Owner::Nobody);
}

pub(super) async fn what_is_over_is_removed_and_nothing_else(world: World) {
    let store = &world.store;
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 2, ANN, NOW.after(Duration::from_secs(10))).await;
    world.begin(3, 3, ANN, NOW).await;
    assert_eq!(world.settle(3, 3, ANN).await, Settled::Done);
    let hits = [hit(Limited::MailsToAddress, 1, "1/1h")];
    assert_eq!(store.hit(&hits, NOW).await.unwrap(), Verdict::Within);
    let pause = hit(Limited::Pause, 1, "1/1h").key;
    store.pause(pause, NOW.after(Duration::from_secs(3600)), NOW).await.unwrap();
    if let Place::Redis { server, prefix } = &world.place {
        return raw_redis::leave_in_time(&world, &server.url(), prefix).await;
    }

    let end = NOW.after(LIFETIME);
    assert_eq!(store.sweep(UnixMillis(end.0 - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(end).await.unwrap(), 4, "an attempt, and three mails");
    assert_eq!(store.sweep(end).await.unwrap(), 0);
    assert!(store.attempt(link(1)).await.unwrap().is_none());
    assert!(store.latest(browser(1)).await.unwrap().is_none());
    assert!(store.attempt(link(2)).await.unwrap().is_some());
    assert!(store.attempt(link(3)).await.unwrap().is_some(), "kept as a mark");
    assert!(store.session(session_digest(3)).await.unwrap().is_some());

    let hour = NOW.after(Duration::from_secs(3600));
    assert_eq!(store.sweep(UnixMillis(hour.0 - 1)).await.unwrap(), 1, "the second attempt");
    assert!(matches!(
        store.hit(&hits, UnixMillis(hour.0 - 1)).await.unwrap(),
        Verdict::Exceeded { .. }
    ));
    assert_eq!(store.sweep(hour).await.unwrap(), 2, "the count and the pause");

    let week = NOW.after(SESSION_LIFETIME);
    let before = UnixMillis(week.0 - 1);
    assert_eq!(store.sweep(before).await.unwrap(), 3, "the records of three mails");
    assert_eq!(store.sweep(week).await.unwrap(), 2, "the mark and the session");
    assert!(store.session(session_digest(3)).await.unwrap().is_none());
    assert!(store.attempt(link(3)).await.unwrap().is_none());
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);

    for n in 1000..1600 {
        world.begin(n, n, ANN, NOW).await;
    }
    assert_eq!(store.sweep(end).await.unwrap(), 1200, "more than a batch");
}
