//! Copies in memory are never what Redis no longer has, whoever changed it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linkgate::adapters::redis::RedisStore;
use linkgate::domain::token::{self, TokenDigest};
use linkgate::ports::{AccountFound, Accounts, Sessions};
use redis::aio::MultiplexedConnection;

use super::world::{ANN, NOW, follows, session, session_digest, with_copies};
use crate::support::cable::Cable;
use crate::support::eventually;
use crate::support::redis::{RedisServer, fresh_prefix};

/// Stores over one Redis, and somebody else who writes to it.
struct Scene {
    server: RedisServer,
    prefix: String,
    raw: MultiplexedConnection,
}

type Digest = TokenDigest<token::Session>;

impl Scene {
    async fn new() -> Self {
        let server = RedisServer::start().await;
        let raw = server.connection().await.expect("a connection");
        Self { server, prefix: fresh_prefix(), raw }
    }

    async fn node(&self) -> Arc<RedisStore> {
        with_copies(&self.server.url(), &self.prefix, Duration::ZERO).await
    }

    /// A node whose connection can be cut.
    async fn behind_a_cable(&self, grace: Duration) -> (Cable, Arc<RedisStore>) {
        let cable = Cable::to(([127, 0, 0, 1], self.server.port()).into()).await;
        let store = with_copies(&format!("redis://{}", cable.address), &self.prefix, grace).await;
        (cable, store)
    }

    fn key(&self, digest: Digest) -> String {
        format!("{}:session:{}", self.prefix, digest.to_hex())
    }

    async fn make(&self, n: u32) -> Digest {
        let digest = session_digest(n);
        let fixed = serde_json::to_string(&session(NOW)).expect("JSON");
        let mut command = redis::cmd("HSET");
        command.arg(self.key(digest)).arg(&["v", "1", "d", &fixed, "seen"]).arg(NOW.0);
        let () = command.query_async(&mut self.raw.clone()).await.expect("made");
        digest
    }

    async fn delete(&self, digest: Digest) {
        let mut command = redis::cmd("DEL");
        command.arg(self.key(digest));
        let gone: u32 = command.query_async(&mut self.raw.clone()).await.expect("deleted");
        assert_eq!(gone, 1);
    }
}

async fn has(store: &RedisStore, digest: Digest) -> bool {
    store.session(digest).await.expect("an answer").is_some()
}

/// What was said on the line before this answer was heard.
async fn hears(store: &RedisStore, n: u32) {
    assert!(!has(store, session_digest(1_000_000 + n)).await);
}

/// The race that leaves a deleted key in the cache of redis-rs for ever: the answer to the first read
/// arrives after the news.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deleted_while_it_is_first_read_does_not_stay() {
    let scene = Scene::new().await;
    let store = scene.node().await;
    let mut seen = 0;
    for n in 0..3_000 {
        let digest = scene.make(n).await;
        let readers = [Arc::clone(&store), Arc::clone(&store)]
            .map(|store| tokio::spawn(async move { has(&store, digest).await }));
        scene.delete(digest).await;
        for reader in readers {
            seen += u32::from(reader.await.expect("a reader"));
        }
        hears(&store, n).await;
        assert!(!has(&store, digest).await, "try {n}");
    }
    assert!(seen > 0, "no read came before its delete: nothing was tried");
}

