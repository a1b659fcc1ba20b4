//! What outlives a configuration, and what is built upon it for each.

use std::path::Path;
use std::sync::Arc;

use pingora::protocols::tls::CaType;
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::appearance::{self, Appearance};
use super::installation::{StartError, read};
use crate::adapters::mail::message::Sender;
use crate::config::{Config, Upstream as UpstreamFile, UpstreamProtocol};
use crate::domain::limit::Limit;
use crate::domain::site::{Site, Sites};
use crate::domain::terms::SignInTerms;
use crate::gate::Gate;
use crate::portal::assertion::Assertions;
use crate::portal::courier::health::MailHealth;
use crate::portal::looks::Looks;
use crate::portal::mail::Shelf;
use crate::portal::{Desk, Portal};
use crate::proxy::front::Front;
use crate::proxy::peers::{Upstream, Wire};

/// What stays while configurations come and go.
#[derive(Debug)]
pub struct Foundation {
    /// The use cases over the store.
    pub gate: Arc<Gate>,
    /// The keys of the signed assertion.
    pub assertions: Arc<Assertions>,
    /// Whether mails leave.
    pub mail_health: Arc<MailHealth>,
    /// Who the mails are from.
    pub sender: Sender,
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
        let portal = Portal::new(Arc::new(Desk {
            gate: Arc::clone(&self.gate),
            looks: looks.clone(),
            assertions: Arc::clone(&self.assertions),
            sites: Arc::new(sites(config)),
            groups: Arc::clone(&config.groups),
            prefix: config.prefix.as_str().to_owned(),
            sender: self.sender.to_string(),
            sender_address: self.sender.address.clone(),
            trusted: config.trusted_proxies.clone(),
            mail_buttons: config.sign_in.mail_buttons,
            remember_address: config.sign_in.remember_address,
            mail_health: Arc::clone(&self.mail_health),
        }));
        let upstreams = config.sites.iter().map(|site| upstream(&site.upstream));
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        Ok(Built { front: Front::new(portal, upstreams), mails, looks })
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
        identity_headers: site.identity_headers,
        odd_headers: site.odd_headers,
        cors_origins: site.cors_origins.clone(),
    };
    Sites::new(config.sites.iter().map(site).collect())
}

/// A limit for many, which is never smaller than that of one client among them.
fn wider(many: Limit, one: Limit) -> Limit {
    if one.count > many.count { one } else { many }
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
    upstream.authorities = file.ca.as_deref().map(authorities).transpose()?;
    upstream.connect_timeout = file.connect_timeout;
    upstream.read_timeout = file.read_timeout;
    upstream.write_timeout = file.write_timeout;
    Ok(upstream)
}

fn authorities(path: &Path) -> Result<Arc<CaType>, StartError> {
    let pem = read(path)?;
    let broken = |cause: String| StartError::File { path: path.to_owned(), cause };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| WrappedX509::new(der.to_vec(), parse_x509)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| broken(error.to_string()))?;
    if certificates.is_empty() {
        return Err(broken("holds no certificate".into()));
    }
    Ok(certificates.into())
}
