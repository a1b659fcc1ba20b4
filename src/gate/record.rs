//! Reading the audit record.

use super::Gate;
use crate::domain::email::EmailAddress;
use crate::domain::event::What;
use crate::ports::{EventPage, EventQuery, Stored};

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
    /// When the store is in trouble: some of it may be left.
    pub async fn erase_events(&self, email: &EmailAddress) -> Stored<u64> {
        // What waits in memory would come after.
        self.journal.flush(super::journal::LAST_WRITE).await;
        let person = self.keys.subject.person(email.identity());
        let events = self.store.erase(person).await?;
        self.journal.note_of(&self.trail, person, What::PersonErased { events });
        Ok(events)
    }
}
