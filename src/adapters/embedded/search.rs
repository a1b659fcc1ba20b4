//! Looking through all attempts, for what no index leads to.

use redb::StorageError;

use super::codec::StoredAttempt;
use super::tables::{Kind, Tables, View};
use super::writer::{Outcome, Step};
use super::{steps, sweep};
use crate::domain::attempt::Record;
use crate::domain::token::{Link, TokenDigest};
use crate::ports::Wanted;

/// Attempts that one look goes through: the writer may have to wait for it.
const PAGE: usize = 512;

/// Goes on behind `after`. Returns where the next page begins; nothing at the end.
pub(super) fn page(
    view: &View,
    after: Option<[u8; 32]>,
    wanted: &Wanted<'_>,
    found: &mut Vec<(TokenDigest<Link>, Record)>,
) -> Result<Option<[u8; 32]>, StorageError> {
    let from = after.unwrap_or_default();
    let (mut looked, mut last) = (0, None);
    for entry in view.attempts.range::<&[u8; 32]>(&from..)? {
        let (key, value) = entry?;
        let link = *key.value();
        if Some(link) == after {
            continue;
        }
        if looked == PAGE {
            return Ok(last);
        }
        (looked, last) = (looked + 1, Some(link));
        if let Some(stored) = StoredAttempt::decode(value.value())
            && wanted(&stored.record.attempt)
        {
            found.push((TokenDigest::from_bytes(link), stored.record));
        }
    }
    Ok(None)
}

pub(super) fn forget(tables: &mut Tables<'_>, link: TokenDigest<Link>) -> Step<bool> {
    let key = link.as_bytes();
    let Some(stored) = steps::attempt(tables, key)? else {
        return Ok(Outcome::Untouched(false));
    };
    tables.move_deadline(Kind::Attempt, key, Some(stored.keep_until), None)?;
    sweep::remove_attempt(tables, key)?;
    Ok(Outcome::Written(true))
}
