//! One entry of `allow`: its grammar, and what is said about a mistake.

use std::fmt;
use std::str::FromStr;

use crate::domain::email::{EmailAddress, EmailError};
use crate::domain::identity::{GroupName, GroupNameError};

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

#[cfg(test)]
mod tests {
    use super::*;

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
