//! The browser as somebody's own: which persons have signed in with it before.
//!
//! A cookie that holds a random identity and, for each of the last few persons, a keyed hash of
//! that person. It holds no address, is worth nothing as a key to anything, and nothing of it is
//! stored: it only says "this person has been here before". Such a browser has a count of mails of
//! its own, so that no stranger can use up the mails of somebody who has signed in before, and it
//! causes no notice of a new device.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::secret::{Key, Secret};

/// Random bytes that tell devices apart.
pub const ID_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// Persons that one browser remembers; with a further one the oldest is forgotten.
pub const MOST_PERSONS: usize = 4;
const LONGEST: usize = ID_BYTES + MOST_PERSONS * TAG_BYTES;
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

    fn tag(&self, id: &[u8; ID_BYTES], identity: &str) -> [u8; TAG_BYTES] {
        let mac = self.0.mac(&[id, identity.as_bytes()]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// A browser, with proofs of who has signed in with it.
///
/// ```
/// # use linkgate::domain::{device::{Device, DeviceKey}, secret::Secret};
/// let key = DeviceKey::new(&Secret::new(&[7; 32]).unwrap());
/// let device = Device::mint([1; 16]).remembering(&key, "ann@example.com");
/// let device = Device::parse(&device.reveal()).unwrap();
/// assert!(device.knows(&key, "ann@example.com"));
/// assert!(!device.knows(&key, "bob@example.com"));
/// assert_eq!(format!("{device:?}"), "Device(..)");
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Device {
    id: [u8; ID_BYTES],
    tags: Vec<[u8; TAG_BYTES]>,
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
        Self { id, tags: Vec::new() }
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
        let (tags, odd) = rest.as_chunks::<TAG_BYTES>();
        if !odd.is_empty() {
            return Err(NotADevice);
        }
        Ok(Self { id: *id, tags: tags.to_vec() })
    }

    /// The device as text, for its cookie.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(self.tags.as_flattened());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    /// Whether this person has signed in with this browser before. Takes the same time whichever of
    /// the proofs is the person's.
    #[must_use]
    pub fn knows(&self, key: &DeviceKey, identity: &str) -> bool {
        let wanted = key.tag(&self.id, identity);
        let found = self.tags.iter().fold(Choice::from(0), |found, tag| found | tag.ct_eq(&wanted));
        found.into()
    }

    /// The same device after this person has signed in: the newest comes first, the oldest is
    /// forgotten.
    #[must_use]
    pub fn remembering(&self, key: &DeviceKey, identity: &str) -> Self {
        let newest = key.tag(&self.id, identity);
        let others = self.tags.iter().filter(|tag| !bool::from(tag.ct_eq(&newest)));
        let tags = std::iter::once(&newest).chain(others).take(MOST_PERSONS).copied().collect();
        Self { id: self.id, tags }
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

    fn key(seed: u8) -> DeviceKey {
        DeviceKey::new(&Secret::new(&[seed; 32]).unwrap())
    }

    #[test]
    fn another_key_and_another_device_know_nobody() {
        let device = Device::mint([1; 16]).remembering(&key(1), "ann@example.com");
        assert!(device.knows(&key(1), "ann@example.com"));
        assert!(!device.knows(&key(2), "ann@example.com"));
        let moved = Device { id: [2; 16], tags: device.tags.clone() };
        assert!(!moved.knows(&key(1), "ann@example.com"), "a proof belongs to its device");
        assert!(!Device::mint([1; 16]).knows(&key(1), "ann@example.com"));
    }

    #[test]
    fn what_has_not_the_shape_is_refused() {
        let four = (0..4).fold(Device::mint([1; 16]), |device, n| {
            device.remembering(&key(1), &format!("p{n}@example.com"))
        });
        let text = four.reveal();
        assert_eq!(text.len(), LONGEST_TEXT);
        assert_eq!(Device::parse(&text).unwrap().tags.len(), 4);
        for length in (0..text.len()).filter(|length| ![22, 43, 64, 86].contains(length)) {
            assert_eq!(Device::parse(&text[..length]).err(), Some(NotADevice), "{length}");
        }
        let five = URL_SAFE_NO_PAD.encode([7; 16 * 6]);
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
            for person in persons {
                device = device.remembering(&key, &name(person));
                newest.retain(|it| *it != person);
                newest.insert(0, person);
                newest.truncate(MOST_PERSONS);
            }
            let back = Device::parse(&device.reveal()).unwrap();
            prop_assert_eq!(back.tags.len(), newest.len(), "nobody stands there twice");
            for person in 0..8 {
                prop_assert_eq!(back.knows(&key, &name(person)), newest.contains(&person));
            }
            prop_assert_eq!(back.reveal(), device.reveal());
        }

        #[test]
        fn one_changed_bit_is_nobody(id: [u8; 16], bit in 0usize..256) {
            let device = Device::mint(id).remembering(&key(3), "ann@example.com");
            let mut bytes = URL_SAFE_NO_PAD.decode(device.reveal().as_str()).unwrap();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = Device::parse(&URL_SAFE_NO_PAD.encode(bytes)).unwrap();
            prop_assert!(!changed.knows(&key(3), "ann@example.com"));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,150}") {
            if let Ok(device) = Device::parse(&text) {
                prop_assert!(!device.knows(&key(3), "ann@example.com"));
            }
        }
    }
}
