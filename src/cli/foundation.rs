//! What outlives a configuration, and what is built upon it for each.

use std::path::Path;
use std::sync::Arc;

use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::appearance::{self, Appearance};
use super::installation::{StartError, read};
use crate::adapters::yielding::Pace;
use crate::config::{
    Backend, Config, Mailbox, Upstream as UpstreamFile, UpstreamBalance, UpstreamHealth,
    UpstreamProtocol,
};
use crate::domain::limit::Limit;
use crate::domain::password::PasswordTerms;
use crate::domain::sender::Sender;
use crate::domain::site::{Site, Sites};
use crate::domain::terms::{Mode, SignInTerms};
use crate::gate::Gate;
use crate::metrics::{Meters, Metrics};
use crate::portal::assertion::{Assertions, SigningKeys};
use crate::portal::courier::health::MailHealth;
use crate::portal::looks::Looks;
use crate::portal::mail::Shelf;
use crate::portal::{Desk, Portal};
use crate::proxy::front::Front;
use crate::proxy::peers::{Authorities, Balance, Health, Upstream, Wire};
use crate::traces::Tracer;

/// What stays while configurations come and go.
#[derive(Debug)]
pub struct Foundation {
    /// The use cases over the store.
    pub gate: Arc<Gate>,
    /// The keys of the signed assertion.
    pub signing_keys: Arc<SigningKeys>,
    /// Whether mails leave.
    pub mail_health: Arc<MailHealth>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Begins traces, where they are wanted.
    pub tracer: Option<Arc<Tracer>>,
    /// How requests go on among each other: the threads stay as they are, too.
    pub pace: Pace,
}

/// What a configuration says, ready to be put in force.
#[derive(Debug)]
pub struct Built {
    /// For requests.
    pub front: Front,
    /// For mails.
    pub mails: Shelf,
    /// The pages, for what is shown beside the sites.
    pub looks: Looks,
}

impl Foundation {
    /// Builds what a configuration says. Reads files, and changes nothing.
    ///
    /// # Errors
    /// [`StartError`], in words for the operator.
    pub fn build(&self, config: &Config) -> Result<Built, StartError> {
        let Appearance { looks, mails } = appearance::read(config)?;
        let (sites, prefix) = (Arc::new(sites(config)), config.prefix.as_str());
        let assertions =
            Assertions::new(Arc::clone(&self.signing_keys), prefix, &sites, config.copies.most)
                .map_err(|error| StartError::Part(error.to_string()))?;
        let portal = Portal::new(Arc::new(Desk {
            gate: Arc::clone(&self.gate),
            looks: looks.clone(),
            assertions,
            sites,
            groups: Arc::clone(&config.groups),
            prefix: prefix.to_owned(),
            trusted: config.trusted_proxies.clone(),
            mail_buttons: config.sign_in.mail_buttons,
            remember_address: config.sign_in.remember_address,
            mail_health: Arc::clone(&self.mail_health),
            pace: self.pace,
        }));
        let upstreams = config.sites.iter().map(|site| match &site.backend {
            Backend::Upstream(file) => upstream(&site.name, file).map(Some),
            Backend::Elsewhere => Ok(None),
        });
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        let names = config.sites.iter().map(|site| (&*site.name, site.policy.rules()));
        let meters = Meters::new(Arc::clone(&self.metrics), names);
        let front = Front::new(portal, upstreams, meters).tracing(self.tracer.clone());
        Ok(Built { front, mails, looks })
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
            mode: if site.sign_in.accepts_passwords {
                let terms = config.sign_in.passwords;
                let network_limit = wider(terms.network_limit, terms.client_limit);
                Mode::Hybrid(PasswordTerms { network_limit, ..terms })
            } else {
                Mode::Passwordless
            },
            registration: site.sign_in.registration,
            asks_name: site.sign_in.registration_name,
            link_lifetime: site.sign_in.link_lifetime,
            other_browser: site.sign_in.other_browser,
            email_limit: site.sign_in.limits.email,
            client_limit: site.sign_in.limits.ip,
            network_limit: wider(site.sign_in.limits.network, site.sign_in.limits.ip),
            site_limit: wider(site.sign_in.limits.site, site.sign_in.limits.ip),
            total_limit: wider(config.sign_in.total_limit, site.sign_in.limits.ip),
            alone: site.sign_in.limits.alone,
            new_device_notice: site.sign_in.new_device_notice,
            used_link_retention: config.sign_in.used_link_retention,
            mail_history: config.mail.history,
            session: config.session.lifetimes,
        },
        return_to: site.return_to.clone(),
        session_domain: config.session.domain.as_ref().map(ToString::to_string),
        disclosure: site.disclosure.clone(),
        odd_headers: site.odd_headers,
        cors_origins: site.cors_origins.clone(),
        sender: Arc::new(sender(config, Some(site))),
        max_body: site.max_body,
    };
    Sites::new(config.sites.iter().map(site).collect())
}

