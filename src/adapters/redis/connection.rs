//! The way to Redis: made when it is first needed, made anew when it broke or led to a server that
//! is no longer the master, and never waited for without end. A way to another store than the one of
//! before is not taken.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisError, RedisResult, ScriptInvocation,
    ServerErrorKind,
};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::home::Home;
use super::patience::{self, PATIENCE};
use super::servers::Servers;
use super::whose::{Unproven, Whose};
use crate::ports::{StoreError, Stored};

/// A connection that all callers share.
pub(super) struct Connection {
    servers: Arc<Servers>,
    home: Home,
    whose: Arc<Whose>,
    line: Mutex<Arc<Line>>,
}

/// One connection, or the attempt to make it: whoever waits for it shares what comes of it.
struct Line {
    made: OnceCell<RedisResult<MultiplexedConnection>>,
    is_broken: Arc<AtomicBool>,
    /// When it may be made: not at once after the one before, so that an ailing server is not stormed.
    from: Instant,
    /// How many before it were made in vain: no answer ever came.
    in_vain: u32,
    has_answered: AtomicBool,
    /// Once it was found to lead to the store that is ours.
    is_ours: OnceCell<()>,
}

/// What can be asked of Redis.
pub(super) enum Request<'a> {
    /// Whose store it is, and what else any server may be asked: where the others lead to one that is
    /// not ours, this one finds out. Repeated when the connection broke.
    Whose(&'a Cmd),
    /// A command that only reads: repeated when the connection broke.
    Read(&'a Cmd),
    /// A script: it may write, and is repeated only when it certainly was not done.
    Script(&'a ScriptInvocation<'a>),
}

impl Connection {
    /// Remembers where to connect to. Touches no network and needs no runtime.
    pub(super) fn new(servers: Arc<Servers>, home: Home, whose: Arc<Whose>) -> Self {
        Self { servers, home, whose, line: Mutex::new(Line::from(Instant::now(), 0)) }
    }

    /// Asks, and waits no longer than two seconds for the answer.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        doing: &'static str,
        request: Request<'_>,
    ) -> Stored<T> {
        self.ask_until(Instant::now() + PATIENCE, doing, request).await
    }

    /// The same for a call that has begun already.
    pub(super) async fn ask_until<T: FromRedisValue>(
        &self,
        until: Instant,
        doing: &'static str,
        request: Request<'_>,
    ) -> Stored<T> {
        let mut line = self.line();
        let answer = {
            let asked = pin!(async {
                let answer = self.ask_over(&line, &request).await;
                match &answer {
                    Err(Unproven::Trouble(error)) if request.may_repeat(error) => {
                        line = self.line();
                        Box::pin(self.ask_over(&line, &request)).await
                    }
                    Ok(_) | Err(_) => answer,
                }
            });
            patience::within(until.saturating_duration_since(Instant::now()), asked).await
        };
        match answer {
            Some(answer) => answer.map_err(|error| StoreError::new(doing, error)),
            None => {
                self.give_up(&line);
                Err(StoreError::new(doing, "Redis did not answer in time"))
            }
        }
    }

    /// Nearly any error ends the line: it may be broken or silent, lead to a server that became a
    /// replica, or have begun with a password that was refused. To find out which takes longer.
    async fn ask_over<T: FromRedisValue>(
        &self,
        line: &Arc<Line>,
        request: &Request<'_>,
    ) -> Result<T, Unproven> {
        let answer = self.ask_if_ours(line, request).await;
        match &answer {
            Ok(_) => line.has_answered.store(true, Ordering::Relaxed),
            Err(Unproven::Trouble(error)) if is_of_the_slot(error) => {}
            // It is as good as any, and will be asked again.
            Err(Unproven::NotOurs) => {}
            Err(Unproven::Trouble(_)) => self.give_up(line),
        }
        answer
    }

    async fn ask_if_ours<T: FromRedisValue>(
        &self,
        line: &Line,
        request: &Request<'_>,
    ) -> Result<T, Unproven> {
        let mut connection = match line.made.get() {
            Some(made) => made.clone()?,
            None => Box::pin(line.connection(&self.servers, &self.home)).await?,
        };
        let is_free = matches!(request, Request::Whose(_)) || line.is_ours.initialized();
        if !is_free && self.whose.known().is_some() {
            let mut asked = connection.clone();
            Box::pin(line.is_ours.get_or_try_init(|| self.whose.prove(&mut asked))).await?;
        }
        Ok(request.send(&mut connection).await?)
    }

    fn line(&self) -> Arc<Line> {
        let line = Arc::clone(&self.line.lock().unwrap_or_else(PoisonError::into_inner));
        if line.is_broken.load(Ordering::Acquire) {
            self.give_up(&line);
            return Arc::clone(&self.line.lock().unwrap_or_else(PoisonError::into_inner));
        }
        line
    }

    /// The next call connects anew, unless another did already.
    fn give_up(&self, broken: &Arc<Line>) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&line, broken) {
            let has_answered = broken.has_answered.load(Ordering::Relaxed);
            let in_vain = if has_answered { 0 } else { broken.in_vain.saturating_add(1) };
            let from = Instant::now().max(broken.from + patience::pause(in_vain));
            *line = Line::from(from, in_vain);
        }
    }
}

/// While a Cluster moves our slot, some keys are elsewhere already, and the line is as good as ever.
pub(super) fn is_of_the_slot(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, TryAgain};
    matches!(error.kind(), ErrorKind::Server(Ask | TryAgain))
}

impl Line {
    fn from(from: Instant, in_vain: u32) -> Arc<Self> {
        let (made, is_broken, has_answered, is_ours) =
            (OnceCell::new(), Arc::default(), AtomicBool::default(), OnceCell::new());
        Arc::new(Self { made, is_broken, from, in_vain, has_answered, is_ours })
    }

    async fn connection(
        &self,
        servers: &Arc<Servers>,
        home: &Home,
    ) -> RedisResult<MultiplexedConnection> {
        let make = async || {
            tokio::time::sleep_until(self.from).await;
            let is_broken = Arc::clone(&self.is_broken);
            let pushes = move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    is_broken.store(true, Ordering::Release);
                }
                Ok::<(), ()>(())
            };
            let servers = Arc::clone(servers);
            home.make(async move { servers.connect(pushes).await }).await
        };
        self.made.get_or_init(make).await.clone()
    }
}

impl Request<'_> {
    async fn send<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        match self {
            Self::Whose(command) | Self::Read(command) => {
                patience::step(command.query_async(connection)).await
            }
            Self::Script(script) => patience::step(script.invoke_async(connection)).await,
        }
    }

    /// A server that is no longer the master refuses before it does anything.
    fn may_repeat(&self, error: &RedisError) -> bool {
        use ServerErrorKind::{Moved, ReadOnly};
        if matches!(error.kind(), ErrorKind::Server(Moved | ReadOnly)) {
            return true;
        }
        match self {
            Self::Whose(_) | Self::Read(_) => error.is_connection_dropped(),
            Self::Script(_) => error.is_connection_refusal(),
        }
    }
}
