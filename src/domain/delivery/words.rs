//! What relays say and how they name mails: texts of strangers, so they are cut and cleaned.

use serde::{Deserialize, Serialize};

use crate::domain::letter;

/// Characters of a relay's words that are kept.
const LONGEST_WORDS: usize = 200;
/// Characters of a name that a relay may give a mail.
const LONGEST_REFERENCE: usize = 200;

/// Longest word that is kept: longer than any of a language, shorter than any token of ours.
const LONGEST_WORD: usize = 60;

/// What a relay said, in one line, cut to 200 characters.
///
/// It may have repeated what was sent to it, the recipient or even the link: words that could be one of
/// those are left out.
///
/// ```
/// # use linkgate::domain::delivery::RelayWords;
/// let words = RelayWords::new("550 5.1.1 <ann@example.com>:\r\n https://a.example/x refused");
/// assert_eq!(words.unwrap().as_str(), "550 5.1.1 […] […] refused");
/// assert_eq!(RelayWords::new(" \r\n"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RelayWords(String);

impl RelayWords {
    /// Cuts and cleans; nothing when nothing is left.
    #[must_use]
    pub fn new(said: &str) -> Option<Self> {
        // More than is kept, so that the work is bounded before anything is looked at.
        let looked_at: String = letter::on_one_line(said).take(4 * LONGEST_WORDS).collect();
        let words = looked_at.split_whitespace();
        let words: Vec<_> = words.map(|it| if may_be_kept(it) { it } else { "[…]" }).collect();
        let line: String = words.join(" ").chars().take(LONGEST_WORDS).collect();
        (!line.is_empty()).then_some(Self(line))
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn may_be_kept(word: &str) -> bool {
    word.len() <= LONGEST_WORD && !word.contains(['@', '%', '=']) && !word.contains("://")
}

/// The name that a relay or a provider gave a mail: visible ASCII, at most 200 characters, without the
/// angle brackets that some put around it.
///
/// ```
/// # use linkgate::domain::delivery::Reference;
/// assert_eq!(Reference::new("<a@b>"), Reference::new("a@b"));
/// assert_eq!(Reference::new("a b"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(String);

impl Reference {
    /// Reads a name.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(text);
        let is_good = (1..=LONGEST_REFERENCE).contains(&bare.len())
            && bare.bytes().all(|byte| byte.is_ascii_graphic());
        is_good.then(|| Self(bare.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for it in keys of stores.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        Sha256::new()
            .chain_update("linkgate mail reference\0")
            .chain_update(&self.0)
            .finalize()
            .into()
    }
}
