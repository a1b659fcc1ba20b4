//! The rules of a site: each must be able to match, and somebody must be able to pass.

use super::people::allow_entry;
use super::site::{Common, allow_list};
use crate::config::file::{List, RuleFile, SiteFile};
use crate::config::located::{Located, Text};
use crate::config::problem::{Fault, Place};
use crate::config::scope::{Scope, span, word};
use crate::config::settings::Prefix;
use crate::config::suggest::either;
use crate::domain::client::{Network, NetworkError, Networks};
use crate::domain::origin::{HostPattern, HostPatternError, OriginPattern};
use crate::domain::path::{Case, PathPattern, PatternError};
use crate::domain::policy::{Access, MethodSet, Rule, Unauthenticated, rule_name, shadowed};
use crate::domain::time::Span;

/// `rules`, and whether they and the site's `allow` let anybody in.
pub(super) fn rules(
    site: &Scope<'_>,
    file: &SiteFile,
    origin: Option<&OriginPattern>,
    common: &Common<'_>,
) -> Vec<Rule> {
    let site_allows = file.allow.as_ref().is_some_and(|list| !list.value.is_empty());
    let Some(list) = &file.rules else {
        nobody(site, site_allows, &[]);
        return Vec::new();
    };
    let scope = site.key("rules", list.at);
    let entries = list.value.iter().enumerate();
    let read: Vec<(Rule, Place)> = entries
        .filter_map(|(index, file)| {
            let scope = scope.item(index, file.at);
            let rule = rule(&scope, index, &file.value, site_allows, common);
            let host = host(&scope, file.value.host.as_ref(), origin);
            let from = from(&scope, file.value.from.as_ref(), common);
            Some((Rule { host: host.ok()?, from: from.ok()?, ..rule? }, file.at))
        })
        .collect();
    let (rules, places): (Vec<Rule>, Vec<Place>) = read.into_iter().unzip();
    for shadow in shadowed(&rules) {
        let (rule, by) = (&rules[shadow.rule], &rules[shadow.by]);
        let line = places[shadow.by].line;
        let what = format!("can never match: {} (line {line}) takes all its requests", by.name);
        let fault = Fault::new(what).value(&rule.to_string());
        let shadowed = site.key(&rule.name, places[shadow.rule]);
        shadowed.report(fault.hint(format!("put it before {}, or remove it", by.name)));
    }
    warn_of_stems(site, &rules, &places);
    if list.value.len() == rules.len() {
        nobody(site, site_allows, &rules);
    }
    rules
}

/// Notes `/admin/**` where no rule names `/admin`: the page that many applications have there would
/// be open to everybody whom the site lets in. What opens a path leaves nothing open by this.
fn warn_of_stems(site: &Scope<'_>, rules: &[Rule], places: &[Place]) {
    let closes = |rule: &Rule| match &rule.access {
        Access::Public => false,
        Access::Site => rule.max_age.is_some(),
        Access::Allow(list) => !list.admits_everyone() || rule.max_age.is_some(),
        Access::Deny => true,
    };
    for (rule, place) in rules.iter().zip(places).filter(|(rule, _)| closes(rule)) {
        let Some(stem) = rule.path.left_out() else { continue };
        if rules.iter().any(|other| other.path.matches(&stem, Case::Exact)) {
            continue;
        }
        let text = rule.path.to_string();
        let stem = text.trim_end_matches("/**");
        let fault = Fault::new("says nothing of the page above, and no rule does");
        let hint = format!("add the same rule with `path: {stem}` if there is a page");
        site.key(&format!("{}.path", rule.name), *place).warn(fault.value(&text).hint(hint));
    }
}

/// Reports a site that lets nobody in.
fn nobody(site: &Scope<'_>, site_allows: bool, rules: &[Rule]) {
    let lets_in = |rule: &Rule| match &rule.access {
        Access::Public | Access::Site => true,
        Access::Allow(list) => !list.is_empty(),
        Access::Deny => false,
    };
    if !site_allows && !rules.iter().any(lets_in) {
        site.key("allow", site.place()).report(
            Fault::new("lets nobody in, and no rule does")
                .hint("name who may pass: allow: [\"@example.com\"]"),
        );
    }
}

fn rule(
    scope: &Scope<'_>,
    index: usize,
    file: &RuleFile,
    site_allows: bool,
    common: &Common<'_>,
) -> Option<Rule> {
    const UNAUTHENTICATED: &[(&str, Unauthenticated)] = &[
        ("auto", Unauthenticated::ByKind),
        ("redirect", Unauthenticated::Redirect),
        ("status", Unauthenticated::Status),
    ];
    let path = scope.required("path", file.path.as_ref(), "write it like `/admin/**`", |text| {
        path(text, common.prefix)
    });
    let methods = methods(scope, file);
    let access = access(scope, file, site_allows, common);
    let longest = Span::seconds(365 * 86_400);
    let max_age =
        scope.optional("max_age", file.max_age.as_ref(), span(Span::seconds(60), longest));
    let unauthenticated = scope.or(
        "unauthenticated",
        file.unauthenticated.as_ref(),
        Unauthenticated::ByKind,
        word(UNAUTHENTICATED),
    );
    if matches!(access, Some(Access::Public | Access::Deny)) {
        let texts = [("max_age", &file.max_age), ("unauthenticated", &file.unauthenticated)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?))) {
            scope.key(key, text.at).report(
                Fault::new("means nothing where nobody is asked to sign in")
                    .value(&text.value)
                    .hint("remove it, or `access`"),
            );
        }
    }
    let name = rule_name(index);
    Some(Rule { methods: methods?, max_age, unauthenticated, ..Rule::new(&name, path?, access?) })
}

