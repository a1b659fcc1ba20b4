//! Brevo: <https://developers.brevo.com/docs/transactional-webhooks>. It signs nothing; whoever sends must
//! know the token, or the login.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::event::{Event, Outcome, json, text};
use super::{Login, Message, Refusal};

pub(super) fn events(login: &Login, message: &Message) -> Result<Vec<Event>, Refusal> {
    login.check(message)?;
    let document = json(&message.body)?;
    let all = match &document {
        Value::Array(all) => all.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut events = Vec::new();
    for one in all {
        events.extend(event(one)?);
    }
    Ok(events)
}

fn event(document: &Value) -> Result<Option<Event>, Refusal> {
    let outcome = match text(document, "/event")? {
        "delivered" => Outcome::DELIVERED,
        "deferred" => Outcome::DEFERRED,
        "hard_bounce" => Outcome::bounce(&[&document["reason"]], Outcome::SOFT_BOUNCE),
        "invalid_email" => Outcome::HARD_BOUNCE,
        "soft_bounce" => Outcome::SOFT_BOUNCE,
        "blocked" | "error" => Outcome::REJECTED,
        "spam" => Outcome::COMPLAINED,
        _ => return Ok(None),
    };
    // Events have no identity of their own; the same one is the same document.
    let identity = Sha256::digest(document.to_string());
    let event = Event::new(outcome, identity.as_slice())
        .of(&document["X-Mailin-custom"], &document["message-id"])
        .named(&document["message-id"])
        .saying(&[&document["reason"]]);
    Ok(Some(event))
}
