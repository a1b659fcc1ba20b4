//! SendGrid: <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>, with its signed
//! event webhook.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value;

use super::event::{Event, Outcome, json, text};
use super::proof::{is_near, seconds};
use super::{Message, Refusal};

/// What stands before the point in the SPKI of a P-256 key (RFC 5480).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// An uncompressed point of P-256.
const POINT: usize = 65;

/// The public key that SendGrid calls "verification key".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendgridKey([u8; POINT]);

impl SendgridKey {
    /// Reads the key as SendGrid shows it: base64 of a key for P-256.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        let point = bytes.strip_prefix(&SPKI)?;
        Some(Self(point.try_into().ok().filter(|point: &[u8; POINT]| point[0] == 4)?))
    }

    fn check(&self, timestamp: &str, message: &Message, signature: &str) -> Result<(), Refusal> {
        let signature = STANDARD.decode(signature).map_err(|_| Refusal::Forged)?;
        let signed = [timestamp.as_bytes(), &message.body].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, self.0);
        key.verify(&signed, &signature).map_err(|_| Refusal::Forged)
    }
}

pub(super) fn events(key: &SendgridKey, message: &Message) -> Result<Vec<Event>, Refusal> {
    let header = |name| message.header(name).ok_or(Refusal::Forged);
    let timestamp = header("x-twilio-email-event-webhook-timestamp")?;
    key.check(timestamp, message, header("x-twilio-email-event-webhook-signature")?)?;
    is_near(seconds(timestamp)?, message.now)?;
    let Value::Array(all) = json(&message.body)? else { return Err(Refusal::Malformed) };
    let mut events = Vec::new();
    for one in &all {
        events.extend(event(one)?);
    }
    Ok(events)
}

fn event(document: &Value) -> Result<Option<Event>, Refusal> {
    let outcome = match text(document, "/event")? {
        "delivered" => Outcome::DELIVERED,
        "deferred" => Outcome::DEFERRED,
        "bounce" => bounce(document),
        "dropped" => Outcome::REJECTED,
        "spamreport" => Outcome::COMPLAINED,
        _ => return Ok(None),
    };
    // What follows the first dot is another one for each event.
    let reference = document["sg_message_id"].as_str().and_then(|it| it.split('.').next());
    let event = Event::new(outcome, text(document, "/sg_event_id")?)
        .of(document, &document["smtp-id"])
        .named(&reference.map_or(Value::Null, Value::from))
        .saying(&[&document["reason"], &document["response"]]);
    Ok(Some(event))
}

fn bounce(document: &Value) -> Outcome {
    match document["bounce_classification"].as_str() {
        // Of the type `blocked` it is the mail that is not wanted, not the address that is wrong.
        _ if document["type"] == "blocked" => Outcome::SOFT_BOUNCE,
        Some("Invalid Address") => Outcome::HARD_BOUNCE,
        Some("" | "Unclassified") | None => {
            Outcome::bounce(&[&document["status"], &document["reason"]], Outcome::SOFT_BOUNCE)
        }
        Some(_) => Outcome::SOFT_BOUNCE,
    }
}
