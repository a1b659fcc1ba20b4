//! Redis is away, silent, or refuses.

use std::error::Error;
use std::fmt::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::lent::Lent;
use linkgate::adapters::ours::{Claim, OurStore};
use linkgate::adapters::redis::{
    RedisIdentity, RedisOptions, RedisServers, RedisSetupError, RedisStore,
};
use linkgate::domain::secret::{Birth, Mark};
use linkgate::ports::{Accounts, OsEntropy, Owner, Sessions, StoreError, Stored, Upkeep};
use tokio::time::{Instant, timeout};

use super::world::{ANN, NOW, keeping, session_digest};
use crate::support::eventually;
use crate::support::redis::RedisServer;

/// Longer than any call may take.
const BOUND: Duration = Duration::from_millis(2500);

fn store(url: &str) -> RedisStore {
    RedisStore::new(url, "away", RedisOptions::default()).unwrap()
}

async fn bounded<T>(call: impl Future<Output = Stored<T>>) -> Stored<T> {
    timeout(BOUND, call).await.expect("every call ends within its bound")
}

/// The error with all its causes, as a log shows it.
fn chain(error: &StoreError) -> String {
    let mut text = format!("{error:?} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error} {error:?}").unwrap();
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again() {
    let mut server = RedisServer::start().await;
    let (port, store) = (server.port(), store(&server.url()));
    bounded(store.ping()).await.unwrap();
    for _ in 0..2 {
        // Twice: what mended the first break must be mended itself.
        drop(server);
        for _ in 0..3 {
            bounded(store.session(session_digest(1))).await.unwrap_err();
        }
        server = RedisServer::start_on(port).await;
        bounded(store.session(session_digest(1))).await.expect("the next read finds it");
        bounded(store.touch(session_digest(1), NOW)).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_was_away_for_long_is_found_by_the_first_write() {
    let server = RedisServer::start().await;
    let (port, store) = (server.port(), store(&server.url()));
    bounded(store.ping()).await.unwrap();
    drop(server);
    bounded(store.ping()).await.unwrap_err();
    let _server = RedisServer::start_on(port).await;
    // The connection remembers a failure from before: nothing was sent, so it is tried again.
    bounded(store.touch(session_digest(1), NOW)).await.unwrap();
}

#[tokio::test]
async fn a_store_that_starts_before_its_server_finds_it_later() {
    let server = RedisServer::start().await;
    let port = server.port();
    drop(server);
    let store = store(&format!("redis://127.0.0.1:{port}"));
    bounded(store.ping()).await.unwrap_err();
    let _server = RedisServer::start_on(port).await;
    bounded(store.ping()).await.unwrap();
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let store = store(&format!("redis://{}", listener.local_addr().unwrap()));
    // The kernel accepts; nobody ever answers.
    for _ in 0..2 {
        bounded(store.ping()).await.unwrap_err();
        bounded(store.session(session_digest(1))).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_connection_that_fell_silent_is_given_up() {
    let server = RedisServer::start().await;
    let store = store(&server.url());
    bounded(store.ping()).await.unwrap();
    let mut admin = server.connection().await.unwrap();
    let before = clients(&mut admin).await;
    let mut pause = redis::cmd("CLIENT");
    pause.arg("PAUSE").arg(1_500).arg("ALL");
    let () = pause.query_async(&mut admin).await.unwrap();
    let began = Instant::now();
    bounded(store.session(session_digest(1))).await.unwrap_err();
    assert!(began.elapsed() < BOUND);
    eventually("an answer again", async || bounded(store.ping()).await.ok()).await;
    let after = clients(&mut admin).await;
    assert!(after > before, "it was another connection: {before} before, {after} after");
}

/// How many connections the server has seen.
async fn clients(admin: &mut redis::aio::MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO").arg("stats").query_async(admin).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_refused_password_is_not_remembered_and_never_told() {
    let server = RedisServer::start().await;
    let store = store(&format!("redis://linkgate:hunter2secret@127.0.0.1:{}", server.port()));
    let error = bounded(store.ping()).await.unwrap_err();
    for text in [chain(&error), format!("{store:?}")] {
        assert!(!text.contains("hunter2secret"), "{text}");
    }
    let mut admin = server.connection().await.unwrap();
    let mut user = redis::cmd("ACL");
    user.arg(&["SETUSER", "linkgate", "on", ">hunter2secret", "allkeys", "allcommands"]);
    let () = user.query_async(&mut admin).await.unwrap();
    bounded(store.ping()).await.expect("the password is right by now");
    drop(server);
    let error = bounded(store.ping()).await.unwrap_err();
    assert!(!chain(&error).contains("hunter2secret"), "{}", chain(&error));
}

#[test]
fn making_a_store_needs_no_network_and_no_runtime() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let _store = store(&format!("redis://{}", listener.local_addr().unwrap()));
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn odd_urls_are_refused_without_being_repeated() {
    let rows = [
        ("", RedisSetupError::Scheme),
        ("http://:hunter2@127.0.0.1", RedisSetupError::Scheme),
        ("127.0.0.1:6379", RedisSetupError::Scheme),
        ("redis+unix:///hunter2", RedisSetupError::Scheme),
        ("redis://:hunter2@", RedisSetupError::Url),
        ("redis://:hunter2@127.0.0.1:99999", RedisSetupError::Url),
        ("redis://:hunter2@127.0.0.1/db", RedisSetupError::Url),
        ("rediss://:hunter2@127.0.0.1/#insecure", RedisSetupError::Insecure),
    ];
    for (url, expected) in rows {
        let error = RedisStore::new(url, "x", RedisOptions::default()).expect_err(url);
        assert_eq!(error, expected, "{url}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    let cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    for ca in ["", "no certificate", cut, empty] {
        let options = RedisOptions { ca: Some(ca.as_bytes().to_vec()), ..RedisOptions::default() };
        let error = RedisStore::new("rediss://127.0.0.1", "x", options).expect_err(ca);
        assert_eq!(error, RedisSetupError::Authority, "{ca}");
        let (certificate, key) = (ca.as_bytes().to_vec(), b"hunter2".to_vec());
        let identity = Some(RedisIdentity { certificate, key });
        let options = RedisOptions { identity, ..RedisOptions::default() };
        assert!(!format!("{options:?}").contains("hunter2"), "{options:?}");
        let error = RedisStore::new("rediss://127.0.0.1", "x", options).expect_err(ca);
        assert_eq!(error, RedisSetupError::Identity, "{ca}");
    }
    let nobody = [
        RedisServers::Cluster(Vec::new()),
        RedisServers::Sentinels { urls: Vec::new(), master: "mymaster" },
    ];
    for nobody in nobody {
        let error = RedisStore::open(&nobody, "x", &RedisOptions::default()).expect_err("nobody");
        assert_eq!(error, RedisSetupError::Nobody);
    }
}

/// Whoever was suspended is a stranger to a server that lost its memory: it answers for nobody, and
/// nothing is written there, before anybody has looked whose it is.
#[tokio::test]
async fn a_server_that_comes_back_empty_is_another_store() {
    let (mark, birth) = (Mark([7; 16]), Birth([8; 16]));
    for keeping in [None, Some(keeping(Duration::ZERO))] {
        let server = RedisServer::start().await;
        let port = server.port();
        let options = RedisOptions { keeping, ..RedisOptions::default() };
        let store = RedisStore::new(&server.url(), "away", options).unwrap();
        assert_eq!(bounded(store.adopt(mark, birth)).await.unwrap(), Owner::Ours(birth));
        store.confirmed(mark, birth);
        bounded(store.session(session_digest(1))).await.unwrap();
        bounded(store.touch(session_digest(1), NOW)).await.unwrap();
        drop(server);
        let server = RedisServer::start_on(port).await;
        eventually("it leads to the new server", async || {
            // Not once is "no such session" the answer, nor is it taken to have been written.
            let read = bounded(store.session(session_digest(1))).await.unwrap_err();
            let written = bounded(store.touch(session_digest(1), NOW)).await.unwrap_err();
            let told = "a store that is not the one of before: it was emptied";
            (chain(&read).contains(told) && chain(&written).contains(told)).then_some(())
        })
        .await;
        bounded(store.end(session_digest(1), ANN)).await.unwrap_err();
        assert_eq!(server.ask::<usize>(&["DBSIZE"]).await, Some(0));
        // It can say so of itself, and when it is the one of before again it is used again.
        assert_eq!(bounded(store.owner(mark)).await.unwrap(), Owner::Nobody);
        bounded(store.session(session_digest(1))).await.unwrap_err();
        let restores = RedisStore::new(&server.url(), "away", RedisOptions::default()).unwrap();
        // Another node that began just then has taken the empty one, with the same secret: still it is
        // not the one of before, and to have asked whose it is changes nothing.
        let later = Birth([9; 16]);
        assert_eq!(bounded(restores.adopt(mark, later)).await.unwrap(), Owner::Ours(later));
        assert_eq!(bounded(store.owner(mark)).await.unwrap(), Owner::Ours(later));
        bounded(store.session(session_digest(1))).await.unwrap_err();
        bounded(store.touch(session_digest(1), NOW)).await.unwrap_err();
        let _: String = server.ask(&["FLUSHALL"]).await.expect("emptied");
        assert_eq!(bounded(restores.adopt(mark, birth)).await.unwrap(), Owner::Ours(birth));
        bounded(store.session(session_digest(1))).await.unwrap();
        bounded(store.touch(session_digest(1), NOW)).await.unwrap();
    }
}

/// What is known of the store holds for every handle from its first call on, before it has looked by itself:
/// between the question at the start and then, a server may have come back empty.
#[tokio::test]
async fn a_handle_that_leads_elsewhere_is_not_used_once() {
    let (first, emptied) = (RedisServer::start().await, RedisServer::start().await);
    let store = RedisStore::new(&first.url(), "away", RedisOptions::default()).unwrap();
    let claim = Arc::new(Claim::new(Mark([7; 16]), Arc::new(OsEntropy)));
    assert_eq!(bounded(claim.ask(&store)).await.unwrap(), Ok(()));
    for keeping in [None, Some(keeping(Duration::ZERO))] {
        for (server, is_used) in [(&emptied, false), (&first, true)] {
            let options = RedisOptions { keeping, ..RedisOptions::default() };
            let store = RedisStore::new(&server.url(), "away", options).unwrap();
            let ours =
                OurStore::new(Arc::new(Lent::new(Arc::new(store))), Arc::clone(&claim), "test");
            assert_eq!(ours.refusal(), None, "it has not looked");
            assert_eq!(bounded(ours.session(session_digest(1))).await.is_ok(), is_used);
            assert_eq!(bounded(ours.account(ANN)).await.is_ok(), is_used);
            assert_eq!(bounded(ours.touch(session_digest(1), NOW)).await.is_ok(), is_used);
        }
    }
}
