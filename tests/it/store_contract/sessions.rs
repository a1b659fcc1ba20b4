//! Signed-in browsers, one caller at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use linkgate::domain::session::Session;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::Known;

use super::world::{ANN, BOB, NOW, SESSION_LIFETIME, World, session, session_digest};

pub(super) async fn a_touch_moves_last_seen_forward_only(world: World) {
    let digest = world.signed_in(1, ANN).await;
    let seen_at = |millis| Session { last_seen: UnixMillis(millis), ..session(NOW) };
    let at = |millis| Some(Arc::new(Known::from(seen_at(millis))));
    for (touched, seen) in [(70_000, 70_000), (60_000, 70_000), (80_000, 80_000)] {
        world.store.touch(digest, UnixMillis(NOW.0 + touched)).await.unwrap();
        assert_eq!(world.store.session(digest).await.unwrap(), at(NOW.0 + seen));
        let listed = world.store.sessions_of(ANN, NOW).await.unwrap();
        assert_eq!(
            listed.first().map(|(_, it)| Arc::new(Known::from(it.clone()))),
            at(NOW.0 + seen)
        );
    }
}

pub(super) async fn an_ended_session_is_gone_and_stays_gone(world: World) {
    let (first, second) = (world.signed_in(1, ANN).await, world.signed_in(2, ANN).await);
    assert!(world.store.end(first, ANN).await.unwrap());
    assert!(!world.store.end(first, ANN).await.unwrap(), "it is not there twice");
    assert!(!world.store.end(session_digest(99), ANN).await.unwrap());
    world.store.touch(first, NOW.after(SESSION_LIFETIME)).await.unwrap();
    assert_eq!(world.store.session(first).await.unwrap(), None);
    let left = world.store.sessions_of(ANN, NOW).await.unwrap();
    assert_eq!(left, [(second, session(NOW))]);
}

pub(super) async fn a_person_has_their_own_sessions_only(world: World) {
    let mut expected = [world.signed_in(1, ANN).await, world.signed_in(2, ANN).await];
    world.signed_in(3, BOB).await;
    let found = world.store.sessions_of(ANN, NOW).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|(digest, _)| digest).collect();
    found.sort_by_key(|digest| *digest.as_bytes());
    expected.sort_by_key(|digest| *digest.as_bytes());
    assert_eq!(found, expected);
    let end = NOW.after(SESSION_LIFETIME);
    let last = UnixMillis(end.0 - 1);
    assert_eq!(world.store.sessions_of(ANN, last).await.unwrap().len(), 2);
    assert_eq!(world.store.sessions_of(ANN, end).await.unwrap(), [], "over");
}

pub(super) async fn pages_of_all_sessions_are_whole_and_end(world: World) {
    assert_eq!(all(&world, NOW).await, BTreeSet::new());
    let mut expected = BTreeSet::new();
    for n in 0..450 {
        let person = if n % 3 == 0 { BOB } else { ANN };
        expected.insert(*world.signed_in(n, person).await.as_bytes());
    }
    assert_eq!(all(&world, NOW).await, expected);
    assert!(world.store.end(session_digest(7), ANN).await.unwrap());
    expected.remove(session_digest(7).as_bytes());
    assert_eq!(all(&world, NOW).await, expected);
    assert_eq!(all(&world, NOW.after(SESSION_LIFETIME)).await, BTreeSet::new(), "over");
}

/// The sessions of all pages.
async fn all(world: &World, now: UnixMillis) -> BTreeSet<[u8; 32]> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    for _ in 0..1000 {
        let page = world.store.all_sessions(after, now).await.unwrap();
        assert!(page.sessions.len() < 500, "{}", page.sessions.len());
        assert!(page.sessions.iter().all(|(_, it)| *it == session(NOW)));
        found.extend(page.sessions.into_iter().map(|(digest, _)| *digest.as_bytes()));
        match page.next {
            None => return found,
            next => after = next,
        }
    }
    panic!("the pages do not end");
}
