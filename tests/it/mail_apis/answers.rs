//! What the answers of providers come to, and those that are none.

use std::time::Duration;

use linkgate::ports::{MailError, Mailer};

use super::{ALL, Provider, mail};
use crate::support::certificates::Certificates;
use crate::support::mail_api::{MailApi, Reply};

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
    (Provider::Brevo, 400, "x: y", r#"{ "code": "duplicate_parameter", "message": "The idempotencyKey was used" }"#, Comes::Taken),
    (Provider::Brevo, 400, "x: y", r#"{ "code": "invalid_parameter", "message": "idempotencyKey is not valid" }"#, Comes::Passes),
    (Provider::Brevo, 429, "x: y", r#"{ "code": "too_many_requests", "message": "idempotencyKey" }"#, Comes::Passes),
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
            Err(MailError::Transient(_) | MailError::Unanswered(_)) => Passes,
        };
        assert_eq!(got, comes, "{what}: {told}");
    }
}

#[tokio::test]
async fn servers_that_hang_drop_cut_drip_or_flood_are_left_in_time() {
    for provider in ALL {
        for reply in [Reply::Hangs, Reply::Drops, Reply::Cuts, Reply::Drips, Reply::Floods] {
            let api = MailApi::start([reply.clone(), reply.clone()]).await;
            let url = format!("http://127.0.0.1:{}", api.port());
            let mailer = provider.mailer(&url, None, Duration::from_millis(300));
            let bounded = tokio::time::timeout(Duration::from_secs(10), async {
                [mailer.send(&mail()).await.map(drop), mailer.probe().await]
            });
            let [sent, probed] = bounded.await.expect("bounded");
            // It was asked, and may have done it: a mail has left whole before half of it is read.
            let is_open = matches!(sent, Err(MailError::Unanswered(_)));
            assert!(is_open, "{provider:?} {reply:?}: {sent:?}");
            assert!(matches!(probed, Err(MailError::Transient(_))), "{provider:?} {probed:?}");
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
