//! The keys behind a roster: derived, never stored.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::disclosure::Algorithm;
use crate::domain::secret::Key;
use crate::domain::signing::{Generation, KeyRoster, Phase};
use crate::domain::time::UnixMillis;

/// Both algorithms; every generation has a key for each.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Es256];

/// A key could not be derived, or did not sign. Does not happen with sound keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of the signed assertion cannot be used")]
pub struct KeyRefused;

/// The keys of a roster.
pub(super) struct Ring {
    roster: KeyRoster,
    keys: HashMap<(u32, Algorithm), SigningKey>,
}

impl Ring {
    /// Derives all keys. `root` is the installation's key for this purpose.
    pub(super) fn new(root: &Key, roster: KeyRoster) -> Result<Self, KeyRefused> {
        let mut keys = HashMap::new();
        for (generation, _) in roster.phases(UnixMillis(0)) {
            for algorithm in ALGORITHMS {
                let key = SigningKey::derive(root, algorithm, generation)?;
                keys.insert((generation.number, algorithm), key);
            }
        }
        Ok(Self { roster, keys })
    }

    pub(super) fn revision(&self) -> u64 {
        self.roster.revision()
    }

    /// The key that signs now.
    pub(super) fn signer(
        &self,
        algorithm: Algorithm,
        now: UnixMillis,
    ) -> Result<&SigningKey, KeyRefused> {
        let mut phases = self.roster.phases(now);
        let signing = phases.find(|(_, phase)| *phase == Phase::Signing).ok_or(KeyRefused)?;
        self.keys.get(&(signing.0.number, algorithm)).ok_or(KeyRefused)
    }

    /// What is published now: a JSON Web Key Set (RFC 7517).
    pub(super) fn jwks(&self, algorithm: Algorithm, now: UnixMillis) -> String {
        let published = self.roster.phases(now).filter(|(_, phase)| *phase != Phase::Gone);
        let keys = published
            .filter_map(|(generation, _)| self.keys.get(&(generation.number, algorithm)))
            .map(|key| key.jwk.clone())
            .collect();
        json!({ "keys": Value::Array(keys) }).to_string()
    }
}

/// What a key is called in the header of an assertion and in the key set, for commands that list
/// the keys.
///
/// # Errors
/// [`KeyRefused`] if it cannot be derived.
pub fn key_id(
    root: &Key,
    algorithm: Algorithm,
    generation: &Generation,
) -> Result<String, KeyRefused> {
    SigningKey::derive(root, algorithm, generation).map(|key| key.id)
}

/// One key.
pub(super) struct SigningKey {
    pair: Pair,
    id: String,
    jwk: Value,
    /// The header of everything it signs, encoded.
    header: String,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

impl SigningKey {
    fn derive(
        root: &Key,
        algorithm: Algorithm,
        generation: &Generation,
    ) -> Result<Self, KeyRefused> {
        let (pair, mut jwk) = match algorithm {
            Algorithm::EdDsa => ed25519(root, generation)?,
            Algorithm::Es256 => p256(root, generation)?,
        };
        // RFC 7638: the required members in alphabetical order, without blanks. That is the order
        // in which `serde_json` writes a map.
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.to_string()));
        let name = match algorithm {
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
        };
        jwk["alg"] = name.into();
        jwk["use"] = "sig".into();
        jwk["kid"] = id.as_str().into();
        let header = json!({ "alg": name, "kid": id, "typ": "JWT" }).to_string();
        Ok(Self { pair, id, jwk, header: URL_SAFE_NO_PAD.encode(header) })
    }

    /// The claims as a JWT in compact serialization (RFC 7515, 7.1).
    pub(super) fn sign(&self, claims: &[u8]) -> Result<String, KeyRefused> {
        let mut token = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(claims));
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(token.as_bytes()),
            Pair::P256(pair) => {
                pair.sign(&SystemRandom::new(), token.as_bytes()).map_err(|_| KeyRefused)?
            }
        };
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}

