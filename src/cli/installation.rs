//! Joins everything that a configuration names: stores, mailers, pages, sites, proxy.
//!
//! The one place that knows all adapters. To add a store or a transport, add its variant to the
//! configuration; the `match`es here lead to the rest.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;

use super::foundation::{Built, Foundation};
use super::reload::{self, InForce, Source};
use super::stores::Stores;
use super::upgrade::Upgrades;
use super::watching::Watched;
use super::{health, hooks, mailers, record, secret_file, traces, watching};
use crate::adapters::clock::StoreClock;
use crate::adapters::ours::OurStore;
use crate::config::{Config, MailTransport, Password};
use crate::domain::event::Actor;
use crate::domain::time::UnixMillis;
use crate::gate::journal::{Journal, Trail, Writer};
use crate::metrics::Metrics;
use crate::portal::admin::{self, AdminDesk, AdminFacts, Caller};
use crate::portal::assertion::{SigningKeys, root_key};
use crate::portal::brand::BrandError;
use crate::portal::courier::Courier;
use crate::portal::mail::MailRoom;
use crate::ports::{Clock, Entropy, OsEntropy, Store, Stored, SystemClock, Upkeep};
use crate::proxy::aside::Aside;
use crate::proxy::front::Fronts;
use crate::proxy::leaving::Leaving;
use crate::proxy::server::{
    Assembly, Doors, FORM_BODY, GuardedProxy, Listening, futures_of, guarded, server_conf,
};
use crate::proxy::service::AuthProxy;
use crate::proxy::turns::Turns;
use crate::proxy::wire::WireLimits;

/// How often what is over is removed.
const SWEEP: Duration = Duration::from_secs(60);
/// How often the store's clock is asked.
const CLOCK: Duration = Duration::from_secs(10);
/// How long the store is waited for before requests are served.
const CONNECTING: Duration = Duration::from_secs(2);
/// Most threads for what is not proxied. Each does some thousand sign-ins a second.
const MOST_ASIDE: usize = 4;

/// Why an installation cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file that is needed cannot be used.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The store cannot be opened.
    #[error("store: {0}")]
    Store(String),
    /// An address cannot be listened on.
    #[error("{address}: cannot listen there: {cause}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// Something in pages or mails of the operator's own cannot be used.
    #[error(transparent)]
    Brand(#[from] BrandError),
    /// Something of our own does not fit; it never happens with the built-in parts.
    #[error("{0}")]
    Part(String),
}

/// Everything but the sockets.
pub struct Installation {
    /// The proxy before it is guarded.
    pub proxy: AuthProxy,
    /// The worker that delivers mail.
    pub courier: Arc<Courier>,
    /// The store, for the proxy and for the work beside it.
    pub stores: Stores,
    /// The routes of the admin listener besides the health pages, if anybody may use them.
    pub admin: Option<Router>,
    /// The clock that is kept in step with the store's.
    pub clock: Arc<StoreClock>,
    /// What happens is noted here.
    pub journal: Journal,
    /// The worker that writes it down.
    pub record: Writer,
    /// The development inbox and where it listens, if there is one.
    pub inbox: Option<(SocketAddr, Router)>,
    /// What takes the news of mail providers, and where it listens if not on the admin listener.
    pub hooks: Option<(Option<SocketAddr>, Router)>,
    /// The configuration that is in force, and the way to another one.
    pub in_force: Arc<InForce>,
    /// What requests meet.
    pub fronts: Arc<Fronts>,
    /// Where it was read from, if it is to be read again.
    pub source: Option<Source>,
    /// What goes to a collector of traces, and which one, if there is one.
    pub traces: Option<traces::Export>,
    /// Who is asked for another process in place of this one, if that can be.
    pub upgrades: Option<Upgrades>,
}

/// Opens the sockets that a configuration names; with those of another process where it has them.
///
/// # Errors
/// [`StartError::Address`] when an address is taken.
pub fn doors(config: &Config, inherited: Doors) -> Result<Doors, StartError> {
    let sites = config.listeners.iter().map(|listener| listener.address);
    let inbox = config.mail.relays.iter().find_map(|relay| match relay {
        MailTransport::Inbox(address) => Some(*address),
        MailTransport::Smtp(_)
        | MailTransport::Sendmail(_)
        | MailTransport::Api(_)
        | MailTransport::Folder(_) => None,
    });
    let hooks = config.mail.hooks.as_ref().and_then(|hooks| hooks.listen);
    Doors::open(sites.chain(config.admin).chain(inbox).chain(hooks), inherited)
        .map_err(|(address, cause)| StartError::Address { address, cause })
}

