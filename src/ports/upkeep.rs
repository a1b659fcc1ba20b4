//! Keeping a store in order, and whose it is.

use async_trait::async_trait;

use super::Stored;
use crate::domain::secret::{Birth, Mark};
use crate::domain::time::UnixMillis;

/// Whose a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The installation's that asks.
    Ours(Birth),
    /// Another installation's, or one's whose mark cannot be read.
    Another,
    /// Nobody's: it has no mark.
    Nobody,
}

/// What keeps a store in order.
///
/// People are found by hashes under the secret of an installation: with another one nobody is, and
/// somebody who is suspended would be a stranger whom `allow` lets in. Therefore a store has the mark
/// of its installation. Law 1: only [`adopt`](Self::adopt) writes it, in one atomic step and once; of
/// all callers in all processes that adopt a store, one has it, and all are told whose it is. Law 2: a
/// store without a mark that holds sessions, accounts, service tokens or changed signing keys is
/// adopted by nobody: the mark was lost, and whose they are is not known.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Asks whether the store answers.
    async fn ping(&self) -> Stored<()>;

    /// Whether the store was certainly there a moment ago, if that is known without asking it.
    fn is_heard(&self) -> bool {
        false
    }

    /// Removes what is over. Returns how many records went.
    async fn sweep(&self, now: UnixMillis) -> Stored<u64>;

    /// Whose the store is. Changes nothing.
    async fn owner(&self, mark: Mark) -> Stored<Owner>;

    /// Gives a store that is nobody's and empty to the installation with this mark, for good. Returns
    /// whose it is then.
    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner>;

    /// It is known to be the store of this run: the mark is the installation's, and the birth the one that
    /// was found first. A store that is reached over several connections holds each to that.
    fn confirmed(&self, mark: Mark, birth: Birth);

    /// Whether there is nothing in it that another secret would not find: no session, no account, no
    /// service token, no changed signing keys.
    async fn is_empty(&self) -> Stored<bool>;

    /// How many sessions there are, idle ones included, where the store knows without counting.
    async fn sessions_held(&self) -> Stored<Option<u64>> {
        Ok(None)
    }

    /// The store's own time, if it has one: nodes that share a store judge expiry by it, so that a
    /// node with a wrong clock changes nothing.
    async fn time(&self) -> Stored<Option<UnixMillis>>;
}
