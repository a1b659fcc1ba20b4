//! Amazon SES: `POST /v2/email/outbound-emails` of the API v2, with the whole message, so that it is
//! the one that we have built and signed.
//!
//! <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>. SES puts a Message-ID
//! and a Date of its own into the message, and says that neither may be signed. Click tracking is a
//! setting of the configuration set there.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub use super::sigv4::Credentials;
use super::sigv4::Signing;
use super::{Api, Class, Verdict, json as json_of, json_ask};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::{Habits, METADATA};
use crate::adapters::mail::message::Composer;
use crate::ports::{Clock, MailError, OutgoingMail};

const PATH: &str = "/v2/email/outbound-emails";

/// Amazon SES.
pub struct Ses {
    /// Who asks.
    pub credentials: Credentials,
    /// The region, such as `eu-central-1`.
    pub region: String,
    /// The configuration set, if there is one to be used.
    pub configuration_set: Option<String>,
    /// Builds and signs the messages.
    pub composer: Composer,
    /// A request is signed with its time.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Ses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ses({}, ..)", self.region)
    }
}

impl Api for Ses {
    fn name(&self) -> &'static str {
        "ses"
    }

    fn ask(&self, mail: &OutgoingMail, endpoint: &Endpoint) -> Result<Ask, MailError> {
        let composed = self.composer.compose(mail, &Habits::SesApi)?;
        let mut body = json!({
            "FromEmailAddress": mail.sender.address.spelling(),
            "Destination": { "ToAddresses": [mail.to.spelling()] },
            "Content": { "Raw": { "Data": STANDARD.encode(&composed.bytes) } },
            "EmailTags": [{ "Name": METADATA, "Value": mail.id.to_hex() }],
        });
        if let Some(set) = &self.configuration_set {
            body["ConfigurationSetName"] = set.as_str().into();
        }
        let mut ask = json_ask(PATH, &body, vec![]);
        let signing = Signing { region: &self.region, service: "ses", at: self.clock.now() };
        let (host, path) = (endpoint.authority(), endpoint.path(PATH));
        let kind = "application/json";
        let signed = signing.headers(&self.credentials, host, &path, kind, &ask.body)?;
        ask.headers.extend(signed);
        Ok(ask)
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/message").named_at(answer, "/MessageId");
        let json = json_of(answer);
        let header = answer.headers.get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
        let kind = header.or_else(|| json.pointer("/__type").and_then(Value::as_str));
        // `MessageRejected:http://…` and `com.amazonaws…#MessageRejected` are both used.
        let kind = kind.unwrap_or_default().split(':').next().unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        verdict.class = match (verdict.class, kind) {
            (Class::Refused, "LimitExceededException" | "TooManyRequestsException") => {
                Class::Passing
            }
            (
                Class::Refused,
                "AccountSuspendedException"
                | "SendingPausedException"
                | "MailFromDomainNotVerifiedException",
            ) => Class::Account,
            // "Email address is not verified": of the sender, or of everybody in the sandbox.
            (Class::Refused, "MessageRejected") if verdict.words.contains("not verified") => {
                Class::Account
            }
            (class, _) => class,
        };
        if verdict.class != Class::Taken {
            verdict.words = format!("{kind} {}", verdict.words);
        }
        verdict
    }
}
