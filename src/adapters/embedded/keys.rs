//! The roster of signing keys.

use async_trait::async_trait;
use redb::{ReadableTable, StorageError};

use super::tables::Tables;
use super::writer::{Outcome, Step};
use super::{Embedded, codec};
use crate::domain::signing::KeyRoster;
use crate::ports::{KeyRosters, StoreError, Stored};

/// Its name among what there is one of.
pub(super) const NAME: &str = "signing-keys";

#[async_trait]
impl KeyRosters for Embedded {
    async fn roster(&self) -> Stored<KeyRoster> {
        const DOING: &str = "find the signing keys";
        let stored = self.read(DOING, |view| {
            let stored = view.singles.get(NAME)?;
            Ok(codec::decode_roster(stored.as_ref().map(|it| it.value())))
        })?;
        stored.map_err(|error| StoreError::new(DOING, error))
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        const DOING: &str = "change the signing keys";
        let bytes = codec::encode_roster(roster).map_err(|error| StoreError::new(DOING, error))?;
        let revision = roster.revision();
        let step = move |tables: &mut Tables<'_>| replace(tables, revision, &bytes);
        self.writer.write(DOING, step).await
    }
}

fn replace(tables: &mut Tables<'_>, revision: u64, bytes: &[u8]) -> Step<bool> {
    let stored = codec::decode_roster(tables.singles.get(NAME)?.as_ref().map(|it| it.value()));
    let stored = stored.map_err(|error| StorageError::Corrupted(error.to_string()))?;
    if stored.revision().checked_add(1) != Some(revision) {
        return Ok(Outcome::Untouched(false));
    }
    tables.singles.insert(NAME, bytes)?;
    Ok(Outcome::Written(true))
}
