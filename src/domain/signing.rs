//! Which signing keys there are, and when each of them counts.
//!
//! The keys themselves are derived from the installation's secret and from what stands here: a
//! number and a random salt. So nothing secret is stored, all nodes have the same keys without
//! exchanging any, a copy of the store signs nothing, and whoever learned the secret before a
//! rotation cannot work out the keys after it without the store. The first key needs no record: two
//! nodes that start together on an empty store have the same one.
//!
//! A change takes its time, so that no application ever meets a key that it cannot know:
//!
//! ```text
//! old   ── signs ───────────────────────────┬── published ──┐ gone
//! new            ┌── published ─────────────┴── signs ──────────────
//!             rotate      LEAD (10 min)          TAIL (10 min)
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::time::UnixMillis;

/// How long a new key is published before it signs: twice as long as the key set may be cached.
pub const LEAD: Duration = Duration::from_secs(600);
/// How long a key stays published after the next one signs: the longest life of what it signed, and
/// five minutes for clocks that are wrong.
pub const TAIL: Duration = Duration::from_secs(600);
/// Most keys in a roster. A rotation adds one and drops those that are gone.
const MOST: usize = 4;

/// One generation of keys: one for each algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u32,
    /// What makes it another than that of the same number elsewhere. Random, not secret.
    pub salt: u128,
    /// When it was published.
    pub published_at: UnixMillis,
    /// From when on it signs.
    pub signs_from: UnixMillis,
}

/// What a generation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is published and signs nothing yet.
    Announced,
    /// It signs.
    Signing,
    /// It signs no more, and is published until this moment.
    Retiring {
        /// When it goes.
        until: UnixMillis,
    },
    /// It is published no more.
    Gone,
}

/// All generations that matter, the oldest first; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct KeyRoster {
    revision: u64,
    generations: Vec<Generation>,
}

/// A roster as it was stored, not yet believed.
#[derive(Deserialize)]
struct Stored {
    revision: u64,
    generations: Vec<Generation>,
}

/// What was stored makes no sense as a [`KeyRoster`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored list of signing keys is damaged")]
pub struct RosterDamaged;

/// The last change is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the last change of keys is not over yet")]
pub struct ChangeUnderway {
    /// When it will be.
    pub until: UnixMillis,
}

impl TryFrom<Stored> for KeyRoster {
    type Error = RosterDamaged;

    fn try_from(stored: Stored) -> Result<Self, RosterDamaged> {
        let Stored { revision, generations } = stored;
        let ascending = generations
            .windows(2)
            .all(|two| two[0].number < two[1].number && two[0].signs_from <= two[1].signs_from);
        if generations.is_empty() || generations.len() > MOST || !ascending {
            return Err(RosterDamaged);
        }
        Ok(Self { revision, generations })
    }
}

impl KeyRoster {
    /// The roster of an installation whose keys were never changed.
    #[must_use]
    pub fn initial() -> Self {
        let always = UnixMillis(0);
        let first = Generation { number: 1, salt: 0, published_at: always, signs_from: always };
        Self { revision: 0, generations: vec![first] }
    }

    /// How often it was changed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All generations, each with what it is doing, the oldest first.
    pub fn phases(&self, now: UnixMillis) -> impl Iterator<Item = (&Generation, Phase)> {
        self.generations.iter().enumerate().map(move |(index, generation)| {
            let next = self.generations.get(index + 1).filter(|next| next.signs_from <= now);
            let phase = match next {
                // Before the first one signs there is nothing better.
                None if generation.signs_from <= now || index == 0 => Phase::Signing,
                None => Phase::Announced,
                Some(next) => {
                    let until = next.signs_from.after(TAIL);
                    if now < until { Phase::Retiring { until } } else { Phase::Gone }
                }
            };
            (generation, phase)
        })
    }

