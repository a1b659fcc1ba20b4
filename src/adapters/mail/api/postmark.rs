//! Postmark: `POST /email`.
//!
//! <https://postmarkapp.com/developer/api/email-api>, errors:
//! <https://postmarkapp.com/developer/api/overview#error-codes>.

use http::HeaderName;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Api, Class, Verdict, credential, json as json_of, json_ask};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::METADATA;
use crate::adapters::mail::message::{QUIET, message_id, one_line, sender};
use crate::ports::{MailError, OutgoingMail};

/// Postmark.
pub struct Postmark {
    /// The server token.
    pub token: Zeroizing<String>,
    /// The message stream; one for transactional mail.
    pub stream: String,
}

impl Api for Postmark {
    fn name(&self) -> &'static str {
        "postmark"
    }

    fn ask(&self, mail: &OutgoingMail, _: &Endpoint) -> Result<Ask, MailError> {
        // Without KeepID it puts its own Message-ID in place of ours.
        let own = [("Message-ID", message_id(mail)), ("X-PM-KeepID", "true".into())];
        let quiet = QUIET.map(|(name, value)| (name, value.to_owned()));
        let headers: Vec<Value> = own
            .into_iter()
            .chain(quiet)
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect();
        let mut body = json!({
            "From": sender(mail)?,
            "To": mail.to.spelling(),
            "Subject": one_line(&mail.subject),
            "TextBody": mail.text,
            "HtmlBody": mail.html,
            "Headers": headers,
            "Metadata": { METADATA: mail.id.to_hex() },
            "TrackOpens": false,
            "TrackLinks": "None",
            "MessageStream": self.stream,
        });
        if let Some(reply_to) = &mail.sender.reply_to {
            body["ReplyTo"] = reply_to.spelling().into();
        }
        let name = HeaderName::from_static("x-postmark-server-token");
        Ok(json_ask("/email", &body, vec![credential(name, &self.token)?]))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/Message").named_at(answer, "/MessageID");
        let code = json_of(answer).pointer("/ErrorCode").and_then(Value::as_u64);
        verdict.class = match (verdict.class, code) {
            // 200 with an error of its own.
            (Class::Taken, Some(1..)) => Class::Refused,
            // Maintenance, and limits.
            (Class::Refused, Some(100 | 429)) => Class::Passing,
            // Token, unknown or unconfirmed sender, no credit, account pending or closed, and the
            // numbers of senders, domains and streams.
            (Class::Refused, Some(10 | 400 | 401 | 405 | 412 | 413 | 500..=599 | 1200..=1299)) => {
                Class::Account
            }
            (class, _) => class,
        };
        verdict
    }
}
