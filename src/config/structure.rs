//! From the YAML reader's errors to problems in our words.
//!
//! The reader stops at the first mistake of structure (a key that we do not know, a list where a
//! map should be), so those come one in a run; keys without a value are told together with it. It
//! knows the place but not the path of keys, and its messages repeat values: both are mended here.

mod tree;

use serde::de::DeserializeOwned;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_yaml::{Error, Options};

use self::tree::{Entry, HIDDEN};
use super::file::{EssentialsFile, File, GroupsFile};
use super::located::place;
use super::problem::{Fault, Problem, Problems};
use super::suggest::{either, nearest};

/// Reads the structure of the file.
///
/// # Errors
/// The mistake at which the reading ended, and every key without a value.
pub(super) fn read(text: &str, file_name: &str) -> Result<File, Problems> {
    read_map(text, file_name)
}

/// Reads the structure of what leads to the store, whatever else the file says. What is given twice of it is
/// refused by the maps themselves.
///
/// # Errors
/// The mistake at which the reading ended.
pub(super) fn read_essentials(text: &str, file_name: &str) -> Result<EssentialsFile, Problems> {
    let options = options(DuplicateKeyPolicy::PassThrough, MergeKeyPolicy::Merge);
    serde_yaml::from_str_with_options(text, options)
        .map_err(|error| Problems::new(vec![problem(&error, &[], file_name)]))
}

/// Reads the structure of a file of groups.
///
/// # Errors
/// As [`read`].
pub(super) fn read_groups(text: &str, file_name: &str) -> Result<GroupsFile, Problems> {
    read_map(text, file_name)
}

/// The text is read twice: as what it should be, and as a bare tree, which knows the path to
/// everything and where nothing stands. What only one of the two readers takes is not taken.
fn read_map<T: DeserializeOwned>(text: &str, file_name: &str) -> Result<T, Problems> {
    let (unique, all) = (DuplicateKeyPolicy::Error, DuplicateKeyPolicy::PassThrough);
    let map = serde_yaml::from_str_with_options(text, options(unique, MergeKeyPolicy::Merge));
    let tree = serde_yaml::from_str_with_options(text, options(all, MergeKeyPolicy::AsOrdinary));
    let entries = tree.as_ref().map(|tree| tree::entries(tree, text)).unwrap_or_default();
    let mut problems: Vec<_> = empty(&entries, text, file_name).collect();
    let error = match (map, tree) {
        (Ok(map), Ok(_)) if problems.is_empty() => return Ok(map),
        (Ok(_), Ok(_)) => return Err(Problems::new(problems)),
        (Err(error), _) | (Ok(_), Err(error)) => error,
    };
    let problem = problem(&error, &entries, file_name);
    let is_of_key = is_of_key(&error);
    // The reader's complaint about an empty value is told already, in better words; an unknown key
    // is that, whatever its value.
    let is_empty = |entry: &Entry| entry.is_empty && Some(entry.value_at) == problem.place;
    if is_of_key || !entries.iter().any(is_empty) {
        let below = format!("{}.", problem.key);
        problems.retain(|empty| empty.place != problem.place && !empty.key.starts_with(&below));
        problems.push(problem);
    }
    Err(Problems::new(problems))
}

fn is_of_key(error: &Error) -> bool {
    match error {
        Error::AliasError { error, .. } => is_of_key(error),
        error => {
            matches!(error, Error::SerdeUnknownField { .. } | Error::DuplicateMappingKey { .. })
        }
    }
}

/// What stands there without a value. Left out it would mean nothing is asked for, and that is not
/// what somebody means who has a list of networks behind a `#` for a day.
fn empty(entries: &[Entry], text: &str, file_name: &str) -> impl Iterator<Item = Problem> {
    let empty = entries.iter().filter(|entry| entry.is_empty);
    empty.map(move |entry| {
        let (file, key) = (file_name.to_owned(), entry.key.clone());
        Problem { file, place: Some(entry.at), key, fault: no_value(entry, text) }
    })
}

fn no_value(entry: &Entry, text: &str) -> Fault {
    let fault = Fault::new("has no value");
    if entry.is_in_list {
        return fault.hint("give the entry a value, or remove it");
    }
    if entry.key.ends_with(HIDDEN) {
        return fault.hint("write it like { key: value }, with a blank behind the colon");
    }
    let index = usize::try_from(entry.at.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = text.lines().nth(index).unwrap_or_default();
    if line.contains('#') {
        return fault.hint("leave the key out; a value that begins with # needs quotes");
    }
    fault.hint("leave the key out, or write [] for an empty list, {} for an empty map")
}

/// Our files are six deep. The reading is recursive, and the reader's own bound of 64 overflows
/// the stack of a thread when each level has a map.
const DEEPEST: usize = 12;

/// Snippets would print lines of the file, and with them what should be no part of a message.
fn options(duplicate_keys: DuplicateKeyPolicy, merge_keys: MergeKeyPolicy) -> Options {
    serde_yaml::options! {
        with_snippet: false,
        duplicate_keys: duplicate_keys,
        merge_keys: merge_keys,
        budget: serde_yaml::budget! { max_depth: DEEPEST },
    }
}

fn problem(error: &Error, entries: &[Entry], file_name: &str) -> Problem {
    let place = error.location().map(place).filter(|place| place.line > 0);
    let key = place.and_then(|place| tree::key_at(entries, place)).unwrap_or_default().to_owned();
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

#[cfg(test)]
mod tests;
