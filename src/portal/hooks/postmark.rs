//! Postmark: <https://postmarkapp.com/developer/webhooks/webhooks-overview>. It signs nothing; whoever
//! sends must know the login.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::{Event, Outcome, json, text};
use super::{Login, Message, Refusal};

pub(super) fn events(login: &Login, message: &Message) -> Result<Vec<Event>, Refusal> {
    login.check(message)?;
    let document = json(&message.body)?;
    let outcome = match text(&document, "/RecordType")? {
        "Delivery" => Outcome::DELIVERED,
        "Bounce" => match bounce(text(&document, "/Type")?, &document["Details"]) {
            Some(outcome) => outcome,
            None => return Ok(Vec::new()),
        },
        "SpamComplaint" => Outcome::COMPLAINED,
        _ => return Ok(Vec::new()),
    };
    // Events have no identity of their own; the same one is the same document.
    let event = Event::new(outcome, Sha256::digest(&message.body).as_slice())
        .of(&document["Metadata"], &Value::Null)
        .named(&document["MessageID"])
        .saying(&[&document["Details"], &document["Description"]]);
    Ok(vec![event])
}

/// <https://postmarkapp.com/developer/api/bounce-api#bounce-types>
fn bounce(kind: &str, said: &Value) -> Option<Outcome> {
    Some(match kind {
        // "Unknown user, mailbox not found": believed, unless the server said something else.
        "HardBounce" => Outcome::bounce(&[said], Outcome::HARD_BOUNCE),
        "BadEmailAddress" => Outcome::HARD_BOUNCE,
        // It was not sent: somebody has switched the address off there.
        "ManuallyDeactivated" => Outcome::REJECTED,
        "SpamComplaint" => Outcome::COMPLAINED,
        "Transient" | "DnsError" => Outcome::DEFERRED,
        // No bounces: somebody is on holiday, or clicked something.
        "AutoResponder"
        | "Subscribe"
        | "Unsubscribe"
        | "AddressChange"
        | "ChallengeVerification"
        | "OpenRelayTest" => return None,
        _ => Outcome::SOFT_BOUNCE,
    })
}
