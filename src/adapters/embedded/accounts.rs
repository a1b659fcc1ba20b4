//! What is done to accounts inside a transaction.

use std::sync::Arc;

use async_trait::async_trait;
use redb::{AccessGuard, ReadableTable, StorageError};

use tokio::time::Instant;

use super::steps::remove_session;
use super::tables::{Tables, View, pair};
use super::writer::{Outcome, Step};
use super::{Embedded, codec};
use crate::adapters::kept::Filed;
use crate::domain::account::Account;
use crate::domain::limit::PersonKey;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, Known, StoreError,
    Stored,
};

/// An [`AccountChange`](crate::ports::AccountChange), encoded.
pub(super) struct Change {
    pub(super) person: PersonKey,
    pub(super) from: Option<u64>,
    pub(super) to: Option<Vec<u8>>,
    /// Whether the person's sessions end.
    pub(super) ends_sessions: bool,
}

pub(super) fn find(tables: &Tables<'_>, person: PersonKey) -> Result<AccountFound, StorageError> {
    Ok(read(tables.accounts.get(&person.0)?))
}

pub(super) fn look(view: &View, person: PersonKey) -> Result<AccountFound, StorageError> {
    Ok(read(view.accounts.get(&person.0)?))
}

fn read(stored: Option<AccessGuard<'_, &[u8]>>) -> AccountFound {
    let Some(stored) = stored else { return AccountFound::Nothing };
    let account = codec::decode_account(stored.value());
    account.map_or(AccountFound::Unreadable, |account| AccountFound::Account(Arc::new(account)))
}

pub(super) fn change(tables: &mut Tables<'_>, change: &Change) -> Step<AccountChanged> {
    let revision = match find(tables, change.person)? {
        AccountFound::Nothing => None,
        AccountFound::Account(account) => Some(account.revision),
        AccountFound::Unreadable => return Ok(Outcome::Untouched(AccountChanged::Stale)),
    };
    if revision != change.from {
        return Ok(Outcome::Untouched(AccountChanged::Stale));
    }
    let key = &change.person.0;
    match &change.to {
        Some(bytes) => tables.accounts.insert(key, bytes.as_slice())?,
        None => drop(tables.accounts.remove(key)?),
    }
    let ended = if change.ends_sessions { end_all(tables, change.person)? } else { Vec::new() };
    Ok(Outcome::Written(AccountChanged::Done { ended }))
}

/// Removes whatever lies there, and ends the person's sessions.
pub(super) fn forget(tables: &mut Tables<'_>, person: PersonKey) -> Step<AccountForgotten> {
    let was_there = tables.accounts.remove(&person.0)?.is_some();
    let ended = end_all(tables, person)?;
    Ok(Outcome::Written(AccountForgotten { was_there, ended }))
}

pub(super) fn end_all(
    tables: &mut Tables<'_>,
    person: PersonKey,
) -> Result<Vec<TokenDigest<token::Session>>, StorageError> {
    let (first, last) = (pair(&person.0, &[0; 32]), pair(&person.0, &[u8::MAX; 32]));
    let mut digests = Vec::new();
    for entry in tables.people.range::<&[u8; 64]>(&first..=&last)? {
        let key = *entry?.0.value();
        if let Some((_, digest)) = key.split_last_chunk::<32>() {
            digests.push(*digest);
        }
    }
    for digest in &digests {
        remove_session(tables, digest, Some(person))?;
    }
    Ok(digests.into_iter().map(TokenDigest::from_bytes).collect())
}

/// A page of the list.
pub(super) fn page(
    view: &View,
    after: Option<PersonKey>,
    most: usize,
) -> Result<Vec<(PersonKey, Account)>, StorageError> {
    let from = after.map_or([0; 32], |after| after.0);
    let mut found = Vec::new();
    for entry in view.accounts.range::<&[u8; 32]>(&from..)? {
        let (key, value) = entry?;
        let person = PersonKey(*key.value());
        if found.len() == most {
            break;
        }
        if Some(person) != after
            && let Some(account) = codec::decode_account(value.value())
        {
            found.push((person, account));
        }
    }
    Ok(found)
}

#[async_trait]
impl Accounts for Embedded {
    async fn account(&self, person: PersonKey) -> Stored<AccountFound> {
        let found = |view: &View, label| Ok(Some(Filed::new(look(view, person)?, label)));
        let found = self.read_kept("find an account", &self.copies.accounts, &person.0, found)?;
        Ok(found.map_or(AccountFound::Nothing, |found| found.value.clone()))
    }

    fn account_at_hand(&self, person: PersonKey) -> Option<AccountFound> {
        Some(self.at_hand(&self.copies.accounts, &person.0)?.value.clone())
    }

    fn account_of_at_hand(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        self.copies.account_of(known, person, Instant::now())
    }

    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        self.read("list accounts", |view| page(view, after, most))
    }

    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged> {
        const DOING: &str = "change an account";
        let AccountChange { person, from, to, ends_sessions } = change;
        let ends_sessions = ends_sessions || to.is_some_and(Account::is_suspended);
        let to = to.map(codec::encode_account).transpose();
        let to = to.map_err(|error| StoreError::new(DOING, error))?;
        let step = Change { person, from, to, ends_sessions };
        self.writer.write(DOING, move |tables| self::change(tables, &step)).await
    }

    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten> {
        let step = move |tables: &mut Tables<'_>| forget(tables, person);
        self.writer.write("forget an account", step).await
    }
}
