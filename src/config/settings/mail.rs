//! How mail leaves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Password;
use crate::domain::dkim::{DkimSigner, MailDomain};
use crate::domain::email::EmailAddress;

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailConfig {
    /// The sender.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
    /// The ways, in the order in which they are tried; at least one.
    pub relays: Vec<MailTransport>,
    /// Who signs the mails.
    pub dkim: Vec<DkimSigner>,
    /// How long it is known what became of a mail.
    pub history: Duration,
    /// How providers tell what became of mails, where they do.
    pub hooks: Option<HooksConfig>,
}

/// How providers tell what became of mails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HooksConfig {
    /// Where; on the admin listener where nothing is said.
    pub listen: Option<SocketAddr>,
    /// The user name and password that Postmark shows.
    pub postmark: Option<(String, Password)>,
    /// The topic of SNS that SES tells, and the certificate (PEM) that its messages are signed with.
    pub ses: Option<(String, PathBuf)>,
    /// The key that Mailgun signs with.
    pub mailgun: Option<Password>,
    /// The public half of the key that SendGrid signs with.
    pub sendgrid: Option<String>,
    /// The key that Resend signs with.
    pub resend: Option<Password>,
    /// The token that Brevo shows.
    pub brevo: Option<Password>,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; may be empty.
    pub name: String,
    /// The address.
    pub address: EmailAddress,
}

/// The way mail leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTransport {
    /// To a relay.
    Smtp(SmtpConfig),
    /// To a program.
    Sendmail(SendmailConfig),
    /// To the HTTP API of a provider.
    Api(ApiConfig),
    /// As `.eml` files in a folder.
    Folder(PathBuf),
    /// To a page on this machine that shows them (development).
    Inbox(SocketAddr),
}

/// The relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpConfig {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// TLS.
    pub tls: SmtpTls,
    /// User name and password.
    pub login: Option<(String, Password)>,
    /// The CAs (PEM) to believe instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one step of the conversation may take.
    pub timeout: Duration,
}

/// How the conversation with the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// `STARTTLS`, which must succeed (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Not at all.
    Plaintext,
}

impl SmtpTls {
    /// The usual port.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::Plaintext => 25,
        }
    }
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendmailConfig {
    /// Where it is.
    pub path: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
    /// How long it may take for a mail.
    pub timeout: Duration,
}

/// A provider's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiConfig {
    /// Whose, and what it must be told.
    pub provider: ApiProvider,
    /// Where it is: `https`, or `http` on this machine.
    pub endpoint: Url,
    /// The CAs (PEM) to believe instead of the system's.
    pub ca: Option<PathBuf>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiProvider {
    /// Postmark.
    Postmark {
        /// The server token.
        token: Password,
        /// The message stream.
        stream: String,
    },
    /// Amazon SES.
    Ses {
        /// The region.
        region: String,
        /// The identifier of the access key.
        access_key: String,
        /// Its secret.
        secret: Password,
        /// The configuration set.
        configuration_set: Option<String>,
    },
    /// Mailgun.
    Mailgun {
        /// The sending domain.
        domain: MailDomain,
        /// The key.
        token: Password,
    },
    /// SendGrid.
    SendGrid {
        /// The key.
        token: Password,
    },
    /// Resend.
    Resend {
        /// The key.
        token: Password,
    },
    /// Brevo.
    Brevo {
        /// The key.
        token: Password,
    },
}

impl ApiProvider {
    /// Its key in the file.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Postmark { .. } => "postmark",
            Self::Ses { .. } => "ses",
            Self::Mailgun { .. } => "mailgun",
            Self::SendGrid { .. } => "sendgrid",
            Self::Resend { .. } => "resend",
            Self::Brevo { .. } => "brevo",
        }
    }
}

impl MailTransport {
    /// What it is called in logs: the host of a relay, the key of anything else.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Smtp(smtp) => &smtp.host,
            Self::Sendmail(_) => "sendmail",
            Self::Api(api) => api.provider.name(),
            Self::Folder(_) => "folder",
            Self::Inbox(_) => "inbox",
        }
    }
}
