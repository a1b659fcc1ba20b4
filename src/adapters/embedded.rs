//! The store of one machine: a redb file, or the same thing in memory.
//!
//! Reads look at the last commit and wait for nobody. Writes go through one thread (`writer`).
//! What is done in a transaction stands in `steps`, `outbox` and `sweep`, how values are written
//! in `codec`.
//!
//! A crash at any moment loses nothing that was acknowledged: the answer follows the commit, and
//! the commit follows the disk.

mod accounts;
mod audit;
mod codec;
mod deliveries;
mod keys;
mod limits;
mod open;
mod outbox;
mod owner;
mod search;
mod service_tokens;
mod sessions;
mod steps;
mod sweep;
mod tables;
mod writer;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use redb::backends::InMemoryBackend;
use redb::{Builder, Database, ReadableTableMetadata, StorageError};
use tokio::time::Instant;

pub use self::open::{FILE_NAME, OpenError};

use self::codec::StoredAttempt;
use self::steps::MakeAccount;
use self::tables::{Tables, View};
use self::writer::{Outcome, Reopen, SharedView, Step, Writer};
use crate::adapters::kept::{Copies, Kept, Labelled, Trust};
use crate::domain::attempt::{Record, State};
use crate::domain::delivery::News;
use crate::domain::limit::PersonKey;
use crate::domain::secret::{Birth, Mark};
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Browser, Link, TokenDigest};
use crate::ports::{
    AccountStep, Attempts, Beginning, ClaimedMail, Label, MailId, NewSession, Outbox, Owner,
    Settled, Settlement, StoreError, Stored, Upkeep, Wanted,
};

/// Sessions that are kept in memory where nobody says how many.
const COPIES: usize = 100_000;

/// The embedded store. Dropping it finishes what is queued and closes the file.
pub struct Embedded {
    // Dropped first: the thread lets go of the view, then of the file.
    writer: Writer,
    view: SharedView,
    copies: Arc<Copies>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Embedded(..)")
    }
}

impl Embedded {
    /// Opens the store in a folder, and makes both when they are missing. Blocks for a moment.
    ///
    /// # Errors
    /// [`OpenError`], which says what is wrong and what to do.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        Self::open_keeping(folder, COPIES)
    }

    /// The same, with so many sessions and as many accounts in memory at most.
    ///
    /// # Errors
    /// [`OpenError`], which says what is wrong and what to do.
    pub fn open_keeping(folder: &Path, copies: usize) -> Result<Self, OpenError> {
        let path = folder.join(FILE_NAME);
        let database = open::database(folder)?;
        let view = prepare(&database).map_err(|error| open::damaged(&path, error))?;
        open::sync_folder(folder)?;
        let reopen = {
            let folder = folder.to_owned();
            Box::new(move || open::database(&folder))
        };
        Self::start(database, view, copies, reopen).map_err(|source| OpenError::Io { path, source })
    }

    /// A store that forgets everything when it is dropped: the same code without a file.
    ///
    /// # Errors
    /// [`OpenError`] when the machine has no room for a thread.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::in_memory_keeping(COPIES)
    }

    /// The same, with so many sessions and as many accounts at hand at most.
    ///
    /// # Errors
    /// [`OpenError`] when the machine has no room for a thread.
    pub fn in_memory_keeping(copies: usize) -> Result<Self, OpenError> {
        let place = Path::new("the memory store");
        let mut builder = Builder::new();
        builder.set_cache_size(open::CACHE_BYTES);
        let backend = InMemoryBackend::new();
        let database = builder
            .create_with_backend(backend)
            .map_err(|error| open::damaged(place, error.into()))?;
        let view = prepare(&database).map_err(|error| open::damaged(place, error))?;
        // Memory has no disk that could be full.
        let reopen = Box::new(move || Err(open::damaged(place, redb::Error::DatabaseClosed)));
        Self::start(database, view, copies, reopen)
            .map_err(|source| OpenError::Io { path: place.to_owned(), source })
    }

    fn start(
        database: Database,
        view: View,
        copies: usize,
        reopen: Reopen,
    ) -> std::io::Result<Self> {
        let view = Arc::new(RwLock::new(Some(view)));
        let copies = Arc::new(Copies::new(Trust::always(), copies));
        let writer = Writer::start(database, Arc::clone(&view), Arc::clone(&copies), reopen)?;
        Ok(Self { writer, view, copies })
    }

    /// Looks at the last commit. Takes microseconds and no lock that a disk is waited for under.
    fn read<T>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&View) -> Result<T, StorageError>,
    ) -> Stored<T> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        match view.as_ref() {
            Some(view) => look(view).map_err(|error| StoreError::new(doing, error)),
            None => Err(StoreError::new(doing, "the file could not be read after a write")),
        }
    }
}

