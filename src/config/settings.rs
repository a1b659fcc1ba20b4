//! What the configuration means: the types that the rest of the program is built from.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::domain::client::TrustedProxies;
use crate::domain::email::EmailAddress;
use crate::domain::limit::Limit;
use crate::domain::origin::{Host, Origin, OriginPattern};
use crate::domain::policy::{Groups, SiteId, SitePolicy, UpstreamId};
use crate::domain::return_url::ReturnPattern;
use crate::domain::secret::Secret;
use crate::domain::session::Lifetimes;

/// Everything the configuration says, checked.
///
/// Plain values without life of their own: a reload makes a second one beside the first and
/// compares.
#[derive(Clone, Debug)]
pub struct Config {
    /// The public addresses; at least one.
    pub listeners: Vec<Listener>,
    /// The address of the admin API and the health pages; none when it is `off`.
    pub admin: Option<SocketAddr>,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted_proxies: TrustedProxies,
    /// The installation's secret, or how to come by it.
    pub secret: SecretPlan,
    /// Where attempts and sessions are kept.
    pub store: StoreConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// Sign-in, as far as it is the same for all sites.
    pub sign_in: SignInConfig,
    /// Sessions.
    pub session: SessionConfig,
    /// Who is in which group.
    pub groups: Arc<Groups>,
    /// The protected sites; at least one. A site's [`SiteId`] is its index.
    pub sites: Vec<Site>,
    /// The reserved path prefix.
    pub prefix: Prefix,
    /// Limits of the server itself.
    pub server: ServerConfig,
    /// Logging.
    pub log: LogConfig,
}

/// One public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where to listen. Port 0 means any free port.
    pub address: SocketAddr,
    /// TLS; without it HTTP/1.1 and h2c are spoken.
    pub tls: Option<TlsFiles>,
}

/// A certificate chain and its key, both PEM. They were readable and fitted each other when the
/// configuration was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The secret, or where it will be.
#[derive(Clone, Debug)]
pub enum SecretPlan {
    /// It is there.
    Ready(Secret),
    /// Embedded store, first start: make one and write it to this file, for the owner only.
    Create(PathBuf),
    /// Memory store without a secret: one for this run only, as all it signs is gone after it.
    ForThisRun,
}

/// A password or another text that must not be shown.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one who needs it. It must not be stored or shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(..)")
    }
}

/// Where attempts, sessions and counts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreConfig {
    /// In files of one machine.
    Embedded {
        /// The folder.
        path: PathBuf,
    },
    /// In Redis, for several nodes.
    Redis(RedisConfig),
    /// Nowhere: gone with the process.
    Memory,
}

/// How to reach Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisConfig {
    /// The URLs, more than one for a cluster. They may hold a password.
    pub urls: Vec<Password>,
    /// What all keys begin with.
    pub prefix: String,
    /// The CAs (PEM) to believe instead of the well-known ones.
    pub ca: Option<PathBuf>,
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The sender.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// The way.
    pub transport: MailTransport,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// The way mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// To a relay.
    Smtp(SmtpConfig),
    /// As `.eml` files in a folder.
    Folder(PathBuf),
    /// To a page on this machine that shows them (development).
    Inbox(SocketAddr),
}

/// The relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// TLS.
    pub tls: SmtpTls,
    /// User name and password.
    pub login: Option<(String, Password)>,
    /// The CAs (PEM) to believe instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one step of the conversation may take.
    pub timeout: Duration,
}

/// How the conversation with the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// `STARTTLS`, which must succeed (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all.
    Plaintext,
}

impl SmtpTls {
    /// The usual port.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::Plaintext => 25,
        }
    }
}

/// Sign-in, as far as it is the same for all sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInConfig {
    /// How many mails one address may be sent.
    pub email_limit: Limit,
    /// How many mails one client network may ask for.
    pub ip_limit: Limit,
    /// How long a used link is remembered.
    pub used_link_retention: Duration,
}

