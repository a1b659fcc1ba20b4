//! What a Redis store leaves in Redis.

use std::sync::Arc;

use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::domain::account::{Account, AccountOrigin};
use linkgate::domain::event::{Erasure, What};
use linkgate::domain::limit::{Limited, PersonKey};
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{AccountChange, AccountChanged, AccountFound, Settled, Store};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::limits::hit;
use super::service_tokens::{self, token};
use super::world::{
    ANN, HISTORY, LIFETIME, NOW, Place, SESSION_LIFETIME, World, browser, link, mail,
    session_digest,
};
use crate::audit::samples;
use crate::support::redis::RedisServer;

/// Longer than values count, keys live at most.
const SLACK: i64 = 600_000;

async fn connect(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn keys(connection: &mut MultiplexedConnection, prefix: &str) -> Vec<String> {
    connection.keys(format!("{prefix}:*")).await.unwrap()
}

/// Every key has a time to live that outlasts its value, but not by much; the outbox is swept.
pub(super) async fn leave_in_time(world: &World, url: &str, prefix: &str) {
    let mut connection = connect(url).await;
    let outbox = format!("{prefix}:outbox");
    let lifetime = LIFETIME.as_millis() as i64;
    let week = SESSION_LIFETIME.as_millis() as i64;
    for key in keys(&mut connection, prefix).await {
        let ttl: i64 = connection.pttl(&key).await.unwrap();
        let kind = key.split(':').nth(1).unwrap();
        let expected = match kind {
            "outbox" | "deliveries" => -1,
            "delivery" | "deliveries-of" => HISTORY.as_millis() as i64,
            "attempt" if key.ends_with(&link(3).to_hex()) => week,
            "attempt" | "browser" | "mail" | "open" => lifetime,
            "session" | "person" => week,
            "limit" => 3_600_000,
            _ => panic!("a key that this test does not know: {key}"),
        };
        let room = expected + SLACK - 60_000..=expected + SLACK;
        assert!(room.contains(&ttl) || (expected == -1 && ttl == -1), "{key}: {ttl} ms");
    }
    let end = NOW.after(LIFETIME);
    assert_eq!(world.store.sweep(NOW).await.unwrap(), 0);
    assert_eq!(world.store.sweep(end).await.unwrap(), 3, "three mails");
    assert!(!keys(&mut connection, prefix).await.contains(&outbox));
    assert_eq!(world.store.sweep(NOW.after(HISTORY)).await.unwrap(), 3, "their places in a list");
    let left = keys(&mut connection, prefix).await;
    assert!(!left.iter().any(|key| key.contains(":deliveries:")), "{left:?}");
    assert!(world.store.attempt(link(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn what_of_a_person_cannot_be_read_goes_when_they_are_erased() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let event = samples::event(NOW, 1, Some((ANN, "ann@example.com")), What::Reported);
    world.store.append(std::slice::from_ref(&event)).await.unwrap();
    let mut connection = connect(&server.url()).await;
    let record = format!("{prefix}:events");
    let members: Vec<String> = connection.zrange(&record, 0, -1).await.unwrap();
    let [member] = &members[..] else { panic!("{members:?}") };
    let planted = format!("{}{{\"of\":\"tomorrow: ann@example.com\"}}", &member[..96]);
    let _: () = connection.zrem(&record, member).await.unwrap();
    let _: () = connection.zadd(&record, planted, 0).await.unwrap();
    let erasure = Erasure { person: ANN, until: NOW, keep_until: NOW.after(LIFETIME) };
    assert_eq!(world.store.erase(&erasure, NOW).await.unwrap(), 1);
    let left = keys(&mut connection, prefix).await;
    assert!(!left.iter().any(|key| key.contains("events")), "{left:?}");
}

/// What another version wrote last says nothing about which events are there.
#[tokio::test]
async fn an_event_is_there_once_beside_what_nobody_can_read() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let mut connection = connect(&server.url()).await;
    let record = format!("{prefix}:events");
    let event = samples::event(NOW, 1, Some((ANN, "ann@example.com")), What::Reported);
    world.store.append(std::slice::from_ref(&event)).await.unwrap();
    for planted in ["02", "0", "~", "zz of tomorrow", "ffffffffffff of tomorrow"] {
        let _: () = connection.zadd(&record, planted, 0).await.unwrap();
        world.store.append(&[event.erased()]).await.unwrap();
        let members: usize = connection.zcard(&record).await.unwrap();
        assert_eq!(members, 2, "{planted}");
        let _: () = connection.zrem(&record, planted).await.unwrap();
    }
}

#[tokio::test]
async fn an_erasure_that_cannot_be_read_holds() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let mut connection = connect(&server.url()).await;
    let erasure = Erasure { person: ANN, until: NOW, keep_until: NOW.after(LIFETIME) };
    world.store.erase(&erasure, NOW).await.unwrap();
    let all = keys(&mut connection, prefix).await;
    let erased: Vec<_> = all.iter().filter(|key| key.contains(":erased:")).collect();
    let [erased] = &erased[..] else { panic!("{all:?}") };
    let _: () = connection.hset(*erased, "until", "tomorrow").await.unwrap();
    let event = samples::event(NOW, 1, Some((ANN, "ann@example.com")), What::Reported);
    world.store.append(std::slice::from_ref(&event)).await.unwrap();
    let members: Vec<String> = connection.zrange(format!("{prefix}:events"), 0, -1).await.unwrap();
    assert!(!members.iter().any(|member| member.contains("ann@example.com")), "{members:?}");
}

#[tokio::test]
async fn keys_hold_digests_and_nothing_holds_a_secret() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    world.signed_in(1, ANN).await;
    world.begin(2, 2, ANN, NOW).await;
    world.store.hit(&[hit(Limited::MailsToAddress, 1, "1/1h")], NOW).await.unwrap();
    let pause = hit(Limited::Pause, 1, "1/1h").key;
    world.store.pause(pause, NOW.after(LIFETIME), NOW).await.unwrap();
    let email = linkgate::domain::email::EmailAddress::parse("ann@example.com").unwrap();
    let account = Account::new(email, AccountOrigin::Added, NOW);
    let change =
        AccountChange { person: ANN, from: None, to: Some(&account), ends_sessions: false };
    world.store.change_account(change).await.unwrap();
    service_tokens::add(&*world.store, 1, "backup").await;
    let mut kinds = Vec::new();
    for key in keys(&mut connect(&server.url()).await, prefix).await {
        let rest = key.strip_prefix(&format!("{prefix}:")).unwrap().to_owned();
        let is_list = rest.starts_with("deliveries:");
        let (kind, id) = rest.rsplit_once(':').filter(|_| !is_list).unwrap_or((&rest, ""));
        let is_hex = id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        assert!(is_hex && [0, 32, 64, 128].contains(&id.len()), "{key}");
        kinds.push(kind.to_owned());
    }
    kinds.sort();
    kinds.dedup();
    let expected = [
        "account",
        "accounts",
        "attempt",
        "browser",
        "deliveries-of",
        "deliveries:queued",
        "delivery",
        "limit:email",
        "limit:pause",
        "mail",
        "open",
        "outbox",
        "person",
        "session",
        "token",
        "tokens",
    ];
    assert_eq!(kinds, expected);
}

/// One browser that asks for one address after the other, for ever, fills no key.
#[tokio::test]
async fn a_browser_that_goes_on_asking_leaves_nothing_that_grows() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    for n in 1..30u8 {
        world.begin(u32::from(n), 1, PersonKey([n; 32]), NOW).await;
    }
    let mut connection = connect(&server.url()).await;
    let mut hashes = 0;
    for key in keys(&mut connection, prefix).await {
        if !key.ends_with(":outbox") && !key.contains(":deliveries:") {
            if !key.contains(":deliver") {
                let fields: u64 = connection.hlen(&key).await.unwrap();
                assert!(fields <= 4, "{key}: {fields} fields");
            }
            let ttl: i64 = connection.pttl(&key).await.unwrap();
            assert!(ttl > 0, "{key} leaves by itself");
            hashes += 1;
        }
    }
    assert_eq!(hashes, 1 + 5 * 29, "the browser, and attempt, mail, record and places of each");
}

