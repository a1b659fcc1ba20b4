//! A real Redis server that a test owns.

use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;

use super::gate::free_port;
use super::{eventually, folder};

/// A running server. Killed when it is dropped.
pub struct RedisServer {
    process: Child,
    port: u16,
    /// Where it writes, if it does: one that another follows writes all it knows.
    _folder: TempDir,
}

impl RedisServer {
    /// Starts a server on a free port.
    pub async fn start() -> Self {
        Self::start_with(|_| usual()).await
    }

    /// Starts a server on a free port with these arguments, for which it is asked anew with each port.
    pub async fn start_with(arguments: impl Fn(u16) -> Vec<String>) -> Self {
        for _ in 0..20 {
            // Somebody may take the port before the server does: then another one is tried.
            let port = free_port();
            if let Some(server) = Self::try_on(port, &arguments(port)).await {
                return server;
            }
        }
        panic!("redis-server found no free port in twenty tries");
    }

    /// Starts a server on this port, which another one has just left.
    pub async fn start_on(port: u16) -> Self {
        let what = "a server on the same port";
        eventually(what, async || Self::try_on(port, &usual()).await).await
    }

    /// The server that all tests of this process share while one of them needs it. Each uses a
    /// prefix of its own.
    pub async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<RedisServer>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Self::start().await);
        *shared = Arc::downgrade(&server);
        server
    }

    async fn try_on(port: u16, arguments: &[String]) -> Option<Self> {
        let (mut command, folder) = (Command::new("redis-server"), folder());
        command.current_dir(folder.path()).args(arguments).args(["--bind", "127.0.0.1", "--port"]);
        command.arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let process = match command.spawn() {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("these tests need redis-server: install it (Debian: redis-server)")
            }
            Err(error) => panic!("redis-server does not start: {error}"),
        };
        let mut server = Self { process, port, _folder: folder };
        let up = eventually("redis-server to answer or to give up", async || {
            if matches!(server.process.try_wait(), Ok(Some(_))) {
                return Some(false);
            }
            // Another server may answer at this port: the process must be ours.
            let info: String = server.ask(&["INFO", "server"]).await?;
            Some(info.contains(&format!("process_id:{}\r", server.process.id())))
        });
        let up = up.await;
        up.then_some(server)
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process, to send it a signal.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// How a store gets there.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// A connection of the test's own. It is patient: on a busy machine half a second, which is what
    /// the driver waits, is not long.
    pub async fn connection(&self) -> Option<::redis::aio::MultiplexedConnection> {
        let client = ::redis::Client::open(self.url()).unwrap();
        let config = ::redis::AsyncConnectionConfig::new()
            .set_response_timeout(Some(Duration::from_secs(10)));
        client.get_multiplexed_async_connection_with_config(&config).await.ok()
    }

    /// The answer to a command, unless it is an error or the server is away.
    pub async fn ask<T: ::redis::FromRedisValue>(&self, words: &[&str]) -> Option<T> {
        let mut command = ::redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.connection().await?).await.ok()
    }

    /// Ends it at once, as a machine does that loses its power.
    pub fn kill(&self) {
        let sent = Command::new("kill").args(["-9", &self.process.id().to_string()]).status();
        assert!(sent.expect("kill").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The arguments of a server that keeps nothing on the disk.
pub fn usual() -> Vec<String> {
    ["--save", "", "--appendonly", "no"].map(str::to_owned).into()
}

/// A prefix that no other test of this process uses.
pub fn fresh_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
