//! From the YAML reader's errors to problems in our words.
//!
//! The reader stops at the first mistake of structure (a key that we do not know, a list where a
//! map should be), so those come one in a run. It knows the place but not the path of keys, and
//! its messages repeat values: both are mended here.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{Error, Options};

use super::file::{File, GroupsFile};
use super::located::{Located, place};
use super::problem::{Fault, Place, Problem, Problems};
use super::suggest::{either, nearest};

/// Reads the structure of the file.
///
/// # Errors
/// The one mistake at which the reading ended.
pub(super) fn read(text: &str, file_name: &str) -> Result<File, Problems> {
    serde_yaml::from_str_with_options(text, options(DuplicateKeyPolicy::Error))
        .map_err(|error| Problems::new(vec![problem(&error, text, file_name)]))
}

/// Reads the structure of a file of groups.
///
/// # Errors
/// The one mistake at which the reading ended.
pub(super) fn read_groups(text: &str, file_name: &str) -> Result<GroupsFile, Problems> {
    serde_yaml::from_str_with_options(text, options(DuplicateKeyPolicy::Error))
        .map_err(|error| Problems::new(vec![problem(&error, text, file_name)]))
}

/// Our files are six deep. The reading is recursive, and the reader's own bound of 64 overflows
/// the stack of a thread when each level has a map.
const DEEPEST: usize = 12;

/// Snippets would print lines of the file, and with them what should be no part of a message.
fn options(duplicate_keys: DuplicateKeyPolicy) -> Options {
    serde_yaml::options! {
        with_snippet: false,
        duplicate_keys: duplicate_keys,
        budget: serde_yaml::budget! { max_depth: DEEPEST },
    }
}

fn problem(error: &Error, text: &str, file_name: &str) -> Problem {
    let place = error.location().map(place).filter(|place| place.line > 0);
    let key = place.and_then(|place| key_at(text, place)).unwrap_or_default();
    Problem { file: file_name.to_owned(), place, key, fault: fault(error) }
}

/// Our words for an error. Only names of keys of ours, and an unknown key that looks like a key,
/// are ever repeated.
#[allow(clippy::wildcard_enum_match_arm)] // the reader may get new kinds of errors at any time
fn fault(error: &Error) -> Fault {
    match error {
        Error::AliasError { error, .. } => fault(error),
        Error::SerdeUnknownField { field, expected, .. } => unknown_key(field, expected),
        Error::DuplicateMappingKey { .. } => {
            Fault::new("is given twice").hint("keep one of the two")
        }
        Error::Unexpected { expected: "mapping start", .. } => Fault::new("must be a map of keys")
            .hint("write it like { key: value }, with a blank behind the colon"),
        Error::Unexpected { expected: "sequence start", .. } => Fault::new("must be a list")
            .hint("write it like [one, two], or with \"- \" before each"),
        Error::Unexpected { expected: "string scalar", .. } => {
            Fault::new("must be a single value, not a list or a map")
        }
        Error::MultipleDocuments { .. } => {
            Fault::new("a second document begins here").hint("remove the line with \"---\"")
        }
        Error::UnknownAnchor { .. } => Fault::new("refers to an anchor that is not there")
            .hint("put a value that begins with * between quotes"),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            Fault::new("is too large or too deep for a configuration")
        }
        // Words of the scanner. They name signs, never values.
        Error::ExternalMessage { msg, .. } => Fault::new(format!("is not valid YAML: {msg}"))
            .hint("a value with signs of YAML in it needs quotes"),
        Error::Eof { .. } => Fault::new("is not valid YAML: the file ends too early"),
        _ => Fault::new("cannot be read here").hint("a value with signs of YAML needs quotes"),
    }
}

fn unknown_key(typed: &str, keys: &[&str]) -> Fault {
    let hint = match nearest(typed, keys.iter().copied()) {
        Some(key) => format!("did you mean `{key}`?"),
        None if keys.is_empty() => "nothing can be said here: write {}".to_owned(),
        None => format!("the keys here are {}", either(keys.iter().copied())),
    };
    Fault::new("is no key that we know").hint(hint)
}

/// The path of keys to what stands at a place. The file is read a second time for it, as a bare
/// tree.
fn key_at(text: &str, place: Place) -> Option<String> {
    let tree: Located<Tree> =
        serde_yaml::from_str_with_options(text, options(DuplicateKeyPolicy::LastWins)).ok()?;
    let mut path = String::new();
    find(&tree, place, &mut path).then_some(path)
}

/// Keys below which all may be secret: nothing below them is named.
const SECRET_KEYS: [&str; 4] = ["secret", "password", "url", "token"];

/// Appends the path to `place`; leaves `path` alone when it is not below `node`.
fn find(node: &Located<Tree>, place: Place, path: &mut String) -> bool {
    let before = path.len();
    match &node.value {
        Tree::Map(entries) => {
            for (key, value) in entries {
                if before > 0 {
                    path.push('.');
                }
                path.push_str(shown_key(&key.value));
                let named = path.len();
                if find(value, place, path) || key.at == place {
                    if SECRET_KEYS.contains(&key.value.as_str()) {
                        path.truncate(named);
                    }
                    return true;
                }
                path.truncate(before);
            }
        }
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                if find(item, place, path) {
                    return true;
                }
                path.truncate(before);
            }
        }
        Tree::Leaf => {}
    }
    node.at == place
}

/// A key as it may be repeated. `{ password:hunter2 }`, without the blank, is a key with a secret
/// in it.
fn shown_key(key: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=40).contains(&key.len()) && key.bytes().all(plain) { key } else { "(a key)" }
}

/// Any YAML, with places and without values.
enum Tree {
    Map(Vec<(Located<String>, Located<Tree>)>),
    List(Vec<Located<Tree>>),
    Leaf,
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
        Ok(Tree::Leaf)
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

#[cfg(test)]
mod tests;
