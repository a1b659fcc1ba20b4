//! linkgate itself is late, and Redis is fine: nobody is refused for that.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use linkgate::adapters::lent::Lent;
use linkgate::adapters::ours::{Claim, NotOurs, OurStore};
use linkgate::domain::limit::PersonKey;
use linkgate::domain::secret::Mark;
use linkgate::domain::token::TokenDigest;
use linkgate::ports::{Accounts, OsEntropy, Sessions, Store};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{ANN, DAN, Scene};
use crate::support::client::{Browser, read_answer};
use crate::support::eventually;
use crate::support::trouble::Trouble;
use crate::watched_store::Watched;

/// Longer than any answer is waited for.
const STARVED: u64 = 4;

/// Sends a request, and does not wait for the answer.
async fn send(browser: &Browser, method: &str, target: &str) -> TcpStream {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n{}\r\n",
        browser.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(browser.address()).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

impl Scene {
    /// For how many seconds Redis has heard nothing from anybody but us.
    async fn silence(&self) -> Option<u64> {
        let list: String = self.redis.ask(&["CLIENT", "LIST"]).await?;
        let others = list.lines().filter(|line| !line.contains("cmd=client"));
        let idle =
            |line: &str| line.split(' ').find_map(|it| it.strip_prefix("idle="))?.parse().ok();
        others.filter_map(idle).min()
    }
}

/// A process that gets no processor for seconds: all its times are up when it goes on, and the answers
/// lie in its sockets.
#[tokio::test]
async fn a_starved_process_takes_the_answers_that_are_there() {
    let scene = Scene::new("0s").await;
    let (ann, dan) = (scene.signed_in(ANN).await, scene.signed_in(DAN).await);
    let looks = || scene.way.commands(":installation");
    scene.way.makes(Trouble::Holds);
    let asked = looks();
    // Of both handles.
    eventually("it asks whose the store is", async || (looks() >= asked + 2).then_some(())).await;
    let process = scene.gate.pid().to_string();
    let signal = |name: &str| {
        let sent = Command::new("kill").args([name, &process]).status();
        assert!(sent.expect("kill").success());
    };
    signal("-STOP");
    scene.way.makes(Trouble::Nothing);
    let mut leaves = send(&ann, "POST", "/.linkgate/sign-out").await;
    let mut reads = send(&dan, "GET", "/me").await;
    eventually("it was stopped for longer than it waits", async || {
        (scene.silence().await? >= STARVED).then_some(())
    })
    .await;
    signal("-CONT");
    assert_eq!(read_answer(&mut leaves, false).await.status, 303, "signed out");
    assert_eq!(read_answer(&mut reads, false).await.status, 200);
    let mut ann = ann;
    assert_eq!(ann.get("/me").await.status, 303, "and it is so");
    let log = scene.gate.whole_log().await;
    assert!(!log.contains("not used:"), "{log}");
}

async fn ours() -> (Arc<Watched>, Arc<OurStore>, tokio::task::JoinHandle<()>) {
    let watched = Watched::new();
    let store = Arc::clone(&watched) as Arc<dyn Store>;
    let claim = Arc::new(Claim::new(Mark([1; 16]), Arc::new(OsEntropy)));
    claim.ask(&*store).await.expect("an answer").expect("ours");
    let ours = Arc::new(OurStore::new(Arc::new(Lent::new(store)), claim, "test"));
    let watching = Arc::clone(&ours);
    let watch = tokio::spawn(async move { watching.watch().await });
    (watched, ours, watch)
}

async fn is_used(ours: &OurStore) -> bool {
    ours.account(PersonKey([7; 32])).await.is_ok()
}

/// Waits until the store does not count as ours. Real time passes: it has a thread of its own.
async fn is_closed(ours: &OurStore) {
    let why = eventually("it is asked in vain", async || ours.refusal()).await;
    assert_eq!(why, NotOurs::Unknown);
}

#[tokio::test]
async fn who_is_expected_is_told_to_the_store() {
    let (store, ours, watch) = ours().await;
    store.calls();
    ours.expect_session(TokenDigest::from_bytes([7; 32]));
    assert_eq!(store.calls(), ["expect_session"]);
    watch.abort();
}

#[tokio::test]
async fn one_question_without_an_answer_refuses_nobody() {
    let (store, ours, watch) = ours().await;
    assert!(is_used(&ours).await);
    store.silent.store(1, Ordering::SeqCst);
    is_closed(&ours).await;
    let before = store.questions.load(Ordering::SeqCst);
    let asking = (0..50).map(|_| {
        let ours = Arc::clone(&ours);
        tokio::spawn(async move { is_used(&ours).await })
    });
    for one in asking.collect::<Vec<_>>() {
        assert!(one.await.expect("no panic"), "asked again, and it is ours");
    }
    let questions = store.questions.load(Ordering::SeqCst) - before;
    assert!((1..=2).contains(&questions), "{questions} questions for all of them");
    watch.abort();
}

#[tokio::test]
async fn a_store_that_does_not_answer_twice_is_away() {
    let (store, ours, watch) = ours().await;
    store.silent.store(u32::MAX, Ordering::SeqCst);
    is_closed(&ours).await;
    assert!(!is_used(&ours).await, "asked again, in vain");
    let (before, began) = (store.questions.load(Ordering::SeqCst), Instant::now());
    for _ in 0..1_000 {
        assert!(!is_used(&ours).await);
    }
    let questions = store.questions.load(Ordering::SeqCst) - before;
    // The watch asks five times a second.
    let most = 1 + began.elapsed().as_millis() / 200;
    assert!(u128::from(questions) <= most, "refused at once, and nobody is asked: {questions}");
    store.silent.store(0, Ordering::SeqCst);
    let back = Instant::now();
    eventually("it is used again", async || ours.refusal().is_none().then_some(())).await;
    assert!(back.elapsed() < Duration::from_millis(900), "sooner than the next look: {back:?}");
    assert!(is_used(&ours).await);
    watch.abort();
}
