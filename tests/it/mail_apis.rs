//! The HTTP APIs of mail providers: what they are asked, and what their answers come to. What stands
//! here as JSON is what the providers document.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use linkgate::adapters::mail::api::ses::Credentials;
use linkgate::adapters::mail::api::{ApiMailer, Brevo, Mailgun, Postmark, Resend, SendGrid, Ses};
use linkgate::adapters::mail::http::Endpoint;
use linkgate::adapters::mail::message::Composer;
use linkgate::domain::sender::Sender;
use linkgate::domain::time::UnixMillis;
use linkgate::ports::{Clock, MailError, MailId, Mailer, OutgoingMail, Receipt};
use mailparse::MailHeaderMap;
use serde_json::{Value, json};
use url::Url;
use zeroize::Zeroizing;

use crate::gate_world::address;
use crate::support::certificates::Certificates;
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
enum Provider {
    Postmark,
    Ses,
    Mailgun,
    SendGrid,
    Resend,
    Brevo,
}

const ALL: [Provider; 6] = [
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
    fn taken(self) -> (Reply, &'static str) {
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

async fn asked(provider: Provider) -> (Asked, Value) {
    let (asked, sent) = provider.send(provider.taken().0).await;
    sent.expect("taken");
    let body = serde_json::from_str(&asked.body).unwrap_or_default();
    assert!(asked.headers["user-agent"].starts_with("linkgate/"));
    assert!(asked.headers["host"].starts_with("127.0.0.1:"));
    (asked, body)
}

#[tokio::test]
async fn what_postmark_is_asked() {
    let (asked, body) = asked(Provider::Postmark).await;
    assert_eq!(asked.line, "POST /email HTTP/1.1");
    assert_eq!(asked.headers["x-postmark-server-token"], "to-ken");
    assert_eq!(asked.headers["content-type"], "application/json");
    let expected = json!({
        "From": "\"Gate, the\" <login@example.com>",
        "To": "Ann@example.com",
        "ReplyTo": "help@example.com",
        "Subject": "Sign inBcc: evil@evil.example",
        "TextBody": "one\ntwo & ä",
        "HtmlBody": "<p>one</p>",
        "Headers": [
            { "Name": "Message-ID", "Value": format!("<{ID}@example.com>") },
            { "Name": "X-PM-KeepID", "Value": "true" },
            { "Name": "Auto-Submitted", "Value": "auto-generated" },
            { "Name": "X-Auto-Response-Suppress", "Value": "All" },
        ],
        "Metadata": { "linkgate_mail": ID },
        "TrackOpens": false,
        "TrackLinks": "None",
        "MessageStream": "outbound",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn what_ses_is_asked() {
    let (asked, body) = asked(Provider::Ses).await;
    assert_eq!(asked.line, "POST /v2/email/outbound-emails HTTP/1.1");
    assert_eq!(asked.headers["x-amz-date"], "20150830T123600Z");
    let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/ses/aws4_request, \
                  SignedHeaders=content-type;host;x-amz-date, Signature=";
    let signature = asked.headers["authorization"].strip_prefix(signed).expect("its scope");
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let raw = body["Content"]["Raw"]["Data"].as_str().expect("a message");
    let message = STANDARD.decode(raw).expect("base64");
    let parsed = mailparse::parse_mail(&message).expect("a message");
    let header = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("To"), "Ann@example.com");
    assert_eq!(header("Reply-To"), "help@example.com");
    assert_eq!(header("Message-ID"), format!("<{ID}@example.com>"));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    let mut rest = body.clone();
    rest["Content"] = Value::Null;
    let expected = json!({
        "FromEmailAddress": "login@example.com",
        "Destination": { "ToAddresses": ["Ann@example.com"] },
        "Content": null,
        "EmailTags": [{ "Name": "linkgate_mail", "Value": ID }],
        "ConfigurationSetName": "sign-in",
    });
    assert_eq!(rest, expected);
}

#[tokio::test]
async fn what_mailgun_is_asked() {
    let (asked, _) = asked(Provider::Mailgun).await;
    assert_eq!(asked.line, "POST /v3/mg.example.com/messages HTTP/1.1");
    let login = format!("Basic {}", STANDARD.encode("api:to-ken"));
    assert_eq!(asked.headers["authorization"], login);
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    let form: Vec<_> = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let own = format!("<{ID}@example.com>");
    let expected = [
        ("from", "\"Gate, the\" <login@example.com>"),
        ("to", "Ann@example.com"),
        ("subject", "Sign inBcc: evil@evil.example"),
        ("text", "one\ntwo & ä"),
        ("html", "<p>one</p>"),
        ("h:Message-Id", own.as_str()),
        ("h:Auto-Submitted", "auto-generated"),
        ("h:X-Auto-Response-Suppress", "All"),
        ("h:Reply-To", "help@example.com"),
        ("o:tracking", "no"),
        ("o:tracking-clicks", "no"),
        ("o:tracking-opens", "no"),
        ("v:linkgate_mail", ID),
    ];
    assert_eq!(form, expected);
}

#[tokio::test]
async fn what_sendgrid_is_asked() {
    let (asked, body) = asked(Provider::SendGrid).await;
    assert_eq!(asked.line, "POST /v3/mail/send HTTP/1.1");
    assert_eq!(asked.headers["authorization"], "Bearer to-ken");
    let expected = json!({
        "personalizations": [{
            "to": [{ "email": "Ann@example.com" }],
            "custom_args": { "linkgate_mail": ID },
        }],
        "from": { "email": "login@example.com", "name": "Gate, the" },
        "reply_to": { "email": "help@example.com" },
        "subject": "Sign inBcc: evil@evil.example",
        "content": [
            { "type": "text/plain", "value": "one\ntwo & ä" },
            { "type": "text/html", "value": "<p>one</p>" },
        ],
        "headers": {
            "Message-ID": format!("<{ID}@example.com>"),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
        "tracking_settings": {
            "click_tracking": { "enable": false, "enable_text": false },
            "open_tracking": { "enable": false },
            "subscription_tracking": { "enable": false },
            "ganalytics": { "enable": false },
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn what_resend_is_asked() {
    let (asked, body) = asked(Provider::Resend).await;
    assert_eq!(asked.line, "POST /emails HTTP/1.1");
    assert_eq!(asked.headers["authorization"], "Bearer to-ken");
    assert_eq!(asked.headers["idempotency-key"], ID);
    let expected = json!({
        "from": "\"Gate, the\" <login@example.com>",
        "to": ["Ann@example.com"],
        "reply_to": "help@example.com",
        "subject": "Sign inBcc: evil@evil.example",
        "text": "one\ntwo & ä",
        "html": "<p>one</p>",
        "headers": { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
        "tags": [{ "name": "linkgate_mail", "value": ID }],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn what_brevo_is_asked() {
    let (asked, body) = asked(Provider::Brevo).await;
    assert_eq!(asked.line, "POST /v3/smtp/email HTTP/1.1");
    assert_eq!(asked.headers["api-key"], "to-ken");
    let expected = json!({
        "sender": { "email": "login@example.com", "name": "Gate, the" },
        "to": [{ "email": "Ann@example.com" }],
        "replyTo": { "email": "help@example.com" },
        "subject": "Sign inBcc: evil@evil.example",
        "textContent": "one\ntwo & ä",
        "htmlContent": "<p>one</p>",
        "headers": {
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "X-Mailin-custom": format!("{{\"linkgate_mail\":\"{ID}\"}}"),
            "idempotencyKey": "abababab-abab-abab-abab-abababababab",
        },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn what_was_taken_has_the_name_that_its_provider_gave_it() {
    for provider in ALL {
        let (reply, name) = provider.taken();
        let (_, sent) = provider.send(reply).await;
        let receipt = sent.expect("taken");
        assert_eq!(receipt.reference.as_deref(), Some(name), "{provider:?}");
        assert!(receipt.words.starts_with("20"), "{receipt:?}");
    }
}

/// What the answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    Taken,
    /// It is tried again.
    Passes,
    /// It is tried again, and the operator is told.
    Account,
    Refused,
}

/// Answers, and what they come to.
#[rustfmt::skip] // a table
const ANSWERS: &[(Provider, u16, &str, &str, Comes)] = &[
    (Provider::Postmark, 401, "x: y", r#"{ "ErrorCode": 10, "Message": "No Account or Server API tokens were supplied" }"#, Comes::Account),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 300, "Message": "Invalid 'To' address: 'ann@example.com'." }"#, Comes::Refused),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 400, "Message": "The 'From' address is not a Sender Signature" }"#, Comes::Account),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 405, "Message": "Not allowed to send" }"#, Comes::Account),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 406, "Message": "Found inactive addresses: ann@example.com" }"#, Comes::Refused),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 412, "Message": "Account is pending" }"#, Comes::Account),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 1235, "Message": "The stream does not exist" }"#, Comes::Account),
    (Provider::Postmark, 422, "x: y", r#"{ "ErrorCode": 100, "Message": "Maintenance" }"#, Comes::Passes),
    (Provider::Postmark, 200, "x: y", r#"{ "ErrorCode": 406, "Message": "inactive" }"#, Comes::Refused),
    (Provider::Ses, 400, "x-amzn-ErrorType: MessageRejected", r#"{ "message": "Email address is not verified. The following identities failed" }"#, Comes::Account),
    (Provider::Ses, 400, "x-amzn-ErrorType: MessageRejected:http://internal.amazon.com/x/", r#"{ "message": "Virus found" }"#, Comes::Refused),
    (Provider::Ses, 400, "x-amzn-ErrorType: AccountSuspendedException", r#"{}"#, Comes::Account),
    (Provider::Ses, 400, "x-amzn-ErrorType: SendingPausedException", r#"{}"#, Comes::Account),
    (Provider::Ses, 400, "x: y", r#"{ "__type": "com.amazonaws.ses#MailFromDomainNotVerifiedException" }"#, Comes::Account),
    (Provider::Ses, 400, "x-amzn-ErrorType: LimitExceededException", r#"{}"#, Comes::Passes),
    (Provider::Ses, 429, "x-amzn-ErrorType: TooManyRequestsException", r#"{}"#, Comes::Passes),
    (Provider::Ses, 403, "x-amzn-ErrorType: SignatureDoesNotMatch", r#"{}"#, Comes::Account),
    (Provider::Ses, 404, "x-amzn-ErrorType: NotFoundException", r#"{ "message": "Configuration set" }"#, Comes::Account),
    (Provider::Ses, 400, "x-amzn-ErrorType: BadRequestException", r#"{}"#, Comes::Refused),
    (Provider::Mailgun, 401, "x: y", r#""Forbidden""#, Comes::Account),
    (Provider::Mailgun, 402, "x: y", r#"{ "message": "Payment required" }"#, Comes::Account),
    (Provider::Mailgun, 403, "x: y", r#"{ "message": "Domain mg.example.com is not allowed to send" }"#, Comes::Account),
    (Provider::Mailgun, 400, "x: y", r#"{ "message": "Domain mg.example.com is not allowed to send: free accounts" }"#, Comes::Account),
    (Provider::Mailgun, 404, "x: y", r#"{ "message": "Domain not found: mg.example.com" }"#, Comes::Account),
    (Provider::Mailgun, 400, "x: y", r#"{ "message": "'to' parameter is not a valid address" }"#, Comes::Refused),
    (Provider::Mailgun, 200, "x: y", r#""Mailgun Magnificent API""#, Comes::Account),
    (Provider::SendGrid, 401, "x: y", r#"{ "errors": [{ "message": "The provided authorization grant is invalid" }] }"#, Comes::Account),
    (Provider::SendGrid, 403, "x: y", r#"{ "errors": [{ "message": "The from address does not match a verified Sender Identity" }] }"#, Comes::Account),
    (Provider::SendGrid, 400, "x: y", r#"{ "errors": [{ "message": "Does not contain a valid address." }] }"#, Comes::Refused),
    (Provider::SendGrid, 413, "x: y", r#"{}"#, Comes::Refused),
    (Provider::Resend, 401, "x: y", r#"{ "name": "missing_api_key", "message": "Missing API key" }"#, Comes::Account),
    (Provider::Resend, 400, "x: y", r#"{ "name": "validation_error", "message": "API key is invalid" }"#, Comes::Account),
    (Provider::Resend, 403, "x: y", r#"{ "name": "validation_error", "message": "The example.com domain is not verified" }"#, Comes::Account),
    (Provider::Resend, 422, "x: y", r#"{ "name": "invalid_from_address", "message": "Invalid from field" }"#, Comes::Account),
    (Provider::Resend, 422, "x: y", r#"{ "name": "validation_error", "message": "Invalid to field" }"#, Comes::Refused),
    (Provider::Resend, 409, "x: y", r#"{ "name": "concurrent_idempotent_requests", "message": "in progress" }"#, Comes::Passes),
    (Provider::Resend, 409, "x: y", r#"{ "name": "invalid_idempotent_request", "message": "used" }"#, Comes::Taken),
    (Provider::Resend, 429, "x: y", r#"{ "name": "daily_quota_exceeded", "message": "quota" }"#, Comes::Passes),
    (Provider::Brevo, 401, "x: y", r#"{ "code": "unauthorized", "message": "Key not found" }"#, Comes::Account),
    (Provider::Brevo, 402, "x: y", r#"{ "code": "not_enough_credits", "message": "credits" }"#, Comes::Account),
    (Provider::Brevo, 400, "x: y", r#"{ "code": "account_under_validation", "message": "wait" }"#, Comes::Account),
    (Provider::Brevo, 400, "x: y", r#"{ "code": "invalid_parameter", "message": "Sending has been rejected because the sender you used x is not valid" }"#, Comes::Account),
    (Provider::Brevo, 400, "x: y", r#"{ "code": "invalid_parameter", "message": "email is not valid in to" }"#, Comes::Refused),
    (Provider::Brevo, 400, "x: y", r#"{ "code": "invalid_parameter", "message": "idempotencyKey was used" }"#, Comes::Taken),
];

#[tokio::test]
async fn answers_have_classes() {
    use Comes::{Account, Passes, Refused, Taken};

    let common = ALL.into_iter().flat_map(|provider| {
        let case = move |(status, comes)| (provider, status, "x: y", "{}", comes);
        [(429, Passes), (500, Passes), (502, Passes), (503, Passes), (307, Account)].map(case)
    });
    for (provider, status, header, body, comes) in ANSWERS.iter().copied().chain(common) {
        let what = format!("{provider:?} {status} {header} {body}");
        let (_, sent) = provider.send(Reply::Says(status, header, body.to_owned())).await;
        let told = format!("{sent:?}");
        assert!(!told.contains("ann@") && !told.contains("to-ken"), "{what}: {told}");
        let got = match sent {
            Ok(_) => Taken,
            Err(MailError::Permanent(_)) => Refused,
            Err(MailError::Transient(words)) if words.contains("account") => Account,
            Err(MailError::Transient(_)) => Passes,
        };
        assert_eq!(got, comes, "{what}: {told}");
    }
}

#[tokio::test]
async fn servers_that_hang_drop_drip_or_flood_are_left_in_time() {
    for provider in ALL {
        for reply in [Reply::Hangs, Reply::Drops, Reply::Drips, Reply::Floods] {
            let api = MailApi::start([reply.clone(), reply.clone()]).await;
            let url = format!("http://127.0.0.1:{}", api.port());
            let mailer = provider.mailer(&url, None, Duration::from_millis(300));
            let bounded = tokio::time::timeout(Duration::from_secs(10), async {
                [mailer.send(&mail()).await.map(drop), mailer.probe().await]
            });
            for result in bounded.await.expect("bounded") {
                let passes = matches!(result, Err(MailError::Transient(_)));
                assert!(passes, "{provider:?} {reply:?}: {result:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_may_be_there_later() {
    let url = format!("http://127.0.0.1:{}", crate::support::gate::free_port());
    let mailer = Provider::Postmark.mailer(&url, None, Duration::from_secs(10));
    for result in [mailer.send(&mail()).await.map(drop), mailer.probe().await] {
        assert!(matches!(result, Err(MailError::Transient(_))), "{result:?}");
    }
}

#[tokio::test]
async fn nothing_is_told_to_a_server_whose_certificate_is_of_a_stranger() {
    let (own, another) = (Certificates::new(), Certificates::new());
    for (authority, host, taken) in [
        (Some(&own), "localhost", true),
        (Some(&another), "localhost", false),
        (None, "localhost", false),
        // Its certificate does not have this name.
        (Some(&own), "[::1]", false),
    ] {
        let (reply, _) = Provider::Resend.taken();
        let api = MailApi::start_with(Some(own.acceptor(&[])), [reply]).await;
        let url = format!("https://{host}:{}", api.port());
        let authority = authority.map(|it| it.authority.as_str());
        let mailer = Provider::Resend.mailer(&url, authority, Duration::from_secs(10));
        let sent = mailer.send(&mail()).await;
        assert_eq!(sent.is_ok(), taken, "{host}: {sent:?}");
        assert_eq!(api.asked().len(), usize::from(taken), "{host}");
        assert!(taken || matches!(sent, Err(MailError::Transient(_))), "{sent:?}");
    }
}

#[tokio::test]
async fn a_probe_shows_no_credentials_and_names_nobody() {
    for provider in ALL {
        let replies = [404, 401, 200, 503].map(|it| Reply::Says(it, "x: y", String::new()));
        let api = MailApi::start(replies).await;
        let url = format!("http://127.0.0.1:{}/below/", api.port());
        let mailer = provider.mailer(&url, None, Duration::from_secs(10));
        for reached in [true, true, true, false] {
            assert_eq!(mailer.probe().await.is_ok(), reached);
        }
        for asked in api.asked() {
            assert_eq!(asked.line, "GET /below/ HTTP/1.1");
            let names: Vec<_> = asked.headers.keys().map(String::as_str).collect();
            assert_eq!(names, ["host", "user-agent"], "{provider:?}");
        }
        assert!(!format!("{mailer:?}").contains("to-ken"));
    }
}
