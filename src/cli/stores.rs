//! Opening stores, and making sure that they are ours.

use std::sync::Arc;

use super::installation::{StartError, read};
use crate::adapters::embedded::Embedded;
use crate::adapters::lent::Lent;
use crate::adapters::ours::{Claim, OurStore};
use crate::adapters::redis::{
    Keeping, RedisIdentity, RedisLogin, RedisOptions, RedisServers, RedisStore,
};
use crate::config::{self, Config, CopiesConfig, Password, RedisConfig, StoreConfig, TlsFiles};
use crate::domain::secret::Mark;
use crate::metrics::Metrics;
use crate::ports::{Entropy, Store};

/// One handle for the proxy and one for the work beside it. Pingora runs them in runtimes of their
/// own, and a Redis connection belongs to the runtime that uses it; the embedded store has none.
#[derive(Clone, Debug)]
pub struct Stores {
    /// For the proxy.
    pub requests: Arc<OurStore>,
    /// For the work beside it.
    pub work: Arc<OurStore>,
    /// What must be closed before another process can open it, if there is such a thing.
    pub lent: Option<Arc<Lent>>,
}

/// A handle for each of the two, and what they lead to if that is a file.
type Handles = ([Arc<Lent>; 2], Option<Arc<Lent>>);

impl Stores {
    /// Opens what the configuration names, and asks whose it is. One that does not answer yet is not
    /// used until it has said so.
    ///
    /// # Errors
    /// [`StartError::Store`] when it cannot be opened, or is not ours.
    pub(super) fn open(
        config: &Config,
        mark: Mark,
        entropy: &Arc<dyn Entropy>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let ([requests, work], lent) = two_handles(config)?;
        // A connection belongs to the runtime that uses it, and the one of this question ends here.
        let asked = match &config.store {
            StoreConfig::Redis(settings) => Arc::new(Lent::new(redis(settings, None)?)),
            StoreConfig::Embedded { .. } | StoreConfig::Memory => Arc::clone(&work),
        };
        let claim = Arc::new(Claim::new(mark, Arc::clone(entropy)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StartError::Store(error.to_string()))?;
        match runtime.block_on(async { claim.ask(&*asked.here()?).await }) {
            Ok(answer) => answer.map_err(|why| StartError::Store(why.to_string()))?,
            Err(error) => {
                tracing::warn!(%error, cause = %error.source, "the store does not answer yet");
            }
        }
        let guarded = |store, name| {
            let ours = OurStore::new(store, Arc::clone(&claim), name);
            Arc::new(ours.counting(Arc::clone(metrics)))
        };
        Ok(Self { requests: guarded(requests, "requests"), work: guarded(work, "work"), lent })
    }
}

fn two_handles(config: &Config) -> Result<Handles, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Store(error.to_string());
    let CopiesConfig { most, trust, grace } = config.copies;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    match &config.store {
        StoreConfig::Memory => {
            let store = Embedded::in_memory_keeping(most).map_err(|error| failed(&error))?;
            let store = Arc::new(Lent::new(Arc::new(store)));
            Ok(([Arc::clone(&store), store], None))
        }
        StoreConfig::Embedded { path } => {
            let store = Embedded::open_keeping(path, most).map_err(|error| failed(&error))?;
            let store = Arc::new(Lent::new(Arc::new(store)));
            Ok(([Arc::clone(&store), Arc::clone(&store)], Some(store)))
        }
        StoreConfig::Redis(settings) => {
            let keeping = Keeping { most, bound: trust, grace };
            let handle = |keeping| redis(settings, keeping).map(|it| Arc::new(Lent::new(it)));
            // What works beside the proxy asks for no sessions.
            Ok(([handle(Some(keeping))?, handle(None)?], None))
        }
    }
}

/// A Redis store, with connections of its own.
///
/// # Errors
/// [`StartError`] when URL or certificate cannot be used.
pub(super) fn redis<'a>(
    settings: &'a RedisConfig,
    keeping: Option<Keeping>,
) -> Result<Arc<dyn Store>, StartError> {
    let ca = settings.ca.as_deref().map(read).transpose()?;
    let pair = |files: &TlsFiles| -> Result<_, StartError> {
        Ok(RedisIdentity { certificate: read(&files.certificate)?, key: read(&files.key)? })
    };
    let identity = settings.identity.as_ref().map(pair).transpose()?;
    let sentinel = settings.sentinel_login.as_ref().map(|(username, password)| RedisLogin {
        username: username.clone(),
        password: password.expose().to_owned(),
    });
    let options = RedisOptions { ca, identity, sentinel, keeping };
    let all = |urls: &'a [Password]| urls.iter().map(Password::expose).collect();
    let servers = match &settings.servers {
        config::RedisServers::One(url) => RedisServers::One(url.expose()),
        config::RedisServers::Sentinels { urls, master } => {
            RedisServers::Sentinels { urls: all(urls), master }
        }
        config::RedisServers::Cluster(urls) => RedisServers::Cluster(all(urls)),
    };
    let store = RedisStore::open(&servers, &settings.prefix, &options);
    let store = store.map_err(|error| StartError::Store(format!("redis: URL {error}")))?;
    Ok(Arc::new(store))
}