/// The key of a token goes by itself; its place among the names goes with the next look at the list,
/// or when somebody wants the name.
#[tokio::test]
async fn a_service_token_leaves_in_time_and_its_name_with_it() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let mut connection = connect(&server.url()).await;
    let store = &*world.store;
    let key = |n: u8| format!("{prefix}:token:{}", service_tokens::digest(n).to_hex());
    for (n, name) in [(1, "backup"), (2, "audit")] {
        assert!(service_tokens::add(store, n, name).await);
        store.note_use(service_tokens::digest(n), UnixMillis(NOW.0 + 1)).await.unwrap();
        let ttl: i64 = connection.pttl(key(n)).await.unwrap();
        let longest = 2 * LIFETIME.as_millis() as i64 + SLACK;
        assert!((longest - 60_000..=longest).contains(&ttl), "{name}: {ttl} ms");
    }
    assert!(!service_tokens::add(store, 3, "backup").await, "the name is taken until then");
    // What Redis does when the time is over, and nobody of linkgate hears of it.
    let mut clock = connection.clone();
    let mut is_over = async |n: u8| -> bool { clock.pexpire_at(key(n), 1).await.unwrap() };
    assert!(is_over(1).await);
    assert_eq!(store.token(service_tokens::digest(1)).await.unwrap(), None);
    let names = format!("{prefix}:tokens");
    let named: Vec<String> = connection.hkeys(&names).await.unwrap();
    assert_eq!(named.len(), 2, "until somebody looks");
    assert_eq!(
        store.tokens().await.unwrap().iter().map(|it| &it.name).collect::<Vec<_>>(),
        [&token("audit").name]
    );
    let named: Vec<String> = connection.hkeys(&names).await.unwrap();
    assert_eq!(named, ["audit"], "the list has forgotten the name");
    assert!(!store.revoke_token(&"backup".parse().unwrap()).await.unwrap());
    assert!(service_tokens::add(store, 3, "backup").await);
    // And without a look at the list.
    assert!(is_over(2).await);
    assert!(service_tokens::add(store, 4, "audit").await);
    assert_eq!(
        store.token(service_tokens::digest(4)).await.unwrap(),
        Some(Arc::new(token("audit")))
    );
    assert_eq!(store.tokens().await.unwrap(), [token("audit"), token("backup")]);
    assert_eq!(connection.hlen::<_, u64>(&names).await.unwrap(), 2);
}

