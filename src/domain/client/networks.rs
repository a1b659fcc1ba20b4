//! Sets of networks that a client may be in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use super::ClientAddress;

/// One network, as an operator writes it: `10.0.0.0/8`, `2001:db8::/32`, or an address alone.
///
/// Spellings that may mean something else than they say are errors: an address with bits behind
/// the length of its network is a typing mistake in one of the two, and an IPv4 network in the
/// form of IPv6 would miss every client, whose addresses are kept as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is not a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither an address nor a network.
    #[error("must be an address or a network")]
    Form,
    /// `10.1.2.3/8`.
    #[error("is an address within a network, not a network")]
    HostBits {
        /// The network around it.
        network: IpNet,
    },
    /// `::ffff:10.0.0.0/104`.
    #[error("is an IPv4 network in the form of IPv6")]
    Mapped,
}

impl NetworkError {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> String {
        match self {
            Self::Form => "write it like `10.0.0.7` or `10.0.0.0/8`".to_owned(),
            Self::HostBits { network } => {
                format!("did you mean `{network}`? For one address leave the length out")
            }
            Self::Mapped => "write it as IPv4, like `10.0.0.0/8`".to_owned(),
        }
    }
}

impl Network {
    pub(super) fn as_ip_net(self) -> IpNet {
        self.0
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let address = || IpAddr::from_str(text).map(IpNet::from);
        let network =
            IpNet::from_str(text).or_else(|_| address()).map_err(|_| NetworkError::Form)?;
        if network.trunc() != network {
            return Err(NetworkError::HostBits { network: network.trunc() });
        }
        match network {
            IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some() => Err(NetworkError::Mapped),
            IpNet::V4(_) | IpNet::V6(_) => Ok(Self(network)),
        }
    }
}

/// A set of networks. Asking costs the logarithm of their number.
///
/// ```
/// # use linkgate::domain::client::{Network, Networks};
/// let office: Networks = ["10.0.0.0/9", "10.128.0.0/9"].map(|text| text.parse().unwrap()).into();
/// let lab: Networks = ["10.1.0.0/16".parse().unwrap()].into();
/// assert!(office.covers(&lab) && !lab.covers(&office));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    named: Box<[IpNet]>,
    /// First and last addresses, as numbers, in order; what overlaps or touches is one range.
    v4: Box<[Range]>,
    v6: Box<[Range]>,
}

type Range = (u128, u128);

impl Networks {
    /// Whether the client is in one of them.
    #[must_use]
    pub fn contains(&self, client: ClientAddress) -> bool {
        let (ranges, number) = match client.ip() {
            IpAddr::V4(address) => (&self.v4, u128::from(address.to_bits())),
            IpAddr::V6(address) => (&self.v6, address.to_bits()),
        };
        includes(ranges, (number, number))
    }

    /// Whether every address of `other` is in one of these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.v4.iter().all(|range| includes(&self.v4, *range))
            && other.v6.iter().all(|range| includes(&self.v6, *range))
    }
}

/// Whether one of the ranges holds all of this one.
fn includes(ranges: &[Range], (first, last): Range) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= first);
    after.checked_sub(1).and_then(|at| ranges.get(at)).is_some_and(|(_, end)| last <= *end)
}

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        let named: Box<[IpNet]> = networks.into_iter().map(|network| network.0).collect();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in &named {
            match network {
                IpNet::V4(network) => v4.push((
                    u128::from(network.network().to_bits()),
                    u128::from(network.broadcast().to_bits()),
                )),
                IpNet::V6(network) => {
                    let number = |address: Ipv6Addr| address.to_bits();
                    v6.push((number(network.network()), number(network.broadcast())));
                }
            }
        }
        Self { named, v4: joined(v4), v6: joined(v6) }
    }
}

impl<const N: usize> From<[Network; N]> for Networks {
    fn from(networks: [Network; N]) -> Self {
        networks.into_iter().collect()
    }
}

/// The ranges in order, with those that overlap or touch made one.
fn joined(mut ranges: Vec<Range>) -> Box<[Range]> {
    ranges.sort_unstable();
    ranges.dedup_by(|later, before| {
        let touches = later.0 <= before.1.saturating_add(1);
        if touches {
            before.1 = before.1.max(later.1);
        }
        touches
    });
    ranges.into()
}

