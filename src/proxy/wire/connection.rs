//! How many connections may be open: in all, and from one peer.
//!
//! Every other limit of the wire guard is a limit per connection, so without this one a client
//! gets around them by opening more connections (slowloris, RFC 9110 section 17.9 "resource
//! consumption").

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts open connections and refuses those above the caps. Shared by all listeners.
#[derive(Debug)]
pub struct ConnectionCaps {
    per_peer: u32,
    total: u32,
    open: AtomicU32,
    shards: [Mutex<HashMap<PeerKey, u32>>; SHARDS],
}

/// Locks are held for one map operation; a few shards keep two workers from waiting on each other.
const SHARDS: usize = 16;

/// Which cap a connection ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CapFault {
    /// As many connections are open as the process may serve.
    #[error("too many connections in all")]
    Total,
    /// One peer address has as many connections as it may.
    #[error("too many connections from one peer")]
    Peer,
}

impl ConnectionCaps {
    /// Caps of `per_peer` connections for one peer (one IPv4 address or one IPv6 /64) and `total`
    /// for all peers together; at least one of each.
    pub fn new(per_peer: u32, total: u32) -> Self {
        Self {
            per_peer: per_peer.max(1),
            total: total.max(1),
            open: AtomicU32::new(0),
            shards: Default::default(),
        }
    }

    /// Counts one more connection. Dropping the slot gives it back, however the connection ends.
    ///
    /// `peer` is `None` for a connection that only counts in the total: a trusted proxy, behind
    /// which many clients stand, or a peer without an IP address.
    ///
    /// # Errors
    /// The cap that is reached. Nothing is counted then.
    pub fn admit(self: &Arc<Self>, peer: Option<IpAddr>) -> Result<ConnectionSlot, CapFault> {
        let one_more = |open: u32| (open < self.total).then_some(open + 1);
        self.open
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .map_err(|_| CapFault::Total)?;
        // From here on the slot's Drop gives the total back, also on the refusal below.
        let mut slot = ConnectionSlot { caps: Arc::clone(self), peer: None };
        if let Some(peer) = peer.map(PeerKey::of) {
            let mut shard = self.shard(peer);
            let count = shard.entry(peer).or_insert(0);
            if *count >= self.per_peer {
                return Err(CapFault::Peer);
            }
            *count += 1;
            slot.peer = Some(peer);
        }
        Ok(slot)
    }

    /// How many connections are open now.
    pub fn open(&self) -> u32 {
        self.open.load(Ordering::Acquire)
    }

    fn shard(&self, peer: PeerKey) -> MutexGuard<'_, HashMap<PeerKey, u32>> {
        // A panic while counting cannot leave a map half changed: the counts stay usable.
        self.shards[peer.shard()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One counted connection; dropping it gives the place back.
#[derive(Debug)]
pub struct ConnectionSlot {
    caps: Arc<ConnectionCaps>,
    peer: Option<PeerKey>,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        if let Some(peer) = self.peer {
            let mut shard = self.caps.shard(peer);
            if let Some(count) = shard.get_mut(&peer) {
                *count = count.saturating_sub(1);
                // An entry for each address ever seen would be a leak that a client controls.
                if *count == 0 {
                    shard.remove(&peer);
                }
            }
        }
        self.caps.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What counts as one peer. An IPv6 customer has a whole /64 (RFC 6177), so one address of it
/// says nothing; an IPv4-mapped address is the IPv4 address that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PeerKey {
    V4(u32),
    V6(u64),
}

impl PeerKey {
    fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.to_bits()),
            IpAddr::V6(ip) => Self::V6((ip.to_bits() >> 64) as u64),
        }
    }

    fn shard(self) -> usize {
        let bits = match self {
            Self::V4(bits) => u64::from(bits),
            Self::V6(bits) => bits,
        };
        // Multiplying by an odd constant spreads neighbours; the top bits are the mixed ones.
        (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as usize % SHARDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn one_peer_is_capped_and_others_are_not() {
        let caps = Arc::new(ConnectionCaps::new(2, 100));
        let _a = caps.admit(ip("192.0.2.1")).unwrap();
        let b = caps.admit(ip("192.0.2.1")).unwrap();
        assert_eq!(caps.admit(ip("192.0.2.1")).unwrap_err(), CapFault::Peer);
        assert_eq!(caps.admit(ip("::ffff:192.0.2.1")).unwrap_err(), CapFault::Peer);
        assert!(caps.admit(ip("192.0.2.2")).is_ok());
        drop(b);
        assert!(caps.admit(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn an_ipv6_peer_is_its_slash_64() {
        let caps = Arc::new(ConnectionCaps::new(1, 100));
        let _one = caps.admit(ip("2001:db8:1:2::1")).unwrap();
        assert_eq!(caps.admit(ip("2001:db8:1:2:ffff::9")).unwrap_err(), CapFault::Peer);
        assert!(caps.admit(ip("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn the_total_is_capped_and_exempt_peers_count_in_it() {
        let caps = Arc::new(ConnectionCaps::new(1, 3));
        let slots: Vec<_> = (0..3).map(|_| caps.admit(None).unwrap()).collect();
        assert_eq!(caps.admit(None).unwrap_err(), CapFault::Total);
        assert_eq!(caps.admit(ip("192.0.2.1")).unwrap_err(), CapFault::Total);
        drop(slots);
        assert_eq!(caps.open(), 0);
    }

    #[test]
    fn a_refusal_counts_nothing_and_no_entry_is_left_behind() {
        let caps = Arc::new(ConnectionCaps::new(1, 10));
        let slot = caps.admit(ip("192.0.2.1")).unwrap();
        for _ in 0..5 {
            assert!(caps.admit(ip("192.0.2.1")).is_err());
        }
        assert_eq!(caps.open(), 1);
        drop(slot);
        assert_eq!(caps.open(), 0);
        assert!(caps.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    #[test]
    fn many_threads_never_get_past_the_caps() {
        let caps = Arc::new(ConnectionCaps::new(7, 20));
        let admitted = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..50).filter_map(|_| caps.admit(ip("192.0.2.1")).ok()).collect::<Vec<_>>()
                    })
                })
                .collect();
            tasks.into_iter().flat_map(|task| task.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(admitted.len(), 7);
        assert_eq!(caps.open(), 7);
    }
}
