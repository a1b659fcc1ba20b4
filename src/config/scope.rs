//! Where the resolving stands, and the problems it has found so far.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::Environment;
use super::groups_file::ListedGroups;
use super::located::{Located, Text};
use super::problem::{Fault, KeyPlace, Place, Problem};
use super::suggest::{either, nearest};
use crate::domain::letter;
use crate::domain::time::Span;

/// What every part of the resolving needs: the way to the machine, and the list of problems.
pub(super) struct Run<'a> {
    pub(super) file_name: &'a str,
    /// The file itself, to find places inside of values.
    pub(super) text: &'a str,
    /// What relative paths in the file are relative to: the folder of the file.
    pub(super) base: &'a Path,
    pub(super) environment: &'a dyn Environment,
    /// What the file of groups said, while the configuration that named it is in force.
    pub(super) kept_groups: Option<&'a ListedGroups>,
    pub(super) problems: RefCell<Vec<Problem>>,
    /// What works and is not as it should be.
    pub(super) warnings: RefCell<Vec<Problem>>,
    /// What is a mistake at a start, and holds nothing up while linkgate runs.
    pub(super) tolerated: RefCell<Vec<Problem>>,
}

impl<'a> Run<'a> {
    /// Nothing was found yet, and nothing is kept.
    pub(super) fn new(
        file_name: &'a str,
        text: &'a str,
        base: &'a Path,
        environment: &'a dyn Environment,
    ) -> Self {
        let [problems, warnings, tolerated] = [(); 3].map(|()| RefCell::default());
        let kept_groups = None;
        Self { file_name, text, base, environment, kept_groups, problems, warnings, tolerated }
    }
}

/// A place in the tree of keys. What is wrong with a value is reported here, and the resolving goes
/// on with a stand-in, so that one run tells everything.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) run: &'a Run<'a>,
    key: String,
    at: Place,
}

impl<'a> Scope<'a> {
    /// The whole file.
    pub(super) fn root(run: &'a Run<'a>) -> Self {
        Self { run, key: String::new(), at: Place { line: 1, column: 1 } }
    }

    /// The value of a key below this one.
    pub(super) fn key(&self, key: &str, at: Place) -> Self {
        let dot = if self.key.is_empty() { "" } else { "." };
        Self { run: self.run, key: format!("{}{dot}{key}", self.key), at }
    }

