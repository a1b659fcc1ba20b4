//! Which groups an address is in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::allow::{AllowEntry, identity_domain, parents};
use crate::domain::email::EmailAddress;
use crate::domain::identity::GroupName;

/// The `groups` of the configuration, compiled for asking with every request: each answer was made
/// beforehand and is shared.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    addresses: HashMap<String, Arc<[GroupName]>>,
    domains: HashMap<String, Arc<[GroupName]>>,
    parents: HashMap<String, Arc<[GroupName]>>,
    /// Identity to the spelling in the group.
    spellings: HashMap<String, String>,
    nobody: Arc<[GroupName]>,
    /// How many entries each has.
    sizes: HashMap<GroupName, usize>,
}

/// An entry that cannot be a member of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` cannot be a member of a group")]
pub struct GroupMemberError {
    /// The group's place in the configuration.
    pub group: GroupName,
    /// The entry's place in the group, from 0.
    pub member: usize,
    entry: String,
}

impl GroupMemberError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "members are addresses, `@example.com` or `@*.example.com`; in a rule, write `everyone` or \
         both groups in its `allow`"
    }
}

type Sets = HashMap<String, BTreeSet<GroupName>>;

impl Groups {
    /// Compiles the groups.
    ///
    /// # Errors
    /// [`GroupMemberError`] for a group in a group, and for `everyone`.
    pub fn new(groups: &BTreeMap<GroupName, Vec<AllowEntry>>) -> Result<Self, GroupMemberError> {
        let (mut addresses, mut domains, mut above) = (Sets::new(), Sets::new(), Sets::new());
        for (group, members) in groups {
            for (member, entry) in members.iter().enumerate() {
                let (sets, key) = match entry {
                    AllowEntry::Address(address) => (&mut addresses, address.identity()),
                    AllowEntry::Domain(domain) => (&mut domains, domain.as_str()),
                    AllowEntry::SubDomains(parent) => (&mut above, parent.as_str()),
                    AllowEntry::Group(_) | AllowEntry::Accounts | AllowEntry::Everyone => {
                        let (group, entry) = (group.clone(), entry.to_string());
                        return Err(GroupMemberError { group, member, entry });
                    }
                };
                sets.entry(key.to_owned()).or_default().insert(group.clone());
            }
        }
        let spellings = spellings(groups);
        let of_parents = |domain: &str| -> BTreeSet<GroupName> {
            parents(domain).filter_map(|parent| above.get(parent)).flatten().cloned().collect()
        };
        let of_domain = |domain: &str| -> BTreeSet<GroupName> {
            let own = domains.get(domain).into_iter().flatten().cloned();
            own.chain(of_parents(domain)).collect()
        };
        let of_address = |identity: &str, own: &BTreeSet<GroupName>| -> BTreeSet<GroupName> {
            let domain = identity.rsplit_once('@').map_or("", |(_, domain)| domain);
            own.iter().cloned().chain(of_domain(domain)).collect()
        };
        let both = |parent: &str, own: &BTreeSet<GroupName>| -> BTreeSet<GroupName> {
            own.iter().cloned().chain(of_parents(parent)).collect()
        };
        Ok(Self {
            addresses: shared(&addresses, of_address),
            domains: shared(&domains, |domain, _| of_domain(domain)),
            parents: shared(&above, both),
            spellings,
            nobody: Arc::new([]),
            sizes: groups.iter().map(|(name, members)| (name.clone(), members.len())).collect(),
        })
    }

    /// The groups of an address, sorted by name. Only a count of references is touched.
    #[must_use]
    pub fn of(&self, email: &EmailAddress) -> Arc<[GroupName]> {
        let domain = identity_domain(email);
        let of_parents = || {
            let mut above = parents(domain);
            above.find_map(|parent| self.parents.get(parent))
        };
        self.addresses
            .get(email.identity())
            .or_else(|| self.domains.get(domain))
            .or_else(of_parents)
            .unwrap_or(&self.nobody)
            .clone()
    }

