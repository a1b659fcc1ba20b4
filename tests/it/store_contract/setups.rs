//! The laws, as an operator lets them be kept: by the user of `docs/redis.md`, who may do no more,
//! behind Sentinels, and in a Cluster.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::redis::{RedisOptions, RedisServers, RedisStore};
use linkgate::domain::signing::KeyRoster;
use linkgate::ports::{KeyRosters, Upkeep};

use super::every_law_holds;
use super::world::{NOW, World, keeping, with_copies};
use crate::support::folder;
use crate::support::gate::free_port;
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::redis_fleets::{Cluster, Watched};

const DOCUMENTED: &str = include_str!("../../../docs/redis.md");
const LOGIN: &str = "linkgate:correct-horse@";
/// Longer than any test of the laws: a machine that is busy is not down.
const PATIENT: u32 = 60_000;

/// The line of the documentation that makes the user; `keys` instead of those of its prefix.
fn user(keys: &str) -> Vec<&str> {
    let line = DOCUMENTED.lines().find(|line| line.starts_with("ACL SETUSER linkgate ")).unwrap();
    let word = |word| match word {
        ">PASSWORD" => ">correct-horse",
        "~linkgate:*" => keys,
        other => other,
    };
    line.split_whitespace().map(word).collect()
}

async fn make_user(server: &RedisServer, keys: &str) {
    server.ask::<()>(&user(keys)).await.expect("the documented line is understood");
}

/// Sessions are kept in memory, too, as they are by default.
fn with_memory() -> RedisOptions {
    RedisOptions { keeping: Some(keeping(Duration::ZERO)), ..RedisOptions::default() }
}

