//! What providers are asked, field by field.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailparse::MailHeaderMap;
use serde_json::{Value, json};

use super::{ID, Provider};
use crate::support::mail_api::Asked;

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
