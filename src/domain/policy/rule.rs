//! One rule: which requests it names, and who may pass.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::allow::AllowList;
use super::index::Index;
use crate::domain::client::Networks;
use crate::domain::origin::HostPattern;
use crate::domain::path::{Case, PathPattern};

/// What a request must be like, with who may pass. Of several rules, the first whose conditions are
/// all met decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What logs and `explain` call it, such as `rules[2]`.
    pub name: Arc<str>,
    /// The paths it names.
    pub path: PathPattern,
    /// The methods it names.
    pub methods: MethodSet,
    /// The hosts it names; every host if none. For sites with many.
    pub host: Option<HostPattern>,
    /// The networks it names; every client, known or not, if none.
    pub from: Option<Networks>,
    /// Who may pass.
    pub access: Access,
    /// How long ago the sign-in may be at most. Means nothing for `Public` and `Deny`.
    pub max_age: Option<Duration>,
    /// How visitors without a session are asked to sign in.
    pub unauthenticated: Unauthenticated,
}

impl Rule {
    /// A rule for a path that looks at nothing else.
    #[must_use]
    pub fn new(name: &str, path: PathPattern, access: Access) -> Self {
        Self {
            name: name.into(),
            path,
            methods: MethodSet::any(),
            host: None,
            from: None,
            access,
            max_age: None,
            unauthenticated: Unauthenticated::ByKind,
        }
    }

    /// Whether every request that `other` may be about is one that this rule is about. A client
    /// whose address is not known is in no network for certain, so a rule with networks never
    /// covers one without.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let covers_hosts = match (&self.host, &other.host) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(its)) => own.covers(its),
        };
        let covers_networks = || match (&self.from, &other.from) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(its)) => own.covers(its),
        };
        covers_hosts
            && self.path.covers(&other.path)
            && self.methods.covers(&other.methods)
            && covers_networks()
    }
}

impl fmt::Display for Rule {
    /// The conditions in the words of the configuration.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "path {}", self.path)?;
        if self.methods != MethodSet::any() {
            write!(out, ", methods {}", self.methods)?;
        }
        if let Some(host) = &self.host {
            write!(out, ", host {host}")?;
        }
        if let Some(from) = &self.from {
            write!(out, ", from {from}")?;
        }
        Ok(())
    }
}

/// Who may pass a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a session.
    Public,
    /// Whom the site's `allow` admits: a rule that names neither `access` nor `allow`.
    Site,
    /// Whom this list admits, whatever the site's `allow` says.
    Allow(AllowList),
    /// Nobody.
    Deny,
}

/// What a visitor without a session gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unauthenticated {
    /// A redirect for a navigation, 401 for everything else.
    #[default]
    ByKind,
    /// Always a redirect.
    Redirect,
    /// Always 401.
    Status,
}

/// The methods that a rule names: all, or some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodSet(Option<Box<[Box<str>]>>);

/// Why texts are not a [`MethodSet`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// An empty list: the rule could never match.
    #[error("names no method")]
    Empty,
    /// Not a method in upper-case letters.
    #[error("is not an HTTP method: {0}")]
    Name(String),
    /// TRACE or CONNECT, which are always refused.
    #[error("is never served: {0}")]
    NeverServed(String),
}

impl MethodError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty => "leave `methods` out to name them all".to_owned(),
            Self::Name(name)
                if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic()) =>
            {
                format!("did you mean `{}`?", name.to_ascii_uppercase())
            }
            Self::Name(_) => "write methods like `GET` or `POST`".to_owned(),
            Self::NeverServed(_) => {
                "leave it out: such requests get 405 before any rule is asked".to_owned()
            }
        }
    }
}

impl MethodSet {
    /// Every method.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// The methods named, in upper-case letters.
    ///
    /// # Errors
    /// [`MethodError`] for no method, and for what is none.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, MethodError> {
        let names: Box<[Box<str>]> = names.into_iter().map(method).collect::<Result<_, _>>()?;
        if names.is_empty() { Err(MethodError::Empty) } else { Ok(Self(Some(names))) }
    }

    /// Whether it names `method`. HEAD asks for what GET answers (RFC 9110 9.3.2), so who names
    /// GET names HEAD.
    ///
    /// Methods have a case (RFC 9110 9.1), but not for every application.
    #[must_use]
    pub fn matches(&self, method: &str, case: Case) -> bool {
        let is = |name: &str| match case {
            Case::Exact => name == method,
            Case::Ignored => name.eq_ignore_ascii_case(method),
        };
        match &self.0 {
            None => true,
            Some(names) => {
                names.iter().any(|name| is(name))
                    || (is("HEAD") && names.iter().any(|n| **n == *"GET"))
            }
        }
    }

    /// The methods that are named; none if all are.
    #[must_use]
    pub fn names(&self) -> Option<&[Box<str>]> {
        self.0.as_deref()
    }

    /// Whether every method that `other` names is named by this one too.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(names)) => names.iter().all(|name| self.matches(name, Case::Exact)),
        }
    }
}

