//! The code of a sign-in mail: what the visitor types into the tab that waits.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secret::{Key, Secret};
use super::token::{Link, TokenDigest};

/// Letters of a code: no vowels (no words), nothing that looks like something else (RFC 8628, 6.1).
pub const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters in a code: 20^8 ≈ 2^34.6 codes.
pub const LETTERS: usize = 8;
/// Wrong codes that an attempt survives, counted in the store.
pub const TRIES: u32 = 5;
/// Longest input that is looked at: a code with generous blanks and dashes.
const LONGEST_INPUT: usize = 64;

/// Eight letters, shown `WDJB-MJHT`. A secret of its own: it cannot be derived from the link.
///
/// ```
/// # use linkgate::domain::code::Code;
/// let code = Code::parse(" wdjb mjht ").unwrap();
/// assert_eq!(code.reveal().as_str(), "WDJB-MJHT");
/// assert!(Code::parse("WDJB-MJH").is_err());
/// assert!(Code::parse("AEIO-UAEI").is_err());
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code([u8; LETTERS]);

/// The text cannot be a code of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A code has eight letters, like WDJB-MJHT")]
pub struct NotACode;

impl Code {
    /// Makes a code from 128 random bits; the remainder's bias is below 2^-93.
    #[must_use]
    pub fn mint(random: [u8; 16]) -> Self {
        let mut rest = u128::from_le_bytes(random);
        let mut letters = [0; LETTERS];
        for letter in &mut letters {
            // Below 20, so the cast is exact and the index inside the alphabet.
            *letter = ALPHABET[(rest % 20) as usize];
            rest /= 20;
        }
        Self(letters)
    }

    /// Reads what somebody typed: case, blanks and dashes do not matter.
    ///
    /// # Errors
    /// [`NotACode`] when other characters remain or there are not exactly eight.
    pub fn parse(typed: &str) -> Result<Self, NotACode> {
        if typed.len() > LONGEST_INPUT {
            return Err(NotACode);
        }
        let mut letters = [0; LETTERS];
        let mut count = 0;
        for byte in typed.bytes() {
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'-') {
                continue;
            }
            let letter = byte.to_ascii_uppercase();
            if !ALPHABET.contains(&letter) {
                return Err(NotACode);
            }
            *letters.get_mut(count).ok_or(NotACode)? = letter;
            count += 1;
        }
        if count == LETTERS { Ok(Self(letters)) } else { Err(NotACode) }
    }

    /// The code as it stands in the mail: `WDJB-MJHT`.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LETTERS + 1));
        for (position, letter) in self.0.iter().enumerate() {
            if position == LETTERS / 2 {
                text.push('-');
            }
            text.push(char::from(*letter));
        }
        text
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Code(..)")
    }
}

/// The key under which codes are stored.
#[derive(Clone, Debug)]
pub struct CodeKey(Key);

impl CodeKey {
    /// Derives the code key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("code"))
    }

    /// What the store keeps of a code: 34 bits would be guessed from a plain digest, so it is a
    /// keyed hash, tied to its attempt.
    #[must_use]
    pub fn mac(&self, attempt: TokenDigest<Link>, code: &Code) -> CodeMac {
        CodeMac(self.0.mac(&[attempt.as_bytes(), &code.0]))
    }
}

/// The keyed hash of a code. Compared in constant time only.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct CodeMac([u8; 32]);

impl ConstantTimeEq for CodeMac {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for CodeMac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CodeMac(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_counts_for_its_own_attempt_only() {
        let key = CodeKey::new(&Secret::new(&[1; 32]).unwrap());
        let code = Code::mint([7; 16]);
        let here = key.mac(TokenDigest::from_bytes([1; 32]), &code);
        let there = key.mac(TokenDigest::from_bytes([2; 32]), &code);
        assert!(bool::from(here.ct_eq(&key.mac(TokenDigest::from_bytes([1; 32]), &code))));
        assert!(!bool::from(here.ct_eq(&there)));
    }

    #[test]
    fn what_is_not_a_code_is_refused() {
        for typed in
            ["", "WDJB", "WDJB-MJHTB", "WDJB-MJH1", "WDJBMJHÄ", "ＷDJBMJHT", &"W".repeat(99)]
        {
            assert_eq!(Code::parse(typed).err(), Some(NotACode), "{typed:?}");
        }
    }

    proptest! {
        #[test]
        fn typed_in_any_dress_it_is_the_same(random: [u8; 16], dash in "[ -]{0,3}") {
            let code = Code::mint(random);
            let shown = code.reveal();
            let typed = format!(" {}{dash}{} ", &shown[..4].to_lowercase(), &shown[5..]);
            prop_assert_eq!(Code::parse(&typed).unwrap().reveal(), shown);
        }

        #[test]
        fn no_text_panics(typed in "\\PC{0,80}") {
            let _ = Code::parse(&typed);
        }
    }
}
