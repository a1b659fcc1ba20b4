//! Copies of sessions and accounts in memory, and how their changes are followed.
//!
//! One connection reads what is kept. On it Redis says (`CLIENT TRACKING`, RESP3) when a session, an
//! account, a service token or the mark of the store changes, whoever changes it and however: a script,
//! `DEL` by hand, `FLUSHALL`, an eviction. It says so of all of them (`BCAST`) and not only of those
//! that were read here: for these it would keep a table, of a million keys by default, and what falls
//! out of that table counts as changed. With half a million people the mark of the store itself fell
//! out, many times a second, and all copies with it. News and answers come in one order, so an answer to `PING` says that
//! everything before it was heard: from then on the copies are trusted for the bound of the
//! configuration. When the connection is silent or breaks they are not, and every request asks Redis
//! again until there is a new one.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    Cmd, ErrorKind, FromRedisValue, PushInfo, PushKind, RedisError, RedisResult, Value, cmd,
};
use arc_swap::ArcSwapOption;
use tokio::sync::{Notify, OnceCell};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::connection::is_of_the_slot;
use super::copies::Reads;
use super::grace::Grace;
use super::home::Home;
use super::keys::Keys;
use super::patience::{pause, step};
use super::servers::Servers;
use super::whose::{Unproven, Whose};
use crate::adapters::kept::{Copies, Era, Trust};
use crate::domain::secret::{Birth, Mark};

/// Signs of life within the bound, so that one that is late costs no trust.
const BEATS: u32 = 4;

/// How copies of sessions and accounts are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Sessions at most, and as many accounts.
    pub most: usize,
    /// How long a copy is trusted without a sign of life from Redis.
    pub bound: Duration,
    /// For how long after that people who are signed in go on while Redis does not answer.
    pub grace: Duration,
}

/// The copies, and the connection that tells of changes.
pub(super) struct Following {
    pub(super) copies: Arc<Copies>,
    pub(super) reads: Reads,
    pub(super) keeping: Keeping,
    pub(super) grace: Grace,
    servers: Arc<Servers>,
    home: Home,
    keys: Arc<Keys>,
    line: ArcSwapOption<Line>,
    task: OnceCell<AbortHandle>,
    whose: Arc<Whose>,
}

/// A connection on which Redis tells of changes.
pub(super) struct Line {
    connection: MultiplexedConnection,
    pub(super) era: Era,
    news: Arc<News>,
    /// What was known of the store that is ours when the line was proven to lead there.
    proven_as: Option<(Mark, Birth)>,
}

impl Line {
    /// Reads what may be kept. A line that does not answer is given up: it may lead to a server that is
    /// the master no more. One whose Cluster moves the key just now is not.
    pub(super) async fn read<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let answer = step(command.query_async(&mut self.connection.clone())).await;
        if answer.as_ref().is_err_and(|error| !is_of_the_slot(error)) {
            self.news.end();
        }
        answer
    }
}

impl Following {
    pub(super) fn new(
        servers: Arc<Servers>,
        home: Home,
        whose: Arc<Whose>,
        keys: Arc<Keys>,
        keeping: Keeping,
    ) -> Arc<Self> {
        Arc::new(Self {
            copies: Arc::new(Copies::new(Trust::none(), keeping.most)),
            reads: Reads::default(),
            keeping,
            grace: Grace::new(),
            servers,
            home,
            keys,
            line: ArcSwapOption::empty(),
            task: OnceCell::new(),
            whose,
        })
    }

    /// The connection for what may be kept, while there is one. The first call has it made.
    pub(super) async fn line(self: &Arc<Self>) -> Option<Arc<Line>> {
        let start = async || {
            let following = Arc::clone(self);
            let work = async move {
                tokio::select! {
                    () = follow(&following) => {}
                    () = following.grace.watch() => {}
                }
            };
            self.home.handle().spawn(work).abort_handle()
        };
        self.task.get_or_init(start).await;
        self.line.load_full()
    }

    /// It is known from now on, or anew, which store is ours: a line that was proven before is none.
    pub(super) fn is_known_anew(&self) {
        if let Some(line) = self.line.swap(None) {
            line.news.end();
        }
    }

