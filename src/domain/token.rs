//! Secrets that travel: the link, the session cookie, the browser cookie, the report link.
//!
//! A token is 256 random bits and a 128-bit HMAC over its purpose and those bits, in base64url: 64
//! characters. The HMAC is checked in constant time **before** the store is asked, so a forged
//! token costs nothing; the store only ever sees a [`TokenDigest`]. The purpose is part of the
//! type, of the HMAC and of the digest, so a token of one kind can never pass for another
//! (the hole of CVE-2026-110862).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::secret::{Key, Secret};

/// Random bytes in a token.
pub const SECRET_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// Characters of a token as text.
pub const TOKEN_CHARACTERS: usize = (SECRET_BYTES + TAG_BYTES) / 3 * 4;

mod sealed {
    pub trait Sealed {}
}

/// What a token is for. Sealed: the purposes below are all there are.
pub trait Purpose: sealed::Sealed + Send + Sync + 'static {
    /// Separates the HMACs and digests of the purposes.
    const LABEL: &'static str;
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident = $label:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Purpose for $name { const LABEL: &'static str = $label; }
    )*};
}

purposes! {
    /// The link in a sign-in mail.
    Link = "link";
    /// The cookie of a signed-in browser.
    Session = "session";
    /// The cookie that ties an attempt to the browser that started it.
    Browser = "browser";
    /// The "I did not ask for this" link in a sign-in mail.
    Report = "report";
    /// The bearer token of a script.
    Service = "service";
}

/// The key that signs tokens.
#[derive(Clone, Debug)]
pub struct TokenKey(Key);

impl TokenKey {
    /// Derives the token key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("token"))
    }

    fn tag<P: Purpose>(&self, secret: &[u8; SECRET_BYTES]) -> [u8; TAG_BYTES] {
        let mac = self.0.mac(&[P::LABEL.as_bytes(), b"\0", secret]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// A genuine token of one purpose: made here, or checked against our key.
///
/// ```
/// # use linkgate::domain::{secret::Secret, token::{Link, Session, Token, TokenKey}};
/// let key = TokenKey::new(&Secret::new(&[7; 32]).unwrap());
/// let token = Token::<Link>::mint(&key, [1; 32]);
/// let text = token.reveal();
/// assert!(Token::<Link>::parse(&key, &text).is_ok());
/// assert!(Token::<Session>::parse(&key, &text).is_err(), "another purpose");
/// assert_eq!(format!("{token:?}"), "Token(link, ..)");
/// ```
///
/// A digest of one purpose is not accepted where another is asked for:
///
/// ```
/// # use linkgate::domain::token::{Link, TokenDigest};
/// fn find(_: TokenDigest<Link>) {}
/// fn twin(digest: TokenDigest<Link>) { find(digest) }
/// ```
/// ```compile_fail,E0308
/// # use linkgate::domain::token::{Link, Session, TokenDigest};
/// fn find(_: TokenDigest<Link>) {}
/// fn twin(digest: TokenDigest<Session>) { find(digest) }
/// ```
pub struct Token<P: Purpose> {
    secret: [u8; SECRET_BYTES],
    tag: [u8; TAG_BYTES],
    purpose: PhantomData<P>,
}

/// The text is no token of ours: another shape, another purpose, or a forgery. One error for all,
/// because the visitor should learn nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a token of ours")]
pub struct NotAToken;

impl<P: Purpose> Token<P> {
    /// Makes a token from 32 bytes, which come from the entropy port; a [`Report`] token carries
    /// the digest of its attempt's link instead.
    #[must_use]
    pub fn mint(key: &TokenKey, secret: [u8; SECRET_BYTES]) -> Self {
        let tag = key.tag::<P>(&secret);
        Self { secret, tag, purpose: PhantomData }
    }

    /// Reads a token from outside. Looks at the length first, then the alphabet, then the HMAC in
    /// constant time; does no I/O.
    ///
    /// # Errors
    /// [`NotAToken`] for everything that this key did not make for this purpose.
    pub fn parse(key: &TokenKey, text: &str) -> Result<Self, NotAToken> {
        if text.len() != TOKEN_CHARACTERS {
            return Err(NotAToken);
        }
        let mut bytes = Zeroizing::new([0u8; SECRET_BYTES + TAG_BYTES]);
        let written =
            URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()).map_err(|_| NotAToken)?;
        if written != bytes.len() {
            return Err(NotAToken);
        }
        let mut secret = [0; SECRET_BYTES];
        secret.copy_from_slice(&bytes[..SECRET_BYTES]);
        let token = Self::mint(key, secret);
        if bool::from(token.tag.ct_eq(&bytes[SECRET_BYTES..])) { Ok(token) } else { Err(NotAToken) }
    }

    /// The token as text, for the one place it must go to: a mail, or a `Set-Cookie`.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0u8; SECRET_BYTES + TAG_BYTES]);
        bytes[..SECRET_BYTES].copy_from_slice(&self.secret);
        bytes[SECRET_BYTES..].copy_from_slice(&self.tag);
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// What the store knows this token by.
    #[must_use]
    pub fn digest(&self) -> TokenDigest<P> {
        let mut hash = Sha256::new();
        hash.update(b"linkgate digest: ");
        hash.update(P::LABEL);
        hash.update(b"\0");
        hash.update(self.secret);
        TokenDigest::from_bytes(hash.finalize().into())
    }
}

impl Token<Report> {
    /// The report token of an attempt: it carries the digest of the attempt's link, so that no
    /// second record is needed, and is worth nothing as a link.
    #[must_use]
    pub fn for_attempt(key: &TokenKey, link: TokenDigest<Link>) -> Self {
        Self::mint(key, *link.as_bytes())
    }

    /// The attempt that is reported.
    #[must_use]
    pub fn attempt(&self) -> TokenDigest<Link> {
        TokenDigest::from_bytes(self.secret)
    }
}

impl<P: Purpose> Drop for Token<P> {
    fn drop(&mut self) {
        self.secret.zeroize();
        self.tag.zeroize();
    }
}

impl<P: Purpose> fmt::Debug for Token<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token({}, ..)", P::LABEL)
    }
}

