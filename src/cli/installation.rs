//! Joins everything that a configuration names: stores, mailers, pages, sites, proxy.
//!
//! The one place that knows all adapters. To add a store or a transport, add its variant to the
//! configuration; the `match`es here lead to the rest.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pingora::protocols::tls::CaType;
use pingora::server::Server;
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use super::{appearance, health, secret_file};
use crate::adapters::clock::StoreClock;
use crate::adapters::embedded::Embedded;
use crate::adapters::mail::folder::Folder;
use crate::adapters::mail::inbox::Inbox;
use crate::adapters::mail::message::Sender;
use crate::adapters::mail::smtp::{Protection, Relay, Smtp};
use crate::adapters::redis::{RedisOptions, RedisStore};
use crate::config::{
    Config, MailConfig, MailTransport, SmtpConfig, SmtpTls, StoreConfig, Upstream as UpstreamFile,
    UpstreamProtocol,
};
use crate::domain::limit::Limit;
use crate::domain::site::{Site, Sites};
use crate::domain::terms::SignInTerms;
use crate::gate::Gate;
use crate::portal::assertion::Assertions;
use crate::portal::courier::Courier;
use crate::portal::looks::Looks;
use crate::portal::{Desk, Portal, inbox};
use crate::ports::{Clock, Entropy, KeyRosters, Mailer, OsEntropy, Store, SystemClock};
use crate::proxy::peers::{Upstream, Wire};
use crate::proxy::server::{
    GuardedProxy, Listening, add_pages, add_proxy, add_work, guarded, server_conf,
};
use crate::proxy::service::AuthProxy;
use crate::proxy::wire::WireLimits;

/// How often what is over is removed.
const SWEEP: Duration = Duration::from_secs(60);
/// How often the store's clock is asked.
const CLOCK: Duration = Duration::from_secs(10);
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
    /// The store for work beside the proxy; it may have connections of its own.
    pub work_store: Arc<dyn Store>,
    /// The clock that is kept in step with the store's.
    pub clock: Arc<StoreClock>,
    /// The development inbox and where it listens, if there is one.
    pub inbox: Option<(SocketAddr, Router)>,
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
        let (store, work_store) = open_stores(&config.store)?;
        let sites = Arc::new(sites(config));
        let clock = Arc::new(StoreClock::new(SystemClock));
        let prefix = config.prefix.as_str();
        let rosters: Arc<dyn KeyRosters> = Arc::clone(&store) as Arc<dyn KeyRosters>;
        let assertions = Assertions::new(&secret, rosters, prefix, &sites).map_err(part)?;
        let gate = Gate::new(
            store,
            Arc::clone(&clock) as Arc<dyn Clock>,
            Arc::clone(&entropy),
            &secret,
            prefix,
        );
        let sender = sender(&config.mail);
        let appearance = appearance::read(config)?;
        let (mailer, inbox) = open_mailer(config, &sender, &appearance.looks)?;
        let courier = Courier {
            store: Arc::clone(&work_store),
            mailer,
            mails: appearance.mails,
            seal: gate.keys().mail.clone(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::clone(&entropy),
            waits: gate.mail_waits(),
            health: Arc::default(),
        };
        let portal = Portal::new(Arc::new(Desk {
            gate,
            looks: appearance.looks,
            assertions,
            sites,
            groups: Arc::clone(&config.groups),
            prefix: prefix.to_owned(),
            sender: sender.to_string(),
            sender_address: sender.address.clone(),
            trusted: config.trusted_proxies.clone(),
            mail_buttons: config.sign_in.mail_buttons,
            remember_address: config.sign_in.remember_address,
            mail_health: Arc::clone(&courier.health),
        }));
        let upstreams = config.sites.iter().map(|site| upstream(&site.upstream));
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        let proxy = AuthProxy::new(portal, upstreams, entropy);
        Ok(Self { proxy, courier: Arc::new(courier), work_store, clock, inbox })
    }

    /// Puts everything into a server, which then only has to run.
    ///
    /// # Errors
    /// [`StartError`] when an address is taken or a certificate cannot be used.
    pub fn into_server(self, config: &Config) -> Result<Server, StartError> {
        let mut addresses: Vec<SocketAddr> =
            config.listeners.iter().map(|listener| listener.address).collect();
        addresses.extend(config.admin);
        addresses.extend(self.inbox.as_ref().map(|(address, _)| *address));
        for address in addresses {
            // Pingora panics in a thread of its own when an address is taken.
            TcpListener::bind(address).map_err(|cause| StartError::Address { address, cause })?;
        }
        let conf = server_conf(threads(config));
        let mut server = Server::new_with_opt_and_conf(None, conf);
        let app = guard(self.proxy, config);
        add_proxy(&mut server, app, &listening(config)).map_err(part)?;
        if let Some((address, router)) = self.inbox {
            add_pages(&mut server, "inbox", address, router);
        }
        if let Some(address) = config.admin {
            add_pages(&mut server, "admin", address, health::router(Arc::clone(&self.work_store)));
        }
        let courier = self.courier;
        add_work(&mut server, "mail", move || Box::pin(Arc::clone(&courier).run()));
        let (store, clock) = (self.work_store, self.clock);
        add_work(&mut server, "upkeep", move || {
            Box::pin(upkeep(Arc::clone(&store), Arc::clone(&clock)))
        });
        Ok(server)
    }
}

