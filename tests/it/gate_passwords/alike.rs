//! What nobody learns from a password that is refused.

use super::*;

/// Somebody with a password, somebody without one, somebody unknown, one who is suspended, one who
/// may not enter; all of one length.
const KINDS: [&str; 5] = [
    "known@example.com",
    "plain@example.com",
    "fresh@example.com",
    "sussp@example.com",
    "known@nowhere.net",
];

async fn scene() -> (World, Arc<Watched>) {
    let store = Watched::new();
    let mut world = World::over(Arc::clone(&store) as Arc<dyn Store>);
    world.terms.mode = hybrid("100000/1h");
    for who in [KINDS[0], KINDS[3]] {
        world.with_password(who, GOOD).await;
    }
    world.signed_in(KINDS[1], None).await;
    world.gate.suspend_account(&address(KINDS[3])).await.expect("a store");
    store.calls();
    (world, store)
}

#[tokio::test]
async fn the_store_gets_the_same_calls_whoever_is_named() {
    let (world, store) = scene().await;
    let mut seen = Vec::new();
    for who in KINDS {
        let wrong = world.try_password(who, OTHER, &world.asker(None)).await;
        assert!(matches!(wrong, Tried::Wrong), "{who}");
        let tried = store.calls();
        world.wants(who).await;
        seen.push((tried, store.calls()));
    }
    assert!(!seen[0].0.is_empty());
    for (who, other) in KINDS.iter().zip(&seen) {
        assert_eq!(*other, seen[0], "{who}");
    }
    // The suspended one's right password, too.
    let right = world.try_password(KINDS[3], GOOD, &world.asker(None)).await;
    assert!(matches!(right, Tried::Wrong));
    assert_eq!(store.calls(), seen[0].0);
}

/// By the sign test of [`crate::gate_timing`], with fewer pairs: one hash takes longer than all else.
#[tokio::test]
async fn a_wrong_password_takes_the_same_time_whoever_is_named() {
    const PAIRS: u32 = 120;
    let (world, _) = scene().await;
    let coin = Seeded::new(9);
    let mut slower = [0_u32; KINDS.len()];
    for _ in 0..PAIRS {
        for other in 1..KINDS.len() {
            let mut toss = [0];
            coin.fill(&mut toss);
            let mut took = [Duration::ZERO; 2];
            for turn in [usize::from(toss[0] & 1), usize::from(toss[0] & 1 == 0)] {
                let who = [KINDS[0], KINDS[other]][turn];
                let start = Instant::now();
                world.try_password(who, OTHER, &world.asker(None)).await;
                took[turn] = start.elapsed();
            }
            slower[other] += u32::from(took[0] > took[1]);
        }
    }
    // 5.5 standard deviations of a fair coin; without the hash of one side it would be all of them.
    let bound = 5.5 * f64::from(PAIRS).sqrt() / 2.0;
    for (who, slower) in KINDS.iter().zip(slower).skip(1) {
        let off = (f64::from(slower) - f64::from(PAIRS) / 2.0).abs();
        assert!(off < bound, "{who}: the one with a password was slower {slower} times of {PAIRS}");
    }
}
