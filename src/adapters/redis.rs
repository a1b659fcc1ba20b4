//! The store of several nodes: Redis, 7.0 or later.
//!
//! Each atomic step is one Lua script (`scripts`, `lua/`); reads of one key are plain commands.
//! Attempts and sessions are hashes: `v` the version, `d` what is fixed as JSON, and a field for
//! each thing that changes. Times come from the caller; what is over is judged by the values, and
//! the keys' time to live only cleans up, some minutes later.
//!
//! Two nodes that settle the same attempt compare the same `state` in scripts that Redis runs one
//! after the other: one of them finds it changed. What Redis itself forgets (a crash without
//! `appendonly`, a replica that takes over too early) is out of this store's hands.
//!
//! One server, what Sentinel watches, a Cluster: it is always one master at a time that is spoken to
//! (`servers`), over one connection that is made anew when it breaks (`connection`).

mod accounts;
mod audit;
mod connection;
mod copies;
mod deliveries;
mod following;
mod grace;
mod home;
mod keys;
mod limits;
mod outbox;
mod patience;
mod read;
mod roster;
mod scripts;
mod search;
mod servers;
mod service_tokens;
mod sessions;
mod setup;
mod together;
mod upkeep;
mod whose;

use std::sync::Arc;
use std::time::Duration;

use ::redis::cmd;
use async_trait::async_trait;

pub use self::following::Keeping;

use self::connection::{Connection, Request};
use self::following::Following;
use self::home::Home;
use self::keys::{Keys, hex};
use self::scripts::Scripts;
pub use self::setup::{RedisIdentity, RedisLogin, RedisOptions, RedisServers, RedisSetupError};
use self::whose::Whose;
use crate::domain::attempt::Record;
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Browser, Link, TokenDigest};
use crate::ports::{
    AccountStep, Attempts, Beginning, NewSession, Settled, Settlement, StoreError, Stored, Wanted,
};

/// How much longer keys live than their values count: room for clocks that differ.
const SLACK: Duration = Duration::from_secs(600);
/// Longer times to live are cut to this; Redis refuses some that are absurd.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);
/// In words for the log.
const SETTLE: &str = "settle a sign-in";

/// The Redis store.
pub struct RedisStore {
    connection: Connection,
    /// Copies in memory, if there are any.
    following: Option<Arc<Following>>,
    whose: Arc<Whose>,
    keys: Arc<Keys>,
    scripts: Scripts,
}

/// Says nothing of the URL: it may hold a password.
impl std::fmt::Debug for RedisStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RedisStore({:?}, ..)", self.keys.prefix())
    }
}

impl RedisStore {
    /// The store of one server.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn new(url: &str, prefix: &str, options: RedisOptions) -> Result<Self, RedisSetupError> {
        Self::open(&RedisServers::One(url), prefix, &options)
    }

    /// Sets the store up. Connects when it is first used, in the runtime that uses it. For
    /// `rediss://`, a rustls provider must be installed by then.
    ///
    /// # Errors
    /// [`RedisSetupError`] when URL or certificate are not understood.
    pub fn open(
        servers: &RedisServers<'_>,
        prefix: &str,
        options: &RedisOptions,
    ) -> Result<Self, RedisSetupError> {
        let keys = Arc::new(match servers {
            RedisServers::One(_) | RedisServers::Sentinels { .. } => Keys::new(prefix),
            RedisServers::Cluster(_) => Keys::in_one_slot(prefix),
        });
        let servers = Arc::new(setup::servers(servers, keys.installation(), options)?);
        let home = Home::default();
        let whose = Whose::new(keys.installation());
        let following = options.keeping.map(|keeping| {
            let (servers, whose, keys) =
                (Arc::clone(&servers), Arc::clone(&whose), Arc::clone(&keys));
            Following::new(servers, home.clone(), whose, keys, keeping)
        });
        let connection = Connection::new(servers, home, Arc::clone(&whose));
        Ok(Self { connection, following, whose, keys, scripts: Scripts::new() })
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        if let Some(following) = &self.following {
            following.stop();
        }
    }
}

/// A key's time to live, for what counts until a moment.
fn ttl(until: UnixMillis, now: UnixMillis) -> u64 {
    let span = until.since(now).saturating_add(SLACK).min(LONGEST);
    UnixMillis(0).after(span).0
}

fn json<T: serde::Serialize>(doing: &'static str, value: &T) -> Stored<String> {
    serde_json::to_string(value).map_err(|error| StoreError::new(doing, error))
}

