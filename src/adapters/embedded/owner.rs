//! Whose the file is.

use redb::{ReadableTable, ReadableTableMetadata, StorageError};

use super::codec::{decode_owner, encode_owner};
use super::keys;
use super::tables::{Tables, View};
use super::writer::{Outcome, Step};
use crate::domain::secret::{Birth, Mark};
use crate::ports::Owner;

/// The name of the mark among what there is one of.
const NAME: &str = "installation";

pub(super) fn look(view: &View, mark: Mark) -> Result<Owner, StorageError> {
    let stored = view.singles.get(NAME)?;
    Ok(decode_owner(stored.as_ref().map(|it| it.value()), mark))
}

pub(super) fn adopt(tables: &mut Tables<'_>, mark: Mark, birth: Birth) -> Step<Owner> {
    let stored = tables.singles.get(NAME)?.map(|it| decode_owner(Some(it.value()), mark));
    if let Some(owner) = stored {
        return Ok(Outcome::Untouched(owner));
    }
    let (accounts, sessions) = (&*tables.accounts, &*tables.sessions);
    if !holds_nothing(accounts, sessions, &*tables.tokens, &tables.singles)? {
        return Ok(Outcome::Untouched(Owner::Nobody));
    }
    tables.singles.insert(NAME, encode_owner(mark, birth).as_slice())?;
    Ok(Outcome::Written(Owner::Ours(birth)))
}

pub(super) fn is_empty(view: &View) -> Result<bool, StorageError> {
    holds_nothing(&view.accounts, &view.sessions, &view.tokens, &view.singles)
}

fn holds_nothing(
    accounts: &impl ReadableTableMetadata,
    sessions: &impl ReadableTableMetadata,
    tokens: &impl ReadableTableMetadata,
    singles: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<bool, StorageError> {
    Ok(accounts.is_empty()?
        && sessions.is_empty()?
        && tokens.is_empty()?
        && singles.get(keys::NAME)?.is_none())
}