impl Installation {
    /// Opens what the configuration names. Connects to nothing yet.
    ///
    /// # Errors
    /// [`StartError`], in words for the operator.
    pub fn open(config: &Config) -> Result<Self, StartError> {
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let secret = secret_file::secret(&config.secret, &OsEntropy)
            .map_err(|error| StartError::Part(format!("secret: {error}")))?;
        let metrics = Arc::new(Metrics::default());
        let (tracer, traces) = traces::tracer(config, &metrics).unzip();
        let stores = Stores::open(config, secret.mark(), &entropy, &metrics)?;
        let store = Arc::clone(&stores.requests) as Arc<dyn Store>;
        let work_store = Arc::clone(&stores.work) as Arc<dyn Store>;
        let clock = Arc::new(StoreClock::new(SystemClock));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let (gate, journal) = record::open_gate(config, &secret, store, (&shared, &entropy));
        let record = Writer::new(&journal, Arc::clone(&stores.work) as _, record::sinks(config)?);
        let foundation = Foundation {
            gate: Arc::new(gate.counting(Arc::clone(&metrics))),
            signing_keys: Arc::new(SigningKeys::new(&secret, Arc::clone(&stores.requests) as _)),
            mail_health: Arc::default(),
            metrics: Arc::clone(&metrics),
            tracer,
        };
        let Built { front, mails, looks } = foundation.build(config)?;
        let (mails, (mailer, inbox)) = (MailRoom::new(mails), mailers::open(config, &looks)?);
        let hooks = hooks::open(config, Arc::clone(&work_store), Arc::clone(&shared))?;
        let courier = Courier {
            store: Arc::clone(&work_store),
            mailer,
            mails: mails.clone(),
            seal: foundation.gate.keys().mail.clone(),
            clock: shared,
            entropy: Arc::clone(&entropy),
            waits: foundation.gate.mail_waits(),
            health: Arc::clone(&foundation.mail_health),
            metrics,
            journal: journal.clone(),
        };
        let facts = AdminFacts::new(super::admin::facts(config));
        let gate = foundation.gate.over(work_store).with(Trail::of(Actor::AdminApi));
        let desk = AdminDesk { gate, facts: facts.clone(), signing_root: root_key(&secret) };
        let admin = admin_routes(config, desk, &entropy, &journal)?;
        let fronts = Arc::new(Fronts::new(front));
        let proxy = AuthProxy::new(Arc::clone(&fronts), entropy, Turns::new(threads(config)));
        let shared = Arc::clone(&fronts);
        let in_force = InForce::new(foundation, secret, config.clone(), shared, (mails, facts));
        let (courier, in_force) = (Arc::new(courier), Arc::new(in_force));
        Ok(Self {
            proxy,
            courier,
            stores,
            admin,
            clock,
            journal,
            record,
            inbox,
            hooks,
            in_force,
            fronts,
            source: None,
            traces,
            upgrades: None,
        })
    }

    /// Puts everything into a server. `begun` is told when that serves.
    ///
    /// # Errors
    /// [`StartError`] when a certificate or a socket cannot be used.
    pub fn into_assembly<'a>(
        self,
        config: &Config,
        doors: &'a Doors,
        begun: Option<mpsc::Sender<()>>,
    ) -> Result<Assembly<'a>, StartError> {
        let leaving = Arc::new(Leaving::new(config.server.drain_streams));
        let metrics = Arc::clone(&self.in_force.foundation().metrics);
        let aside = aside()?;
        let app = guard(self.proxy, config, &leaving);
        let admission = app.admission();
        let mut server = Assembly::new(server_conf(threads(config)), doors, leaving);
        let requests = Arc::clone(&self.stores.requests);
        let before = Box::pin(connect(Arc::clone(&requests), begun));
        server
            .add_proxy(app, &listening(config), before, move || watch(&requests))
            .map_err(part)?;
        if let Some((address, router)) = self.inbox {
            server.add_pages("inbox", address, router, FORM_BODY).map_err(part)?;
        }
        let (own_hooks, admin_hooks) = match self.hooks {
            Some((Some(address), router)) => (Some((address, router)), None),
            Some((None, router)) => (None, Some(router)),
            None => (None, None),
        };
        if let Some((address, router)) = own_hooks {
            server
                .add_pages("hooks", address, router, crate::portal::hooks::LARGEST)
                .map_err(part)?;
        }
        if let Some(address) = config.admin {
            let (stores, in_force) = (self.stores.clone(), Arc::clone(&self.in_force));
            let watched = Watched { stores, in_force, admission, caller: caller(config) };
            let reload = self.source.as_ref().map(|_| Arc::clone(&self.in_force));
            let ways = [self.upgrades.map(Upgrades::routes), reload.map(reload::asked::routes)];
            let caller = caller(config).map(|caller| caller.noting(self.journal));
            let largest =
                if admin_hooks.is_some() { crate::portal::hooks::LARGEST } else { FORM_BODY };
            let router = operators(watched, caller, ways, [self.admin, admin_hooks]);
            server.add_pages("admin", address, router, largest).map_err(part)?;
        }
        let fronts = self.fronts;
        server.add_work("upstreams", move || {
            let fronts = Arc::clone(&fronts);
            Box::pin(async move { fronts.care().await })
        });
        if let Some(source) = self.source {
            let in_force = self.in_force;
            server
                .add_work("reload", move || Box::pin(Arc::clone(&in_force).follow(source.clone())));
        }
        deliver(&mut server, self.courier, &aside);
        if let Some(export) = self.traces {
            traces::keep(&mut server, export, metrics);
        }
        record::keep(&mut server, self.record, &aside);
        let (work, clock, retention) = (self.stores.work, self.clock, config.audit.retention);
        let watched = Arc::clone(&work);
        server.add_work("whose store", move || watch(&watched));
        server.add_work("upkeep", move || {
            let store = Arc::clone(&work) as Arc<dyn Store>;
            Box::pin(upkeep(store, Arc::clone(&clock), retention))
        });
        Ok(server)
    }
}

