//! Passwords, for sites that accept one beside the link (`mode: hybrid`).
//!
//! What may be chosen follows NIST SP 800-63B-4, 3.1.1: length counts and composition does not;
//! Unicode is normalised; what everybody guesses first is refused. How a password is kept is
//! [`PasswordHash`]: Argon2id (RFC 9106) with the parameters of the OWASP Password Storage Cheat
//! Sheet and a key of the installation, so that a copy of the store alone cannot be searched.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use zxcvbn::{Score, zxcvbn};

use super::limit::Limit;
use super::time::{Span, UnixMillis};

/// Longest password, in characters after normalisation. Nobody types more, and what is longer only
/// costs time.
pub const LONGEST_PASSWORD: usize = 256;
/// Longest text that is looked at, in bytes: no character of UTF-8 takes more than four.
const LONGEST_INPUT: usize = 4 * LONGEST_PASSWORD;
/// Characters whose guessability is judged. More take time that grows faster than their number.
const JUDGED: usize = 48;
/// The signs that people write in place of letters (`p@ssw0rd`), without the digits.
const IN_PLACE_OF_LETTERS: [char; 10] = ['@', '(', '{', '[', '<', '!', '|', '$', '+', '%'];
/// How many of them are looked at as letters. The ways to read a text multiply with each: all of them
/// in one password took half a second.
const READ_AS_LETTERS: usize = 3;

/// A password that somebody has typed, in the form in which it is compared.
///
/// Normalised as RFC 8265 (`OpaqueString`) says, so that one password is the same on every keyboard:
/// blanks of other scripts become plain ones, and letters with marks are composed (NFC).
///
/// ```
/// # use linkgate::domain::password::Password;
/// let composed = Password::typed("caf\u{e9}\u{2003}au lait").unwrap();
/// assert_eq!(composed.expose(), Password::typed("cafe\u{301} au lait").unwrap().expose());
/// assert_eq!(format!("{composed:?}"), "Password(..)");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

/// Why a text is no password, or none that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Nothing was typed.
    #[error("is missing")]
    Missing,
    /// Fewer characters than the installation wants.
    #[error("must have {least} characters or more")]
    TooShort {
        /// How many it wants.
        least: u32,
    },
    /// More than [`LONGEST_PASSWORD`] characters.
    #[error("must have {LONGEST_PASSWORD} characters or fewer")]
    TooLong,
    /// Among the first that anybody would try.
    #[error("is easy to guess; four words that have nothing to do with each other do well")]
    Guessable,
}

impl Password {
    /// Takes a password that is to be compared.
    ///
    /// # Errors
    /// [`PasswordProblem::Missing`] and [`PasswordProblem::TooLong`].
    pub fn typed(text: &str) -> Result<Self, PasswordProblem> {
        if text.is_empty() {
            return Err(PasswordProblem::Missing);
        }
        if text.len() > LONGEST_INPUT {
            return Err(PasswordProblem::TooLong);
        }
        // Room for all of it at once: a string that grows leaves copies behind.
        let mut normal = Self(String::with_capacity(LONGEST_INPUT));
        let plain = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
        for letter in text.nfc().map(plain).take(LONGEST_PASSWORD + 1) {
            normal.0.push(letter);
        }
        if normal.0.chars().count() > LONGEST_PASSWORD {
            return Err(PasswordProblem::TooLong);
        }
        Ok(normal)
    }

    /// The bytes that are hashed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it may be chosen. `known` are words that whoever attacks this person tries first:
    /// their address, the name of the site.
    ///
    /// Takes milliseconds, whatever was typed: not on the thread of a request.
    ///
    /// # Errors
    /// [`PasswordProblem::TooShort`] and [`PasswordProblem::Guessable`].
    pub fn judge(&self, least: u32, known: &[String]) -> Result<(), PasswordProblem> {
        if self.0.chars().count() < usize::try_from(least).unwrap_or(usize::MAX) {
            return Err(PasswordProblem::TooShort { least });
        }
        let judged = self.judged();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        // From ten thousand million guesses on; a slow hash makes each of them dear.
        if zxcvbn(&judged, &known).score() < Score::Four {
            return Err(PasswordProblem::Guessable);
        }
        Ok(())
    }
}

impl Password {
    /// What is judged: the beginning, with few of the signs that may stand for letters.
    fn judged(&self) -> Zeroizing<String> {
        let mut signs: Vec<char> = Vec::with_capacity(READ_AS_LETTERS);
        let mut judged = Zeroizing::new(String::with_capacity(4 * JUDGED));
        for letter in self.0.chars().take(JUDGED) {
            let is_sign = IN_PLACE_OF_LETTERS.contains(&letter);
            if is_sign && !signs.contains(&letter) && signs.len() < READ_AS_LETTERS {
                signs.push(letter);
            }
            judged.push(if is_sign && !signs.contains(&letter) { '~' } else { letter });
        }
        judged
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(..)")
    }
}

