//! What was decided about a request.

/// What was decided about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Refused before anybody looked at who sent it.
    Refused,
    /// One of our own pages.
    Own,
    /// Somebody has to sign in first.
    Challenged,
    /// Somebody may not.
    Forbidden,
    /// It went to the application.
    Passed,
    /// The store was in trouble.
    Unavailable,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Own,
        Self::Challenged,
        Self::Forbidden,
        Self::Passed,
        Self::Unavailable,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Own => "own",
            Self::Challenged => "challenged",
            Self::Forbidden => "forbidden",
            Self::Passed => "passed",
            Self::Unavailable => "unavailable",
        }
    }
}
