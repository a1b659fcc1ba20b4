//! Joins everything that a configuration names: stores, mailers, pages, sites, proxy.
//!
//! The one place that knows all adapters. To add a store or a transport, add its variant to the
//! configuration; the `match`es here lead to the rest.

mod assembly;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;

use super::foundation::{Built, Foundation};
use super::reload::{InForce, Source};
use super::stores::Stores;
use super::upgrade::Upgrades;
use super::{hooks, mailers, record, secret_file, traces};
use crate::adapters::clock::StoreClock;
use crate::adapters::embedded;
use crate::adapters::yielding::Pace;
use crate::config::{Config, MailTransport, Password, SecretPlan, StoreConfig};
use crate::domain::event::Actor;
use crate::domain::secret::{Mark, Secret};
use crate::gate::journal::{Journal, Trail, Writer};
use crate::metrics::Metrics;
use crate::portal::admin::{self, AdminDesk, AdminFacts, Caller};
use crate::portal::assertion::{SigningKeys, root_key};
use crate::portal::brand::BrandError;
use crate::portal::courier::Courier;
use crate::portal::mail::MailRoom;
use crate::ports::{Clock, Entropy, OsEntropy, Store, SystemClock};
use crate::proxy::front::Fronts;
use crate::proxy::server::Doors;
use crate::proxy::service::AuthProxy;
use crate::proxy::turns::Turns;

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
    #[error(
        "{address}: cannot listen there: {cause}; another process may have it: stop that one, or change the \
         address under `listen`, `admin.listen`, `mail.inbox` or `mail.hooks`"
    )]
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
        let secret = secret(config)?;
        let metrics = Arc::new(Metrics::default());
        let (tracer, traces) = traces::tracer(config, &metrics).unzip();
        let stores = Stores::open(config, secret.mark(), &entropy, &metrics)?;
        let store = Arc::clone(&stores.requests) as Arc<dyn Store>;
        let work_store = Arc::clone(&stores.work) as Arc<dyn Store>;
        let clock = Arc::new(StoreClock::new(SystemClock));
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let (gate, journal) = record::open_gate(config, &secret, store, (&shared, &entropy));
        let record = record::writer(config, &journal, Arc::clone(&stores.work) as _, &metrics)?;
        let foundation = Foundation {
            gate: Arc::new(gate.counting(Arc::clone(&metrics))),
            signing_keys: Arc::new(SigningKeys::new(&secret, Arc::clone(&stores.requests) as _)),
            mail_health: Arc::default(),
            metrics: Arc::clone(&metrics),
            tracer,
            pace: Pace::of(threads(config)),
        };
        let Built { front, mails, looks } = foundation.build(config)?;
        let (mails, (mailer, inbox)) = (MailRoom::new(mails), mailers::open(config, &looks)?);
        let told = (journal.clone(), Arc::clone(&metrics));
        let hooks = hooks::open(config, Arc::clone(&work_store), Arc::clone(&shared), told)?;
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
        let admin = admin_routes(config, desk, &entropy, (&journal, secret.mark()))?;
        let fronts = Arc::new(Fronts::new(front));
        let proxy = AuthProxy::new(Arc::clone(&fronts), entropy, Turns::new(threads(config)));
        let (shared, known) = (Arc::clone(&fronts), with_secret_made(config, &secret));
        let in_force = InForce::new(foundation, secret, known, shared, (mails, facts));
        Ok(Self {
            proxy,
            courier: Arc::new(courier),
            stores,
            admin,
            clock,
            journal,
            record,
            inbox,
            hooks,
            in_force: Arc::new(in_force),
            fronts,
            source: None,
            traces,
            upgrades: None,
        })
    }
}

/// Refuses to make a secret for a store that is there already: it is another one's, and with a wrong secret
/// beside it each later start would fail as well.
///
/// # Errors
/// [`StartError::File`] that says how to go on.
pub(super) fn secret_may_be_made(
    secret: &SecretPlan,
    store: &StoreConfig,
) -> Result<(), StartError> {
    let (SecretPlan::Create(secret), StoreConfig::Embedded { path }) = (secret, store) else {
        return Ok(());
    };
    let store = path.join(embedded::FILE_NAME);
    if !store.exists() {
        return Ok(());
    }
    let cause = format!(
        "the secret of {} is gone, and without it nobody is found there: restore it from a copy, or move the \
         store away to start with an empty one",
        store.display()
    );
    Err(StartError::File { path: secret.clone(), cause })
}

/// What was made is there from now on: another server of this process must not make it again. One that did
/// found its file and could not serve.
fn with_secret_made(config: &Config, secret: &Secret) -> Config {
    Config { secret: SecretPlan::Ready(secret.clone()), ..config.clone() }
}

fn secret(config: &Config) -> Result<Secret, StartError> {
    secret_may_be_made(&config.secret, &config.store)?;
    secret_file::secret(&config.secret, &OsEntropy)
        .map_err(|error| StartError::Part(format!("secret: {error}")))
}

/// The admin API and the pages, each with its guard, if there is anybody who may use them.
fn admin_routes(
    config: &Config,
    desk: AdminDesk,
    entropy: &Arc<dyn Entropy>,
    (journal, mark): (&Journal, Mark),
) -> Result<Option<Router>, StartError> {
    let Some(caller) = caller(config) else { return Ok(None) };
    let caller = caller.noting(journal.clone()).of_installation(mark);
    let desk = Arc::new(desk);
    let pages = admin::page::pages(Arc::clone(&desk), caller.clone(), Arc::clone(entropy))?;
    Ok(Some(admin::guarded(admin::router(desk), caller).merge(pages)))
}

fn caller(config: &Config) -> Option<Caller> {
    Caller::of(config.admin?, config.admin_token.as_ref().map(Password::expose))
}

fn threads(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    config.server.threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or_else(cores)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path)
        .map_err(|error| StartError::File { path: path.to_owned(), cause: error.to_string() })
}

fn part(error: impl std::fmt::Display) -> StartError {
    StartError::Part(error.to_string())
}
