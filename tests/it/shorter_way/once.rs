//! Whoever does not pass is looked up once, whichever way the request goes.

use std::sync::Arc;

use super::BOTH;
use super::heard::Talk;
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

/// Reads of sessions that Redis has served.
async fn reads(redis: &RedisServer) -> u64 {
    let stats: String = redis.ask(&["INFO", "commandstats"]).await.expect("an answer");
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_hmget:calls="));
    line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_session_that_has_ended_is_looked_up_once_for_each_request() {
    let redis = Arc::new(RedisServer::start().await);
    let gate = Kind::redis_at(Arc::clone(&redis)).gate().await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, "ann@example.com", "/.linkgate/account").await;
    let cookie = ann.cookie_line();
    assert_eq!(ann.post("/.linkgate/sign-out", &[]).await.status, 303);
    // What is noted for the audit record reads, too, and comes later.
    gate.recorded("ann@example.com", "session_ended", 1).await;
    let mut looked = Vec::new();
    for way in BOTH {
        let mut talk = Talk::open(gate.address).await;
        let before = reads(&redis).await;
        for _ in 0..10 {
            let head = way.head("GET", &gate.host, "/x", &format!("{cookie}Accept: text/html\r\n"));
            talk.say(&head).await;
            assert_eq!(talk.hear(false).await.answer.status, 303, "{way:?}");
        }
        looked.push(reads(&redis).await - before);
    }
    assert!(looked[1] >= 10, "each of them is looked up: {looked:?}");
    assert_eq!(looked[0], looked[1], "by the shorter way, and by the long one");
}