/// Nothing but the news makes a copy go, and the news comes to every node.
#[tokio::test]
async fn a_copy_is_used_and_goes_on_every_node_whoever_deletes_it() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await, scene.node().await];
    let digest = scene.make(1).await;
    let before = scene.reads().await;
    for node in &nodes {
        for _ in 0..50 {
            assert!(has(node, digest).await);
        }
    }
    assert_eq!(scene.reads().await - before, 3, "one read for each node");
    scene.delete(digest).await;
    for node in &nodes {
        hears(node, 1).await;
        assert!(!has(node, digest).await);
    }
    let digest = scene.make(2).await;
    assert!(has(&nodes[0], digest).await && has(&nodes[1], digest).await);
    // What a node ends itself is gone there with the answer.
    assert!(nodes[1].end(digest, ANN).await.expect("ended"));
    assert!(!has(&nodes[1], digest).await);
    hears(&nodes[0], 2).await;
    assert!(!has(&nodes[0], digest).await);
    assert_eq!(nodes[0].account(ANN).await.expect("an answer"), AccountFound::Nothing);
    // Beside a session as well.
    let digest = scene.make(3).await;
    hears(&nodes[0], 4).await;
    let known = nodes[0].session(digest).await.expect("an answer").expect("it is there");
    let beside = async || nodes[0].account_of(&known, &|| ANN).await.expect("an answer");
    assert_eq!([beside().await, beside().await], [AccountFound::Nothing, AccountFound::Nothing]);
    assert!(known.account().is_some());
    let mut command = redis::cmd("HSET");
    command.arg(format!("{}:account:{}", scene.prefix, "a1".repeat(32))).arg(&["v", "9"]);
    let () = command.query_async(&mut scene.raw.clone()).await.expect("written");
    hears(&nodes[0], 3).await;
    assert_eq!(nodes[0].account(ANN).await.expect("an answer"), AccountFound::Unreadable);
    assert_eq!(beside().await, AccountFound::Unreadable);
}

impl Scene {
    /// How many reads of sessions there were.
    async fn reads(&self) -> u64 {
        let mut command = redis::cmd("INFO");
        command.arg("commandstats");
        let info: String = command.query_async(&mut self.raw.clone()).await.expect("info");
        let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls="));
        line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or_default()
    }
}

#[tokio::test]
async fn when_everything_is_gone_so_are_the_copies() {
    let scene = Scene::new().await;
    let store = scene.node().await;
    let digest = scene.make(1).await;
    assert!(has(&store, digest).await);
    let () = redis::cmd("FLUSHALL").query_async(&mut scene.raw.clone()).await.expect("flushed");
    hears(&store, 1).await;
    assert!(!has(&store, digest).await);
    follows(&store).await;
}

/// The other end is gone, and says so or does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_news_a_copy_is_trusted_for_the_bound_at_most() {
    for breaks in [Cable::cut, Cable::freeze] {
        let scene = Scene::new().await;
        let (cable, store) = scene.behind_a_cable(Duration::ZERO).await;
        let digest = scene.make(1).await;
        hears(&store, 1).await;
        let known = store.session(digest).await.expect("an answer").expect("it is there");
        let beside = || store.account_of_at_hand(&known, &|| ANN);
        store.account(ANN).await.expect("an answer");
        assert_eq!([beside(), beside()], [(); 2].map(|()| Some(AccountFound::Nothing)));
        breaks(&cable);
        scene.delete(digest).await;
        let since = Instant::now();
        let error =
            eventually("the copy to be doubted", async || store.session(digest).await.err());
        error.await;
        // A second of trust, and the patience of the read that followed.
        assert!(since.elapsed() < Duration::from_secs(6), "{:?}", since.elapsed());
        assert!(!store.keeps_copies());
        assert!(store.session_in_grace(digest).is_none(), "no grace was asked for");
        assert_eq!(beside(), None);
        cable.plug();
        follows(&store).await;
        assert_eq!(beside(), None, "it came over the line before");
        assert!(!has(&store, digest).await, "what was missed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_grace_those_who_were_there_go_on_and_nobody_else() {
    let scene = Scene::new().await;
    let (cable, store) = scene.behind_a_cable(Duration::from_secs(600)).await;
    let [known, unknown] = [scene.make(1).await, scene.make(2).await];
    // That they were made is news, too: a read that begins before it has come is not kept.
    hears(&store, 1).await;
    assert!(has(&store, known).await);
    assert_eq!(store.account(ANN).await.expect("an answer"), AccountFound::Nothing);
    cable.cut();
    eventually("the copy to be doubted", async || (!store.keeps_copies()).then_some(())).await;
    assert!(has(&store, known).await);
    assert_eq!(store.account(ANN).await.expect("an answer"), AccountFound::Nothing);
    store.session(unknown).await.expect_err("nobody knows");
    // Ended here, as far as one can: it is no more in grace.
    store.end(known, ANN).await.expect_err("nobody can say so");
    store.session(known).await.expect_err("nobody knows");
    cable.plug();
    follows(&store).await;
    assert!(has(&store, unknown).await);
}
