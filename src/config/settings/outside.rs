//! What stands beside linkgate: the store.

use std::path::PathBuf;
use std::time::Duration;

use super::{Password, TlsFiles};

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
