//! Who mails are from.

use std::fmt;

use super::email::EmailAddress;

/// Who mails are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name people see, if any.
    pub name: Option<String>,
    /// The address; its domain is that of every Message-ID.
    pub address: EmailAddress,
    /// Where answers go, if somebody reads them.
    pub reply_to: Option<EmailAddress>,
}

/// As mail programs show it: `Example sign-in <login@example.com>`.
impl fmt::Display for Sender {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(out, "{name} <{}>", self.address),
            None => write!(out, "{}", self.address),
        }
    }
}
