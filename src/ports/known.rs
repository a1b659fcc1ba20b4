//! A session in memory, and what is worked out from it once.
//!
//! Why beside the session, and not only in tables of their own: what is known of many people is in memory that
//! no processor has at hand, and each table that a request looks into costs it several ways there.

use std::any::Any;
use std::num::NonZeroU64;
use std::ops::Deref;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prefetch_index::prefetch_index;
use triomphe::HeaderSlice;

use crate::domain::account::Account;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;

/// Bytes that a processor fetches at a time.
const LINE: usize = 64;
/// So many pieces are asked for at a time. Beyond a dozen or two a processor waits; what is read in a row it
/// then asks for itself.
const AT_ONCE: usize = 16;

/// A session as a store hands it out. What lies beside it goes with it: when the session changes, another
/// one is read.
///
/// In this order, so that what finds it and what lies beside it is next to the counters of its `Arc`, which every
/// request has to fetch anyway.
#[repr(C)]
pub struct Known {
    label: Label,
    beside: Mutex<Beside>,
    session: Session,
}

/// Of which record a copy is: a store writes it on what it keeps in memory. To everybody else it says nothing.
#[derive(Clone, Copy)]
pub struct Label {
    /// What the record is found by.
    pub key: [u8; 32],
    /// Over which line it came.
    pub era: u32,
}

#[derive(Default)]
struct Beside {
    /// And what had been dropped when it was looked at. It came over the line of the session itself.
    account: Option<(Option<Arc<Account>>, NonZeroU64)>,
    worked_out: Option<WorkedOut>,
}

/// What follows from a session and is kept beside it: words, and what is known of them in one piece with them.
/// No processor has them at hand, so whoever needs them waits for one piece of memory, not for one that leads to
/// another. Clones share it.
#[derive(Clone)]
pub struct WorkedOut(triomphe::Arc<HeaderSlice<About, [u8]>>);

/// What is known of words that were worked out.
pub struct About {
    /// What they have in common with those of others, in the terms of whoever worked them out.
    pub common: Arc<dyn Any + Send + Sync>,
    /// From when on they hold.
    pub made_at: UnixMillis,
    /// Until when.
    pub reuse_until: UnixMillis,
}

impl WorkedOut {
    /// Puts them into one piece.
    #[must_use]
    pub fn new(about: About, words: &[u8]) -> Self {
        Self(triomphe::Arc::from_header_and_slice(about, words))
    }

    /// What is known of the words.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.0.header
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[u8] {
        &self.0.slice
    }

    /// Asks for its memory, reads none of it, and does not wait for it.
    pub fn fetch(&self) {
        prefetch_index(slice::from_ref(self.about()), 0);
        let words = self.words();
        let begins = (0..words.len()).step_by(LINE).take(AT_ONCE);
        begins.for_each(|at| prefetch_index(words, at));
        // The last may lie in one more: where the first begins in its line is not known.
        prefetch_index(words, words.len().min(AT_ONCE * LINE).saturating_sub(1));
    }
}

/// By what a store tells whether a copy still counts. To everybody else it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// What had been dropped when the copy was made.
    pub dropped: NonZeroU64,
    /// Over which line it came.
    pub era: u32,
}

impl Label {
    /// For what is not kept: it came over no line that changes are told over.
    #[must_use]
    pub fn of_no_line(key: &[u8; 32]) -> Self {
        Self { key: *key, era: 0 }
    }
}

/// A key stands for a session, and is in no message.
impl std::fmt::Debug for Label {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Label(..)")
    }
}

impl Known {
    /// A session that a store has read.
    #[must_use]
    pub fn new(session: Session, label: Label) -> Self {
        Self { label, beside: Mutex::default(), session }
    }

    /// Asks for its own memory behind the label, and does not wait for it. A node with a million sessions has
    /// none of it at hand, and waits a third of a microsecond for each piece that it asks for only when it is
    /// needed: for all together it waits as long as for one.
    pub fn fetch(&self) {
        // Allocators lay it as they like: this may lie in a line that neither the label nor the session has.
        prefetch_index(slice::from_ref(&self.beside), 0);
        // Its first byte, and the one after its last: no more than two lines.
        prefetch_index(slice::from_ref(&self.session), 0);
        prefetch_index(slice::from_ref(&self.session), 1);
    }

    /// The same for what it leads to. Its own memory has to be there for that.
    pub fn fetch_beside(&self) {
        prefetch_index(self.session.email.memory(), 0);
        let beside = self.beside();
        if let Some((Some(account), _)) = &beside.account {
            prefetch_index(slice::from_ref(&**account), 0);
        }
        if let Some(worked_out) = &beside.worked_out {
            worked_out.fetch();
        }
    }

    /// What the store wrote on it.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// The account of its person as it was when it was looked at last, or that there was none, and what
    /// tells the store whether it still is.
    #[must_use]
    pub fn account(&self) -> Option<(Option<Arc<Account>>, AsOf)> {
        let (account, dropped) = self.beside().account.clone()?;
        Some((account, AsOf { dropped, era: self.label.era }))
    }

    /// Keeps the account of its person, if it came over the line of the session itself: with a new line both
    /// are doubted, and one number is enough.
    pub fn keep_account(&self, account: Option<Arc<Account>>, as_of: AsOf) {
        if as_of.era == self.label.era {
            self.beside().account = Some((account, as_of.dropped));
        }
    }

    /// Lets go of what does not count any more.
    pub fn drop_account(&self) {
        self.beside().account = None;
    }

    /// What was worked out from the session.
    #[must_use]
    pub fn worked_out(&self) -> Option<WorkedOut> {
        self.beside().worked_out.clone()
    }

    /// Keeps what was worked out from the session, in place of what was there.
    pub fn keep_worked_out(&self, what: WorkedOut) {
        self.beside().worked_out = Some(what);
    }

    fn beside(&self) -> MutexGuard<'_, Beside> {
        // Each change is one assignment: whoever panicked has left nothing by halves.
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that no store keeps.
impl From<Session> for Known {
    fn from(session: Session) -> Self {
        Self::new(session, Label::of_no_line(&[0; 32]))
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

    /// A node keeps a million of them; 160 bytes with its counters is a size that allocators have. Seven bytes
    /// less, because mimalloc 3 asks itself for as many more, to be sure of the alignment, unless the size is a
    /// power of two (microsoft/mimalloc#889).
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn it_takes_little_room() {
        let counted = size_of::<Known>() + 2 * size_of::<usize>();
        assert!(counted <= 160 - 7, "{counted}");
    }

    /// What stands before the words, with the counter: more of it is more lines for each request. And it fits
    /// where it lies beside the session.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_is_known_of_words_is_short() {
        assert_eq!([size_of::<About>(), size_of::<Option<WorkedOut>>()], [32, 16]);
    }

    #[test]
    fn what_was_worked_out_is_found_beside_it_as_long_as_anybody_has_it() {
        let common: Arc<dyn Any + Send + Sync> = Arc::new("circle");
        for words in ["", "X-Email: ann@example.com\r\n", &"x".repeat(2000)] {
            let about = About {
                common: Arc::clone(&common),
                made_at: UnixMillis(1),
                reuse_until: UnixMillis(2),
            };
            let worked_out = WorkedOut::new(about, words.as_bytes());
            worked_out.fetch();
            let clone = worked_out.clone();
            drop(worked_out);
            assert_eq!(clone.words(), words.as_bytes());
            assert_eq!(clone.about().common.downcast_ref(), Some(&"circle"));
        }
        assert_eq!(Arc::strong_count(&common), 1, "it goes with the last");
    }
}
