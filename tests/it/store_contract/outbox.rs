//! The queue of mails, one worker at a time.

use std::time::Duration;

use linkgate::domain::time::UnixMillis;

use super::world::{ANN, LIFETIME, NOW, World, accepted, mail, retrying};

const LEASE: Duration = Duration::from_secs(60);

/// Which mails are claimed at a moment, and how often they were.
async fn claim(world: &World, most: usize, now: UnixMillis) -> Vec<(Vec<u8>, u32)> {
    let claimed = world.store.claim(most, LEASE, now).await.unwrap();
    let mut claimed: Vec<_> = claimed.into_iter().map(|it| (it.sealed, it.claims)).collect();
    claimed.sort();
    claimed
}

pub(super) async fn a_mail_is_claimed_once_until_its_lease_is_over(world: World) {
    assert_eq!(claim(&world, 10, NOW).await, []);
    for n in 1..=3 {
        world.begin(n, n, ANN, NOW).await;
    }
    let first = world.store.claim(2, LEASE, NOW).await.unwrap();
    assert_eq!(first.len(), 2, "no more than asked for");
    let whole = first.iter().all(|it| {
        (1..=3).map(mail).any(|mail| {
            mail.id == it.id && mail.sealed == it.sealed && mail.expires_at == it.expires_at
        })
    });
    assert!(whole, "as it was queued");
    assert_eq!(claim(&world, 10, NOW).await.len(), 1, "the third");
    assert_eq!(claim(&world, 10, UnixMillis(NOW.0 + 59_999)).await, []);
    let again = claim(&world, 10, NOW.after(LEASE)).await;
    let expected: Vec<_> = (1..=3).map(|n| (mail(n).sealed, 2)).collect();
    assert_eq!(again, expected, "nothing is lost, and the claims are counted");
}

pub(super) async fn a_mail_given_back_comes_again_when_due(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(claim(&world, 1, NOW).await, [(mail(1).sealed, 1)]);
    let due = NOW.after(Duration::from_secs(30));
    world.store.retry(mail(1).id, due, &retrying(), NOW).await.unwrap();
    assert_eq!(claim(&world, 1, UnixMillis(due.0 - 1)).await, []);
    assert_eq!(claim(&world, 1, due).await, [(mail(1).sealed, 2)]);
    assert_eq!(claim(&world, 1, due).await, [], "leased again");
}

pub(super) async fn a_mail_that_is_done_never_comes_again(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(claim(&world, 1, NOW).await.len(), 1);
    world.store.done(mail(1).id, &accepted(), NOW).await.unwrap();
    world.store.done(mail(1).id, &accepted(), NOW).await.unwrap();
    // A worker that was slow gives back what another has handed over meanwhile.
    world.store.retry(mail(1).id, NOW, &retrying(), NOW).await.unwrap();
    assert_eq!(claim(&world, 1, NOW.after(LEASE)).await, []);
}

pub(super) async fn an_expired_mail_is_never_handed_out(world: World) {
    world.begin(1, 1, ANN, NOW).await;
    world.begin(2, 2, ANN, NOW).await;
    let end = NOW.after(LIFETIME);
    assert_eq!(claim(&world, 1, UnixMillis(end.0 - 1)).await.len(), 1, "in the last millisecond");
    assert_eq!(claim(&world, 10, end).await, []);
    assert_eq!(claim(&world, 10, end.after(LEASE)).await, []);
}

pub(super) async fn expired_mails_hide_no_others(world: World) {
    for n in 1..=40 {
        world.begin(n, n, ANN, NOW).await;
    }
    let end = NOW.after(LIFETIME);
    let (last, late) = (mail(99), super::world::attempt(99));
    let beginning = linkgate::ports::Beginning {
        link: super::world::link(99),
        attempt: &late,
        person: ANN,
        mail: Some(&linkgate::ports::QueuedMail {
            expires_at: end.after(LIFETIME),
            ..last.clone()
        }),
        keep_until: end.after(LIFETIME),
        replaces: true,
        now: end,
    };
    world.store.begin(&beginning).await.unwrap();
    assert_eq!(claim(&world, 1, end).await, [(last.sealed, 1)]);
}
