//! Takes queued mails to the mailer: opens the job, writes the mail, hands it over, tries again.

pub mod health;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use health::MailHealth;

use super::brand::BrandError;
use super::mail::{MailRoom, NewDeviceMail, SignInMail};
use crate::adapters::yielding::politely;
use crate::domain::delivery::{DeliveryState, News, Reference, RelayWords};
use crate::domain::event::{Actor, MailNews, What};
use crate::domain::time::UnixMillis;
use crate::gate::journal::{Journal, Trail};
use crate::gate::mail_job::{MailJob, MailKind, MailSeal};
use crate::metrics::{MailState, Metrics};
use crate::ports::{
    ClaimedMail, Clock, Entropy, MailError, Mailer, OutgoingMail, Receipt, Store, Stored, draw,
};

/// How long a claim lasts: longer than any hand-over may take.
const LEASE: Duration = Duration::from_secs(60);
/// How often the queue is looked at when nobody rings: for retries, and for mails of other nodes.
const LOOK: Duration = Duration::from_secs(1);
/// Why a mail is not sent, in the words of its record.
const NOT_ADMITTED: &str = "the address may not sign in there, or its owner said not to have asked";
const BOUNCED_LATELY: &str = "an earlier mail to this address bounced or was called spam";

/// The worker that delivers.
pub struct Courier {
    /// Where the mails wait.
    pub store: Arc<dyn Store>,
    /// How they leave.
    pub mailer: Arc<dyn Mailer>,
    /// How they look.
    pub mails: MailRoom,
    /// Opens the jobs.
    pub seal: MailSeal,
    /// The store's time.
    pub clock: Arc<dyn Clock>,
    /// For jitter.
    pub entropy: Arc<dyn Entropy>,
    /// Rings when a mail was queued on this node.
    pub waits: Arc<Notify>,
    /// Whether mails leave, for the pages.
    pub health: Arc<MailHealth>,
    /// Where mails are counted.
    pub metrics: Arc<Metrics>,
    /// What becomes of mails, for the audit record.
    pub journal: Journal,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Courier(..)")
    }
}

impl Courier {
    /// Delivers, and watches the relay, until `ending` turns true. Nothing is claimed then that is not
    /// handed over, in tasks that each hold this courier. Cut off before, what was claimed and not
    /// finished is claimed again when its lease is over.
    pub async fn run(self: Arc<Self>, ending: watch::Receiver<bool>) {
        tokio::select! {
            () = self.deliver(ending) => {}
            () = self.watch() => {}
        }
    }