/// What a visitor must do to go on in a browser that did not ask for the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherBrowser {
    /// Re-type the address.
    Address,
    /// Press a button.
    Button,
    /// It is not possible: type the code where the sign-in began.
    CodeOnly,
}

/// Sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Idle and absolute timeout.
    pub lifetimes: Lifetimes,
    /// The domain whose sub-domains share a session.
    pub domain: Option<Host>,
}

/// One protected site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its index among the sites.
    pub id: SiteId,
    /// Its name in logs, metrics and the admin API.
    pub name: Arc<str>,
    /// Where it is for browsers.
    pub origin: OriginPattern,
    /// Where the application is. A site has one, with the same number as the site.
    pub upstream: Upstream,
    /// Who may pass where.
    pub policy: Arc<SitePolicy>,
    /// Where visitors may be sent besides the sites themselves.
    pub return_to: Vec<ReturnPattern>,
    /// Whose scripts may read our 401 (CORS).
    pub cors_origins: Vec<Origin>,
    /// How people sign in here.
    pub sign_in: SiteSignIn,
    /// In which words the application is told who is there.
    pub identity_headers: IdentityHeaders,
    /// What becomes of header names outside `[A-Za-z0-9-]`.
    pub odd_headers: OddHeaders,
}

/// How people sign in to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteSignIn {
    /// Whether new sign-ins are possible. Sessions that are there stay.
    pub enabled: bool,
    /// How long a link and its code work.
    pub link_lifetime: Duration,
    /// What another browser has to do.
    pub other_browser: OtherBrowser,
}

/// Names of the headers that tell the application who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityHeaders {
    /// `Remote-User`, `Remote-Email`, `Remote-Groups`.
    Remote,
    /// `X-Forwarded-User`, `X-Forwarded-Email`, `X-Forwarded-Groups`.
    XForwarded,
    /// `X-Auth-Request-User`, `X-Auth-Request-Email`, `X-Auth-Request-Groups`.
    XAuthRequest,
}

/// What becomes of request headers whose names have signs besides letters, digits and hyphens.
/// Many applications read `remote_user` and `remote-user` as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OddHeaders {
    /// They are removed.
    Drop,
    /// They are forwarded, unless they resemble one of ours.
    Keep,
}

/// The application behind a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its index, which is the site's.
    pub id: UpstreamId,
    /// Its servers, at least one; all speak the same protocol.
    pub servers: Vec<UpstreamServer>,
    /// What they speak.
    pub protocol: UpstreamProtocol,
    /// The CAs (PEM) to believe instead of the well-known ones.
    pub ca: Option<PathBuf>,
    /// The name in the TLS handshake and in the certificate; the server's host when none is given.
    pub server_name: Option<Host>,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes of an answer.
    pub read_timeout: Duration,
    /// How long to wait until bytes of a request are taken.
    pub write_timeout: Duration,
    /// How to see which servers are well; without it all are used.
    pub health: Option<HealthCheck>,
}

/// One server of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamServer {
    /// The host, to be looked up when it is a name.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// What an application speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
    /// TLS; HTTP/2 or HTTP/1.1, as ALPN says.
    Https,
}

/// A request that a healthy server answers with 2xx or 3xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path to ask for.
    pub path: String,
    /// How often.
    pub interval: Duration,
}

/// The reserved path prefix, `/.linkgate` when nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The prefix without a slash at the end: `/.linkgate`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Limits of the server itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Worker threads; none means one for each core.
    pub threads: Option<u32>,
    /// Connections that one peer may have open.
    pub connections_per_peer: u32,
    /// Connections that may be open in all.
    pub connections_total: u32,
    /// How long the head of a request may take in all.
    pub request_head: Duration,
}

/// Logging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is left out.
    pub level: LogLevel,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// What needs somebody's attention.
    Error,
    /// And what may need it.
    Warn,
    /// And what happens.
    Info,
    /// And why.
    Debug,
    /// And everything.
    Trace,
}

impl LogLevel {
    /// The word in the configuration and for log filters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}
