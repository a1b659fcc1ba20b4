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
    if holds_something(tables)? {
        return Ok(Outcome::Untouched(Owner::Nobody));
    }
    tables.singles.insert(NAME, encode_owner(mark, birth).as_slice())?;
    Ok(Outcome::Written(Owner::Ours(birth)))
}

/// Whether there is anything that another secret would not find.
fn holds_something(tables: &Tables<'_>) -> Result<bool, StorageError> {
    Ok(!(tables.accounts.is_empty()?
        && tables.sessions.is_empty()?
        && tables.tokens.is_empty()?
        && tables.singles.get(keys::NAME)?.is_none()))
}
