//! The tables of the file. Keys are digests, keyed hashes, times and random identities only.

use std::ops::Deref;

use redb::{
    AccessGuard, Database, ReadOnlyTable, StorageError, Table, TableDefinition, WriteTransaction,
};

use crate::domain::time::UnixMillis;

type Digest = &'static [u8; 32];
/// Two digests, one after the other: the first can be searched for alone.
type Pair = &'static [u8; 64];
/// A state of mails, until when a record is kept, and the mail.
type InState = (u8, u64, &'static [u8; 16]);
/// A person, until when a record is kept, and the mail.
type OfPerson = (Digest, u64, &'static [u8; 16]);
/// When something is over, of what kind it is, and its key.
type Deadline = (u64, u8, &'static [u8]);

const ATTEMPTS: TableDefinition<Digest, &[u8]> = TableDefinition::new("attempt");
const LATEST: TableDefinition<Digest, &[u8]> = TableDefinition::new("browser");
const OPEN: TableDefinition<Pair, &[u8]> = TableDefinition::new("browser-person");
const SESSIONS: TableDefinition<Digest, &[u8]> = TableDefinition::new("session");
const PEOPLE: TableDefinition<Pair, ()> = TableDefinition::new("person");
const ACCOUNTS: TableDefinition<Digest, &[u8]> = TableDefinition::new("account");
const TOKENS: TableDefinition<Digest, &[u8]> = TableDefinition::new("token");
const TOKEN_NAMES: TableDefinition<&str, &[u8]> = TableDefinition::new("token-name");
const LIMITS: TableDefinition<(&str, Digest), &[u8]> = TableDefinition::new("limit");
const MAILS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("mail");
/// An event's identity → event.
const EVENTS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("event");
/// Person and identity, one after the other.
const PERSON_EVENTS: TableDefinition<&[u8; 48], ()> = TableDefinition::new("event-person");
/// Person → until when what happened is erased, and until when that is remembered.
const ERASED: TableDefinition<Digest, (u64, u64)> = TableDefinition::new("erased");
const DUE: TableDefinition<(u64, &[u8; 16]), ()> = TableDefinition::new("outbox");
const DELIVERIES: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("delivery");
const DELIVERY_STATES: TableDefinition<InState, ()> = TableDefinition::new("delivery-state");
const DELIVERIES_OF: TableDefinition<OfPerson, ()> = TableDefinition::new("delivery-person");
const REFERENCES: TableDefinition<Digest, &[u8]> = TableDefinition::new("reference");
const SUPPRESSIONS: TableDefinition<Digest, &[u8]> = TableDefinition::new("suppression");
/// What there is one of, by its name.
const SINGLES: TableDefinition<&str, &[u8]> = TableDefinition::new("single");
const DEADLINES: TableDefinition<Deadline, ()> = TableDefinition::new("deadline");

/// The tables inside a write transaction.
pub(super) struct Tables<'t> {
    /// Link digest → attempt.
    pub(super) attempts: Table<'t, Digest, &'static [u8]>,
    /// Browser digest → link digest of its latest attempt.
    pub(super) latest: Table<'t, Digest, &'static [u8]>,
    /// Browser digest and person → link digest of the attempt that the next one replaces.
    pub(super) open: Table<'t, Pair, &'static [u8]>,
    /// Session digest → session.
    pub(super) sessions: Noted<'t>,
    /// Person and session digest.
    pub(super) people: Table<'t, Pair, ()>,
    /// Person → account.
    pub(super) accounts: Noted<'t>,
    /// Digest of a service token → token.
    pub(super) tokens: Noted<'t>,
    /// Name of a service token → its digest.
    pub(super) token_names: Table<'t, &'static str, &'static [u8]>,
    /// What is counted or paused and for whom → window.
    pub(super) limits: Table<'t, (&'static str, Digest), &'static [u8]>,
    /// Mail identity → mail.
    pub(super) mails: Table<'t, &'static [u8; 16], &'static [u8]>,
    /// When a mail is due, and its identity.
    pub(super) due: Table<'t, (u64, &'static [u8; 16]), ()>,
    /// The identity of an event → event, in the order of time.
    pub(super) events: Table<'t, &'static [u8; 16], &'static [u8]>,
    /// Person and identity of an event.
    pub(super) person_events: Table<'t, &'static [u8; 48], ()>,
    /// Person → until when what happened is erased, and until when that is remembered.
    pub(super) erased: Table<'t, Digest, (u64, u64)>,
    /// Mail identity → the record of the mail.
    pub(super) deliveries: Table<'t, &'static [u8; 16], &'static [u8]>,
    /// The records in each state.
    pub(super) delivery_states: Table<'t, InState, ()>,
    /// The records of each person.
    pub(super) deliveries_of: Table<'t, OfPerson, ()>,
    /// Digest of the name that the other side gave a mail → mail identity.
    pub(super) references: Table<'t, Digest, &'static [u8]>,
    /// Person → why no mail goes to them.
    pub(super) suppressions: Table<'t, Digest, &'static [u8]>,
    /// What there is one of, by its name.
    pub(super) singles: Table<'t, &'static str, &'static [u8]>,
    /// When a record is over. Exact: each record has one entry, so that a sweep looks at nothing
    /// that stays.
    pub(super) deadlines: Table<'t, Deadline, ()>,
}

