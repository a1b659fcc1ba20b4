//! What stands beside linkgate: the store and the mail relay.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{Password, TlsFiles};
use crate::domain::email::EmailAddress;

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

/// Copies of sessions and accounts in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopiesConfig {
    /// Sessions at most, and as many accounts.
    pub most: u32,
    /// How long they are trusted without a sign of life from Redis.
    pub trust: Duration,
    /// For how long after that people who are signed in go on while Redis does not answer.
    pub grace: Duration,
}

/// How to reach Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisConfig {
    /// Which servers there are.
    pub servers: RedisServers,
    /// What all keys begin with.
    pub prefix: String,
    /// The CAs (PEM) to believe instead of the well-known ones.
    pub ca: Option<PathBuf>,
    /// What is shown to servers that ask who we are.
    pub identity: Option<TlsFiles>,
    /// The login at the Sentinels: a name, if it is not the default one, and a password.
    pub sentinel_login: Option<(Option<String>, Password)>,
}

/// Which servers there are. Each URL is `redis://` or `rediss://` with one host and its port, and may
/// hold a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisServers {
    /// One.
    One(Password),
    /// What Sentinel watches.
    Sentinels {
        /// The Sentinels, with the login at the Redis that they name.
        urls: Vec<Password>,
        /// What they call it.
        master: String,
    },
    /// Nodes of a Cluster.
    Cluster(Vec<Password>),
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
    /// How long it is known what became of a mail.
    pub history: Duration,
    /// How providers tell what became of mails, where they do.
    pub hooks: Option<HooksConfig>,
}

/// How providers tell what became of mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HooksConfig {
    /// Where; on the admin listener where nothing is said.
    pub listen: Option<SocketAddr>,
    /// The user name and password that Postmark shows.
    pub postmark: Option<(String, Password)>,
    /// The topic of SNS that SES tells, and the certificate (PEM) that its messages are signed with.
    pub ses: Option<(String, PathBuf)>,
    /// The key that Mailgun signs with.
    pub mailgun: Option<Password>,
    /// The public half of the key that SendGrid signs with.
    pub sendgrid: Option<String>,
    /// The key that Resend signs with.
    pub resend: Option<Password>,
    /// The token that Brevo shows.
    pub brevo: Option<Password>,
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
