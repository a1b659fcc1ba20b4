//! From what a message says to the record of a mail.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Hooks;
use super::event::Event;
use super::provider::Provider;
use crate::domain::delivery::{Delivery, DeliveryState, MailId, News, Noted};
use crate::domain::event::{Actor, MailNews, What};
use crate::domain::limit::{Hit, Limit, LimitKey, Limited, Verdict};
use crate::domain::time::{Span, UnixMillis};
use crate::gate::journal::Trail;
use crate::metrics::MailState;
use crate::ports::Stored;

/// How long a message is known, so that it is not taken twice: longer than any is repeated.
const REMEMBERED: Span = Span::seconds(48 * 3600);
/// How long no mail goes to an address after a mail to it bounced for good, or was called spam.
const SUPPRESSED: Duration = Duration::from_secs(24 * 3600);

/// A proof that counts once and was used up; nothing where it may count again.
pub(super) struct UsedUp(Option<LimitKey>);

impl Hooks {
    /// Uses up a proof that counts once, in one atomic step. Nothing, when it was used up before.
    pub(super) async fn use_up(
        &self,
        provider: Provider,
        once: Option<&[u8]>,
        now: UnixMillis,
    ) -> Stored<Option<UsedUp>> {
        let Some(once) = once else { return Ok(Some(UsedUp(None))) };
        let key = mark("proof", provider, once);
        let limit = Limit { count: 1, window: REMEMBERED };
        match self.store.hit(&[Hit { key, limit }], now).await? {
            Verdict::Exceeded { .. } => Ok(None),
            Verdict::Within => Ok(Some(UsedUp(Some(key)))),
        }
    }

    /// Lets a proof count once more. Where the store does not work, the message is lost.
    pub(super) async fn give_back(&self, proof: UsedUp, now: UnixMillis) {
        if let Some(key) = proof.0
            && let Err(error) = self.store.lift(&[key], now).await
        {
            tracing::warn!(%error, "news of a mail may be lost");
        }
    }

    /// Notes one event. It is marked as taken after it was: if that fails between the two, it comes
    /// again, and noted twice it is as once.
    pub(super) async fn note(
        &self,
        provider: Provider,
        event: &Event,
        now: UnixMillis,
    ) -> Stored<bool> {
        let Some(delivery) = self.mail_of(event).await? else { return Ok(false) };
        let taken = mark("event", provider, &event.identity);
        if self.store.is_paused(taken, now).await? {
            return Ok(false);
        }
        let suppress_until = event.suppresses.then(|| now.after(SUPPRESSED));
        let words = event.words.clone();
        let news = News { words, suppress_until, ..News::new(event.state, now) };
        let noted = self.store.note(delivery.id, &news, now).await?;
        self.store.pause(taken, now.after(REMEMBERED.as_duration()), now).await?;
        let moved = noted == Noted::Moved;
        if moved {
            self.tell(provider, &delivery, &news);
        }
        Ok(moved)
    }

    async fn mail_of(&self, event: &Event) -> Stored<Option<Delivery>> {
        let id: Option<MailId> = match (event.mail, &event.reference) {
            (Some(id), _) => Some(id),
            (None, Some(reference)) => self.store.mail_of(reference).await?,
            (None, None) => None,
        };
        match id {
            Some(id) => self.store.delivery(id).await,
            None => Ok(None),
        }
    }

    /// Says what became of a mail: to the log, the audit record and the metrics.
    fn tell(&self, provider: Provider, delivery: &Delivery, news: &News) {
        let (mail, provider, state) = (delivery.id.to_hex(), provider.name(), news.state);
        if DeliveryState::TROUBLE.contains(&state) {
            tracing::warn!(mail, provider, %state, "news of a mail");
        } else {
            tracing::info!(mail, provider, %state, "news of a mail");
        }
        let accepted_at = delivery.progress.moments.get(&DeliveryState::Accepted);
        let after = news.at.since(delivery.facts.queued_at);
        let said = MailNews {
            mail: mail.into(),
            tries: None,
            after_ms: u64::try_from(after.as_millis()).ok(),
            words: news.words.as_ref().map(|it| it.as_str().into()),
        };
        let (what, counted) = match state {
            DeliveryState::Delivered => (What::MailDelivered(said), MailState::Delivered),
            DeliveryState::Deferred => (What::MailDeferred(said), MailState::Deferred),
            DeliveryState::Bounced => (What::MailBounced(said), MailState::Bounced),
            DeliveryState::Complained => (What::MailComplained(said), MailState::Complained),
            // No event leads to any other.
            _ => (What::MailRejected(said), MailState::Refused),
        };
        match (state, accepted_at) {
            (DeliveryState::Delivered, Some(at)) => self.metrics.mail_delivered(news.at.since(*at)),
            _ => self.metrics.mail(counted),
        }
        let site = Some(delivery.facts.site.as_str().into());
        self.journal.note(&Trail { site, ..Trail::of(Actor::System) }, Some(&delivery.to), what);
    }
}

/// What says that something was taken: not a count of anybody, but a mark that lasts.
fn mark(what: &str, provider: Provider, identity: &[u8]) -> LimitKey {
    let digest = Sha256::new()
        .chain_update(what)
        .chain_update([0])
        .chain_update(provider.name())
        .chain_update([0])
        .chain_update(identity)
        .finalize();
    LimitKey { limited: Limited::News, subject: digest.into() }
}
