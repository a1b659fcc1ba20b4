//! Removing what is over, found by its deadline: a sweep never looks at what stays.

use redb::{ReadableTable, StorageError};

use super::codec;
use super::deliveries;
use super::outbox;
use super::service_tokens;
use super::steps;
use super::tables::{Kind, Tables, pair};
use super::writer::{Outcome, Step};
use crate::domain::delivery::MailId;
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;

/// Records that one transaction removes, so that nobody waits long behind a sweep.
const BATCH: usize = 256;

/// What a batch did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept {
    pub(super) records: u64,
    /// Whether there may be more.
    pub(super) more: bool,
}

/// Removes one batch of what is over at `now`.
pub(super) fn batch(tables: &mut Tables<'_>, now: UnixMillis) -> Step<Swept> {
    let mut over = Vec::new();
    let after = (now.0.saturating_add(1), 0, [].as_slice());
    for entry in tables.deadlines.range(..after)?.take(BATCH) {
        let (entry, _) = entry?;
        let (at, kind, key) = entry.value();
        over.push((at, kind, key.to_vec()));
    }
    if over.is_empty() {
        return Ok(Outcome::Untouched(Swept { records: 0, more: false }));
    }
    for (at, kind, key) in &over {
        tables.deadlines.remove((*at, *kind, key.as_slice()))?;
        remove(tables, *kind, key, now)?;
    }
    let records = over.len() as u64;
    Ok(Outcome::Written(Swept { records, more: over.len() == BATCH }))
}

fn remove(
    tables: &mut Tables<'_>,
    kind: u8,
    key: &[u8],
    now: UnixMillis,
) -> Result<(), StorageError> {
    match Kind::from_stored(kind) {
        Some(Kind::Attempt) => match key.try_into() {
            Ok(link) => remove_attempt(tables, link),
            Err(_) => Ok(()),
        },
        Some(Kind::Session) => match key.try_into() {
            Ok(digest) => steps::remove_session(tables, digest, None).map(drop),
            Err(_) => Ok(()),
        },
        Some(Kind::Mail) => match key.try_into() {
            Ok(id) => outbox::expire(tables, id, now),
            Err(_) => Ok(()),
        },
        Some(Kind::Token) => match key.try_into() {
            Ok(digest) => service_tokens::remove(tables, digest),
            Err(_) => Ok(()),
        },
        Some(Kind::Delivery) => match key.try_into() {
            Ok(id) => deliveries::remove(tables, MailId(id)).map(drop),
            Err(_) => Ok(()),
        },
        Some(Kind::Suppression) => match key.try_into() {
            Ok(person) => deliveries::lift_suppression(tables, PersonKey(person)).map(drop),
            Err(_) => Ok(()),
        },
        Some(Kind::Erasure) => match key.try_into() {
            Ok(person) => {
                let person: &[u8; 32] = person;
                tables.erased.remove(person).map(drop)
            }
            Err(_) => Ok(()),
        },
        Some(Kind::Limit) => remove_limit(tables, key),
        // Of a later version: only the entry goes.
        None => Ok(()),
    }
}

/// Removes an attempt, and what points to it as a browser's latest.
pub(super) fn remove_attempt(tables: &mut Tables<'_>, link: &[u8; 32]) -> Result<(), StorageError> {
    let stored = steps::attempt(tables, link)?;
    tables.attempts.remove(link)?;
    let Some(stored) = stored else { return Ok(()) };
    let browser = stored.record.attempt.browser;
    let points_here = |value: &[u8]| codec::decode_pointer(value).as_ref() == Some(link);
    if tables.latest.get(browser.as_bytes())?.is_some_and(|it| points_here(it.value())) {
        tables.latest.remove(browser.as_bytes())?;
    }
    let slot = pair(browser.as_bytes(), &stored.person.0);
    if tables.open.get(&slot)?.is_some_and(|it| points_here(it.value())) {
        tables.open.remove(&slot)?;
    }
    Ok(())
}

fn remove_limit(tables: &mut Tables<'_>, key: &[u8]) -> Result<(), StorageError> {
    if let Some((name, subject)) = key.split_last_chunk::<32>()
        && let Ok(name) = std::str::from_utf8(name)
    {
        tables.limits.remove((name, subject))?;
    }
    Ok(())
}