/// 32 bytes that only this installation can work out. All parts have fixed lengths.
fn bytes(root: &Key, label: &[u8; 6], generation: &Generation) -> Zeroizing<[u8; 32]> {
    let (number, salt) = (generation.number.to_be_bytes(), generation.salt.to_be_bytes());
    Zeroizing::new(root.mac(&[label, &number, &salt]))
}

fn ed25519(root: &Key, generation: &Generation) -> Result<(Pair, Value), KeyRefused> {
    let seed = bytes(root, b"EdDSA ", generation);
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_slice()).map_err(|_| KeyRefused)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    Ok((Pair::Ed25519(pair), json!({ "crv": "Ed25519", "kty": "OKP", "x": x })))
}

fn p256(root: &Key, generation: &Generation) -> Result<(Pair, Value), KeyRefused> {
    // One of 2^32 numbers is too large for the curve; then the next one is taken.
    let labels = [b"ES256 ", b"ES256b", b"ES256c"];
    let secret = labels
        .into_iter()
        .find_map(|label| p256::SecretKey::from_slice(&*bytes(root, label, generation)).ok())
        .ok_or(KeyRefused)?;
    let point = secret.public_key().to_encoded_point(false);
    let (x, y) = (point.x().ok_or(KeyRefused)?, point.y().ok_or(KeyRefused)?);
    let jwk = json!({
        "crv": "P-256", "kty": "EC",
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    });
    let private = Zeroizing::new(secret.to_bytes());
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &private,
        point.as_bytes(),
        &SystemRandom::new(),
    );
    Ok((Pair::P256(pair.map_err(|_| KeyRefused)?), jwk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    fn root(byte: u8) -> Key {
        Secret::new(&[byte; 32]).unwrap().derive("assertion")
    }

    fn generation(number: u32, salt: u128) -> Generation {
        Generation { number, salt, published_at: UnixMillis(0), signs_from: UnixMillis(0) }
    }

    #[test]
    fn a_key_is_the_same_on_every_node_and_another_for_everything_else() {
        let mut ids = Vec::new();
        for algorithm in ALGORITHMS {
            for (secret, number, salt) in [(1, 1, 0), (2, 1, 0), (1, 2, 0), (1, 1, 1)] {
                let id = key_id(&root(secret), algorithm, &generation(number, salt)).unwrap();
                let again = key_id(&root(secret), algorithm, &generation(number, salt)).unwrap();
                assert_eq!(id, again);
                assert!(!ids.contains(&id), "{algorithm:?} {secret} {number} {salt}");
                ids.push(id);
            }
        }
    }

    #[test]
    fn the_key_set_holds_public_halves_only_and_keys_leave_it() {
        let now = UnixMillis(1_800_000_000_000);
        let roster = KeyRoster::initial().rotated(u128::MAX, now).unwrap();
        let ring = Ring::new(&root(1), roster).unwrap();
        for (algorithm, kind, members) in [
            (Algorithm::EdDsa, "OKP", ["alg", "crv", "kid", "kty", "use", "x"].as_slice()),
            (Algorithm::Es256, "EC", &["alg", "crv", "kid", "kty", "use", "x", "y"]),
        ] {
            let keys: Value = serde_json::from_str(&ring.jwks(algorithm, now)).unwrap();
            let keys = keys["keys"].as_array().unwrap().clone();
            assert_eq!(keys.len(), 2);
            for key in &keys {
                assert_eq!(key["kty"], kind);
                let mut found: Vec<_> = key.as_object().unwrap().keys().cloned().collect();
                found.sort();
                assert_eq!(found, members);
            }
            let (_, later) = (crate::domain::signing::LEAD, crate::domain::signing::TAIL);
            let end = now.after(crate::domain::signing::LEAD).after(later);
            let keys_then: Value = serde_json::from_str(&ring.jwks(algorithm, end)).unwrap();
            assert_eq!(keys_then["keys"].as_array().unwrap(), &keys[1..]);
        }
    }
}
