//! Resend: <https://resend.com/docs/dashboard/webhooks/introduction>, signed in the way of Svix.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::event::{Event, Outcome, json, text};
use super::proof::{is_near, seconds};
use super::{Message, Refusal};

/// Signatures that are looked at: while a key is exchanged there are two.
const MOST_SIGNATURES: usize = 8;
/// Fewest bytes of a key.
const SHORTEST_KEY: usize = 16;

/// The key that Resend calls "signing secret".
#[derive(Clone)]
pub struct ResendKey(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for ResendKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ResendKey(..)")
    }
}

impl ResendKey {
    /// Reads the key as Resend shows it: `whsec_` and base64.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
        (bytes.len() >= SHORTEST_KEY).then(|| Self(Zeroizing::new(bytes)))
    }

    fn check(&self, id: &str, timestamp: &str, message: &Message) -> Result<(), Refusal> {
        let shown = message.header("svix-signature").ok_or(Refusal::Forged)?;
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| Refusal::Forged)?;
        let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(&message.body);
        let signatures = shown.split(' ').take(MOST_SIGNATURES);
        let mut signatures = signatures.filter_map(|it| it.strip_prefix("v1,"));
        let is_one = signatures.any(|text| {
            let bytes = STANDARD.decode(text).unwrap_or_default();
            mac.clone().verify_slice(&bytes).is_ok()
        });
        if is_one { Ok(()) } else { Err(Refusal::Forged) }
    }
}

pub(super) fn events(key: &ResendKey, message: &Message) -> Result<Vec<Event>, Refusal> {
    let header = |name| message.header(name).ok_or(Refusal::Forged);
    let (id, timestamp) = (header("svix-id")?, header("svix-timestamp")?);
    key.check(id, timestamp, message)?;
    is_near(seconds(timestamp)?, message.now)?;
    let document = json(&message.body)?;
    let data = &document["data"];
    let bounce = &data["bounce"];
    let outcome = match text(&document, "/type")? {
        "email.delivered" => Outcome::DELIVERED,
        "email.delivery_delayed" => Outcome::DEFERRED,
        "email.bounced" => {
            let said = [&bounce["diagnosticCode"][0], &bounce["message"]];
            Outcome::ses_bounce(&bounce["type"], &bounce["subType"], &said)
        }
        "email.failed" | "email.suppressed" => Outcome::REJECTED,
        "email.complained" => Outcome::COMPLAINED,
        _ => return Ok(Vec::new()),
    };
    let event = Event::new(outcome, id)
        .of(&data["tags"], &data["message_id"])
        .named(&data["email_id"])
        .saying(&[&bounce["message"], &data["failed"]["reason"]]);
    Ok(vec![event])
}
