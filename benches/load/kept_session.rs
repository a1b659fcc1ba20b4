//! What a session takes up in memory where it is kept for the requests to come.
//!
//! `kept-session COUNT`
//!
//! Keeps so many, each of another person, and prints one JSON object: bytes for each that the process has
//! grown by, how many bytes its texts have (address, origin, browser), and how many of these are nobody
//! else's (the address).

use std::error::Error;
use std::time::Duration;

use linkgate::adapters::kept::{Copies, Trust};
use linkgate::domain::email::EmailAddress;
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::time::UnixMillis;

/// As linkgate itself has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DAY: Duration = Duration::from_secs(86_400);
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn main() -> Result<(), Box<dyn Error>> {
    let count: u32 = std::env::args().nth(1).ok_or("COUNT is missing")?.parse()?;
    // With room to spare: the parts of the cache are never filled evenly.
    let copies = Copies::new(Trust::always(), count as usize + count as usize / 3);
    let (before, mut texts, mut own) = (resident()?, 0, 0);
    for number in 0..count {
        let session = session(number)?;
        let parts = [session.email.identity(), session.realm(), session.browser()];
        texts += parts.iter().map(|text| text.len() as u64).sum::<u64>();
        own += session.email.identity().len() as u64;
        let key = key(number);
        let label = copies.trust.era().label(&key);
        copies.sessions.keep(copies.sessions.begin(&key), copies.known(session, label));
    }
    let grown = resident()?.saturating_sub(before);
    let found = copies.sessions.len() as u64;
    let each = |bytes: u64| bytes as f64 / f64::from(count);
    #[expect(clippy::print_stdout, reason = "its result")]
    {
        println!(
            "{}",
            serde_json::json!({
                "kept": found,
                "bytes": each(grown),
                "texts": each(texts),
                "own": each(own),
            })
        );
    }
    Ok(())
}

fn session(number: u32) -> Result<Session, Box<dyn Error>> {
    Ok(Session {
        email: EmailAddress::parse(&format!("person{number}@example.com"))?,
        signed_in_at: NOW,
        last_seen: NOW,
        expires_at: NOW.after(7 * DAY),
        surroundings: Surroundings::new("https://app.example.com", "Firefox on Linux"),
        network: "192.0.2.0/24".parse()?,
    })
}

/// Spread evenly, as digests are (the mixer of SplitMix64, Steele et al. 2014).
fn key(number: u32) -> [u8; 32] {
    let mut state = u64::from(number);
    let mut key = [0; 32];
    for part in key.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    key
}

/// Bytes of memory that this process holds.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