/// SHA-256 of a token's secret with its purpose: what is stored. Reveals nothing, signs nobody in.
pub struct TokenDigest<P: Purpose>([u8; 32], PhantomData<P>);

impl<P: Purpose> TokenDigest<P> {
    /// Takes a digest back from a store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes, PhantomData)
    }

    /// The digest's bytes, for a store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, for keys of text stores.
    #[must_use]
    pub fn to_hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        text
    }

    /// Reads [`to_hex`](Self::to_hex) back.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high * 16 + low).ok()?;
        }
        Some(Self::from_bytes(bytes))
    }
}

// Written out, because `derive` would ask the purpose for the same traits.
impl<P: Purpose> Clone for TokenDigest<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Purpose> Copy for TokenDigest<P> {}
impl<P: Purpose> PartialEq for TokenDigest<P> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<P: Purpose> Eq for TokenDigest<P> {}
impl<P: Purpose> Hash for TokenDigest<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<P: Purpose> fmt::Debug for TokenDigest<P> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TokenDigest({}, {}…)", P::LABEL, &self.to_hex()[..8])
    }
}

impl<P: Purpose> serde::Serialize for TokenDigest<P> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}
impl<'de, P: Purpose> serde::Deserialize<'de> for TokenDigest<P> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("not a digest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> TokenKey {
        TokenKey::new(&Secret::new(&[seed; 32]).unwrap())
    }

    #[test]
    fn another_key_and_another_purpose_are_refused() {
        let text = Token::<Link>::mint(&key(1), [9; 32]).reveal();
        assert_eq!(Token::<Link>::parse(&key(2), &text).unwrap_err(), NotAToken);
        assert_eq!(Token::<Session>::parse(&key(1), &text).unwrap_err(), NotAToken);
        assert_eq!(Token::<Browser>::parse(&key(1), &text).unwrap_err(), NotAToken);
        assert_eq!(Token::<Report>::parse(&key(1), &text).unwrap_err(), NotAToken);
    }

    #[test]
    fn digests_of_two_purposes_differ() {
        let link = Token::<Link>::mint(&key(1), [9; 32]).digest();
        let session = Token::<Session>::mint(&key(1), [9; 32]).digest();
        assert_ne!(link.as_bytes(), session.as_bytes());
    }

    proptest! {
        #[test]
        fn text_round_trips(secret: [u8; 32]) {
            let token = Token::<Session>::mint(&key(3), secret);
            let text = token.reveal();
            prop_assert_eq!(text.len(), TOKEN_CHARACTERS);
            let back = Token::<Session>::parse(&key(3), &text).unwrap();
            prop_assert_eq!(back.digest(), token.digest());
            prop_assert_eq!(TokenDigest::from_hex(&token.digest().to_hex()), Some(token.digest()));
        }

        #[test]
        fn one_changed_bit_is_refused(secret: [u8; 32], bit in 0usize..384) {
            let mut bytes = URL_SAFE_NO_PAD.decode(Token::<Link>::mint(&key(3), secret).reveal().as_str()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Token::<Link>::parse(&key(3), &URL_SAFE_NO_PAD.encode(bytes)).is_err());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,90}") {
            prop_assert!(Token::<Link>::parse(&key(3), &text).is_err());
        }
    }
}
