//! Where the master is. This is the one place that knows it: whoever needs a connection asks
//! [`Servers::connect`], and whoever has lost one asks again.
//!
//! Sentinel and Cluster are one thing here: somebody to ask who is master, who then has to prove it,
//! and one plain connection. All keys of an installation are in one slot ([`super::keys`]), so a
//! Cluster has one master for it, too. The driver's own clients are not used. That for a Cluster sends
//! a request again when the connection broke while the answer was on its way, and a script that counts
//! or settles must not run twice. That for Sentinel lets the first Sentinel, if it is silent, use up
//! most of the time that a call has.

use std::io;

use ::redis::aio::{AsyncPushSender, MultiplexedConnection};
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult, Role,
    ServerErrorKind, cmd,
};
use tokio::task::JoinSet;

use super::patience::step;

/// How often one node of a Cluster may send us on to another.
const HOPS: usize = 4;

/// The servers that one installation was told of.
pub(super) enum Servers {
    /// One, which is the master.
    One(Client),
    /// Sentinels, which know it.
    Sentinels {
        /// How to reach them.
        sentinels: Vec<Client>,
        /// What they call it.
        name: String,
        /// How to speak to it, once its address is known.
        server: Client,
    },
    /// Nodes of a Cluster, each of which knows it.
    Cluster {
        /// Some of them.
        nodes: Vec<Client>,
        /// A key of ours: whoever has it has all others.
        key: String,
    },
}

impl Servers {
    /// A fresh connection of the caller's own, in RESP3, to whoever is master now and has proved it.
    /// What the server says unasked, the end of the connection included, goes to `pushes`. It belongs
    /// to the runtime that it was made in, mends nothing, and waits for ever: whoever asks has a bound
    /// ([`step`]).
    pub(super) async fn connect(
        &self,
        pushes: impl AsyncPushSender,
    ) -> RedisResult<MultiplexedConnection> {
        let config = unbounded().set_push_sender(pushes);
        let mut connection = reach(&self.master().await?, &config).await?;
        self.prove(&mut connection).await?;
        Ok(connection)
    }

    /// Asks whether the other end of a connection still is the master. The answer comes after all that
    /// the server had to say before the question arrived.
    pub(super) async fn prove(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        match self {
            Self::One(_) => prove_sane(connection).await,
            Self::Sentinels { .. } => prove_master(connection).await,
            Self::Cluster { key, .. } => prove_owner(connection, key).await,
        }
    }

    /// Who is master now.
    async fn master(&self) -> RedisResult<Client> {
        match self {
            Self::One(client) => Ok(client.clone()),
            Self::Sentinels { sentinels, name, server } => {
                let ask = |it: &Client| named_by(it.clone(), name.clone(), server.clone());
                first_to_succeed(sentinels.iter().map(ask)).await
            }
            Self::Cluster { nodes, key } => {
                let ask = |it: &Client| found_from(it.clone(), key.clone());
                first_to_succeed(nodes.iter().map(ask)).await
            }
        }
    }
}

/// Asks all at once: one that is down must not cost the time of those that are not, and one that is
/// behind names somebody who cannot prove it.
async fn first_to_succeed(
    asking: impl Iterator<Item = impl Future<Output = RedisResult<Client>> + Send + 'static>,
) -> RedisResult<Client> {
    let mut asking: JoinSet<_> = asking.collect();
    let mut why = lost("nobody is left to ask for the master");
    while let Some(answer) = asking.join_next().await {
        match answer {
            Ok(Ok(master)) => return Ok(master),
            Ok(Err(error)) => why = error,
            Err(_) => {}
        }
    }
    Err(why)
}

/// The master that a Sentinel names.
async fn named_by(sentinel: Client, name: String, server: Client) -> RedisResult<Client> {
    let mut question = cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let mut sentinel = reach(&sentinel, &unbounded()).await?;
    let named: Option<(String, u16)> = step(question.query_async(&mut sentinel)).await?;
    let (host, port) = named.ok_or_else(|| lost("the Sentinels know no Redis of this name"))?;
    let master = elsewhere(&server, &host, port)?;
    prove_master(&mut reach(&master, &unbounded()).await?).await?;
    Ok(master)
}

