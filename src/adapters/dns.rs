//! Questions to the DNS: what receivers will find there about mail of ours.

pub mod dkim;
pub mod dmarc;
pub mod spf;
pub mod walk;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// How long one server has for one answer.
const TRY: Duration = Duration::from_secs(2);
/// How long a question may take in all, whatever servers do.
const PATIENCE: Duration = Duration::from_secs(6);
/// Records of one answer that are looked at.
const MOST_RECORDS: usize = 64;

/// Why a question has no answer. That there are no records is an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody has answered in time, or nobody could be asked.
    #[error("{name}: the DNS does not answer")]
    Silent {
        /// What was asked about.
        name: String,
    },
    /// A server has said that it cannot tell.
    #[error("{name}: the DNS answers {code}")]
    Failed {
        /// What was asked about.
        name: String,
        /// The code of the answer, as in SERVFAIL.
        code: String,
    },
    /// The name is none.
    #[error("{name}: is no name that the DNS could know")]
    NoName {
        /// What was asked about.
        name: String,
    },
}

/// What came of a question.
pub type Looked<T> = Result<T, NoAnswer>;

/// Where mail for a domain goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Lower comes first.
    pub preference: u16,
    /// The host, without the final dot; empty for "nowhere" (RFC 7505).
    pub host: String,
}

/// Asks. Answers are kept, so that nothing is asked twice.
pub struct Dns {
    resolver: TokioResolver,
}

impl fmt::Debug for Dns {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Dns(..)")
    }
}

impl Dns {
    /// Asks whom this system asks.
    ///
    /// # Errors
    /// What is wrong with the configuration of the system, in words.
    pub fn of_system() -> Result<Self, String> {
        let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
        let options = builder.options_mut();
        options.timeout = TRY;
        options.attempts = 1;
        options.try_tcp_on_error = true;
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Self { resolver: builder.build().map_err(|error| error.to_string())? })
    }

    /// Asks this server.
    ///
    /// # Errors
    /// Why it cannot be asked, in words.
    pub fn at(server: SocketAddr) -> Result<Self, String> {
        let mut config = NameServerConfig::udp_and_tcp(server.ip());
        for connection in &mut config.connections {
            connection.port = server.port();
        }
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        let options = builder.options_mut();
        options.timeout = TRY;
        options.attempts = 1;
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Self { resolver: builder.build().map_err(|error| error.to_string())? })
    }

    /// Whether anybody answers, be it that nothing is known.
    pub async fn is_there(&self) -> bool {
        !matches!(self.ask(".", RecordType::NS).await, Err(NoAnswer::Silent { .. }))
    }

    /// The texts at a name, the parts of each joined (RFC 7208, 3.3).
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn texts(&self, name: &str) -> Looked<Vec<String>> {
        let text = |data| match data {
            RData::TXT(text) => {
                let whole: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
                Some(String::from_utf8_lossy(&whole).into_owned())
            }
            _ => None,
        };
        Ok(self.ask(name, RecordType::TXT).await?.into_iter().filter_map(text).collect())
    }

    /// Where mail for a domain goes, the first choice first.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn exchanges(&self, name: &str) -> Looked<Vec<Exchange>> {
        let exchange = |data| match data {
            RData::MX(mx) => Some(Exchange { preference: mx.preference, host: bare(&mx.exchange) }),
            _ => None,
        };
        let found = self.ask(name, RecordType::MX).await?;
        let mut found: Vec<Exchange> = found.into_iter().filter_map(exchange).collect();
        found.sort_by(|a, b| (a.preference, &a.host).cmp(&(b.preference, &b.host)));
        Ok(found)
    }

    /// The addresses of a host, IPv4 first.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn addresses(&self, host: &str) -> Looked<Vec<IpAddr>> {
        let (v4, v6) =
            tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        let address = |data| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        let mut found: Vec<IpAddr> = v4?.into_iter().chain(v6?).filter_map(address).collect();
        found.sort();
        Ok(found)
    }

    /// The names of an address.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub async fn names(&self, address: IpAddr) -> Looked<Vec<String>> {
        let name = |data| match data {
            RData::PTR(name) => Some(bare(&name.0)),
            _ => None,
        };
        let found = self.ask(&reverse(address), RecordType::PTR).await?;
        let mut found: Vec<String> = found.into_iter().filter_map(name).collect();
        found.sort();
        Ok(found)
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Looked<Vec<RData>> {
        let text = || name.to_owned();
        let mut question = Name::from_utf8(name).map_err(|_| NoAnswer::NoName { name: text() })?;
        // Never with the search list of the system.
        question.set_fqdn(true);
        let asked = self.resolver.lookup(question, kind);
        match tokio::time::timeout(PATIENCE, asked).await {
            Err(_) => Err(NoAnswer::Silent { name: text() }),
            Ok(Ok(found)) => {
                let records = found.answers().iter().map(|record| record.data.clone());
                Ok(records.filter(|data| data.record_type() == kind).take(MOST_RECORDS).collect())
            }
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => {
                match none.response_code.to_string() {
                    _ if is_plain(none.response_code) => Ok(Vec::new()),
                    code => Err(NoAnswer::Failed { name: text(), code }),
                }
            }
            Ok(Err(NetError::Dns(DnsError::ResponseCode(code)))) => {
                Err(NoAnswer::Failed { name: text(), code: code.to_string() })
            }
            Ok(Err(_)) => Err(NoAnswer::Silent { name: text() }),
        }
    }
}

/// Whether the code says that there is nothing, and no more.
fn is_plain(code: hickory_resolver::proto::op::ResponseCode) -> bool {
    use hickory_resolver::proto::op::ResponseCode;
    matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

fn bare(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_ascii_lowercase()
}

/// The name below which the names of an address stand, without the final dot.
#[must_use]
pub fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => format!("{}.ip6.arpa", nibbles(address.octets().iter().rev(), true)),
    }
}

/// The half bytes of an IPv6 address with dots between; the low half of each byte first if `low`.
pub(super) fn nibbles<'a>(bytes: impl Iterator<Item = &'a u8>, low: bool) -> String {
    let halves = bytes.flat_map(|byte| {
        let (high_half, low_half) = (byte >> 4, byte & 15);
        if low { [low_half, high_half] } else { [high_half, low_half] }
    });
    halves.map(|half| format!("{half:x}")).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_their_names_at_their_reverse() {
        assert_eq!(reverse("192.0.2.7".parse().unwrap()), "7.2.0.192.in-addr.arpa");
        let v6 = reverse("2001:db8::1".parse().unwrap());
        assert_eq!(v6.len(), 72);
        assert!(v6.starts_with("1.0.0.0") && v6.ends_with("8.b.d.0.1.0.0.2.ip6.arpa"), "{v6}");
    }
}
