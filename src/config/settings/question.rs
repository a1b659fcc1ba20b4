//! A request as people describe it, for `explain` and for `tests`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::identity::GroupName;
use crate::domain::origin::Scheme;
use crate::domain::path::PathPattern;
use crate::domain::policy::MethodSet;
use crate::domain::service_token::TokenName;

/// A request as people describe it at a terminal. Its `Display` is the command line after
/// `linkgate explain -c FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The method, in upper-case letters.
    pub method: String,
    /// The whole address.
    pub url: WholeUrl,
    /// Who asks.
    pub who: Who,
    /// The client's address; not known, if none.
    pub client: Option<ClientAddress>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody is signed in.
    Nobody,
    /// Somebody is signed in.
    Person {
        /// The address.
        email: EmailAddress,
        /// How long ago that was.
        age: Duration,
        /// What is said of an account.
        account: SaidAccount,
    },
    /// A script with a service token.
    Script(SaidScript),
}

/// What is said of somebody's account. None is looked up: what `check` says must not depend on who
/// has one today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaidAccount {
    /// Nothing: there is none.
    Unsaid,
    /// There is one, with these groups besides those of the configuration.
    Active(Vec<GroupName>),
}

impl SaidAccount {
    /// There is an account, and it has this group, too.
    #[must_use]
    pub fn with(&self, group: Option<GroupName>) -> Self {
        let before = match self {
            Self::Unsaid => &[][..],
            Self::Active(groups) => groups,
        };
        Self::Active(before.iter().cloned().chain(group).collect())
    }
}

/// The grant of a service token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidScript {
    /// The name of the token.
    pub name: TokenName,
    /// The paths that it may ask for.
    pub paths: Vec<PathPattern>,
    /// The methods that it may use.
    pub methods: MethodSet,
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
        write!(out, "{} {}{}", self.method, quoted(&self.url.to_string()), self.who)?;
        self.client.map_or(Ok(()), |client| write!(out, " --from {client}"))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => Ok(()),
            Self::Person { email, age, account } => {
                write!(out, " --as {}", email.spelling())?;
                if !age.is_zero() {
                    write!(out, " --age {}s", age.as_secs())?;
                }
                write!(out, "{account}")
            }
            Self::Script(script) => write!(out, "{script}"),
        }
    }
}

impl fmt::Display for SaidAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => Ok(()),
            Self::Active(groups) if groups.is_empty() => out.write_str(" --member"),
            Self::Active(groups) => {
                groups.iter().try_for_each(|group| write!(out, " --group {group}"))
            }
        }
    }
}

impl fmt::Display for SaidScript {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, " --script={}", self.name)?;
        for path in &self.paths {
            write!(out, " --paths {}", quoted(&path.to_string()))?;
        }
        for method in self.methods.names().into_iter().flatten() {
            write!(out, " --methods {method}")?;
        }
        Ok(())
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
