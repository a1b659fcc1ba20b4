//! Ports that are free.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use linkgate::ports::{Entropy, OsEntropy};

/// A port that is free now, and that nothing of ours gets again. Not one that the system would pick:
/// those it gives to every outgoing connection as well, and one of them would have it before linkgate
/// listens. Another process may still take it; then linkgate says so and the test fails with its
/// words.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().expect("no panic");
    for _ in 0..1000 {
        let mut bytes = [0; 2];
        OsEntropy.fill(&mut bytes);
        // From 11000 on: Chromium refuses to open some below.
        let port = 11_000 + u16::from_le_bytes(bytes) % 21_000;
        if !given.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            given.insert(port);
            return port;
        }
    }
    panic!("no free port between 11000 and 32000");
}
