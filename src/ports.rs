//! What the use cases need from the outside: small traits, with the law each adapter must keep.
//!
//! One contract suite (`tests/it/store_contract.rs`) holds every store to these laws.

mod audit;
mod deliveries;
mod known;
mod limits;
mod mail;
mod passwords;
mod people;
mod upkeep;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::account::Account;
use crate::domain::attempt::{Attempt, Record, State};
use crate::domain::delivery::{DeliveryState, MailFacts, News};
use crate::domain::email::EmailAddress;
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::signing::KeyRoster;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Browser, Link, TokenDigest};

pub use crate::domain::delivery::MailId;
pub use audit::{Audit, AuditSink, EventPage, EventQuery, Missed, Order};
pub use deliveries::Deliveries;
pub use known::{About, AsOf, Known, Label, WorkedOut};
pub use limits::Limits;
pub use mail::{MailError, Mailer, OutgoingMail, Receipt};
pub use passwords::{Passwords, Seat, TooBusy};
pub use people::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, ServiceTokens,
};
pub use upkeep::{Owner, Upkeep};

/// The store did not do what was asked, or did not say so in time.
///
/// Whoever gets one answers 503 and changes nothing: trouble is never a pass and never a log-out.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {doing}")]
pub struct StoreError {
    /// What was being done, in words for the log.
    pub doing: &'static str,
    /// The cause.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Wraps a cause.
    pub fn new(doing: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { doing, source: source.into() }
    }
}

/// The result of every store call.
pub type Stored<T> = Result<T, StoreError>;

/// A sign-in that begins.
#[derive(Debug)]
pub struct Beginning<'a> {
    /// The digest of its link: the attempt's key.
    pub link: TokenDigest<Link>,
    /// The attempt, still live.
    pub attempt: &'a Attempt,
    /// Whose attempt it is; together with the browser this says what it replaces.
    pub person: PersonKey,
    /// The mail that carries link and code. None where nothing is waited for, because a password
    /// proves at once: then the attempt is not the browser's latest either.
    pub mail: Option<&'a QueuedMail>,
    /// Until when the record is kept, whatever happens.
    pub keep_until: UnixMillis,
    /// Whether it takes the place of an older attempt. One whose mail is held back must not: the
    /// mail before it would be worth nothing, and no new one comes.
    pub replaces: bool,
    /// The moment of the store's time.
    pub now: UnixMillis,
}

/// A change of an attempt's state.
#[derive(Debug)]
pub struct Settlement<'a> {
    /// The state that was judged; if the attempt is in another one meanwhile, nothing happens.
    pub from: State,
    /// The state it gets.
    pub to: State,
    /// The session that is made in the same step.
    pub session: Option<NewSession<'a>>,
    /// A mail that is queued in the same step: whoever loses the race writes none.
    pub mail: Option<&'a QueuedMail>,
    /// Until when the record is kept as a mark.
    pub keep_until: UnixMillis,
    /// The moment of the store's time.
    pub now: UnixMillis,
}

/// A session that is made.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// The digest of its token.
    pub digest: TokenDigest<token::Session>,
    /// What is stored.
    pub session: &'a Session,
    /// Whose it is.
    pub person: PersonKey,
    /// A session of the same browser that ends in the same step (fixation, GHSA-f24x-5g9q-753f).
    pub replaces: Option<(TokenDigest<token::Session>, PersonKey)>,
    /// What becomes of the person's account in the same step.
    pub account: AccountStep<'a>,
}

/// What a sign-in does to the account of the person.
#[derive(Clone, Copy, Debug)]
pub enum AccountStep<'a> {
    /// Nothing.
    Kept,
    /// It is made, unless the person has one.
    Registers(&'a Account),
    /// It must be the very one that was judged; if it is another one meanwhile, nothing happens.
    Judged {
        /// Its revision, none if there was none.
        revision: Option<u64>,
        /// What it becomes, if it changes. It must be active.
        to: Option<&'a Account>,
        /// Whether all other sessions of the person end.
        ends_others: bool,
    },
}

