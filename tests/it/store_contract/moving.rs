//! A Cluster moves the slot of an installation to another master, key by key.

use linkgate::adapters::redis::{RedisOptions, RedisServers, RedisStore};
use linkgate::domain::attempt::State;
use linkgate::ports::Settled;

use super::world::{ANN, BOB, NOW, World, link, session_digest, try_to_settle};
use crate::support::eventually;
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::redis_fleets::Cluster;

async fn told(server: &RedisServer, words: &[&str]) {
    server.ask::<redis::Value>(words).await.unwrap_or_else(|| panic!("{words:?} is refused"));
}

async fn migrate(from: &RedisServer, to: &RedisServer, key: &str) {
    told(from, &["MIGRATE", "127.0.0.1", &to.port().to_string(), key, "0", "5000"]).await;
}

/// How many connections a server has seen, that of the question included.
async fn connections(server: &RedisServer) -> u64 {
    let info: String = server.ask(&["INFO", "stats"]).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_slot_moves_nobody_is_taken_for_a_stranger() {
    let cluster = Cluster::start(60_000).await;
    let prefix = fresh_prefix();
    let tagged = format!("{{{prefix}}}");
    let from = cluster.owner(&tagged).await;
    let to = cluster.nodes[..3].iter().find(|node| node.port() != from.port()).unwrap();
    let url = from.url();
    let servers = RedisServers::Cluster(vec![&url]);
    let store = RedisStore::open(&servers, &prefix, &RedisOptions::default()).unwrap();
    let world = World::over(store, from.clone(), tagged.clone());
    let store = &world.store;
    for n in 1..=3 {
        world.signed_in(n, ANN).await;
    }
    world.begin(7, 7, BOB, NOW).await;

    let slot: u16 = from.ask(&["CLUSTER", "KEYSLOT", &tagged]).await.unwrap();
    let slot = slot.to_string();
    let old: String = from.ask(&["CLUSTER", "MYID"]).await.unwrap();
    let new: String = to.ask(&["CLUSTER", "MYID"]).await.unwrap();
    told(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &old]).await;
    told(&from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &new]).await;
    let key = |n: u32| format!("{tagged}:session:{}", session_digest(n).to_hex());
    migrate(&from, to, &key(2)).await;

    // What has stayed is there; what has left is out of reach, which is not the same as gone.
    assert!(store.session(session_digest(1)).await.unwrap().is_some());
    let before = connections(&from).await;
    store.session(session_digest(2)).await.unwrap_err();
    assert!(store.session(session_digest(1)).await.unwrap().is_some());
    assert_eq!(connections(&from).await, before + 1, "that of the test, and no other");
    store.end(session_digest(2), ANN).await.unwrap_err();
    store.sessions_of(ANN, NOW).await.unwrap_err();
    // A step of several keys is not done in part.
    assert_eq!(store.attempt(link(7)).await.unwrap().unwrap().state, State::Live);
    try_to_settle(&**store, 7, 7, BOB, None).await.unwrap_err();
    assert_eq!(store.attempt(link(7)).await.unwrap().unwrap().state, State::Live);
    assert!(store.session(session_digest(1)).await.unwrap().is_some());

    let keys: Vec<String> = from.ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "1000"]).await.unwrap();
    for key in keys {
        migrate(&from, to, &key).await;
    }
    for node in [to, &from] {
        told(node, &["CLUSTER", "SETSLOT", &slot, "NODE", &new]).await;
    }
    let all = async || store.sessions_of(ANN, NOW).await.ok();
    assert_eq!(eventually("the new master", all).await.len(), 3);
    for n in 1..=3 {
        assert!(store.session(session_digest(n)).await.unwrap().is_some());
    }
    assert_eq!(world.settle(7, 7, BOB).await, Settled::Done);
    assert_eq!(world.settle(7, 8, BOB).await, Settled::Changed);
}
