//! Mailgun: <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/>.
//!
//! The signature does not cover what the message says. Whoever sees one can say something else under it,
//! until its time is over; that it is taken only once narrows that to who is faster. Have Mailgun reach
//! linkgate by TLS alone. So a token is used up by the first message that shows it, for what that says.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::event::{Event, Outcome, json, text};
use super::proof::{is_near, seconds};
use super::{Message, Refusal, Told};

/// Longest token that is believed to be one; they have 50 characters.
const LONGEST_TOKEN: usize = 128;

/// The key that Mailgun calls "HTTP webhook signing key".
#[derive(Clone)]
pub struct MailgunKey(Zeroizing<String>);

impl std::fmt::Debug for MailgunKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MailgunKey(..)")
    }
}

impl MailgunKey {
    /// The key as Mailgun shows it.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(Zeroizing::new(key.to_owned()))
    }

    fn check(&self, timestamp: &str, token: &str, signature: &str) -> Result<(), Refusal> {
        let bytes = from_hex(signature).ok_or(Refusal::Forged)?;
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).map_err(|_| Refusal::Forged)?;
        let mac = mac.chain_update(timestamp).chain_update(token);
        mac.verify_slice(&bytes).map_err(|_| Refusal::Forged)
    }
}

/// What is read before anything is proved; the rest is passed over.
#[derive(Deserialize)]
struct Shown<'a> {
    #[serde(borrow)]
    signature: Signature<'a>,
}

#[derive(Deserialize)]
struct Signature<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

/// What a message says, and the token that it uses up.
pub(super) fn events(key: &MailgunKey, message: &Message) -> Result<Told, Refusal> {
    let shown: Shown<'_> = serde_json::from_slice(&message.body).map_err(|_| Refusal::Malformed)?;
    let Signature { timestamp, token, signature } = shown.signature;
    if token.len() > LONGEST_TOKEN {
        return Err(Refusal::Malformed);
    }
    key.check(&timestamp, &token, &signature)?;
    is_near(seconds(&timestamp)?, message.now)?;
    let events = event(&json(&message.body)?["event-data"], &token)?;
    Ok(Told { events, once: Some(token.as_bytes().to_vec()) })
}

fn event(data: &Value, token: &str) -> Result<Vec<Event>, Refusal> {
    let outcome = match text(data, "/event")? {
        "delivered" => Outcome::DELIVERED,
        "failed" if data["severity"] == "permanent" => failed(data),
        "failed" => Outcome::DEFERRED,
        "rejected" => Outcome::REJECTED,
        "complained" => Outcome::COMPLAINED,
        _ => return Ok(Vec::new()),
    };
    let status = &data["delivery-status"];
    let event = Event::new(outcome, token)
        .of(&data["user-variables"], &data["message"]["headers"]["message-id"])
        .named(&data["message"]["headers"]["message-id"])
        .saying(&[&status["message"], &status["description"], &data["reason"]]);
    Ok(vec![event])
}

/// <https://documentation.mailgun.com/docs/mailgun/user-manual/events/events>
fn failed(data: &Value) -> Outcome {
    if data["reason"].as_str().is_some_and(|it| it.starts_with("suppress-")) {
        // It was not sent: Mailgun has the address on a list of its own.
        return Outcome::REJECTED;
    }
    let status = &data["delivery-status"];
    let message = status["message"].as_str().unwrap_or_default();
    let said = Value::from(format!("{} {message}", status["code"].as_u64().unwrap_or_default()));
    Outcome::bounce(&[&status["enhanced-code"], &said], Outcome::SOFT_BOUNCE)
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}
