//! DKIM key records (RFC 6376, 3.6.1): the key that a mail's signature is checked with.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::dmarc::tags;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with so many bits.
    Rsa(usize),
    /// Ed25519 (RFC 8463).
    Ed25519,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DkimRecord {
    /// What kind.
    pub kind: KeyKind,
    /// The key, as in the record and without spaces.
    pub key: String,
    /// Its owner is trying it out: receivers may pass over it.
    pub is_test: bool,
}

/// Why a record has no key to check with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDkim {
    /// The key was taken back.
    #[error("the key is revoked (`p=` is empty)")]
    Revoked,
    /// It is for something else.
    #[error("the key is not for mail (`s={0}`)")]
    Elsewhere(String),
    /// Nothing that could be a key.
    #[error("{0}")]
    Unreadable(&'static str),
}

impl DkimRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`BadDkim`].
    pub fn parse(text: &str) -> Result<Self, BadDkim> {
        let tags = tags(text);
        let tag = |name: &str| tags.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        if tag("v").is_some_and(|version| version != "DKIM1") {
            return Err(BadDkim::Unreadable("is no key record (`v=`)"));
        }
        let key = tag("p").ok_or(BadDkim::Unreadable("holds no key (`p=`)"))?;
        let key: String = key.chars().filter(|sign| !sign.is_whitespace()).collect();
        if key.is_empty() {
            return Err(BadDkim::Revoked);
        }
        let is_for_mail = |service: &str| ["*", "email"].contains(&service.trim());
        if let Some(services) = tag("s").filter(|it| !it.split(':').any(is_for_mail)) {
            return Err(BadDkim::Elsewhere(services.to_owned()));
        }
        let kind = kind(tag("k").unwrap_or("rsa"), &key).map_err(BadDkim::Unreadable)?;
        let is_test = tag("t").is_some_and(|it| it.split(':').any(|flag| flag.trim() == "y"));
        Ok(Self { kind, key, is_test })
    }
}

fn kind(name: &str, key: &str) -> Result<KeyKind, &'static str> {
    let der = STANDARD.decode(key).map_err(|_| "the key is damaged (`p=` is no base64)")?;
    match name {
        "rsa" => rsa_bits(&der).map(KeyKind::Rsa).ok_or("the key is damaged (no RSA key)"),
        "ed25519" if der.len() == 32 => Ok(KeyKind::Ed25519),
        "ed25519" => Err("the key is damaged (no Ed25519 key)"),
        _ => Err("is of a kind that nobody knows (`k=`)"),
    }
}

fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (_, info) = SubjectPublicKeyInfo::from_der(der).ok()?;
    match info.parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    #[test]
    fn records_are_read() {
        let record = DkimRecord::parse(&format!("v=DKIM1; k=ed25519; t=y:s; p={ED25519}")).unwrap();
        assert_eq!((record.kind, record.is_test), (KeyKind::Ed25519, true));
        assert_eq!(record.key, ED25519);
    }

    #[test]
    fn what_is_no_key_is_said() {
        for (text, why) in [
            ("v=DKIM1; p=".to_owned(), "the key is revoked (`p=` is empty)"),
            ("v=DKIM1; k=rsa".to_owned(), "holds no key (`p=`)"),
            ("v=DKIM2; p=AAAA".to_owned(), "is no key record (`v=`)"),
            (format!("k=ed25519; s=tlsrpt; p={ED25519}"), "the key is not for mail (`s=tlsrpt`)"),
            ("k=ed25519; p=AAAA".to_owned(), "the key is damaged (no Ed25519 key)"),
            ("p=AAAA".to_owned(), "the key is damaged (no RSA key)"),
            ("p=***".to_owned(), "the key is damaged (`p=` is no base64)"),
            ("k=dsa; p=AAAA".to_owned(), "is of a kind that nobody knows (`k=`)"),
        ] {
            assert_eq!(DkimRecord::parse(&text).unwrap_err().to_string(), why, "{text}");
        }
    }
}
