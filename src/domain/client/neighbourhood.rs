//! The network around a client.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::ClientAddress;

/// The network around a client: /24 of IPv4, /48 of IPv6. One IPv6 subscriber may be given a whole /48
/// (RFC 6177), which is 65536 networks that each count as a client.
///
/// Seven bytes: a node keeps one for each of a million sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Neighbourhood(Bits);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bits {
    V4([u8; 3]),
    V6([u8; 6]),
}

/// The text is no [`Neighbourhood`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a network like 203.0.113.0/24 or 2001:db8:1::/48")]
pub struct NotANeighbourhood;

impl From<ClientAddress> for Neighbourhood {
    fn from(address: ClientAddress) -> Self {
        Self(match address.ip() {
            IpAddr::V4(ip) => {
                let [a, b, c, _] = ip.octets();
                Bits::V4([a, b, c])
            }
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, ..] = ip.octets();
                Bits::V6([a, b, c, d, e, f])
            }
        })
    }
}

impl From<Neighbourhood> for IpNet {
    fn from(Neighbourhood(bits): Neighbourhood) -> Self {
        let (first, length): (IpAddr, _) = match bits {
            Bits::V4([a, b, c]) => (Ipv4Addr::new(a, b, c, 0).into(), 24),
            Bits::V6(bits) => {
                let mut octets = [0; 16];
                octets[..6].copy_from_slice(&bits);
                (Ipv6Addr::from(octets).into(), 48)
            }
        };
        // Both lengths are possible for their kind of address.
        Self::new(first, length).unwrap_or_else(|_| first.into())
    }
}

impl fmt::Display for Neighbourhood {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        IpNet::from(*self).fmt(out)
    }
}

impl FromStr for Neighbourhood {
    type Err = NotANeighbourhood;

    /// Reads exactly what was written.
    fn from_str(text: &str) -> Result<Self, NotANeighbourhood> {
        let net: IpNet = text.parse().map_err(|_| NotANeighbourhood)?;
        let read = Self::from(ClientAddress::from(net.addr()));
        if IpNet::from(read) == net { Ok(read) } else { Err(NotANeighbourhood) }
    }
}

impl TryFrom<String> for Neighbourhood {
    type Error = NotANeighbourhood;

    fn try_from(text: String) -> Result<Self, NotANeighbourhood> {
        text.parse()
    }
}

impl From<Neighbourhood> for String {
    fn from(around: Neighbourhood) -> Self {
        around.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_no_other_network_is_one() {
        for address in ["203.0.113.7", "0.0.0.0", "2001:db8:1:2:3::6", "::1", "ffff::"] {
            let address: IpAddr = address.parse().unwrap();
            let around = Neighbourhood::from(ClientAddress::from(address));
            assert!(IpNet::from(around).contains(&address), "{around}");
            assert_eq!(around.to_string().parse(), Ok(around));
        }
        for text in ["", "203.0.113.7", "203.0.113.7/24", "203.0.113.0/25", "2001:db8::/32"] {
            assert_eq!(text.parse::<Neighbourhood>(), Err(NotANeighbourhood), "{text}");
        }
    }
}
