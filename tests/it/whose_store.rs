//! A store is used only while it is known to be ours: whoever is suspended would be a stranger in any
//! other one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use redis::AsyncCommands;

use crate::support::cable::Cable;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const EVE: &str = "eve@example.com";

/// A Redis of the test's own, and what looks into it.
struct Scene {
    server: Arc<RedisServer>,
    redis: redis::aio::MultiplexedConnection,
}

impl Scene {
    async fn new() -> Self {
        let server = Arc::new(RedisServer::start().await);
        let redis = server.connection().await.expect("a connection");
        Self { server, redis }
    }

    fn wishes(&self) -> Wishes {
        Kind::redis_at(Arc::clone(&self.server)).wishes()
    }

    /// The only key of ours that ends like this, if it is there.
    async fn key(&mut self, ending: &str) -> Option<String> {
        let keys: Vec<String> = self.redis.keys(format!("*:{ending}")).await.expect("keys");
        assert!(keys.len() < 2, "{keys:?}");
        keys.into_iter().next()
    }

    async fn empty(&mut self) {
        let () = redis::cmd("FLUSHALL").query_async(&mut self.redis).await.expect("emptied");
    }

    /// How often whose it is was asked so far: nothing else reads fields of a hash while nobody asks
    /// linkgate for anything. New connections ask as well.
    async fn looks(&mut self) -> u64 {
        let info: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut self.redis)
            .await
            .expect("info");
        let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls="));
        line.and_then(|rest| rest.split(',').next())
            .map_or(0, |calls| calls.parse().expect("calls"))
    }

    /// Waits until it was asked some more times.
    async fn is_asked_again(&mut self) {
        let before = self.looks().await;
        eventually("it is asked again", async || (self.looks().await >= before + 4).then_some(()))
            .await;
    }
}

/// Waits until `/readyz` says this of the store.
async fn says(gate: &Gate, words: &str) {
    let line = format!("store: {words}\n");
    let what = format!("/readyz says {line:?}");
    let said = eventually(&what, async || {
        Some(gate.ready().await).filter(|answer| answer.text().starts_with(&line))
    });
    assert_eq!(said.await.status, if words == "ok" { 200 } else { 503 });
}

/// Waits until both handles refuse the store for this reason, so many times by now. `/readyz` tells of the one
/// that has noticed first; the other may go on for the second between two looks.
async fn both_refuse(gate: &Gate, why: &str, times: usize) {
    eventually("both handles have noticed", async || {
        let log = gate.log();
        let count = |handle: &str| {
            let handle = format!("handle=\"{handle}\"");
            let refuses = |line: &&str| line.contains("not used: ") && line.contains(why);
            log.lines().filter(refuses).filter(|line| line.contains(&handle)).count()
        };
        (count("requests") >= times && count("work") >= times).then_some(())
    })
    .await;
}

/// Nobody can ask for a mail, and whoever shows a session gets no answer about it.
async fn is_closed(gate: &Gate) {
    for address in [EVE, ANN] {
        assert_eq!(gate.ask(&mut gate.browser(), address, "/").await.status, 503);
    }
}

fn change_the_secret(gate: &Gate, to: &str) -> Vec<u8> {
    let before = std::fs::read(gate.path("secret")).expect("the secret");
    std::fs::write(gate.path("secret"), to).expect("written");
    before
}

/// With another secret nobody is found, not even the suspended. It must not matter whether the store
/// could say so at the start. Commands block one thread, and the cable needs another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_another_secret_that_was_away_at_the_start_is_never_used() {
    let mut scene = Scene::new().await;
    let far = SocketAddr::from((Ipv4Addr::LOCALHOST, scene.server.port()));
    let cable = Cable::to(far).await;
    let mut wishes = scene.wishes();
    wishes.environment[0].1 = format!("redis://{}", cable.address);
    let mut gate = Gate::with(wishes).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.operator(&["accounts", "suspend", EVE]).done();
    gate.kill();
    let ours = change_the_secret(&gate, "another secret of thirty-two bytes and more");
    cable.cut();
    gate.run().await;
    says(&gate, "failing").await;
    is_closed(&gate).await;
    let mails = gate.mails().len();
    let keys: usize = redis::cmd("DBSIZE").query_async(&mut scene.redis).await.expect("a count");
    cable.plug();
    says(&gate, "belongs to another secret").await;
    is_closed(&gate).await;
    scene.is_asked_again().await;
    is_closed(&gate).await;
    let log = gate.whole_log().await;
    assert!(log.contains("not used: the store belongs to another secret"), "{log}");
    assert!(!log.contains("secret of thirty"), "{log}");
    let left: usize = redis::cmd("DBSIZE").query_async(&mut scene.redis).await.expect("a count");
    assert_eq!((gate.mails().len(), left), (mails, keys), "nothing was written");
    // The right secret finds all as it was, also when the store is away at first.
    gate.kill();
    std::fs::write(gate.path("secret"), ours).expect("written");
    cable.cut();
    gate.run().await;
    is_closed(&gate).await;
    cable.plug();
    says(&gate, "ok").await;
    assert_eq!(ann.get("/page").await.status, 200);
    assert_eq!(gate.ask(&mut gate.browser(), EVE, "/").await.status, 303);
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    assert!(gate.mails().iter().all(|mail| mail.to == ANN), "eve is suspended");
}

