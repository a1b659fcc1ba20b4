mod once;

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::adapters::embedded::Embedded;
use crate::domain::attempt::Attempt;
use crate::domain::code::{Code, CodeKey};
use crate::domain::delivery::{
    DeliveryState, MailFacts, MailId, News, Occasion, Progress, Reference, Suppression,
};
use crate::domain::email::EmailAddress;
use crate::domain::language::Language;
use crate::domain::limit::PersonKey;
use crate::domain::secret::Secret;
use crate::domain::token::TokenDigest;
use crate::ports::{Attempts, Beginning, Deliveries, Outbox, QueuedMail};

const DAY: Duration = Duration::from_secs(86_400);

struct At(UnixMillis);

impl Clock for At {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

/// SNS with one certificate.
struct OneCertificate {
    pem: Vec<u8>,
    confirmed: AtomicU32,
    asked: AtomicU32,
}

#[async_trait]
impl Sns for OneCertificate {
    async fn certificate(&self, region: &Region, file: &str) -> Result<Vec<u8>, NoSns> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        assert_eq!(region.sns(), "sns.eu-central-1.amazonaws.com");
        if file == "/SimpleNotificationService-0123abcd.pem" {
            return Ok(self.pem.clone());
        }
        Err(NoSns("404".into()))
    }

    async fn confirm(&self, _: &Region, topic: &str, token: &str) -> Result<(), NoSns> {
        assert_eq!(topic, "arn:aws:sns:eu-central-1:123456789012:linkgate-mail");
        assert_eq!(token, "2336412f37fb687f5d51e6e241d09c80");
        self.confirmed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

fn table() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/hooks/cases.json")).unwrap()
}

/// A place where messages arrive, and a mail that they may be about.
struct Scene {
    store: Arc<Embedded>,
    sns: Arc<OneCertificate>,
    metrics: Arc<Metrics>,
    router: Router,
    mail: MailId,
    now: UnixMillis,
}

impl Scene {
    async fn new(table: &Value) -> Self {
        let now = UnixMillis(table["now"].as_u64().unwrap() * 1000);
        let keys = &table["keys"];
        let text = |key: &str| keys[key].as_str().unwrap();
        let pem = text("certificate").as_bytes().to_vec();
        let sns = Arc::new(OneCertificate { pem, confirmed: 0.into(), asked: 0.into() });
        let proofs = Proofs {
            postmark: Some(Login::basic(
                keys["postmark"][0].as_str().unwrap(),
                keys["postmark"][1].as_str().unwrap(),
            )),
            ses: SesTopic::new(text("topic"), Arc::clone(&sns) as Arc<dyn Sns>),
            mailgun: Some(MailgunKey::new(text("mailgun"))),
            sendgrid: SendgridKey::parse(text("sendgrid")),
            resend: ResendKey::parse(text("resend")),
            brevo: Some(Login::bearer(text("brevo"))),
        };
        assert!(proofs.ses.is_some() && proofs.sendgrid.is_some() && proofs.resend.is_some());
        let store = Arc::new(Embedded::in_memory().unwrap());
        let mail = MailId::from_hex(table["mail"].as_str().unwrap()).unwrap();
        sent(&store, mail, now).await;
        let metrics = Arc::new(Metrics::default());
        let hooks = Hooks {
            store: Arc::clone(&store) as _,
            clock: Arc::new(At(now)),
            proofs,
            journal: Journal::silent(),
            metrics: Arc::clone(&metrics),
        };
        let router = router(hooks, "/.linkgate");
        Self { store, sns, metrics, router, mail, now }
    }

    /// The same place at a later time, for SES alone.
    fn later(self, topic: &str, span: Duration) -> Self {
        let now = self.now.after(span);
        let ses = SesTopic::new(topic, Arc::clone(&self.sns) as Arc<dyn Sns>);
        let proofs = Proofs { ses, ..Proofs::default() };
        let (store, clock) = (Arc::clone(&self.store) as _, Arc::new(At(now)));
        let metrics = Arc::clone(&self.metrics);
        let hooks = Hooks { store, clock, proofs, journal: Journal::silent(), metrics };
        Self { router: router(hooks, "/.linkgate"), now, ..self }
    }

    async fn send(&self, case: &Value) -> StatusCode {
        let Ok(answer) = self.router.clone().oneshot(Self::request(case)).await;
        answer.status()
    }

