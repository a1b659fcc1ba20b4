//! The RFC 5322 message of a mail.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::domain::email::EmailAddress;
use crate::ports::{MailError, OutgoingMail};

/// Builds the message: `multipart/alternative`, text first, and the headers that keep automata
/// quiet (RFC 3834). lettre encodes both parts and ends their lines with CRLF, so a bare LF in a
/// template cannot reach the relay (RUSTSEC-2026-0561).
///
/// # Errors
/// [`MailError::Permanent`] when the parts do not make a message; trying again would not help.
pub fn message(mail: &OutgoingMail) -> Result<Message, MailError> {
    let sender = &mail.sender;
    let mut builder = Message::builder()
        .from(mailbox(sender.name.clone(), &sender.address)?)
        .to(mailbox(None, &mail.to)?)
        .subject(one_line(&mail.subject))
        .date(UNIX_EPOCH + Duration::from_millis(mail.date.0))
        .message_id(Some(message_id(mail)));
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to)?);
    }
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let mut message = builder.multipart(parts).map_err(permanent)?;
    message.headers_mut().insert_raw(raw("Auto-Submitted", "auto-generated"));
    message.headers_mut().insert_raw(raw("X-Auto-Response-Suppress", "All"));
    Ok(message)
}

/// The Message-ID on the From domain; a repeated hand-over repeats it.
#[must_use]
pub fn message_id(mail: &OutgoingMail) -> String {
    format!("<{}@{}>", mail.id.to_hex(), mail.sender.address.domain())
}

fn mailbox(name: Option<String>, address: &EmailAddress) -> Result<Mailbox, MailError> {
    // Our own parser is the stricter one; lettre's takes everything that ours does.
    let address = Address::new(spelled_local(address), address.domain()).map_err(permanent)?;
    Ok(Mailbox::new(name.map(|name| one_line(&name)), address))
}

fn spelled_local(address: &EmailAddress) -> &str {
    address.spelling().rsplit_once('@').map_or(address.local(), |(local, _)| local)
}

pub(super) fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

fn permanent(error: impl std::error::Error) -> MailError {
    MailError::Permanent(error.to_string())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::sender::Sender;
    use crate::domain::time::UnixMillis;
    use crate::ports::MailId;

    fn sender() -> Sender {
        Sender {
            name: Some("Gate".into()),
            address: EmailAddress::parse("login@example.com").unwrap(),
            reply_to: None,
        }
    }

    pub(crate) fn mail() -> OutgoingMail {
        OutgoingMail {
            id: MailId([0xab; 16]),
            sender: Arc::new(sender()),
            to: EmailAddress::parse("Ann@example.com").unwrap(),
            subject: "Sign in\r\nBcc: evil@evil.example".into(),
            text: "one\ntwo\n.\nthree".into(),
            html: "<p>one</p>".into(),
            date: UnixMillis(1_700_000_000_000),
        }
    }

    #[test]
    fn has_its_headers_two_parts_and_one_recipient() {
        let message = message(&mail()).unwrap();
        assert_eq!(message.envelope().to().len(), 1);
        assert_eq!(message.envelope().to()[0].to_string(), "Ann@example.com");
        let text = String::from_utf8(message.formatted()).unwrap();
        let parsed = mailparse::parse_mail(text.as_bytes()).unwrap();
        let header = |name: &str| {
            use mailparse::MailHeaderMap;
            parsed.headers.get_first_value(name)
        };
        assert_eq!(header("From").as_deref(), Some("Gate <login@example.com>"));
        assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(
            header("Message-ID").as_deref(),
            Some("<abababababababababababababababab@example.com>")
        );
        assert_eq!(header("Subject").as_deref(), Some("Sign inBcc: evil@evil.example"));
        assert_eq!(header("Bcc"), None);
        assert_eq!(parsed.subparts.len(), 2);
        assert_eq!(parsed.subparts[0].ctype.mimetype, "text/plain");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "every line ends with CRLF");
    }
}
