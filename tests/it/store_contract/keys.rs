//! The roster of signing keys.

use std::sync::Arc;

use linkgate::domain::signing::KeyRoster;

use super::world::{LIFETIME, NOW, Place, World};

pub(super) async fn keys_that_were_never_changed_are_the_first_ones(world: World) {
    assert_eq!(world.store.roster().await.unwrap(), KeyRoster::initial());
    world.store.sweep(NOW).await.unwrap();
    assert_eq!(world.store.roster().await.unwrap(), KeyRoster::initial());
}

pub(super) async fn a_change_is_kept_and_the_one_before_is_required(world: World) {
    let store = &world.store;
    let first = KeyRoster::initial().rotated(u128::MAX, NOW).unwrap();
    let second = first.replaced(1 << 127, NOW);
    assert!(!store.replace_roster(&second).await.unwrap(), "the one before it is not there");
    assert!(!store.replace_roster(&KeyRoster::initial()).await.unwrap());
    assert_eq!(store.roster().await.unwrap(), KeyRoster::initial(), "nothing was changed");
    assert!(store.replace_roster(&first).await.unwrap());
    assert_eq!(store.roster().await.unwrap(), first);
    assert!(!store.replace_roster(&first).await.unwrap(), "once");
    assert!(store.replace_roster(&second).await.unwrap());
    store.sweep(NOW.after(LIFETIME * 1000)).await.unwrap();
    assert_eq!(store.roster().await.unwrap(), second, "it is never swept");
}

pub(super) async fn one_of_sixty_four_changes_the_keys(world: World) {
    let store = Arc::clone(&world.store);
    let tries = (0..64).map(|salt| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let roster = KeyRoster::initial().rotated(salt, NOW).unwrap();
            store.replace_roster(&roster).await.unwrap().then_some(roster)
        })
    });
    let mut winners = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        winners.extend(one.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(store.roster().await.unwrap(), winners[0]);
}

/// What another version has left must not turn into keys that were withdrawn.
#[tokio::test]
async fn a_roster_that_redis_holds_in_other_words_is_trouble_and_never_absent() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let roster = KeyRoster::initial().rotated(1, NOW).unwrap();
    assert!(world.store.replace_roster(&roster).await.unwrap());
    let key = format!("{prefix}:signing-keys");
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let ttl: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
    assert_eq!(ttl, -1, "it never leaves");
    for (field, damaged, sound) in [("v", "2", "1"), ("d", "{}", "")] {
        let mut set = async |value: &str| {
            let mut command = redis::cmd("HSET");
            command.arg(&key).arg(field).arg(value);
            command.query_async::<i64>(&mut connection).await.unwrap()
        };
        set(damaged).await;
        assert!(world.store.roster().await.is_err(), "{field}");
        if field == "v" {
            let next = roster.replaced(2, NOW);
            assert!(!world.store.replace_roster(&next).await.unwrap(), "it is left alone");
        }
        set(sound).await;
    }
}
