//! The browser as somebody's own: which persons have signed in with it before.
//!
//! A cookie that holds a random identity and, for each of the last few persons, a time and a keyed
//! hash of that person. It holds no address, is worth nothing as a key to anything, and nothing of
//! it is stored: it only says "this person has been here before". Such a browser has a count of
//! mails of its own, so that no stranger can use up the mails of somebody who has signed in before,
//! and it causes no notice of a new device.
//!
//! The time is there so that proofs can be taken back: whoever got in and was reported for it has
//! one, too.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secret::{Key, Secret};
use super::time::UnixMillis;

/// Random bytes that tell devices apart.
pub const ID_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const PROOF_BYTES: usize = TIME_BYTES + TAG_BYTES;
/// Persons that one browser remembers; with a further one the oldest is forgotten.
pub const MOST_PERSONS: usize = 4;
const LONGEST: usize = ID_BYTES + MOST_PERSONS * PROOF_BYTES;
/// Characters of the longest device as text.
const LONGEST_TEXT: usize = (LONGEST * 4).div_ceil(3);

/// The key that proves who was here.
#[derive(Clone, Debug)]
pub struct DeviceKey(Key);

impl DeviceKey {
    /// Derives the device key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("device"))
    }

    /// That somebody has signed in, and when.
    fn proof(&self, id: &[u8; ID_BYTES], at: UnixMillis, identity: &str) -> [u8; PROOF_BYTES] {
        let time = at.0.to_be_bytes();
        let mac = self.0.mac(&[id, &time, identity.as_bytes()]);
        let mut proof = [0; PROOF_BYTES];
        proof[..TIME_BYTES].copy_from_slice(&time);
        proof[TIME_BYTES..].copy_from_slice(&mac[..TAG_BYTES]);
        proof
    }
}

/// A browser, with proofs of who has signed in with it.
///
/// ```
/// # use linkgate::domain::{device::{Device, DeviceKey}, secret::Secret, time::UnixMillis};
/// let key = DeviceKey::new(&Secret::new(&[7; 32]).unwrap());
/// let device = Device::mint([1; 16]).remembering(&key, "ann@example.com", UnixMillis(5));
/// let device = Device::parse(&device.reveal()).unwrap();
/// assert_eq!(device.knows(&key, "ann@example.com"), Some(UnixMillis(5)));
/// assert_eq!(device.knows(&key, "bob@example.com"), None);
/// assert_eq!(format!("{device:?}"), "Device(..)");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Device {
    id: [u8; ID_BYTES],
    proofs: Vec<[u8; PROOF_BYTES]>,
}

/// The text has not the shape of a device. Whether its proofs are genuine shows only when somebody
/// asks for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a device of ours")]
pub struct NotADevice;

impl Device {
    /// A device that knows nobody, from random bytes.
    #[must_use]
    pub fn mint(id: [u8; ID_BYTES]) -> Self {
        Self { id, proofs: Vec::new() }
    }

    /// Reads a device from outside. Looks at the length first.
    ///
    /// # Errors
    /// [`NotADevice`] for every other shape.
    pub fn parse(text: &str) -> Result<Self, NotADevice> {
        if text.len() > LONGEST_TEXT {
            return Err(NotADevice);
        }
        let mut buffer = Zeroizing::new([0u8; LONGEST]);
        let length =
            URL_SAFE_NO_PAD.decode_slice(text, buffer.as_mut_slice()).map_err(|_| NotADevice)?;
        let bytes = buffer.get(..length).ok_or(NotADevice)?;
        let (id, rest) = bytes.split_first_chunk().ok_or(NotADevice)?;
        let (proofs, odd) = rest.as_chunks::<PROOF_BYTES>();
        if !odd.is_empty() {
            return Err(NotADevice);
        }
        Ok(Self { id: *id, proofs: proofs.to_vec() })
    }

    /// The device as text, for its cookie.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(self.proofs.as_flattened());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// When this person has signed in with this browser, if they ever did. Takes the same time
    /// whichever of the proofs is the person's.
    #[must_use]
    pub fn knows(&self, key: &DeviceKey, identity: &str) -> Option<UnixMillis> {
        let at = |proof: &[u8; PROOF_BYTES]| self.time_of(key, proof, identity);
        // Not `find_map`, which would stop at the first.
        self.proofs.iter().fold(None, |found, proof| at(proof).max(found))
    }

