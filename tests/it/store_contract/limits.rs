//! Counting, one caller at a time.

use linkgate::domain::limit::{Counted, Hit, LimitKey, Limited, Verdict};
use linkgate::domain::time::UnixMillis;

use super::world::{NOW, World};

const HOUR: u64 = 3_600_000;

/// A hit of subject number `n`, against a limit like `3/1h`.
pub(super) fn hit(limited: Limited, n: u8, limit: &str) -> Hit {
    Hit { key: LimitKey { limited, subject: [n; 32] }, limit: limit.parse().unwrap() }
}

fn after(millis: u64) -> UnixMillis {
    UnixMillis(NOW.0 + millis)
}

pub(super) async fn a_group_is_counted_as_a_whole_or_not_at_all(world: World) {
    let address = hit(Limited::MailsToAddress, 1, "2/1h");
    let client = hit(Limited::MailsByClient, 1, "3/1h");
    let until = after(HOUR);
    assert_eq!(world.store.hit(&[address, client], NOW).await.unwrap(), Verdict::Within);
    assert_eq!(world.store.hit(&[address, client], NOW).await.unwrap(), Verdict::Within);
    for _ in 0..5 {
        let verdict = world.store.hit(&[client, address], NOW).await.unwrap();
        assert_eq!(verdict, Verdict::Exceeded { until });
    }
    assert_eq!(world.store.hit(&[client], NOW).await.unwrap(), Verdict::Within, "the third");
    let verdict = world.store.hit(&[client], NOW).await.unwrap();
    assert_eq!(verdict, Verdict::Exceeded { until });
    assert_eq!(world.store.hit(&[], NOW).await.unwrap(), Verdict::Within);
}

pub(super) async fn a_window_opens_with_the_first_hit_and_closes(world: World) {
    let hits = [hit(Limited::MailsToAddress, 1, "2/1h")];
    assert_eq!(world.store.hit(&hits, NOW).await.unwrap(), Verdict::Within);
    assert_eq!(world.store.hit(&hits, after(HOUR - 2)).await.unwrap(), Verdict::Within);
    // The second hit and the refused one have not moved the end.
    let verdict = world.store.hit(&hits, after(HOUR - 1)).await.unwrap();
    assert_eq!(verdict, Verdict::Exceeded { until: after(HOUR) });
    assert_eq!(world.store.hit(&hits, after(HOUR)).await.unwrap(), Verdict::Within, "anew");
    assert_eq!(world.store.hit(&hits, after(HOUR)).await.unwrap(), Verdict::Within);
    let verdict = world.store.hit(&hits, after(HOUR)).await.unwrap();
    assert_eq!(verdict, Verdict::Exceeded { until: after(2 * HOUR) });
}

pub(super) async fn the_longest_wait_counts(world: World) {
    let short = hit(Limited::MailsToAddress, 1, "1/1h");
    let long = hit(Limited::MailsByClient, 1, "1/2h");
    world.store.hit(&[short, long], NOW).await.unwrap();
    for hits in [[short, long], [long, short]] {
        let verdict = world.store.hit(&hits, NOW).await.unwrap();
        assert_eq!(verdict, Verdict::Exceeded { until: after(2 * HOUR) });
    }
    let verdict = world.store.hit(&[short], NOW).await.unwrap();
    assert_eq!(verdict, Verdict::Exceeded { until: after(HOUR) });
}

pub(super) async fn subjects_and_kinds_are_counted_apart(world: World) {
    for _ in 0..2 {
        for n in 0..3 {
            for limited in [Limited::MailsToAddress, Limited::MailsByClient] {
                let hits = [hit(limited, n, "2/1h")];
                assert_eq!(world.store.hit(&hits, NOW).await.unwrap(), Verdict::Within);
            }
        }
    }
}

pub(super) async fn a_pause_lasts_until_its_moment_and_is_never_made_shorter(world: World) {
    let store = &world.store;
    let key = hit(Limited::Pause, 1, "1/1h").key;
    assert!(!store.is_paused(key, NOW).await.unwrap());
    store.pause(key, after(HOUR), NOW).await.unwrap();
    assert!(store.is_paused(key, NOW).await.unwrap());
    assert!(store.is_paused(key, after(HOUR - 1)).await.unwrap());
    assert!(!store.is_paused(key, after(HOUR)).await.unwrap());
    store.pause(key, after(HOUR / 2), NOW).await.unwrap();
    assert!(store.is_paused(key, after(HOUR - 1)).await.unwrap(), "no shorter");
    store.pause(key, after(2 * HOUR), after(10)).await.unwrap();
    assert!(store.is_paused(key, after(2 * HOUR - 1)).await.unwrap(), "but longer");
    assert!(!store.is_paused(key, after(2 * HOUR)).await.unwrap());
    store.pause(key, after(3 * HOUR), after(2 * HOUR)).await.unwrap();
    assert!(store.is_paused(key, after(2 * HOUR)).await.unwrap(), "anew");
}

