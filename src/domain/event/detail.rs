//! The words of events. They are written as they stand here, in small letters, for ever.

use serde::{Deserialize, Serialize};

use super::Words;

/// What is known of a mail on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailNews {
    /// The mail.
    pub mail: Words,
    /// How often it was tried, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// How long after it was asked for, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<u64>,
    /// What the other side said, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// With what a mail was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedWith {
    /// The form, or the API.
    Form,
    /// "Send again" on the page that waits.
    Resend,
    /// "Send a fresh link" for one that is dead.
    FreshLink,
}

/// Why no mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedWhy {
    /// No rule lets this address in at the site, or it is suspended.
    NotAdmitted,
    /// Its owner said "I did not ask for this" to a mail that was asked for from the same network.
    HeldBack,
}

/// What was not done because a limit was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitedWhat {
    /// A mail was asked for.
    Mail,
    /// A password was tried.
    Password,
    /// Something was typed to confirm a link, to report a mail, or to choose a password.
    Typed,
}

/// How it was seen that a link was not fetched by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// It asked for the head only.
    Head,
    /// A browser fetched it ahead, and said so.
    Prefetch,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInWay {
    /// The link, in the browser that asked.
    OwnBrowser,
    /// The link, in another browser.
    OtherBrowser,
    /// The code.
    Code,
    /// A password.
    Password,
}

/// Why a link or code works no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneWhy {
    /// It was used.
    Used,
    /// Its time is over.
    Expired,
    /// A newer mail took its place.
    Replaced,
    /// It was reported, or the person may not enter any more.
    Ended,
    /// There is no such link.
    Unknown,
}

/// What an address was typed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedFor {
    /// To confirm a link in another browser.
    Link,
    /// To report a mail.
    Report,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedWhy {
    /// The person signed out.
    SignOut,
    /// The person ended it on the account page, or with the API.
    AccountPage,
    /// The same browser signed in again.
    Replaced,
    /// The person has another password, or none any more.
    Password,
    /// An operator ended it.
    Operator,
    /// The person was suspended.
    Suspended,
    /// The account was removed.
    Removed,
    /// "I did not ask for this."
    Reported,
}
