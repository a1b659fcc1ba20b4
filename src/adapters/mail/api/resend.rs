//! Resend: `POST /emails`.
//!
//! <https://resend.com/docs/api-reference/emails/send-email>, errors:
//! <https://resend.com/docs/api-reference/errors>. Click tracking is a setting of the domain there.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Api, Class, Verdict, bearer, json as json_of, json_ask};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::METADATA;
use crate::adapters::mail::message::{QUIET, one_line, sender};
use crate::ports::{MailError, OutgoingMail};

/// Resend.
pub struct Resend {
    /// An API key that may send.
    pub token: Zeroizing<String>,
}

impl Api for Resend {
    fn name(&self) -> &'static str {
        "resend"
    }

    fn ask(&self, mail: &OutgoingMail, _: &Endpoint) -> Result<Ask, MailError> {
        let id = mail.id.to_hex();
        let headers: serde_json::Map<_, _> =
            QUIET.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut body = json!({
            "from": sender(mail)?,
            "to": [mail.to.spelling()],
            "subject": one_line(&mail.subject),
            "text": mail.text,
            "html": mail.html,
            "headers": headers,
            "tags": [{ "name": METADATA, "value": id }],
        });
        if let Some(reply_to) = &mail.sender.reply_to {
            body["reply_to"] = reply_to.spelling().into();
        }
        // Its own Message-ID stands in place of ours; this keeps a repeated hand-over from being a
        // second mail.
        let key =
            HeaderValue::from_str(&id).map_err(|_| MailError::Permanent("identity".into()))?;
        let key = (HeaderName::from_static("idempotency-key"), key);
        Ok(json_ask("/emails", &body, vec![bearer(&self.token)?, key]))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/message").named_at(answer, "/id");
        let json = json_of(answer);
        let name = json.pointer("/name").and_then(Value::as_str).unwrap_or_default();
        verdict.class = match (verdict.class, name) {
            // The key was used for a mail that has been taken; its answer was lost on the way.
            (Class::Passing, "invalid_idempotent_request") => Class::Taken,
            (Class::Refused, "invalid_from_address" | "missing_api_key" | "invalid_api_key") => {
                Class::Account
            }
            (Class::Refused, _) if verdict.words.contains("API key") => Class::Account,
            (class, _) => class,
        };
        verdict
    }
}
