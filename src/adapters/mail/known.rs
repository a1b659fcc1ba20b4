//! Relays that are known by their names, and what they want to be told.

use crate::ports::MailId;

/// What a relay does with mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habits {
    /// Nothing that is known.
    Plain,
    Postmark,
    Mailgun,
    Mandrill,
    SendGrid,
    Ses,
    /// The same, told by its API.
    SesApi,
    Brevo,
    Resend,
}

impl Habits {
    /// Those of the relay with this name.
    pub(super) fn of(relay: &str) -> Self {
        const KNOWN: [(&str, Habits); 8] = [
            ("postmarkapp.com", Habits::Postmark),
            ("mailgun.org", Habits::Mailgun),
            ("mandrillapp.com", Habits::Mandrill),
            ("sendgrid.net", Habits::SendGrid),
            ("amazonaws.com", Habits::Ses),
            ("brevo.com", Habits::Brevo),
            ("sendinblue.com", Habits::Brevo),
            ("resend.com", Habits::Resend),
        ];
        let relay = relay.to_ascii_lowercase();
        let is_of = |domain: &str| {
            relay.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        KNOWN.into_iter().find(|(domain, _)| is_of(domain)).map_or(Self::Plain, |(_, it)| it)
    }

    /// What is told in fields of the mail; the relay takes them off.
    ///
    /// Many rewrite links by default, so that a sign-in link leads through a third party, is written
    /// to its log, and may not lead back: they are told not to, where that can be told. And each is
    /// given the identity of the mail, for its reports.
    pub(super) fn fields(self, id: MailId) -> Vec<(&'static str, String)> {
        let id = id.to_hex();
        let metadata = format!("{{\"{METADATA}\":\"{id}\"}}");
        let none: fn(&str) -> String = str::to_owned;
        match self {
            Self::Plain | Self::SesApi => Vec::new(),
            Self::Postmark => vec![
                ("X-PM-TrackLinks", none("None")),
                ("X-PM-TrackOpens", none("false")),
                ("X-PM-KeepID", none("true")),
                ("X-PM-Metadata-linkgate_mail", id),
            ],
            Self::Mailgun => {
                vec![("X-Mailgun-Track", none("no")), ("X-Mailgun-Variables", metadata)]
            }
            Self::Mandrill => vec![("X-MC-Track", none("none")), ("X-MC-Metadata", metadata)],
            Self::SendGrid => vec![(
                "X-SMTPAPI",
                format!(
                    "{{\"filters\":{{\"clicktrack\":{{\"settings\":{{\"enable\":0}}}}, \
                     \"opentrack\":{{\"settings\":{{\"enable\":0}}}}}}, \
                     \"unique_args\":{metadata}}}"
                ),
            )],
            Self::Ses => vec![("X-SES-MESSAGE-TAGS", format!("{METADATA}={id}"))],
            Self::Brevo => vec![("X-Mailin-custom", metadata)],
            Self::Resend => vec![("Resend-Idempotency-Key", id)],
        }
    }

    /// The fields that it puts its own in place of.
    pub(super) fn rewritten(self) -> &'static [&'static str] {
        match self {
            Self::Ses | Self::SesApi => &["Message-ID", "Date"],
            Self::Plain
            | Self::Postmark
            | Self::Mailgun
            | Self::Mandrill
            | Self::SendGrid
            | Self::Brevo
            | Self::Resend => &[],
        }
    }
}

/// What the identity of a mail is called in what providers keep for us.
pub(super) const METADATA: &str = "linkgate_mail";

#[cfg(test)]
mod tests {
    use mailparse::MailHeaderMap;

    use super::super::message::Composer;
    use super::super::message::tests::mail;
    use super::*;

    #[test]
    fn relays_that_rewrite_links_are_told_not_to() {
        for (relay, expected) in [
            ("smtp.postmarkapp.com", "X-PM-TrackLinks"),
            ("SMTP.EU.MAILGUN.ORG", "X-Mailgun-Track"),
            ("smtp.mandrillapp.com", "X-MC-Track"),
            ("smtp.sendgrid.net", "X-SMTPAPI"),
            ("sendgrid.net", "X-SMTPAPI"),
            ("email-smtp.eu-central-1.amazonaws.com", "X-SES-MESSAGE-TAGS"),
            ("smtp-relay.brevo.com", "X-Mailin-custom"),
            ("smtp.resend.com", "Resend-Idempotency-Key"),
        ] {
            let habits = Habits::of(relay);
            let text = Composer::default().compose(&mail(), &habits).unwrap().bytes;
            let parsed = mailparse::parse_mail(&text).unwrap();
            let fields = habits.fields(mail().id);
            assert_eq!(fields[0].0, expected);
            for (name, value) in fields {
                assert_eq!(parsed.headers.get_first_value(name), Some(value));
            }
        }
        for relay in ["smtp.example.com", "notsendgrid.net", "sendgrid.net.example.com", ""] {
            assert_eq!(Habits::of(relay), Habits::Plain, "{relay}");
        }
    }
}
