//! HTTP/2 that costs the sender little and a careless server much.

use std::time::Duration;

use super::frames::{
    CONTINUATION, END_HEADERS, END_STREAM, Fate, HEADERS, Http2, PING, RST_STREAM, SETTINGS, block,
    frame, literal,
};
use super::scene::{HOST, gate, memory};
use crate::support::client::raw;
use crate::support::gate::Gate;

const PATIENCE: Duration = Duration::from_secs(10);
/// What an attack on one connection may add to the process, in KiB.
const BOUND: u64 = 48 * 1024;

fn get(path: &str) -> Vec<u8> {
    let fields = [(":method", "GET"), (":scheme", "https"), (":authority", HOST), (":path", path)];
    block(&fields.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

/// The process still serves, and has not grown beyond the bound.
async fn assert_bounded(gate: &Gate, before: u64) {
    let request = format!("GET /public/after HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    assert_eq!(raw(gate.address, request.as_bytes()).await.status, 200);
    let grown = memory(gate).await.saturating_sub(before);
    assert!(grown < BOUND, "{grown} KiB more");
    let log = gate.whole_log().await;
    assert!(!log.contains("panic"), "{log}");
}

async fn warm(gate: &Gate) -> u64 {
    let mut http2 = Http2::open(gate.address).await;
    http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/public/x"))).await;
    assert_eq!(http2.fate(1, PATIENCE).await, Fate::Status(200));
    memory(gate).await
}

/// CVE-2016-6581, CVE-2026-105297: one large field in the table, then references of one byte.
#[tokio::test]
async fn a_header_bomb_is_refused_within_bounded_memory() {
    let gate = gate().await;
    let before = warm(&gate).await;
    gate.upstream.forget();
    let mut http2 = Http2::open(gate.address).await;
    let large = literal(0x40, "x-bomb", &"a".repeat(3900));
    let first = [get("/public/bomb"), large].concat();
    http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &first)).await;
    // Index 62 is the newest entry of the table: 8,000 references are 31 MB of fields.
    let bomb = [get("/public/bomb"), vec![0x80 | 62; 8000]].concat();
    for stream in (3..=201).step_by(2) {
        if !http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, stream, &bomb)).await {
            break;
        }
    }
    let fate = http2.fate(3, PATIENCE).await;
    assert!(matches!(fate, Fate::Refused | Fate::Status(400..=499)), "{fate:?}");
    let bombs = gate.upstream.seen();
    assert!(bombs.len() <= 1, "only the first one, which is no bomb: {}", bombs.len());
    assert_bounded(&gate, before).await;
}

/// CVE-2023-44487: streams opened and reset at once.
#[tokio::test]
async fn rapid_resets_end_the_connection_or_cost_nothing() {
    let gate = gate().await;
    let before = warm(&gate).await;
    let mut http2 = Http2::open(gate.address).await;
    for round in 0..20_000u32 {
        let stream = 1 + 2 * round;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/public/reset"));
        let reset = frame(RST_STREAM, 0, stream, &8u32.to_be_bytes());
        if !http2.send(&[open, reset].concat()).await {
            break;
        }
    }
    assert_bounded(&gate, before).await;
}

/// CVE-2024-27316 and its kin: a header block that never ends.
#[tokio::test]
async fn endless_continuations_are_refused() {
    let gate = gate().await;
    let before = warm(&gate).await;
    let mut http2 = Http2::open(gate.address).await;
    http2.send(&frame(HEADERS, END_STREAM, 1, &get("/public/x"))).await;
    let more: Vec<u8> = (0..100).flat_map(|_| literal(0, "x-more", &"a".repeat(100))).collect();
    for _ in 0..3000 {
        if !http2.send(&frame(CONTINUATION, 0, 1, &more)).await {
            break;
        }
    }
    let fate = http2.fate(1, PATIENCE).await;
    assert!(matches!(fate, Fate::Refused | Fate::Status(400..=499)), "{fate:?}");
    assert_bounded(&gate, before).await;
}

/// CVE-2019-9512 and CVE-2019-9515: frames that must be acknowledged, from a client that reads
/// nothing.
#[tokio::test]
async fn pings_and_settings_without_end_fill_nothing() {
    let gate = gate().await;
    let before = warm(&gate).await;
    let pings = frame(PING, 0, 0, &[7; 8]).repeat(1000);
    let settings = frame(SETTINGS, 0, 0, &[]).repeat(1000);
    for burst in [pings, settings] {
        let mut http2 = Http2::open(gate.address).await;
        for _ in 0..200 {
            // A server that stops reading is one that protects itself.
            let sent = tokio::time::timeout(Duration::from_millis(500), http2.send(&burst)).await;
            if !sent.unwrap_or(false) {
                break;
            }
        }
    }
    assert_bounded(&gate, before).await;
}