/// What became of a [`Settlement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was done, durably.
    Done,
    /// The attempt is in another state by now, or gone, or the account is not the one that was
    /// judged; nothing was changed.
    Changed,
    /// The person is suspended, or has an account that cannot be read; nothing was changed.
    Barred,
}

/// Started sign-ins.
///
/// Law 1: [`settle`](Self::settle) is one atomic step. Of all callers in all processes that settle
/// from the same state, exactly one gets [`Settled::Done`]; the session of the others never exists.
/// While a person is suspended none is made: the account is looked at in that step, too.
/// Law 2: only digests and keyed hashes arrive here. Law 3: what was acknowledged survives a crash
/// of linkgate. Law 4: a record of a version that is not known reads as absent.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Stores an attempt and queues its mail, if it has one, in one step. If it [`replaces`](Beginning::replaces),
    /// an older live attempt of the same browser and person becomes [`State::replaced`] in that
    /// step. One with a mail becomes the browser's latest.
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()>;

    /// The attempt of a link. Changes nothing.
    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>>;

    /// The latest attempt that a browser began. Changes nothing.
    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>>;

    /// Counts one tried code, unless `most` have been counted. Returns whether it was counted:
    /// only then may the code be compared. Atomic, so that simultaneous guesses share the tries.
    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool>;

    /// Changes the state, makes the session and queues the mail, if the state still is what was
    /// judged.
    async fn settle(&self, link: TokenDigest<Link>, settlement: &Settlement<'_>)
    -> Stored<Settled>;

    /// The attempts that are kept and wanted, in no order of meaning. The store has no index by what
    /// they say, so all are looked at, a part at a time: for operators, and for nobody's request.
    async fn attempts_where(&self, wanted: &Wanted<'_>)
    -> Stored<Vec<(TokenDigest<Link>, Record)>>;

    /// Forgets an attempt, and what leads to it. `person` is whose it is. Returns whether it was there.
    async fn forget(&self, link: TokenDigest<Link>, person: PersonKey) -> Stored<bool>;
}

/// Says of an attempt whether it is wanted.
pub type Wanted<'a> = dyn Fn(&Attempt) -> bool + Sync + 'a;

/// Where a page of all sessions begins: what it says is the store's own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPlace(pub [u8; 32]);

/// A page of all sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionPage {
    /// Those that were found; perhaps none, although there are more.
    pub sessions: Vec<(TokenDigest<token::Session>, Session)>,
    /// Where to go on, while there may be more.
    pub next: Option<SessionPlace>,
}

/// Signed-in browsers.
///
/// Law: nothing but [`Attempts::settle`] makes a session; a [`touch`](Self::touch) that races an
/// [`end`](Self::end) never brings the session back.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session of a token, whether it still counts or not. May come from a copy in memory, but never
    /// one that is older than the store's bound: zero for a store of one process.
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Known>>>;

    /// The copy of a session in memory, if it is one that [`session`](Self::session) may answer with.
    /// Asks nobody.
    fn session_at_hand(&self, _: TokenDigest<token::Session>) -> Option<Arc<Known>> {
        None
    }

    /// Says that [`session`](Self::session) will be asked for this one soon: what it will look at first may be
    /// brought near meanwhile. Asks nobody, and waits for no answer.
    fn expect_session(&self, _: TokenDigest<token::Session>) {}

    /// The session as it was while the store still answered, for as long as the operator lets people
    /// go on without it.
    fn session_in_grace(&self, _: TokenDigest<token::Session>) -> Option<Arc<Known>> {
        None
    }

    /// Moves `last_seen` forward, if the session is there.
    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()>;

    /// Ends a session. Returns whether it was there.
    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool>;

    /// The sessions of a person that have not reached their absolute timeout.
    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>>;

    /// A page of all sessions that have not reached their absolute timeout, in no order of meaning, for
    /// operators. Pages that follow one another miss none that was there all the time; one may be on two
    /// of them. A page looks at a bounded number of records, and has some hundred sessions at most.
    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage>;
}