impl Embedded {
    fn at_hand<V: Labelled>(&self, kept: &Kept<V>, key: &[u8; 32]) -> Option<V> {
        kept.get(key, &self.copies.trust, Instant::now())
    }

    /// Looks at a record: in memory, else at the last commit. What is not there is not kept.
    fn read_kept<V: Labelled>(
        &self,
        doing: &'static str,
        kept: &Kept<V>,
        key: &[u8; 32],
        look: impl FnOnce(&View, Label) -> Result<Option<V>, StorageError>,
    ) -> Stored<Option<V>> {
        let held = self.at_hand(kept, key);
        if held.is_some() {
            return Ok(held);
        }
        let ticket = kept.begin(key);
        let label = self.copies.trust.era().label(key);
        let found = self.read(doing, |view| look(view, label))?;
        if let Some(value) = &found {
            kept.keep(ticket, value.clone());
        }
        Ok(found)
    }
}

/// Makes the tables, so that readers find them, and gives back the mails of the process before.
fn prepare(database: &Database) -> Result<View, redb::Error> {
    let transaction = database.begin_write()?;
    outbox::give_back_all(&mut Tables::open(&transaction)?)?;
    transaction.commit()?;
    View::open(database)
}

fn attempt_in(view: &View, link: &[u8; 32]) -> Result<Option<Record>, StorageError> {
    let stored = view.attempts.get(link)?;
    Ok(stored.and_then(|it| StoredAttempt::decode(it.value())).map(|stored| stored.record))
}

fn session_in(view: &View, digest: &[u8; 32]) -> Result<Option<Session>, StorageError> {
    let stored = view.sessions.get(digest)?;
    Ok(stored.and_then(|it| codec::decode_session(it.value())).map(|(session, _)| session))
}

#[async_trait]
impl Attempts for Embedded {
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()> {
        const DOING: &str = "begin a sign-in";
        let &Beginning { link, attempt, person, mail, keep_until, replaces, now } = beginning;
        let record = Record { attempt: attempt.clone(), state: State::Live, tries: 0 };
        let encoded = StoredAttempt { keep_until, person, record }.encode();
        let step = steps::Begin {
            link,
            browser: attempt.browser,
            person,
            attempt: encoded.map_err(|error| StoreError::new(DOING, error))?,
            mail: mail.cloned(),
            keep_until,
            replaces,
            now,
        };
        self.writer.write(DOING, move |tables| steps::begin(tables, &step)).await
    }

    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>> {
        self.read("find a sign-in", |view| attempt_in(view, link.as_bytes()))
    }

    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        self.read("find a browser's sign-in", |view| {
            let pointer = view.latest.get(browser.as_bytes())?;
            let Some(link) = pointer.and_then(|it| codec::decode_pointer(it.value())) else {
                return Ok(None);
            };
            let record = attempt_in(view, &link)?;
            Ok(record.map(|record| (TokenDigest::from_bytes(link), record)))
        })
    }

    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool> {
        let step = move |tables: &mut Tables<'_>| steps::count_try(tables, link, most);
        self.writer.write("count a tried code", step).await
    }

    async fn settle(
        &self,
        link: TokenDigest<Link>,
        settlement: &Settlement<'_>,
    ) -> Stored<Settled> {
        const DOING: &str = "settle a sign-in";
        let &Settlement { from, to, ref session, mail, keep_until, now } = settlement;
        let session = session.as_ref().map(make).transpose();
        let session = session.map_err(|error| StoreError::new(DOING, error))?;
        let mail = mail.cloned();
        let step = steps::Settle { link, from, to, session, mail, keep_until, now };
        self.writer.write(DOING, move |tables| steps::settle(tables, &step)).await
    }

    async fn attempts_where(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let look = |view: &View| search::page(view, after, wanted, &mut found);
            after = self.read("look through all sign-ins", look)?;
            if after.is_none() {
                return Ok(found);
            }
            // Nobody waits for an operator.
            tokio::task::yield_now().await;
        }
    }

    async fn forget(&self, link: TokenDigest<Link>, _: PersonKey) -> Stored<bool> {
        let step = move |tables: &mut Tables<'_>| search::forget(tables, link);
        self.writer.write("forget a sign-in", step).await
    }
}

