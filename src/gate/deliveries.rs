//! What operators ask of mails, and what they lift.

use super::Gate;
use crate::domain::delivery::{Delivery, DeliveryState, Suppression};
use crate::domain::email::EmailAddress;
use crate::ports::Stored;

impl Gate {
    /// The mails to an address, the newest first.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn mails_to(&self, email: &EmailAddress, most: usize) -> Stored<Vec<Delivery>> {
        let person = self.keys.subject.person(email.identity());
        self.store.deliveries_of(person, most, self.clock.now()).await
    }

    /// The mails in these states, the newest first.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn mails_in(&self, states: &[DeliveryState], most: usize) -> Stored<Vec<Delivery>> {
        self.store.deliveries(states, most, self.clock.now()).await
    }

    /// How many mails are in each state, in the order of [`DeliveryState::ALL`].
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn mail_counts(&self) -> Stored<[u64; DeliveryState::ALL.len()]> {
        self.store.delivery_counts(self.clock.now()).await
    }

    /// Whom no mail goes to now.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn suppressions(&self, most: usize) -> Stored<Vec<Suppression>> {
        self.store.suppressions(most, self.clock.now()).await
    }

    /// Why no mail goes to an address now, if none does.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn suppression(&self, email: &EmailAddress) -> Stored<Option<Suppression>> {
        let person = self.keys.subject.person(email.identity());
        self.store.suppression(person, self.clock.now()).await
    }

    /// Lets mail go to an address again. Returns whether it did not.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn lift_suppression(&self, email: &EmailAddress) -> Stored<bool> {
        self.store.lift_suppression(self.keys.subject.person(email.identity())).await
    }
}
