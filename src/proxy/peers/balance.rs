//! Several servers of one application: which of them serves a request.
//!
//! pingora-load-balancing keeps the list and the health; here stand the names, which are looked up
//! again and again, and what is done when no server is well.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pingora::lb::discovery::ServiceDiscovery;
use pingora::lb::selection::{Consistent, RoundRobin};
use pingora::lb::{Backend, Backends, Extensions, LoadBalancer};
use pingora::protocols::l4::socket::SocketAddr as PingoraAddress;
use pingora::{Error, ErrorType};
use tokio::time::MissedTickBehavior;

use super::health::Health;

/// How long a looked-up address is used before it is looked up again.
const ADDRESS_AGE: Duration = Duration::from_secs(10);
/// How long a look-up may take.
const LOOK_UP: Duration = Duration::from_secs(2);
/// Steps around the ring of consistent hashing that are taken for one request: a server stands on it
/// many times.
const MOST_STEPS: usize = 256;

/// Who serves whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Balance {
    /// Servers take turns.
    #[default]
    Turns,
    /// A client stays with its server as long as that is well (consistent hashing of its address):
    /// for applications that keep what they know of a visitor in their own memory.
    Client,
}

/// The name that a server was found by.
#[derive(Clone, Debug)]
pub(super) struct HostName(pub(super) Arc<str>);

/// Servers, found by their names.
pub(super) struct Balanced {
    pool: Pool,
    has_names: bool,
    health: Option<Health>,
    /// Held by the one who looks names up; others wait for it, or use what was found before.
    looking: tokio::sync::Mutex<()>,
}

enum Pool {
    Turns(LoadBalancer<RoundRobin>),
    Client(LoadBalancer<Consistent>),
}

impl Balanced {
    /// Prepares; looks nothing up and asks nobody yet.
    pub(super) fn new(
        servers: Vec<(Arc<str>, u16)>,
        balance: Balance,
        health: Option<Health>,
    ) -> Self {
        let names = Names::new(servers);
        let has_names = names.servers.iter().any(|server| server.fixed.is_none());
        let mut backends = Backends::new(Box::new(names));
        if let Some(health) = &health {
            backends.set_health_check(health.check());
        }
        let pool = match balance {
            Balance::Turns => Pool::Turns(LoadBalancer::from_backends(backends)),
            Balance::Client => Pool::Client(LoadBalancer::from_backends(backends)),
        };
        Self { pool, has_names, health, looking: tokio::sync::Mutex::new(()) }
    }

    /// How many servers are known now.
    pub(super) fn servers(&self) -> usize {
        self.backends().get_backend().len()
    }

    /// The server for a client: one that is well and has not just refused a connection; if there is
    /// none, one that is well; and if there is none, any. A health check may be wrong, and an answer
    /// 502 helps nobody.
    pub(super) async fn choose(
        &self,
        client: IpAddr,
        is_refusing: impl Fn(&SocketAddr) -> bool,
    ) -> Option<(SocketAddr, Arc<str>)> {
        if self.servers() == 0 {
            let _one = self.looking.lock().await;
            if self.servers() == 0 {
                self.look_up().await;
            }
        }
        let key = match client {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        let refuses = |backend: &Backend| backend.addr.as_inet().is_some_and(&is_refusing);
        let found = self
            .select(&key, &|backend, is_well| is_well && !refuses(backend))
            .or_else(|| self.select(&key, &|_, is_well| is_well))
            .or_else(|| self.select(&key, &|_, _| true))?;
        let name = found.ext.get::<HostName>()?;
        Some((*found.addr.as_inet()?, Arc::clone(&name.0)))
    }

    fn select(&self, key: &[u8], accept: &dyn Fn(&Backend, bool) -> bool) -> Option<Backend> {
        match &self.pool {
            // Twice around: a whole number of rounds, so that the next request takes the next turn.
            Pool::Turns(pool) => pool.select_with(key, 2 * self.servers(), accept),
            Pool::Client(pool) => pool.select_with(key, MOST_STEPS, accept),
        }
    }

    fn backends(&self) -> &Backends {
        match &self.pool {
            Pool::Turns(pool) => pool.backends(),
            Pool::Client(pool) => pool.backends(),
        }
    }

    /// What a failed look-up leaves is what was known before.
    async fn look_up(&self) {
        let _ = match &self.pool {
            Pool::Turns(pool) => pool.update().await,
            Pool::Client(pool) => pool.update().await,
        };
    }

    /// Looks names up and asks servers how they are, for ever.
    pub(super) async fn care(&self) {
        tokio::join!(self.follow_names(), self.follow_health());
    }

    async fn follow_names(&self) {
        let mut ticks = tokio::time::interval(ADDRESS_AGE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let one = self.looking.lock().await;
            self.look_up().await;
            drop(one);
            if !self.has_names {
                return;
            }
        }
    }

    async fn follow_health(&self) {
        let Some(health) = &self.health else { return };
        let mut ticks = tokio::time::interval(health.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // At the start a server that does not answer is out at once, not after some intervals.
        let mut tries = health.failures;
        loop {
            ticks.tick().await;
            for _ in 0..tries {
                self.backends().run_health_check(true).await;
            }
            tries = 1;
        }
    }
}

/// Servers as the configuration names them.
struct Names {
    servers: Vec<Named>,
}

struct Named {
    host: Arc<str>,
    port: u16,
    /// The host, if it is an address already.
    fixed: Option<IpAddr>,
    /// What the last look-up that worked has found.
    found: Mutex<Vec<SocketAddr>>,
}

impl Names {
    fn new(servers: Vec<(Arc<str>, u16)>) -> Self {
        let named = |(host, port): (Arc<str>, u16)| {
            let fixed = fixed(&host);
            Named { host, port, fixed, found: Mutex::default() }
        };
        Self { servers: servers.into_iter().map(named).collect() }
    }
}

/// The address that a host is written as.
pub(super) fn fixed(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

impl Named {
    async fn addresses(&self) -> Vec<SocketAddr> {
        if let Some(ip) = self.fixed {
            return vec![SocketAddr::new(ip, self.port)];
        }
        let looked = tokio::net::lookup_host((&*self.host, self.port));
        let mut found: Vec<SocketAddr> = match tokio::time::timeout(LOOK_UP, looked).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        // IPv4 if there is any: `localhost` has both, and most applications listen on one of them.
        if found.iter().any(SocketAddr::is_ipv4) {
            found.retain(SocketAddr::is_ipv4);
        }
        let mut known = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if !found.is_empty() {
            *known = found;
        }
        known.clone()
    }
}

#[async_trait]
impl ServiceDiscovery for Names {
    async fn discover(&self) -> pingora::Result<(BTreeSet<Backend>, HashMap<u64, bool>)> {
        let mut backends = BTreeSet::new();
        for server in &self.servers {
            for address in server.addresses().await {
                let mut ext = Extensions::new();
                ext.insert(HostName(Arc::clone(&server.host)));
                backends.insert(Backend { addr: PingoraAddress::Inet(address), weight: 1, ext });
            }
        }
        if backends.is_empty() {
            return Error::e_explain(ErrorType::ConnectError, "no server has an address");
        }
        Ok((backends, HashMap::new()))
    }
}
