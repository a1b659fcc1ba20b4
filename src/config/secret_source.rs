//! References to secrets, which themselves are never written in the file.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::choice::Choice;
use super::located::{Located, Text};

/// Where a secret is: `{ env: NAME }` or `{ file: PATH }`.
///
/// Read by hand. Whatever stands here instead may be the secret itself, and a derived reader would
/// repeat it (``invalid type: string `hunter2` ``, ``unknown field `hunter2` ``); this one
/// takes every kind of value and forgets it.
pub(super) enum SecretSource {
    Env(Text),
    File(Text),
    /// Something else; told with all other problems, in fixed words.
    Wrong,
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(SourceVisitor)
    }
}

/// Strings alone are not enough: a password of digits comes as a number, one of `{}` as a map.
struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{ env: NAME } or { file: PATH }")
    }

    fn visit_bool<E>(self, _: bool) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_i64<E>(self, _: i64) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_i128<E>(self, _: i128) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_u64<E>(self, _: u64) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_u128<E>(self, _: u128) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_f64<E>(self, _: f64) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_str<E>(self, _: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_unit<E>(self) -> Result<SecretSource, E> {
        Ok(SecretSource::Wrong)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SecretSource, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(SecretSource::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<SecretSource, A::Error> {
        let mut found = SecretSource::Wrong;
        let mut entry_count = 0;
        while let Some(Key(key)) = entries.next_key()? {
            let entry: Located<Choice<IgnoredAny>> = entries.next_value()?;
            entry_count += 1;
            if let Choice::One(value) = entry.value {
                let text = Located { value, at: entry.at };
                found = match key.as_str() {
                    "env" => SecretSource::Env(text),
                    "file" => SecretSource::File(text),
                    _ => SecretSource::Wrong,
                };
            }
        }
        Ok(if entry_count == 1 { found } else { SecretSource::Wrong })
    }
}

/// A key of any kind: one that is no text is no key of ours.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        Ok(Self(match Choice::<IgnoredAny>::deserialize(source)? {
            Choice::One(text) => text,
            Choice::Many(_) | Choice::Map(_) => String::new(),
        }))
    }
}
