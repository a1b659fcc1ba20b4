//! How a mistake in the configuration is told: where, what, and the cure.

use std::fmt;

use crate::domain::letter;

/// A position in the configuration file; both count from one, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

/// One mistake, in words for the operator. Never holds a secret.
///
/// Shown as `FILE:LINE:COLUMN: KEY: what is wrong: value`, then `hint: …` on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named to us.
    pub file: String,
    /// Where in the file; none when the file itself is the problem.
    pub place: Option<Place>,
    /// The key as a path, like `sites[0].rules[2].path`; empty for a mistake of YAML itself.
    pub key: String,
    /// What is wrong, and the cure.
    pub fault: Fault,
}

impl Problem {
    /// Where it is and what is wrong, on one line and without anything that the file says: for those
    /// who may not read the file.
    #[must_use]
    pub fn without_value(&self) -> String {
        let place = self.place.map(|place| format!(":{place}")).unwrap_or_default();
        let colon = if self.key.is_empty() { "" } else { ": " };
        format!("{}{place}{colon}{}: {}", self.file, self.key, self.fault.what)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.without_value())?;
        if let Some(value) = &self.fault.value {
            write!(out, ": `{value}`")?;
        }
        if let Some(hint) = &self.fault.hint {
            write!(out, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Where the configuration says something that is judged later, by whoever knows what can be said
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlace {
    /// The file as it was named to us.
    pub file: String,
    /// Where in the file.
    pub place: Place,
    /// The key as a path, like `brand.texts.de.sign-in-title`.
    pub key: String,
}

impl KeyPlace {
    /// What is wrong there.
    #[must_use]
    pub fn problem(&self, fault: Fault) -> Problem {
        let (file, key) = (self.file.clone(), self.key.clone());
        Problem { file, place: Some(self.place), key, fault }
    }
}

/// All mistakes of one reading, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// From at least one mistake, in any order.
    #[must_use]
    pub fn new(problems: Vec<Problem>) -> Self {
        Self(in_order(problems))
    }

    /// The mistakes.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

/// Sorts by place; those that are the same in all are told once (an anchor that is used twice is
/// wrong twice at one place).
pub(super) fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| problem.place);
    problems.dedup_by(|a, b| a.place == b.place && a.fault == b.fault && a.fault.value.is_some());
    problems
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{problem}")?;
        }
        Ok(())
    }
}

/// What is wrong with a value, before it is known where the value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as the end of a sentence that begins with the key. Repeats nothing that the
    /// file says, be it at another key: see [`Problem::without_value`].
    pub what: String,
    /// The value as it may be shown.
    pub value: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

const LONGEST_SHOWN: usize = 100;

impl Fault {
    /// Something is wrong.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), value: None, hint: None }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Shows the value: on one line, shortened. What may hold a password is not shown, and neither
    /// is a hint that may repeat parts of it. Not to be called for keys that hold secrets.
    #[must_use]
    pub fn value(self, value: &str) -> Self {
        if value.contains("-----BEGIN") {
            return self;
        }
        if may_hold_password(value) {
            return self.hint("leave user name and password out");
        }
        Self { value: (!value.is_empty()).then(|| shown(value)), ..self }
    }
}

/// Whether a value looks like `scheme://user:password@host` or `user:password@host`. People paste
/// such URLs at keys that should hold a plain host.
fn may_hold_password(value: &str) -> bool {
    let value = value.strip_prefix("mailto:").unwrap_or(value);
    let before_at = value.rsplit_once('@').map(|(before, _)| before);
    before_at.is_some_and(|before| before.contains("//") || before.contains(':'))
}

/// The value on one line: control characters would let a file write its own lines, or colours, into
/// the report, and a mistake that nobody sees is not found.
fn shown(value: &str) -> String {
    let mut shown = String::with_capacity(value.len().min(LONGEST_SHOWN));
    for (index, letter) in value.chars().enumerate() {
        if index == LONGEST_SHOWN {
            shown.push('…');
            break;
        }
        if letter::is_unseen(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(line: u64, fault: Fault) -> Problem {
        Problem {
            file: "conf/linkgate.yaml".into(),
            place: Some(Place { line, column: 11 }),
            key: "sites[0].rules[2].path".into(),
            fault,
        }
    }

    #[test]
    fn is_shown_with_place_key_value_and_hint() {
        let fault = Fault::new("must start with \"/\"").value("admin");
        let problem = problem(14, fault.hint("did you mean \"/admin\"?"));
        assert_eq!(
            problem.to_string(),
            "conf/linkgate.yaml:14:11: sites[0].rules[2].path: must start with \"/\": `admin`\n  \
             hint: did you mean \"/admin\"?"
        );
    }

    #[test]
    fn come_in_the_order_of_the_file_and_once() {
        let twice = problem(9, Fault::new("is wrong").value("b"));
        // Two keys may be missing at one place.
        let missing = problem(2, Fault::new("is missing"));
        let problems = Problems::new(vec![twice.clone(), missing.clone(), twice, missing]);
        let lines: Vec<_> = problems.iter().map(|it| it.place.unwrap().line).collect();
        assert_eq!(lines, [2, 2, 9]);
    }

    #[test]
    fn values_stay_on_one_line_are_shortened_and_show_no_password() {
        let shown = |value: &str| Fault::new("is wrong").value(value).value;
        assert_eq!(shown("a\nb\u{1b}[1m").unwrap(), "a\\nb\\u{1b}[1m");
        assert_eq!(shown("a\u{202e}b").unwrap(), "a\\u{202e}b");
        assert_eq!(shown("a\u{200b}\u{e0062}").unwrap(), "a\\u{200b}\\u{e0062}");
        assert_eq!(shown(&"x".repeat(200)).unwrap().chars().count(), LONGEST_SHOWN + 1);
        for url in ["http://me:hunter2@host/", "//hunter2@host/", "me:hunter2@host:1"] {
            let fault = Fault::new("is wrong").hint(format!("did you mean {url}?")).value(url);
            assert!(!format!("{fault:?}").contains("hunter2"), "{fault:?}");
        }
        assert_eq!(shown("-----BEGIN PRIVATE KEY-----"), None);
        assert_eq!(shown("mailto:me@host").as_deref(), Some("mailto:me@host"));
        assert_eq!(shown("mailto:me:hunter2@host"), None);
        assert_eq!(shown("me@host").as_deref(), Some("me@host"));
        assert_eq!(shown(""), None);
    }
}
