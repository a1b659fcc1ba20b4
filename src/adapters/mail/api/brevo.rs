//! Brevo: `POST /v3/smtp/email`.
//!
//! <https://developers.brevo.com/reference/sendtransacemail>. Click tracking is a setting of the account
//! there.

use http::HeaderName;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Api, Class, Verdict, credential, json as json_of, json_ask};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::METADATA;
use crate::adapters::mail::message::{QUIET, one_line};
use crate::ports::{MailError, OutgoingMail};

/// Brevo.
pub struct Brevo {
    /// An API key.
    pub token: Zeroizing<String>,
}

impl Api for Brevo {
    fn name(&self) -> &'static str {
        "brevo"
    }

    fn ask(&self, mail: &OutgoingMail, _: &Endpoint) -> Result<Ask, MailError> {
        let id = mail.id.to_hex();
        let mut headers: Map<_, _> =
            QUIET.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        headers.insert("X-Mailin-custom".into(), json!({ METADATA: id }).to_string().into());
        headers.insert("idempotencyKey".into(), as_uuid(&id).into());
        let mut sender = json!({ "email": mail.sender.address.spelling() });
        if let Some(name) = &mail.sender.name {
            sender["name"] = one_line(name).into();
        }
        let mut body = json!({
            "sender": sender,
            "to": [{ "email": mail.to.spelling() }],
            "subject": one_line(&mail.subject),
            "textContent": mail.text,
            "htmlContent": mail.html,
            "headers": headers,
        });
        if let Some(reply_to) = &mail.sender.reply_to {
            body["replyTo"] = json!({ "email": reply_to.spelling() });
        }
        let key = credential(HeaderName::from_static("api-key"), &self.token)?;
        Ok(json_ask("/v3/smtp/email", &body, vec![key]))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/message").named_at(answer, "/messageId");
        let json = json_of(answer);
        let code = json.pointer("/code").and_then(Value::as_str).unwrap_or_default();
        let words = verdict.words.to_ascii_lowercase();
        verdict.class = match (verdict.class, code) {
            (Class::Taken, _) => Class::Taken,
            // The key was used for a mail that has been taken; its answer was lost on the way. The key is
            // all in a request of ours that can be a duplicate
            // (<https://developers.brevo.com/docs/heterogenous-versions-batch-emails>).
            (_, "duplicate_parameter") => Class::Taken,
            // Something else about the key: nothing says that there was such a mail.
            (Class::Refused, _) if words.contains("idempotency") => Class::Passing,
            (
                _,
                "unauthorized"
                | "permission_denied"
                | "account_under_validation"
                | "not_enough_credits",
            ) => Class::Account,
            // "Sending has been rejected because the sender you used … is not valid."
            (Class::Refused, _) if words.contains("the sender") => Class::Account,
            (class, _) => class,
        };
        verdict
    }
}

/// 32 hexadecimal digits with the dashes of a UUID, which is the form that the key must have.
fn as_uuid(hex: &str) -> String {
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
