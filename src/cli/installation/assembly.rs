//! Puts an installation into a server: what listens, and what is done beside the requests.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;

use super::super::aside::Aside;
use super::super::reload;
use super::super::upgrade::Upgrades;
use super::super::watching::{self, Watched};
use super::super::{health, record, traces};
use super::{Installation, StartError, caller, part, threads};
use crate::adapters::clock::StoreClock;
use crate::adapters::ours::OurStore;
use crate::config::Config;
use crate::domain::time::UnixMillis;
use crate::portal::admin::{self, Caller};
use crate::portal::courier::Courier;
use crate::portal::hooks::LARGEST as HOOK_BODY;
use crate::ports::{Clock, Store, Stored, Upkeep};
use crate::proxy::leaving::Leaving;
use crate::proxy::server::{
    Assembly, AssemblyError, Bodies, Doors, GuardedProxy, Listening, futures_of, guarded,
    server_conf,
};
use crate::proxy::service::AuthProxy;
use crate::proxy::wire::{Admission, WireLimits};

/// How often what is over is removed.
const SWEEP: Duration = Duration::from_secs(60);
/// How often the store's clock is asked.
const CLOCK: Duration = Duration::from_secs(10);
/// How long the store is waited for before requests are served.
const CONNECTING: Duration = Duration::from_secs(2);
/// Most threads for what is not proxied. They have less to do than those that proxy.
const MOST_ASIDE: usize = 4;

impl Installation {
    /// Puts everything into a server. `begun` is told when that serves.
    ///
    /// # Errors
    /// [`StartError`] when a certificate or a socket cannot be used.
    pub fn into_assembly<'a>(
        mut self,
        config: &Config,
        doors: &'a Doors,
        begun: Option<mpsc::Sender<()>>,
    ) -> Result<Assembly<'a>, StartError> {
        let leaving = Arc::new(Leaving::new(config.server.drain_streams));
        let app = guard(self.proxy.clone(), config, &leaving);
        let admission = app.admission();
        let mut server = Assembly::new(server_conf(threads(config)), doors, leaving);
        let requests = Arc::clone(&self.stores.requests);
        let before = connect(Arc::clone(&requests), Arc::clone(&self.clock), begun);
        let before = Box::pin(before);
        server
            .add_proxy(app, &listening(config), before, move || watch(&requests))
            .map_err(part)?;
        self.add_pages(&mut server, config, admission).map_err(part)?;
        self.add_work(&mut server, &aside()?, config.audit.retention.oldest());
        Ok(server)
    }

    /// What listens beside the sites: the inbox, the news of mail providers, the admin listener.
    fn add_pages(
        &mut self,
        server: &mut Assembly<'_>,
        config: &Config,
        admission: Arc<Admission>,
    ) -> Result<(), AssemblyError> {
        if let Some((address, router)) = self.inbox.take() {
            server.add_pages("inbox", address, router, Bodies::of_forms())?;
        }
        let told = || Bodies::larger_below(format!("{}/hooks/", config.prefix.as_str()), HOOK_BODY);
        let hooks = match self.hooks.take() {
            Some((Some(address), router)) => {
                server.add_pages("hooks", address, router, told())?;
                None
            }
            hooks => hooks.map(|(_, router)| router),
        };
        let Some(address) = config.admin else { return Ok(()) };
        let (stores, in_force) = (self.stores.clone(), Arc::clone(&self.in_force));
        let caller = caller(config).map(|caller| caller.noting(self.journal.clone()));
        let watched = Watched { stores, in_force, admission, caller: caller.clone() };
        let reload = self.source.as_ref().map(|_| Arc::clone(&self.in_force));
        let ways = [self.upgrades.take().map(Upgrades::routes), reload.map(reload::asked::routes)];
        let bodies = if hooks.is_some() { told() } else { Bodies::of_forms() };
        let router = operators(watched, caller, ways, [self.admin.take(), hooks]);
        server.add_pages("admin", address, router, bodies)
    }

    /// What is done beside the requests.
    fn add_work(self, server: &mut Assembly<'_>, aside: &Arc<Aside>, retention: Duration) {
        let fronts = self.fronts;
        server.add_work("upstreams", move || {
            let fronts = Arc::clone(&fronts);
            Box::pin(async move { fronts.care().await })
        });
        let metrics = Arc::clone(&self.in_force.foundation().metrics);
        if let Some(source) = self.source {
            let in_force = self.in_force;
            server
                .add_work("reload", move || Box::pin(Arc::clone(&in_force).follow(source.clone())));
        }
        deliver(server, self.courier, aside);
        if let Some(export) = self.traces {
            traces::keep(server, export, metrics);
        }
        record::keep(server, self.record, aside);
        let (work, clock) = (self.stores.work, self.clock);
        let watched = Arc::clone(&work);
        // Where the mails are, too: its connection is in the runtime of whoever asks first.
        let (watching, keeping) = (Arc::clone(aside), Arc::clone(aside));
        server.add_work("whose store", move || watching.boxed("whose store", watch(&watched)));
        server.add_work("upkeep", move || {
            let store = Arc::clone(&work) as Arc<dyn Store>;
            keeping.boxed("upkeep", upkeep(store, Arc::clone(&clock), retention))
        });
    }
}

/// Connects to the store, takes its time, and tells that requests can be served.
async fn connect(store: Arc<OurStore>, clock: Arc<StoreClock>, begun: Option<mpsc::Sender<()>>) {
    // The first request is not the one that waits for a connection, or fails because of it; nor is it
    // judged by this machine's clock where the store's is another. A store that is away is nothing to wait
    // for. Trouble is told by those who ask again.
    let ready = async {
        let _ = store.ping().await;
        let _ = clock.sync(store.as_ref()).await;
    };
    let _ = tokio::time::timeout(CONNECTING, ready).await;
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

/// Puts the guard with the configured limits before a proxy.
fn guard(proxy: AuthProxy, config: &Config, leaving: &Arc<Leaving>) -> GuardedProxy {
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

fn deliver(server: &mut Assembly<'_>, courier: Arc<Courier>, aside: &Arc<Aside>) {
    let aside = Arc::clone(aside);
    server.add_ending_work("mail", move |ending| {
        aside.boxed("mail", Arc::clone(&courier).run(ending))
    });
}

/// Removes what is over, and keeps the clock in step. Trouble is said once until it is over.
async fn upkeep(store: Arc<dyn Store>, clock: Arc<StoreClock>, retention: Duration) {
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

/// Threads for what is not proxied: fewer than cores, which the proxy may have all.
fn aside() -> Result<Arc<Aside>, StartError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Aside::start((cores / 2).clamp(1, MOST_ASIDE))
        .map(Arc::new)
        .map_err(|error| StartError::Part(format!("threads for mails and the record: {error}")))
}