#[tokio::test]
async fn odd_versions_read_as_absent() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let session = world.signed_in(1, ANN).await;
    world.begin(2, 2, ANN, NOW).await;
    let mut connection = connect(&server.url()).await;
    for key in keys(&mut connection, prefix).await {
        let is_list = key.contains(":person:") || key.contains(":deliveries");
        if key.split(':').nth(1) != Some("outbox") && !is_list {
            let _: i64 = connection.hset(&key, "v", "2").await.unwrap();
        }
    }
    let store = &world.store;
    assert!(store.attempt(link(2)).await.unwrap().is_none());
    assert!(store.latest(browser(2)).await.unwrap().is_none());
    assert!(!store.count_try(link(2), 5).await.unwrap());
    assert_eq!(world.settle(2, 9, ANN).await, linkgate::ports::Settled::Changed);
    assert!(store.session(session).await.unwrap().is_none());
    assert!(store.session(session_digest(9)).await.unwrap().is_none());
    assert_eq!(store.sessions_of(ANN, NOW).await.unwrap(), []);
    store.touch(session, NOW.after(LIFETIME)).await.unwrap();
    assert!(store.claim(9, LIFETIME, NOW).await.unwrap().is_empty());
    let kept: bool =
        connection.exists(format!("{prefix}:mail:{}", mail(2).id.to_hex())).await.unwrap();
    assert!(kept, "a node that knows it may still hand it over");
    let member: bool = connection
        .sismember(format!("{prefix}:person:{}", "a1".repeat(32)), session.to_hex())
        .await
        .unwrap();
    assert!(member, "and its session stays listed for those that know it");
}

