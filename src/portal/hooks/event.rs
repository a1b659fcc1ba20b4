//! What an event says, whoever it comes from.

use serde_json::Value;

use super::Refusal;
use crate::domain::delivery::{DeliveryState, MailId, Reference, RelayWords, says_no_mailbox};

/// What the identity of a mail is called among what providers keep for us.
const METADATA: &str = "linkgate_mail";

/// One thing that happened to one mail.
#[derive(Debug)]
pub(super) struct Event {
    /// The state that the mail is in by it.
    pub(super) state: DeliveryState,
    /// Whether no further mail should go to the address for a while.
    pub(super) suppresses: bool,
    /// What the server of the recipient said.
    pub(super) words: Option<RelayWords>,
    /// The mail, where the event names it as we do.
    pub(super) mail: Option<MailId>,
    /// The mail, as the provider names it.
    pub(super) reference: Option<Reference>,
    /// What tells the event from all others of its provider.
    pub(super) identity: Vec<u8>,
}

impl Event {
    pub(super) fn new(outcome: Outcome, identity: impl Into<Vec<u8>>) -> Self {
        let Outcome { state, suppresses } = outcome;
        let identity = identity.into();
        Self { state, suppresses, words: None, mail: None, reference: None, identity }
    }

    /// Adds the first of these texts that is there.
    pub(super) fn saying(mut self, texts: &[&Value]) -> Self {
        self.words = texts.iter().find_map(|it| RelayWords::new(it.as_str()?));
        self
    }

    /// Adds the mail: by what we gave the provider to keep, else by a Message-ID of ours.
    pub(super) fn of(mut self, kept: &Value, message_id: &Value) -> Self {
        self.mail = kept_name(kept).or_else(|| from_message_id(message_id.as_str()?));
        self
    }

    /// Adds the name that the provider gave the mail.
    pub(super) fn named(mut self, reference: &Value) -> Self {
        self.reference = reference.as_str().and_then(Reference::new);
        self
    }
}

/// What an event comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    state: DeliveryState,
    suppresses: bool,
}

impl Outcome {
    pub(super) const DELIVERED: Self = Self::of(DeliveryState::Delivered);
    pub(super) const DEFERRED: Self = Self::of(DeliveryState::Deferred);
    pub(super) const REJECTED: Self = Self::of(DeliveryState::Rejected);
    /// This mail was sent back; another one may arrive.
    pub(super) const SOFT_BOUNCE: Self = Self::of(DeliveryState::Bounced);
    /// There is no such mailbox.
    pub(super) const HARD_BOUNCE: Self = Self { suppresses: true, ..Self::SOFT_BOUNCE };
    pub(super) const COMPLAINED: Self = Self { state: DeliveryState::Complained, suppresses: true };

    const fn of(state: DeliveryState) -> Self {
        Self { state, suppresses: false }
    }

    /// A mail that came back for good, by what the recipient's server said, the most exact first. Most
    /// of what providers call permanent is not the address: the sender is on a list, the mail looks like
    /// spam. Only an address that is none is suppressed; `unsaid` where nothing tells.
    pub(super) fn bounce(said: &[&Value], unsaid: Self) -> Self {
        let mut said = said.iter().filter_map(|it| it.as_str());
        match said.find_map(says_no_mailbox) {
            Some(true) => Self::HARD_BOUNCE,
            Some(false) => Self::SOFT_BOUNCE,
            None => unsaid,
        }
    }

    /// The same in the words of SES, which Resend repeats
    /// (<https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types>).
    pub(super) fn ses_bounce(kind: &Value, detail: &Value, said: &[&Value]) -> Self {
        match (kind.as_str(), detail.as_str()) {
            (Some("Permanent"), Some("NoEmail")) => Self::HARD_BOUNCE,
            // It was not sent at all: the provider has the address on a list of its own.
            (
                Some("Permanent"),
                Some("Suppressed" | "OnAccountSuppressionList" | "UnsubscribedRecipient"),
            ) => Self::REJECTED,
            (Some("Permanent"), _) => Self::bounce(said, Self::SOFT_BOUNCE),
            _ => Self::SOFT_BOUNCE,
        }
    }
}

/// Reads a JSON document.
pub(super) fn json(body: &[u8]) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    if value.is_object() || value.is_array() { Ok(value) } else { Err(Refusal::Malformed) }
}

/// A text that must be there.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, Refusal> {
    value.pointer(pointer).and_then(Value::as_str).ok_or(Refusal::Malformed)
}

/// The identity among what a provider kept for us: a map, a list of names and values, or a text that is
/// a map.
fn kept_name(kept: &Value) -> Option<MailId> {
    let value = match kept {
        Value::Object(map) => map.get(METADATA)?.clone(),
        Value::Array(list) => {
            let entry = list.iter().find(|it| it["name"] == METADATA)?;
            entry["value"].clone()
        }
        Value::String(text) => match serde_json::from_str(text).ok()? {
            Value::Object(mut map) => map.remove(METADATA)?,
            _ => return None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    // SES has a list of values for each name.
    let text = value.as_str().or_else(|| value[0].as_str())?;
    MailId::from_hex(text)
}

fn from_message_id(text: &str) -> Option<MailId> {
    let (left, _) = text.trim().trim_start_matches('<').split_once('@')?;
    MailId::from_hex(left)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mail_is_named_in_many_ways() {
        let id = MailId([0xab; 16]);
        let hex = id.to_hex();
        for kept in [
            json!({ METADATA: hex }),
            json!({ METADATA: [hex] }),
            json!([{ "name": "other", "value": "x" }, { "name": METADATA, "value": hex }]),
            json!(json!({ METADATA: hex }).to_string()),
        ] {
            assert_eq!(kept_name(&kept), Some(id), "{kept}");
        }
        for kept in
            [json!(null), json!({ METADATA: "x" }), json!({ METADATA: 7 }), json!("{"), json!([])]
        {
            assert_eq!(kept_name(&kept), None, "{kept}");
        }
        assert_eq!(from_message_id(&format!("<{hex}@mail.example.com>")), Some(id));
        assert_eq!(from_message_id(&format!("{hex}@mail.example.com")), Some(id));
        assert_eq!(from_message_id("<0102@email.amazonses.com>"), None);
    }
}
