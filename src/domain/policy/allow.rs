//! Who may pass: the list compiled from the entries of `allow`.

mod entry;

use std::collections::{HashMap, HashSet};

pub use entry::{AllowEntry, AllowEntryError};

use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Membership};

/// The domains above `domain`, the nearest first: `b.c` and `c` for `a.b.c`.
pub(super) fn parents(domain: &str) -> impl Iterator<Item = &str> {
    domain.match_indices('.').map(|(at, _)| &domain[at + 1..])
}

/// An `allow` list, compiled: asking costs a few look-ups, however long it is. An empty one admits
/// nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    /// Identity to the spelling in the rule.
    addresses: HashMap<String, String>,
    domains: HashSet<String>,
    parents: HashSet<String>,
    groups: Vec<GroupName>,
    accounts: bool,
    everyone: bool,
}

impl AllowList {
    /// Whether nobody can ever be admitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everyone
            && !self.accounts
            && self.addresses.is_empty()
            && self.domains.is_empty()
            && self.parents.is_empty()
            && self.groups.is_empty()
    }

    /// Whether it names everyone.
    #[must_use]
    pub fn admits_everyone(&self) -> bool {
        self.everyone
    }

    /// Whether it names anybody but those who have an account.
    #[must_use]
    pub fn admits_outsiders(&self) -> bool {
        !Self { accounts: false, ..self.clone() }.is_empty()
    }

    /// Whether it names those who have an account.
    #[must_use]
    pub fn names_accounts(&self) -> bool {
        self.accounts
    }

    /// The groups that it names.
    #[must_use]
    pub fn groups(&self) -> &[GroupName] {
        &self.groups
    }

    /// Whether a person with this proven address, these groups and this account may pass.
    #[must_use]
    pub fn admits(
        &self,
        email: &EmailAddress,
        groups: &[GroupName],
        membership: Membership,
    ) -> bool {
        self.everyone
            || (self.accounts && membership == Membership::Member)
            || self.addresses.contains_key(email.identity())
            || self.admits_domain(identity_domain(email))
            || self.groups.iter().any(|group| groups.contains(group))
    }

    /// How the list itself spells this address, if it names it. Mail goes to this spelling, not to
    /// the one a visitor typed: a mail server may tell `Alice@` from `alice@`, and only the
    /// administrator knows which is the person's.
    #[must_use]
    pub fn mail_spelling(&self, email: &EmailAddress) -> Option<&str> {
        self.addresses.get(email.identity()).map(String::as_str)
    }

    fn admits_domain(&self, domain: &str) -> bool {
        self.domains.contains(domain)
            || (!self.parents.is_empty()
                && parents(domain).any(|parent| self.parents.contains(parent)))
    }
}

/// The domain of an address in the spelling that is compared.
pub(super) fn identity_domain(email: &EmailAddress) -> &str {
    email.identity().rsplit_once('@').map_or("", |(_, domain)| domain)
}

impl FromIterator<AllowEntry> for AllowList {
    fn from_iter<I: IntoIterator<Item = AllowEntry>>(entries: I) -> Self {
        let mut list = Self::default();
        for entry in entries {
            match entry {
                AllowEntry::Address(address) => {
                    // The first spelling stands, as the first rule does.
                    list.addresses
                        .entry(address.identity().to_owned())
                        .or_insert_with(|| address.spelling().to_owned());
                }
                AllowEntry::Domain(domain) => drop(list.domains.insert(domain)),
                AllowEntry::SubDomains(parent) => drop(list.parents.insert(parent)),
                AllowEntry::Group(name) => list.groups.push(name),
                AllowEntry::Accounts => list.accounts = true,
                AllowEntry::Everyone => list.everyone = true,
            }
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AllowList {
        entries.iter().map(|entry| entry.parse::<AllowEntry>().unwrap()).collect()
    }

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[test]
    fn each_kind_of_entry_admits_exactly_its_own() {
        for (entry, admitted, refused) in [
            (
                "Bob@Example.com",
                vec!["bob@example.com"],
                vec!["bob@sub.example.com", "b@example.com"],
            ),
            (
                "@example.com",
                vec!["a@example.com", "a@EXAMPLE.com"],
                vec![
                    "a@badexample.com",
                    "a@sub.example.com",
                    "a@example.com.evil.test",
                    "a@com.com",
                ],
            ),
            (
                "@*.example.com",
                vec!["a@x.example.com", "a@x.y.example.com"],
                vec!["a@example.com", "a@badexample.com", "a@x.example.com.evil.test"],
            ),
            ("@bücher.example", vec!["a@bücher.example", "a@xn--bcher-kva.example"], vec![]),
            ("@*.edu", vec!["a@mit.edu"], vec!["a@mit.education"]),
            ("everyone", vec!["a@example.com"], vec![]),
            ("accounts", vec![], vec!["a@example.com"]),
            ("group:admins", vec![], vec!["admins@example.com"]),
        ] {
            for address in admitted {
                assert!(
                    list(&[entry]).admits(&email(address), &[], Membership::Outsider),
                    "{entry} {address}"
                );
            }
            for address in refused {
                assert!(
                    !list(&[entry]).admits(&email(address), &[], Membership::Outsider),
                    "{entry} {address}"
                );
            }
        }
    }

    #[test]
    fn groups_admit_their_members_and_an_empty_list_admits_nobody() {
        let someone = email("a@example.com");
        let groups: Vec<GroupName> = vec!["staff".parse().unwrap(), "admins".parse().unwrap()];
        assert!(list(&["group:admins"]).admits(&someone, &groups, Membership::Outsider));
        assert!(!list(&["group:Admins"]).admits(&someone, &groups, Membership::Outsider));
        assert!(!AllowList::default().admits(&someone, &groups, Membership::Outsider));
        assert!(AllowList::default().is_empty() && !list(&["everyone"]).is_empty());
    }

    #[test]
    fn accounts_admit_members_only() {
        let (list, someone) = (list(&["accounts"]), email("a@example.com"));
        assert!(list.admits(&someone, &[], Membership::Member));
        assert!(!list.admits(&someone, &[], Membership::Outsider));
        assert!(!list.is_empty());
    }

    #[test]
    fn mail_goes_to_the_spelling_in_the_list() {
        let list = list(&["Bob.Smith@Example.com", "bob.smith@example.com", "@example.com"]);
        assert_eq!(
            list.mail_spelling(&email("BOB.smith@example.com")),
            Some("Bob.Smith@example.com")
        );
        assert_eq!(list.mail_spelling(&email("eve@example.com")), None);
    }
}