/// `FLUSHALL`, or a replica that took over before it had anything.
#[tokio::test]
async fn a_store_that_was_emptied_is_closed_until_a_restart() {
    let mut scene = Scene::new().await;
    let mut gate = Gate::with(scene.wishes()).await;
    gate.operator(&["accounts", "suspend", EVE]).done();
    assert!(scene.key("installation").await.is_some());
    scene.empty().await;
    says(&gate, "was emptied or exchanged").await;
    both_refuse(&gate, "not the one of before", 1).await;
    scene.is_asked_again().await;
    says(&gate, "was emptied or exchanged").await;
    is_closed(&gate).await;
    assert_eq!(scene.key("installation").await, None, "who only asks writes no mark");
    let log = gate.whole_log().await;
    assert!(log.contains("not used: the store is not the one of before"), "{log}");
    assert!(log.contains("restart linkgate to begin anew"), "{log}");
    // Who was suspended is so again before anybody is let in: a command begins anew, and what runs
    // stays closed.
    gate.operator(&["accounts", "suspend", EVE]).done();
    assert!(scene.key("installation").await.is_some());
    scene.is_asked_again().await;
    says(&gate, "was emptied or exchanged").await;
    is_closed(&gate).await;
    gate.kill();
    gate.run().await;
    says(&gate, "ok").await;
    assert_eq!(gate.ask(&mut gate.browser(), EVE, "/").await.status, 303);
    gate.sign_in(&mut gate.browser(), ANN, "/").await;
    assert!(gate.mails().iter().all(|mail| mail.to == ANN), "eve is suspended");
}

#[tokio::test]
async fn a_store_that_comes_back_is_used_again_by_itself() {
    let mut scene = Scene::new().await;
    let gate = Gate::with(scene.wishes()).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let mark = scene.key("installation").await.expect("a mark");
    let () = scene.redis.rename(&mark, "elsewhere").await.expect("moved");
    both_refuse(&gate, "not the one of before", 1).await;
    says(&gate, "was emptied or exchanged").await;
    assert_eq!(ann.get("/page").await.status, 503, "nobody is let in, and nobody signed out");
    let () = scene.redis.rename("elsewhere", &mark).await.expect("moved");
    says(&gate, "ok").await;
    assert_eq!(ann.get("/page").await.status, 200);
    // The mark of another installation, as that of a Redis that serves another one.
    let own: String = scene.redis.hget(&mark, "mark").await.expect("a mark");
    let _: usize = scene.redis.hset(&mark, "mark", "12345").await.expect("changed");
    both_refuse(&gate, "belongs to another secret", 1).await;
    says(&gate, "belongs to another secret").await;
    assert_eq!(ann.get("/page").await.status, 503);
    let _: usize = scene.redis.hset(&mark, "mark", own).await.expect("changed");
    says(&gate, "ok").await;
    assert_eq!(ann.get("/page").await.status, 200);
}

#[tokio::test]
async fn people_without_a_mark_are_nobodys_to_adopt() {
    let mut scene = Scene::new().await;
    let mut gate = Gate::with(scene.wishes()).await;
    gate.operator(&["accounts", "suspend", EVE]).done();
    gate.kill();
    let mark = scene.key("installation").await.expect("a mark");
    let () = scene.redis.del(&mark).await.expect("gone");
    for command in [&["serve"][..], &["accounts", "list"], &["keys", "list"]] {
        let told = gate.operator(command);
        assert_eq!((told.code, &*told.out), (1, ""), "{command:?}: {}", told.err);
        assert!(told.err.contains("nothing that says of which secret"), "{}", told.err);
        assert!(told.err.contains("begin with a store that is empty"), "{}", told.err);
    }
    assert_eq!(scene.key("installation").await, None);
}

/// Somebody looks with the wrong secret, or before anything is there.
#[tokio::test]
async fn who_only_looks_takes_a_store_from_nobody() {
    let mut scene = Scene::new().await;
    let mut gate = Gate::with(scene.wishes()).await;
    gate.kill();
    scene.empty().await;
    for command in [
        &["accounts", "list"][..],
        &["sessions", "list", ANN],
        &["tokens", "list"],
        &["keys", "list"],
    ] {
        gate.operator(command).done();
        assert_eq!(scene.key("installation").await, None, "{command:?}");
    }
    gate.operator(&["sessions", "end", ANN]).done();
    assert!(scene.key("installation").await.is_some());
}

#[tokio::test]
async fn accounts_can_be_added_before_the_first_start() {
    let mut scene = Scene::new().await;
    let mut gate = Gate::with(scene.wishes()).await;
    gate.kill();
    scene.empty().await;
    gate.operator(&["accounts", "suspend", EVE]).done();
    gate.run().await;
    says(&gate, "ok").await;
    assert!(gate.operator(&["accounts", "list"]).done().contains("eve@example.com  suspended"));
}

/// Its server lost its memory, perhaps between two questions whose it is: the first connection to the
/// new one is asked before anything else is.
#[tokio::test]
async fn a_server_that_was_started_again_without_its_memory_lets_nobody_in() {
    let scene = Scene::new().await;
    let gate = Gate::with(scene.wishes()).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.operator(&["accounts", "suspend", EVE]).done();
    let mails = gate.mails().len();
    let port = scene.server.port();
    scene.server.kill();
    let server = RedisServer::start_on(port).await;
    eventually("linkgate says why", async || {
        is_closed(&gate).await;
        gate.log().contains("not used: the store is not the one of before").then_some(())
    })
    .await;
    says(&gate, "was emptied or exchanged").await;
    assert_eq!(ann.get("/page").await.status, 503, "nobody is let in, and nobody signed out");
    assert_eq!(gate.mails().len(), mails);
    assert_eq!(server.ask::<usize>(&["DBSIZE"]).await, Some(0), "nothing was written");
}
