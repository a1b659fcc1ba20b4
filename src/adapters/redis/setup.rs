//! From URLs and certificates to [`Servers`].

use ::redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, TlsCertificates,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::following::Keeping;
use super::servers::Servers;

/// Which servers there are. Each URL is `redis://user:password@host:port/0` or `rediss://…`.
#[derive(Clone)]
pub enum RedisServers<'a> {
    /// One server.
    One(&'a str),
    /// What Sentinel watches.
    Sentinels {
        /// Hosts and ports are those of the Sentinels; all else is how to speak to the master that
        /// they name, and the same in all.
        urls: Vec<&'a str>,
        /// What they call it.
        master: &'a str,
    },
    /// Some nodes of a Cluster, masters or replicas.
    Cluster(Vec<&'a str>),
}

/// How to connect, besides the URLs.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// The authority that signed the servers' certificates, in PEM; the machine's and the
    /// well-known ones if `None`. Of no meaning for `redis://`.
    pub ca: Option<Vec<u8>>,
    /// What we show to servers that ask who we are. Of no meaning for `redis://`.
    pub identity: Option<RedisIdentity>,
    /// Who we are to Sentinels that want a login of their own.
    pub sentinel: Option<RedisLogin>,
    /// How copies of sessions, accounts and service tokens are kept; none is if `None`.
    pub keeping: Option<Keeping>,
}

/// A client certificate and its key.
#[derive(Clone)]
pub struct RedisIdentity {
    /// The certificate chain in PEM, our own first.
    pub certificate: Vec<u8>,
    /// The private key in PEM.
    pub key: Vec<u8>,
}

/// Says nothing: there is a private key in it.
impl std::fmt::Debug for RedisIdentity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RedisIdentity(..)")
    }
}

/// A user name, if it is not the default one, and a password.
#[derive(Clone)]
pub struct RedisLogin {
    /// The name.
    pub username: Option<String>,
    /// The password.
    pub password: String,
}

/// Says nothing: there is a password in it.
impl std::fmt::Debug for RedisLogin {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RedisLogin(..)")
    }
}

/// Why a Redis store cannot be set up. Never repeats the URL, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisSetupError {
    /// Another scheme, or none.
    #[error("must begin with redis:// or rediss://")]
    Scheme,
    /// No URL, or parts of it that Redis has no use for.
    #[error("must look like redis://user:password@host:6379/0")]
    Url,
    /// A connection whose other end nobody checks.
    #[error("must not end in #insecure: name the certificate authority instead")]
    Insecure,
    /// The certificate of the authority.
    #[error("cannot be used with this certificate authority: it must be in PEM form")]
    Authority,
    /// The client certificate or its key.
    #[error("cannot be used with this client certificate: it and its key must be in PEM form")]
    Identity,
    /// Nobody to ask.
    #[error("must name a server")]
    Nobody,
}

/// Understands all of it. Touches no network and needs no runtime.
pub(super) fn servers(
    named: &RedisServers<'_>,
    key: String,
    options: &RedisOptions,
) -> Result<Servers, RedisSetupError> {
    match named {
        RedisServers::One(url) => client(url, options).map(Servers::One),
        RedisServers::Sentinels { urls, master } => sentinels(urls, master, options),
        RedisServers::Cluster(urls) if urls.is_empty() => Err(RedisSetupError::Nobody),
        RedisServers::Cluster(urls) => {
            let nodes: Result<_, _> = urls.iter().map(|url| client(url, options)).collect();
            Ok(Servers::Cluster { nodes: nodes?, key })
        }
    }
}

fn client(url: &str, options: &RedisOptions) -> Result<Client, RedisSetupError> {
    if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(RedisSetupError::Scheme);
    }
    let info = url.into_connection_info().map_err(|_| RedisSetupError::Url)?;
    // With RESP3 a connection tells when it breaks. Its name for itself is not sent: a user that may
    // run our commands only would be refused, and each refusal is a line in the server's log.
    let settings = info.redis_settings().clone();
    let settings = settings.set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    let info = info.set_redis_settings(settings);
    match info.addr() {
        ConnectionAddr::TcpTls { insecure: true, .. } => Err(RedisSetupError::Insecure),
        ConnectionAddr::TcpTls { .. } => with_tls(info, options),
        _ => Client::open(info).map_err(|_| RedisSetupError::Url),
    }
}

fn with_tls(info: ConnectionInfo, options: &RedisOptions) -> Result<Client, RedisSetupError> {
    let certificates = certificates(options)?;
    // What each of them holds was looked at, but not whether an authority's is one.
    Client::build_with_tls(info, certificates).map_err(|_| RedisSetupError::Authority)
}

/// The driver takes a text without any certificate for an authority that signed nothing, and for a
/// client that has none to show.
fn certificates(options: &RedisOptions) -> Result<TlsCertificates, RedisSetupError> {
    let has_certificate =
        |pem: &[u8]| matches!(CertificateDer::pem_slice_iter(pem).next(), Some(Ok(_)));
    if options.ca.as_ref().is_some_and(|pem| !has_certificate(pem)) {
        return Err(RedisSetupError::Authority);
    }
    let fits = |identity: &RedisIdentity| {
        has_certificate(&identity.certificate)
            && CertificateDer::pem_slice_iter(&identity.certificate).all(|it| it.is_ok())
            && PrivateKeyDer::from_pem_slice(&identity.key).is_ok()
    };
    if options.identity.as_ref().is_some_and(|identity| !fits(identity)) {
        return Err(RedisSetupError::Identity);
    }
    let client_tls = options.identity.clone().map(|RedisIdentity { certificate, key }| {
        ClientTlsConfig { client_cert: certificate, client_key: key }
    });
    Ok(TlsCertificates { client_tls, root_cert: options.ca.clone() })
}

fn sentinels(
    urls: &[&str],
    master: &str,
    options: &RedisOptions,
) -> Result<Servers, RedisSetupError> {
    let clients: Result<Vec<_>, _> = urls.iter().map(|url| client(url, options)).collect();
    let clients = clients?;
    let server = clients.first().ok_or(RedisSetupError::Nobody)?.clone();
    // The login of the URL is for the server. The Sentinels have one of their own, or none.
    let mut settings =
        RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3).set_skip_set_lib_name();
    if let Some(RedisLogin { username, password }) = &options.sentinel {
        settings = settings.set_password(password);
        if let Some(username) = username {
            settings = settings.set_username(username);
        }
    }
    let sentinel = |client: &Client| {
        let info = client.get_connection_info().clone();
        Client::open(info.set_redis_settings(settings.clone())).map_err(|_| RedisSetupError::Url)
    };
    let sentinels: Result<_, _> = clients.iter().map(sentinel).collect();
    Ok(Servers::Sentinels { sentinels: sentinels?, name: master.to_owned(), server })
}