fn path(text: &str, prefix: &Prefix) -> Result<PathPattern, Fault> {
    let below = text.strip_prefix(prefix.as_str());
    if below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Err(Fault::new("can never match: pages below the prefix are linkgate's own")
            .hint("remove the rule, or choose another `prefix`"));
    }
    text.parse().map_err(|error: PatternError| {
        let hint = match error {
            PatternError::NoSlash if !text.contains("//") && !text.is_empty() => {
                format!("did you mean \"/{text}\"?")
            }
            _ => error.hint().to_owned(),
        };
        let what = match error {
            PatternError::NoSlash => "must start with \"/\"".to_owned(),
            _ => error.to_string(),
        };
        Fault::new(what).hint(hint)
    })
}

/// What is wrong was reported.
struct Reported;

/// `host`: what no host of the site can be would never match, and what they all are says nothing.
fn host(
    scope: &Scope<'_>,
    text: Option<&Text>,
    origin: Option<&OriginPattern>,
) -> Result<Option<HostPattern>, Reported> {
    let Some(Located { value, at }) = text else { return Ok(None) };
    let read = |text: &str| {
        let pattern: HostPattern = text.parse().map_err(|error: HostPatternError| {
            let hint = "write it like `wiki.example.com` or `*.example.com`";
            Fault::new(error.to_string()).hint(hint)
        })?;
        let Some(origin) = origin else { return Ok(None) };
        let hosts = origin.hosts();
        if !pattern.meets(&hosts) {
            return Err(Fault::new("can never match: it is no host of this site")
                .hint(format!("name a host of {origin}, or put the rule where it belongs")));
        }
        Ok((!pattern.covers(&hosts)).then_some(pattern))
    };
    scope.key("host", *at).value(value, read).ok_or(Reported)
}

/// `from`
fn from(
    scope: &Scope<'_>,
    list: Option<&List<String>>,
    common: &Common<'_>,
) -> Result<Option<Networks>, Reported> {
    let Some(list) = list else { return Ok(None) };
    if list.value.is_empty() {
        let fault = Fault::new("names no network").hint("leave it out to name every client");
        scope.key("from", list.at).report(fault);
        return Err(Reported);
    }
    let read = |text: &str| {
        let network: Network = text
            .parse()
            .map_err(|error: NetworkError| Fault::new(error.to_string()).hint(error.hint()))?;
        if common.trusted_proxies.covers(network) {
            return Err(Fault::new(
                "can never match: these are `trusted_proxies`, and the address \
                                   of a proxy is no client's",
            )
            .hint("trust the proxies alone, not the network around them"));
        }
        Ok(network)
    };
    let networks = scope.items("from", Some(list), read);
    let is_whole = networks.len() == list.value.len();
    let networks = is_whole.then(|| networks.into_iter().map(|(_, network)| network).collect());
    networks.map(Some).ok_or(Reported)
}

fn methods(scope: &Scope<'_>, file: &RuleFile) -> Option<MethodSet> {
    let Some(list) = &file.methods else { return Some(MethodSet::any()) };
    let single = |text: &str| {
        MethodSet::of([text]).map(|_| text.to_owned()).map_err(|error| {
            // The message of the list repeats the name, which is shown as the value already.
            let text = error.to_string();
            let what = text.split(": ").next().unwrap_or_default();
            Fault::new(what).hint(error.hint())
        })
    };
    let names = scope.items("methods", Some(list), single);
    if list.value.is_empty() {
        let fault = Fault::new("names no method").hint("leave it out to name them all");
        scope.key("methods", list.at).report(fault);
    }
    MethodSet::of(names.iter().map(|(_, name)| name.as_str())).ok()
}

#[derive(Clone, Copy)]
enum Word {
    Public,
    Deny,
}

fn access(
    scope: &Scope<'_>,
    file: &RuleFile,
    site_allows: bool,
    common: &Common<'_>,
) -> Option<Access> {
    match (&file.access, &file.allow) {
        (Some(text), Some(_)) => {
            scope.key("access", text.at).report(
                Fault::new("stands beside `allow`, which says something else")
                    .value(&text.value)
                    .hint("keep one of the two"),
            );
            None
        }
        (Some(Located { value, at }), None) => {
            scope.key("access", *at).value(value, access_word).map(|word| match word {
                Word::Public => Access::Public,
                Word::Deny => Access::Deny,
            })
        }
        (None, Some(list)) if list.value.is_empty() => {
            scope.key("allow", list.at).report(
                Fault::new("lets nobody in").hint("to refuse everybody, write `access: deny`"),
            );
            None
        }
        (None, Some(list)) => Some(Access::Allow(allow_list(scope, Some(list), common))),
        (None, None) if site_allows => Some(Access::Site),
        (None, None) => {
            scope.report(
                Fault::new("lets nobody in: it falls to the site's `allow`, which is empty")
                    .hint("say `access: public`, `access: deny` or an `allow` of its own"),
            );
            None
        }
    }
}

fn access_word(text: &str) -> Result<Word, Fault> {
    word(&[("public", Word::Public), ("deny", Word::Deny)])(text).map_err(|fault| {
        if fault.hint.is_some() {
            return fault;
        }
        // People write here what belongs under `allow`.
        match allow_entry(text) {
            Ok(_) => {
                fault.hint(format!("did you mean allow: [{}]?", either([text]).replace('`', "\"")))
            }
            Err(_) => fault.hint("who may pass stands under `allow`"),
        }
    })
}
