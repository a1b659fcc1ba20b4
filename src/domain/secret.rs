//! The one secret of an installation and the keys derived from it.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Shortest secret that is accepted, in bytes (256 bits).
pub const SHORTEST_SECRET: usize = 32;

/// The installation's secret: at least 32 bytes that nobody else knows.
///
/// Never used itself: every use has a key of its own, derived with a label, so that what is made
/// for one purpose can never be taken for another.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

/// The secret is shorter than [`SHORTEST_SECRET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is too short: {length} bytes, at least {SHORTEST_SECRET} are needed")]
pub struct SecretTooShort {
    /// How many bytes there were.
    pub length: usize,
}

impl Secret {
    /// Takes the bytes of a secret; white space around them (a text file's last line end) is not
    /// part of it.
    ///
    /// # Errors
    /// [`SecretTooShort`] below 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self, SecretTooShort> {
        let bytes = bytes.trim_ascii();
        if bytes.len() < SHORTEST_SECRET {
            return Err(SecretTooShort { length: bytes.len() });
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The key for one use: `HMAC-SHA-256(secret, "linkgate key: " ‖ label)`.
    #[must_use]
    pub fn derive(&self, label: &str) -> Key {
        Key(mac(&self.0, &[b"linkgate key: ", label.as_bytes()]))
    }
}

/// Tells one secret from another without telling anything of either: it stands in the store, which
/// thereby belongs to one installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub [u8; 16]);

/// As hexadecimal: it is no secret.
impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Tells one beginning of a store from another: drawn when an installation takes a store that is
/// empty. A store that was emptied and begun anew has the same mark, and lacks everybody who was
/// suspended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth(pub [u8; 16]);

impl Secret {
    /// The mark of the installation that has this secret.
    #[must_use]
    pub fn mark(&self) -> Mark {
        let mac = self.derive("installation").mac(&[b"mark"]);
        let mut mark = [0; 16];
        mark.copy_from_slice(&mac[..16]);
        Mark(mark)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// A 256-bit key for one use.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// `HMAC-SHA-256` over the parts, as if they were one text. Callers make the parts
    /// unambiguous: fixed lengths, or a label before them.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.0, parts)
    }

    /// The key's bytes, for an algorithm that takes them (AEAD, Ed25519 seed). They must not be
    /// stored or shown.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Key(..)")
    }
}

#[allow(clippy::expect_used)] // HMAC takes a key of any length (RFC 2104): the error cannot occur.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_separate_keys_and_white_space_is_no_part_of_the_secret() {
        let secret = Secret::new(&[b'k'; 40]).unwrap();
        let with_line_end = Secret::new(&[[b'k'; 40].as_slice(), b"\n"].concat()).unwrap();
        assert_ne!(secret.derive("a").expose(), secret.derive("b").expose());
        assert_eq!(secret.derive("a").expose(), with_line_end.derive("a").expose());
    }

    #[test]
    fn a_short_secret_is_refused_and_a_good_one_is_never_shown() {
        assert_eq!(Secret::new(b"  short  ").unwrap_err().length, 5);
        assert_eq!(format!("{:?}", Secret::new(&[1; 32]).unwrap()), "Secret(..)");
    }
}