impl<'t> Tables<'t> {
    /// Opens all, and makes those that are missing.
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::TableError> {
        Ok(Self {
            attempts: transaction.open_table(ATTEMPTS)?,
            latest: transaction.open_table(LATEST)?,
            open: transaction.open_table(OPEN)?,
            sessions: Noted::new(transaction.open_table(SESSIONS)?),
            people: transaction.open_table(PEOPLE)?,
            accounts: Noted::new(transaction.open_table(ACCOUNTS)?),
            tokens: Noted::new(transaction.open_table(TOKENS)?),
            token_names: transaction.open_table(TOKEN_NAMES)?,
            limits: transaction.open_table(LIMITS)?,
            mails: transaction.open_table(MAILS)?,
            due: transaction.open_table(DUE)?,
            events: transaction.open_table(EVENTS)?,
            person_events: transaction.open_table(PERSON_EVENTS)?,
            erased: transaction.open_table(ERASED)?,
            deliveries: transaction.open_table(DELIVERIES)?,
            delivery_states: transaction.open_table(DELIVERY_STATES)?,
            deliveries_of: transaction.open_table(DELIVERIES_OF)?,
            references: transaction.open_table(REFERENCES)?,
            suppressions: transaction.open_table(SUPPRESSIONS)?,
            singles: transaction.open_table(SINGLES)?,
            deadlines: transaction.open_table(DEADLINES)?,
        })
    }

    /// What was written of that of which there are copies in memory.
    pub(super) fn written(self) -> Written {
        Written {
            sessions: self.sessions.written,
            tokens: self.tokens.written,
            accounts: self.accounts.written,
        }
    }

    /// Moves a record's deadline; `None` for no record before or after.
    pub(super) fn move_deadline(
        &mut self,
        kind: Kind,
        key: &[u8],
        from: Option<UnixMillis>,
        to: Option<UnixMillis>,
    ) -> Result<(), redb::StorageError> {
        if from == to {
            return Ok(());
        }
        if let Some(from) = from {
            self.deadlines.remove((from.0, kind as u8, key))?;
        }
        if let Some(to) = to {
            self.deadlines.insert((to.0, kind as u8, key), ())?;
        }
        Ok(())
    }
}

/// A table that notes which records were written. It can be written to in no other way, so that nobody
/// forgets to say so.
pub(super) struct Noted<'t> {
    table: Table<'t, Digest, &'static [u8]>,
    written: Vec<[u8; 32]>,
}

