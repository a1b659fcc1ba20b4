//! The server: listeners, the guard before them, and the services beside the proxy.

mod beside;
mod certificates;
mod doors;
mod pages;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use pingora::apps::HttpServerOptions;
use pingora::listeners::tls::TlsSettings;
use pingora::listeners::{ConnectionFilter, ListenerConfig};
use pingora::protocols::l4::stream::L4BufferSettings;
use pingora::proxy::{HttpProxy, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::listening::Service;

pub use self::doors::Doors;
pub use self::pages::Bodies;

use self::beside::Beside;
use self::pages::Pages;
use super::context::reference;
use super::direct::{Direct, Straight};
use super::leaving::{Leaving, Over, reached};
use super::service::AuthProxy;
use super::streams::Revocable;
use super::wire::{GuardedApp, WireLimits, h2_options};
use crate::ports::{Entropy, OsEntropy};

/// How long threads get when everything else has ended.
const LAST_SECONDS: u64 = 5;
/// Idle connections to applications that are kept.
const POOLED: usize = 1024;

/// A public address, with TLS or without.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// Certificate chain and key, as paths of PEM files.
    pub tls: Option<(String, String)>,
}

/// The guarded proxy.
pub type GuardedProxy = GuardedApp<Straight<Revocable<HttpProxy<AuthProxy>>>, Arc<Direct>>;

/// Why the server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// A certificate or key cannot be used.
    #[error("{address}: the certificate or its key cannot be used: {cause}")]
    Certificate {
        /// The listener.
        address: SocketAddr,
        /// What the TLS library says.
        cause: String,
    },
    /// A socket that listens cannot be given to the server.
    #[error("cannot listen: {0}")]
    Socket(#[from] std::io::Error),
}

/// A server that is being put together: sockets that are open already, and the way to leave them.
pub struct Assembly<'a> {
    server: Server,
    doors: &'a Doors,
    leaving: Arc<Leaving>,
}

impl std::fmt::Debug for Assembly<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Assembly(..)")
    }
}

/// A server that only has to run.
pub struct Assembled {
    server: Server,
    leaving: Arc<Leaving>,
}

impl std::fmt::Debug for Assembled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Assembled(..)")
    }
}

impl Assembled {
    /// Serves until [`Leaving::finish`]; blocks as long.
    pub fn run(mut self) {
        self.server.bootstrap();
        self.server.run(RunArgs { shutdown_signal: Box::new(LastStep(self.leaving)) });
    }

    /// The way to end it.
    #[must_use]
    pub fn leaving(&self) -> Arc<Leaving> {
        Arc::clone(&self.leaving)
    }
}

/// Pingora is told when all is over, and of no signal.
struct LastStep(Arc<Leaving>);

#[async_trait]
impl ShutdownSignalWatch for LastStep {
    async fn recv(&self) -> ShutdownSignal {
        match self.0.over().await {
            Over::Done => ShutdownSignal::GracefulTerminate,
            Over::Cut => ShutdownSignal::FastShutdown,
        }
    }
}

/// Settings of Pingora, made in code: its own files would be read without any check.
#[must_use]
pub fn server_conf(threads: usize) -> ServerConf {
    ServerConf {
        threads,
        // Pingora sleeps as long as this says, whether anything is open or not. What is in flight is
        // waited for before Pingora is told: see `leaving`.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(LAST_SECONDS),
        upstream_keepalive_pool_size: POOLED,
        // With one thread there is nobody to steal from, and nobody to look out for. With several, kept
        // connections to applications would belong to other threads than those that want them, and
        // Pingora makes new ones then ("failed to acquire reusable stream").
        work_stealing: threads > 1,
        ..ServerConf::default()
    }
}

/// Puts the guard before the proxy. HTTP/2 is spoken on plain listeners, too, to clients that know.
#[must_use]
pub fn guarded(
    conf: &Arc<ServerConf>,
    proxy: AuthProxy,
    limits: WireLimits,
    leaving: &Arc<Leaving>,
) -> GuardedProxy {
    let fronts = Arc::clone(proxy.fronts());
    let metrics = Arc::clone(fronts.current().meters.metrics());
    let direct = Direct::new(conf, proxy.clone(), Arc::clone(leaving), limits.write_patience);
    let direct = Arc::new(direct);
    let mut inner = http_proxy(conf, proxy);
    let mut options = HttpServerOptions::default();
    options.h2c = true;
    options.h2_idle_timeout = Some(limits.keep_alive);
    inner.server_options = Some(options);
    inner.h2_options = Some(h2_options(&limits));
    let entropy = OsEntropy;
    let inner = Revocable::new(inner, Arc::clone(leaving), limits.write_patience);
    let inner = Straight::new(inner, Arc::clone(&direct));
    let app = GuardedApp::new(
        Arc::new(inner),
        limits,
        move |peer: IpAddr| fronts.current().portal.desk().trusted.contains(peer),
        move || reference(&entropy as &dyn Entropy).to_string(),
        Some(Arc::clone(leaving)),
    );
    app.admission().count_in(metrics);
    app.with_shortcut(direct)
}

