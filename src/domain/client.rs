//! Who is calling: the client's address, and the browser in words.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

mod browser;
mod neighbourhood;
mod networks;

pub use browser::{Browser, BrowserLabel, System, UNKNOWN_BROWSER, in_app};
pub use neighbourhood::{Neighbourhood, NotANeighbourhood};
pub use networks::{Network, NetworkError, Networks};

/// Entries of `X-Forwarded-For` that are looked at, from the right. Real chains are short, and the
/// field is as long as an attacker likes.
const LONGEST_CHAIN: usize = 50;

/// The address of the client: the TCP peer, or what a trusted proxy says about it.
///
/// An IPv4-mapped IPv6 address is stored as IPv4: a socket that listens on `[::]` reports
/// `::ffff:203.0.113.7`, which would otherwise miss every IPv4 rule and share one /64 with the
/// whole IPv4 Internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address itself.
    #[must_use]
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// The network that counts as one client.
    #[must_use]
    pub fn network(self) -> ClientNetwork {
        let kept = match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        };
        ClientNetwork(kept)
    }

    /// The network around the client.
    #[must_use]
    pub fn neighbourhood(self) -> Neighbourhood {
        self.into()
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What rate limits count by: one IPv4 address, or one IPv6 network (/64, the smallest that
/// is given to a subscriber, RFC 6177; whoever has one has 2^64 addresses to hide behind).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNetwork(IpAddr);

impl fmt::Display for ClientNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // People read this in the mail, where "/32" says nothing.
            IpAddr::V4(address) => write!(out, "{address}"),
            IpAddr::V6(address) => write!(out, "{address}/64"),
        }
    }
}

/// The proxies whose `X-Forwarded-For` is believed. By default there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the address belongs to a trusted proxy.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind a connection.
    ///
    /// The peer, unless it is trusted; then the right-most address in `X-Forwarded-For` that is not
    /// trusted, because everything left of it was written by that client. `forwarded_for` are all
    /// lines of the field in their order. An entry that is no address ends the walk at the last
    /// good one.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded_for: &[&[u8]]) -> ClientAddress {
        let mut client = ClientAddress::from(peer);
        let entries = forwarded_for.iter().rev().flat_map(|line| line.rsplit(|b| *b == b','));
        for entry in entries.take(LONGEST_CHAIN) {
            if !self.contains(client.ip()) {
                break;
            }
            let Some(address) = parse_entry(entry) else { break };
            client = address.into();
        }
        client
    }

    /// The client behind a proxy that may have put an address of its own at the end of the field.
    ///
    /// Envoy's `ext_authz` did so before 1.28 and does not since, and nothing in a question tells
    /// which of them asks. Who believed the last entry would take Envoy's own address for every
    /// visitor's; who dropped it would believe what a visitor has written before it. So the last
    /// entry counts as a hop only, and where it is no trusted proxy's the client is not known.
    #[must_use]
    pub fn client_beyond(&self, peer: IpAddr, forwarded_for: &[&[u8]]) -> Option<ClientAddress> {
        let last = forwarded_for.last()?.rsplit(|b| *b == b',').next()?;
        let is_hop = self.contains(parse_entry(last)?);
        self.known(self.client(peer, forwarded_for)).filter(|_| is_hop)
    }

    /// The client where its address is really known, for who decides by it.
    ///
    /// The address of a trusted proxy is nobody's: the proxy may have said nothing about its
    /// client, or something that is no address, and then everybody behind it would stand in the
    /// proxy's own network. The unspecified address stands for a connection without one.
    #[must_use]
    pub fn known(&self, client: ClientAddress) -> Option<ClientAddress> {
        let is_known = !client.ip().is_unspecified() && !self.contains(client.ip());
        is_known.then_some(client)
    }

    /// Whether every address of the network is a trusted proxy's, as far as one entry says so.
    #[must_use]
    pub fn covers(&self, network: Network) -> bool {
        self.0.iter().any(|trusted| trusted.contains(&network.as_ip_net()))
    }
}

