//! Why a request is decided about as it is, in words for a terminal.

use std::fmt;
use std::sync::Arc;

use super::judge::Look;
use super::rule::Rule;
use super::{SITE_ALLOW, Verdict};
use crate::domain::identity::Identity;
use crate::domain::path::{Case, RequestTarget};

/// Hears what the policy does. The traffic has nobody listening, and pays nothing for it.
pub(super) trait Trace {
    /// A look at the request begins.
    fn look(&mut self, _look: Look<'_>) {}
    /// A rule was tried in this look.
    fn tried(&mut self, _rule: &Rule, _path: bool, _method: bool) {}
    /// The look is over.
    fn judged(&mut self, _rule: &Arc<str>, _verdict: Verdict) {}
}

pub(super) struct Untraced;

impl Trace for Untraced {}

/// What [`SitePolicy::decide`](super::SitePolicy::decide) does with a request, step by step.
/// Printed by `linkgate explain`.
#[derive(Clone, Debug)]
pub struct Explanation {
    site: Arc<str>,
    method: String,
    path: String,
    visitor: Option<String>,
    looks: Vec<ExplainedLook>,
    rule: Arc<str>,
    verdict: Verdict,
}

#[derive(Clone, Debug)]
struct ExplainedLook {
    path: String,
    steps: String,
    tried: Vec<Tried>,
    rule: Arc<str>,
    verdict: Verdict,
}

#[derive(Clone, Debug)]
struct Tried {
    name: Arc<str>,
    path: String,
    methods: String,
    path_matched: bool,
    method_matched: bool,
}

impl Explanation {
    pub(super) fn new(
        site: &Arc<str>,
        method: &str,
        target: &RequestTarget,
        visitor: Option<&Arc<Identity>>,
    ) -> Self {
        Self {
            site: Arc::clone(site),
            method: printable(method.as_bytes()),
            path: target.path().to_owned(),
            visitor: visitor.map(|visitor| visitor.email.spelling().to_owned()),
            looks: Vec::new(),
            rule: SITE_ALLOW.into(),
            verdict: Verdict::Forbidden,
        }
    }

    pub(super) fn conclude(&mut self, rule: &Arc<str>, verdict: Verdict) {
        self.rule = Arc::clone(rule);
        self.verdict = verdict;
    }

    /// What the request gets.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The name of the rule that decides, or [`SITE_ALLOW`].
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl Trace for Explanation {
    fn look(&mut self, look: Look<'_>) {
        let mut steps = look.reading.steps.to_string();
        if look.path_case == Case::Ignored {
            steps.push_str(", case ignored");
        }
        if look.method_case == Case::Ignored {
            steps.push_str(", case of the method ignored");
        }
        self.looks.push(ExplainedLook {
            path: printable(look.reading.bytes),
            steps,
            tried: Vec::new(),
            rule: SITE_ALLOW.into(),
            verdict: Verdict::Forbidden,
        });
    }

    fn tried(&mut self, rule: &Rule, path: bool, method: bool) {
        if let Some(look) = self.looks.last_mut() {
            look.tried.push(Tried {
                name: Arc::clone(&rule.name),
                path: rule.path.to_string(),
                methods: rule.methods.to_string(),
                path_matched: path,
                method_matched: method,
            });
        }
    }

    fn judged(&mut self, rule: &Arc<str>, verdict: Verdict) {
        if let Some(look) = self.looks.last_mut() {
            look.rule = Arc::clone(rule);
            look.verdict = verdict;
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, method, path, visitor, .. } = self;
        let visitor = visitor.as_deref().unwrap_or("nobody (no session)");
        writeln!(out, "{method} {path} on {site}, as {visitor}")?;
        for (at, look) in self.looks.iter().enumerate() {
            if self.looks.len() > 1 {
                let ExplainedLook { path, steps, .. } = look;
                writeln!(out, "reading {} of {}: {path} ({steps})", at + 1, self.looks.len())?;
            }
            write!(out, "{look}")?;
        }
        let because = match self.looks.len() {
            0 | 1 => "",
            _ => ", the strictest of the readings",
        };
        writeln!(out, "decision: {}, by {}{because}", words(self.verdict), named(&self.rule))
    }
}

impl fmt::Display for ExplainedLook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Tried { name, path, methods, path_matched, method_matched } in &self.tried {
            let result = match (path_matched, method_matched) {
                (true, true) => "matches",
                (true, false) => "path matches, method does not",
                (false, true) => "path does not match",
                (false, false) => "neither path nor method matches",
            };
            writeln!(out, "  {name} {path} ({methods}): {result}")?;
        }
        if &*self.rule == SITE_ALLOW {
            writeln!(out, "  no rule matches, so {} decides", named(SITE_ALLOW))?;
        }
        writeln!(out, "  -> {}", words(self.verdict))
    }
}

fn named(rule: &str) -> String {
    if rule == SITE_ALLOW { "the site's `allow`".to_owned() } else { rule.to_owned() }
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Anybody => "pass, public",
        Verdict::Admitted => "pass, admitted",
        Verdict::TooOld => "sign in again, the sign-in is too old",
        Verdict::NoSession => "sign in first",
        Verdict::Forbidden => "forbidden",
    }
}

/// Text for a terminal: what is not printable is escaped.
fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for letter in String::from_utf8_lossy(bytes).chars() {
        if letter.is_ascii_graphic() || letter == ' ' {
            text.push(letter);
        } else {
            text.extend(letter.escape_debug());
        }
    }
    text
}