/// A password as it is kept: Argon2id in the PHC string format, with its parameters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes what the hashing has made, or what the store has kept. Whether it can be read shows
    /// when a password is compared with it.
    #[must_use]
    pub fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string. It is no secret that signs anybody in, but it is nobody's business either.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHash(..)")
    }
}

/// The password of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPassword {
    /// What is kept of it.
    pub hash: PasswordHash,
    /// When it was set.
    pub set_at: UnixMillis,
}

/// How sites with `mode: hybrid` accept passwords (`sign_in.passwords`). The same for all of them: a
/// password is a person's and not a site's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordTerms {
    /// Fewest characters of a new one.
    pub min_length: u32,
    /// Tries for one person.
    pub person_limit: Limit,
    /// Tries of one client.
    pub client_limit: Limit,
    /// Tries of the network around a client, so that nobody has 65536 clients.
    pub network_limit: Limit,
}

impl PasswordTerms {
    /// Tries for one person in a week: as many as in ten windows, 100 at least. Guessing slowly must
    /// not be guessing for ever (NIST SP 800-63B-4, 3.2.2).
    #[must_use]
    pub fn lasting_limit(&self) -> Limit {
        let count = self.person_limit.count.saturating_mul(10).max(100);
        Limit { count, window: Span::seconds(7 * 86_400) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(text: &str) -> Result<(), PasswordProblem> {
        let known = ["ann.smith", "example.com", "wiki"].map(str::to_owned);
        Password::typed(text)?.judge(15, &known)
    }

    #[test]
    fn length_counts_and_composition_does_not() {
        for text in [
            "lantern orbit pickle mosaic",
            "drei Schiffe segeln gegen Süden",
            "الخيول تركض في الوادي البعيد",
            "J8#kq2!vLr9@xPw4",
        ] {
            assert_eq!(judge(text), Ok(()), "{text}");
        }
        assert_eq!(judge(""), Err(PasswordProblem::Missing));
        assert_eq!(judge("J8#kq2!vLr9@xP"), Err(PasswordProblem::TooShort { least: 15 }));
        // Counted in characters: these are 28 bytes.
        assert_eq!(judge("Ж8щ2яЮ4фЗ7цЫ1э"), Err(PasswordProblem::TooShort { least: 15 }));
        assert_eq!(judge(&"x y".repeat(100)), Err(PasswordProblem::TooLong));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for text in [
            "passwordpassword",
            "password1234567",
            "123456789012345",
            "qwertyuiopasdfg",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcdefghijklmnop",
            "ann.smithexample.com",
            "wikiwikiwikiwiki",
        ] {
            assert_eq!(judge(text), Err(PasswordProblem::Guessable), "{text}");
        }
    }

    #[test]
    fn a_password_is_the_same_on_every_keyboard() {
        let same = |one: &str, other: &str| {
            Password::typed(one).unwrap().expose() == Password::typed(other).unwrap().expose()
        };
        assert!(same("Zu\u{308}rich", "Z\u{fc}rich"));
        assert!(same("a\u{a0}b\u{3000}c", "a b c"));
        // Nothing else is folded: case and blanks at the ends are part of it.
        assert!(!same("abc", "Abc") && !same("abc", "abc ") && !same("\u{fb01}n", "fin"));
    }

    #[test]
    fn no_secret_in_debug() {
        let kept = KeptPassword {
            hash: PasswordHash::from_phc("$argon2id$secret".into()),
            set_at: UnixMillis(1),
        };
        assert_eq!(
            format!("{kept:?}"),
            "KeptPassword { hash: PasswordHash(..), set_at: UnixMillis(1) }"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_normal_forms_are_stable(text in "\\PC{0,300}", odd: String) {
            for text in [&text, &odd] {
                let Ok(once) = Password::typed(text) else { continue };
                let again = std::str::from_utf8(once.expose()).unwrap().to_owned();
                let twice = Password::typed(&again).unwrap();
                prop_assert_eq!(once.expose(), twice.expose());
            }
        }

    }

    /// By the ratio: with all signs read as letters it was five hundred times.
    #[test]
    fn no_password_takes_long_to_judge() {
        let time = |text: &str| {
            let password = Password::typed(text).unwrap();
            let time = || {
                let start = std::time::Instant::now();
                let _ = password.judge(8, &[]);
                start.elapsed()
            };
            (0..5).map(|_| time()).min().unwrap()
        };
        let usual = time("drei Schiffe segeln gegen die Sonne und zurueck.");
        for text in [
            "4@8({[<369!1|0$57+%2passwordiloveyou4@8({[<369!1|0$57+%2passwordiloveyou",
            "1|!7@+4passwordiloveyou1|!7@+4passwordiloveyou03",
            &"(4@)".repeat(64),
            &"aA1!".repeat(64),
            &"1234567890".repeat(25),
        ] {
            let took = time(text);
            assert!(took < usual * 40, "{text}: {took:?}, usually {usual:?}");
        }
    }
}