    /// With one generation more, which signs after [`LEAD`].
    ///
    /// # Errors
    /// [`ChangeUnderway`] until the change before is over: each key is given its time.
    pub fn rotated(&self, salt: u128, now: UnixMillis) -> Result<Self, ChangeUnderway> {
        let newest = self.newest();
        if newest.signs_from > now {
            return Err(ChangeUnderway { until: newest.signs_from });
        }
        let kept = self.phases(now).filter(|(_, phase)| *phase != Phase::Gone);
        let mut generations: Vec<_> = kept.map(|(generation, _)| *generation).collect();
        if generations.len() >= MOST {
            let until = newest.signs_from.after(TAIL);
            return Err(ChangeUnderway { until });
        }
        generations.push(Generation { signs_from: now.after(LEAD), ..self.next(salt, now) });
        Ok(Self { revision: self.revision + 1, generations })
    }

    /// With one new generation, which signs at once, and no other. For keys that somebody else
    /// knows: what they signed is good no more as soon as an application asks for the keys again.
    #[must_use]
    pub fn replaced(&self, salt: u128, now: UnixMillis) -> Self {
        Self { revision: self.revision + 1, generations: vec![self.next(salt, now)] }
    }

    fn newest(&self) -> Generation {
        self.generations.last().copied().unwrap_or(Self::initial().generations[0])
    }

    fn next(&self, salt: u128, now: UnixMillis) -> Generation {
        let number = self.newest().number + 1;
        Generation { number, salt, published_at: now, signs_from: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn phases(roster: &KeyRoster, now: UnixMillis) -> Vec<(u32, Phase)> {
        roster.phases(now).map(|(generation, phase)| (generation.number, phase)).collect()
    }

    #[test]
    fn a_new_key_is_known_before_it_signs_and_the_old_one_after() {
        let roster = KeyRoster::initial().rotated(7, NOW).unwrap();
        let signs = NOW.after(LEAD);
        let gone = signs.after(TAIL);
        let almost = |moment: UnixMillis| UnixMillis(moment.0 - 1);
        for (now, expected) in [
            (NOW, [(1, Phase::Signing), (2, Phase::Announced)]),
            (almost(signs), [(1, Phase::Signing), (2, Phase::Announced)]),
            (signs, [(1, Phase::Retiring { until: gone }), (2, Phase::Signing)]),
            (almost(gone), [(1, Phase::Retiring { until: gone }), (2, Phase::Signing)]),
            (gone, [(1, Phase::Gone), (2, Phase::Signing)]),
        ] {
            assert_eq!(phases(&roster, now), expected, "{now:?}");
        }
    }

    #[test]
    fn one_key_signs_at_any_time_and_a_roster_never_grows() {
        let mut roster = KeyRoster::initial();
        let mut now = NOW;
        for _ in 0..200 {
            now = now.after(Duration::from_secs(97));
            let was = roster.clone();
            match roster.rotated(9, now) {
                Ok(next) => roster = next,
                Err(ChangeUnderway { until }) => assert!(until > now),
            }
            let signing = |roster: &KeyRoster| {
                let all = phases(roster, now);
                all.into_iter().filter(|(_, it)| *it == Phase::Signing).collect::<Vec<_>>()
            };
            assert_eq!(signing(&roster).len(), 1);
            assert_eq!(signing(&roster), signing(&was), "a rotation changes no signature");
            let stored = serde_json::to_string(&roster).unwrap();
            assert_eq!(serde_json::from_str::<KeyRoster>(&stored).unwrap(), roster);
        }
        assert!(roster.revision() > 10);
    }

    #[test]
    fn a_second_change_waits_for_the_first_and_a_replacement_does_not() {
        let roster = KeyRoster::initial().rotated(7, NOW).unwrap();
        let until = NOW.after(LEAD);
        assert_eq!(roster.rotated(8, NOW), Err(ChangeUnderway { until }));
        let replaced = roster.replaced(9, NOW);
        assert_eq!(phases(&replaced, NOW), [(3, Phase::Signing)]);
        assert_eq!(replaced.revision(), 2);
    }

    #[test]
    fn what_makes_no_sense_is_not_read() {
        let one = r#"{"number":1,"salt":0,"published_at":0,"signs_from":5}"#;
        let two = r#"{"number":2,"salt":0,"published_at":0,"signs_from":4}"#;
        for generations in [String::new(), format!("{one},{one}"), format!("{one},{two}")] {
            let text = format!(r#"{{"revision":1,"generations":[{generations}]}}"#);
            assert!(serde_json::from_str::<KeyRoster>(&text).is_err(), "{text}");
        }
    }
}