/// Connects to the store, and tells that requests can be served.
async fn connect(store: Arc<OurStore>, begun: Option<mpsc::Sender<()>>) {
    // The first request is not the one that waits for a connection, or fails because of it. A store that
    // is away is nothing to wait for.
    let _ = tokio::time::timeout(CONNECTING, store.ping()).await;
    if let Some(begun) = begun {
        let _ = begun.send(());
    }
}

/// All of the admin listener: health and metrics, what needs the guard, and what has its own.
fn operators(
    watched: Watched,
    caller: Option<Caller>,
    unguarded: [Option<Router>; 2],
    others: [Option<Router>; 2],
) -> Router {
    let health = health::router(watched.clone()).merge(watching::router(watched));
    let unguarded = unguarded.into_iter().flatten();
    let guarded = caller.into_iter().zip(unguarded.reduce(Router::merge));
    let guarded = guarded.map(|(caller, router)| admin::guarded(router, caller));
    others.into_iter().flatten().chain(guarded).fold(health, Router::merge)
}

/// The admin API and the pages, each with its guard, if there is anybody who may use them.
fn admin_routes(
    config: &Config,
    desk: AdminDesk,
    entropy: &Arc<dyn Entropy>,
    journal: &Journal,
) -> Result<Option<Router>, StartError> {
    let Some(caller) = caller(config) else { return Ok(None) };
    let (caller, desk) = (caller.noting(journal.clone()), Arc::new(desk));
    let pages = admin::page::pages(Arc::clone(&desk), caller.clone(), Arc::clone(entropy))?;
    Ok(Some(admin::guarded(admin::router(desk), caller).merge(pages)))
}

fn caller(config: &Config) -> Option<Caller> {
    Caller::of(config.admin?, config.admin_token.as_ref().map(Password::expose))
}

/// Puts the guard with the configured limits before a proxy.
#[must_use]
pub fn guard(proxy: AuthProxy, config: &Config, leaving: &Arc<Leaving>) -> GuardedProxy {
    let limits = WireLimits {
        head_deadline: config.server.request_head,
        connections_per_peer: config.server.connections_per_peer,
        connections_total: config.server.connections_total,
        write_patience: config.server.write_timeout,
        ..WireLimits::default()
    };
    let conf = Arc::new(server_conf(threads(config)));
    guarded(&conf, proxy, limits, leaving)
}

fn watch(store: &Arc<OurStore>) -> futures_of::Boxed {
    let store = Arc::clone(store);
    Box::pin(async move { store.watch().await })
}

/// Removes what is over, and keeps the clock in step. Trouble is said once until it is over.
pub async fn upkeep(store: Arc<dyn Store>, clock: Arc<StoreClock>, retention: Duration) {
    let mut sweeps = tokio::time::interval(SWEEP);
    let mut syncs = tokio::time::interval(CLOCK);
    let mut fails = false;
    loop {
        let done = tokio::select! {
            _ = syncs.tick() => clock.sync(store.as_ref()).await,
            _ = sweeps.tick() => sweep(&*store, clock.now(), retention).await,
        };
        if let Err(error) = &done
            && !fails
        {
            tracing::warn!(%error, cause = %error.source, "upkeep of the store");
        }
        fails = done.is_err();
    }
}

/// Removes what is over, and of the audit record what is older than it may be.
async fn sweep(store: &dyn Store, now: UnixMillis, retention: Duration) -> Stored<()> {
    store.sweep(now).await?;
    store.trim(now.before(retention)).await?;
    Ok(())
}

fn threads(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    config.server.threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or_else(cores)
}

fn deliver(server: &mut Assembly<'_>, courier: Arc<Courier>, aside: &Arc<Aside>) {
    let aside = Arc::clone(aside);
    server.add_ending_work("mail", move |ending| {
        let (work, aside) = (Arc::clone(&courier).run(ending), Arc::clone(&aside));
        Box::pin(async move { aside.see_to("mail", work).await })
    });
}

/// Threads for what is not proxied: fewer than cores, which the proxy may have all.
fn aside() -> Result<Arc<Aside>, StartError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Aside::start((cores / 2).clamp(1, MOST_ASIDE))
        .map(Arc::new)
        .map_err(|error| StartError::Part(format!("threads for mails and the record: {error}")))
}

fn listening(config: &Config) -> Vec<Listening> {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    config
        .listeners
        .iter()
        .map(|listener| Listening {
            address: listener.address,
            tls: listener.tls.as_ref().map(|tls| (path(&tls.certificate), path(&tls.key))),
        })
        .collect()
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path)
        .map_err(|error| StartError::File { path: path.to_owned(), cause: error.to_string() })
}

fn part(error: impl std::fmt::Display) -> StartError {
    StartError::Part(error.to_string())
}
