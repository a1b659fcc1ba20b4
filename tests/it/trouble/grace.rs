//! `store.grace`: who was signed in goes on for so long, and nobody else; the log says when it begins
//! and when it ends.

use std::time::Duration;

use tokio::time::Instant;

use super::{ANN, DAN, Scene, knows, trusting};
use crate::flow::SESSION;
use crate::support::client::Browser;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;
use crate::support::trouble::{Trouble, Way};

const BOB: &str = "bob@example.com";
const CARL: &str = "carl@example.com";
const SITES: &str = r#"
  - name: app
    origin: http://app.localhost
    upstream: $UPSTREAM
    allow: ["@example.com"]
"#;
const BEGINS: &str = "the grace begins";
const BACK: &str = "the grace ends: Redis is back";
const AFTER: &str = "Redis is back after the grace";
const USED_UP: &str = "the grace is used up";

/// Two nodes over one Redis, of which the first one may lose it.
struct Nodes {
    here: Scene,
    there: Gate,
}

impl Nodes {
    async fn new(grace: &str) -> Self {
        let redis = std::sync::Arc::new(crate::support::redis::RedisServer::start().await);
        let way = Way::to(redis.port()).await;
        let kind = Kind::at(&format!("redis://{}", way.address));
        let wishes = || Wishes { sites: SITES.into(), ..trusting(&kind, grace) };
        let mut here = Gate::with(wishes()).await;
        let mut direct = wishes();
        direct.environment[0].1 = redis.url();
        let mut there = Gate::with(direct).await;
        for node in [&mut here, &mut there] {
            node.host = "app.localhost".into();
        }
        Self { here: Scene { gate: here, way, redis }, there }
    }

    /// Somebody who has signed in at the other node.
    async fn signed_in(&self, address: &str) -> Browser {
        let mut browser = self.there.browser();
        assert_eq!(self.there.ask(&mut browser, address, "/").await.status, 303);
        // Either node may send the mail.
        let mail = eventually("the mail", async || {
            let nodes = [&self.here.gate, &self.there];
            nodes.iter().flat_map(|node| node.mails()).find(|mail| mail.to == address)
        });
        assert_eq!(browser.get(&mail.await.link()).await.status, 303);
        browser
    }

    /// The same browser at the node that may lose its Redis.
    fn here(&self, browser: &Browser) -> Browser {
        let mut here = self.here.gate.browser();
        here.cookies.clone_from(&browser.cookies);
        here
    }

    async fn told(&self, words: &str) -> usize {
        self.here.gate.whole_log().await.matches(words).count()
    }

    /// Waits for the first refusal of somebody who is not known here.
    async fn is_away(&self, stranger: &mut Browser) {
        eventually("Redis is away", async || {
            (stranger.get("/me").await.status == 503).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn who_was_signed_in_goes_on_until_redis_is_back() {
    let nodes = Nodes::new("60s").await;
    let (ann, bob, carl) =
        (nodes.signed_in(ANN).await, nodes.signed_in(BOB).await, nodes.signed_in(CARL).await);
    let (mut ann, mut bob_here, mut carl) = (nodes.here(&ann), nodes.here(&bob), nodes.here(&carl));
    for known in [&mut ann, &mut bob_here] {
        knows(&nodes.here.way, known).await;
    }
    assert_eq!(nodes.told(BEGINS).await, 0);
    nodes.here.way.makes(Trouble::Swallows);
    nodes.is_away(&mut carl).await;
    for _ in 0..20 {
        assert_eq!(ann.get("/me").await.status, 200, "goes on");
    }
    assert_eq!(carl.get("/me").await.status, 503, "nobody knows");
    // Ended where Redis is, which nobody hears of here.
    let mut bob = bob;
    assert_eq!(bob.post("/.linkgate/sign-out", &[]).await.status, 303);
    assert_eq!(bob_here.get("/me").await.status, 200, "what the grace costs");
    let log = nodes.here.gate.whole_log().await;
    assert_eq!((log.matches(BEGINS).count(), log.matches(USED_UP).count()), (1, 0), "{log}");
    let line = log.lines().find(|line| line.contains(BEGINS)).expect("a line");
    for part in ["WARN", "since=", "until=", "sessions_at_most=2"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    nodes.here.way.makes(Trouble::Nothing);
    let back = Instant::now();
    eventually("what was ended is refused", async || {
        assert_eq!(ann.get("/me").await.status, 200, "nobody is refused because it is back");
        let status = bob_here.get("/me").await.status;
        assert!([200, 303].contains(&status), "{status}");
        (status == 303).then_some(())
    })
    .await;
    println!("refused {:?} after Redis was back", back.elapsed());
    assert!(back.elapsed() < Duration::from_secs(3), "{:?}", back.elapsed());
    assert_eq!(ann.get("/me").await.status, 200);
    eventually("all is as before", async || (carl.get("/me").await.status == 200).then_some(()))
        .await;
    eventually("the log says so", async || nodes.here.gate.log().contains(BACK).then_some(()))
        .await;
    let log = nodes.here.gate.whole_log().await;
    let told = [BEGINS, BACK, USED_UP].map(|words| log.matches(words).count());
    assert_eq!(told, [1, 1, 0], "{log}");
}

#[tokio::test]
async fn a_grace_ends_when_it_is_used_up() {
    let scene = Scene::new("2s").await;
    let mut ann = scene.signed_in(ANN).await;
    let session = ann.cookies[SESSION].clone();
    scene.way.makes(Trouble::Resets);
    let began = Instant::now();
    eventually("it is used up", async || {
        let asked = began.elapsed();
        let status = ann.get("/me").await.status;
        // A second of trust, and two of grace.
        assert!(status == 503 || asked < Duration::from_millis(3_300), "{status} after {asked:?}");
        let answered = began.elapsed();
        assert!(status == 200 || answered > Duration::from_millis(2_500), "at {answered:?}");
        (status == 503).then_some(())
    })
    .await;
    eventually("the log says so", async || scene.gate.log().contains(USED_UP).then_some(())).await;
    for _ in 0..5 {
        assert_eq!(ann.get("/me").await.status, 503);
    }
    scene.way.makes(Trouble::Nothing);
    eventually("the same session counts", async || {
        (ann.get("/me").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(ann.cookies[SESSION], session);
    eventually("the log says so", async || scene.gate.log().contains(AFTER).then_some(())).await;
    let log = scene.gate.whole_log().await;
    let told = [BEGINS, USED_UP, BACK, AFTER].map(|words| log.matches(words).count());
    assert_eq!(told, [1, 1, 0, 1], "{log}");
}

/// Connections break now and then, and that is no time of grace.
#[tokio::test]
async fn a_connection_that_is_made_anew_is_no_grace() {
    let scene = Scene::new("60s").await;
    let mut ann = scene.signed_in(ANN).await;
    let connections = scene.way.connections();
    let () = scene.redis.ask(&["CLIENT", "KILL", "TYPE", "normal"]).await.unwrap_or_default();
    eventually("they are made anew", async || {
        assert_eq!(ann.get("/me").await.status, 200);
        (scene.way.connections() >= connections + 2).then_some(())
    })
    .await;
    assert_eq!(scene.gate.sign_in(&mut scene.gate.browser(), DAN, "/").await.status, 303);
    let log = scene.gate.whole_log().await;
    assert!(!log.contains(BEGINS), "{log}");
}
