//! What the operator expects of the rules: `tests`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::config::problem::KeyPlace;
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::origin::Scheme;

/// One entry of `tests`. Whether it comes true is found out by who has the sites indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Where it stands.
    pub at: KeyPlace,
    /// What is asked.
    pub question: Question,
    /// What should come.
    pub expected: Expected,
}

/// A request as people describe it at a terminal. Its `Display` is the command line after
/// `linkgate explain -c FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The method, in upper-case letters.
    pub method: String,
    /// The whole address.
    pub url: WholeUrl,
    /// Who is signed in.
    pub visitor: Option<EmailAddress>,
    /// How long ago that was.
    pub age: Duration,
    /// The client's address; not known, if none.
    pub client: Option<ClientAddress>,
}

/// `https://host/path?query`, in three parts. The path is as typed: which ones are refused is a
/// matter of the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeUrl {
    /// The scheme.
    pub scheme: Scheme,
    /// Host, and port if there is one.
    pub authority: String,
    /// Path and query.
    pub target: String,
}

/// A text that is no [`WholeUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole address, like https://docs.example.com/page")]
pub struct NotWhole;

impl FromStr for WholeUrl {
    type Err = NotWhole;

    fn from_str(text: &str) -> Result<Self, NotWhole> {
        let (scheme, rest) = [Scheme::Https, Scheme::Http]
            .into_iter()
            .find_map(|scheme| {
                let rest = text.strip_prefix(scheme.as_str())?.strip_prefix("://")?;
                Some((scheme, rest))
            })
            .ok_or(NotWhole)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.is_empty() {
            return Err(NotWhole);
        }
        // Browsers keep the fragment, and put a slash where there is no path.
        let target = target.split('#').next().unwrap_or_default();
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { scheme, authority: authority.to_owned(), target: format!("{slash}{target}") })
    }
}

impl fmt::Display for WholeUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}{}", self.scheme, self.authority, self.target)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} '{}'", self.method, self.url.to_string().replace('\'', "'\\''"))?;
        if let Some(visitor) = &self.visitor {
            write!(out, " --as {}", visitor.spelling())?;
        }
        if !self.age.is_zero() {
            write!(out, " --age {}s", self.age.as_secs())?;
        }
        self.client.map_or(Ok(()), |client| write!(out, " --from {client}"))
    }
}

/// What a request gets, in the words of `tests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It passes, for anybody.
    Public,
    /// It passes.
    Allow,
    /// Somebody has to sign in.
    SignIn,
    /// Somebody has to sign in again: the sign-in is too old.
    SignInAgain,
    /// It does not pass, and signing in would not help.
    Deny,
}

impl Expected {
    /// Every one, with its word.
    pub const WORDS: &[(&str, Self)] = &[
        ("allow", Self::Allow),
        ("public", Self::Public),
        ("sign-in", Self::SignIn),
        ("sign-in-again", Self::SignInAgain),
        ("deny", Self::Deny),
    ];

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Public => "public",
            Self::SignIn => "sign-in",
            Self::SignInAgain => "sign-in-again",
            Self::Deny => "deny",
        }
    }
}