    pub(super) fn stop(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    async fn connect(&self, news: &Arc<News>) -> RedisResult<Line> {
        let heard = Arc::clone(news);
        let hear = move |push: PushInfo| {
            heard.hear(&push);
            Ok::<(), std::convert::Infallible>(())
        };
        let mut connection = self.servers.connect(hear).await?;
        let mut track = cmd("CLIENT");
        track.arg("TRACKING").arg("ON").arg("BCAST");
        for prefix in self.keys.kept() {
            track.arg("PREFIX").arg(prefix);
        }
        let () = step(track.query_async(&mut connection)).await?;
        let (era, proven_as) = (news.era, self.whose.known());
        match self.whose.prove(&mut connection).await {
            Ok(()) => Ok(Line { connection, era, news: Arc::clone(news), proven_as }),
            Err(Unproven::Trouble(error)) => Err(error),
            Err(Unproven::NotOurs) => {
                Err(RedisError::from((ErrorKind::Client, "it leads to a store that is not ours")))
            }
        }
    }

    /// Keeps the line for as long as it lives. Returns why it does no more.
    async fn hold(&self, line: Line, news: &News) -> RedisError {
        let line = Arc::new(line);
        let beat = self.keeping.bound / BEATS;
        loop {
            let sent = Instant::now();
            if let Err(error) = self.servers.prove(&mut line.connection.clone()).await {
                return error;
            }
            self.copies.trust.renew(line.era, sent + self.keeping.bound);
            if self.line.load().is_none() {
                tracing::info!("Redis tells of changes: sessions and accounts are kept in memory");
                self.line.store(Some(Arc::clone(&line)));
                self.grace.is_over();
            }
            if line.proven_as != self.whose.known() {
                let why = "it was made before it was known which store is ours";
                return RedisError::from((ErrorKind::Client, why));
            }
            tokio::select! {
                () = tokio::time::sleep(beat) => {}
                () = news.over.notified() => {
                    return RedisError::from((ErrorKind::Io, "the connection has ended"));
                }
            }
        }
    }
}

/// For ever: until the store is dropped.
async fn follow(following: &Following) {
    let (mut is_told, mut in_vain) = (false, 0_u32);
    loop {
        let era = following.copies.trust.era();
        let news = Arc::new(News {
            era,
            copies: Arc::clone(&following.copies),
            keys: Arc::clone(&following.keys),
            over: Notify::new(),
        });
        let error = match following.connect(&news).await {
            Ok(line) => {
                (is_told, in_vain) = (false, 0);
                following.hold(line, &news).await
            }
            Err(error) => error,
        };
        following.line.store(None);
        following.copies.trust.end(era);
        if !std::mem::replace(&mut is_told, true) {
            tracing::warn!(%error, "Redis does not tell of changes: every request asks it");
        }
        tokio::time::sleep(pause(in_vain)).await;
        in_vain = in_vain.saturating_add(1);
    }
}

/// What one connection tells. Called where its answers are read, in their order.
struct News {
    era: Era,
    copies: Arc<Copies>,
    keys: Arc<Keys>,
    over: Notify,
}

impl News {
    fn hear(&self, push: &PushInfo) {
        match push.kind {
            PushKind::Invalidate => self.drop_changed(&push.data),
            PushKind::Disconnection => self.end(),
            _ => {}
        }
    }

    fn drop_changed(&self, data: &[Value]) {
        let [Value::Array(changed)] = data else {
            // Nothing is named when all keys are gone: and with them the mark.
            self.end();
            return self.copies.drop_all();
        };
        for key in changed {
            match key {
                Value::BulkString(key) if key == self.keys.installation().as_bytes() => self.end(),
                Value::BulkString(key) => self.drop_one(key),
                _ => self.copies.drop_all(),
            }
        }
    }

    fn drop_one(&self, key: &[u8]) {
        if let Some(digest) = self.keys.session_in(key) {
            self.copies.sessions.drop_one(digest.as_bytes());
        } else if let Some(digest) = self.keys.token_in(key) {
            self.copies.tokens.drop_one(digest.as_bytes());
        } else if let Some(person) = self.keys.account_in(key) {
            self.copies.accounts.drop_one(&person.0);
        }
    }

    fn end(&self) {
        self.copies.trust.end(self.era);
        self.over.notify_one();
    }
}
