//! `X-Linkgate-Assertion`: a signed statement of who is asking, for applications that want proof.
//!
//! A JWT (RFC 7519), signed with Ed25519 (RFC 8037), for one site and five minutes. The key is
//! derived from the installation's secret, so every node signs alike and nothing more need be kept;
//! its public half is at `/.linkgate/jwks.json`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use quick_cache::sync::Cache;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Identity};
use crate::domain::secret::Secret;
use crate::domain::service_token::ServiceToken;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, Session, TokenDigest};

/// How long an assertion is good for.
const LIFETIME: Duration = Duration::from_secs(300);
/// An assertion is reused while it is good for at least this long.
const FRESH: Duration = Duration::from_secs(120);
/// Signed assertions that are kept for reuse.
const KEPT: usize = 16_384;
/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410, 7).
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Signs assertions, each once and then from memory while it is fresh.
pub struct Assertions {
    key: EncodingKey,
    header: Header,
    jwks: String,
    prefix: String,
    /// By the digest of session or service token, and the audience.
    signed: Cache<([u8; 32], Arc<str>), Signed>,
}

#[derive(Clone)]
struct Signed {
    value: HeaderValue,
    expires_at: UnixMillis,
    /// The groups it names: with others it is out of date.
    groups: Box<[GroupName]>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: String,
    aud: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    groups: Vec<&'a str>,
    sid: &'a str,
    iat: u64,
    exp: u64,
}

/// Of whom an assertion speaks.
struct Subject<'a> {
    sub: &'a str,
    email: Option<&'a str>,
    groups: &'a [GroupName],
}

/// The signature could not be made: the derived key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of the signed assertion cannot be used")]
pub struct KeyRefused;

impl Assertions {
    /// Derives the signing key. `prefix` is the reserved path, as in `/.linkgate`.
    ///
    /// # Errors
    /// [`KeyRefused`] if the cryptographic library does not take an Ed25519 seed.
    pub fn new(secret: &Secret, prefix: &str) -> Result<Self, KeyRefused> {
        let seed = secret.derive("assertion");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| KeyRefused)?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        // RFC 7638: the members in alphabetical order, without blanks.
        let thumbprint = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint));
        let jwk = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": kid.clone(), "x": public,
        });
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid);
        Ok(Self {
            key: EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), seed.expose()].concat()),
            header,
            jwks: serde_json::json!({ "keys": [jwk] }).to_string(),
            prefix: prefix.to_owned(),
            signed: Cache::new(KEPT),
        })
    }

    /// The public keys, as a JSON Web Key Set (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The assertion for a session at a site; `origin` is its audience.
    ///
    /// # Errors
    /// [`KeyRefused`] when signing fails.
    pub fn sign(
        &self,
        session: TokenDigest<Session>,
        origin: &Arc<str>,
        identity: &Identity,
        now: UnixMillis,
    ) -> Result<HeaderValue, KeyRefused> {
        let address = identity.email.identity();
        let who = Subject { sub: address, email: Some(address), groups: &identity.groups };
        self.statement(*session.as_bytes(), origin, who, now)
    }

    /// The assertion for a script at a site: `sub` is `token:` and its name, which is no address.
    ///
    /// # Errors
    /// [`KeyRefused`] when signing fails.
    pub fn sign_machine(
        &self,
        token: TokenDigest<Service>,
        origin: &Arc<str>,
        machine: &ServiceToken,
        now: UnixMillis,
    ) -> Result<HeaderValue, KeyRefused> {
        let sub = format!("token:{}", machine.name);
        let email = machine.email.as_ref().map(EmailAddress::identity);
        let who = Subject { sub: &sub, email, groups: &[] };
        self.statement(*token.as_bytes(), origin, who, now)
    }

    fn statement(
        &self,
        digest: [u8; 32],
        origin: &Arc<str>,
        who: Subject<'_>,
        now: UnixMillis,
    ) -> Result<HeaderValue, KeyRefused> {
        let key = (digest, Arc::clone(origin));
        if let Some(signed) = self.signed.get(&key)
            && signed.expires_at >= now.after(FRESH)
            && *signed.groups == *who.groups
        {
            return Ok(signed.value);
        }
        let expires_at = now.after(LIFETIME);
        let claims = Claims {
            iss: format!("{origin}{}", self.prefix),
            aud: origin,
            sub: who.sub,
            email: who.email,
            groups: who.groups.iter().map(GroupName::as_str).collect(),
            sid: &TokenDigest::<Session>::from_bytes(digest).to_hex()[..32],
            iat: now.seconds(),
            exp: expires_at.seconds(),
        };
        let token =
            jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(|_| KeyRefused)?;
        let mut value = HeaderValue::from_str(&token).map_err(|_| KeyRefused)?;
        value.set_sensitive(true);
        self.signed
            .insert(key, Signed { value: value.clone(), expires_at, groups: who.groups.into() });
        Ok(value)
    }
}

impl std::fmt::Debug for Assertions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Assertions(..)")
    }
}