fn make(new: &NewSession<'_>) -> Result<steps::Make, serde_json::Error> {
    let &NewSession { digest, session, person, replaces, account } = new;
    let expires_at = session.expires_at;
    let session = codec::encode_session(session, person)?;
    let account = match account {
        AccountStep::Kept => MakeAccount::Kept,
        AccountStep::Registers(account) => MakeAccount::Registers(codec::encode_account(account)?),
        AccountStep::Judged { revision, to, ends_others } => {
            let to = to.map(codec::encode_account).transpose()?;
            MakeAccount::Judged { revision, to, ends_others }
        }
    };
    Ok(steps::Make { digest, session, person, expires_at, replaces, account })
}

#[async_trait]
impl Outbox for Embedded {
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>> {
        let step = move |tables: &mut Tables<'_>| outbox::claim(tables, most, lease, now);
        self.writer.write("claim mails", step).await
    }

    async fn done(&self, id: MailId, news: &News, _now: UnixMillis) -> Stored<()> {
        let news = news.clone();
        let step = move |tables: &mut Tables<'_>| outbox::done(tables, id, &news);
        self.writer.write("forget a mail", step).await
    }

    async fn retry(
        &self,
        id: MailId,
        due: UnixMillis,
        news: &News,
        _now: UnixMillis,
    ) -> Stored<()> {
        let news = news.clone();
        let step = move |tables: &mut Tables<'_>| outbox::retry(tables, id, due, &news);
        self.writer.write("give a mail back", step).await
    }
}

#[async_trait]
impl Upkeep for Embedded {
    /// Goes through the writing thread, so that a store that only reads does not pass for well.
    async fn ping(&self) -> Stored<()> {
        let step = |_: &mut Tables<'_>| -> Step<()> { Ok(Outcome::Untouched(())) };
        self.writer.write("answer", step).await?;
        self.read("answer", |_| Ok(()))
    }

    async fn sweep(&self, now: UnixMillis) -> Stored<u64> {
        let mut records = 0;
        loop {
            let step = move |tables: &mut Tables<'_>| sweep::batch(tables, now);
            let swept = self.writer.write("remove what is over", step).await?;
            records += swept.records;
            if !swept.more {
                return Ok(records);
            }
        }
    }

    async fn owner(&self, mark: Mark) -> Stored<Owner> {
        self.read("say whose it is", |view| owner::look(view, mark))
    }

    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner> {
        let step = move |tables: &mut Tables<'_>| owner::adopt(tables, mark, birth);
        self.writer.write("take its mark", step).await
    }

    /// There is one file, and it stays open.
    fn confirmed(&self, _: Mark, _: Birth) {}

    async fn is_empty(&self) -> Stored<bool> {
        self.read("say whether it is empty", owner::is_empty)
    }

    async fn sessions_held(&self) -> Stored<Option<u64>> {
        self.read("say how many sessions there are", |view| view.sessions.len().map(Some))
    }

    /// One machine, one clock.
    async fn time(&self) -> Stored<Option<UnixMillis>> {
        Ok(None)
    }
}
