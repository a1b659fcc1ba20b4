//! The address that a browser keeps for the next time, if the visitor wants that.
//!
//! It is only put into the field of the form. It is signed all the same: a cookie that another
//! sub-domain or a program in between has planted must not put words into our page.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use super::email::EmailAddress;
use super::secret::{Key, Secret};

const TAG_BYTES: usize = 16;
/// Longest text of a remembered address: the longest address has 254 characters.
pub const LONGEST_TEXT: usize = 400;

/// The key that signs remembered addresses.
#[derive(Clone, Debug)]
pub struct RememberedKey(Key);

impl RememberedKey {
    /// Derives the key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("remembered address"))
    }

    fn tag(&self, spelling: &str) -> [u8; TAG_BYTES] {
        let mac = self.0.mac(&[b"address\0", spelling.as_bytes()]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// An address that this installation has put into a cookie.
///
/// ```
/// # use linkgate::domain::{email::EmailAddress, secret::Secret};
/// # use linkgate::domain::remembered::{RememberedAddress, RememberedKey};
/// let key = RememberedKey::new(&Secret::new(&[7; 32]).unwrap());
/// let address = EmailAddress::parse("Ann@example.com").unwrap();
/// let text = RememberedAddress::new(address).reveal(&key);
/// let back = RememberedAddress::parse(&key, &text).unwrap();
/// assert_eq!(back.address().spelling(), "Ann@example.com");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RememberedAddress(EmailAddress);

/// The text is not what this installation wrote: another shape, or a forgery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address that we remembered")]
pub struct NotRemembered;

impl RememberedAddress {
    /// Takes the address of a visitor who wants it to be remembered.
    #[must_use]
    pub fn new(address: EmailAddress) -> Self {
        Self(address)
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &EmailAddress {
        &self.0
    }

    /// The text for the cookie.
    #[must_use]
    pub fn reveal(&self, key: &RememberedKey) -> String {
        let spelling = self.0.spelling();
        URL_SAFE_NO_PAD.encode([key.tag(spelling).as_slice(), spelling.as_bytes()].concat())
    }

    /// Reads a text from outside: the length, the alphabet, the signature in constant time, and
    /// only then the address.
    ///
    /// # Errors
    /// [`NotRemembered`] for everything that this key did not sign.
    pub fn parse(key: &RememberedKey, text: &str) -> Result<Self, NotRemembered> {
        if text.len() > LONGEST_TEXT {
            return Err(NotRemembered);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotRemembered)?;
        let (tag, spelling) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(NotRemembered)?;
        let spelling = std::str::from_utf8(spelling).map_err(|_| NotRemembered)?;
        if !bool::from(key.tag(spelling).ct_eq(tag)) {
            return Err(NotRemembered);
        }
        EmailAddress::parse(spelling).map(Self).map_err(|_| NotRemembered)
    }
}

impl fmt::Debug for RememberedAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RememberedAddress(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> RememberedKey {
        RememberedKey::new(&Secret::new(&[seed; 32]).unwrap())
    }

    fn remembered(text: &str) -> RememberedAddress {
        RememberedAddress::new(EmailAddress::parse(text).unwrap())
    }

    #[test]
    fn a_forged_one_is_none() {
        let text = remembered("ann@example.com").reveal(&key(1));
        assert_eq!(RememberedAddress::parse(&key(2), &text), Err(NotRemembered));
        let unsigned = URL_SAFE_NO_PAD.encode(b"0123456789abcdefeve@example.com");
        for text in ["", "ann@example.com", &unsigned, &text[..21], &text[..text.len() - 1]] {
            assert_eq!(RememberedAddress::parse(&key(1), text), Err(NotRemembered), "{text}");
        }
    }

    #[test]
    fn the_longest_address_fits_and_a_longer_text_is_not_read() {
        let domain = format!("{0}.{0}.{0}.example", "d".repeat(60));
        let longest = format!("{}@{domain}", "n".repeat(254 - 1 - domain.len()));
        assert_eq!(longest.len(), 254);
        let text = remembered(&longest).reveal(&key(1));
        assert!(text.len() <= LONGEST_TEXT, "{}", text.len());
        assert_eq!(RememberedAddress::parse(&key(1), &text), Ok(remembered(&longest)));
        let longer = "A".repeat(LONGEST_TEXT + 1);
        assert_eq!(RememberedAddress::parse(&key(1), &longer), Err(NotRemembered));
        assert_eq!(format!("{:?}", remembered("ann@example.com")), "RememberedAddress(..)");
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_none(at in 0usize..31, bit in 0u8..8) {
            let text = remembered("ann@example.com").reveal(&key(1));
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            bytes[at] ^= 1 << bit;
            let changed = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(RememberedAddress::parse(&key(1), &changed), Err(NotRemembered));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,420}") {
            prop_assert!(RememberedAddress::parse(&key(1), &text).is_err());
        }
    }
}
