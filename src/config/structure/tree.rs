//! A file as a bare tree: which keys lead to what, at which places, and where there is nothing.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::located::{Located, Text};
use crate::config::problem::Place;

/// A key or an entry of a list.
pub(super) struct Entry {
    /// The path of keys to it.
    pub(super) key: String,
    /// Its own place.
    pub(super) at: Place,
    /// The place of its value; where there is none, the place at which the reader found that.
    pub(super) value_at: Place,
    /// Whether there is no value.
    pub(super) is_empty: bool,
    pub(super) is_in_list: bool,
}

/// Every key and every entry of the file, each behind what is below it. `text` is the file.
pub(super) fn entries(tree: &Located<Tree>, text: &str) -> Vec<Entry> {
    let lines: Vec<_> = text.lines().collect();
    let mut found = Vec::new();
    collect(tree, &Route::default(), &lines, &mut found);
    found
}

/// The path of keys to what stands at a place.
pub(super) fn key_at(entries: &[Entry], place: Place) -> Option<&str> {
    let entry = entries.iter().find(|entry| [entry.at, entry.value_at].contains(&place));
    entry.map(|entry| entry.key.as_str())
}

fn collect(node: &Located<Tree>, route: &Route, lines: &[&str], found: &mut Vec<Entry>) {
    let mut below = |route: Route, at: Place, value: &Located<Tree>, is_in_list: bool| {
        collect(value, &route, lines, found);
        let is_empty = matches!(value.value, Tree::Nothing);
        found.push(Entry { key: route.path, at, value_at: value.at, is_empty, is_in_list });
    };
    match &node.value {
        Tree::Map(entries) => {
            for (key, value) in entries {
                // `{ value }` is a key, too. Who writes that means a value, and may mean a secret.
                let is_key = !matches!(value.value, Tree::Nothing) || has_colon(key, lines);
                let name = if is_key { &key.value } else { HIDDEN };
                below(route.key(name), key.at, value, false);
            }
        }
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                below(route.item(index), item.at, item, true);
            }
        }
        Tree::Leaf | Tree::Nothing => {}
    }
}

fn has_colon(key: &Text, lines: &[&str]) -> bool {
    let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let mut rest = lines.get(index(key.at.line)).unwrap_or(&"").chars().skip(index(key.at.column));
    key.value.chars().all(|letter| rest.next() == Some(letter)) && rest.next() == Some(':')
}

/// Keys below which all may be secret: nothing below them is named.
const SECRET_KEYS: [&str; 5] = ["secret", "password", "url", "token", "key"];

/// The way to an entry.
#[derive(Clone, Default)]
struct Route {
    path: String,
    /// It leads through a secret, and goes on without names.
    ends: bool,
}

impl Route {
    fn key(&self, key: &str) -> Self {
        if self.ends {
            return self.clone();
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{}", self.path, shown_key(key));
        Self { path, ends: SECRET_KEYS.contains(&key) }
    }

    fn item(&self, index: usize) -> Self {
        if self.ends {
            return self.clone();
        }
        Self { path: format!("{}[{index}]", self.path), ends: false }
    }
}

/// What stands for a key that is not repeated.
pub(super) const HIDDEN: &str = "(a key)";

/// A key as it may be repeated. `{ password:hunter2 }`, without the blank, is a key with a secret
/// in it.
fn shown_key(key: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_shown = key == "<<" || (1..=40).contains(&key.len()) && key.bytes().all(plain);
    if is_shown { key } else { HIDDEN }
}

/// Any YAML, with places and without values.
pub(super) enum Tree {
    Map(Vec<(Located<String>, Located<Tree>)>),
    List(Vec<Located<Tree>>),
    Leaf,
    Nothing,
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Tree::Map(map))
    }
}
