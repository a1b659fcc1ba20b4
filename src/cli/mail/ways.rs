//! The ways of mail that a configuration names, as far as somebody else can look at them.

use super::super::installation::StartError;
use super::super::mailers::relay;
use crate::adapters::mail::smtp::Relay;
use crate::config::{Config, MailTransport};
use crate::domain::dkim::DkimSigner;

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
    config.mail.relays.iter().map(way).collect()
}

fn way(relay: &MailTransport) -> Result<Way, StartError> {
    Ok(match relay {
        MailTransport::Smtp(smtp) => Way {
            name: format!("{}:{}", smtp.host, smtp.port),
            relay: Some(self::relay(smtp)?),
            host: Some(smtp.host.clone()),
            stays: false,
        },
        MailTransport::Api(api) => {
            let name = api.provider.name();
            Way { name: name.into(), relay: None, host: Some(name.into()), stays: false }
        }
        // Where it hands mails on to is its own business.
        MailTransport::Sendmail(_) => {
            Way { name: "sendmail".into(), relay: None, host: None, stays: false }
        }
        MailTransport::Folder(_) => local("folder"),
        MailTransport::Inbox(_) => local("inbox"),
    })
}

fn local(name: &str) -> Way {
    Way { name: name.to_owned(), relay: None, host: None, stays: true }
}

/// The signatures that mails get here.
pub(super) fn signers(config: &Config) -> Vec<Signer> {
    let signer = |signer: &DkimSigner| Signer {
        domain: signer.domain.as_str().to_owned(),
        selector: signer.selector.as_str().to_owned(),
        record: Some(signer.key.record()),
    };
    config.mail.dkim.iter().map(signer).collect()
}
