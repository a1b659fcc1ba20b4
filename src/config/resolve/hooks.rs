//! How mail providers tell what became of mails.

use super::addresses::{Addresses, socket_address};
use super::{certificates, secrets};
use crate::config::file::{HooksFile, Map};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::Scope;
use crate::config::secret_source::SecretSource;
use crate::config::settings::{HooksConfig, Password};

/// Fewest characters of what shows that a message is the provider's own.
const SHORTEST_SECRET: usize = 16;

/// `mail.hooks`
pub(super) fn hooks(
    parent: &Scope<'_>,
    file: Option<&Map<HooksFile>>,
    addresses: &Addresses,
) -> Option<HooksConfig> {
    let Located { value: file, at } = file?;
    let scope = parent.key("hooks", *at);
    let listen = scope.optional("listen", file.listen.as_ref(), socket_address);
    if let (Some(address), Some(text)) = (listen, &file.listen) {
        addresses.take(&scope.key("listen", text.at), address);
    }
    let postmark = file.postmark.as_ref().and_then(|it| {
        let scope = scope.key("postmark", it.at);
        let hint = "name a user, and put it and the password in the address that Postmark is given";
        let username = scope.required("username", it.value.username.as_ref(), hint, username);
        let password = secret(&scope, "password", it.value.password.as_ref());
        Some((username?, password?))
    });
    let ses = file.ses.as_ref().and_then(|it| {
        let scope = scope.key("ses", it.at);
        let hint = "name the topic: arn:aws:sns:eu-central-1:123456789012:mail";
        let topic = scope.required("topic", it.value.topic.as_ref(), hint, visible);
        let certificate =
            certificates::signer(&scope, "certificate", it.value.certificate.as_ref());
        if it.value.certificate.is_none() {
            scope.missing(
                "certificate",
                "name the file of the SigningCertURL in a message of the topic",
            );
        }
        Some((topic?, certificate?))
    });
    let mailgun = file.mailgun.as_ref().and_then(|it| {
        secret(&scope.key("mailgun", it.at), "signing_key", it.value.signing_key.as_ref())
    });
    let sendgrid = file.sendgrid.as_ref().and_then(|it| {
        let hint = "copy the verification key of the signed event webhook";
        let scope = scope.key("sendgrid", it.at);
        scope.required("public_key", it.value.public_key.as_ref(), hint, visible)
    });
    let resend = file
        .resend
        .as_ref()
        .and_then(|it| secret(&scope.key("resend", it.at), "secret", it.value.secret.as_ref()));
    let brevo = file
        .brevo
        .as_ref()
        .and_then(|it| secret(&scope.key("brevo", it.at), "token", it.value.token.as_ref()));
    Some(HooksConfig { listen, postmark, ses, mailgun, sendgrid, resend, brevo })
}

fn secret(
    scope: &Scope<'_>,
    key: &str,
    source: Option<&Located<SecretSource>>,
) -> Option<Password> {
    let Some(source) = source else {
        scope.missing(key, "write { env: NAME } or { file: PATH }");
        return None;
    };
    let scope = scope.key(key, source.at);
    let secret = secrets::text(&scope, &source.value)?;
    if secret.expose().len() < SHORTEST_SECRET {
        scope.report(
            Fault::new("leads to a secret that is short enough to be guessed").hint(
                "it needs 16 characters and more: `openssl rand -base64 24` prints a good one",
            ),
        );
        return None;
    }
    Some(secret)
}

fn visible(text: &str) -> Result<String, Fault> {
    if text.is_empty() || !text.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(Fault::new("must be one word of visible letters"));
    }
    Ok(text.to_owned())
}

fn username(text: &str) -> Result<String, Fault> {
    match visible(text) {
        Ok(name) if !name.contains(':') => Ok(name),
        _ => Err(Fault::new("must be a user name without a colon")),
    }
}
