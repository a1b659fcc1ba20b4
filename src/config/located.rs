//! Values that know where in the file they stand.

use serde::{Deserialize, Deserializer};
use serde_yaml::{Location, Spanned};

use super::problem::Place;

/// A value and its place in the file. For an alias the place is that of the anchor, because that
/// is the text to mend.
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: Place,
}

/// Every single value of the file is read as text first, whatever YAML takes it for: so a number
/// that should be a word is one more problem in the list and not the end of the reading.
pub(super) type Text = Located<String>;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(source)?;
        Ok(Self { at: place(spanned.defined), value: spanned.value })
    }
}

/// The place of the YAML reader in our type.
pub(super) fn place(location: Location) -> Place {
    Place { line: location.line(), column: location.column() }
}
