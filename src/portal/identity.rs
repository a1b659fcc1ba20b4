//! Who a signed-in person is now: groups of the configuration, of its file of groups and of the
//! account, and whether there is an account.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Desk;
use crate::domain::account::Account;
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Identity, Membership};
use crate::domain::policy::Groups;
use crate::gate::sessions::Present;

/// The groups of a person, sorted by name; those of an account are among them while it is active.
#[must_use]
pub fn groups_of(
    groups: &Groups,
    email: &EmailAddress,
    account: Option<&Account>,
) -> Arc<[GroupName]> {
    let listed = groups.of(email);
    match account {
        Some(account) if !account.groups.is_empty() && !account.is_suspended() => {
            let all: BTreeSet<_> = listed.iter().chain(&account.groups).cloned().collect();
            all.into_iter().collect()
        }
        Some(_) | None => listed,
    }
}

impl Desk {
    /// As [`groups_of`].
    #[must_use]
    pub fn groups_of(&self, email: &EmailAddress, account: Option<&Account>) -> Arc<[GroupName]> {
        groups_of(&self.groups, email, account)
    }

    /// The person behind a session, with the groups and the account of now, not of sign-in.
    ///
    /// `idle` is the idle timeout of the site, of which a new span begins now.
    #[must_use]
    pub fn identity(&self, present: &Present, idle: Duration) -> Arc<Identity> {
        let Present { session, account } = present;
        let is_member = account.as_ref().is_some_and(|account| account.is_member());
        Arc::new(Identity {
            groups: self.groups_of(&session.email, account.as_deref()),
            email: session.email.clone(),
            signed_in_at: session.signed_in_at,
            membership: if is_member { Membership::Member } else { Membership::Outsider },
            expires_at: session.ends_at(self.gate.now(), idle),
        })
    }
}