fn method(name: &str) -> Result<Box<str>, MethodError> {
    if name == "TRACE" || name == "CONNECT" {
        return Err(MethodError::NeverServed(name.to_owned()));
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(MethodError::Name(name.to_owned()));
    }
    Ok(name.into())
}

impl fmt::Display for MethodSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => out.write_str("any method"),
            Some(names) => out.write_str(&names.join(" ")),
        }
    }
}

/// A rule that can never match, and the earlier one that takes all its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shadow {
    /// The place of the rule that never matches.
    pub rule: usize,
    /// The place of the earlier rule.
    pub by: usize,
}

/// The rules that can never match because one earlier rule takes all their requests. A rule that
/// only several earlier ones cover together is not found; networks within one rule are one set.
#[must_use]
pub fn shadowed(rules: &[Rule]) -> Vec<Shadow> {
    // A rule that covers another one takes the examples of it, too: no other need be looked at.
    let index = Index::of(rules);
    let shadow_of = |(rule, later): (usize, &Rule)| {
        let example = later.path.example();
        let host = later.host.as_ref().map(HostPattern::example);
        let takes_example = index.candidates(host.as_deref(), &example);
        let mut earlier = takes_example.take_while(|by| *by < rule);
        let by = earlier.find(|by| rules[*by].covers(later))?;
        Some(Shadow { rule, by })
    };
    rules.iter().enumerate().filter_map(shadow_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::Network;

    fn rule(path: &str, methods: &[&str]) -> Rule {
        let mut rule = Rule::new(path, path.parse().unwrap(), Access::Public);
        if !methods.is_empty() {
            rule.methods = MethodSet::of(methods.iter().copied()).unwrap();
        }
        rule
    }

    fn place(path: &str, host: &str, from: &[&str]) -> Rule {
        let networks = from.iter().map(|text| text.parse::<Network>().unwrap());
        Rule {
            host: (!host.is_empty()).then(|| host.parse().unwrap()),
            from: (!from.is_empty()).then(|| networks.collect()),
            ..rule(path, &[])
        }
    }

    fn shadows(rules: &[Rule]) -> Vec<(usize, usize)> {
        shadowed(rules).iter().map(|one| (one.rule, one.by)).collect()
    }

    #[test]
    fn who_names_get_names_head() {
        let get = MethodSet::of(["GET"]).unwrap();
        let head = MethodSet::of(["HEAD"]).unwrap();
        for (set, method, expected) in [
            (&get, "GET", true),
            (&get, "HEAD", true),
            (&get, "POST", false),
            (&get, "get", false),
            (&head, "HEAD", true),
            (&head, "GET", false),
            (&MethodSet::any(), "anything", true),
        ] {
            assert_eq!(set.matches(method, Case::Exact), expected, "{set} {method}");
        }
        assert!(get.matches("head", Case::Ignored) && !get.matches("post", Case::Ignored));
    }

    #[test]
    fn methods_are_checked() {
        for (name, hint) in [
            ("get", "did you mean `GET`?"),
            ("", "write methods"),
            ("*", "write methods"),
            ("TRACE", "leave it out"),
            ("CONNECT", "leave it out"),
        ] {
            assert!(MethodSet::of([name]).unwrap_err().hint().starts_with(hint), "{name}");
        }
        assert_eq!(MethodSet::of([]), Err(MethodError::Empty));
        assert!(MethodSet::of(["PROPFIND", "M-SEARCH"]).is_ok());
    }

    #[test]
    fn a_rule_behind_a_wider_one_is_found() {
        let rules = [
            rule("/a/**", &["GET"]),
            rule("/a/b", &["HEAD"]),
            rule("/a/b", &["POST"]),
            rule("/a/b", &[]),
            rule("/a/b", &["GET", "POST"]),
            rule("/**", &[]),
            rule("/z", &[]),
        ];
        assert_eq!(shadows(&rules), [(1, 0), (4, 3), (6, 5)]);
    }

    #[test]
    fn hosts_and_networks_count_too() {
        let rules = [
            place("/a/**", "*.example.com", &["10.0.0.0/9", "10.128.0.0/9"]),
            place("/a/**", "*.example.com", &[]),
            place("/a/x", "b.example.com", &[]),
            place("/a/x", "b.example.org", &[]),
            place("/a/x", "*.b.example.com", &["10.1.0.0/16"]),
            place("/a/x", "", &["10.1.0.0/16", "192.0.2.1"]),
            place("/a/x", "", &["192.0.2.1"]),
            place("/a/*", "", &[]),
            place("/a/y", "c.example.org", &["2001:db8::/32"]),
        ];
        assert_eq!(shadows(&rules), [(2, 1), (4, 0), (6, 5), (8, 7)]);
        // Together they cover everybody whose address is known, and not who is not known.
        let all = [place("/", "", &["0.0.0.0/0", "::/0"]), place("/", "", &[])];
        assert_eq!(shadows(&all), []);
    }
}
