//! Reading the audit record.

use std::time::Duration;

use super::Gate;
use crate::domain::email::EmailAddress;
use crate::domain::event::{Erasure, What};
use crate::ports::{EventPage, EventQuery, Stored};

/// How long what waits may take to be written before somebody is erased. It is erased either way, but only
/// what is written by then is counted.
const ERASE_PATIENCE: Duration = Duration::from_secs(2);
/// What happens so soon after somebody was erased belongs to what was under way, and the clocks of other
/// processes may be a little behind.
const UNDER_WAY: Duration = Duration::from_secs(10);
/// How long it is remembered that somebody was erased. Longer than anything waits in the memory of a process
/// that has lost its store: what is older is written without anybody in it.
pub(super) const REMEMBERED: Duration = Duration::from_secs(7 * 86_400);

impl Gate {
    /// A page of events. What was noted in the last moment may be missing: it is written within a
    /// second.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        self.store.events(query).await
    }

    /// Takes from the record what leads to a person: of what was done the keyed hash is left, when and
    /// where. Returns from how many events. What other processes have not written yet loses it when they
    /// write it, and so does what they tell of a mail that was on its way.
    ///
    /// # Errors
    /// When the store is in trouble: some of it may be left.
    pub async fn erase_events(&self, email: &EmailAddress) -> Stored<u64> {
        self.journal.flush(ERASE_PATIENCE).await;
        let (now, person) = (self.clock.now(), self.keys.subject.person(email.identity()));
        let (until, keep_until) = (now.after(UNDER_WAY), now.after(REMEMBERED));
        let events = self.store.erase(&Erasure { person, until, keep_until }, now).await?;
        self.journal.note_of(&self.trail, person, What::PersonErased { events });
        Ok(events)
    }
}
