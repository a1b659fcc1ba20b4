//! Who tells.

use super::{LARGEST, LARGEST_UNPROVED, Proofs};

/// A provider whose messages can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Postmark,
    Ses,
    Mailgun,
    Sendgrid,
    Resend,
    Brevo,
}

impl Provider {
    const ALL: [Self; 6] =
        [Self::Postmark, Self::Ses, Self::Mailgun, Self::Sendgrid, Self::Resend, Self::Brevo];

    /// The one with this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The name in paths, logs and marks in the store.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Postmark => "postmark",
            Self::Ses => "ses",
            Self::Mailgun => "mailgun",
            Self::Sendgrid => "sendgrid",
            Self::Resend => "resend",
            Self::Brevo => "brevo",
        }
    }

    /// Bytes of its largest message.
    pub(super) const fn largest(self) -> usize {
        match self {
            Self::Ses | Self::Mailgun => LARGEST_UNPROVED,
            Self::Postmark | Self::Sendgrid | Self::Resend | Self::Brevo => LARGEST,
        }
    }
}

impl Proofs {
    /// Whether it is said how this one shows that a message is its own.
    pub(super) fn has(&self, provider: Provider) -> bool {
        match provider {
            Provider::Postmark => self.postmark.is_some(),
            Provider::Ses => self.ses.is_some(),
            Provider::Mailgun => self.mailgun.is_some(),
            Provider::Sendgrid => self.sendgrid.is_some(),
            Provider::Resend => self.resend.is_some(),
            Provider::Brevo => self.brevo.is_some(),
        }
    }
}
