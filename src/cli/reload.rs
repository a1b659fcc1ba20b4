//! The configuration that is in force, and the way to another one while linkgate runs.
//!
//! `SIGHUP`, or a change of a file that the configuration is made of → everything is read and
//! checked → it is exchanged in one step, or what is in force stays and the reason is told, in the
//! log and by `/readyz`. What is set up once at the start (listeners, store, relay, …) stays as it
//! is until a restart; a change of it is told and holds nothing else up, so that somebody who was
//! taken from a list is out even then.

pub(super) mod asked;
mod files;
mod news;
mod source;
mod watching;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use subtle::ConstantTimeEq;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use super::check::disappointments;
use super::foundation::{Built, Foundation};
use crate::config::{Config, MailConfig, Problem, SecretPlan};
use crate::domain::event::{Actor, What};
use crate::domain::secret::Secret;
use crate::domain::time::UnixMillis;
use crate::gate::journal::Trail;
use crate::portal::admin::AdminFacts;
use crate::portal::mail::MailRoom;
use crate::proxy::front::Fronts;
use files::{Stamps, stamps};
pub use news::Audience;
use news::{News, Refusal};
pub use source::Source;
use watching::{Sight, Watch};

/// The configuration that is in force.
#[derive(Debug)]
pub struct InForce {
    foundation: Foundation,
    secret: Secret,
    fronts: Arc<Fronts>,
    mails: MailRoom,
    admin: AdminFacts,
    /// As of the start: certificates are read then, and not again.
    certificates: Stamps,
    config: Mutex<Config>,
    news: Mutex<News>,
    /// How many configurations were in force in this process, this one included.
    revision: AtomicU64,
    /// Rings when an operator wants the files to be read again.
    asked: Notify,
    /// How often they were read again.
    reads: watch::Sender<u64>,
}

/// Which configuration is in force, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// 1 for that of the start, and one more with each change.
    pub revision: u64,
    /// Since when.
    pub since: UnixMillis,
    /// Whether the files say the same: nothing was refused since.
    pub is_current: bool,
    /// Keys whose changes wait for a restart.
    pub waits: Vec<&'static str>,
}

/// Why the files are read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trigger {
    Signal,
    Operator,
    Files,
}

impl InForce {
    /// The first configuration is in force.
    #[must_use]
    pub fn new(
        foundation: Foundation,
        secret: Secret,
        config: Config,
        fronts: Arc<Fronts>,
        (mails, admin): (MailRoom, AdminFacts),
    ) -> Self {
        let since = foundation.gate.now();
        let disappointed = disappointed(&config);
        let (tolerated, waits) = (Vec::new(), Vec::new());
        let news = Mutex::new(News { since, refused: None, tolerated, disappointed, waits });
        let certificates = stamps(&certificates(&config));
        let config = Mutex::new(config);
        foundation.metrics.configured(since);
        let revision = AtomicU64::new(1);
        let (asked, reads) = (Notify::new(), watch::Sender::new(0));
        Self {
            foundation,
            secret,
            fronts,
            mails,
            admin,
            certificates,
            config,
            news,
            revision,
            asked,
            reads,
        }
    }

    /// What outlives configurations.
    #[must_use]
    pub fn foundation(&self) -> &Foundation {
        &self.foundation
    }