    /// Keeps [`health`](Self::health) true.
    async fn watch(&self) {
        loop {
            let now = self.clock.now();
            if !self.health.is_due(now) {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            self.health.probing(now);
            match self.mailer.probe().await {
                Ok(()) => {
                    if self.health.reached() {
                        tracing::info!("mails can be handed over again");
                    }
                }
                Err(error) => {
                    if self.health.missed(now) {
                        tracing::warn!(%error, "mails cannot be handed over");
                    }
                }
            }
        }
    }

    async fn deliver(self: &Arc<Self>, mut ending: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.mailer.at_once()));
        let mut store_fails = false;
        while !*ending.borrow() {
            let free = places.available_permits();
            match self.deliver_due(&places, free).await {
                Ok(0) => self.pause(&mut ending).await,
                Ok(_) => {}
                Err(error) => {
                    if !store_fails {
                        let cause = &error.source;
                        tracing::error!(%error, %cause, "mails wait: the queue cannot be read");
                    }
                    store_fails = true;
                    self.pause(&mut ending).await;
                    continue;
                }
            }
            store_fails = false;
        }
    }

    async fn pause(&self, ending: &mut watch::Receiver<bool>) {
        tokio::select! {
            _ = tokio::time::timeout(LOOK, self.waits.notified()) => {}
            Ok(_) = ending.wait_for(|ending| *ending) => {}
        }
    }

    /// Claims what is due and starts its delivery. Returns how many were claimed.
    async fn deliver_due(self: &Arc<Self>, places: &Arc<Semaphore>, free: usize) -> Stored<usize> {
        if free == 0 {
            // All places are taken: wait for one, so that nothing is claimed that cannot start.
            drop(places.acquire().await);
            return Ok(1);
        }
        let claimed = self.store.claim(free, LEASE, self.clock.now()).await?;
        let count = claimed.len();
        for mail in claimed {
            // There were `free` places and this is the only task that takes them.
            let Ok(place) = Arc::clone(places).acquire_owned().await else { return Ok(count) };
            tokio::spawn(politely(Arc::clone(self).deliver_one(mail, place)));
        }
        Ok(count)
    }

    async fn deliver_one(self: Arc<Self>, claimed: ClaimedMail, _place: OwnedSemaphorePermit) {
        let id = claimed.id;
        let outcome = self.hand_over(&claimed).await;
        let now = self.clock.now();
        let settled = match outcome {
            Outcome::Over(news) => self.store.done(id, &news, now).await,
            Outcome::Later(due, news) => self.store.retry(id, due, &news, now).await,
        };
        if let Err(error) = settled {
            // The lease ends by itself: the mail may go out twice, with the same Message-ID.
            tracing::warn!(mail = id.to_hex(), %error, cause = %error.source, "mail not settled");
        }
    }

    async fn hand_over(&self, claimed: &ClaimedMail) -> Outcome {
        let (id, tries) = (claimed.id, claimed.claims);
        if tries == 1 {
            // Before anything is known of the mail: retries would tell which ones are sent.
            self.health.asked();
            self.metrics.mail(MailState::Asked);
        }
        let job = match self.seal.open(id, &claimed.sealed) {
            Ok(job) => job,
            Err(error) => {
                tracing::error!(mail = id.to_hex(), %error, "mail dropped");
                self.metrics.mail(MailState::Dropped);
                return self.over(claimed, DeliveryState::Failed, &error.to_string());
            }
        };
        if !job.deliver {
            self.metrics.mail(MailState::Withheld);
            return self.over(claimed, DeliveryState::Suppressed, NOT_ADMITTED);
        }
        if let Some(why) = claimed.suppressed.filter(|why| !job.goes_in_spite_of(*why)) {
            let mail = id.to_hex();
            tracing::info!(mail, %why, "mail not sent: an earlier one to this address came to that");
            self.metrics.mail(MailState::Suppressed);
            self.note(&job, What::MailSuppressed(mail_news(claimed, None)));
            return self.over(claimed, DeliveryState::Suppressed, BOUNCED_LATELY);
        }
        let mail = match self.written(claimed, &job) {
            Ok(mail) => mail,
            Err(error) => {
                tracing::error!(mail = id.to_hex(), %error, "mail dropped: template");
                self.metrics.mail(MailState::Dropped);
                self.note(&job, What::MailFailed(mail_news(claimed, None)));
                return self.over(claimed, DeliveryState::Failed, "its template cannot be used");
            }
        };
        match self.mailer.send(&mail).await {
            Ok(receipt) => self.accepted(claimed, &job, &receipt),
            Err(MailError::Permanent(cause)) => {
                tracing::error!(mail = id.to_hex(), tries, cause, "mail refused for good");
                self.metrics.mail(MailState::Refused);
                self.note(&job, What::MailRejected(mail_news(claimed, Some(&cause))));
                self.over(claimed, DeliveryState::Rejected, &cause)
            }
            Err(MailError::Transient(cause) | MailError::Unanswered(cause)) => {
                self.later(claimed, &job, &cause)
            }
        }
    }

    fn accepted(&self, claimed: &ClaimedMail, job: &MailJob, receipt: &Receipt) -> Outcome {
        let after = self.clock.now().since(job.asked_at);
        self.metrics.mail_accepted(after);
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let (mail, tries, words) = (claimed.id.to_hex(), claimed.claims, &receipt.words);
        tracing::info!(mail, tries, after_ms, words, "mail handed over");
        let said = MailNews { after_ms: Some(after_ms), ..mail_news(claimed, Some(words)) };
        self.note(job, What::MailAccepted(said));
        let news = self.news(claimed, DeliveryState::Accepted, words);
        Outcome::Over(News {
            reference: receipt.reference.as_deref().and_then(Reference::new),
            ..news
        })
    }

    fn over(&self, claimed: &ClaimedMail, state: DeliveryState, words: &str) -> Outcome {
        Outcome::Over(self.news(claimed, state, words))
    }

    fn news(&self, claimed: &ClaimedMail, state: DeliveryState, words: &str) -> News {
        let (tries, words) = (claimed.claims, RelayWords::new(words));
        News { tries, words, ..News::new(state, self.clock.now()) }
    }

    fn later(&self, claimed: &ClaimedMail, job: &MailJob, cause: &str) -> Outcome {
        let (id, tries) = (claimed.id.to_hex(), claimed.claims);
        let [jitter] = draw(&self.entropy);
        let due = schedule::next_try(tries, jitter, self.clock.now(), job.expires_at);
        let Some(due) = due else {
            tracing::error!(mail = id, tries, cause, "mail given up: it would come too late");
            self.metrics.mail(MailState::GivenUp);
            self.note(job, What::MailExpired(mail_news(claimed, Some(cause))));
            return self.over(claimed, DeliveryState::ExpiredUnsent, cause);
        };
        tracing::warn!(mail = id, tries, cause, "mail not handed over, trying again");
        self.metrics.mail(MailState::Retried);
        self.note(job, What::MailRetrying(mail_news(claimed, Some(cause))));
        Outcome::Later(due, self.news(claimed, DeliveryState::Retrying, cause))
    }

    /// Notes what became of a mail. Every state of one that is new has a kind of event, see
    /// [`What::MailAccepted`] and those behind it.
    fn note(&self, job: &MailJob, what: What) {
        let site = Some(job.site.as_str().into());
        self.journal.note(&Trail { site, ..Trail::of(Actor::System) }, Some(&job.to), what);
    }

    fn written(&self, claimed: &ClaimedMail, job: &MailJob) -> Result<OutgoingMail, BrandError> {
        let site = self.mails.of(&job.site);
        let rendered = match job.kind {
            kind @ (MailKind::SignIn | MailKind::NewPassword) => {
                let mail = SignInMail {
                    site_host: &job.host,
                    site_name: &site.title,
                    link: &job.link,
                    code: &job.code,
                    chooses_password: kind == MailKind::NewPassword,
                    valid_until: job.expires_at,
                    sent_at: job.asked_at,
                    browser: &job.browser_label,
                    client: &job.network,
                    report_link: &job.report,
                    return_short: &job.destination,
                };
                site.mails.sign_in(&mail, job.language)?
            }
            MailKind::NewDevice { signed_in_at } => {
                let mail = NewDeviceMail {
                    site_host: &job.host,
                    site_name: &site.title,
                    browser: &job.browser_label,
                    client: &job.network,
                    signed_in_at,
                    report_link: &job.report,
                };
                site.mails.new_device(&mail, job.language)?
            }
        };
        Ok(OutgoingMail {
            id: claimed.id,
            sender: site.sender,
            to: job.to.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            date: job.asked_at,
        })
    }
}

fn mail_news(claimed: &ClaimedMail, words: Option<&str>) -> MailNews {
    MailNews {
        mail: claimed.id.to_hex().into(),
        tries: Some(claimed.claims),
        after_ms: None,
        words: words.map(Into::into),
    }
}

/// What a try came to, and what is noted of it.
enum Outcome {
    Over(News),
    Later(UnixMillis, News),
}