    /// How many entries a group has in the configuration; none if it is not there. One without
    /// entries is filled by accounts alone.
    #[must_use]
    pub fn size(&self, name: &GroupName) -> Option<usize> {
        self.sizes.get(name).copied()
    }

    /// How a group spells this address, if one names it; see [`AllowList::mail_spelling`].
    ///
    /// [`AllowList::mail_spelling`]: super::AllowList::mail_spelling
    #[must_use]
    pub fn mail_spelling(&self, email: &EmailAddress) -> Option<&str> {
        self.spellings.get(email.identity()).map(String::as_str)
    }
}

fn spellings(groups: &BTreeMap<GroupName, Vec<AllowEntry>>) -> HashMap<String, String> {
    let mut spellings = HashMap::new();
    for entry in groups.values().flatten() {
        if let AllowEntry::Address(address) = entry {
            spellings
                .entry(address.identity().to_owned())
                .or_insert_with(|| address.spelling().to_owned());
        }
    }
    spellings
}

/// Each key with everything that its holders are in, not only what it was named in.
fn shared(
    sets: &Sets,
    all: impl Fn(&str, &BTreeSet<GroupName>) -> BTreeSet<GroupName>,
) -> HashMap<String, Arc<[GroupName]>> {
    sets.iter().map(|(key, own)| (key.clone(), all(key, own).into_iter().collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(entries: &[(&str, &[&str])]) -> Result<Groups, GroupMemberError> {
        let parse = |members: &&[&str]| members.iter().map(|text| text.parse().unwrap()).collect();
        let all =
            entries.iter().map(|(name, members)| (name.parse().unwrap(), parse(members))).collect();
        Groups::new(&all)
    }

    #[test]
    fn an_address_is_in_every_group_that_names_it_or_its_domain() {
        let groups = groups(&[
            ("admins", &["Alice@example.com"]),
            ("staff", &["@example.com"]),
            ("all", &["@*.com", "bob@partner.example"]),
            ("labs", &["@*.labs.example.com", "@x.labs.example.com"]),
        ])
        .unwrap();
        for (address, expected) in [
            ("alice@example.com", "admins all staff"),
            ("carol@example.com", "all staff"),
            ("bob@partner.example", "all"),
            ("eve@partner.example", ""),
            ("eve@other.com", "all"),
            ("eve@a.b.labs.example.com", "all labs"),
            ("eve@x.labs.example.com", "all labs"),
            ("eve@labs.example.com", "all"),
            ("alice@example.net", ""),
        ] {
            let found = groups.of(&EmailAddress::parse(address).unwrap());
            let names: Vec<_> = found.iter().map(GroupName::as_str).collect();
            assert_eq!(names.join(" "), expected, "{address}");
        }
    }

    #[test]
    fn mail_goes_to_the_spelling_in_the_group() {
        let groups = groups(&[("admins", &["Alice@example.com"])]).unwrap();
        let [alice, bob] =
            ["alice@example.com", "bob@example.com"].map(|text| EmailAddress::parse(text).unwrap());
        assert_eq!(groups.mail_spelling(&alice), Some("Alice@example.com"));
        assert_eq!(groups.mail_spelling(&bob), None);
    }

    #[test]
    fn answers_are_shared() {
        let groups = groups(&[("staff", &["@example.com"])]).unwrap();
        let [a, b] = ["a@example.com", "b@example.com"]
            .map(|text| groups.of(&EmailAddress::parse(text).unwrap()));
        assert!(Arc::ptr_eq(&a, &b));
    }

    #[test]
    fn groups_have_no_groups() {
        for entry in ["group:a", "accounts", "everyone"] {
            let error = groups(&[("a", &["x@example.com"]), ("b", &[entry])]).unwrap_err();
            assert_eq!((error.group.as_str(), error.member), ("b", 0));
            assert!(error.to_string().contains(entry));
        }
    }
}