/// From a node of a Cluster to the one that has our slot.
async fn found_from(mut node: Client, key: String) -> RedisResult<Client> {
    for _ in 0..HOPS {
        let Err(error) = prove_owner(&mut reach(&node, &unbounded()).await?, &key).await else {
            return Ok(node);
        };
        let named = error.redirect_node().and_then(|(address, _)| address.rsplit_once(':'));
        let Some((host, port)) = named else { return Err(error) };
        let port = port.parse().map_err(|_| lost("a node of the Cluster named no address"))?;
        node = elsewhere(&node, host, port)?;
    }
    Err(lost("the nodes of the Cluster name each other"))
}

/// What answers something else is not Redis any more, or answers another question.
async fn prove_sane(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let answer: String = step(cmd("PING").query_async(connection)).await?;
    if answer == "PONG" { Ok(()) } else { Err(lost("the server answers to another question")) }
}

/// A replica would answer, too, with what it last heard of: an ended session would live on there.
async fn prove_master(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match step(cmd("ROLE").query_async(connection)).await? {
        Role::Primary { .. } => Ok(()),
        _ => Err(lost("the server that Sentinel named is not the master")),
    }
}

/// A node without our slot says who has it; one that is cut off from most others says so.
async fn prove_owner(connection: &mut MultiplexedConnection, key: &str) -> RedisResult<()> {
    match step(cmd("EXISTS").arg(key).query_async::<u8>(connection)).await {
        Ok(_) => Ok(()),
        // The slot is on its way to another node, and is still this one's.
        Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn reach(
    server: &Client,
    config: &AsyncConnectionConfig,
) -> RedisResult<MultiplexedConnection> {
    let connecting = server.get_multiplexed_async_connection_with_config(config);
    step(connecting).await.map_err(|error| unreached(server, error))
}

/// Says which server it was: of several, one may have another address than people think. What
/// [`Connection`](super::connection::Connection) asks of an error, to know what may be repeated, stays as it was.
fn unreached(server: &Client, error: RedisError) -> RedisError {
    if !error.is_io_error() {
        return error;
    }
    let kind = match &error {
        error if error.is_connection_refusal() => io::ErrorKind::ConnectionRefused,
        error if error.is_timeout() => io::ErrorKind::TimedOut,
        error if error.is_connection_dropped() => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::Other,
    };
    let address = server.get_connection_info().addr();
    RedisError::from(io::Error::new(
        kind,
        format!("{address} (of store.redis) cannot be used: {error}"),
    ))
}

/// The driver's own bounds do not look once more when the time is up.
fn unbounded() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
}

/// The same way to another address. Without a host it is another port of the same.
fn elsewhere(server: &Client, named: &str, port: u16) -> RedisResult<Client> {
    let info = server.get_connection_info().clone();
    let host = |own: &str| if named.is_empty() { own.to_owned() } else { named.to_owned() };
    let addr = match info.addr() {
        ConnectionAddr::Tcp(own, _) => ConnectionAddr::Tcp(host(own), port),
        ConnectionAddr::TcpTls { host: own, tls_params, .. } => ConnectionAddr::TcpTls {
            host: host(own),
            port,
            insecure: false,
            tls_params: tls_params.clone(),
        },
        _ => return Err(lost("a server is reached by host and port only")),
    };
    Client::open(info.set_addr(addr))
}

fn lost(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Client, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_of_the_same_kind_with_the_address() {
        use io::ErrorKind as Kind;
        let server = Client::open("redis://lg:hidden@192.0.2.1:6390/2").expect("a client");
        let of = |kind| RedisError::from(io::Error::new(kind, "it was so"));
        let asked = |error: &RedisError| {
            let refused = error.is_connection_refusal();
            [refused, error.is_timeout(), error.is_connection_dropped(), error.is_io_error()]
        };
        let kinds = [
            Kind::ConnectionRefused,
            Kind::ConnectionReset,
            Kind::BrokenPipe,
            Kind::UnexpectedEof,
            Kind::NotFound,
            Kind::TimedOut,
            Kind::WouldBlock,
            Kind::InvalidData,
        ];
        for before in kinds.map(of).into_iter().chain([RedisError::from((ErrorKind::Io, "x"))]) {
            let after = unreached(&server, before.clone());
            assert_eq!(asked(&after), asked(&before), "{before:?}");
            let said = after.to_string();
            assert!(said.contains("192.0.2.1:6390 (of store.redis)"), "{said}");
            assert!(said.contains(&before.to_string()) && !said.contains("hidden"), "{said}");
        }
        let other = lost("the nodes of the Cluster name each other");
        assert_eq!(unreached(&server, other.clone()).to_string(), other.to_string());
    }
}
