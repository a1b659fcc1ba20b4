//! After a person is removed nothing of theirs is in the store, wherever one looks.

use std::sync::Arc;

use linkgate::adapters::embedded::FILE_NAME;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, TableHandle};
use redis::AsyncCommands;

use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

/// With letters that stand in nothing else, in whatever spelling.
const MAUD: &str = "Maud.Quuxley@example.com";
const BOB: &str = "bob@partner.example";
const TRACE: &[u8] = b"quuxley";

/// Leaves something of a person in every corner there is.
async fn lives(gate: &Gate) {
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, MAUD, "/").await;
    gate.ask(&mut browser, MAUD, "/").await;
    let reported = gate.mail(MAUD, 2).await;
    gate.ask(&mut gate.browser(), MAUD, "/").await;
    let done = gate.browser().post(&reported.report(), &[("email", MAUD)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    gate.sign_in(&mut gate.browser(), BOB, "/").await;
    gate.operator(&["accounts", "add", MAUD, "--name", "Maud Quuxley"]).done();
    let token = ["tokens", "add", "hers", "--site", "app", "--paths", "/**", "--expires", "9d"];
    gate.operator(&[&token[..], &["--email", MAUD]].concat()).done();
}

fn is_trace(bytes: &[u8]) -> bool {
    bytes.to_ascii_lowercase().windows(TRACE.len()).any(|part| part == TRACE)
}

#[tokio::test]
async fn nothing_of_a_removed_person_is_in_redis() {
    let server: Arc<RedisServer> = RedisServer::shared().await;
    let kind = Kind::redis_at(Arc::clone(&server));
    let gate = kind.gate().await;
    lives(&gate).await;
    let before = traces_in_redis(&server.url(), kind.prefix()).await;
    for family in ["attempt", "session", "account", "token"] {
        let is_there = before.iter().any(|key| key.contains(&format!(":{family}:")));
        assert!(is_there, "the search finds a {family}: {before:?}");
    }
    gate.operator(&["person", MAUD, "--erase", "--yes"]).done();
    assert_eq!(traces_in_redis(&server.url(), kind.prefix()).await, Vec::<String>::new());
    assert!(gate.operator(&["person", BOB]).done().contains("Signed in\n"), "bob stays");
}

/// The keys that name somebody, or lead to what does.
async fn traces_in_redis(url: &str, prefix: &str) -> Vec<String> {
    let client = redis::Client::open(url).expect("a client");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis");
    let keys: Vec<String> = connection.keys(format!("{prefix}:*")).await.expect("keys");
    assert!(keys.len() > 5, "{keys:?}");
    let mut found = Vec::new();
    for key in keys {
        let kind: String = connection.key_type(&key).await.expect("a type");
        let command = match &*kind {
            "hash" => redis::cmd("HGETALL").arg(&key).to_owned(),
            "set" => redis::cmd("SMEMBERS").arg(&key).to_owned(),
            "zset" => redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).to_owned(),
            "list" => redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).to_owned(),
            "stream" => redis::cmd("XRANGE").arg(&key).arg("-").arg("+").to_owned(),
            "string" => redis::cmd("GET").arg(&key).to_owned(),
            // It has gone by itself meanwhile.
            "none" => continue,
            other => panic!("{key} is a {other}, and nobody looks into it"),
        };
        let value: redis::Value = command.query_async(&mut connection).await.expect("a value");
        if is_trace(key.as_bytes()) || is_trace(&flat(&value)) {
            found.push(key);
        }
    }
    found
}

fn flat(value: &redis::Value) -> Vec<u8> {
    match value {
        redis::Value::BulkString(bytes) => [&**bytes, b"\n"].concat(),
        redis::Value::Array(items) | redis::Value::Set(items) => {
            items.iter().flat_map(flat).collect()
        }
        redis::Value::Map(pairs) => {
            pairs.iter().flat_map(|(key, value)| [flat(key), flat(value)].concat()).collect()
        }
        other => format!("{other:?}").into_bytes(),
    }
}

#[tokio::test]
async fn nothing_of_a_removed_person_is_in_the_file() {
    let mut gate = Gate::with(Wishes { ..Kind::embedded().wishes() }).await;
    lives(&gate).await;
    let file = gate.path("data").join(FILE_NAME);
    gate.kill();
    let before = traces_in_file(&file);
    for table in ["attempt", "session", "account", "token", "delivery", "event"] {
        assert!(before.contains(&table.to_owned()), "the search finds {table}: {before:?}");
    }
    gate.run().await;
    gate.operator(&["person", MAUD, "--erase", "--yes"]).done();
    gate.kill();
    assert_eq!(traces_in_file(&file), Vec::<String>::new());
}

#[tokio::test]
async fn nothing_of_a_removed_person_is_in_the_file_of_a_linkgate_that_does_not_run() {
    let mut gate = Gate::with(Wishes { ..Kind::embedded().wishes() }).await;
    lives(&gate).await;
    let file = gate.path("data").join(FILE_NAME);
    gate.kill();
    gate.operator(&["person", MAUD, "--erase", "--yes"]).done();
    assert_eq!(traces_in_file(&file), Vec::<String>::new());
}

/// The tables in which somebody is named. A table that nobody looks into is a mistake in this test.
fn traces_in_file(file: &std::path::Path) -> Vec<String> {
    type Bytes = &'static [u8];
    type Digest = &'static [u8; 32];
    let database = Database::open(file).expect("the file");
    let transaction = database.begin_read().expect("a transaction");
    let mut found = Vec::new();
    macro_rules! look {
        ($name:expr, $key:ty, $value:ty, |$k:ident, $v:ident| $bytes:expr) => {{
            let table: TableDefinition<'_, $key, $value> = TableDefinition::new($name);
            let table = transaction.open_table(table).expect($name);
            for entry in table.iter().expect("entries") {
                let (key, value) = entry.expect("an entry");
                let ($k, $v) = (key.value(), value.value());
                let bytes: Vec<u8> = $bytes;
                if is_trace(&bytes) {
                    found.push($name.to_owned());
                }
            }
        }};
    }
    let mut unseen = Vec::new();
    for table in transaction.list_tables().expect("tables") {
        match table.name() {
            name @ ("attempt" | "browser" | "session" | "account" | "token" | "reference"
            | "suppression") => {
                look!(name, Digest, Bytes, |key, value| [&key[..], value].concat());
            }
            name @ "browser-person" => {
                look!(name, &'static [u8; 64], Bytes, |key, value| [&key[..], value].concat());
            }
            name @ "event-person" => {
                look!(name, &'static [u8; 48], (), |key, _value| key.to_vec());
            }
            name @ "person" => look!(name, &'static [u8; 64], (), |key, _value| key.to_vec()),
            name @ ("token-name" | "single") => {
                look!(name, &'static str, Bytes, |key, value| [key.as_bytes(), value].concat());
            }
            name @ "limit" => {
                look!(name, (&'static str, Digest), Bytes, |key, value| {
                    [key.0.as_bytes(), &key.1[..], value].concat()
                });
            }
            name @ ("mail" | "event" | "delivery") => {
                look!(name, &'static [u8; 16], Bytes, |key, value| [&key[..], value].concat());
            }
            name @ "erased" => look!(name, Digest, (u64, u64), |key, _value| key.to_vec()),
            // Times and identities.
            "outbox" | "deadline" | "delivery-state" | "delivery-person" => {}
            other => unseen.push(other.to_owned()),
        }
    }
    assert_eq!(unseen, Vec::<String>::new(), "tables that nobody looks into");
    found.sort();
    found.dedup();
    found
}
