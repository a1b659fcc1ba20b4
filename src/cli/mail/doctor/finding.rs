//! What was found, for a terminal and for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::domain::letter;

/// How good it is; the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Warning,
    /// Nobody could tell.
    Unknown,
    /// It is not there.
    Missing,
    /// It is there, and does harm or nothing.
    Wrong,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What it is about, as in `SPF`.
    pub(super) about: &'static str,
    /// How good it is.
    pub(super) verdict: Verdict,
    /// What there is.
    pub(super) what: String,
    /// Why that matters, and what helps.
    pub(super) why: Option<String>,
    /// The DNS records to add, or to have in place of what is there.
    pub(super) records: Vec<String>,
}

impl Finding {
    pub(super) fn new(about: &'static str, verdict: Verdict, what: impl Into<String>) -> Self {
        Self { about, verdict, what: what.into(), why: None, records: Vec::new() }
    }

    pub(super) fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self::new(about, Verdict::Ok, what)
    }

    /// Nobody could tell.
    pub(super) fn unknown(about: &'static str, why: &dyn std::fmt::Display) -> Self {
        let advice = "try again; if it stays, look at the name servers of the domain";
        Self::new(about, Verdict::Unknown, why.to_string()).why(advice)
    }

    pub(super) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(super) fn record(mut self, record: String) -> Self {
        self.records.push(record);
        self
    }
}

/// What belongs together.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) findings: Vec<Finding>,
}

/// For a terminal. What comes from elsewhere is made printable.
pub(super) fn paper(groups: &[Group]) -> String {
    let mut out = String::new();
    for Group { title, findings } in groups {
        let _ = writeln!(out, "{title}");
        for Finding { about, verdict, what, why, records } in findings {
            let _ = writeln!(out, "  {:<8} {about}: {}", verdict.word(), printable(what));
            if let Some(why) = why {
                let _ = writeln!(out, "           {}", printable(why));
            }
            let action = if *verdict == Verdict::Missing { "add:" } else { "should be:" };
            for record in records {
                let _ = writeln!(out, "           {action} {}", printable(record));
            }
        }
        out.push('\n');
    }
    let count = |verdict: Verdict| {
        let all = groups.iter().flat_map(|group| &group.findings);
        all.filter(|finding| finding.verdict == verdict).count()
    };
    let kinds = [Verdict::Ok, Verdict::Warning, Verdict::Unknown, Verdict::Missing, Verdict::Wrong];
    let counts = kinds.map(|kind| (count(kind), kind.word()));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    out + &counts.join(", ")
}

/// For programs.
pub(super) fn json(groups: &[Group]) -> Value {
    let finding = |it: &Finding| {
        json!({
            "about": it.about,
            "verdict": it.verdict.word(),
            "what": it.what,
            "why": it.why,
            "records": it.records,
        })
    };
    let group = |group: &Group| {
        let findings: Vec<_> = group.findings.iter().map(finding).collect();
        json!({ "of": group.title, "findings": findings })
    };
    let all = groups.iter().flat_map(|group| &group.findings);
    let worst = all.map(|it| it.verdict).max().unwrap_or(Verdict::Ok);
    json!({ "verdict": worst.word(), "groups": groups.iter().map(group).collect::<Vec<_>>() })
}

fn printable(text: &str) -> String {
    text.chars().filter(|sign| !letter::is_stray(*sign)).collect()
}

/// The longest part of a text in the DNS.
const LONGEST_PART: usize = 255;

/// A text in the form of a zone file.
pub(super) fn txt(name: &str, text: &str) -> String {
    let escaped: Vec<char> = text.chars().collect();
    let quoted = |part: &[char]| {
        let part: String = part.iter().collect();
        format!("\"{}\"", part.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let parts: Vec<_> = escaped.chunks(LONGEST_PART).map(quoted).collect();
    format!("{name}. 3600 IN TXT {}", parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_written_in_parts() {
        assert_eq!(txt("a.example", "x \"y\" \\"), "a.example. 3600 IN TXT \"x \\\"y\\\" \\\\\"");
        let line = txt("a.example", &"k".repeat(300));
        let expected = format!("{}\" \"{}\"", "k".repeat(255), "k".repeat(45));
        assert!(line.ends_with(&expected), "{line}");
    }

    #[test]
    fn nothing_from_elsewhere_reaches_the_terminal_as_it_is() {
        let finding = Finding::ok("SPF", "a\x1b[31m").why("b\r\nc");
        let group = Group { title: "t".into(), findings: vec![finding] };
        assert_eq!(paper(&[group]), "t\n  ok       SPF: a[31m\n           bc\n\n1 ok");
    }
}
