//! What is done to accounts inside a transaction.

use std::sync::Arc;

use redb::{AccessGuard, ReadableTable, StorageError};

use super::codec;
use super::steps::remove_session;
use super::tables::{Tables, View, pair};
use super::writer::{Outcome, Step};
use crate::domain::account::Account;
use crate::domain::limit::PersonKey;
use crate::domain::token::{self, TokenDigest};
use crate::ports::{AccountChanged, AccountFound};

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
