//! Who may pass: the entries of `allow` and the list compiled from them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use crate::domain::email::{EmailAddress, EmailError};
use crate::domain::identity::{GroupName, GroupNameError, Membership};

/// One entry of an `allow` list.
///
/// ```
/// # use linkgate::domain::policy::{AllowEntry, AllowEntryError};
/// assert_eq!("@*.Example.com".parse::<AllowEntry>().unwrap().to_string(), "@*.example.com");
/// let error = "example.com".parse::<AllowEntry>().unwrap_err();
/// assert_eq!(error.hint(), "did you mean `@example.com`?");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowEntry {
    /// `alice@example.com`: one person.
    Address(EmailAddress),
    /// `@example.com`: everybody at exactly this domain. In ASCII, lower case.
    Domain(String),
    /// `@*.example.com`: everybody at a domain below this one, which itself is not among them.
    SubDomains(String),
    /// `group:admins`.
    Group(GroupName),
    /// `accounts`: everybody with an active account.
    Accounts,
    /// `everyone`: any proven address.
    Everyone,
}

/// Why a text is not an [`AllowEntry`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowEntryError {
    /// An empty text.
    #[error("is empty")]
    Empty,
    /// A domain without the `@`.
    #[error("is a domain, not an address")]
    DomainWithoutAt {
        /// What was meant.
        meant: String,
    },
    /// `*` or a word like it.
    #[error("is not a way to say `everyone`")]
    NotEveryone,
    /// A wildcard at a place where there is none.
    #[error("has a `*` at a place where it means nothing")]
    Wildcard,
    /// A group name that is none.
    #[error("names a group that {0}")]
    Group(#[from] GroupNameError),
    /// Something before a colon that is not `group`, or `group` in other letters.
    #[error("has a colon, which only a group has")]
    Prefix,
    /// A word without `@` that is not a domain either.
    #[error("is a single word")]
    Word {
        /// What may have been meant.
        word: String,
    },
    /// `@…` with something that is not a domain.
    #[error("is not a domain after the `@`")]
    Domain,
    /// An address that is none.
    #[error("is not an e-mail address")]
    Address(EmailError),
}

impl AllowEntryError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        const FORMS: &str = "write `name@example.com`, `@example.com`, `@*.example.com`, \
                             `group:name`, `accounts` or `everyone`";
        match self {
            Self::Empty | Self::Domain => FORMS.to_owned(),
            Self::DomainWithoutAt { meant } => format!("did you mean `{meant}`?"),
            Self::NotEveryone => "did you mean `everyone` (any proven address)?".to_owned(),
            Self::Wildcard => {
                "write `@example.com` for a domain, `@*.example.com` for those below it".to_owned()
            }
            Self::Group(_) => "write `group:name` with a name from `groups`".to_owned(),
            Self::Prefix => "did you mean `group:`?".to_owned(),
            Self::Word { word } => {
                format!("did you mean the group `group:{word}`? Otherwise {FORMS}")
            }
            Self::Address(error) => error.to_string(),
        }
    }
}

impl FromStr for AllowEntry {
    type Err = AllowEntryError;

    fn from_str(text: &str) -> Result<Self, AllowEntryError> {
        let text = text.trim();
        if text == "everyone" {
            return Ok(Self::Everyone);
        }
        if text == "accounts" {
            return Ok(Self::Accounts);
        }
        if let Some(name) = text.strip_prefix("group:") {
            return Ok(Self::Group(name.parse()?));
        }
        match text.split_once('@') {
            Some(("", domain)) => parse_domain(domain),
            Some(("*", _)) => Err(AllowEntryError::Wildcard),
            Some(_) => {
                EmailAddress::parse(text).map(Self::Address).map_err(AllowEntryError::Address)
            }
            None => Err(explain_word(text)),
        }
    }
}

fn parse_domain(text: &str) -> Result<AllowEntry, AllowEntryError> {
    let (domain, is_parent) = match text.strip_prefix("*.") {
        Some(parent) => (parent, true),
        None => (text, false),
    };
    if domain.contains('*') {
        return Err(AllowEntryError::Wildcard);
    }
    if !is_parent {
        return ascii_domain(domain).map(AllowEntry::Domain).ok_or(AllowEntryError::Domain);
    }
    // What stands below is a domain, so `@*.edu` is fine where `@edu` is not.
    let below = ascii_domain(&format!("x.{domain}")).ok_or(AllowEntryError::Domain)?;
    let parent = below.strip_prefix("x.").ok_or(AllowEntryError::Domain)?;
    Ok(AllowEntry::SubDomains(parent.to_owned()))
}

/// The domain as the addresses at it have it: by the same grammar, mapped in the same way.
fn ascii_domain(text: &str) -> Option<String> {
    let address = EmailAddress::parse(&format!("someone@{text}")).ok()?;
    address.identity().split_once('@').map(|(_, domain)| domain.to_owned())
}

/// Why a text without `@` is no entry.
fn explain_word(text: &str) -> AllowEntryError {
    let lower = text.to_ascii_lowercase();
    if text.is_empty() {
        return AllowEntryError::Empty;
    }
    if matches!(
        &*lower,
        "*" | "**" | "all" | "any" | "anyone" | "everybody" | "everyone" | "public"
    ) {
        return AllowEntryError::NotEveryone;
    }
    if text.contains(':') {
        return AllowEntryError::Prefix;
    }
    let (domain, star) = text.strip_prefix("*.").map_or((text, ""), |rest| (rest, "*."));
    if domain.contains('*') {
        return AllowEntryError::Wildcard;
    }
    match ascii_domain(domain) {
        Some(domain) => AllowEntryError::DomainWithoutAt { meant: format!("@{star}{domain}") },
        None => AllowEntryError::Word { word: text.to_owned() },
    }
}

impl fmt::Display for AllowEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => out.write_str(address.spelling()),
            Self::Domain(domain) => write!(out, "@{domain}"),
            Self::SubDomains(domain) => write!(out, "@*.{domain}"),
            Self::Group(name) => write!(out, "group:{name}"),
            Self::Accounts => out.write_str("accounts"),
            Self::Everyone => out.write_str("everyone"),
        }
    }
}

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

    #[test]
    fn mistakes_have_cures() {
        for (text, hint) in [
            ("", "write `name@example.com`"),
            ("example.com", "did you mean `@example.com`?"),
            ("*.example.com", "did you mean `@*.example.com`?"),
            ("*@example.com", "write `@example.com` for a domain"),
            ("@*", "write `@example.com` for a domain"),
            ("@*example.com", "write `@example.com` for a domain"),
            ("*", "did you mean `everyone`"),
            ("Everyone", "did you mean `everyone`"),
            ("anyone", "did you mean `everyone`"),
            ("admins", "did you mean the group `group:admins`?"),
            ("Group:admins", "did you mean `group:`?"),
            ("groups:admins", "did you mean `group:`?"),
            ("group:", "write `group:name`"),
            ("group:a b", "write `group:name`"),
            ("@", "write `name@example.com`"),
            ("@localhost", "write `name@example.com`"),
            ("@.example.com", "write `name@example.com`"),
            ("@*..example.com", "write `name@example.com`"),
            ("@*.", "write `name@example.com`"),
            ("@a@b.example", "write `name@example.com`"),
            ("a@b@example.com", "Type one address only"),
        ] {
            let error = text.parse::<AllowEntry>().unwrap_err();
            assert!(error.hint().starts_with(hint), "{text}: {error}: {}", error.hint());
        }
    }
}
