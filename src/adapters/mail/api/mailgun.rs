//! Mailgun: `POST /v3/DOMAIN/messages`.
//!
//! <https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages>. The regions are
//! apart: a domain of one is unknown in the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::{Api, Class, Verdict, credential};
use crate::adapters::mail::http::{Answer, Ask, Endpoint};
use crate::adapters::mail::known::METADATA;
use crate::adapters::mail::message::{QUIET, message_id, one_line, sender};
use crate::ports::{MailError, OutgoingMail};

/// Mailgun.
pub struct Mailgun {
    /// A sending key of the domain.
    pub token: Zeroizing<String>,
    /// The sending domain, as a host.
    pub domain: String,
}

impl Api for Mailgun {
    fn name(&self) -> &'static str {
        "mailgun"
    }

    fn ask(&self, mail: &OutgoingMail, _: &Endpoint) -> Result<Ask, MailError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("from", &sender(mail)?)
            .append_pair("to", mail.to.spelling())
            .append_pair("subject", &one_line(&mail.subject))
            .append_pair("text", &mail.text)
            .append_pair("html", &mail.html)
            .append_pair("h:Message-Id", &message_id(mail));
        for (name, value) in QUIET {
            form.append_pair(&format!("h:{name}"), value);
        }
        if let Some(reply_to) = &mail.sender.reply_to {
            form.append_pair("h:Reply-To", reply_to.spelling());
        }
        for option in ["o:tracking", "o:tracking-clicks", "o:tracking-opens"] {
            form.append_pair(option, "no");
        }
        form.append_pair(&format!("v:{METADATA}"), &mail.id.to_hex());
        let login = Zeroizing::new(format!("api:{}", self.token.as_str()));
        let login = Zeroizing::new(format!("Basic {}", STANDARD.encode(login.as_bytes())));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        Ok(Ask {
            method: Method::POST,
            path: format!("/v3/{}/messages", self.domain),
            headers: vec![(CONTENT_TYPE, kind), credential(AUTHORIZATION, &login)?],
            body: form.finish().into(),
        })
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let mut verdict = Verdict::by_status(answer, "/message").named_at(answer, "/id");
        let words = verdict.words.to_ascii_lowercase();
        verdict.class = match verdict.class {
            // A wrong path is answered with a greeting and 200.
            Class::Taken if verdict.reference.is_none() => Class::Account,
            // A sandbox, a domain that is not verified, or another's.
            Class::Refused if words.contains("domain") && words.contains("not allowed") => {
                Class::Account
            }
            class => class,
        };
        verdict
    }
}
