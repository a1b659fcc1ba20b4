//! What became of mails.

use async_trait::async_trait;

use super::Stored;
use crate::domain::delivery::{
    Delivery, DeliveryState, MailId, News, Noted, Reference, Suppression,
};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;

/// The records of mails, and whom none goes to for a while.
///
/// Law 1: a record begins in the atomic step that queues its mail ([`Attempts::begin`](super::Attempts::begin)
/// and [`settle`](super::Attempts::settle)), and [`Outbox`](super::Outbox) writes on in its own steps:
/// nothing is ever queued, sent or dropped without a word about it. Law 2: a record only moves forward
/// ([`Progress::take`](crate::domain::delivery::Progress::take)), in one atomic step, whoever writes at
/// the same time; the same news twice are as once. Law 3: it is gone after its `keep_until`, and so is
/// all that leads to it.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Takes news of a mail. In the same step the person is suppressed, if the news say so and the mail
    /// has moved.
    async fn note(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<Noted>;

    /// The record of a mail.
    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>>;

    /// The mail that the other side gave this name.
    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>>;

    /// A person's mails, the newest first.
    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>>;

    /// The mails in these states, the newest first. [`DeliveryState::ALL`] for all,
    /// [`DeliveryState::TROUBLE`] for those in trouble.
    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>>;

    /// How many mails are in each state, in the order of [`DeliveryState::ALL`].
    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]>;

    /// Sends a person no mail for a while. Never makes that shorter.
    async fn suppress(&self, suppression: &Suppression, now: UnixMillis) -> Stored<()>;

    /// Why no mail goes to a person now, if none does.
    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>>;

    /// Whom no mail goes to now; those first that end first.
    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>>;

    /// Lets mail go to a person again. Returns whether it did not.
    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool>;

    /// Removes all that is known of a person's mails, those that still wait and the suppression with
    /// them. Returns how many records went.
    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64>;
}
