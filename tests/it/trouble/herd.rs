//! Redis is back, and all who waited want to know at once: few reads, and few connections.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{ANN, Scene};
use crate::support::client::{Browser, read_answer};
use crate::support::eventually;
use crate::support::trouble::Trouble;

/// Requests of one session.
const MANY: usize = 200;
/// Reads of one record that all of them may cause. One is under way at a time, and it is kept when it
/// came over the line that tells of changes: until that line is there again they follow each other.
const FEW: usize = MANY / 10;

/// Sends the request of a browser many times over, each on a connection of its own.
async fn send_many(browser: &Browser) -> Vec<TcpStream> {
    let request = format!(
        "GET /me HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}\r\n",
        browser.host,
        browser.cookie_line()
    );
    let mut streams = Vec::new();
    for _ in 0..MANY {
        let mut stream = TcpStream::connect(browser.address()).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        streams.push(stream);
    }
    streams
}

/// How many of them got which status.
async fn answered(streams: Vec<TcpStream>) -> [usize; 2] {
    let mut counts = [0; 2];
    for mut stream in streams {
        match read_answer(&mut stream, false).await.status {
            200 => counts[0] += 1,
            503 => counts[1] += 1,
            other => panic!("{other}"),
        }
    }
    counts
}

impl Scene {
    /// Reads of sessions and of accounts.
    fn reads(&self) -> [usize; 2] {
        let of = |words: &str| self.way.commands(words);
        [of(":session:"), of(":account:")]
    }
}

fn since(now: [usize; 2], before: [usize; 2]) -> [usize; 2] {
    [now[0] - before[0], now[1] - before[1]]
}

/// They came while it was silent, and hang.
#[tokio::test]
async fn who_waited_for_redis_shares_few_reads() {
    let scene = Scene::new("0s").await;
    let ann = scene.signed_in(ANN).await;
    scene.way.makes(Trouble::Holds);
    let held = Instant::now();
    eventually("nothing is trusted any more", async || {
        let mut ann = ann.clone();
        let asked = timeout(Duration::from_millis(200), ann.get("/me"));
        asked.await.is_err().then_some(())
    })
    .await;
    let (before, connections) = (scene.reads(), scene.way.connections());
    let streams = send_many(&ann).await;
    let waited = held.elapsed();
    scene.way.makes(Trouble::Nothing);
    let began = Instant::now();
    let [served, refused] = answered(streams).await;
    let reads = since(scene.reads(), before);
    let connections = scene.way.connections() - connections;
    println!(
        "{waited:?} of silence, {served} served and {refused} refused in {:?}, \
         {reads:?} reads, {connections} connections",
        began.elapsed()
    );
    assert!(served >= MANY / 2, "{served} of {MANY}: hardly anybody has waited");
    assert!(reads[0] > 0, "nothing was measured");
    assert!(reads.iter().all(|it| *it <= FEW), "{reads:?}");
    assert!(connections <= FEW, "{connections}");
}

/// Waits until somebody is refused without waiting.
async fn is_away(browser: &mut Browser) {
    eventually("it is away", async || {
        let began = Instant::now();
        let status = browser.get("/me").await.status;
        (status == 503 && began.elapsed() < Duration::from_millis(20)).then_some(())
    })
    .await;
}

/// It was away for so long that requests were refused, and they come as soon as it is back.
#[tokio::test]
async fn who_comes_when_redis_is_back_shares_few_reads() {
    let scene = Scene::new("0s").await;
    let mut ann = scene.signed_in(ANN).await;
    scene.way.makes(Trouble::Resets);
    is_away(&mut ann).await;
    let (before, connections) = (scene.reads(), scene.way.connections());
    scene.way.makes(Trouble::Nothing);
    let began = Instant::now();
    let (mut waves, mut refusals) = (0, 0);
    eventually("all are served", async || {
        let [served, refused] = answered(send_many(&ann).await).await;
        (waves, refusals) = (waves + 1, refusals + refused);
        (served == MANY).then_some(())
    })
    .await;
    let reads = since(scene.reads(), before);
    let connections = scene.way.connections() - connections;
    println!(
        "{waves} waves of {MANY} in {:?}, {refusals} refused, {reads:?} reads, \
         {connections} connections",
        began.elapsed()
    );
    assert!(reads[0] > 0, "nothing was measured");
    assert!(reads.iter().all(|it| *it <= FEW), "{reads:?}");
    assert!(connections <= FEW, "{connections}");
}

/// However many ask, an ailing server gets a few attempts to connect a second from a node, each later
/// than the one before.
#[tokio::test]
async fn an_ailing_server_is_not_stormed() {
    /// Two handles, and the line that tells of changes.
    const CONNECTORS: usize = 3;
    /// The longest pause is half a second, and a quarter at least is waited.
    const EACH_PER_SECOND: usize = 4;
    let scene = Scene::new("0s").await;
    let mut ann = scene.signed_in(ANN).await;
    scene.way.makes(Trouble::Resets);
    // The first pauses are short.
    let started = scene.way.connections() + 4 * CONNECTORS;
    is_away(&mut ann).await;
    eventually("the first attempts", async || (scene.way.connections() >= started).then_some(()))
        .await;
    let mut asked = 0;
    let (before, began) = (scene.way.connections(), Instant::now());
    let enough = before + 2 * CONNECTORS * EACH_PER_SECOND;
    eventually("attempts to connect", async || {
        asked += 1;
        ann.get("/me").await;
        (scene.way.connections() >= enough).then_some(())
    })
    .await;
    let attempts = scene.way.connections() - before;
    println!("{attempts} attempts in {:?}, {asked} requests", began.elapsed());
    assert!(began.elapsed() > Duration::from_millis(1_700), "{:?}", began.elapsed());
    assert!(asked > 20, "{asked} requests are no storm");
}