/// Whoever reads a connection has a buffer: the guard, TLS, HTTP/2. One more of Pingora's 64 KiB, filled
/// with zeros for each connection, would be most of what an idle one costs.
fn endpoint(listening: &Listening) -> Result<ListenerConfig, AssemblyError> {
    let endpoint = ListenerConfig::tcp(listening.address.to_string())
        .l4_buffer(L4BufferSettings::default().read(0));
    let Some((certificate, key)) = &listening.tls else { return Ok(endpoint) };
    let failed = |cause: &dyn std::fmt::Display| {
        let (address, cause) = (listening.address, cause.to_string());
        AssemblyError::Certificate { address, cause }
    };
    let shown = certificates::load(certificate, key).map_err(|error| failed(&error))?;
    let settings = TlsSettings::intermediate(certificate, key);
    let mut settings = settings.map_err(|error| failed(&error))?;
    settings.set_cert_resolver(Arc::new(shown));
    settings.enable_h2();
    Ok(endpoint.tls(settings))
}

impl<'a> Assembly<'a> {
    /// Begins with nothing.
    #[must_use]
    pub fn new(conf: ServerConf, doors: &'a Doors, leaving: Arc<Leaving>) -> Self {
        Self { server: Server::new_with_opt_and_conf(None, conf), doors, leaving }
    }

    /// The way to leave the server.
    #[must_use]
    pub fn leaving(&self) -> &Arc<Leaving> {
        &self.leaving
    }

    /// Adds the proxy with its listeners, what is to be done `before` it takes a connection, and work
    /// beside it; both run in the same runtime.
    ///
    /// # Errors
    /// [`AssemblyError`] when a certificate or a socket cannot be used.
    pub fn add_proxy<F>(
        &mut self,
        app: GuardedProxy,
        listeners: &[Listening],
        before: futures_of::Boxed,
        work: F,
    ) -> Result<(), AssemblyError>
    where
        F: Fn() -> futures_of::Boxed + Send + Sync + 'static,
    {
        let admission = app.admission();
        let mut service = Service::new("proxy".to_owned(), app);
        service.set_connection_filter(Arc::clone(&admission) as Arc<dyn ConnectionFilter>);
        service.endpoints().set_pre_tls_callback(admission);
        for listening in listeners {
            service.add_listener(endpoint(listening)?);
        }
        let addresses: Vec<_> = listeners.iter().map(|listening| listening.address).collect();
        let (handles, leaving) = (self.doors.handles(&addresses)?, Arc::clone(&self.leaving));
        let work = Some(Arc::new(work) as Arc<dyn Fn() -> futures_of::Boxed + Send + Sync>);
        self.server.add_service(Beside {
            service,
            handles,
            leaving,
            before: Mutex::new(Some(before)),
            work,
        });
        Ok(())
    }

    /// Adds a small HTTP service of our own: health, inbox, demo. `bodies` says how large
    /// what is sent there may be.
    ///
    /// # Errors
    /// [`AssemblyError`] when its socket cannot be used.
    pub fn add_pages(
        &mut self,
        name: &str,
        address: SocketAddr,
        router: Router,
        bodies: Bodies,
    ) -> Result<(), AssemblyError> {
        let leaving = Arc::clone(&self.leaving);
        let pages = Pages::new(router, Arc::clone(&leaving), bodies);
        let mut service = Service::new(name.to_owned(), pages);
        service.add_tcp(&address.to_string());
        let handles = self.doors.handles(&[address])?;
        self.server.add_service(Beside {
            service,
            handles,
            leaving,
            before: Mutex::default(),
            work: None,
        });
        Ok(())
    }

    /// Adds work that runs beside the proxy until the server begins to leave.
    pub fn add_work<F>(&mut self, name: &str, work: F)
    where
        F: Fn() -> futures_of::Boxed + Send + Sync + 'static,
    {
        let leaving = Arc::clone(&self.leaving);
        let until = move || {
            let (work, leaving) = (work(), Arc::clone(&leaving));
            let until: futures_of::Boxed = Box::pin(async move {
                tokio::select! {
                    () = work => {}
                    () = reached(leaving.closing()) => {}
                }
            });
            until
        };
        self.server.add_service(background_service(name, Work(until)));
    }

    /// Adds work that ends by itself when it is told to.
    pub fn add_ending_work<F>(&mut self, name: &str, work: F)
    where
        F: Fn(ShutdownWatch) -> futures_of::Boxed + Send + Sync + 'static,
    {
        let leaving = Arc::clone(&self.leaving);
        let work = Work(move || work(leaving.closing()));
        self.server.add_service(background_service(name, work));
    }

    /// The whole.
    #[must_use]
    pub fn finish(self) -> Assembled {
        Assembled { server: self.server, leaving: self.leaving }
    }
}

/// Futures that are kept in boxes.
pub mod futures_of {
    use std::future::Future;
    use std::pin::Pin;

    /// Work that ends, or does not.
    pub type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;
}

struct Work<F>(F);

#[async_trait]
impl<F> BackgroundService for Work<F>
where
    F: Fn() -> futures_of::Boxed + Send + Sync,
{
    async fn start(&self, _shutdown: ShutdownWatch) {
        (self.0)().await;
    }
}