/// A mail that waits for hand-over. The body is sealed: it holds a link that signs in.
#[derive(Clone, Debug)]
pub struct QueuedMail {
    /// Its identity; a repeated hand-over repeats the Message-ID.
    pub id: MailId,
    /// The encrypted job.
    pub sealed: Vec<u8>,
    /// When it is worth nothing any more.
    pub expires_at: UnixMillis,
    /// Whose it is.
    pub person: PersonKey,
    /// The address it goes to, for its record.
    pub to: EmailAddress,
    /// What its record says from the beginning.
    pub facts: MailFacts,
    /// Until when its record is kept.
    pub keep_until: UnixMillis,
}

/// A mail that was claimed by a worker.
#[derive(Clone, Debug)]
pub struct ClaimedMail {
    /// Its identity.
    pub id: MailId,
    /// The encrypted job.
    pub sealed: Vec<u8>,
    /// When it is worth nothing any more.
    pub expires_at: UnixMillis,
    /// How often it was claimed, this time included.
    pub claims: u32,
    /// Why no mail goes to its person now, if none does; see [`Deliveries::suppress`]. Found out for
    /// every mail in the same step, so that it takes no longer for some.
    pub suppressed: Option<DeliveryState>,
}

/// Mails that wait for hand-over.
///
/// Law: a claimed mail is nobody else's until its lease is over; then it can be claimed again, so a
/// crash between hand-over and [`done`](Self::done) repeats a mail and never loses one. An expired
/// mail is never handed out. Each step writes in the mail's record what it does ([`Deliveries`]): a
/// claimed mail is `sending`, one that expires here is `expired_unsent`.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims up to `most` mails that are due.
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>>;

    /// Forgets a mail that was handed over, or cannot be, and notes which in the same step.
    async fn done(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<()>;

    /// Gives a claimed mail back, to be claimed from `due` on, and notes why in the same step.
    async fn retry(&self, id: MailId, due: UnixMillis, news: &News, now: UnixMillis) -> Stored<()>;
}

/// Which signing keys there are: numbers, salts and times, nothing secret.
///
/// Law 1: [`replace_roster`](Self::replace_roster) compares and replaces in one atomic step. Of all
/// callers in all processes that replace the same revision, exactly one is told `true`. Law 2: what
/// was acknowledged survives a crash. Law 3: a roster that cannot be read, of another version or
/// damaged, is trouble and never absent: otherwise a key that was withdrawn would sign again.
#[async_trait]
pub trait KeyRosters: Send + Sync {
    /// The roster; [`KeyRoster::initial`] where none was stored.
    async fn roster(&self) -> Stored<KeyRoster>;

    /// Stores a roster in place of the one before its revision. Returns whether that was there;
    /// if not, nothing has changed.
    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool>;
}

/// A whole store.
pub trait Store:
    Attempts
    + Sessions
    + Accounts
    + ServiceTokens
    + Limits
    + Outbox
    + Deliveries
    + KeyRosters
    + Audit
    + Upkeep
{
}
impl<T> Store for T where
    T: Attempts
        + Sessions
        + Accounts
        + ServiceTokens
        + Limits
        + Outbox
        + Deliveries
        + KeyRosters
        + Audit
        + Upkeep
{
}

/// The time, as the store has it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> UnixMillis;
}

/// Randomness that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws a fixed number of bytes.
pub fn draw<const N: usize>(entropy: &Arc<dyn Entropy>) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// This machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // The one place where the machine's time is read.
    fn now(&self) -> UnixMillis {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixMillis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's randomness, through a generator that it seeds and reseeds.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[allow(clippy::disallowed_methods)] // The one place where randomness is drawn.
    fn fill(&self, bytes: &mut [u8]) {
        rand::Rng::fill_bytes(&mut rand::rng(), bytes);
    }
}
