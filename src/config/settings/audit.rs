//! The audit record.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::event::Tracing;

/// What is recorded, for how long, and where besides the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// How long events stay in the store.
    pub retention: Retention,
    /// What is kept of a client's address.
    pub client: Tracing,
    /// Whether events go to stdout.
    pub stdout: bool,
    /// A file that they go to.
    pub file: Option<AuditFile>,
    /// The syslog that they go to.
    pub syslog: Option<SyslogConfig>,
}

/// How long events stay in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// So long.
    For(Duration),
    /// They do not come there at all.
    Off,
}

impl Retention {
    /// How old an event in the store may be: not at all where none comes there.
    #[must_use]
    pub const fn oldest(self) -> Duration {
        match self {
            Self::For(span) => span,
            Self::Off => Duration::ZERO,
        }
    }
}

/// A file of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFile {
    /// Where it is.
    pub path: PathBuf,
    /// It is put aside before it has more bytes.
    pub max_size: u64,
    /// How many that were put aside are kept.
    pub keep: u32,
}

/// A syslog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogConfig {
    /// Where it listens.
    pub to: SyslogTo,
    /// The code of the facility, as in RFC 5424.
    pub facility: u8,
}

/// Where a syslog listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogTo {
    /// A socket of this machine.
    Unix(PathBuf),
    /// Host and port, by datagrams.
    Udp(String, u16),
    /// Host and port, by a connection.
    Tcp(String, u16),
}