/// What the user was refused.
async fn refused(server: &RedisServer) -> Vec<Vec<redis::Value>> {
    server.ask(&["ACL", "LOG"]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_law_holds_for_the_documented_user_who_may_do_no_more() {
    let server = Arc::new(RedisServer::start().await);
    make_user(&server, "~test-*").await;
    let url = format!("redis://{LOGIN}127.0.0.1:{}", server.port());
    every_law_holds(|| {
        let prefix = fresh_prefix();
        let store = RedisStore::new(&url, &prefix, RedisOptions::default()).unwrap();
        World::over(store, Arc::clone(&server), prefix)
    })
    .await;
    assert_eq!(refused(&server).await, Vec::<Vec<redis::Value>>::new());
    assert_eq!(
        granted().difference(&done(&server).await).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    with_copies(&url, "test-copies", Duration::ZERO).await;
    assert_eq!(refused(&server).await, Vec::<Vec<redis::Value>>::new());
    let client = redis::Client::open(url).unwrap();
    let mut user = client.get_multiplexed_async_connection().await.unwrap();
    for words in [
        "GET test-x",
        "HGETALL other:account",
        "DEL other:account",
        "KEYS *",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "EVAL return(1) 0",
        "CLIENT LIST",
        "SCRIPT FLUSH",
        "SUBSCRIBE x",
    ] {
        let (command, rest) = words.split_once(' ').unwrap_or((words, ""));
        let mut command = redis::cmd(command);
        command.arg(rest.split_whitespace().collect::<Vec<_>>());
        let answer = command.query_async::<redis::Value>(&mut user).await;
        let code = answer.expect_err(words).code().map(str::to_owned);
        assert_eq!(code.as_deref(), Some("NOPERM"), "{words}");
    }
}

/// The commands that the user may run, without those of a cache that listens for changes.
fn granted() -> BTreeSet<String> {
    let commands = user("").into_iter().filter_map(|word| word.strip_prefix('+'));
    let others = ["client|tracking", "hello", "role"];
    commands.filter(|command| !others.contains(command)).map(str::to_owned).collect()
}

/// The commands that somebody has run.
async fn done(server: &RedisServer) -> BTreeSet<String> {
    let statistics: String = server.ask(&["INFO", "commandstats"]).await.unwrap();
    let name = |line: &str| Some(line.strip_prefix("cmdstat_")?.split_once(':')?.0.to_owned());
    statistics.lines().filter_map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_law_holds_behind_sentinels() {
    let watched = Watched::start(PATIENT).await;
    make_user(&watched.master, "~test-*").await;
    // The first two are down, each in its own way; that costs nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let ports = watched.sentinels.iter().map(RedisServer::port);
    let at = |port: u16| format!("redis://{LOGIN}127.0.0.1:{port}");
    let urls: Vec<_> = [silent_port, free_port()].into_iter().chain(ports).map(at).collect();
    let urls = urls.iter().map(String::as_str).collect();
    let servers = RedisServers::Sentinels { urls, master: "mymaster" };
    every_law_holds(|| {
        let prefix = fresh_prefix();
        let store = RedisStore::open(&servers, &prefix, &with_memory()).unwrap();
        World::over(store, Arc::clone(&watched.master), prefix)
    })
    .await;
    assert_eq!(refused(&watched.master).await, Vec::<Vec<redis::Value>>::new());
}

/// What it says is of the past: who has signed out meanwhile would be signed in there.
#[tokio::test]
async fn a_replica_is_not_believed_whoever_names_it() {
    let (server, another) = (RedisServer::start().await, RedisServer::start().await);
    let folder = folder();
    let sentinel = RedisServer::start_with(|port| {
        let file = folder.path().join(format!("{port}.conf"));
        let text = format!("sentinel monitor mymaster 127.0.0.1 {} 1\n", server.port());
        std::fs::write(&file, text).unwrap();
        vec![file.display().to_string(), "--sentinel".to_owned()]
    })
    .await;
    let url = sentinel.url();
    let store = |master| {
        let servers = RedisServers::Sentinels { urls: vec![&url], master };
        RedisStore::open(&servers, "behind", &RedisOptions::default()).unwrap()
    };
    let before = store("mymaster");
    before.ping().await.unwrap();
    let port = another.port().to_string();
    server.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]).await.unwrap();
    let refused = async |store: &RedisStore| {
        let error = store.ping().await.unwrap_err();
        error.source().map(ToString::to_string).unwrap_or_default()
    };
    let told = refused(&store("mymaster")).await;
    assert!(told.contains("is not the master"), "{told}");
    // A connection from before finds out with its first write.
    before.replace_roster(&KeyRoster::initial().rotated(1, NOW).unwrap()).await.unwrap_err();
    let told = refused(&before).await;
    assert!(told.contains("is not the master"), "{told}");
    let told = refused(&store("nobody")).await;
    assert!(told.contains("know no Redis of this name"), "{told}");
}

/// Each law has a prefix of its own, and so a slot of its own: all masters get their share.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_law_holds_in_a_cluster() {
    let cluster = Cluster::start(PATIENT).await;
    for node in &cluster.nodes {
        make_user(node, "~{test-*").await;
    }
    let mut owners = Vec::new();
    for _ in 0..128 {
        let prefix = fresh_prefix();
        owners.push((cluster.owner(&format!("{{{prefix}}}:x")).await, prefix));
    }
    let masters: BTreeSet<_> = owners.iter().map(|(owner, _)| owner.port()).collect();
    assert_eq!(masters.len(), 3);
    let at = |node: &RedisServer| format!("redis://{LOGIN}127.0.0.1:{}", node.port());
    // A replica, and one master: nearly all stores are led elsewhere.
    let urls = [at(&cluster.nodes[5]), at(&cluster.nodes[0])];
    let servers = RedisServers::Cluster(urls.iter().map(String::as_str).collect());
    let owners = std::sync::Mutex::new(owners);
    every_law_holds(|| {
        let (owner, prefix) = owners.lock().unwrap().pop().expect("one more");
        let store = RedisStore::open(&servers, &prefix, &with_memory()).unwrap();
        World::over(store, owner, format!("{{{prefix}}}"))
    })
    .await;
    for node in &cluster.nodes {
        assert_eq!(refused(node).await, Vec::<Vec<redis::Value>>::new());
    }
}
