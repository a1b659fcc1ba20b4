//! The texts that the samples are made of.

use super::NOW;
use crate::portal::pages::{Reference, Site};

/// Markup, quotes of both kinds and an entity.
#[cfg(test)]
pub(crate) const NASTY: &str = "\"'><b></title><script>alert(1)</script>&amp;";

/// Every text that a sample shows.
pub(super) struct Words<'a> {
    pub(super) site: Site<'a>,
    pub(super) email: &'a str,
    pub(super) masked: &'a str,
    pub(super) sender: &'a str,
    pub(super) subject: &'a str,
    pub(super) mail_text: &'a str,
    pub(super) destination: &'a str,
    pub(super) return_to: &'a str,
    pub(super) browser: &'a str,
    pub(super) network: &'a str,
    pub(super) token: &'a str,
    pub(super) reference: Reference<'a>,
    pub(super) mistyped: &'a str,
    /// Nothing, half an address, two, one that cannot be used, one that is too long.
    pub(super) typed: [&'a str; 5],
}

/// Ordinary values.
pub(super) const ORDINARY: Words<'static> = Words {
    site: Site { name: "Staging", host: "staging.example.com", has_passwords: false },
    email: "alice@example.com",
    masked: "a***@example.com",
    sender: "Staging Sign-in <auth@mail.example.com>",
    subject: "Sign in to staging.example.com (14:03 UTC)",
    mail_text: "Sign in to staging.example.com",
    destination: "staging.example.com/reports/42?tab=x",
    return_to: "/reports/42?tab=x&y=1",
    browser: "Firefox on Windows",
    network: "203.0.113.0/24",
    token: "Zm9vYmFy",
    reference: Reference { id: "7f3a-91c2", at: NOW },
    mistyped: "alice@exmaple.com",
    typed: [
        "",
        "alice@example",
        "alice@example.com, bob@example.com",
        "\"alice smith\"@example.com",
        "alice-and-everybody-else-who-lives-in-wonderland-or-behind-the-mirror@example.com",
    ],
};

/// Hostile values in every text.
#[cfg(test)]
pub(super) const HOSTILE: Words<'static> = Words {
    site: Site { name: NASTY, host: NASTY, has_passwords: false },
    email: NASTY,
    masked: NASTY,
    sender: NASTY,
    subject: NASTY,
    mail_text: NASTY,
    destination: NASTY,
    return_to: NASTY,
    browser: NASTY,
    network: NASTY,
    token: NASTY,
    reference: Reference { id: NASTY, at: NOW },
    mistyped: NASTY,
    typed: [NASTY; 5],
};
