//! Who a signed-in person is now: groups of the configuration, of the watched file and of the
//! account, and whether there is an account.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use super::Desk;
use crate::domain::account::Account;
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Identity, Membership};
use crate::domain::policy::Groups;
use crate::domain::session::Session;
use crate::ports::Stored;

/// The groups of the configuration and of its watched file, as they are now.
#[derive(Debug, Default)]
pub struct GroupsNow(RwLock<Arc<Groups>>);

impl GroupsNow {
    /// Begins with these.
    #[must_use]
    pub fn new(groups: Arc<Groups>) -> Self {
        Self(RwLock::new(groups))
    }

    /// From now on these.
    pub fn replace(&self, groups: Arc<Groups>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = groups;
    }

    /// The groups of a person, sorted by name; those of an account are among them while it is
    /// active.
    #[must_use]
    pub fn of(&self, email: &EmailAddress, account: Option<&Account>) -> Arc<[GroupName]> {
        let listed = self.0.read().unwrap_or_else(PoisonError::into_inner).of(email);
        match account {
            Some(account) if !account.groups.is_empty() && !account.is_suspended() => {
                let all: BTreeSet<_> = listed.iter().chain(&account.groups).cloned().collect();
                all.into_iter().collect()
            }
            Some(_) | None => listed,
        }
    }
}

impl Desk {
    /// The person behind a session, with the groups and the account of now, not of sign-in.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn identity(&self, session: &Session) -> Stored<Arc<Identity>> {
        let account = self.gate.account_lately(&session.email).await?;
        let is_member = account.as_ref().is_some_and(|account| !account.is_suspended());
        Ok(Arc::new(Identity {
            groups: self.groups.of(&session.email, account.as_deref()),
            email: session.email.clone(),
            signed_in_at: session.signed_in_at,
            membership: if is_member { Membership::Member } else { Membership::Outsider },
        }))
    }
}