/// An account that cannot be read may be a suspension: it admits nobody and is not written over.
#[tokio::test]
async fn an_account_of_another_version_admits_nobody() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let email = linkgate::domain::email::EmailAddress::parse("ann@example.com").unwrap();
    let account = Account::new(email, AccountOrigin::Added, NOW);
    let change =
        AccountChange { person: ANN, from: None, to: Some(&account), ends_sessions: false };
    world.store.change_account(change).await.unwrap();
    let mut connection = connect(&server.url()).await;
    let key = format!("{prefix}:account:{}", "a1".repeat(32));
    let _: i64 = connection.hset(&key, "v", "2").await.unwrap();
    assert_eq!(world.store.account(ANN).await.unwrap(), AccountFound::Unreadable);
    assert_eq!(world.store.accounts(None, 9).await.unwrap(), []);
    for from in [None, Some(account.revision)] {
        let change = AccountChange { person: ANN, from, to: None, ends_sessions: true };
        let changed = world.store.change_account(change).await.unwrap();
        assert_eq!(changed, AccountChanged::Stale);
    }
    world.begin(1, 1, ANN, NOW).await;
    assert_eq!(world.settle(1, 1, ANN).await, Settled::Barred);
    assert_eq!(world.store.sessions_of(ANN, NOW).await.unwrap(), []);
    let forgotten = world.store.forget_account(ANN).await.unwrap();
    assert!(forgotten.was_there, "who wants nothing of theirs to be left");
    assert_eq!(world.store.account(ANN).await.unwrap(), AccountFound::Nothing);
}

#[tokio::test]
async fn a_damaged_value_reads_as_absent() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let session = world.signed_in(1, ANN).await;
    let mut connection = connect(&server.url()).await;
    let key = format!("{prefix}:session:{}", session.to_hex());
    let _: i64 = connection.hset(&key, "d", b"\xff\xfe{".as_slice()).await.unwrap();
    assert!(world.store.session(session).await.unwrap().is_none());
    let key = format!("{prefix}:attempt:{}", link(1).to_hex());
    let _: i64 = connection.hset(&key, "state", "paused:1").await.unwrap();
    assert!(world.store.attempt(link(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn sessions_that_redis_removed_leave_the_index() {
    let world = World::redis().await;
    let Place::Redis { server, prefix } = &world.place else { unreachable!() };
    let (gone, stays) = (world.signed_in(1, ANN).await, world.signed_in(2, ANN).await);
    let mut connection = connect(&server.url()).await;
    let _: i64 = connection.del(format!("{prefix}:session:{}", gone.to_hex())).await.unwrap();
    let left = world.store.sessions_of(ANN, NOW).await.unwrap();
    assert_eq!(left.len(), 1);
    let members: Vec<String> =
        connection.smembers(format!("{prefix}:person:{}", "a1".repeat(32))).await.unwrap();
    assert_eq!(members, [stays.to_hex()]);
}

#[tokio::test]
async fn scripts_come_back_after_redis_forgot_them() {
    // Its own server: the scripts of all others are forgotten, too.
    let world = World::redis_at(Arc::new(RedisServer::start().await));
    let Place::Redis { server, .. } = &world.place else { unreachable!() };
    world.begin(1, 1, ANN, NOW).await;
    let mut connection = connect(&server.url()).await;
    let () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut connection).await.unwrap();
    world.begin(2, 2, ANN, NOW).await;
    assert!(world.store.attempt(link(2)).await.unwrap().is_some());
}

#[tokio::test]
async fn two_prefixes_see_nothing_of_each_other() {
    let world = World::redis().await;
    let Place::Redis { server, .. } = &world.place else { unreachable!() };
    world.begin(1, 1, ANN, NOW).await;
    let other = RedisStore::new(&server.url(), "another", RedisOptions::default()).unwrap();
    let other: &dyn Store = &other;
    assert!(other.attempt(link(1)).await.unwrap().is_none());
    assert!(other.claim(9, LIFETIME, NOW).await.unwrap().is_empty());
}

/// Neither record nor indexes are left once the last event is removed.
pub(super) async fn holds_no_events(world: &World) {
    let Place::Redis { server, prefix } = &world.place else { return };
    let left = keys(&mut connect(&server.url()).await, prefix).await;
    assert!(!left.iter().any(|key| key.contains("events")), "{left:?}");
}
