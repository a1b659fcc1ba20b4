//! Amazon SES, which tells a topic of SNS, which tells us:
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>.
//!
//! A message names the place of the certificate that it is to be verified with. Nobody is asked there but
//! SNS itself, in the region of the configured topic; the addresses are built here, from that region, and
//! never taken from a message. A subscription is confirmed for the configured topic alone, after the
//! signature was verified.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::pem::parse_x509_pem;

use super::event::{Event, Outcome, json};
use super::proof::is_since;
use super::{Message, Refusal};
use crate::domain::time::UnixMillis;

/// Certificates that are kept; SNS has one at a time.
const KEPT: usize = 4;
/// How long ago SNS may have taken a message. It keeps that time when it tries again, which it does for
/// less than an hour unless it is told to. Far shorter than it is known which ones were taken.
const TRIED: Duration = Duration::from_secs(3600);
/// How long SNS is not asked again after a certificate could not be had.
const PAUSE: Duration = Duration::from_secs(30);

/// A region of AWS, and so a host of SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// The name, like `eu-central-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The host of SNS there.
    #[must_use]
    pub fn sns(&self) -> String {
        let china = if self.0.starts_with("cn-") { ".cn" } else { "" };
        format!("sns.{}.amazonaws.com{china}", self.0)
    }
}

/// SNS does not give what is asked for.
#[derive(Debug, thiserror::Error)]
#[error("SNS: {0}")]
pub struct NoSns(pub String);

/// SNS, as far as it is asked.
#[async_trait]
pub trait Sns: Send + Sync {
    /// The certificate (PEM) in a file at the root of the host.
    async fn certificate(&self, region: &Region, file: &str) -> Result<Vec<u8>, NoSns>;

    /// Confirms a subscription.
    async fn confirm(&self, region: &Region, topic: &str, token: &str) -> Result<(), NoSns>;
}

/// An SNS that is never asked: its certificate is one that the operator has fetched, and subscriptions
/// the operator confirms.
pub struct PinnedSns {
    /// The certificate (PEM).
    pub certificate: Vec<u8>,
}

#[async_trait]
impl Sns for PinnedSns {
    async fn certificate(&self, _: &Region, _: &str) -> Result<Vec<u8>, NoSns> {
        Ok(self.certificate.clone())
    }

    async fn confirm(&self, _: &Region, _: &str, _: &str) -> Result<(), NoSns> {
        Err(NoSns("confirm the subscription yourself: aws sns confirm-subscription".into()))
    }
}

/// The topic that SES tells, and SNS.
pub struct SesTopic {
    arn: String,
    region: Region,
    sns: Arc<dyn Sns>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Public keys by the file of their certificate.
    keys: BTreeMap<String, SigningKey>,
    /// When one could not be had.
    failed_at: Option<UnixMillis>,
}

/// A public key, and when its certificate counts, in seconds.
#[derive(Clone)]
struct SigningKey {
    key: Vec<u8>,
    valid: RangeInclusive<i64>,
}

impl SigningKey {
    fn is_valid(&self, now: UnixMillis) -> bool {
        i64::try_from(now.seconds()).is_ok_and(|now| self.valid.contains(&now))
    }
}

impl std::fmt::Debug for SesTopic {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SesTopic({})", self.arn)
    }
}

/// The region in the name of a topic, `arn:aws:sns:REGION:ACCOUNT:NAME`.
#[must_use]
pub fn region_of(arn: &str) -> Option<Region> {
    let mut parts = arn.split(':');
    let head = [parts.next()?, parts.next()?, parts.next()?];
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |text: &str, more: &str| {
        let is_good = |it: char| it.is_ascii_alphanumeric() || more.contains(it);
        !text.is_empty() && text.len() <= 256 && text.chars().all(is_good)
    };
    let is_arn = head[0] == "arn" && head[1].starts_with("aws") && plain(head[1], "-");
    let is_topic = is_arn && head[2] == "sns" && parts.next().is_none();
    let is_good = is_topic && plain(region, "-") && plain(account, "") && plain(name, "-_.");
    is_good.then(|| Region(region.to_ascii_lowercase()))
}