pub(super) async fn a_pause_is_for_its_subject_only_and_no_count(world: World) {
    let store = &world.store;
    let paused = hit(Limited::Pause, 1, "1/1h");
    store.pause(paused.key, after(HOUR), NOW).await.unwrap();
    assert!(!store.is_paused(hit(Limited::Pause, 2, "1/1h").key, NOW).await.unwrap());
    let address = hit(Limited::MailsToAddress, 1, "1/1h");
    assert!(!store.is_paused(address.key, NOW).await.unwrap());
    assert_eq!(store.hit(&[address], NOW).await.unwrap(), Verdict::Within);
}

/// A proof that counts once: used up for what the first one said with it, and for nothing else.
pub(super) async fn what_was_counted_with_a_mark_tells_who_has_it(world: World) {
    let store = &world.store;
    let news = |n| hit(Limited::News, n, "1/48h");
    let (proof, first, second) = (news(1), news(2), news(3));
    assert_eq!(store.hit(&[proof, first], NOW).await.unwrap(), Verdict::Within);
    for said in [second, first, second] {
        let verdict = store.hit(&[proof, said], NOW).await.unwrap();
        assert_eq!(verdict, Verdict::Exceeded { until: after(48 * HOUR) });
    }
    let counted = store.counted(&[first.key, second.key], NOW).await.unwrap();
    assert_eq!(counted, [Some(Counted { count: 1, until: after(48 * HOUR) }), None]);
}

pub(super) async fn what_is_counted_is_told_key_by_key_while_its_window_is_open(world: World) {
    let store = &world.store;
    let address = hit(Limited::MailsToAddress, 1, "2/1h");
    let client = hit(Limited::MailsByClient, 1, "9/2h");
    let pause = hit(Limited::Pause, 1, "1/1h").key;
    let keys = [address.key, hit(Limited::MailsToAddress, 2, "1/1h").key, client.key, pause];
    assert_eq!(store.counted(&keys, NOW).await.unwrap(), [None; 4]);
    assert_eq!(store.counted(&[], NOW).await.unwrap(), []);
    for _ in 0..2 {
        store.hit(&[address, client], NOW).await.unwrap();
    }
    store.hit(&[client], NOW).await.unwrap();
    store.pause(pause, after(HOUR / 2), NOW).await.unwrap();
    let of = |count, millis| Some(Counted { count, until: after(millis) });
    let all = [of(2, HOUR), None, of(3, 2 * HOUR), of(1, HOUR / 2)];
    for _ in 0..2 {
        assert_eq!(store.counted(&keys, NOW).await.unwrap(), all, "to look changes nothing");
    }
    let later = store.counted(&keys, after(HOUR)).await.unwrap();
    assert_eq!(later, [None, None, of(3, 2 * HOUR), None], "what is over counts no more");
}

pub(super) async fn what_is_lifted_begins_anew_and_nothing_else_does(world: World) {
    let store = &world.store;
    let one = hit(Limited::MailsToAddress, 1, "1/1h");
    let other = hit(Limited::MailsToAddress, 2, "1/1h");
    let pause = hit(Limited::Pause, 1, "1/1h").key;
    assert_eq!(store.lift(&[], NOW).await.unwrap(), 0);
    store.hit(&[one, other], NOW).await.unwrap();
    store.pause(pause, after(HOUR), NOW).await.unwrap();
    let none = hit(Limited::MailsToAddress, 3, "1/1h").key;
    assert_eq!(store.lift(&[one.key, pause, none], after(1)).await.unwrap(), 2);
    assert!(!store.is_paused(pause, after(1)).await.unwrap());
    assert_eq!(
        store.hit(&[other], after(1)).await.unwrap(),
        Verdict::Exceeded { until: after(HOUR) }
    );
    assert_eq!(store.hit(&[one], after(1)).await.unwrap(), Verdict::Within);
    let verdict = store.hit(&[one], after(1)).await.unwrap();
    assert_eq!(verdict, Verdict::Exceeded { until: after(HOUR + 1) }, "a window of its own");
    // One that is over is no open one. What was lifted leaves no deadline that ends the next window.
    assert_eq!(store.lift(&[other.key], after(HOUR)).await.unwrap(), 0);
    store.sweep(after(HOUR)).await.unwrap();
    assert_eq!(store.hit(&[one], after(HOUR)).await.unwrap(), verdict);
}