/// An address with or without a port: some load balancers write `203.0.113.7:4711`.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(socket) = entry.parse::<SocketAddr>() {
        return Some(socket.ip());
    }
    entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn trusted(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn networks_are_one_ipv4_address_or_one_ipv6_subscriber() {
        for (address, network) in [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(ClientAddress::from(ip(address)).network().to_string(), network);
        }
        assert_eq!(ClientAddress::from(ip("::ffff:127.0.0.1")).to_string(), "127.0.0.1");
    }

    #[test]
    fn neighbours_share_24_bits_of_ipv4_and_48_of_ipv6() {
        for (address, around) in [
            ("203.0.113.7", "203.0.113.0/24"),
            ("::ffff:203.0.113.7", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("2001:db8:1:ffff::", "2001:db8:1::/48"),
            ("2001:db8:2::", "2001:db8:2::/48"),
        ] {
            assert_eq!(ClientAddress::from(ip(address)).neighbourhood().to_string(), around);
        }
    }

    #[test]
    fn the_last_entry_of_a_proxy_that_may_add_itself_is_nobodys() {
        let trusted = trusted(&["127.0.0.1/32", "10.9.0.0/16"]);
        for (lines, client) in [
            (&[][..], None),
            (&["203.0.113.7"], None),
            (&["203.0.113.7, 198.51.100.9"], None),
            (&["203.0.113.7,10.9.8.7"], Some("203.0.113.7")),
            (&["203.0.113.7", "10.9.8.7"], Some("203.0.113.7")),
            (&["198.51.100.9, 203.0.113.7, 10.9.8.7, 127.0.0.1"], Some("203.0.113.7")),
            (&["10.9.8.7"], None),
            (&["203.0.113.7, unknown, 10.9.8.7"], None),
            (&["203.0.113.7, unknown"], None),
            (&["203.0.113.7,"], None),
        ] {
            let bytes: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
            let found = trusted.client_beyond(ip("127.0.0.1"), &bytes);
            assert_eq!(found.map(|it| it.to_string()).as_deref(), client, "{lines:?}");
        }
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        for field in ["1.2.3.4", "1.2.3.4, 127.0.0.1", "127.0.0.1", "not-an-ip, %00, [::", ""] {
            for trusted in [TrustedProxies::default(), trusted(&["10.0.0.0/8"])] {
                let client = trusted.client(ip("198.51.100.9"), &[field.as_bytes()]);
                assert_eq!(client.to_string(), "198.51.100.9", "{field}");
            }
        }
        assert_eq!(
            TrustedProxies::default().client(ip("::ffff:10.0.0.1"), &[]).to_string(),
            "10.0.0.1"
        );
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_stranger_is_the_client() {
        let proxies = trusted(&["10.0.0.0/8", "2001:db8::/32", "127.0.0.1/32"]);
        assert!(
            proxies.contains(ip("::ffff:10.0.0.1")) && !proxies.contains(ip("::ffff:11.0.0.1"))
        );
        for (peer, lines, client) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["6.6.6.6,203.0.113.7 ,\t10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", &["6.6.6.6", "203.0.113.7", "10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", &["6.6.6.6, 203.0.113.7", "10.0.0.2, 2001:db8::2"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, 127.0.0.1"], "203.0.113.7"),
            ("10.0.0.1", &["203.0.113.7, ::ffff:10.0.0.3"], "203.0.113.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &["[2a00:1::7]:4711"], "2a00:1::7"),
            ("10.0.0.1", &["[2a00:1::7]"], "2a00:1::7"),
            ("10.0.0.1", &["2a00:1::7"], "2a00:1::7"),
            ("10.0.0.1", &["203.0.113.7, garbage, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["203.0.113.7, "], "10.0.0.1"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["\u{ff11}.2.3.4"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.07"], "10.0.0.1"),
            ("10.0.0.1", &["\"203.0.113.7\""], "10.0.0.1"),
        ] {
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(proxies.client(ip(peer), &lines).to_string(), client, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_address_of_a_trusted_proxy_is_nobodys() {
        let proxies = trusted(&["10.0.0.0/24"]);
        for (peer, lines, known) in [
            ("203.0.113.7", &[][..], Some("203.0.113.7")),
            ("203.0.113.7", &["10.0.0.1"], Some("203.0.113.7")),
            ("10.0.0.1", &["10.0.1.5"], Some("10.0.1.5")),
            // It says nothing, nothing that is an address, or names itself.
            ("10.0.0.1", &[], None),
            ("::ffff:10.0.0.1", &[], None),
            ("10.0.0.1", &["unknown"], None),
            ("10.0.0.1", &["10.0.1.5, unknown"], None),
            ("10.0.0.1", &["10.0.0.2"], None),
            ("0.0.0.0", &[], None),
        ] {
            let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
            let found = proxies.known(proxies.client(ip(peer), &lines));
            let found = found.map(|client| client.to_string());
            assert_eq!(found.as_deref(), known, "{peer} {lines:?}");
        }
        assert!(proxies.covers("10.0.0.128/25".parse().unwrap()));
        assert!(!proxies.covers("10.0.0.0/23".parse().unwrap()));
    }

    #[test]
    fn a_chain_without_end_is_not_walked_to_its_end() {
        let proxies = trusted(&["10.0.0.0/8"]);
        let chain = |hops: usize| format!("203.0.113.7{}", ", 10.0.0.2".repeat(hops));
        let client = |hops| proxies.client(ip("10.0.0.1"), &[chain(hops).as_bytes()]).to_string();
        assert_eq!(client(LONGEST_CHAIN - 1), "203.0.113.7");
        assert_eq!(client(LONGEST_CHAIN), "10.0.0.2");
        assert_eq!(client(3000), "10.0.0.2");
    }

    proptest! {
        #[test]
        fn nobody_writes_their_own_address(
            lie in proptest::collection::vec(any::<u8>(), 0..60),
            address in any::<[u8; 4]>(),
        ) {
            let client = IpAddr::from(address);
            let proxies = trusted(&["10.0.0.0/8"]);
            prop_assume!(!proxies.contains(client));
            let honest = client.to_string();
            let found = proxies.client(ip("10.0.0.1"), &[&lie, honest.as_bytes()]);
            prop_assert_eq!(found, ClientAddress::from(client));
            prop_assert_eq!(proxies.client(client, &[&lie]), ClientAddress::from(client));
        }
    }
}
