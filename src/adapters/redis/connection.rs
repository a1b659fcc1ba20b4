//! The way to Redis: made when it is first needed, mended by itself, and never waited for without
//! end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, FromRedisValue, RedisError, RedisResult, ScriptInvocation};
use tokio::sync::OnceCell;

use crate::ports::{StoreError, Stored};

/// How long a call may take in all, connecting included.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one connection attempt or one answer may take.
const STEP: Duration = Duration::from_secs(1);
/// How long to wait before connecting anew, so that an ailing server is not stormed.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that all callers share.
pub(super) struct Connection {
    client: Client,
    line: Mutex<Arc<Line>>,
}

/// One attempt at a lasting connection.
struct Line {
    manager: OnceCell<ConnectionManager>,
    /// How long whoever makes it waits first.
    pause: Duration,
}

/// What can be asked of Redis.
pub(super) enum Request<'a> {
    /// A command that only reads: repeated when the connection broke.
    Read(&'a Cmd),
    /// A command that writes: repeated only when it certainly was not sent.
    Write(&'a Cmd),
    /// A script.
    Script(&'a ScriptInvocation<'a>),
}

impl Connection {
    /// Remembers where to connect to. Touches no network and needs no runtime.
    pub(super) fn new(client: Client) -> Self {
        Self { client, line: Mutex::new(Line::after(Duration::ZERO)) }
    }

    /// Asks, and waits no longer than two seconds for the answer.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        doing: &'static str,
        request: Request<'_>,
    ) -> Stored<T> {
        let line = Arc::clone(&self.line.lock().unwrap_or_else(PoisonError::into_inner));
        let asked = async {
            let mut manager = line.manager(&self.client).await?;
            match request.send(&mut manager).await {
                Err(error) if request.may_repeat(&error) => request.send(&mut manager).await,
                answer => answer,
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                // The manager mends broken connections itself. It would keep for ever one that
                // is silent, one to a server that became a replica, or a refused password.
                if !error.is_io_error() || error.is_timeout() {
                    self.give_up(&line);
                }
                Err(StoreError::new(doing, error))
            }
            Err(_) => {
                self.give_up(&line);
                Err(StoreError::new(doing, "Redis did not answer in time"))
            }
        }
    }

    /// The next call connects anew, unless another did already.
    fn give_up(&self, broken: &Arc<Line>) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&line, broken) {
            *line = Line::after(PAUSE);
        }
    }
}

impl Line {
    fn after(pause: Duration) -> Arc<Self> {
        Arc::new(Self { manager: OnceCell::new(), pause })
    }

    async fn manager(&self, client: &Client) -> RedisResult<ConnectionManager> {
        let make = async || {
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(STEP))
                .set_response_timeout(Some(STEP))
                .set_number_of_retries(1)
                .set_min_delay(PAUSE)
                .set_max_delay(PAUSE);
            ConnectionManager::new_lazy_with_config(client.clone(), config)
        };
        Ok(self.manager.get_or_try_init(make).await?.clone())
    }
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(&self, manager: &mut ConnectionManager) -> RedisResult<T> {
        match self {
            Self::Read(command) | Self::Write(command) => command.query_async(manager).await,
            Self::Script(script) => script.invoke_async(manager).await,
        }
    }

    fn may_repeat(&self, error: &RedisError) -> bool {
        match self {
            Self::Read(_) => error.is_connection_dropped(),
            Self::Write(_) | Self::Script(_) => error.is_connection_refusal(),
        }
    }
}
