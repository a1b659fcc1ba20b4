//! Counting, pauses, and what operators do about them.

use async_trait::async_trait;

use super::Stored;
use crate::domain::limit::{Counted, Hit, LimitKey, Verdict};
use crate::domain::time::UnixMillis;

/// Counts, and pauses.
#[async_trait]
pub trait Limits: Send + Sync {
    /// Counts a group of hits, all or none, in one atomic step: if one of them is used up, none is
    /// counted, so that a refused try never prolongs the wait.
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict>;

    /// Holds something back until a moment. A pause is never made shorter.
    async fn pause(&self, key: LimitKey, until: UnixMillis, now: UnixMillis) -> Stored<()>;

    /// Whether it is held back now. Changes nothing.
    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool>;

    /// What is counted under each of these keys in a window that is open now, in their order. A pause
    /// that lasts is one, too. Changes nothing.
    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>>;

    /// Forgets what is counted or held back under these keys, in one atomic step. Returns how many of
    /// their windows were open.
    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64>;
}
