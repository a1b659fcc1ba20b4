//! The paths that a rule names.

use std::fmt;
use std::str::FromStr;

use super::readings::folded;

/// The paths of a rule: `/healthz`, `/hooks/*`, `/assets/**`.
///
/// Compared on segment boundaries with one reading of a path, never with a query:
///
/// 1. A name matches the segment that is equal to it byte for byte, in decoded form.
/// 2. `*` matches one segment that is not empty.
/// 3. `**`, only at the end, matches any rest: `/public/**` matches `/public/` and everything
///    below, but neither `/public` nor `/publicity`. `/**` matches everything.
/// 4. A slash at the end counts: `/healthz` does not match `/healthz/`.
///
/// ```
/// # use linkgate::domain::path::{Case, PathPattern};
/// let assets: PathPattern = "/assets/**".parse().unwrap();
/// assert!(assets.matches(b"/assets/app.js", Case::Exact));
/// assert!(!assets.matches(b"/assets", Case::Exact));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: Box<str>,
    segments: Box<[Segment]>,
    any_rest: bool,
    has_upper_case: bool,
}

/// Whether the case of letters counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `A` and `a` are two letters.
    Exact,
    /// `A` and `a` are one letter, as for an application that ignores case.
    Ignored,
}

#[derive(Clone, PartialEq, Eq)]
enum Segment {
    Any,
    Name { exact: Box<[u8]>, folded: Box<[u8]> },
}

/// Why a text is not a [`PathPattern`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It does not start with `/`.
    #[error("does not start with `/`")]
    NoSlash,
    /// A `%`: patterns are compared with the decoded path.
    #[error("has a `%`")]
    Percent,
    /// An empty segment.
    #[error("has `//`")]
    EmptySegment,
    /// `.` or `..`: such requests are refused, so the rule could never match.
    #[error("has a `.` or `..` segment")]
    DotSegment,
    /// A `?`: rules never look at the query (CVE-2025-54576).
    #[error("has a `?`")]
    Query,
    /// A `#`: rules never look at the fragment, which browsers do not send.
    #[error("has a `#`")]
    Fragment,
    /// A `;`: an application that removes parameters would never see it.
    #[error("has a `;`")]
    Parameters,
    /// A backslash: such requests are refused.
    #[error("has a backslash")]
    Backslash,
    /// A control character.
    #[error("has a control character")]
    Control,
    /// `**` before the end.
    #[error("has `**` before the end")]
    RestInside,
    /// `*` beside other characters.
    #[error("has `*` inside a segment")]
    PartialWildcard,
}

impl PatternError {
    /// What to write instead.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoSlash => "start it with `/`, without scheme and host: `/admin/**`",
            Self::Percent => "write the character itself: `/my file`, not `/my%20file`",
            Self::EmptySegment => "write one `/`; requests with more are covered by the same rule",
            Self::DotSegment => "write the path without it; such requests are always refused",
            Self::Query => "remove it and what follows; rules look at the path alone",
            Self::Fragment => "remove it and what follows; browsers do not send it",
            Self::Parameters => "remove it; requests with `;` are covered by the same rule",
            Self::Backslash => "write `/`",
            Self::Control => "remove it",
            Self::RestInside => "`**` stands at the end only; for one segment write `*`",
            Self::PartialWildcard => {
                "`*` stands for one whole segment, as in `/hooks/*`; for any rest write `/**`"
            }
        }
    }
}

impl PathPattern {
    /// Whether it matches a path, which starts with `/` and is one reading of a request's.
    #[must_use]
    pub fn matches(&self, path: &[u8], case: Case) -> bool {
        let Some(rest) = path.strip_prefix(b"/") else { return false };
        let mut names = rest.split(|&byte| byte == b'/');
        for segment in &self.segments {
            if !names.next().is_some_and(|name| segment.matches(name, case)) {
                return false;
            }
        }
        names.next().is_some() == self.any_rest
    }

