//! Hand-over to the HTTP API of a mail provider.
//!
//! A provider is an `Api`: the request for a mail, and what its answers mean. The rest is the same for
//! all: [`super::http`] asks, and answers become errors of three classes. What is wrong with the mail
//! or its recipient is for good. What passes (network, time-outs, 429, 5xx) is tried again. What is
//! wrong with the account (credentials, an unverified domain, no credit) is the operator's to mend: it
//! is tried again too, elsewhere if there is another relay, and said loudly.

pub mod brevo;
pub mod mailgun;
pub mod postmark;
pub mod resend;
pub mod sendgrid;
pub mod ses;
mod sigv4;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::Value;
use zeroize::Zeroizing;

pub use self::brevo::Brevo;
pub use self::mailgun::Mailgun;
pub use self::postmark::Postmark;
pub use self::resend::Resend;
pub use self::sendgrid::SendGrid;
pub use self::ses::Ses;
use super::http::{Answer, Ask, Endpoint, NoAnswer};
use super::words::told;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// The mail was taken.
    Taken,
    /// It passes: the same request may succeed later.
    Passing,
    /// This mail, or its recipient, is refused.
    Refused,
    /// The account is refused, whatever the mail.
    Account,
}

impl Class {
    /// What a status means where the provider says nothing more exact.
    fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Taken,
            408 | 409 | 425 | 429 | 500..=599 => Self::Passing,
            300..=399 | 401..=405 | 407 | 410 => Self::Account,
            _ => Self::Refused,
        }
    }
}

/// An answer, understood.
#[derive(Debug)]
struct Verdict {
    class: Class,
    /// The provider's words.
    words: String,
    /// Its name for the mail.
    reference: Option<String>,
}

impl Verdict {
    /// By the status alone, with what stands at a place of the JSON, if it is there.
    fn by_status(answer: &Answer, words_at: &str) -> Self {
        let json = json(answer);
        let words = json.pointer(words_at).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { class: Class::of(answer.status), words, reference: None }
    }

    /// With the name of the mail at a place of the JSON.
    fn named_at(mut self, answer: &Answer, place: &str) -> Self {
        self.reference = json(answer).pointer(place).and_then(Value::as_str).map(str::to_owned);
        self
    }
}

/// One provider.
trait Api: Send + Sync {
    /// As the configuration calls it.
    fn name(&self) -> &'static str;

    /// The request that hands a mail over.
    fn ask(&self, mail: &OutgoingMail, endpoint: &Endpoint) -> Result<Ask, MailError>;

    /// What the answer means.
    fn verdict(&self, answer: &Answer) -> Verdict;
}

/// Hands mails to a provider.
pub struct ApiMailer {
    api: Box<dyn Api>,
    endpoint: Endpoint,
}

impl ApiMailer {
    /// Prepares to send; connects to nothing.
    #[allow(private_bounds)] // providers are made here, and nowhere else
    pub fn new(api: impl Api + 'static, endpoint: Endpoint) -> Self {
        Self { api: Box::new(api), endpoint }
    }
}

impl fmt::Debug for ApiMailer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ApiMailer({}, {:?})", self.api.name(), self.endpoint)
    }
}

#[async_trait]
impl Mailer for ApiMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        self.send_within(mail, self.endpoint.patience()).await
    }

    async fn send_within(
        &self,
        mail: &OutgoingMail,
        within: Duration,
    ) -> Result<Receipt, MailError> {
        let ask = self.api.ask(mail, &self.endpoint)?;
        let answer = self.endpoint.ask(ask, within).await.map_err(|error| match error {
            NoAnswer::Unasked(words) => MailError::Transient(words),
            NoAnswer::Unanswered(words) => MailError::Unanswered(words),
        })?;
        let Verdict { class, words, reference } = self.api.verdict(&answer);
        let words = told(&format!("{} {words}", answer.status.as_u16()));
        match class {
            Class::Taken => Ok(Receipt { words, reference: reference.map(|it| one_word(&it)) }),
            Class::Passing => Err(MailError::Transient(words)),
            Class::Refused => Err(MailError::Permanent(words)),
            Class::Account => {
                let provider = self.api.name();
                tracing::error!(provider, answer = words, "the mail provider refuses the account");
                Err(MailError::Transient(format!("the account is refused: {words}")))
            }
        }
    }

    /// Asks for the front page, without credentials: those that may only send may look at nothing.
    async fn probe(&self) -> Result<(), MailError> {
        let ask = Ask { method: Method::GET, path: "/".into(), headers: vec![], body: vec![] };
        let answer = self.endpoint.ask(ask, self.endpoint.patience()).await;
        let answer = answer.map_err(|error| MailError::Transient(error.to_string()))?;
        if answer.status.is_server_error() {
            let status = answer.status.as_u16();
            return Err(MailError::Transient(format!("the mail provider answers {status}")));
        }
        Ok(())
    }
}

/// A request with a JSON body.
fn json_ask(path: &str, body: &Value, headers: Vec<(HeaderName, HeaderValue)>) -> Ask {
    let json = HeaderValue::from_static("application/json");
    let mut all = vec![(CONTENT_TYPE, json.clone()), (ACCEPT, json)];
    all.extend(headers);
    Ask { method: Method::POST, path: path.to_owned(), headers: all, body: body.to_string().into() }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// A credential as a header, which is never shown.
fn credential(name: HeaderName, value: &str) -> Result<(HeaderName, HeaderValue), MailError> {
    // What the configuration takes for a secret is one line of text; a header may hold less.
    let value = HeaderValue::from_str(value);
    let mut value = value.map_err(|_| MailError::Transient("the token is no header".into()))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn bearer(token: &Zeroizing<String>) -> Result<(HeaderName, HeaderValue), MailError> {
    credential(AUTHORIZATION, &Zeroizing::new(format!("Bearer {}", token.as_str())))
}

/// A name that another side gave, as it may be logged and stored.
fn one_word(name: &str) -> String {
    name.chars().filter(char::is_ascii_graphic).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_classes() {
        for (class, statuses) in [
            (Class::Taken, &[200, 201, 202, 204][..]),
            (Class::Passing, &[408, 409, 425, 429, 500, 502, 503, 504]),
            (Class::Account, &[301, 302, 307, 401, 402, 403, 404, 405, 407, 410]),
            (Class::Refused, &[400, 406, 413, 415, 422, 451, 100]),
        ] {
            for status in statuses {
                assert_eq!(Class::of(StatusCode::from_u16(*status).unwrap()), class, "{status}");
            }
        }
    }

    #[test]
    fn names_of_mails_are_one_word() {
        assert_eq!(one_word("<a@b>\r\n x"), "<a@b>x");
        assert_eq!(one_word(&"a".repeat(300)).len(), 200);
    }
}