/// Puts the guard with the configured limits before a proxy.
#[must_use]
pub fn guard(proxy: AuthProxy, config: &Config) -> GuardedProxy {
    let limits = WireLimits {
        head_deadline: config.server.request_head,
        connections_per_peer: config.server.connections_per_peer,
        connections_total: config.server.connections_total,
        ..WireLimits::default()
    };
    let conf = Arc::new(server_conf(threads(config)));
    guarded(&conf, proxy, limits, config.trusted_proxies.clone())
}

/// Removes what is over, and keeps the clock in step. Trouble is said once until it is over.
pub async fn upkeep(store: Arc<dyn Store>, clock: Arc<StoreClock>) {
    let mut sweeps = tokio::time::interval(SWEEP);
    let mut syncs = tokio::time::interval(CLOCK);
    let mut fails = false;
    loop {
        let done = tokio::select! {
            _ = syncs.tick() => clock.sync(store.as_ref()).await,
            _ = sweeps.tick() => store.sweep(clock.now()).await.map(|_| ()),
        };
        if let Err(error) = &done
            && !fails
        {
            tracing::warn!(%error, cause = %error.source, "upkeep of the store");
        }
        fails = done.is_err();
    }
}

/// The sites of a configuration, indexed.
#[must_use]
pub fn sites(config: &Config) -> Sites {
    let site = |site: &crate::config::Site| Site {
        name: site.name.to_string(),
        title: site.title.to_string(),
        pattern: site.origin.clone(),
        policy: Arc::clone(&site.policy),
        terms: SignInTerms {
            enabled: site.sign_in.enabled,
            link_lifetime: site.sign_in.link_lifetime,
            other_browser: site.sign_in.other_browser,
            email_limit: config.sign_in.email_limit,
            client_limit: config.sign_in.ip_limit,
            network_limit: wider(config.sign_in.network_limit, config.sign_in.ip_limit),
            site_limit: wider(config.sign_in.site_limit, config.sign_in.ip_limit),
            total_limit: wider(config.sign_in.total_limit, config.sign_in.ip_limit),
            new_device_notice: site.sign_in.new_device_notice,
            used_link_retention: config.sign_in.used_link_retention,
            session: config.session.lifetimes,
        },
        return_to: site.return_to.clone(),
        session_domain: config.session.domain.as_ref().map(ToString::to_string),
        disclosure: site.disclosure.clone(),
        odd_headers: site.odd_headers,
        cors_origins: site.cors_origins.clone(),
    };
    Sites::new(config.sites.iter().map(site).collect())
}

/// A limit for many, which is never smaller than that of one client among them.
fn wider(many: Limit, one: Limit) -> Limit {
    if one.count > many.count { one } else { many }
}

