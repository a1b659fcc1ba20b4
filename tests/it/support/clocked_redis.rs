//! A Redis whose clock a test moves. linkgate goes by the clock of its store, so its own moves with it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use super::eventually;
use super::gate::{Gate, Wishes};
use super::redis::{RedisServer, fresh_prefix};

/// How the answer to `TIME` begins: two texts, of which the first has ten digits. No other answer
/// that linkgate gets looks like it.
const TIME: &[u8] = b"*2\r\n$10\r\n";

/// A real server behind a connection on which the answers to `TIME` are changed.
pub struct ClockedRedis {
    address: SocketAddr,
    clock: Arc<Clock>,
    _server: Arc<RedisServer>,
}

#[derive(Default)]
struct Clock {
    /// How far it is ahead, in seconds.
    ahead: AtomicU64,
    /// How often it was asked.
    looks: AtomicU64,
    /// How far it was ahead when it was asked last.
    shown: AtomicU64,
}

impl ClockedRedis {
    pub async fn start() -> Self {
        let server = RedisServer::shared().await;
        let far = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let clock = Arc::new(Clock::default());
        let shown = Arc::clone(&clock);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, far, Arc::clone(&shown)));
            }
        });
        Self { address, clock, _server: server }
    }

    /// Wishes for a gate with this store, and these further keys of `sign_in:`.
    pub fn wishes(&self, sign_in: &str) -> Wishes {
        let (address, prefix) = (self.address, fresh_prefix());
        let store = format!("{{ redis: {{ url: \"redis://{address}\", prefix: {prefix} }} }}");
        Wishes { store, sign_in: sign_in.to_owned(), ..Wishes::default() }
    }

    /// Moves the clock. The gate looks at it every ten seconds and when it starts: so it is started
    /// again, and goes on with what is in the store.
    pub async fn pass(&self, seconds: u64, gate: &mut Gate) {
        gate.kill();
        self.clock.ahead.fetch_add(seconds, Ordering::SeqCst);
        let looks = self.clock.looks.load(Ordering::SeqCst);
        gate.run().await;
        eventually("linkgate looks at the clock", async || {
            (self.clock.looks.load(Ordering::SeqCst) > looks).then_some(())
        })
        .await;
    }

    /// Moves the clock while a gate runs, and waits until that has looked at it.
    pub async fn moves(&self, seconds: u64) {
        let ahead = self.clock.ahead.fetch_add(seconds, Ordering::SeqCst) + seconds;
        let shown = async || self.clock.shown.load(Ordering::SeqCst) == ahead;
        // It looks every ten seconds.
        for _ in 0..2 {
            let looks =
                eventually("linkgate looks at the clock", async || shown().await.then_some(()));
            if tokio::time::timeout(Duration::from_secs(9), looks).await.is_ok() {
                return;
            }
        }
        panic!("linkgate does not look at the clock");
    }
}

async fn carry(near: TcpStream, far: SocketAddr, clock: Arc<Clock>) -> std::io::Result<()> {
    let far = TcpStream::connect(far).await?;
    let (mut from_gate, mut to_gate) = near.into_split();
    let (mut from_redis, mut to_redis) = far.into_split();
    let asks = async { copy(&mut from_gate, &mut to_redis).await.map(drop) };
    let answers = async {
        let mut answer = [0; 64 * 1024];
        loop {
            let length = from_redis.read(&mut answer).await?;
            if length == 0 {
                return Ok(());
            }
            let ahead = put_forward(&mut answer[..length], &clock);
            to_gate.write_all(&answer[..length]).await?;
            if let Some(ahead) = ahead {
                clock.looks.fetch_add(1, Ordering::SeqCst);
                clock.shown.store(ahead, Ordering::SeqCst);
            }
        }
    };
    tokio::select! { ended = asks => ended, ended = answers => ended }
}

/// Changes the time in these answers. Returns how far it is ahead, if there was one.
fn put_forward(answers: &mut [u8], clock: &Clock) -> Option<u64> {
    let at = answers.windows(TIME.len()).position(|window| window == TIME)?;
    let digits = answers.get_mut(at + TIME.len()..at + TIME.len() + 10)?;
    let time: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let ahead = clock.ahead.load(Ordering::SeqCst);
    digits.copy_from_slice(format!("{:010}", time + ahead).as_bytes());
    Some(ahead)
}
