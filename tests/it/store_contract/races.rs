//! Many callers at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use linkgate::domain::attempt::State;
use linkgate::domain::limit::{Limited, Verdict};
use linkgate::ports::{Settled, Settlement, Store};
use tokio::sync::Barrier;

use super::limits::hit;
use super::world::{ANN, LIFETIME, NOW, World, accepted, link, mail, session_digest, settle_with};

const CALLERS: u32 = 64;

/// Runs one task for each caller; all begin together. Answers in the order of the callers.
async fn together<T, F>(
    store: &Arc<dyn Store>,
    callers: u32,
    act: impl Fn(Arc<dyn Store>, u32) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(callers as usize));
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (barrier, action) = (Arc::clone(&barrier), act(Arc::clone(store), caller));
            tokio::spawn(async move {
                barrier.wait().await;
                action.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

pub(super) async fn one_of_sixty_four_settles(world: World) {
    for round in 0..200 {
        world.begin(round, round, ANN, NOW).await;
        let settled = together(&world.store, CALLERS, |store, caller| async move {
            settle_with(&*store, round, round * CALLERS + caller, ANN, None).await
        });
        let settled = settled.await;
        let done = settled.iter().filter(|it| **it == Settled::Done).count();
        assert_eq!(done, 1, "round {round}");
        for (caller, settled) in (0..).zip(settled) {
            let session = world.store.session(session_digest(round * CALLERS + caller)).await;
            let exists = session.unwrap().is_some();
            assert_eq!(exists, settled == Settled::Done, "round {round}, caller {caller}");
        }
        assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap().len() as u32, round + 1);
    }
}

pub(super) async fn sixty_four_guesses_share_five_tries(world: World) {
    for round in 0..20 {
        world.begin(round, round, ANN, NOW).await;
        let counted = together(&world.store, CALLERS, |store, _| async move {
            store.count_try(link(round), 5).await.unwrap()
        });
        let counted = counted.await.into_iter().filter(|counted| *counted).count();
        assert_eq!(counted, 5, "round {round}");
        assert_eq!(world.store.attempt(link(round)).await.unwrap().unwrap().tries, 5);
    }
}

pub(super) async fn a_touch_never_revives_an_ended_session(world: World) {
    for round in 0..500 {
        let digest = world.signed_in(round, ANN).await;
        let ended = together(&world.store, 4, |store, caller| async move {
            if caller == 1 {
                return store.end(digest, ANN).await.unwrap();
            }
            let later = NOW.after(Duration::from_secs(60 + u64::from(caller)));
            store.touch(digest, later).await.unwrap();
            false
        });
        assert_eq!(ended.await.into_iter().filter(|ended| *ended).count(), 1);
        assert_eq!(world.store.session(digest).await.unwrap(), None, "round {round}");
        assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap(), [], "round {round}");
    }
}

pub(super) async fn parallel_hits_are_counted_exactly(world: World) {
    for round in 0..20 {
        let verdicts = together(&world.store, CALLERS, |store, caller| async move {
            // One address, asked for by clients of their own: the address counts.
            let address = hit(Limited::MailsToAddress, round, "7/1h");
            let client = hit(Limited::MailsByClient, 100 + caller as u8, "1000/1h");
            store.hit(&[client, address], NOW).await.unwrap()
        });
        let within = verdicts.await.into_iter().filter(|it| *it == Verdict::Within).count();
        assert_eq!(within, 7, "round {round}");
    }
}

pub(super) async fn no_two_workers_claim_one_mail(world: World) {
    for n in 0..200 {
        world.begin(n, n, ANN, NOW).await;
    }
    let claimed = together(&world.store, 32, |store, _| async move {
        let mut mine = Vec::new();
        loop {
            let more = store.claim(3, Duration::from_secs(60), NOW).await.unwrap();
            if more.is_empty() {
                return mine;
            }
            mine.extend(more.into_iter().map(|it| it.id.to_hex()));
        }
    });
    let mut claimed: Vec<_> = claimed.await.into_iter().flatten().collect();
    claimed.sort();
    let expected: Vec<_> = (0..200).map(|n| mail(n).id.to_hex()).collect();
    assert_eq!(claimed, expected);
}

pub(super) async fn whoever_loses_the_race_writes_no_mail(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    world.store.done(mail(1).id, &accepted(), NOW).await.unwrap();
    let settled = together(&world.store, CALLERS, |store, caller| async move {
        let (digest, notice) = (session_digest(caller), mail(1000 + caller));
        let settlement = Settlement {
            from: State::Live,
            to: State::Used { session: digest, at: NOW },
            session: None,
            mail: Some(&notice),
            keep_until: NOW.after(LIFETIME),
            now: NOW,
        };
        store.settle(link(1), &settlement).await.unwrap()
    });
    let settled = settled.await;
    let winner = settled.iter().position(|it| *it == Settled::Done).unwrap();
    let claimed = world.store.claim(99, LIFETIME, NOW).await.unwrap();
    let claimed: Vec<_> = claimed.into_iter().map(|it| it.sealed).collect();
    assert_eq!(claimed, [mail(1000 + winner as u32).sealed]);
}
