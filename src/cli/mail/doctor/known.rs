//! Providers that many mails go through, and what they ask of the domain of a sender.

/// Whether links in mails are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tracking {
    /// By default, but we say for each mail that it must not be.
    SwitchedOff(&'static str),
    /// Only the provider's settings decide; this is where.
    Settings(&'static str),
    /// It is not done.
    None,
}

/// A provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Provider {
    /// What people call it.
    pub(super) name: &'static str,
    /// Its relays are below these, and its API goes by these names.
    hosts: &'static [&'static str],
    /// What it asks to be taken into the SPF record.
    pub(super) include: &'static str,
    /// It puts a return path of its own in place of ours, so that SPF is asked about that one.
    pub(super) owns_return_path: bool,
    /// Selectors that it usually signs with.
    pub(super) selectors: &'static [&'static str],
    /// What it does to links.
    pub(super) tracking: Tracking,
}

const PROVIDERS: &[Provider] = &[
    Provider {
        name: "Postmark",
        hosts: &["postmarkapp.com", "postmark"],
        include: "spf.mtasv.net",
        owns_return_path: true,
        selectors: &["pm"],
        tracking: Tracking::SwitchedOff("X-PM-TrackLinks: None"),
    },
    Provider {
        name: "Amazon SES",
        hosts: &["amazonaws.com", "ses"],
        include: "amazonses.com",
        owns_return_path: true,
        selectors: &[],
        tracking: Tracking::Settings("the configuration set: no event destination for clicks"),
    },
    Provider {
        name: "Mailgun",
        hosts: &["mailgun.org", "mailgun"],
        include: "mailgun.org",
        owns_return_path: true,
        selectors: &["mx", "k1", "mailo", "smtp", "pic"],
        tracking: Tracking::SwitchedOff("X-Mailgun-Track: no"),
    },
    Provider {
        name: "SendGrid",
        hosts: &["sendgrid.net", "sendgrid"],
        include: "sendgrid.net",
        owns_return_path: true,
        selectors: &["s1", "s2"],
        tracking: Tracking::SwitchedOff("X-SMTPAPI with clicktrack off"),
    },
    Provider {
        name: "Mandrill",
        hosts: &["mandrillapp.com"],
        include: "spf.mandrillapp.com",
        owns_return_path: true,
        selectors: &["mte1", "mte2", "mandrill"],
        tracking: Tracking::SwitchedOff("X-MC-Track: none"),
    },
    Provider {
        name: "Brevo",
        hosts: &["brevo.com", "sendinblue.com", "brevo"],
        include: "spf.brevo.com",
        owns_return_path: true,
        selectors: &["brevo1", "brevo2", "mail"],
        tracking: Tracking::Settings("Transactional, Settings, Configuration: tracking of clicks"),
    },
    Provider {
        name: "Resend",
        hosts: &["resend.com", "resend"],
        include: "amazonses.com",
        owns_return_path: true,
        selectors: &["resend"],
        tracking: Tracking::Settings("Domains, the domain, Configuration: click tracking"),
    },
    Provider {
        name: "Mailjet",
        hosts: &["mailjet.com"],
        include: "spf.mailjet.com",
        owns_return_path: true,
        selectors: &["mailjet"],
        tracking: Tracking::Settings("Account settings, Tracking: clicks"),
    },
    Provider {
        name: "SparkPost",
        hosts: &["sparkpostmail.com", "sparkpost.com"],
        include: "sparkpostmail.com",
        owns_return_path: true,
        selectors: &[],
        tracking: Tracking::Settings("Configuration, SMTP Relay: click tracking"),
    },
    Provider {
        name: "Google",
        hosts: &["gmail.com", "google.com", "googlemail.com"],
        include: "_spf.google.com",
        owns_return_path: false,
        selectors: &["google"],
        tracking: Tracking::None,
    },
    Provider {
        name: "Microsoft 365",
        hosts: &["office365.com", "outlook.com"],
        include: "spf.protection.outlook.com",
        owns_return_path: false,
        selectors: &["selector1", "selector2"],
        tracking: Tracking::None,
    },
    Provider {
        name: "Fastmail",
        hosts: &["fastmail.com", "messagingengine.com"],
        include: "spf.messagingengine.com",
        owns_return_path: false,
        selectors: &["fm1", "fm2", "fm3"],
        tracking: Tracking::None,
    },
];

impl Provider {
    /// Whose relay a host is, or whose API a name is.
    pub(super) fn of(host: &str) -> Option<&'static Self> {
        let host = host.to_ascii_lowercase();
        let is_of = |domain: &&str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        PROVIDERS.iter().find(|provider| provider.hosts.iter().any(is_of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_and_apis_are_known_by_their_names() {
        for (host, name) in [
            ("smtp.sendgrid.net", Some("SendGrid")),
            ("SMTP.EU.MAILGUN.ORG", Some("Mailgun")),
            ("email-smtp.eu-central-1.amazonaws.com", Some("Amazon SES")),
            ("ses", Some("Amazon SES")),
            ("smtp-relay.brevo.com", Some("Brevo")),
            ("example-com.mail.protection.outlook.com", Some("Microsoft 365")),
            ("mail.example.com", None),
            ("notsendgrid.net", None),
            ("localhost", None),
        ] {
            assert_eq!(Provider::of(host).map(|it| it.name), name, "{host}");
        }
    }
}