impl<'t> Noted<'t> {
    fn new(table: Table<'t, Digest, &'static [u8]>) -> Self {
        Self { table, written: Vec::new() }
    }

    pub(super) fn insert(&mut self, key: &[u8; 32], value: &[u8]) -> Result<(), StorageError> {
        self.written.push(*key);
        self.table.insert(key, value).map(drop)
    }

    /// Returns what was there.
    pub(super) fn remove(
        &mut self,
        key: &[u8; 32],
    ) -> Result<Option<AccessGuard<'_, &'static [u8]>>, StorageError> {
        self.written.push(*key);
        self.table.remove(key)
    }
}

/// For whoever only reads.
impl<'t> Deref for Noted<'t> {
    type Target = Table<'t, Digest, &'static [u8]>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

/// Keys of records that a transaction has written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) sessions: Vec<[u8; 32]>,
    pub(super) tokens: Vec<[u8; 32]>,
    pub(super) accounts: Vec<[u8; 32]>,
}

/// What a deadline belongs to. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Attempt = 1,
    Session = 2,
    Limit = 3,
    Mail = 4,
    Token = 5,
    Delivery = 6,
    Suppression = 7,
    Erasure = 8,
}

impl Kind {
    pub(super) fn from_stored(number: u8) -> Option<Self> {
        let all = [
            Self::Attempt,
            Self::Session,
            Self::Limit,
            Self::Mail,
            Self::Token,
            Self::Delivery,
            Self::Suppression,
            Self::Erasure,
        ];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// What readers see: the tables as the last commit left them.
///
/// Opened once for each commit and shared by all readers, because opening a transaction and its
/// tables costs several times as much as the look-up itself.
pub(super) struct View {
    pub(super) attempts: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) latest: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) sessions: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) people: ReadOnlyTable<Pair, ()>,
    pub(super) accounts: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) tokens: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) limits: ReadOnlyTable<(&'static str, Digest), &'static [u8]>,
    pub(super) events: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    pub(super) person_events: ReadOnlyTable<&'static [u8; 48], ()>,
    pub(super) deliveries: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    pub(super) delivery_states: ReadOnlyTable<InState, ()>,
    pub(super) deliveries_of: ReadOnlyTable<OfPerson, ()>,
    pub(super) references: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) suppressions: ReadOnlyTable<Digest, &'static [u8]>,
    pub(super) singles: ReadOnlyTable<&'static str, &'static [u8]>,
}

impl View {
    pub(super) fn open(database: &Database) -> Result<Self, redb::Error> {
        use redb::ReadableDatabase;
        let transaction = database.begin_read()?;
        Ok(Self {
            attempts: transaction.open_table(ATTEMPTS)?,
            latest: transaction.open_table(LATEST)?,
            sessions: transaction.open_table(SESSIONS)?,
            people: transaction.open_table(PEOPLE)?,
            accounts: transaction.open_table(ACCOUNTS)?,
            tokens: transaction.open_table(TOKENS)?,
            limits: transaction.open_table(LIMITS)?,
            events: transaction.open_table(EVENTS)?,
            person_events: transaction.open_table(PERSON_EVENTS)?,
            deliveries: transaction.open_table(DELIVERIES)?,
            delivery_states: transaction.open_table(DELIVERY_STATES)?,
            deliveries_of: transaction.open_table(DELIVERIES_OF)?,
            references: transaction.open_table(REFERENCES)?,
            suppressions: transaction.open_table(SUPPRESSIONS)?,
            singles: transaction.open_table(SINGLES)?,
        })
    }
}

/// Two digests as one key.
pub(super) fn pair(first: &[u8; 32], second: &[u8; 32]) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(first);
    key[32..].copy_from_slice(second);
    key
}

/// The key of a limit's deadline: what is counted, and the 32 bytes for whom.
pub(super) fn limit_key(name: &str, subject: &[u8; 32]) -> Vec<u8> {
    [name.as_bytes(), subject].concat()
}
