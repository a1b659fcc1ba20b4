//! A session in memory, and what is worked out from it once.
//!
//! Why beside the session, and not only in tables of their own: what is known of many people is in memory that
//! no processor has at hand, and each table that a request looks into costs it several ways there.

use std::any::Any;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::account::Account;
use crate::domain::session::Session;

/// A session as a store hands it out. What lies beside it goes with it: when the session changes, another
/// one is read.
///
/// In this order, so that what lies beside it is next to the counters of its `Arc`, which every request has to
/// fetch anyway.
#[repr(C)]
pub struct Known {
    beside: Mutex<Beside>,
    session: Session,
}

#[derive(Default)]
struct Beside {
    account: Option<(Option<Arc<Account>>, AsOf)>,
    worked_out: Option<Arc<dyn Any + Send + Sync>>,
}

/// By what a store tells whether a copy still counts. To everybody else it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// What had been dropped when the copy was made.
    pub dropped: NonZeroU64,
    /// Over which line it came.
    pub era: u64,
}

impl Known {
    /// The account of its person as it was when it was looked at last, or that there was none, and what
    /// tells the store whether it still is.
    #[must_use]
    pub fn account(&self) -> Option<(Option<Arc<Account>>, AsOf)> {
        self.beside().account.clone()
    }

    /// Keeps the account of its person.
    pub fn keep_account(&self, account: Option<Arc<Account>>, as_of: AsOf) {
        self.beside().account = Some((account, as_of));
    }

    /// Lets go of what does not count any more.
    pub fn drop_account(&self) {
        self.beside().account = None;
    }

    /// Looks at what was worked out from the session, if it is of this kind.
    pub fn worked_out<T: Any + Send + Sync, R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        // Under the lock, and not at a clone: that would write to memory that only has to be read.
        self.beside().worked_out.as_ref()?.downcast_ref().map(look)
    }

    /// Keeps what was worked out from the session, in place of what was there.
    pub fn keep_worked_out<T: Any + Send + Sync>(&self, what: Arc<T>) {
        self.beside().worked_out = Some(what);
    }

    fn beside(&self) -> MutexGuard<'_, Beside> {
        // Each change is one assignment: whoever panicked has left nothing by halves.
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Session> for Known {
    fn from(session: Session) -> Self {
        Self { beside: Mutex::default(), session }
    }
}

impl Deref for Known {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// What lies beside it follows from it, and does not count.
impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.session == other.session
    }
}

/// What lies beside it proves who somebody is.
impl std::fmt::Debug for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.session.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node keeps a million of them.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_takes_little_room_beside_the_session() {
        let beside = size_of::<Known>() - size_of::<Session>();
        assert!(beside <= 48, "{beside}");
    }
}
