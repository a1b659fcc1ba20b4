//! Why the API refuses: one stable code for each cause, so that a program never reads sentences.
//!
//! A code says what a page would say too, and no more: whoever holds a link may hear that it was
//! used, and the client that waits may not.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::domain::email::EmailError;
use crate::domain::password::PasswordProblem;

/// A cause of a refusal that only the API tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The body is not the one JSON object that is documented.
    Document,
    /// `email` is not one address.
    Address(EmailError),
    /// The link was sent to another address than the one that is repeated here.
    AddressMismatch,
    /// This client did not ask: the address is needed.
    ConfirmationNeeded,
    /// This client did not ask, and here only the one that did can sign in.
    ConfirmationRefused,
    /// Address and password do not belong together; nobody is told which of them is unknown.
    PasswordWrong,
    /// A password that cannot be, or that may not be chosen.
    Password(PasswordProblem),
    /// Neither or both of `token` and `code`.
    Proof,
    /// `token` was never made here.
    Token,
    /// `code` is empty.
    CodeMissing,
    /// `code` cannot be a code. It costs no try.
    CodeMalformed,
    /// Not the code.
    CodeWrong {
        /// Codes that may still be tried.
        tries_left: u32,
    },
    /// All tries are used up.
    CodeUsedUp,
    /// The link's time is over.
    LinkExpired,
    /// The link has signed somebody in.
    LinkUsed,
    /// A newer mail took its place.
    LinkReplaced,
    /// The link is not known at this site, or not any more.
    LinkUnknown,
    /// The attempt of this client is over.
    AttemptOver,
    /// A code from a client that has asked for no mail.
    NoAttempt,
    /// A resend by a client that has asked for no mail.
    NothingToResend,
}

impl Cause {
    /// The status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Document
            | Self::Address(_)
            | Self::AddressMismatch
            | Self::ConfirmationNeeded
            | Self::ConfirmationRefused
            | Self::PasswordWrong
            | Self::Password(_)
            | Self::Proof
            | Self::Token
            | Self::CodeMissing
            | Self::CodeMalformed
            | Self::CodeWrong { .. }
            | Self::NoAttempt => StatusCode::UNPROCESSABLE_ENTITY,
            Self::CodeUsedUp => StatusCode::TOO_MANY_REQUESTS,
            Self::LinkExpired
            | Self::LinkUsed
            | Self::LinkReplaced
            | Self::LinkUnknown
            | Self::AttemptOver => StatusCode::GONE,
            Self::NothingToResend => StatusCode::NOT_FOUND,
        }
    }

    /// The member `code`. Once published, a code keeps its meaning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Document => "document_malformed",
            Self::Address(error) => address_code(error),
            Self::AddressMismatch => "address_mismatch",
            Self::ConfirmationNeeded => "confirmation_needed",
            Self::ConfirmationRefused => "confirmation_refused",
            Self::PasswordWrong => "password_wrong",
            Self::Password(problem) => password_code(problem),
            Self::Proof => "proof_needed",
            Self::Token => "token_malformed",
            Self::CodeMissing => "code_missing",
            Self::CodeMalformed => "code_malformed",
            Self::CodeWrong { .. } => "code_wrong",
            Self::CodeUsedUp => "code_used_up",
            Self::LinkExpired => "link_expired",
            Self::LinkUsed => "link_used",
            Self::LinkReplaced => "link_replaced",
            Self::LinkUnknown => "link_unknown",
            Self::AttemptOver => "attempt_over",
            Self::NoAttempt | Self::NothingToResend => "no_attempt",
        }
    }

    /// The member `detail`: a sentence for whoever writes the program. It may change.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Document => {
                "The body must be one JSON object with the members of the documentation, each once."
            }
            Self::Address(error) => address_detail(error),
            Self::AddressMismatch => "The mail was sent to another address.",
            Self::ConfirmationNeeded => {
                "This client did not ask for the mail: the member `email` must repeat the address."
            }
            Self::ConfirmationRefused => {
                "This client did not ask for the mail: only the one that did can sign in, with the \
                 code."
            }
            Self::PasswordWrong => "Address and password do not belong together.",
            Self::Password(problem) => password_detail(problem),
            Self::Proof => "Exactly one of `token` and `code` is needed.",
            Self::Token => "The member `token` is not a link token.",
            Self::CodeMissing => "The member `code` is empty.",
            Self::CodeMalformed => "A code has eight letters, like WDJB-MJHT.",
            Self::CodeWrong { .. } => "The code is not right.",
            Self::CodeUsedUp => "Too many wrong codes; ask for a new mail.",
            Self::LinkExpired => "The link has expired.",
            Self::LinkUsed => "The link was used.",
            Self::LinkReplaced => "A newer mail took the place of this link.",
            Self::LinkUnknown => "The link is not known here.",
            Self::AttemptOver => "This sign-in is over; begin a new one.",
            Self::NoAttempt | Self::NothingToResend => "This client has asked for no mail.",
        }
    }

    /// Members of its own.
    #[must_use]
    pub fn members(self) -> Map<String, Value> {
        let mut members = Map::new();
        if let Self::CodeWrong { tries_left } = self {
            members.insert("tries_left".into(), tries_left.into());
        }
        if let Self::Password(PasswordProblem::TooShort { least }) = self {
            members.insert("least".into(), least.into());
        }
        members
    }
}

const fn password_code(problem: PasswordProblem) -> &'static str {
    match problem {
        PasswordProblem::Missing => "password_missing",
        PasswordProblem::TooShort { .. } => "password_too_short",
        PasswordProblem::TooLong => "password_too_long",
        PasswordProblem::Guessable => "password_guessable",
    }
}

const fn password_detail(problem: PasswordProblem) -> &'static str {
    match problem {
        PasswordProblem::Missing => "The member `password` is empty.",
        PasswordProblem::TooShort { .. } => "The password has fewer characters than `least`.",
        PasswordProblem::TooLong => "The password has more than 256 characters.",
        PasswordProblem::Guessable => "The password is easy to guess.",
    }
}

/// As coarse as the messages at the field of the form.
const fn address_code(error: EmailError) -> &'static str {
    match error {
        EmailError::Empty => "address_missing",
        EmailError::Shape | EmailError::Dot | EmailError::Domain | EmailError::Blank => {
            "address_malformed"
        }
        EmailError::Several => "address_several",
        EmailError::TooLong => "address_too_long",
        EmailError::LocalCharacter
        | EmailError::LocalNotAscii
        | EmailError::IpAddress
        | EmailError::DisguisedDomain => "address_unsupported",
    }
}

const fn address_detail(error: EmailError) -> &'static str {
    match error {
        EmailError::Empty => "The member `email` is empty.",
        EmailError::Shape | EmailError::Dot | EmailError::Domain | EmailError::Blank => {
            "The member `email` is not like name@example.com."
        }
        EmailError::Several => "The member `email` has more than one address.",
        EmailError::TooLong => {
            "The address is too long: at most 64 characters before the @ and 254 in all."
        }
        EmailError::LocalCharacter
        | EmailError::LocalNotAscii
        | EmailError::IpAddress
        | EmailError::DisguisedDomain => "Addresses of this kind are not accepted.",
    }
}