/// Who the mails of a site are from, or of none.
#[must_use]
pub fn sender(config: &Config, site: Option<&crate::config::Site>) -> Sender {
    let own = site.map(|site| &site.mail);
    let from = own.and_then(|own| own.from.as_ref()).unwrap_or(&config.mail.from);
    let reply_to = own.and_then(|own| own.reply_to.as_ref()).or(config.mail.reply_to.as_ref());
    let Mailbox { name, address } = from.clone();
    Sender {
        name: Some(name).filter(|name| !name.is_empty()),
        address,
        reply_to: reply_to.map(|mailbox| mailbox.address.clone()),
    }
}

/// A limit for many, which is never smaller than that of one client among them.
fn wider(many: Limit, one: Limit) -> Limit {
    if one.count > many.count { one } else { many }
}

fn upstream(site: &Arc<str>, file: &UpstreamFile) -> Result<Upstream, StartError> {
    let wire = match file.protocol {
        UpstreamProtocol::Http => Wire::Http,
        UpstreamProtocol::H2c => Wire::H2c,
        UpstreamProtocol::Https => Wire::Https,
    };
    let balance = match file.balance {
        UpstreamBalance::RoundRobin => Balance::Turns,
        UpstreamBalance::Client => Balance::Client,
    };
    let authorities = file.ca.as_deref().map(authorities).transpose()?;
    let health = file.health.as_ref().map(|question| Health {
        site: Arc::clone(site),
        wire,
        authorities: authorities.clone(),
        ..health(file, question)
    });
    let servers =
        file.servers.iter().map(|server| (server.host.to_string(), server.port)).collect();
    let mut upstream = Upstream::new(servers, wire, balance, health);
    upstream.server_name = file.server_name.as_ref().map(ToString::to_string);
    upstream.authorities = authorities;
    upstream.connect_timeout = file.connect_timeout;
    upstream.read_timeout = file.read_timeout;
    upstream.write_timeout = file.write_timeout;
    Ok(upstream)
}

/// The question of a health check. One `Host` and one name do for all servers of a site: they are
/// the same application.
fn health(file: &UpstreamFile, question: &UpstreamHealth) -> Health {
    let first = file.servers.first();
    let host = first.map(|server| format!("{}:{}", server.host, server.port));
    let name = first.map(|server| server.host.to_string());
    Health {
        site: Arc::default(),
        wire: Wire::Http,
        authorities: None,
        path: question.path.clone(),
        host: question.host.clone().or(host).unwrap_or_default(),
        server_name: file
            .server_name
            .as_ref()
            .map(ToString::to_string)
            .or(name)
            .unwrap_or_default(),
        interval: question.interval,
        timeout: question.timeout,
        failures: question.failures,
        successes: question.successes,
    }
}

fn authorities(path: &Path) -> Result<Authorities, StartError> {
    let pem = read(path)?;
    let broken = |cause: String| StartError::File { path: path.to_owned(), cause };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| WrappedX509::new(der.to_vec(), parse_x509)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(error.to_string()))?;
    if certificates.is_empty() {
        return Err(broken("holds no certificate".into()));
    }
    Ok(Authorities::new(certificates))
}
