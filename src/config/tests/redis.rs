//! Redis: one server, Sentinels, a Cluster, and what belongs to which.

use super::{edited, parse, report};
use crate::config::{Password, RedisConfig, RedisServers, StoreConfig};

const STORE: &str = "store: { embedded: { path: data } }\n";

/// `store.redis` with these keys.
fn yaml(keys: &str) -> String {
    format!("store: {{ redis: {{ {keys} }} }}\nsecret: {{ env: LINKGATE_SECRET }}\n")
}

fn redis(keys: &str) -> RedisConfig {
    match parse(&edited(STORE, &yaml(keys))) {
        Ok(config) => {
            let shown = format!("{config:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("open sesame"), "{shown}");
            let StoreConfig::Redis(redis) = config.store else { panic!("{keys}") };
            redis
        }
        Err(problems) => panic!("{problems}"),
    }
}

fn texts(urls: &[Password]) -> Vec<&str> {
    urls.iter().map(Password::expose).collect()
}

#[test]
fn sentinels_are_named_in_one_url() {
    let found = redis("url: \"redis+sentinel://a.example.com,b.example.com:26380/mymaster\"");
    let RedisServers::Sentinels { urls, master } = &found.servers else { panic!() };
    let expected = ["redis://a.example.com:26379/", "redis://b.example.com:26380/"];
    assert_eq!((texts(urls).as_slice(), master.as_str()), (expected.as_slice(), "mymaster"));
    assert!(found.sentinel_login.is_none() && found.identity.is_none());
    let found = redis(
        "url: { env: REDIS_SENTINELS }, ca: site.pem, certificate: site.pem, key: site.key, \
         sentinel: { username: watcher, password: { env: SMTP_PASSWORD } }",
    );
    let RedisServers::Sentinels { urls, master } = &found.servers else { panic!() };
    let login = "rediss://gate:hunter2@";
    let expected = ["a:26379/2", "b:26380/2", "[::1]:26379/2"].map(|it| format!("{login}{it}"));
    assert_eq!(
        (texts(urls), master.as_str()),
        (expected.iter().map(String::as_str).collect(), "main")
    );
    assert_eq!(found.ca, Some("etc/site.pem".into()));
    let identity = found.identity.unwrap();
    assert_eq!(identity.certificate, std::path::PathBuf::from("etc/site.pem"));
    assert_eq!(identity.key, std::path::PathBuf::from("etc/site.key"));
    let (username, password) = found.sentinel_login.unwrap();
    assert_eq!((username.as_deref(), password.expose()), (Some("watcher"), "open sesame"));
    let found =
        redis("url: \"redis+sentinel://a/m\", sentinel: { password: { env: SMTP_PASSWORD } }");
    assert_eq!(found.sentinel_login.unwrap().0, None);
}

#[test]
fn a_cluster_is_a_list_or_one_url() {
    for (keys, expected) in [
        ("url: [\"redis://a\", \"redis://b:7000\"]", ["redis://a:6379", "redis://b:7000"]),
        ("url: \"redis+cluster://a,b:7000/0\"", ["redis://a:6379/", "redis://b:7000/"]),
        (
            "url: { env: REDIS_CLUSTER }",
            ["rediss://gate:hunter2@a:6379", "rediss://gate:hunter2@b:7000"],
        ),
        (
            "url: { env: REDIS_SEEDS }",
            ["redis://gate:hunter2@a:6379/", "redis://gate:hunter2@b:7000/"],
        ),
    ] {
        let found = redis(keys);
        let RedisServers::Cluster(urls) = &found.servers else { panic!("{keys}") };
        assert_eq!(texts(urls), expected, "{keys}");
    }
    let one = redis("url: [\"redis://cluster.example.com\"]");
    assert!(matches!(&one.servers, RedisServers::Cluster(urls) if urls.len() == 1));
}

#[test]
fn mistakes_about_redis() {
    let cases = [
        ("sentinels without a name", "url: \"redis+sentinel://a,b\""),
        ("sentinels and an odd name", "url: \"redis+sentinel://a,b/my master\""),
        ("sentinels and an odd database", "url: \"redis+sentinel://a,b/main/two\""),
        ("a sentinel without a host", "url: \"redis+sentinel://a,,b/main\""),
        ("a login in the file", "url: \"redis+sentinel://:hunter2@a,b/main\""),
        ("no cluster", "url: []"),
        ("a cluster of something else", "url: [\"redis://a\", \"redis+sentinel://b/main\"]"),
        ("a cluster of two kinds", "url: { env: REDIS_BOTH }"),
        ("a cluster with two logins", "url: { env: REDIS_TWO_LOGINS }"),
        ("a cluster that speaks TLS in part", "url: { env: REDIS_MIXED }"),
        ("a cluster and a database", "url: { env: REDIS_DATABASE }"),
        ("a cluster and a database in one", "url: \"redis+cluster://a,b/1\""),
        ("commas without saying why", "url: \"redis://a,b\""),
        ("commas without saying why, in a secret", "url: { env: REDIS_COMMAS }"),
        ("nobody is checked", "url: { env: REDIS_INSECURE }"),
        ("a port of nothing", "url: \"redis://a:99999\""),
        ("an authority without TLS", "url: \"redis://a\", ca: site.pem"),
        (
            "a client certificate without TLS",
            "url: \"redis+cluster://a\", certificate: site.pem, key: site.key",
        ),
        ("a client certificate without its key", "url: \"rediss://a\", certificate: site.pem"),
        ("a key without its certificate", "url: \"rediss://a\", key: site.key"),
        (
            "a certificate and the key of another",
            "url: \"rediss://a\", certificate: site.pem, key: other.key",
        ),
        ("a key in the file", "url: \"rediss://a\", certificate: site.pem, key: hunter2"),
        (
            "a login at sentinels that there are not",
            "url: \"redis://a\", sentinel: { password: { env: SMTP_PASSWORD } }",
        ),
        ("a login at sentinels of nobody", "url: \"redis+sentinel://a/m\", sentinel: {}"),
        (
            "a password of sentinels in the file",
            "url: \"redis+sentinel://a/m\", sentinel: { username: a, password: hunter2 }",
        ),
        ("keys of another driver", "url: \"redis://a\", cluster: true"),
    ];
    let cases = cases.map(|(what, keys)| (what, yaml(keys)));
    let cases: Vec<_> = cases.iter().map(|(what, keys)| (*what, STORE, keys.as_str())).collect();
    let told = report(&cases);
    assert!(!told.contains("hunter"), "{told}");
    insta::assert_snapshot!(told);
}