impl RedisStore {
    /// What a settlement says of the session that it makes.
    fn add_session(
        &self,
        script: &mut ::redis::ScriptInvocation<'_>,
        new: &NewSession<'_>,
        now: UnixMillis,
    ) -> Stored<()> {
        script
            .key(self.keys.session(new.digest))
            .key(self.keys.person(new.person))
            .key(self.keys.account(new.person))
            .key(self.keys.accounts())
            .arg(new.digest.to_hex())
            .arg(json(SETTLE, new.session)?)
            .arg(new.session.last_seen.0)
            .arg(ttl(new.session.expires_at, now))
            .arg(hex(new.person.0))
            .arg(self.keys.sessions());
        let (word, judged, to, ends_others) = match new.account {
            AccountStep::Kept => ("kept", None, None, false),
            AccountStep::Registers(account) => ("registers", None, Some(account), false),
            AccountStep::Judged { revision, to, ends_others } => {
                ("judged", revision, to, ends_others)
            }
        };
        script
            .arg(word)
            .arg(judged.map(|it| it.to_string()).unwrap_or_default())
            .arg(to.map_or(0, |account| account.revision))
            .arg(to.map(|it| json(SETTLE, it)).transpose()?.unwrap_or_default())
            .arg(u8::from(ends_others));
        Ok(())
    }
}

#[async_trait]
impl Attempts for RedisStore {
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()> {
        const DOING: &str = "begin a sign-in";
        let &Beginning { link, attempt, person, mail, keep_until, replaces, now } = beginning;
        let mut script = self.scripts.begin.key(self.keys.attempt(link));
        script
            .key(self.keys.browser(attempt.browser))
            .key(self.keys.open(attempt.browser, person))
            .arg(link.to_hex())
            .arg(json(DOING, attempt)?)
            .arg(now.0)
            .arg(ttl(keep_until, now))
            .arg(self.keys.attempts())
            .arg(u8::from(replaces));
        if let Some(mail) = mail {
            script
                .key(self.keys.outbox())
                .key(self.keys.mail(mail.id))
                .key(self.keys.delivery(mail.id))
                .arg(mail.id.to_hex())
                .arg(mail.sealed.as_slice())
                .arg(mail.expires_at.0)
                .arg(ttl(mail.expires_at, now));
            self.add_record(&mut script, mail, now)?;
        }
        self.connection.ask(DOING, Request::Script(&script)).await
    }

    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.attempt(link)).arg(&["v", "d", "state", "tries"]);
        let fields = self.connection.ask("find a sign-in", Request::Read(&command)).await?;
        Ok(read::record(fields))
    }

    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        let mut script = self.scripts.latest.key(self.keys.browser(browser));
        script.arg(self.keys.attempts());
        let request = Request::Script(&script);
        let fields = self.connection.ask("find a browser's sign-in", request).await?;
        Ok(read::latest(fields))
    }

    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool> {
        let mut script = self.scripts.count_try.key(self.keys.attempt(link));
        script.arg(most);
        self.connection.ask("count a tried code", Request::Script(&script)).await
    }

    async fn settle(
        &self,
        link: TokenDigest<Link>,
        settlement: &Settlement<'_>,
    ) -> Stored<Settled> {
        let &Settlement { from, to, ref session, mail, keep_until, now } = settlement;
        let mut script = self.scripts.settle.key(self.keys.attempt(link));
        script.arg(from.to_string()).arg(to.to_string()).arg(ttl(keep_until, now));
        script.arg(u8::from(session.is_some()));
        let replaces = session.as_ref().and_then(|new| new.replaces);
        script.arg(u8::from(replaces.is_some())).arg(u8::from(mail.is_some()));
        if let Some(new) = session {
            self.add_session(&mut script, new, now)?;
        }
        if let Some((replaced, person)) = replaces {
            script
                .key(self.keys.session(replaced))
                .key(self.keys.person(person))
                .arg(replaced.to_hex());
        }
        if let Some(mail) = mail {
            script
                .key(self.keys.outbox())
                .key(self.keys.mail(mail.id))
                .key(self.keys.delivery(mail.id))
                .arg(mail.id.to_hex())
                .arg(mail.sealed.as_slice())
                .arg(mail.expires_at.0)
                .arg(ttl(mail.expires_at, now))
                .arg(now.0);
            self.add_record(&mut script, mail, now)?;
        }
        let done = self.connection.ask(SETTLE, Request::Script(&script)).await;
        if let Some(new) = session {
            self.drop_account(new.person);
        }
        if let Some((replaced, _)) = replaces {
            self.drop_session(replaced);
        }
        Ok(match done? {
            0 => Settled::Changed,
            1 => Settled::Done,
            _ => Settled::Barred,
        })
    }

    async fn attempts_where(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        self.search(wanted).await
    }

    async fn forget(&self, link: TokenDigest<Link>, person: PersonKey) -> Stored<bool> {
        let Some(record) = self.attempt(link).await? else { return Ok(false) };
        let browser = record.attempt.browser;
        let mut script = self.scripts.forget.key(self.keys.attempt(link));
        script
            .key(self.keys.browser(browser))
            .key(self.keys.open(browser, person))
            .arg(link.to_hex());
        self.connection.ask("forget a sign-in", Request::Script(&script)).await
    }
}