impl SesTopic {
    /// A topic by its name; nothing when it is no name of one.
    #[must_use]
    pub fn new(arn: &str, sns: Arc<dyn Sns>) -> Option<Self> {
        let (arn, region) = (arn.to_owned(), region_of(arn)?);
        Some(Self { arn, region, sns, kept: Mutex::default() })
    }

    /// The public key of the certificate that a message names.
    async fn key(&self, url: &str, now: UnixMillis) -> Result<Vec<u8>, Refusal> {
        let file = self.certificate_file(url).ok_or(Refusal::Forged)?;
        if let Some(found) = self.kept().keys.get(file).filter(|it| it.is_valid(now)) {
            return Ok(found.key.clone());
        }
        if self.kept().failed_at.is_some_and(|at| at.apart(now) < PAUSE) {
            return Err(Refusal::Later(NoSns("its certificate could not be had just now".into())));
        }
        let got = self.sns.certificate(&self.region, file).await;
        let key = got.and_then(|pem| public_key(&pem, now));
        let mut kept = self.kept();
        kept.failed_at = key.is_err().then_some(now);
        kept.keys.remove(file);
        let found = key?;
        if kept.keys.len() >= KEPT {
            kept.keys.clear();
        }
        let key = found.key.clone();
        kept.keys.insert(file.to_owned(), found);
        Ok(key)
    }

    /// The file at the host of SNS that a message says its certificate is in.
    fn certificate_file<'a>(&self, url: &'a str) -> Option<&'a str> {
        let file = url.strip_prefix("https://")?.strip_prefix(&self.region.sns())?;
        let name = file.strip_prefix('/')?.strip_suffix(".pem")?;
        let id = name.strip_prefix("SimpleNotificationService-")?;
        let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_alphanumeric());
        is_id.then_some(file)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn public_key(pem: &[u8], now: UnixMillis) -> Result<SigningKey, NoSns> {
    let unusable = || NoSns("its certificate cannot be used".into());
    let (_, pem) = parse_x509_pem(pem).map_err(|_| unusable())?;
    let certificate = pem.parse_x509().map_err(|_| unusable())?;
    let validity = certificate.validity();
    let valid = validity.not_before.timestamp()..=validity.not_after.timestamp();
    let key = certificate.public_key().subject_public_key.data.to_vec();
    let found = SigningKey { key, valid };
    if !found.is_valid(now) {
        return Err(NoSns("its certificate is not valid now".into()));
    }
    Ok(found)
}

/// What SNS says around a message; what is not known is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Field<'a>,
    #[serde(borrow)]
    message: Field<'a>,
    #[serde(borrow)]
    message_id: Field<'a>,
    #[serde(borrow)]
    subject: Field<'a>,
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    token: Field<'a>,
    #[serde(borrow)]
    topic_arn: Field<'a>,
    #[serde(borrow, rename = "SubscribeURL")]
    subscribe_url: Field<'a>,
    #[serde(borrow, rename = "SigningCertURL")]
    signing_cert_url: Field<'a>,
    #[serde(borrow)]
    signature: Field<'a>,
    #[serde(borrow)]
    signature_version: Field<'a>,
}

type Field<'a> = Option<Cow<'a, str>>;

fn there<'a>(field: &'a Field<'_>) -> Result<&'a str, Refusal> {
    field.as_deref().ok_or(Refusal::Malformed)
}

pub(super) async fn events(topic: &SesTopic, message: &Message) -> Result<Vec<Event>, Refusal> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(&message.body).map_err(|_| Refusal::Malformed)?;
    let signed = signed_text(&envelope)?;
    if there(&envelope.topic_arn)? != topic.arn {
        return Err(Refusal::Forged);
    }
    let key = topic.key(there(&envelope.signing_cert_url)?, message.now).await?;
    verify(&key, &envelope, &signed)?;
    is_since(moment(there(&envelope.timestamp)?)?, TRIED, message.now)?;
    match there(&envelope.kind)? {
        "SubscriptionConfirmation" => {
            let token = there(&envelope.token)?;
            topic.sns.confirm(&topic.region, &topic.arn, token).await?;
            tracing::info!(topic = topic.arn, "the subscription to a topic of SNS is confirmed");
            Ok(Vec::new())
        }
        "Notification" => notification(there(&envelope.message)?, there(&envelope.message_id)?),
        _ => Ok(Vec::new()),
    }
}