impl fmt::Display for Networks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, network) in self.named.iter().enumerate() {
            let blank = if at == 0 { "" } else { " " };
            // One address reads better without the length of its network.
            if network.prefix_len() == network.max_prefix_len() {
                write!(out, "{blank}{}", network.addr())?;
            } else {
                write!(out, "{blank}{network}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(texts: &[&str]) -> Networks {
        texts.iter().map(|text| text.parse::<Network>().unwrap()).collect()
    }

    fn client(text: &str) -> ClientAddress {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_address_is_in_the_networks_that_hold_it() {
        let set = networks(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "203.0.113.128/25"]);
        for (address, expected) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("9.255.255.255", false),
            ("11.0.0.0", false),
            ("::ffff:10.1.2.3", true),
            ("::10.1.2.3", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("203.0.113.127", false),
            ("203.0.113.128", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(set.contains(client(address)), expected, "{address}");
        }
        assert!(!networks(&[]).contains(client("10.0.0.1")));
        assert!(networks(&["0.0.0.0/0"]).contains(client("1.2.3.4")));
        assert!(!networks(&["0.0.0.0/0"]).contains(client("2001:db8::1")));
        assert!(networks(&["::/0"]).contains(client("ffff::1")));
    }

    #[test]
    fn containment_is_known_for_unions_too() {
        for (wide, narrow, expected) in [
            (&["10.0.0.0/8"][..], &["10.0.0.0/8"][..], true),
            (&["10.0.0.0/8"], &["10.1.0.0/16", "10.2.3.4"], true),
            (&["10.0.0.0/8"], &["10.1.0.0/16", "11.0.0.0/16"], false),
            (&["10.1.0.0/16"], &["10.0.0.0/8"], false),
            (&["10.0.0.0/9", "10.128.0.0/9"], &["10.0.0.0/8"], true),
            (&["10.0.0.0/9", "10.64.0.0/10", "10.128.0.0/9"], &["10.0.0.0/8"], true),
            (&["0.0.0.0/0"], &["2001:db8::/32"], false),
            (&["::/0"], &["2001:db8::/32"], true),
        ] {
            assert_eq!(networks(wide).covers(&networks(narrow)), expected, "{wide:?} {narrow:?}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_refused_with_a_cure() {
        for (text, hint) in [
            ("", "write it like `10.0.0.7`"),
            ("10.0.0.0/33", "write it like `10.0.0.7`"),
            ("office", "write it like `10.0.0.7`"),
            ("10.0.0", "write it like `10.0.0.7`"),
            ("10.1.2.3/8", "did you mean `10.0.0.0/8`?"),
            ("2001:db8::1/32", "did you mean `2001:db8::/32`?"),
            ("::ffff:10.0.0.0/104", "write it as IPv4"),
            ("::ffff:10.0.0.1", "write it as IPv4"),
        ] {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.hint().starts_with(hint), "{text}: {error}: {}", error.hint());
        }
        assert_eq!(networks(&["10.0.0.7/32", "10.0.0.0/8"]).to_string(), "10.0.0.7 10.0.0.0/8");
    }

    proptest! {
        /// The ranges say what the networks say one by one.
        #[test]
        fn the_set_is_the_union_of_its_networks(
            list in proptest::collection::vec((any::<[u8; 4]>(), 0..=32u8), 0..12),
            others in proptest::collection::vec((any::<[u8; 4]>(), 0..=32u8), 0..3),
            address in any::<[u8; 4]>(),
        ) {
            let net = |(address, length): &([u8; 4], u8)| {
                Network(IpNet::new(IpAddr::from(*address), *length).unwrap().trunc())
            };
            let set: Networks = list.iter().map(net).collect();
            let address = IpAddr::from(address);
            let plain = list.iter().any(|one| net(one).0.contains(&address));
            prop_assert_eq!(set.contains(address.into()), plain);
            let other: Networks = others.iter().map(net).collect();
            if set.covers(&other) {
                prop_assert!(!other.contains(address.into()) || set.contains(address.into()));
            }
        }
    }
}
