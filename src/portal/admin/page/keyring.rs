//! Browsers of operators that have shown the token.
//!
//! Kept in memory alone, as digests: a restart ends them, and a copy of the memory opens nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::domain::time::UnixMillis;
use crate::ports::{Entropy, draw};

/// How long the token need not be typed again.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);
/// Browsers at one time; the oldest makes room.
const MOST: usize = 32;

/// Who has the key of the door.
#[derive(Default)]
pub(super) struct Keyring(Mutex<Vec<Key>>);

struct Key {
    digest: [u8; 32],
    until: UnixMillis,
}

impl Keyring {
    /// Makes a key.
    pub(super) fn issue(&self, entropy: &Arc<dyn Entropy>, now: UnixMillis) -> Zeroizing<String> {
        let drawn = Zeroizing::new(draw::<32>(entropy));
        let mut text = Zeroizing::new(String::with_capacity(64));
        drawn.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| key.until > now);
        if keys.len() == MOST {
            keys.remove(0);
        }
        keys.push(Key { digest: digest(&text), until: now.after(LIFETIME) });
        text
    }

    /// Whether a key opens. Looks at all of them, so that the time it takes says nothing.
    pub(super) fn opens(&self, shown: &str, now: UnixMillis) -> bool {
        let shown = digest(shown);
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let opens = keys.iter().fold(Choice::from(0), |opens, key| {
            opens | (key.digest.ct_eq(&shown) & Choice::from(u8::from(key.until > now)))
        });
        opens.into()
    }

    /// Makes a key worth nothing.
    pub(super) fn forget(&self, shown: &str) {
        let shown = digest(shown);
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| !bool::from(key.digest.ct_eq(&shown)));
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::OsEntropy;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    #[test]
    fn a_key_opens_until_its_time_is_over_or_it_is_given_back() {
        let (ring, entropy) = (Keyring::default(), Arc::new(OsEntropy) as Arc<dyn Entropy>);
        let (one, other) = (ring.issue(&entropy, NOW), ring.issue(&entropy, NOW));
        assert!(ring.opens(&one, NOW) && ring.opens(&other, NOW));
        let upper = one.to_uppercase();
        for wrong in ["", "0", &upper, &one[1..], &format!("{}0", *one)] {
            assert!(!ring.opens(wrong, NOW), "{wrong}");
        }
        let end = NOW.after(LIFETIME);
        assert!(ring.opens(&one, UnixMillis(end.0 - 1)) && !ring.opens(&one, end));
        ring.forget(&one);
        assert!(!ring.opens(&one, NOW) && ring.opens(&other, NOW));
    }

    #[test]
    fn there_is_room_for_so_many_and_the_oldest_goes() {
        let (ring, entropy) = (Keyring::default(), Arc::new(OsEntropy) as Arc<dyn Entropy>);
        let keys: Vec<_> = (0..=MOST).map(|_| ring.issue(&entropy, NOW)).collect();
        let open: Vec<bool> = keys.iter().map(|key| ring.opens(key, NOW)).collect();
        assert_eq!(open.iter().filter(|it| **it).count(), MOST);
        assert!(!open[0], "the oldest");
    }
}
