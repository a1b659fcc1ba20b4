//! From what a message says to the record of a mail.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::event::Event;
use super::provider::Provider;
use super::{Hooks, Told};
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

impl Hooks {
    /// Whether what a message says may be noted. A proof that counts once is used up in one atomic step
    /// by the first message that shows it, for what that says alone. Where this process ended before it
    /// was noted, or the store failed, and the provider sends it again while its time is near, it counts.
    pub(super) async fn may_say(
        &self,
        provider: Provider,
        told: &Told,
        now: UnixMillis,
    ) -> Stored<bool> {
        let Some(once) = &told.once else { return Ok(true) };
        let said = mark("said", provider, &told.said_with(once));
        let limit = Limit { count: 1, window: REMEMBERED };
        let hits = [mark("proof", provider, once), said].map(|key| Hit { key, limit });
        match self.store.hit(&hits, now).await? {
            Verdict::Within => Ok(true),
            Verdict::Exceeded { .. } => Ok(self.store.counted(&[said], now).await? != [None]),
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
