//! Nothing personal outlives its retention.

use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::ports::{Clock, Store};
use redb::{ReadableDatabase, TableHandle};
use redis::AsyncCommands;

use super::noted::Recorded;
use crate::gate_world::{HOUR, MINUTE, address, caller, client};
use crate::support::folder;
use crate::support::redis::{RedisServer, fresh_prefix};

const ANN: &str = "ann@example.com";
const DAY: Duration = Duration::from_secs(86_400);
const RETENTION: Duration = Duration::from_secs(90 * 86_400);

/// A person leaves a trace of everything, and then does nothing any more.
async fn live(store: Arc<dyn Store>) -> Recorded {
    let mut recorded = Recorded::over(store);
    let client = client();
    // Signed in by link and by code, signed out, another one that ends by itself.
    let signed_in = recorded.world.signed_in(ANN, None).await;
    recorded.world.gate.sign_out(&signed_in.token).await.unwrap();
    recorded.world.clock.pass(MINUTE);
    recorded.world.signed_in(ANN, None).await;
    recorded.world.clock.pass(MINUTE);
    let (browser, job) = recorded.world.mailed(ANN, None).await;
    recorded.world.code(&job.code, caller(&client, Some(&browser), None)).await;
    // A mail that nobody answers, one that nobody takes away, and one that is reported.
    recorded.world.clock.pass(HOUR);
    recorded.world.mailed(ANN, None).await;
    recorded.world.ask(ANN, None).await.unwrap();
    recorded.world.clock.pass(HOUR);
    let _ = recorded.world.mails().await;
    let (_, job) = recorded.world.mailed(ANN, None).await;
    let report = recorded.world.report(&job);
    recorded.world.gate.report(&report, &address(ANN)).await.unwrap();
    assert!(recorded.events().await.len() > 15);
    recorded
}

/// What the running process does every minute.
async fn keep_up(recorded: &Recorded) {
    let now = recorded.world.clock.now();
    recorded.world.store.sweep(now).await.unwrap();
    recorded.world.store.trim(now.before(RETENTION)).await.unwrap();
}

#[tokio::test]
async fn of_a_file_everything_leaves_in_time() {
    let folder = folder();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder.path()).unwrap());
    let mut recorded = live(store).await;
    recorded.world.clock.pass(31 * DAY);
    keep_up(&recorded).await;
    assert!(!recorded.events().await.is_empty(), "the record is kept for longer");
    drop(recorded.world.store.clone());
    recorded.world.clock.pass(60 * DAY);
    keep_up(&recorded).await;
    assert!(recorded.events().await.is_empty());
    // Marks of browsers that were reported: a keyed hash, for a year.
    recorded.world.clock.pass(400 * DAY);
    keep_up(&recorded).await;
    drop(recorded);
    let path = folder.path().join(linkgate::adapters::embedded::FILE_NAME);
    let mut database = redb::Database::open(&path).unwrap();
    let reads = database.begin_read().unwrap();
    let mut tables = 0;
    for table in reads.list_tables().unwrap() {
        let name = table.name().to_owned();
        let rows = redb::ReadableTableMetadata::len(&reads.open_untyped_table(table).unwrap());
        assert_eq!(rows.unwrap(), 0, "{name}");
        tables += 1;
    }
    assert!(tables > 10);
    drop(reads);
    // What is free in the file is written over when it is needed again; compacted, there is none.
    database.compact().unwrap();
    drop(database);
    let bytes = std::fs::read(&path).unwrap();
    assert!(memchr::memmem::find(&bytes, ANN.as_bytes()).is_none());
}

/// All of what a key holds.
async fn contents(connection: &mut redis::aio::MultiplexedConnection, key: &str) -> Vec<Vec<u8>> {
    let kind: String = redis::cmd("TYPE").arg(key).query_async(connection).await.unwrap();
    match kind.as_str() {
        "hash" => {
            let all: Vec<(Vec<u8>, Vec<u8>)> =
                redis::cmd("HGETALL").arg(key).query_async(connection).await.unwrap();
            all.into_iter().flat_map(|(name, value)| [name, value]).collect()
        }
        "zset" => connection.zrange(key, 0, -1).await.unwrap(),
        "set" => connection.smembers(key).await.unwrap(),
        "none" => Vec::new(),
        other => panic!("{key} is a {other}"),
    }
}

/// Redis goes by its own clock, which cannot be moved: so each key that holds something of a person
/// must have a time to live that is no longer than it may be.
#[tokio::test]
async fn of_redis_everything_leaves_in_time() {
    let (server, prefix) = (RedisServer::shared().await, fresh_prefix());
    let store = RedisStore::new(&server.url(), &prefix, RedisOptions::default()).unwrap();
    let mut recorded = live(Arc::new(store)).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let person = recorded.world.person(ANN).to_hex();
    let longest = 31 * DAY.as_millis() as i64;
    let mut seen = (false, false);
    for key in connection.keys::<_, Vec<String>>(format!("{prefix}:*")).await.unwrap() {
        let ttl: i64 = connection.pttl(&key).await.unwrap();
        let holds = |text: &str| {
            let text = text.as_bytes().to_vec();
            move |bytes: &Vec<u8>| memchr::memmem::find(bytes, &text).is_some()
        };
        let contents = contents(&mut connection, &key).await;
        let holds_address = contents.iter().any(holds(ANN));
        let is_hers = holds_address || key.contains(&person) || contents.iter().any(holds(&person));
        if key.contains("events") {
            // These are removed by what the next lines do.
            seen.0 |= holds_address;
        } else if is_hers {
            assert!((1..=longest).contains(&ttl), "{key}: {ttl} ms");
            seen.1 |= holds_address;
        }
    }
    assert_eq!(seen, (true, true), "the test finds what there is");
    recorded.world.clock.pass(91 * DAY);
    keep_up(&recorded).await;
    assert!(recorded.events().await.is_empty());
    for key in connection.keys::<_, Vec<String>>(format!("{prefix}:*")).await.unwrap() {
        assert!(!key.contains("events"), "{key}");
    }
}
