//! From where, and in which words: what of a client is kept, and texts that are bounded.

use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::domain::client::ClientAddress;
use crate::domain::letter;
use crate::domain::secret::{Key, Secret};

/// Most characters of a text in an event.
const LONGEST: usize = 200;

/// A text in an event: at most 200 characters, none of which controls a terminal, ends a line, or
/// makes it read as another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Words(String);

impl Words {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Words {
    /// Cuts the text, and puts blanks in the place of what is no letter of a line.
    fn from(text: &str) -> Self {
        let plain = |c: char| if letter::is_stray(c) { ' ' } else { c };
        Self(text.chars().take(LONGEST).map(plain).collect())
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Words> for String {
    fn from(words: Words) -> Self {
        words.0
    }
}

impl fmt::Display for Words {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is kept of a client's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tracing {
    /// All of it.
    Address,
    /// The network around it: /24 of IPv4, /48 of IPv6.
    #[default]
    Network,
    /// A keyed hash: the same client is seen to be the same, and nobody learns which one.
    Hash,
}

/// What is kept of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientTrace {
    /// Its address.
    Address(ClientAddress),
    /// The network around it.
    Network(IpNet),
    /// A keyed hash of its address.
    Hash([u8; 16]),
}

/// What stands before a hash.
const HASH: &str = "hash:";

impl fmt::Display for ClientTrace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(out),
            Self::Network(network) => network.fmt(out),
            Self::Hash(hash) => write!(out, "{HASH}{:032x}", u128::from_be_bytes(*hash)),
        }
    }
}

/// The text is no [`ClientTrace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no address, network or hash of a client")]
pub struct NotATrace;

impl FromStr for ClientTrace {
    type Err = NotATrace;

    fn from_str(text: &str) -> Result<Self, NotATrace> {
        if let Some(hex) = text.strip_prefix(HASH) {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let is_hash = hex.len() == 32 && hex.bytes().all(is_digit);
            let number = u128::from_str_radix(hex, 16).ok().filter(|_| is_hash);
            return number.map(|it| Self::Hash(it.to_be_bytes())).ok_or(NotATrace);
        }
        if text.contains('/') {
            return text.parse().map(Self::Network).map_err(|_| NotATrace);
        }
        let address: std::net::IpAddr = text.parse().map_err(|_| NotATrace)?;
        Ok(Self::Address(address.into()))
    }
}

/// Makes the keyed hashes of clients.
#[derive(Clone, Debug)]
pub struct ClientKey(Key);

impl ClientKey {
    /// Derives the key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("audit client"))
    }

    /// What is kept of a client.
    #[must_use]
    pub fn trace(&self, client: ClientAddress, tracing: Tracing) -> ClientTrace {
        match tracing {
            Tracing::Address => ClientTrace::Address(client),
            Tracing::Network => ClientTrace::Network(client.neighbourhood().into()),
            Tracing::Hash => {
                let mac = self.0.mac(&[client.to_string().as_bytes()]);
                let mut hash = [0; 16];
                hash.copy_from_slice(&mac[..16]);
                ClientTrace::Hash(hash)
            }
        }
    }
}