    /// The same device after this person has signed in: the newest comes first, the oldest is
    /// forgotten.
    #[must_use]
    pub fn remembering(&self, key: &DeviceKey, identity: &str, now: UnixMillis) -> Self {
        let newest = key.proof(&self.id, now, identity);
        let others = self.proofs.iter().filter(|it| self.time_of(key, it, identity).is_none());
        let proofs = std::iter::once(&newest).chain(others).take(MOST_PERSONS).copied().collect();
        Self { id: self.id, proofs }
    }

    /// The time in a proof, if it is genuine and this person's.
    fn time_of(
        &self,
        key: &DeviceKey,
        proof: &[u8; PROOF_BYTES],
        identity: &str,
    ) -> Option<UnixMillis> {
        let at = UnixMillis(u64::from_be_bytes(*proof.first_chunk::<TIME_BYTES>()?));
        let wanted = key.proof(&self.id, at, identity);
        bool::from(proof.ct_eq(&wanted)).then_some(at)
    }

    /// What this device is counted under, together with a person it knows.
    #[must_use]
    pub fn limit_key(&self, identity: &str) -> String {
        // The hexadecimal part has a fixed length, so the two cannot run into each other.
        format!("{:032x} {identity}", u128::from_be_bytes(self.id))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Device(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn key(seed: u8) -> DeviceKey {
        DeviceKey::new(&Secret::new(&[seed; 32]).unwrap())
    }

    #[test]
    fn another_key_and_another_device_know_nobody() {
        let device = Device::mint([1; 16]).remembering(&key(1), "ann@example.com", NOW);
        assert_eq!(device.knows(&key(1), "ann@example.com"), Some(NOW));
        assert_eq!(device.knows(&key(2), "ann@example.com"), None);
        let moved = Device { id: [2; 16], proofs: device.proofs.clone() };
        assert_eq!(moved.knows(&key(1), "ann@example.com"), None, "a proof belongs to its device");
        assert_eq!(Device::mint([1; 16]).knows(&key(1), "ann@example.com"), None);
    }

    #[test]
    fn what_has_not_the_shape_is_refused() {
        let four = (0..4).fold(Device::mint([1; 16]), |device, n| {
            device.remembering(&key(1), &format!("p{n}@example.com"), NOW)
        });
        let text = four.reveal();
        assert_eq!(text.len(), LONGEST_TEXT);
        assert_eq!(Device::parse(&text).unwrap().proofs.len(), 4);
        for length in (0..text.len()).filter(|length| ![22, 54, 86, 118].contains(length)) {
            assert_eq!(Device::parse(&text[..length]).err(), Some(NotADevice), "{length}");
        }
        let five = URL_SAFE_NO_PAD.encode([7; 16 + 5 * 24]);
        for text in [five.as_str(), "", "=", &"*".repeat(22), &format!("{}=", &text[..22])] {
            assert_eq!(Device::parse(text).err(), Some(NotADevice), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_last_four_are_known_and_come_back_from_text(
            id: [u8; 16],
            persons in proptest::collection::vec(0u8..8, 0..20),
        ) {
            let key = key(3);
            let name = |n: u8| format!("p{n}@example.com");
            let mut device = Device::mint(id);
            let mut newest: Vec<u8> = Vec::new();
            for (at, person) in persons.into_iter().enumerate() {
                device = device.remembering(&key, &name(person), UnixMillis(at as u64));
                newest.retain(|it| *it != person);
                newest.insert(0, person);
                newest.truncate(MOST_PERSONS);
            }
            let back = Device::parse(&device.reveal()).unwrap();
            prop_assert_eq!(back.proofs.len(), newest.len(), "nobody stands there twice");
            for person in 0..8 {
                prop_assert_eq!(back.knows(&key, &name(person)).is_some(), newest.contains(&person));
            }
            prop_assert_eq!(back.reveal(), device.reveal());
        }

        #[test]
        fn one_changed_bit_is_nobody(id: [u8; 16], bit in 0usize..320) {
            let device = Device::mint(id).remembering(&key(3), "ann@example.com", NOW);
            let mut bytes = URL_SAFE_NO_PAD.decode(device.reveal().as_str()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = Device::parse(&URL_SAFE_NO_PAD.encode(bytes)).unwrap();
            prop_assert_eq!(changed.knows(&key(3), "ann@example.com"), None);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,150}") {
            if let Ok(device) = Device::parse(&text) {
                prop_assert_eq!(device.knows(&key(3), "ann@example.com"), None);
            }
        }
    }
}