    fn request(case: &Value) -> Request {
        let path = format!("/.linkgate/hooks/{}", case["provider"].as_str().unwrap());
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in case["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let body = Body::from(case["body"].as_str().unwrap().to_owned());
        request.body(body).unwrap()
    }

    async fn progress(&self) -> Progress {
        self.store.delivery(self.mail).await.unwrap().unwrap().progress
    }

    async fn suppression(&self) -> Option<Suppression> {
        self.store.suppression(PersonKey([7; 32]), self.now).await.unwrap()
    }
}

/// A mail that was handed over.
async fn sent(store: &Embedded, id: MailId, now: UnixMillis) {
    let to = EmailAddress::parse("ann@example.com").unwrap();
    let facts = MailFacts {
        site: "wiki".into(),
        occasion: Occasion::SignIn,
        language: Language::English,
        queued_at: now,
    };
    let (expires_at, keep_until) = (now.after(DAY), now.after(DAY));
    let (sealed, person) = (Vec::new(), PersonKey([7; 32]));
    let mail = QueuedMail { id, sealed, expires_at, person, to: to.clone(), facts, keep_until };
    let code = CodeKey::new(&Secret::new(&[1; 32]).unwrap());
    let link = TokenDigest::from_bytes([1; 32]);
    let attempt = Attempt {
        email: to.clone(),
        site: "wiki".into(),
        origin: "https://wiki.example.com".into(),
        return_url: "/".into(),
        browser: TokenDigest::from_bytes([3; 32]),
        code: code.mac(link, &Code::mint([3; 16])),
        asked_at: now,
        expires_at: now.after(DAY),
        mails: 1,
        browser_label: "Firefox".into(),
        network: "127.0.0.1".into(),
        language: Language::English,
        stranger: false,
        chooses_password: false,
        admitted: true,
    };
    let beginning = Beginning {
        link,
        attempt: &attempt,
        person,
        mail: Some(&mail),
        keep_until,
        replaces: true,
        now,
    };
    store.begin(&beginning).await.unwrap();
    let reference = Reference::new("the-reference");
    let accepted = News { reference, ..News::new(DeliveryState::Accepted, now) };
    store.done(id, &accepted, now).await.unwrap();
}

fn state_of(case: &Value) -> DeliveryState {
    case["state"].as_str().map_or(DeliveryState::Accepted, |it| it.parse().unwrap())
}

#[tokio::test]
async fn every_message_is_taken_or_refused_as_the_table_says() {
    let table = table();
    let cases = table["cases"].as_array().unwrap();
    assert!(cases.len() > 120);
    for case in cases {
        let name = format!("{}: {}", case["provider"], case["name"]);
        let scene = Scene::new(&table).await;
        let before = scene.progress().await;
        assert_eq!(u64::from(scene.send(case).await.as_u16()), case["status"], "{name}");
        let after = scene.progress().await;
        assert_eq!(after.state, state_of(case), "{name}");
        if case["status"] != 200 {
            assert_eq!(after, before, "{name}: it changes nothing");
        }
        let suppressed = scene.suppression().await;
        assert_eq!(suppressed.is_some(), case["suppressed"], "{name}");
        if let Some(suppressed) = suppressed {
            assert_eq!(suppressed.until, scene.now.after(DAY), "{name}");
        }
        if let Some(words) = case["words"].as_str() {
            assert_eq!(after.words.unwrap().as_str(), words, "{name}");
        }
        let confirmed = scene.sns.confirmed.load(Ordering::SeqCst);
        assert_eq!(confirmed, u32::from(case["name"] == "a subscription"), "{name}");
    }
}

#[tokio::test]
async fn each_provider_has_good_and_forged_ones() {
    let table = table();
    for provider in ["postmark", "ses", "mailgun", "sendgrid", "resend", "brevo"] {
        let of = |wanted: &[u64]| {
            let cases = table["cases"].as_array().unwrap().iter();
            cases
                .filter(|it| it["provider"] == provider)
                .filter(|it| wanted.contains(&it["status"].as_u64().unwrap()))
                .count()
        };
        assert!(of(&[200]) >= 5 && of(&[401, 403]) >= 2 && of(&[400]) >= 1, "{provider}");
    }
}

/// Somebody lifts a suppression; whoever recorded the message sends it again.
#[tokio::test]
async fn a_message_that_comes_again_changes_nothing() {
    let table = table();
    for case in table["cases"].as_array().unwrap() {
        if case["status"] != 200 || case["state"].is_null() {
            continue;
        }
        let scene = Scene::new(&table).await;
        scene.send(case).await;
        let (progress, person) = (scene.progress().await, PersonKey([7; 32]));
        let was = scene.store.lift_suppression(person).await.unwrap();
        assert_eq!(was, case["suppressed"], "{}", case["name"]);
        assert_eq!(scene.send(case).await, StatusCode::OK, "{}", case["name"]);
        assert_eq!(scene.progress().await, progress);
        assert_eq!(scene.suppression().await, None, "{}", case["name"]);
    }
}

/// In every order of arrival a mail ends where it ended.
#[tokio::test]
async fn messages_may_come_in_any_order() {
    let table = table();
    let cases = table["cases"].as_array().unwrap();
    for provider in ["postmark", "ses", "mailgun", "sendgrid", "resend", "brevo"] {
        let of = |it: &&Value| it["provider"] == provider && it["status"] == 200;
        let all: Vec<&Value> = cases.iter().filter(of).collect();
        for backwards in [false, true] {
            let scene = Scene::new(&table).await;
            for index in 0..all.len() {
                let index = if backwards { all.len() - 1 - index } else { index };
                assert_eq!(scene.send(all[index]).await, StatusCode::OK);
            }
            let progress = scene.progress().await;
            assert_eq!(progress.state, DeliveryState::Complained, "{provider}");
            assert!(progress.moments.contains_key(&DeliveryState::Delivered), "{provider}");
        }
    }
}

#[tokio::test]
async fn sns_is_asked_once_for_a_certificate_and_not_again_at_once_for_none() {
    let table = table();
    let scene = Scene::new(&table).await;
    let named = |name: &str| {
        let mut cases = table["cases"].as_array().unwrap().iter();
        cases.find(|it| it["provider"] == "ses" && it["name"] == name).unwrap()
    };
    for _ in 0..3 {
        scene.send(named("delivery")).await;
    }
    assert_eq!(scene.sns.asked.load(Ordering::SeqCst), 1);
    for _ in 0..3 {
        scene.send(named("certificate of a file that is not there")).await;
    }
    assert_eq!(scene.sns.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_not_configured_is_not_there() {
    let table = table();
    let store = Arc::new(Embedded::in_memory().unwrap());
    let clock = Arc::new(At(UnixMillis(1)));
    let (proofs, journal) = (Proofs::default(), Journal::silent());
    let hooks = Hooks { store, clock, proofs, journal, metrics: Arc::default() };
    let router = router(hooks, "/.linkgate");
    for case in table["cases"].as_array().unwrap() {
        let path = format!("/.linkgate/hooks/{}", case["provider"].as_str().unwrap());
        let request = Request::builder().method("POST").uri(path).body(Body::empty()).unwrap();
        let Ok(answer) = router.clone().oneshot(request).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{}", case["name"]);
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    let scene = Scene::new(&table()).await;
    let request = Request::builder().method("POST").uri("/.linkgate/hooks/postmark");
    let body = Body::from(vec![b' '; LARGEST + 1]);
    let Ok(answer) = scene.router.clone().oneshot(request.body(body).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Those that show their proof inside.
    for provider in ["ses", "mailgun"] {
        let request = Request::builder().method("POST");
        let request = request.uri(format!("/.linkgate/hooks/{provider}"));
        let body = Body::from(vec![b' '; LARGEST_UNPROVED + 1]);
        let Ok(answer) = scene.router.clone().oneshot(request.body(body).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{provider}");
    }
}

#[test]
fn names_of_topics_and_keys_are_read_strictly() {
    use super::ses::region_of;
    let region = region_of("arn:aws:sns:eu-central-1:123456789012:mail").unwrap();
    assert_eq!(region.sns(), "sns.eu-central-1.amazonaws.com");
    let region = region_of("arn:aws-cn:sns:cn-north-1:123456789012:mail").unwrap();
    assert_eq!(region.sns(), "sns.cn-north-1.amazonaws.com.cn");
    for arn in [
        "",
        "arn:aws:sns:eu-central-1:123456789012",
        "arn:aws:sqs:eu-central-1:123456789012:mail",
        "arn:aws:sns:evil.example/:123456789012:mail",
        "arn:aws:sns:eu@evil:123456789012:mail",
        "arn:aws:sns::123456789012:mail",
        "arn:aws:sns:eu-central-1:123456789012:mail:x",
        "arn:aws:sns:eu-central-1:123456789012:ma il",
    ] {
        assert!(region_of(arn).is_none(), "{arn}");
    }
    for key in ["", "AAAA", "whsec_", "whsec_AAAA", "whsec_!"] {
        assert!(ResendKey::parse(key).is_none(), "{key}");
        assert!(SendgridKey::parse(key).is_none(), "{key}");
    }
    for secret in
        [format!("{:?}", Login::basic("a", "secret")), format!("{:?}", MailgunKey::new("secret"))]
    {
        assert!(!secret.contains("secret"), "{secret}");
    }
}
