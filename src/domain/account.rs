//! A known person: needed only where registration, suspension or groups by command matter.
//!
//! Most installations have no accounts: `allow` says who may pass. An account adds what a list
//! cannot say: that somebody is suspended, that somebody has registered, and groups that an operator
//! gives by command. There is no third state beside active and suspended: what was removed is gone.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::email::EmailAddress;
use super::identity::GroupName;
use super::letter;
use super::password::KeptPassword;
use super::time::UnixMillis;

/// Most groups of one account: they travel in a header of every request.
pub const MOST_GROUPS: usize = 64;

/// What is stored of a person, under a keyed hash of the address. A field more needs no new version
/// of the stored value if it has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The address, in the spelling that mail goes to.
    pub email: EmailAddress,
    /// What the person wants to be called.
    #[serde(default)]
    pub name: Option<PersonName>,
    /// Whether the person may enter.
    pub state: AccountState,
    /// Groups that were given by command; those of the configuration come on top.
    #[serde(default)]
    pub groups: BTreeSet<GroupName>,
    /// The password, for sites that accept one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<KeptPassword>,
    /// How the account came to be.
    pub origin: AccountOrigin,
    /// When.
    pub created_at: UnixMillis,
    /// Moves with every change, so that of two changes of the same account one is refused. Begins
    /// with the moment of creation: an account that was removed and made anew is another one.
    pub revision: u64,
}

/// Whether a person may enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// As far as `allow` says.
    Active,
    /// Nowhere, whatever `allow` says.
    Suspended,
}

/// How an account came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountOrigin {
    /// An operator added it.
    Added,
    /// The person registered.
    Registered,
    /// It exists only because somebody without one was suspended. It ends with the suspension: to
    /// suspend and resume must not make anybody a person with an account.
    Suspension,
    /// It exists only because somebody whom `allow` names has set a password. It makes nobody a
    /// person with an account either, and ends with the password.
    Password,
}

impl Account {
    /// A new, active account.
    #[must_use]
    pub fn new(email: EmailAddress, origin: AccountOrigin, now: UnixMillis) -> Self {
        Self {
            email,
            name: None,
            state: AccountState::Active,
            groups: BTreeSet::new(),
            password: None,
            origin,
            created_at: now,
            revision: now.0,
        }
    }

    /// Stands for the account of somebody whose own cannot be read: it may be a suspension, so it is
    /// taken for one. Never stored.
    #[must_use]
    pub fn unreadable(email: &EmailAddress) -> Self {
        let account = Self::new(email.clone(), AccountOrigin::Suspension, UnixMillis(0));
        Self { state: AccountState::Suspended, ..account }
    }

    /// Whether the person may enter nowhere.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.state == AccountState::Suspended
    }

    /// Whether this is a person with an account, as `allow: [accounts]` means it.
    #[must_use]
    pub fn is_member(&self) -> bool {
        let counts = match self.origin {
            AccountOrigin::Added | AccountOrigin::Registered => true,
            AccountOrigin::Suspension | AccountOrigin::Password => false,
        };
        counts && !self.is_suspended()
    }

    /// The account of somebody who has set a password, with an account before or without.
    #[must_use]
    pub fn with_password(before: Option<&Self>, email: &EmailAddress, kept: KeptPassword) -> Self {
        let before = match before {
            Some(account) => account.clone().changed(),
            None => Self::new(email.clone(), AccountOrigin::Password, kept.set_at),
        };
        Self { password: Some(kept), ..before }
    }

    /// The account without its password, if anything stays.
    #[must_use]
    pub fn without_password(&self) -> Option<Self> {
        match self.origin {
            // The suspension stays when the password goes.
            AccountOrigin::Password if self.is_suspended() => Some(Self {
                password: None,
                origin: AccountOrigin::Suspension,
                ..self.clone().changed()
            }),
            AccountOrigin::Password => None,
            AccountOrigin::Added | AccountOrigin::Registered | AccountOrigin::Suspension => {
                Some(Self { password: None, ..self.clone().changed() })
            }
        }
    }

    /// The same account after a change.
    #[must_use]
    pub fn changed(self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self }
    }

    /// The account of somebody who is suspended now, with an account before or without.
    #[must_use]
    pub fn suspended(before: Option<&Self>, email: &EmailAddress, now: UnixMillis) -> Self {
        let before = match before {
            Some(account) => account.clone().changed(),
            None => Self::new(email.clone(), AccountOrigin::Suspension, now),
        };
        Self { state: AccountState::Suspended, ..before }
    }

    /// The account after the suspension, if one stays.
    #[must_use]
    pub fn resumed(&self) -> Option<Self> {
        let origin = match self.origin {
            // A password that was set meanwhile stays: it counts again, and the record is its own.
            AccountOrigin::Suspension if self.password.is_some() => AccountOrigin::Password,
            AccountOrigin::Suspension => return None,
            origin @ (AccountOrigin::Added
            | AccountOrigin::Registered
            | AccountOrigin::Password) => origin,
        };
        Some(Self { state: AccountState::Active, origin, ..self.clone().changed() })
    }
}

/// What a person wants to be called: 1 to 60 characters on one line, none of them unseen but those
/// that its script needs.
///
/// ```
/// # use linkgate::domain::account::PersonName;
/// assert_eq!(" Ann Ó Briain ".parse::<PersonName>().unwrap().as_str(), "Ann Ó Briain");
/// assert!("Ann\nBcc: x".parse::<PersonName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

