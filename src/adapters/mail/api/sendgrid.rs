//! Twilio SendGrid: `POST /v3/mail/send`.
//!
//! <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>. The answer is empty, and
//! its name for the mail is in a header.

use serde_json::{Map, json};
use zeroize::Zeroizing;

use super::{Api, Verdict, bearer, json_ask};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::METADATA;
use crate::adapters::mail::message::{QUIET, message_id, one_line};
use crate::ports::{MailError, OutgoingMail};

/// SendGrid.
pub struct SendGrid {
    /// An API key that may send.
    pub token: Zeroizing<String>,
}

impl Api for SendGrid {
    fn name(&self) -> &'static str {
        "sendgrid"
    }

    fn ask(&self, mail: &OutgoingMail, _: &Endpoint) -> Result<Ask, MailError> {
        let mut headers: Map<_, _> =
            QUIET.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        headers.insert("Message-ID".into(), message_id(mail).into());
        let mut from = json!({ "email": mail.sender.address.spelling() });
        if let Some(name) = &mail.sender.name {
            from["name"] = one_line(name).into();
        }
        let off = json!({ "enable": false });
        let mut body = json!({
            "personalizations": [{
                "to": [{ "email": mail.to.spelling() }],
                "custom_args": { METADATA: mail.id.to_hex() },
            }],
            "from": from,
            "subject": one_line(&mail.subject),
            "content": [
                { "type": "text/plain", "value": mail.text },
                { "type": "text/html", "value": mail.html },
            ],
            "headers": headers,
            "tracking_settings": {
                "click_tracking": { "enable": false, "enable_text": false },
                "open_tracking": off,
                "subscription_tracking": off,
                "ganalytics": off,
            },
        });
        if let Some(reply_to) = &mail.sender.reply_to {
            body["reply_to"] = json!({ "email": reply_to.spelling() });
        }
        Ok(json_ask("/v3/mail/send", &body, vec![bearer(&self.token)?]))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/errors/0/message");
        let id = answer.headers.get("x-message-id").and_then(|id| id.to_str().ok());
        verdict.reference = id.map(str::to_owned);
        verdict
    }
}