    /// The value of a key that the operator chose. One that looks like no name is not repeated: it
    /// may hold line ends, or a password before whose colon a blank was forgotten.
    pub(super) fn named(&self, key: &Text) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_name = (1..=80).contains(&key.value.len()) && key.value.bytes().all(plain);
        self.key(if is_name { &key.value } else { "(a key)" }, key.at)
    }

    /// The same key at another place of the file, as where its value stands.
    pub(super) fn at(&self, at: Place) -> Self {
        Self { at, ..self.clone() }
    }

    /// An entry of this list.
    pub(super) fn item(&self, index: usize, at: Place) -> Self {
        Self { run: self.run, key: format!("{}[{index}]", self.key), at }
    }

    /// The place of a byte within the value that stands here, if it can be told: a value on one
    /// line, without the escapes of YAML before that byte. Otherwise the place of the value.
    pub(super) fn within(&self, value: &str, byte: usize) -> Self {
        let count = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let line = self.run.text.lines().nth(count(self.at.line)).unwrap_or_default();
        let start = line.char_indices().nth(count(self.at.column)).map_or(line.len(), |it| it.0);
        let rest = &line[start..];
        let bare = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let Some(before) = value.get(..byte).filter(|before| bare.starts_with(*before)) else {
            return self.clone();
        };
        let passed = rest[..rest.len() - bare.len()].chars().chain(before.chars()).count();
        let column = self.at.column + u64::try_from(passed).unwrap_or_default();
        Self { at: Place { column, ..self.at }, ..self.clone() }
    }

    /// The path of keys to here.
    pub(super) fn path(&self) -> &str {
        &self.key
    }

    /// The place of this value.
    pub(super) fn place(&self) -> Place {
        self.at
    }

    /// Reports what is wrong here.
    pub(super) fn report(&self, fault: Fault) {
        self.run.problems.borrow_mut().push(self.key_place().problem(fault));
    }

    /// Notes what works here and is not as it should be.
    pub(super) fn warn(&self, fault: Fault) {
        self.run.warnings.borrow_mut().push(self.key_place().problem(fault));
    }

    /// Notes a mistake that holds nothing up.
    pub(super) fn tolerate(&self, fault: Fault) {
        self.run.tolerated.borrow_mut().push(self.key_place().problem(fault));
    }

    /// Where this is, for those who find out later.
    pub(super) fn key_place(&self) -> KeyPlace {
        let file = self.run.file_name.to_owned();
        KeyPlace { file, place: self.at, key: self.key.clone() }
    }

    /// Reports that a key below this one is missing.
    pub(super) fn missing(&self, key: &str, hint: &str) {
        self.key(key, self.at).report(Fault::new("is missing").hint(hint));
    }

    /// A value that need not be there.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        text: Option<&Text>,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let text = text?;
        self.key(key, text.at).value(&text.value, read)
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &self,
        key: &str,
        text: Option<&Text>,
        hint: &str,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        if text.is_none() {
            self.missing(key, hint);
        }
        self.optional(key, text, read)
    }

    /// A value with a default; the default is also the stand-in for one that is wrong.
    pub(super) fn or<T>(
        &self,
        key: &str,
        text: Option<&Text>,
        default: T,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> T {
        self.optional(key, text, read).unwrap_or(default)
    }

    /// The value that stands here.
    pub(super) fn value<T>(
        &self,
        text: &str,
        read: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        read(text).map_err(|fault| self.report(fault.value(text))).ok()
    }

    /// Every entry of a list that can be read, with the place of each.
    pub(super) fn items<T>(
        &self,
        key: &str,
        list: Option<&Located<Vec<Text>>>,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<(Scope<'a>, T)> {
        list.map_or_else(Vec::new, |list| self.key(key, list.at).entries(list, read))
    }

    /// Every entry of the list that stands here.
    pub(super) fn entries<T>(
        &self,
        list: &Located<Vec<Text>>,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<(Scope<'a>, T)> {
        let entry = |(index, text): (usize, &Text)| {
            let scope = self.item(index, text.at);
            scope.value(&text.value, &read).map(|value| (scope, value))
        };
        list.value.iter().enumerate().filter_map(entry).collect()
    }

    /// A path of the file: relative ones are relative to the folder of the file.
    pub(super) fn file_path(&self, text: &str) -> PathBuf {
        self.run.base.join(text)
    }
}

/// Reads a path that must not be empty.
pub(super) fn path_text(text: &str) -> Result<String, Fault> {
    if text.is_empty() || text.contains('\0') {
        return Err(Fault::new("must be a path"));
    }
    Ok(text.to_owned())
}

/// Whether a line that an operator writes for people may not have this: nobody would see it. In
/// subjects and page titles a line end adds a header, and a sign that turns the direction of writing
/// makes the rest of the line say something else. Marks of direction may stand there: they turn
/// nothing but the punctuation of titles that are written from right to left.
pub(super) fn is_unfit(sign: char) -> bool {
    letter::is_stray(sign) && !letter::marks_direction(sign)
}

/// Reads a text of one line for people, `most` characters or fewer.
pub(super) fn line(most: usize) -> impl Fn(&str) -> Result<String, Fault> {
    move |text| {
        let text = text.trim();
        if text.chars().any(is_unfit) {
            return Err(Fault::new("must be plain text on one line")
                .hint("remove line ends and signs that cannot be seen"));
        }
        match text.chars().count() {
            0 => Err(Fault::new("must not be empty").hint("leave the key out for the default")),
            count if count <= most => Ok(text.to_owned()),
            count => Err(Fault::new(format!("has {count} characters, of at most {most}"))
                .hint("people read it on a phone: a few words are enough")),
        }
    }
}

/// Reads `true` or `false`. YAML's other words for them are refused, because half of all readers
/// take them for texts.
pub(super) fn flag(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::new("must be `true` or `false`")),
    }
}

/// Reads one of some words.
pub(super) fn word<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&str) -> Result<T, Fault> {
    move |text| {
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names = || words.iter().map(|(word, _)| *word);
            let fault = Fault::new(format!("must be {}", either(names())));
            match nearest(text, names()) {
                Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
                None => fault,
            }
        })
    }
}

/// Reads a span within bounds.
pub(super) fn span(shortest: Span, longest: Span) -> impl Fn(&str) -> Result<Duration, Fault> {
    move |text| {
        let span: Span = text.parse().map_err(|error: crate::domain::time::SpanError| {
            Fault::new(error.to_string()).hint(format!("write it like `{shortest}` or `{longest}`"))
        })?;
        if (shortest..=longest).contains(&span) {
            return Ok(span.as_duration());
        }
        Err(Fault::new(format!("must be between `{shortest}` and `{longest}`")))
    }
}

/// Reads a whole number within bounds.
pub(super) fn number(smallest: u32, largest: u32) -> impl Fn(&str) -> Result<u32, Fault> {
    move |text| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse::<u32>().ok()).flatten();
        number.filter(|number| (smallest..=largest).contains(number)).ok_or_else(|| {
            Fault::new(format!("must be a whole number between {smallest} and {largest}"))
        })
    }
}