    /// Whether ignoring case can change what it matches on a path without upper-case letters.
    #[must_use]
    pub fn has_upper_case(&self) -> bool {
        self.has_upper_case
    }

    /// The lower-case spellings of each name, in both forms that are compared, or `None` for `*`;
    /// and whether any rest may follow. For an index: a path can match only when each of its names,
    /// in lower case (ASCII), is one of these or any.
    pub(in crate::domain) fn keys(&self) -> (impl Iterator<Item = Option<[Vec<u8>; 2]>>, bool) {
        let keys = self.segments.iter().map(|segment| match segment {
            Segment::Any => None,
            Segment::Name { exact, folded } => {
                Some([exact.to_ascii_lowercase(), folded.to_ascii_lowercase()])
            }
        });
        (keys, self.any_rest)
    }

    /// A path that it matches.
    pub(in crate::domain) fn example(&self) -> Vec<u8> {
        let mut path = self.stem();
        if self.any_rest {
            path.extend_from_slice(b"/x/x");
        }
        path
    }

    /// For `/admin/**` an example of `/admin`, which it does not match, though people think so.
    #[must_use]
    pub fn left_out(&self) -> Option<Vec<u8>> {
        Some(self.stem()).filter(|path| self.any_rest && !path.is_empty())
    }

    fn stem(&self) -> Vec<u8> {
        let mut path = Vec::new();
        for segment in &self.segments {
            path.push(b'/');
            path.extend_from_slice(match segment {
                Segment::Any => b"x",
                Segment::Name { exact, .. } => exact,
            });
        }
        path
    }

    /// Whether every path that `other` matches is matched by this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let (own, its) = (self.segments.len(), other.segments.len());
        let long_enough = match (self.any_rest, other.any_rest) {
            (true, true) => own <= its,
            (true, false) => own < its,
            (false, true) => false,
            (false, false) => own == its,
        };
        long_enough && self.segments.iter().zip(&other.segments).all(|(own, its)| own.covers(its))
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, PatternError> {
        match text {
            "*" => Ok(Self::Any),
            "**" => Err(PatternError::RestInside),
            "." | ".." => Err(PatternError::DotSegment),
            _ if text.contains('*') => Err(PatternError::PartialWildcard),
            _ => Ok(Self::Name {
                exact: text.as_bytes().into(),
                folded: folded(text.as_bytes()).into(),
            }),
        }
    }

