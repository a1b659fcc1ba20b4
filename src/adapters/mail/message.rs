//! The RFC 5322 message of a mail.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart};
use lettre::{Address, Message};

use super::dkim;
use super::known::Habits;
use crate::domain::dkim::DkimSigner;
use crate::domain::email::EmailAddress;
use crate::domain::letter;
use crate::ports::{MailError, OutgoingMail};

/// Builds messages and signs them: each with the keys whose domain is that of its sender, or above
/// it. Other signatures would be worth nothing to its receiver (DMARC). Clones share the keys.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    signers: Arc<[DkimSigner]>,
}

/// A message as it is handed over.
#[derive(Debug)]
pub(super) struct Composed {
    /// Who it is from, and whom it is for.
    pub(super) envelope: Envelope,
    /// All of it.
    pub(super) bytes: Vec<u8>,
}

impl Composer {
    /// Signs with these keys.
    #[must_use]
    pub fn new(signers: Vec<DkimSigner>) -> Self {
        Self { signers: signers.into() }
    }

    /// The message of a mail, signed, with what the relay wants to be told.
    ///
    /// # Errors
    /// [`MailError::Permanent`] as of [`message`], or when a key does not sign.
    pub(super) fn compose(
        &self,
        mail: &OutgoingMail,
        habits: &Habits,
    ) -> Result<Composed, MailError> {
        let mut message = message(mail)?;
        for (name, value) in habits.fields(mail.id) {
            message.headers_mut().insert_raw(raw(name, &value));
        }
        let domain = mail.sender.address.domain();
        let signers = self.signers.iter().filter(|signer| signer.domain.covers(domain));
        let bytes = dkim::signed(message.formatted(), signers, habits.rewritten());
        let bytes = bytes.map_err(permanent)?;
        Ok(Composed { envelope: message.envelope().clone(), bytes })
    }
}

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
    let parts = MultiPart::alternative_plain_html(body(&mail.text), body(&mail.html));
    let mut message = builder.multipart(parts).map_err(permanent)?;
    for (name, value) in QUIET {
        message.headers_mut().insert_raw(raw(name, value));
    }
    Ok(message)
}

/// A part, encoded as lettre chooses. Bytes are not searched for line ends once more, as text is; but of
/// bytes beyond ASCII it makes base64, which filters like less.
fn body(text: &str) -> Body {
    let text = with_crlf(text);
    if text.is_ascii() { Body::new(text.into_bytes()) } else { Body::new(text) }
}

/// Ends each line with CRLF. lettre would do so, but makes room for one CR after the other and moves all
/// that follows each time.
fn with_crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        let words = line.trim_end_matches(['\r', '\n']);
        out.push_str(words);
        if words.len() < line.len() {
            out.push_str("\r\n");
        }
    }
    out
}

/// Who a mail is from, as text: `"Example sign-in" <login@example.com>`.
///
/// # Errors
/// [`MailError::Permanent`] as of [`message`].
pub(super) fn sender(mail: &OutgoingMail) -> Result<String, MailError> {
    let sender = &mail.sender;
    Ok(mailbox(sender.name.clone(), &sender.address)?.to_string())
}

/// The fields of ours besides those that every mail has: they keep automata quiet (RFC 3834).
pub(super) const QUIET: [(&str, &str); 2] =
    [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")];

/// The Message-ID on the From domain; a repeated hand-over repeats it.
#[must_use]
pub fn message_id(mail: &OutgoingMail) -> String {
    format!("<{}@{}>", mail.id.to_hex(), mail.sender.address.domain())
}

pub(super) fn mailbox(name: Option<String>, address: &EmailAddress) -> Result<Mailbox, MailError> {
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

pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|sign| !letter::breaks_line(*sign)).collect()
}

pub(super) fn permanent(error: impl std::error::Error) -> MailError {
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

    #[test]
    fn parts_are_plain_where_they_can_be_and_quoted_where_not() {
        let long = "x".repeat(200);
        for (text, encoding) in [
            ("short\nlines", "7bit"),
            (long.as_str(), "quoted-printable"),
            ("für alle, die hier lesen und schreiben", "quoted-printable"),
        ] {
            let text = OutgoingMail { text: text.into(), html: String::new(), ..mail() };
            let message = String::from_utf8(message(&text).unwrap().formatted()).unwrap();
            let first = message.split("Content-Transfer-Encoding: ").nth(1).unwrap();
            assert!(first.starts_with(encoding), "{message}");
        }
    }
}
