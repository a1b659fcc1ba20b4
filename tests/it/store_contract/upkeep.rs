//! Keeping a store in order.

use std::sync::Arc;
use std::time::Duration;

use linkgate::domain::limit::{Limited, Verdict};
use linkgate::domain::secret::Mark;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{Clock, Settled, SystemClock};

use tokio::sync::Barrier;

use super::limits::hit;
use super::raw_redis;
use super::world::{
    ANN, LIFETIME, NOW, Place, SESSION_LIFETIME, World, browser, link, session_digest,
};

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
    let (ours, theirs) = (Mark([1; 16]), Mark([0xff; 16]));
    let start = Arc::new(Barrier::new(8));
    let asking = (0..8_u8).map(|n| {
        let (store, start) = (Arc::clone(&world.store), Arc::clone(&start));
        let mark = if n % 2 == 0 { ours } else { theirs };
        tokio::spawn(async move {
            start.wait().await;
            (mark, store.belongs_to(mark).await.unwrap())
        })
    });
    let mut told = Vec::new();
    for one in asking.collect::<Vec<_>>() {
        told.push(one.await.unwrap());
    }
    let won = told.iter().find(|(_, belongs)| *belongs).unwrap().0;
    assert!(told.iter().all(|(mark, belongs)| *belongs == (*mark == won)), "{told:?}");
    world.store.sweep(NOW.after(SESSION_LIFETIME)).await.unwrap();
    for mark in [ours, theirs] {
        assert_eq!(world.store.belongs_to(mark).await.unwrap(), mark == won);
    }
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
    assert_eq!(store.sweep(UnixMillis(week.0 - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(week).await.unwrap(), 2, "the mark and the session");
    assert!(store.session(session_digest(3)).await.unwrap().is_none());
    assert!(store.attempt(link(3)).await.unwrap().is_none());
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);

    for n in 1000..1600 {
        world.begin(n, n, ANN, NOW).await;
    }
    assert_eq!(store.sweep(end).await.unwrap(), 1200, "more than a batch");
}