/// The text is not a [`PersonName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {LONGEST_NAME} characters on one line, without signs that cannot be seen")]
pub struct PersonNameError;

const LONGEST_NAME: usize = 60;

impl PersonName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PersonName {
    type Err = PersonNameError;

    fn from_str(text: &str) -> Result<Self, PersonNameError> {
        let text = text.trim();
        let count = text.chars().count();
        // Names are written with joiners (Persian, Hindi), but not of them alone.
        let is_seen = !text.chars().all(letter::is_unseen);
        if !(1..=LONGEST_NAME).contains(&count) || !is_seen || text.chars().any(letter::is_stray) {
            return Err(PersonNameError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PersonName {
    type Error = PersonNameError;

    fn try_from(text: String) -> Result<Self, PersonNameError> {
        text.parse()
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::password::PasswordHash;

    fn ann() -> EmailAddress {
        EmailAddress::parse("Ann@example.com").unwrap()
    }

    #[test]
    fn to_suspend_and_resume_gives_nobody_an_account() {
        let noted = Account::suspended(None, &ann(), UnixMillis(5));
        assert!(noted.is_suspended());
        assert_eq!(noted.resumed(), None);
        let added = Account::new(ann(), AccountOrigin::Added, UnixMillis(5));
        let suspended = Account::suspended(Some(&added), &ann(), UnixMillis(9));
        assert!(suspended.is_suspended() && suspended.revision > added.revision);
        let resumed = suspended.resumed().unwrap();
        assert_eq!((resumed.state, resumed.created_at), (AccountState::Active, UnixMillis(5)));
    }

    #[test]
    fn to_set_a_password_gives_nobody_an_account() {
        let kept = KeptPassword {
            hash: PasswordHash::from_phc("$argon2id$".into()),
            set_at: UnixMillis(5),
        };
        let own = Account::with_password(None, &ann(), kept.clone());
        assert!(!own.is_member() && !own.is_suspended());
        assert_eq!(own.without_password(), None);
        // A suspension outlives the password, and takes nothing away but the access.
        let suspended = Account::suspended(Some(&own), &ann(), UnixMillis(9));
        assert_eq!(suspended.resumed().unwrap().password, Some(kept.clone()));
        let bare = suspended.without_password().unwrap();
        assert!(bare.is_suspended() && bare.password.is_none());
        assert_eq!(bare.resumed(), None);
        // Whoever has an account keeps it.
        let added = Account::new(ann(), AccountOrigin::Added, UnixMillis(5));
        let with = Account::with_password(Some(&added), &ann(), kept);
        assert!(with.is_member() && with.revision > added.revision);
        let without = with.without_password().unwrap();
        assert!(without.is_member() && without.revision > with.revision);
    }

    #[test]
    fn a_password_of_the_suspended_outlives_the_suspension() {
        let suspended = Account::suspended(None, &ann(), UnixMillis(5));
        let hash = PasswordHash::from_phc("$argon2id$".into());
        let kept = KeptPassword { hash, set_at: UnixMillis(6) };
        let with = Account::with_password(Some(&suspended), &ann(), kept.clone());
        assert!(with.is_suspended());
        let resumed = with.resumed().unwrap();
        assert_eq!(resumed.password, Some(kept));
        assert!(!resumed.is_suspended() && !resumed.is_member());
        assert_eq!(resumed.without_password(), None, "nothing else was there");
        assert_eq!(with.without_password().unwrap().resumed(), None);
    }

    #[test]
    fn what_cannot_be_read_counts_as_suspended_and_has_nothing() {
        let unread = Account::unreadable(&ann());
        assert!(unread.is_suspended() && !unread.is_member() && unread.password.is_none());
    }

    #[test]
    fn a_stored_account_may_lack_what_came_later() {
        let text = r#"{"email":"Ann@example.com","state":"active","origin":"added",
            "created_at":5,"revision":5,"shoe_size":"of a later version"}"#;
        let account: Account = serde_json::from_str(text).unwrap();
        assert_eq!(account, Account::new(ann(), AccountOrigin::Added, UnixMillis(5)));
        assert_eq!(account.email.spelling(), "Ann@example.com");
    }

    #[test]
    fn names_stay_on_their_line() {
        let joined = ["علی\u{200c}رضا", "क्\u{200d}ष", "葛\u{e0100}城", "Ann ❤\u{fe0f}"];
        for text in joined {
            assert_eq!(text.parse::<PersonName>().unwrap().as_str(), text);
        }
        for text in ["Ann", "Ann Ó Briain", "王小明", "عائشة", &"x".repeat(60)] {
            assert_eq!(text.parse::<PersonName>().unwrap().as_str(), text);
        }
        let unseen =
            ["\u{200d}", " \u{fe0f} ", "\u{3164}", "a\u{200b}b", "a\u{e0062}", "a\u{feff}b"];
        for text in unseen {
            assert_eq!(text.parse::<PersonName>(), Err(PersonNameError), "{text:?}");
        }
        for text in ["", "  ", "a\nb", "a\u{202e}b", "a\u{0}", &"x".repeat(61)] {
            assert_eq!(text.parse::<PersonName>(), Err(PersonNameError), "{text:?}");
        }
    }
}
