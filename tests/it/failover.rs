//! The master of Redis dies, and another takes over: nobody gets in without proof meanwhile, nobody is
//! logged out, nobody waits for long, and what was acknowledged and replicated still holds.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::flow::{SESSION, signed_in_as};
use crate::support::client::Browser;
use crate::support::eventually;
use crate::support::redis::RedisServer;
use crate::support::redis_fleets::{Cluster, Watched, replicated};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const DAN: &str = "dan@example.com";
/// After so many milliseconds of silence a server counts as down.
const PATIENCE: u32 = 1_000;
/// Longer than any answer may take: two seconds in doubt, two for the store, and a busy machine.
const BOUND: Duration = Duration::from_secs(5);
/// After this nobody is let in by what was heard from the old master.
const TRUST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_behind_sentinels_dies() {
    let watched = Watched::start(PATIENCE).await;
    let kind = Kind::at(&watched.url(""));
    outlives(&kind, &watched.master, "anything").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_of_a_cluster_dies() {
    let cluster = Cluster::start(PATIENCE).await;
    let kind = Kind::at(&cluster.url(""));
    let key = format!("{{{}}}:anything", kind.prefix());
    let master = cluster.owner(&key).await;
    outlives(&kind, &master, &key).await;
}

async fn outlives(kind: &Kind, master: &Arc<RedisServer>, key: &str) {
    let gate = kind.gate().await;
    let (mut ann, mut ended, mut asking) = (gate.browser(), gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut ended, "bob@example.com", "/").await;
    let session = ended.cookies[SESSION].clone();
    assert_eq!(ended.post("/.linkgate/sign-out", &[]).await.status, 303);
    ended.cookies.insert(SESSION.to_owned(), session);
    gate.ask(&mut asking, DAN, "/x").await;
    let mail = gate.mail(DAN, 1).await;
    replicated(master, key).await;

    master.kill();
    gate.upstream.forget();
    let (mut refusals, began) = (0, Instant::now());
    eventually("the new master", async || {
        // Who has no session, or one that has ended, is not let in whatever the store does.
        let nobody = bounded(&mut gate.browser()).await;
        assert_eq!(nobody, 303);
        let gone = bounded(&mut ended).await;
        assert!([303, 503].contains(&gone), "{gone}");
        assert!(gate.upstream.seen().is_empty());
        let asked = began.elapsed();
        let status = bounded(&mut ann).await;
        gate.upstream.forget();
        assert!([200, 503].contains(&status), "{status}: nobody is logged out");
        refusals += usize::from(status == 503);
        // Requests wait for a while before they are refused, and a failover may be over by then.
        (status == 200 && (refusals > 0 || asked > TRUST)).then_some(())
    })
    .await;
    println!("{refusals} refusals in {:?}", began.elapsed());
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
    assert_eq!(bounded(&mut ended).await, 303, "what has ended stays ended");
    assert_eq!(asking.get(&mail.link()).await.status, 303, "the link was not spent");
    assert_eq!(signed_in_as(&gate, &mut asking).await.as_deref(), Some(DAN));
    let mut other = gate.browser();
    assert_eq!(other.get(&mail.link()).await.status, 410, "and now it is");
    assert_eq!(gate.sign_in(&mut gate.browser(), "new@example.com", "/").await.status, 303);
    assert!(!gate.whole_log().await.contains("panic"));
}

/// The status of a page, in time.
async fn bounded(browser: &mut Browser) -> u16 {
    let began = Instant::now();
    let status = browser.get("/me").await.status;
    assert!(began.elapsed() < BOUND, "{status} after {:?}", began.elapsed());
    status
}
