//! The HTTP APIs of mail providers: what they are asked, and what their answers come to. What stands
//! here as JSON is what the providers document.

mod answers;
mod asks;

use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::mail::api::ses::Credentials;
use linkgate::adapters::mail::api::{ApiMailer, Brevo, Mailgun, Postmark, Resend, SendGrid, Ses};
use linkgate::adapters::mail::http::Endpoint;
use linkgate::adapters::mail::message::Composer;
use linkgate::domain::sender::Sender;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{Clock, MailError, MailId, Mailer, OutgoingMail, Receipt};
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use crate::gate_world::address;
use crate::support::mail_api::{Asked, MailApi, Reply};

const ID: &str = "abababababababababababababababab";

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: MailId([0xab; 16]),
        sender: Arc::new(Sender {
            name: Some("Gate, the".into()),
            address: address("login@example.com"),
            reply_to: Some(address("help@example.com")),
        }),
        to: address("Ann@example.com"),
        subject: "Sign in\r\nBcc: evil@evil.example".into(),
        text: "one\ntwo & ä".into(),
        html: "<p>one</p>".into(),
        date: UnixMillis(1_700_000_000_000),
    }
}

fn token() -> Zeroizing<String> {
    Zeroizing::new("to-ken".into())
}

#[derive(Clone, Copy, Debug)]
pub enum Provider {
    Postmark,
    Ses,
    Mailgun,
    SendGrid,
    Resend,
    Brevo,
}

pub const ALL: [Provider; 6] = [
    Provider::Postmark,
    Provider::Ses,
    Provider::Mailgun,
    Provider::SendGrid,
    Provider::Resend,
    Provider::Brevo,
];

struct Still(UnixMillis);

impl Clock for Still {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

impl Provider {
    fn mailer(self, url: &str, authority: Option<&str>, patience: Duration) -> ApiMailer {
        let url = Url::parse(url).expect("a URL");
        let endpoint = Endpoint::new(&url, authority.map(str::as_bytes), patience);
        let endpoint = endpoint.expect("an endpoint");
        match self {
            Self::Postmark => {
                ApiMailer::new(Postmark { token: token(), stream: "outbound".into() }, endpoint)
            }
            Self::Ses => {
                let credentials = Credentials { access_key: "AKIDEXAMPLE".into(), secret: token() };
                let region = "eu-central-1".into();
                let configuration_set = Some("sign-in".into());
                let composer = Composer::default();
                let clock = Arc::new(Still(UnixMillis(1_440_938_160_000)));
                let ses = Ses { credentials, region, configuration_set, composer, clock };
                ApiMailer::new(ses, endpoint)
            }
            Self::Mailgun => {
                let domain = "mg.example.com".into();
                ApiMailer::new(Mailgun { token: token(), domain }, endpoint)
            }
            Self::SendGrid => ApiMailer::new(SendGrid { token: token() }, endpoint),
            Self::Resend => ApiMailer::new(Resend { token: token() }, endpoint),
            Self::Brevo => ApiMailer::new(Brevo { token: token() }, endpoint),
        }
    }

    async fn send(self, reply: Reply) -> (Asked, Result<Receipt, MailError>) {
        let api = MailApi::start([reply]).await;
        let url = format!("http://127.0.0.1:{}", api.port());
        let sent = self.mailer(&url, None, Duration::from_secs(10)).send(&mail()).await;
        (api.asked().remove(0), sent)
    }

    /// What it answers when it has taken a mail, and its name for that.
    pub fn taken(self) -> (Reply, &'static str) {
        let (status, header, body, name) = match self {
            Self::Postmark => (
                200,
                "x: y",
                json!({ "To": "ann@example.com", "SubmittedAt": "2014-02-17T07:25:01.4178645-05:00",
                        "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d", "ErrorCode": 0,
                        "Message": "OK" }),
                "0a129aee-e1cd-480d-b08d-4f48548ff48d",
            ),
            Self::Ses => (200, "x: y", json!({ "MessageId": "010001-example" }), "010001-example"),
            Self::Mailgun => (
                200,
                "x: y",
                json!({ "id": "<2024.1@mg.example.com>", "message": "Queued. Thank you." }),
                "<2024.1@mg.example.com>",
            ),
            Self::SendGrid => (202, "X-Message-Id: 14c5d75ce93", Value::Null, "14c5d75ce93"),
            Self::Resend => (200, "x: y", json!({ "id": "49a3999c" }), "49a3999c"),
            Self::Brevo => (
                201,
                "x: y",
                json!({ "messageId": "<201906041124.5@smtp-relay.mailin.fr>" }),
                "<201906041124.5@smtp-relay.mailin.fr>",
            ),
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        (Reply::Says(status, header, body), name)
    }
}