    /// Which configuration is in force.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        Standing {
            revision: self.revision.load(Ordering::Relaxed),
            since: news.since,
            is_current: news.refused.is_none(),
            waits: news.waits.clone(),
        }
    }

    /// Reads the files again whenever `SIGHUP` comes or one of them has changed. Ends only with its
    /// task.
    pub async fn follow(self: Arc<Self>, source: Source) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else {
            tracing::error!("changes of the configuration need a restart: no signals here");
            return;
        };
        let Source { path, seen } = source;
        let mut looks = tokio::time::interval(files::LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch::new(seen);
        loop {
            let trigger = tokio::select! {
                _ = hangups.recv() => Trigger::Signal,
                () = self.asked.notified() => Trigger::Operator,
                _ = looks.tick() => Trigger::Files,
            };
            let seen = look(watch.paths()).await;
            match (watch.look(&seen), trigger) {
                (_, Trigger::Signal | Trigger::Operator) | (Sight::Settled, Trigger::Files) => {}
                (Sight::Known | Sight::Unsettled, Trigger::Files) => continue,
                (Sight::Restless, Trigger::Files) => tracing::warn!(
                    "a file of the configuration changes all the time; all is read as it is now"
                ),
            }
            let (this, file) = (Arc::clone(&self), path.clone());
            let read = move || this.read_again(&file, &seen, trigger);
            let Ok(known) = tokio::task::spawn_blocking(read).await else { continue };
            watch = Watch::new(known);
            self.reads.send_modify(|count| *count += 1);
        }
    }

    /// Reads and checks everything, and puts it in force or tells why not. `seen` is how it looked
    /// before. Returns how all looked that was read.
    fn read_again(&self, path: &Path, seen: &Stamps, trigger: Trigger) -> Stamps {
        let began = Instant::now();
        let kept = self.config.lock().unwrap_or_else(PoisonError::into_inner).listed_groups.clone();
        let (config, known) = source::read(path, seen, kept.as_ref());
        let now = self.foundation.gate.now();
        let refused = match config {
            Err(problems) => Some(problems.into()),
            Ok(config) => self.put_in_force(config, now).err(),
        };
        let in_force = refused.is_none().then_some(now);
        self.foundation.metrics.reloaded(in_force, began.elapsed());
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        match refused {
            None => {
                self.note(What::ConfigurationLoaded { version: env!("CARGO_PKG_VERSION").into() });
                tracing::info!(?trigger, "the configuration was read again and is in force");
                let tolerated = news.tolerated.iter().map(ToString::to_string);
                for problem in tolerated.collect::<Vec<_>>().iter().flat_map(|told| told.lines()) {
                    tracing::error!(problem, "what held before holds here");
                }
                if !news.waits.is_empty() {
                    let keys = news.waits.join(", ");
                    tracing::warn!(keys, "some changes wait for a restart");
                }
            }
            Some(why) => {
                self.note(What::ConfigurationRefused { mistakes: why.mistakes() });
                for problem in why.to_string().lines() {
                    tracing::error!(problem, "the configuration was not changed");
                }
                news.refused = Some((now, why));
            }
        }
        known
    }

    fn note(&self, what: What) {
        self.foundation.gate.with(Trail::of(Actor::Configuration)).note(None, what);
    }

    fn put_in_force(&self, new: Config, now: UnixMillis) -> Result<(), Refusal> {
        let mut config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = self.waiting(&new, &config);
        let new = Self::with_what_stays(new, &config);
        if stamps(&certificates(&config)) != self.certificates {
            waits.push("the certificates of listen");
        }
        let Built { front, mails, .. } = self.foundation.build(&new)?;
        for warning in &new.warnings {
            tracing::warn!("configuration: {warning}");
        }
        self.fronts.exchange(front);
        self.mails.exchange(mails);
        self.admin.exchange(super::admin::facts(&new));
        let (tolerated, disappointed) = (new.tolerated.clone(), disappointed(&new));
        *config = new;
        *self.news.lock().unwrap_or_else(PoisonError::into_inner) =
            News { since: now, refused: None, tolerated, disappointed, waits };
        self.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The keys of what would have changed, of that which is set up once at the start.
    fn waiting(&self, new: &Config, old: &Config) -> Vec<&'static str> {
        let Config { listeners, admin, admin_token, secret, store, copies, mail, .. } = new;
        let Config { prefix, server, log, audit, traces, .. } = new;
        let changed = [
            ("listen", *listeners != old.listeners),
            ("admin", *admin != old.admin || *admin_token != old.admin_token),
            ("secret", !self.is_ours(secret)),
            ("store", *store != old.store || *copies != old.copies),
            ("mail (the way, dkim)", mail.relays != old.mail.relays || mail.dkim != old.mail.dkim),
            ("mail.hooks", mail.hooks != old.mail.hooks),
            ("prefix", *prefix != old.prefix),
            ("server", *server != old.server),
            ("log", *log != old.log),
            ("traces", *traces != old.traces),
            ("audit", *audit != old.audit),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }

    /// The new configuration with what is set up once at the start as it is. Every key of
    /// [`Config`] stands on one of the two sides.
    fn with_what_stays(new: Config, old: &Config) -> Config {
        let Config {
            trusted_proxies,
            sign_in,
            session,
            groups,
            listed_groups,
            sites,
            tests,
            brand,
            languages,
            warnings,
            tolerated,
            listeners: _,
            admin: _,
            admin_token: _,
            secret: _,
            store: _,
            copies: _,
            mail,
            prefix: _,
            server: _,
            log: _,
            traces: _,
            audit: _,
        } = new;
        let (relays, dkim) = (old.mail.relays.clone(), old.mail.dkim.clone());
        let mail = MailConfig { relays, dkim, hooks: old.mail.hooks.clone(), ..mail };
        Config {
            trusted_proxies,
            sign_in,
            session,
            groups,
            listed_groups,
            sites,
            tests,
            brand,
            languages,
            warnings,
            tolerated,
            mail,
            ..old.clone()
        }
    }

    fn is_ours(&self, plan: &SecretPlan) -> bool {
        match plan {
            SecretPlan::Ready(secret) => {
                let label = "is it the same";
                let (ours, theirs) = (self.secret.derive(label), secret.derive(label));
                ours.expose().ct_eq(theirs.expose()).into()
            }
            SecretPlan::ForThisRun => true,
            SecretPlan::Create(_) => false,
        }
    }

    /// The configuration as it is in force now.
    #[must_use]
    pub fn current(&self) -> Config {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why what was read last is not in force, if it is not.
    fn refusal(&self, audience: Audience) -> Option<String> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).refusal(audience)
    }

    /// What became of the last changes, line by line, for `/readyz`.
    #[must_use]
    pub fn report(&self, audience: Audience) -> String {
        self.news.lock().unwrap_or_else(PoisonError::into_inner).report(audience)
    }
}

/// The entries of `tests` that do not come true, for the log, too. They hold nothing up: who is taken
/// from a list must be out, even if a test still expects them to get in.
fn disappointed(config: &Config) -> Vec<Problem> {
    let problems = disappointments(config);
    for problem in problems.iter().map(ToString::to_string) {
        for line in problem.lines() {
            tracing::error!(problem = line, "what is expected under `tests` does not come true");
        }
    }
    problems
}

/// Looks at the files beside the requests: a file system may take its time.
async fn look(asked: BTreeSet<PathBuf>) -> Stamps {
    tokio::task::spawn_blocking(move || stamps(&asked)).await.unwrap_or_default()
}

fn certificates(config: &Config) -> BTreeSet<PathBuf> {
    let files = config.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    files.flat_map(|tls| [tls.certificate.clone(), tls.key.clone()]).collect()
}
