//! What the operator expects of the rules: `tests`.

use super::question::Question;
use crate::config::problem::KeyPlace;

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
