//! The ways of mail that a configuration names, as far as somebody else can look at them.

use super::super::installation::{StartError, relay};
use crate::adapters::mail::smtp::Relay;
use crate::config::{Config, MailTransport};

/// A way.
pub(super) struct Way {
    /// What it is called.
    pub(super) name: String,
    /// The relay that can be spoken with.
    pub(super) relay: Option<Relay>,
    /// The host of the relay, or the name of a provider whose API is used.
    pub(super) host: Option<String>,
    /// Mails stay on this machine.
    pub(super) stays: bool,
}

/// A signature that mails get here.
pub(super) struct Signer {
    /// Whose.
    pub(super) domain: String,
    /// With which key.
    pub(super) selector: String,
    /// What the DNS has to say, if the key is known here.
    pub(super) record: Option<String>,
}

/// The ways, in the order in which they are tried.
///
/// # Errors
/// [`StartError`] when a file of certificates cannot be read.
pub(super) fn ways(config: &Config) -> Result<Vec<Way>, StartError> {
    let way = match &config.mail.transport {
        MailTransport::Smtp(smtp) => Way {
            name: format!("{}:{}", smtp.host, smtp.port),
            relay: Some(relay(smtp)?),
            host: Some(smtp.host.clone()),
            stays: false,
        },
        MailTransport::Folder(_) => local("folder"),
        MailTransport::Inbox(_) => local("inbox"),
    };
    Ok(vec![way])
}

fn local(name: &str) -> Way {
    Way { name: name.to_owned(), relay: None, host: None, stays: true }
}

/// The signatures that mails get here.
pub(super) fn signers(_config: &Config) -> Vec<Signer> {
    Vec::new()
}
