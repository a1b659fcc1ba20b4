//! What the configuration means: the types that the rest of the program is built from.

mod audit;
mod brand;
mod expectation;
mod mail;
mod outside;
mod question;
mod site;
mod traces;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop};

pub use audit::{AuditConfig, AuditFile, Retention, SyslogConfig, SyslogTo};
pub use brand::{BrandConfig, BrandText};
pub use expectation::{Expectation, Expected};
pub use mail::{
    ApiConfig, ApiProvider, HooksConfig, MailConfig, MailTransport, Mailbox, SendmailConfig,
    SmtpConfig, SmtpTls,
};
pub use outside::{CopiesConfig, RedisConfig, RedisServers, StoreConfig};
pub use question::{NotWhole, Question, SaidAccount, SaidScript, Who, WholeUrl};
pub use site::{
    Backend, Site, SiteLimits, SiteMail, SiteSignIn, Upstream, UpstreamBalance, UpstreamHealth,
    UpstreamProtocol, UpstreamServer,
};
pub use traces::{TraceEndpoint, TracesConfig};

use super::groups_file::ListedGroups;
use super::problem::Problem;
use crate::domain::client::TrustedProxies;
use crate::domain::language::Language;
use crate::domain::limit::Limit;
use crate::domain::origin::Host;
use crate::domain::password::PasswordTerms;
use crate::domain::policy::Groups;
use crate::domain::secret::Secret;
use crate::domain::session::Lifetimes;
pub use crate::domain::site::OddHeaders;
pub use crate::domain::terms::{OtherBrowser, Registration};

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
    /// What callers of the admin API must show. Without it the API is served on loopback only.
    pub admin_token: Option<Password>,
    /// Whose `X-Forwarded-*` is believed.
    pub trusted_proxies: TrustedProxies,
    /// The installation's secret, or how to come by it.
    pub secret: SecretPlan,
    /// Where attempts and sessions are kept.
    pub store: StoreConfig,
    /// What of it is kept in memory.
    pub copies: CopiesConfig,
    /// How mail leaves.
    pub mail: MailConfig,
    /// Sign-in, as far as it is the same for all sites.
    pub sign_in: SignInConfig,
    /// Sessions.
    pub session: SessionConfig,
    /// Who is in which group.
    pub groups: Arc<Groups>,
    /// What `groups_file` says, to be kept when it is read again.
    pub listed_groups: Option<ListedGroups>,
    /// The protected sites; at least one. A site's identifier is its index.
    pub sites: Vec<Site>,
    /// Whose pages these are, where a site says nothing itself.
    pub brand: BrandConfig,
    /// The languages of pages and mails, in the order in which they are offered; at least one. The
    /// first is for those who understand none of them.
    pub languages: Vec<Language>,
    /// The reserved path prefix.
    pub prefix: Prefix,
    /// Limits of the server itself.
    pub server: ServerConfig,
    /// Logging.
    pub log: LogConfig,
    /// Traces, where they are wanted.
    pub traces: Option<TracesConfig>,
    /// The audit record.
    pub audit: AuditConfig,
    /// What the operator expects of the rules, in the order of the file. `linkgate check` finds out.
    pub tests: Vec<Expectation>,
    /// What works and is not as it should be, in the order of the file. To be told, not to stop
    /// for.
    pub warnings: Vec<Problem>,
    /// What is a mistake at a start, and was put up with while another configuration is in force.
    pub tolerated: Vec<Problem>,
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

/// Sign-in, as far as it is the same for all sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInConfig {
    /// How many mails this installation may send.
    pub total_limit: Limit,
    /// How long a used link is remembered.
    pub used_link_retention: Duration,
    /// Whether the waiting page has buttons that open well-known web mails.
    pub mail_buttons: bool,
    /// Whether visitors are offered that this device remembers their address.
    pub remember_address: bool,
    /// How sites with `mode: hybrid` accept passwords.
    pub passwords: PasswordTerms,
}

/// Sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Idle and absolute timeout.
    pub lifetimes: Lifetimes,
    /// The domain whose sub-domains share a session.
    pub domain: Option<Host>,
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
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long requests that are open get when linkgate stops or is upgraded.
    pub drain: Duration,
    /// How long open streams get then.
    pub drain_streams: Duration,
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
