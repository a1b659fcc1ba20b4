//! Reading the audit record.

use std::time::Duration;

use super::Gate;
use crate::domain::email::EmailAddress;
use crate::domain::event::What;
use crate::ports::{EventPage, EventQuery, StoreError, Stored};

/// How long what waits may take to be written before somebody is erased: as long as all sinks together may
/// hang, and the store after them.
const ERASE_PATIENCE: Duration = Duration::from_secs(10);

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
    /// where. Returns from how many events.
    ///
    /// # Errors
    /// When the store is in trouble, or what waits in memory is not written in time: some of it may be
    /// left.
    pub async fn erase_events(&self, email: &EmailAddress) -> Stored<u64> {
        // What waits in memory would come after, and bring the address back.
        if !self.journal.flush(ERASE_PATIENCE).await {
            const WAITS: &str = "what was noted is not written yet; try again";
            return Err(StoreError::new("erase from the audit record", WAITS));
        }
        let person = self.keys.subject.person(email.identity());
        let events = self.store.erase(person).await?;
        self.journal.note_of(&self.trail, person, What::PersonErased { events });
        Ok(events)
    }
}