    fn matches(&self, name: &[u8], case: Case) -> bool {
        match (self, case) {
            (Self::Any, _) => !name.is_empty(),
            (Self::Name { exact, .. }, Case::Exact) => name == &**exact,
            (Self::Name { folded, .. }, Case::Ignored) => name.eq_ignore_ascii_case(folded),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, Self::Any) => true,
            (Self::Any, Self::Name { exact, .. }) => !exact.is_empty(),
            (Self::Name { .. }, Self::Any) => false,
            (Self::Name { exact, .. }, Self::Name { exact: other, .. }) => exact == other,
        }
    }

    fn has_upper_case(&self) -> bool {
        matches!(self, Self::Name { exact, folded } if exact != folded)
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NoSlash)?;
        for (refused, error) in [
            ('%', PatternError::Percent),
            ('?', PatternError::Query),
            ('#', PatternError::Fragment),
            (';', PatternError::Parameters),
            ('\\', PatternError::Backslash),
        ] {
            if text.contains(refused) {
                return Err(error);
            }
        }
        if text.contains(char::is_control) {
            return Err(PatternError::Control);
        }
        if text.contains("//") {
            return Err(PatternError::EmptySegment);
        }
        let (names, any_rest) = match rest.strip_suffix("**") {
            Some("") => (None, true),
            Some(names) if names.ends_with('/') => (names.strip_suffix('/'), true),
            Some(_) => return Err(PatternError::PartialWildcard),
            None => (Some(rest), false),
        };
        let segments: Vec<Segment> = names
            .into_iter()
            .flat_map(|names| names.split('/'))
            .map(Segment::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.into(),
            has_upper_case: segments.iter().any(Segment::has_upper_case),
            segments: segments.into(),
            any_rest,
        })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for PathPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PathPattern({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_on_segment_boundaries() {
        for (text, matched, not_matched) in [
            (
                "/healthz",
                vec!["/healthz"],
                vec!["/healthz/", "/healthz/x", "/healthzx", "/", "//healthz"],
            ),
            ("/healthz/", vec!["/healthz/"], vec!["/healthz", "/healthz/x"]),
            ("/", vec!["/"], vec!["//", "/a"]),
            (
                "/hooks/*",
                vec!["/hooks/a", "/hooks/*"],
                vec!["/hooks", "/hooks/", "/hooks/a/", "/hooks/a/b"],
            ),
            ("/*/edit", vec!["/a/edit"], vec!["//edit", "/a/b/edit", "/edit"]),
            (
                "/public/**",
                vec!["/public/", "/public/x", "/public/x/y/", "/public//x"],
                vec!["/public", "/publicity", "/Public/x", "/", "//public/x", "/x/public/"],
            ),
            ("/**", vec!["/", "/a", "//", "/a/b"], vec!["", "a"]),
            ("/*/**", vec!["/a/", "/a/b"], vec!["/a", "//b"]),
            ("/my file/ü", vec!["/my file/ü"], vec!["/my%20file/ü"]),
        ] {
            for path in matched {
                assert!(pattern(text).matches(path.as_bytes(), Case::Exact), "{text} {path}");
            }
            for path in not_matched {
                assert!(!pattern(text).matches(path.as_bytes(), Case::Exact), "{text} {path}");
            }
        }
    }

    #[test]
    fn case_can_be_ignored() {
        assert!(pattern("/admin/**").matches(b"/ADMIN/x", Case::Ignored));
        assert!(pattern("/Admin/**").matches(b"/aDMIN/x", Case::Ignored));
        assert!(!pattern("/admin/**").matches(b"/ADMINX/x", Case::Ignored));
        assert!(pattern("/Über").has_upper_case() && !pattern("/über/*/**").has_upper_case());
    }

    #[test]
    fn what_could_never_match_is_refused_with_a_cure() {
        use PatternError as E;
        for (text, error) in [
            ("", E::NoSlash),
            ("admin", E::NoSlash),
            ("https://app.example.com/", E::NoSlash),
            ("/my%20file", E::Percent),
            ("/a//b", E::EmptySegment),
            ("/a/../b", E::DotSegment),
            ("/./a", E::DotSegment),
            ("/..", E::DotSegment),
            ("/a?b", E::Query),
            ("/a#b", E::Fragment),
            ("/a;b", E::Parameters),
            ("/a\\b", E::Backslash),
            ("/a\nb", E::Control),
            ("/**/a", E::RestInside),
            ("/a/**/**", E::RestInside),
            ("/a*b", E::PartialWildcard),
            ("/a**", E::PartialWildcard),
            ("/***", E::PartialWildcard),
            ("/*.js", E::PartialWildcard),
        ] {
            assert_eq!(text.parse::<PathPattern>(), Err(error), "{text}");
            assert!(!error.hint().is_empty());
        }
    }

    #[test]
    fn covering_is_known() {
        for (wide, narrow, expected) in [
            ("/**", "/a", true),
            ("/**", "/**", true),
            ("/a/**", "/a/b/**", true),
            ("/a/**", "/a/", true),
            ("/a/**", "/a", false),
            ("/a/**", "/**", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/", false),
            ("/a/*", "/a/**", false),
            ("/*/b", "/a/*", false),
            ("/*/**", "/a/**", true),
            ("/a", "/a", true),
            ("/a", "/A", false),
        ] {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), expected, "{wide} {narrow}");
        }
    }
}
