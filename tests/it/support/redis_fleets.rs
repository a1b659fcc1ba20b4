//! Several Redis servers that belong together, as people run them.

use std::sync::Arc;

use tempfile::TempDir;

use super::gate::free_port;
use super::redis::{RedisServer, usual};
use super::{eventually, folder};

/// What Sentinels call their Redis.
const MASTER: &str = "mymaster";

/// A server whose replicas need not wait for others before they are served: the usual five seconds.
fn without_delay() -> Vec<String> {
    let mut arguments = usual();
    arguments.extend(["--repl-diskless-sync-delay", "0"].map(str::to_owned));
    arguments
}

async fn has_its_replica(server: &RedisServer) {
    eventually("a replica that follows", async || {
        let info: String = server.ask(&["INFO", "replication"]).await?;
        info.contains("state=online").then_some(())
    })
    .await;
}

/// Waits until a replica has all that a server was told, so that what it loses was never replicated.
/// `key` is one of its slot.
pub async fn replicated(server: &RedisServer, key: &str) {
    let mut connection = server.connection().await.expect("a connection");
    let mut wait = redis::pipe();
    wait.cmd("SET").arg(key).arg(1).ignore().cmd("DEL").arg(key).ignore();
    wait.cmd("WAIT").arg(1).arg(9_000);
    let (replicas,): (u64,) = wait.query_async(&mut connection).await.expect("an answer");
    assert_eq!(replicas, 1);
}

/// A master, its replica, and three Sentinels that watch them.
pub struct Watched {
    pub master: Arc<RedisServer>,
    _replica: RedisServer,
    pub sentinels: Vec<RedisServer>,
    _folder: TempDir,
}

impl Watched {
    /// Starts all of them. After so many milliseconds of silence a server counts as down.
    pub async fn start(patience: u32) -> Self {
        let master = Arc::new(RedisServer::start_with(|_| without_delay()).await);
        let follows = |_| {
            let mut arguments = without_delay();
            arguments.push("--replicaof".to_owned());
            arguments.push(format!("127.0.0.1 {}", master.port()));
            arguments
        };
        let replica = RedisServer::start_with(follows).await;
        has_its_replica(&master).await;
        let folder = folder();
        let mut sentinels = Vec::new();
        for _ in 0..3 {
            let watches = |port: u16| {
                // A Sentinel writes what it finds out into its configuration.
                let file = folder.path().join(format!("{port}.conf"));
                let text = format!(
                    "sentinel monitor {MASTER} 127.0.0.1 {} 2\n\
                     sentinel down-after-milliseconds {MASTER} {patience}\n\
                     sentinel failover-timeout {MASTER} 3000\n",
                    master.port()
                );
                std::fs::write(&file, text).expect("the configuration");
                vec![file.display().to_string(), "--sentinel".to_owned()]
            };
            sentinels.push(RedisServer::start_with(watches).await);
        }
        for sentinel in &sentinels {
            eventually("Sentinels that know each other and the replica", async || {
                let info: String = sentinel.ask(&["INFO", "sentinel"]).await?;
                info.contains("status=ok,").then_some(())?;
                info.contains("slaves=1,sentinels=3").then_some(())
            })
            .await;
        }
        Self { master, _replica: replica, sentinels, _folder: folder }
    }

    /// How a store gets there; what stands before the `@` is the login at the Redis.
    pub fn url(&self, login: &str) -> String {
        let at = |sentinel: &RedisServer| format!("127.0.0.1:{}", sentinel.port());
        let hosts: Vec<_> = self.sentinels.iter().map(at).collect();
        format!("redis+sentinel://{login}{}/{MASTER}", hosts.join(","))
    }
}

/// Six nodes, three of them masters.
pub struct Cluster {
    pub nodes: Vec<Arc<RedisServer>>,
    _folder: TempDir,
}

impl Cluster {
    /// Starts all of them. After so many milliseconds of silence a node counts as down.
    pub async fn start(patience: u32) -> Self {
        Self::start_with(patience, Vec::new).await
    }

    /// Starts all of them, each with more arguments, for which it is asked anew.
    pub async fn start_with(patience: u32, more: impl Fn() -> Vec<String>) -> Self {
        let folder = folder();
        let mut nodes = Vec::new();
        for _ in 0..6 {
            let node = |port: u16| {
                let mut arguments = without_delay();
                arguments.extend(more());
                let of_node = format!("nodes-{port}.conf");
                let (patience, bus) = (patience.to_string(), free_port().to_string());
                let dir = folder.path().display().to_string();
                for (key, value) in [
                    ("--cluster-enabled", "yes"),
                    ("--cluster-config-file", &of_node),
                    ("--cluster-node-timeout", &patience),
                    ("--cluster-port", &bus),
                    ("--dir", &dir),
                ] {
                    arguments.extend([key.to_owned(), value.to_owned()]);
                }
                arguments
            };
            nodes.push(Arc::new(RedisServer::start_with(node).await));
        }
        let cluster = Self { nodes, _folder: folder };
        cluster.meet().await;
        cluster
    }

    async fn meet(&self) {
        let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        let mut names: Vec<String> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let epoch = (index + 1).to_string();
            let set: Option<()> = node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            set.expect("an epoch of its own");
            names.push(node.ask(&["CLUSTER", "MYID"]).await.expect("a name"));
            if let Some((first, last)) = slots.get(index) {
                let added: Option<()> = node.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]).await;
                added.expect("slots");
            }
        }
        for (node, other) in self.pairs() {
            let bus: Vec<String> = other.ask(&["CONFIG", "GET", "cluster-port"]).await.unwrap();
            let port = other.port().to_string();
            let met: Option<()> = node.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus[1]]).await;
            met.expect("to be introduced");
        }
        for (replica, master) in self.nodes[3..].iter().zip(&names) {
            eventually("a replica of a master that it knows", async || {
                replica.ask::<()>(&["CLUSTER", "REPLICATE", master]).await
            })
            .await;
        }
        for node in &self.nodes {
            eventually("a node that is content", async || {
                let info: String = node.ask(&["CLUSTER", "INFO"]).await?;
                info.contains("cluster_state:ok").then_some(())?;
                info.contains("cluster_known_nodes:6").then_some(())
            })
            .await;
        }
        for master in &self.nodes[..3] {
            has_its_replica(master).await;
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&RedisServer, &RedisServer)> {
        let (first, others) = self.nodes.split_first().expect("nodes");
        others.iter().map(|other| (&**first, &**other))
    }

    /// The master that has a key.
    pub async fn owner(&self, key: &str) -> Arc<RedisServer> {
        eventually("the master of a key", async || {
            for node in &self.nodes {
                if node.ask::<u8>(&["EXISTS", key]).await.is_some() {
                    return Some(Arc::clone(node));
                }
            }
            None
        })
        .await
    }

    /// How a store gets there: a replica, and two masters of which one at most has its slot.
    pub fn url(&self, login: &str) -> String {
        let at = |node: &Arc<RedisServer>| format!("127.0.0.1:{}", node.port());
        let hosts: Vec<_> = [&self.nodes[0], &self.nodes[1], &self.nodes[5]].map(at).into();
        format!("redis+cluster://{login}{}", hosts.join(","))
    }
}
