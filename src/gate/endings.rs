//! Streams that hear at once when their session ends on this node.
//!
//! Each listens for its own session alone: with ten thousand streams open, one that signs out must
//! not wake the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::token::{Session, TokenDigest};

/// Who listens for what.
#[derive(Clone, Debug, Default)]
pub struct Endings(Arc<Mutex<HashMap<TokenDigest<Session>, watch::Sender<()>>>>);

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Listening {
    endings: Endings,
    digest: TokenDigest<Session>,
    news: watch::Receiver<()>,
}

impl Endings {
    /// Listens for the end of a session.
    #[must_use]
    pub fn listen(&self, digest: TokenDigest<Session>) -> Listening {
        let news = self.all().entry(digest).or_default().subscribe();
        Listening { endings: self.clone(), digest, news }
    }

    /// Tells the streams of this node that a session has ended.
    pub(super) fn announce(&self, digest: TokenDigest<Session>) {
        if let Some(streams) = self.all().get(&digest) {
            streams.send_replace(());
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<TokenDigest<Session>, watch::Sender<()>>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listening {
    /// Resolves when an end was announced since the last time, also while nobody waited here.
    pub async fn heard(&mut self) {
        if self.news.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut all = self.endings.all();
        // This one still counts.
        if all.get(&self.digest).is_some_and(|streams| streams.receiver_count() <= 1) {
            all.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TokenDigest<Session> = TokenDigest::from_bytes([1; 32]);
    const OTHER: TokenDigest<Session> = TokenDigest::from_bytes([2; 32]);

    fn has_heard(listening: &Listening) -> bool {
        listening.news.has_changed().unwrap()
    }

    #[test]
    fn each_hears_of_its_own_session_and_of_no_other() {
        let endings = Endings::default();
        let (first, second, other) =
            (endings.listen(ONE), endings.listen(ONE), endings.listen(OTHER));
        endings.announce(ONE);
        assert!(has_heard(&first) && has_heard(&second) && !has_heard(&other));
    }

    #[test]
    fn nothing_is_left_behind() {
        let endings = Endings::default();
        let (first, second) = (endings.listen(ONE), endings.listen(ONE));
        drop(first);
        endings.announce(ONE);
        assert!(has_heard(&second));
        drop(second);
        assert!(endings.all().is_empty());
        endings.announce(ONE);
    }

    #[tokio::test]
    async fn what_was_announced_while_nobody_waited_is_heard() {
        let endings = Endings::default();
        let mut listening = endings.listen(ONE);
        endings.announce(ONE);
        listening.heard().await;
    }
}
