//! DKIM (RFC 6376, RFC 8463): who signs a mail, with which key, and what the DNS must say of it.
//!
//! Private keys are used by ring, which takes RSA of 2048 to 4096 bits and Ed25519.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use super::email::EmailAddress;

/// Why a text is no name of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DkimNameError {
    /// The domain.
    #[error("must be the domain of a sender, like example.com")]
    Domain,
    /// The selector.
    #[error("must be a name of the DNS: letters, digits and -, with dots between")]
    Selector,
}

/// Why a key cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DkimKeyError {
    /// There is no private key in PEM form.
    #[error("there is no private key in PEM form")]
    NoKey,
    /// It is none that DKIM has, or not well made.
    #[error("it is neither Ed25519 nor RSA of 2048 to 4096 bits ({0})")]
    Kind(String),
    /// The signing failed.
    #[error("the key did not sign")]
    Signing,
}

/// A domain that mails are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDomain(String);

impl MailDomain {
    /// Parses a domain, by the rules for those of addresses.
    ///
    /// # Errors
    /// [`DkimNameError::Domain`].
    pub fn parse(text: &str) -> Result<Self, DkimNameError> {
        let address = EmailAddress::parse(&format!("postmaster@{text}"));
        let domain = address.ok().filter(|_| !text.contains('@')).map(|it| it.domain().to_owned());
        domain.map(Self).ok_or(DkimNameError::Domain)
    }

    /// Lower-case ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a signature of this domain is aligned with a sender of `domain`, as DMARC asks by
    /// default (RFC 7489, 3.1.1): the same domain, or one below it.
    #[must_use]
    pub fn covers(&self, domain: &str) -> bool {
        domain.strip_suffix(self.as_str()).is_some_and(|it| it.is_empty() || it.ends_with('.'))
    }
}

/// Which key of a domain: the record is at `SELECTOR._domainkey.DOMAIN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// Parses a selector (RFC 6376, 3.1).
    ///
    /// # Errors
    /// [`DkimNameError::Selector`].
    pub fn parse(text: &str) -> Result<Self, DkimNameError> {
        let is_label = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= 128 && text.split('.').all(is_label) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(DkimNameError::Selector)
    }

    /// Lower-case ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A private key. Clones share it.
#[derive(Clone)]
pub struct DkimKey(Pair);

#[derive(Clone)]
enum Pair {
    Rsa(Arc<RsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl DkimKey {
    /// Reads a key in PEM form: PKCS#8, or PKCS#1 for RSA.
    ///
    /// # Errors
    /// [`DkimKeyError`], without anything of the key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, DkimKeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| DkimKeyError::NoKey)?;
        let rsa = match &der {
            PrivateKeyDer::Pkcs8(key) => {
                let bytes = key.secret_pkcs8_der();
                // Other programs write keys without their public half.
                if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
                    return Ok(Self(Pair::Ed25519(Arc::new(pair))));
                }
                RsaKeyPair::from_pkcs8(bytes)
            }
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err(DkimKeyError::Kind("another kind of key".into())),
        };
        let rsa = rsa.map_err(|error| DkimKeyError::Kind(error.to_string()))?;
        Ok(Self(Pair::Rsa(Arc::new(rsa))))
    }

    /// As in the tag `a=`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match &self.0 {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// Signs a text.
    ///
    /// # Errors
    /// [`DkimKeyError::Signing`], if the key does not fit itself.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, DkimKeyError> {
        match &self.0 {
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // The randomness blinds the key against those who measure time; it is not in the
                // signature.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
                    .map_err(|_| DkimKeyError::Signing)?;
                Ok(signature)
            }
            // RFC 8463, 3: the digest is what is signed.
            Pair::Ed25519(key) => Ok(key.sign(&Sha256::digest(text)).as_ref().to_vec()),
        }
    }

    /// What the DNS must say: the text of the TXT record.
    #[must_use]
    pub fn record(&self) -> String {
        let (kind, key) = match &self.0 {
            Pair::Rsa(key) => ("rsa", rsa_public_key(key.public().as_ref())),
            Pair::Ed25519(key) => ("ed25519", key.public_key().as_ref().to_vec()),
        };
        format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(key))
    }
}

impl PartialEq for DkimKey {
    fn eq(&self, other: &Self) -> bool {
        self.record() == other.record()
    }
}

impl Eq for DkimKey {}

impl fmt::Debug for DkimKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DkimKey({}, ..)", self.algorithm())
    }
}

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimSigner {
    /// Whose signature it is.
    pub domain: MailDomain,
    /// Where its key is in the DNS.
    pub selector: Selector,
    /// The private key.
    pub key: DkimKey,
}

impl DkimSigner {
    /// The name of its record in the DNS.
    #[must_use]
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector.as_str(), self.domain.as_str())
    }
}

/// The `SubjectPublicKeyInfo` (RFC 5280, 4.1) of an `RSAPublicKey`: what everybody writes into the
/// record, whatever the text of RFC 6376 says (its erratum 3017).
fn rsa_public_key(key: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: &[u8] =
        &[0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
    let bits = der(0x03, &[&[0], key].concat());
    der(0x30, &[RSA_ENCRYPTION, &bits].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.iter().copied().skip_while(|digit| *digit == 0).collect();
    let mut encoded = vec![tag];
    match digits.as_slice() {
        [] => encoded.push(0),
        [short] if *short < 0x80 => encoded.push(*short),
        long => {
            encoded.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            encoded.extend_from_slice(long);
        }
    }
    encoded.extend_from_slice(content);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of RFC 8463, appendix A, as other programs write them.
    const ED25519: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_of_another_program_has_the_record_of_the_rfc() {
        let key = DkimKey::from_pem(ED25519.as_bytes()).unwrap();
        assert_eq!(
            key.record(),
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
        );
        assert_eq!(format!("{key:?}"), "DkimKey(ed25519-sha256, ..)");
        assert_eq!(key.sign(b"a").unwrap().len(), 64);
    }

    #[test]
    fn what_is_no_key_is_told_without_it() {
        let ecdsa = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (pem, told) in [
            ("", "there is no private key in PEM form"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it is neither"),
            (ecdsa.as_str(), "it is neither Ed25519 nor RSA"),
        ] {
            let error = DkimKey::from_pem(pem.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn domains_and_selectors_are_names_of_the_dns() {
        assert_eq!(MailDomain::parse("Example.COM").unwrap().as_str(), "example.com");
        for bad in ["", "localhost", "a@example.com", "example.com.", "exa mple.com", "[::1]"] {
            assert_eq!(MailDomain::parse(bad), Err(DkimNameError::Domain), "{bad}");
        }
        for good in ["s1", "2026-01", "a.b", "S1"] {
            assert_eq!(Selector::parse(good).unwrap().as_str(), good.to_ascii_lowercase());
        }
        for bad in ["", "-a", "a-", "a..b", "a_b", "a b", "a;b", "ä", &"a".repeat(64)] {
            assert_eq!(Selector::parse(bad), Err(DkimNameError::Selector), "{bad}");
        }
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below() {
        let domain = MailDomain::parse("example.com").unwrap();
        for (other, covered) in [
            ("example.com", true),
            ("mail.example.com", true),
            ("notexample.com", false),
            ("example.org", false),
            ("com", false),
        ] {
            assert_eq!(domain.covers(other), covered, "{other}");
        }
    }

    #[test]
    fn lengths_of_der_are_short_and_long() {
        assert_eq!(der(4, &[7]), [4, 1, 7]);
        assert_eq!(der(4, &[]), [4, 0]);
        assert_eq!(der(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(der(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
