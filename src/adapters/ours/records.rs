//! As the calls of [`handing_on`](super::handing_on), those about what becomes of mails, and about what
//! happened.

use async_trait::async_trait;

use super::OurStore;
use crate::domain::delivery::{Delivery, DeliveryState, News, Noted, Reference, Suppression};
use crate::domain::event::{Erasure, Event};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::metrics::Operation;
use crate::ports::{Audit, Deliveries, EventPage, EventQuery, MailId, Stored};

#[async_trait]
impl Deliveries for OurStore {
    async fn note(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<Noted> {
        self.timed(Operation::Note, async { self.ours().await?.note(id, news, now).await }).await
    }

    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>> {
        self.timed(Operation::Delivery, async { self.ours().await?.delivery(id).await }).await
    }

    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>> {
        self.timed(Operation::MailOf, async { self.ours().await?.mail_of(reference).await }).await
    }

    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.timed(Operation::DeliveriesOf, async {
            self.ours().await?.deliveries_of(person, most, now).await
        })
        .await
    }

    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.timed(Operation::Deliveries, async {
            self.ours().await?.deliveries(states, most, now).await
        })
        .await
    }

    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]> {
        self.timed(Operation::DeliveryCounts, async {
            self.ours().await?.delivery_counts(now).await
        })
        .await
    }

    async fn suppress(&self, suppression: &Suppression, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::Suppress, async {
            self.ours().await?.suppress(suppression, now).await
        })
        .await
    }

    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>> {
        self.timed(Operation::Suppression, async {
            self.ours().await?.suppression(person, now).await
        })
        .await
    }

    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>> {
        self.timed(Operation::Suppressions, async {
            self.ours().await?.suppressions(most, now).await
        })
        .await
    }

    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool> {
        self.timed(Operation::LiftSuppression, async {
            self.ours().await?.lift_suppression(person).await
        })
        .await
    }

    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64> {
        self.timed(Operation::EraseDeliveries, async {
            self.ours().await?.erase_deliveries(person).await
        })
        .await
    }
}

#[async_trait]
impl Audit for OurStore {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        self.timed(Operation::Append, async { self.ours().await?.append(events).await }).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        self.timed(Operation::Events, async { self.ours().await?.events(query).await }).await
    }

    async fn erase(&self, erasure: &Erasure, now: UnixMillis) -> Stored<u64> {
        self.timed(Operation::Erase, async { self.ours().await?.erase(erasure, now).await }).await
    }

    async fn trim(&self, before: UnixMillis) -> Stored<u64> {
        self.timed(Operation::Trim, async { self.ours().await?.trim(before).await }).await
    }
}