/// What the signature covers: names and values of some fields, each on a line of its own.
fn signed_text(envelope: &Envelope<'_>) -> Result<String, Refusal> {
    let it = envelope;
    let (message, id) = (("Message", &it.message), ("MessageId", &it.message_id));
    let (time, topic) = (("Timestamp", &it.timestamp), ("TopicArn", &it.topic_arn));
    let kind = ("Type", &it.kind);
    let (url, token) = (("SubscribeURL", &it.subscribe_url), ("Token", &it.token));
    let fields: &[(&str, &Field<'_>)] = match there(&it.kind)? {
        "Notification" => &[message, id, ("Subject", &it.subject), time, topic, kind],
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            &[message, id, url, time, token, topic, kind]
        }
        _ => return Err(Refusal::Malformed),
    };
    let mut signed = String::new();
    for (name, value) in fields {
        if *name == "Subject" && value.is_none() {
            continue;
        }
        for line in [name, there(value)?] {
            signed.push_str(line);
            signed.push('\n');
        }
    }
    Ok(signed)
}

fn verify(key: &[u8], envelope: &Envelope<'_>, signed: &str) -> Result<(), Refusal> {
    let algorithm: &dyn VerificationAlgorithm = match there(&envelope.signature_version)? {
        // What topics have unless somebody asks for 2. SNS itself writes what is signed, so that nobody
        // can have two texts of one digest signed.
        "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        "2" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(Refusal::Malformed),
    };
    let signature = STANDARD.decode(there(&envelope.signature)?).map_err(|_| Refusal::Forged)?;
    let key = UnparsedPublicKey::new(algorithm, key);
    key.verify(signed.as_bytes(), &signature).map_err(|_| Refusal::Forged)
}

fn moment(text: &str) -> Result<UnixMillis, Refusal> {
    let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| Refusal::Malformed)?;
    let seconds = u64::try_from(at.unix_timestamp()).map_err(|_| Refusal::Malformed)?;
    Ok(UnixMillis(seconds.saturating_mul(1000)))
}

/// <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>; what SES
/// tells without a configuration set has other names for the same.
fn notification(inner: &str, identity: &str) -> Result<Vec<Event>, Refusal> {
    // SES says hello to a new topic in plain words.
    let Ok(document) = json(inner.as_bytes()) else { return Ok(Vec::new()) };
    let kind = document["eventType"].as_str().or_else(|| document["notificationType"].as_str());
    let bounce = &document["bounce"];
    let outcome = match kind {
        Some("Delivery") => Outcome::DELIVERED,
        Some("DeliveryDelay") => Outcome::DEFERRED,
        Some("Bounce") => {
            let recipient = &bounce["bouncedRecipients"][0];
            let said = [&recipient["status"], &recipient["diagnosticCode"]];
            Outcome::ses_bounce(&bounce["bounceType"], &bounce["bounceSubType"], &said)
        }
        Some("Complaint") => Outcome::COMPLAINED,
        Some("Reject" | "Rendering Failure") => Outcome::REJECTED,
        Some(_) | None => return Ok(Vec::new()),
    };
    let mail = &document["mail"];
    let event = Event::new(outcome, identity)
        .of(&mail["tags"], &mail["commonHeaders"]["messageId"])
        .named(&mail["messageId"])
        .saying(&[
            &bounce["bouncedRecipients"][0]["diagnosticCode"],
            &document["delivery"]["smtpResponse"],
            &document["deliveryDelay"]["delayedRecipients"][0]["diagnosticCode"],
            &document["reject"]["reason"],
        ]);
    Ok(vec![event])
}
