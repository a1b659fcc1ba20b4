//! What several groups of tests stand on.

pub mod alike;
pub mod app;
pub mod cable;
pub mod certificates;
pub mod chromium;
pub mod client;
pub mod clocked_redis;
pub mod connection;
pub mod dns;
pub mod events;
pub mod front;
pub mod gallery;
pub mod gate;
pub mod mail;
pub mod mail_api;
pub mod port;
pub mod processes;
pub mod redis;
pub mod redis_fleets;
pub mod smtp;
pub mod stores;
pub mod trouble;
pub mod upstream;
pub mod webmail;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::MissedTickBehavior;

/// A program of the system. Debian puts servers where only root looks.
pub fn program(name: &str) -> Command {
    let place: Option<PathBuf> =
        Some(Path::new("/usr/sbin").join(name)).filter(|place| place.exists());
    Command::new(place.unwrap_or_else(|| name.into()))
}

/// A folder that ends with its test; in memory, where that can be. The embedded store waits for the
/// disk with every write, and a disk that others write to as well takes seconds for each of them.
pub fn folder() -> TempDir {
    let in_memory = TempDir::new_in("/dev/shm");
    in_memory.or_else(|_| TempDir::new()).expect("a folder")
}

/// Between two questions.
const BEAT: Duration = Duration::from_millis(10);

/// Asks again and again until the answer is there; fails after ten seconds.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(Duration::from_secs(10), what, ask).await
}

/// The same for what takes longer by design.
pub async fn eventually_within<T>(
    within: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    let asked = async {
        // A machine that stands still does so for linkgate, too: that time is no time to answer in. So
        // beats are counted, and one that comes late counts once.
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..within.as_millis() / BEAT.as_millis() {
            beat.tick().await;
            if let Some(answer) = ask().await {
                return Some(answer);
            }
        }
        None
    };
    // Against a question that is never answered.
    match tokio::time::timeout(within * 3, asked).await {
        Ok(Some(answer)) => answer,
        Ok(None) | Err(_) => panic!("waited {:?} for: {what}", began.elapsed()),
    }
}
