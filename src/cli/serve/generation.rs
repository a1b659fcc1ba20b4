//! One server of this process. There is a second one only when an upgrade has failed late.

use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::adapters::lent::Lent;
use crate::cli::installation::{Installation, StartError};
use crate::cli::reload::{InForce, Source};
use crate::cli::upgrade::Upgrades;
use crate::config::Config;
use crate::domain::event::What;
use crate::gate::journal::{Journal, LAST_WRITE, Trail, Written};
use crate::portal::courier::Courier;
use crate::proxy::leaving::{Leaving, Over};
use crate::proxy::server::Doors;
use crate::proxy::wire::LAST_CALL;

/// How long the threads of a server may take to begin.
const BEGINNING: Duration = Duration::from_secs(5);
/// How long mails that are being handed over are waited for before the store goes to another process.
const MAILS: Duration = Duration::from_secs(2);
/// How long requests, and TLS of who came last, may take to be decided about before that.
const DECISIONS: Duration = Duration::from_secs(1);
/// How long the answers of the admin listener may be on their way.
pub(super) const LAST_WORDS: Duration = Duration::from_millis(100);
/// How often is looked whether all is over.
const LOOK: Duration = Duration::from_millis(2);

/// A server that runs.
pub(super) struct Generation {
    leaving: Arc<Leaving>,
    in_force: Arc<InForce>,
    source: Source,
    lent: Option<Arc<Lent>>,
    courier: Arc<Courier>,
    journal: Journal,
    drain: Duration,
    thread: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

impl Generation {
    /// Opens what the configuration names, and serves. Blocks until it does.
    ///
    /// # Errors
    /// [`StartError`], in words for the operator.
    pub(super) fn start(
        config: &Config,
        source: Source,
        doors: &Doors,
        upgrades: &Upgrades,
    ) -> Result<Self, StartError> {
        let installation = Installation::open(config)?;
        let source = source.with_secret_made(&config.secret);
        let lent = installation.stores.lent.clone();
        let (in_force, courier) =
            (Arc::clone(&installation.in_force), Arc::clone(&installation.courier));
        let journal = installation.journal.clone();
        let installation = Installation {
            source: Some(source.clone()),
            upgrades: Some(upgrades.clone()),
            ..installation
        };
        let (begun, begins) = mpsc::channel();
        let assembled = installation.into_assembly(config, doors, Some(begun))?.finish();
        let leaving = assembled.leaving();
        let (ends, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            assembled.run();
            let _ = ends.send(());
        });
        let thread = thread.map_err(|error| StartError::Part(error.to_string()))?;
        let version = env!("CARGO_PKG_VERSION").into();
        journal.note(&Trail::default(), None, What::StoreOpened { version });
        if begins.recv_timeout(BEGINNING).is_err() {
            leaving.finish(Over::Cut);
            return Err(StartError::Part("the server does not begin; the log says why".to_owned()));
        }
        Ok(Self {
            leaving,
            in_force,
            source,
            lent,
            courier,
            journal,
            drain: config.server.drain,
            thread,
            ended,
        })
    }

    /// Whether the store must be closed before another process can open it.
    pub(super) fn is_alone(&self) -> bool {
        self.lent.is_some()
    }

    /// What another server of this process is made of.
    pub(super) fn origin(&self) -> (Config, Source, Option<Arc<Lent>>) {
        (self.in_force.current(), self.source.clone(), self.lent.clone())
    }

    /// Whether it has given up its store.
    pub(super) fn is_parted(&self) -> bool {
        self.leaving.is_parted()
    }

    /// Resolves when the server has ended by itself, which it does only by a fault.
    pub(super) async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }

    /// How long what is open may take to its end.
    pub(super) fn drain(&self) -> Duration {
        self.drain
    }

    /// What it notes its events in.
    pub(super) fn journal(&self) -> Journal {
        self.journal.clone()
    }

    /// Tells clients to go over, and begins no mail any more, if the store is to be given up. That may be
    /// broken off; what follows may not.
    pub(super) async fn last_call(&self) {
        if !self.is_alone() {
            return;
        }
        self.leaving.close();
        tokio::time::sleep(LAST_CALL).await;
        self.until(MAILS, || Arc::strong_count(&self.courier) == 1).await;
    }

    /// After [`Self::last_call`]: brings everything to a point where nothing needs the store, and closes it.
    /// Requests are taken until the last moment; after it they wait in the queues of the sockets. Returns
    /// whether it is closed.
    pub(super) async fn part(&self) -> bool {
        let Some(lent) = &self.lent else { return true };
        self.leaving.end();
        let began = Instant::now();
        if !self.until(DECISIONS, || self.leaving.is_decided()).await {
            tracing::warn!("a request that takes long to be decided about will fail");
        }
        self.leaving.part();
        // A kept connection that brought one more request at just this moment.
        self.until(DECISIONS, || self.leaving.is_decided()).await;
        self.record_the_end().await;
        let is_closed = lent.close().await;
        tracing::info!(after_ms = millis(began), is_closed, "the store is closed");
        is_closed
    }

    /// Lets everything that is open come to its end, for as long as the configuration says, and ends.
    pub(super) async fn leave(self) {
        let began = Instant::now();
        self.leaving.end();
        tokio::time::sleep(LAST_WORDS).await;
        let is_all = || self.leaving.is_empty() && Arc::strong_count(&self.courier) == 1;
        let is_over = self.until(self.drain, is_all).await;
        if !self.is_parted() {
            self.record_the_end().await;
        }
        if is_over {
            tracing::info!(after_ms = millis(began), "nothing is waited for any more: all is over");
        } else {
            let open = self.leaving.how_many();
            let limit = "server.drain";
            tracing::warn!(
                open,
                limit,
                "nothing is waited for any more: what is still open is cut off"
            );
        }
        self.finish(Over::Done).await;
    }

    /// Writes down what is noted, while the store is still ours.
    async fn record_the_end(&self) {
        self.journal.note(&Trail::default(), None, What::StoreLeft);
        match self.journal.close(LAST_WRITE).await {
            Written::All => {}
            Written::Somewhere => {
                tracing::warn!("not all that the audit record goes to has its last events yet");
            }
            Written::Incomplete => {
                tracing::error!("the audit record has not taken its last events in time");
            }
        }
    }

    /// Ends at once.
    pub(super) async fn cut(self) {
        self.finish(Over::Cut).await;
    }

    async fn finish(self, over: Over) {
        // The writer ends with it, if it has not yet.
        self.journal.close(LAST_WORDS).await;
        self.leaving.finish(over);
        let thread = self.thread;
        let _ = tokio::task::spawn_blocking(move || thread.join()).await;
    }

    /// Waits until something is so, but no longer than `within`. Returns whether it is.
    async fn until(&self, within: Duration, is_so: impl Fn() -> bool) -> bool {
        let looks = async {
            let mut beat = tokio::time::interval(LOOK);
            while !is_so() {
                beat.tick().await;
            }
        };
        timeout(within, looks).await.is_ok()
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
