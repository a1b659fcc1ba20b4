//! Values that have a short and a long form.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::located::Text;

/// A single value, a list of such, or a map.
///
/// Written by hand because serde's untagged enums forget the places of what is in them.
pub(super) enum Choice<M> {
    One(String),
    Many(Vec<Text>),
    Map(M),
}

impl<'de, M: Deserialize<'de>> Deserialize<'de> for Choice<M> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(ChoiceVisitor(PhantomData))
    }
}

struct ChoiceVisitor<M>(PhantomData<M>);

impl<'de, M: Deserialize<'de>> Visitor<'de> for ChoiceVisitor<M> {
    type Value = Choice<M>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a list or a map")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Choice<M>, E> {
        Ok(Choice::One(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Choice<M>, E> {
        Ok(Choice::One(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Choice<M>, A::Error> {
        let mut many = Vec::new();
        while let Some(item) = items.next_element()? {
            many.push(item);
        }
        Ok(Choice::Many(many))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Choice<M>, A::Error> {
        M::deserialize(MapAccessDeserializer::new(entries)).map(Choice::Map)
    }
}