fn threads(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    config.server.threads.and_then(|threads| usize::try_from(threads).ok()).unwrap_or_else(cores)
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

pub(super) type TwoHandles = (Arc<dyn Store>, Arc<dyn Store>);

/// One handle for the proxy and one for the work beside it. Pingora runs them in runtimes of their
/// own, and a Redis connection belongs to the runtime that uses it; the embedded store has none.
pub(super) fn open_stores(store: &StoreConfig) -> Result<TwoHandles, StartError> {
    let failed = |error: &dyn std::fmt::Display| StartError::Store(error.to_string());
    let shared = |store: Embedded| {
        let store: Arc<dyn Store> = Arc::new(store);
        (Arc::clone(&store), store)
    };
    match store {
        StoreConfig::Memory => Embedded::in_memory().map(shared).map_err(|error| failed(&error)),
        StoreConfig::Embedded { path } => {
            Embedded::open(path).map(shared).map_err(|error| failed(&error))
        }
        StoreConfig::Redis(redis) => {
            let ca = redis.ca.as_ref().map(read).transpose()?;
            let open = || -> Result<Arc<dyn Store>, StartError> {
                let options = RedisOptions { ca: ca.clone() };
                let store = RedisStore::new(redis.url.expose(), &redis.prefix, options);
                Ok(Arc::new(store.map_err(|error| failed(&format_args!("redis: URL {error}")))?))
            };
            Ok((open()?, open()?))
        }
    }
}

type OpenMailer = (Arc<dyn Mailer>, Option<(SocketAddr, Router)>);

fn open_mailer(config: &Config, sender: &Sender, looks: &Looks) -> Result<OpenMailer, StartError> {
    Ok(match &config.mail.transport {
        MailTransport::Smtp(smtp) => (Arc::new(Smtp::new(relay(smtp)?, sender.clone())), None),
        MailTransport::Folder(path) => (Arc::new(Folder::new(path.clone(), sender.clone())), None),
        MailTransport::Inbox(address) => {
            let inbox = Inbox::new(sender.clone());
            let prefix = config.prefix.as_str();
            let router = inbox::router(inbox.clone(), looks.clone(), prefix);
            (Arc::new(inbox), Some((*address, router)))
        }
    })
}

fn sender(mail: &MailConfig) -> Sender {
    Sender {
        name: Some(mail.from.name.clone()).filter(|name| !name.is_empty()),
        address: mail.from.address.clone(),
        reply_to: mail.reply_to.as_ref().map(|mailbox| mailbox.address.clone()),
    }
}

fn relay(smtp: &SmtpConfig) -> Result<Relay, StartError> {
    Ok(Relay {
        host: smtp.host.clone(),
        port: smtp.port,
        protection: match smtp.tls {
            SmtpTls::StartTls => Protection::StartTls,
            SmtpTls::Implicit => Protection::Implicit,
            SmtpTls::Plaintext => Protection::None,
        },
        login: smtp
            .login
            .as_ref()
            .map(|(name, password)| (name.clone(), Zeroizing::new(password.expose().to_owned()))),
        authority: smtp.ca.as_ref().map(read).transpose()?,
        patience: smtp.timeout,
    })
}

fn upstream(file: &UpstreamFile) -> Result<Upstream, StartError> {
    let wire = match file.protocol {
        UpstreamProtocol::Http => Wire::Http,
        UpstreamProtocol::H2c => Wire::H2c,
        UpstreamProtocol::Https => Wire::Https,
    };
    let servers =
        file.servers.iter().map(|server| (server.host.to_string(), server.port)).collect();
    let mut upstream = Upstream::new(servers, wire);
    upstream.server_name = file.server_name.as_ref().map(ToString::to_string);
    upstream.authorities = file.ca.as_ref().map(authorities).transpose()?;
    upstream.connect_timeout = file.connect_timeout;
    upstream.read_timeout = file.read_timeout;
    upstream.write_timeout = file.write_timeout;
    Ok(upstream)
}

fn authorities(path: &PathBuf) -> Result<Arc<CaType>, StartError> {
    let pem = read(path)?;
    let broken = |cause: String| StartError::File { path: path.clone(), cause };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| WrappedX509::new(der.to_vec(), parse_x509)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(error.to_string()))?;
    if certificates.is_empty() {
        return Err(broken("holds no certificate".into()));
    }
    Ok(certificates.into())
}

fn read(path: &PathBuf) -> Result<Vec<u8>, StartError> {
    std::fs::read(path)
        .map_err(|error| StartError::File { path: path.clone(), cause: error.to_string() })
}

fn part(error: impl std::fmt::Display) -> StartError {
    StartError::Part(error.to_string())
}
