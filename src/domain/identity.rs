//! Who is asking: what a session proves about a visitor.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::email::EmailAddress;
use super::time::UnixMillis;

const LONGEST_GROUP: usize = 64;

/// The name of a group of people: 1 to 64 letters, digits, `-`, `_` or `.`.
///
/// Case is kept and counts, because applications compare the names in `Remote-Groups` byte for
/// byte. Commas and blanks are refused: they would forge a second group in that header.
///
/// ```
/// # use linkgate::domain::identity::GroupName;
/// assert_eq!("admins".parse::<GroupName>().unwrap().as_str(), "admins");
/// assert!("a,admins".parse::<GroupName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Arc<str>);

/// The text is not a [`GroupName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {LONGEST_GROUP} letters, digits, `-`, `_` or `.`")]
pub struct GroupNameError;

impl GroupName {
    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GroupName {
    type Err = GroupNameError;

    fn from_str(text: &str) -> Result<Self, GroupNameError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if text.is_empty() || text.len() > LONGEST_GROUP || !text.bytes().all(is_allowed) {
            return Err(GroupNameError);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for GroupName {
    type Error = GroupNameError;

    fn try_from(text: String) -> Result<Self, GroupNameError> {
        text.parse()
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        (*name.0).to_owned()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A visitor whose session was found good for this request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The address that was proven.
    pub email: EmailAddress,
    /// The groups it is in now, not at sign-in: who leaves a group loses it with the next request
    /// (GHSA-x883-2vmg-xwf7).
    pub groups: Arc<[GroupName]>,
    /// When the address was proven.
    pub signed_in_at: UnixMillis,
    /// Whether the person has an active account now.
    pub membership: Membership,
    /// When the session ends if nothing more is asked: what is said about it must not outlive it.
    pub expires_at: UnixMillis,
}

/// Whether somebody has an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// None: an address that `allow` may name, and no more.
    #[default]
    Outsider,
    /// An active account.
    Member,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_names_cannot_forge_a_header() {
        for text in ["a", "Site-Admins_2.x", &"a".repeat(64)] {
            assert_eq!(text.parse::<GroupName>().unwrap().to_string(), text);
        }
        for text in ["", "a b", "a,b", "a\r\nb", "ä", "group:a", &"a".repeat(65)] {
            assert_eq!(text.parse::<GroupName>(), Err(GroupNameError), "{text}");
        }
    }
}
