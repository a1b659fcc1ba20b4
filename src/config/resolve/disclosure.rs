//! `identity_headers`, `assertion` and `headers` of a site: what the application is told.

use crate::config::choice::Choice;
use crate::config::defaults;
use crate::config::file::{AssertionFile, HeadersFile, IdentityHeadersFile, Map, SiteFile};
use crate::config::located::{Located, Text};
use crate::config::problem::{Fault, Place};
use crate::config::scope::{Scope, span, word};
use crate::domain::disclosure::{
    Algorithm, AssertionTerms, Constant, Disclosure, GroupsFormat, IdentityHeaders, Preset,
    WhenAnonymous,
};
use crate::domain::header::{FieldName, FieldNameError, FieldValueError, folded};

/// Most constants of a site. They are sent with every request.
const MOST_CONSTANTS: usize = 16;
const PRESETS: &[(&str, Preset)] = &[
    ("remote", Preset::Remote),
    ("x-forwarded", Preset::XForwarded),
    ("x-auth-request", Preset::XAuthRequest),
];
const PRESET_HINT: &str = "write a preset like `remote`, or names like { user: X-WEBAUTH-USER }";

/// All three, with names that are different.
pub(super) fn disclosure(site: &Scope<'_>, file: &SiteFile) -> Disclosure {
    let mut taken = Taken(Vec::new());
    let identity = identity(site, file.identity_headers.as_ref(), &mut taken);
    let assertion = assertion(site, file.assertion.as_ref(), &mut taken);
    let constants = constants(site, file.headers.as_ref(), &mut taken);
    Disclosure::new(identity, assertion, constants)
}

/// The names so far, with the keys that gave them.
struct Taken(Vec<(FieldName, String)>);

impl Taken {
    /// Takes a name, unless it is that of another key. An application that folds names could not
    /// tell the two apart.
    fn take(&mut self, scope: &Scope<'_>, name: FieldName) -> Option<FieldName> {
        if let Some((_, key)) = self.0.iter().find(|(other, _)| other.folded() == name.folded()) {
            let fault = Fault::new(format!("is the name of {key} already")).value(name.as_str());
            scope.report(fault.hint("give each its own"));
            return None;
        }
        self.0.push((name.clone(), scope.path().to_owned()));
        Some(name)
    }
}

fn identity(
    site: &Scope<'_>,
    file: Option<&Located<Choice<IdentityHeadersFile>>>,
    taken: &mut Taken,
) -> IdentityHeaders {
    let at = file.map_or(site.place(), |file| file.at);
    let scope = site.key("identity_headers", at);
    let headers = match file.map(|file| &file.value) {
        None => IdentityHeaders::default(),
        Some(Choice::One(text)) => {
            let preset = scope.value(text, word(PRESETS)).unwrap_or_default();
            IdentityHeaders::preset(preset)
        }
        Some(Choice::Many(_)) => {
            scope.report(Fault::new("must be a preset or a map").hint(PRESET_HINT));
            IdentityHeaders::default()
        }
        Some(Choice::Map(file)) => return named(&scope, file, taken),
    };
    for (_, name) in headers.parts() {
        taken.take(&scope, name.clone());
    }
    headers
}

/// The long form: what is named here, over the preset if there is one.
fn named(scope: &Scope<'_>, file: &IdentityHeadersFile, taken: &mut Taken) -> IdentityHeaders {
    const FORMATS: &[(&str, GroupsFormat)] = &[
        ("comma", GroupsFormat::Comma),
        ("space", GroupsFormat::Space),
        ("json", GroupsFormat::Json),
        ("repeated", GroupsFormat::Repeated),
    ];
    const ANONYMOUS: &[(&str, WhenAnonymous)] =
        &[("absent", WhenAnonymous::Absent), ("empty", WhenAnonymous::Empty)];
    let says_names = [&file.user, &file.email, &file.groups, &file.name];
    let says_names = says_names.into_iter().any(Option::is_some);
    let preset = scope.optional("preset", file.preset.as_ref(), word(PRESETS));
    let base = match preset {
        None if says_names => IdentityHeaders::nothing(),
        preset => IdentityHeaders::preset(preset.unwrap_or_default()),
    };
    let mut part = |key: &str, text: &Option<Text>, usual: Option<FieldName>| match text {
        Some(text) => {
            let name = scope.optional(key, Some(text), field_name)?;
            taken.take(&scope.key(key, text.at), name)
        }
        None => taken.take(scope, usual?),
    };
    IdentityHeaders {
        user: part("user", &file.user, base.user),
        email: part("email", &file.email, base.email),
        groups: part("groups", &file.groups, base.groups),
        name: part("name", &file.name, base.name),
        groups_format: scope.or(
            "groups_format",
            file.groups_format.as_ref(),
            GroupsFormat::default(),
            word(FORMATS),
        ),
        when_anonymous: scope.or(
            "when_anonymous",
            file.when_anonymous.as_ref(),
            WhenAnonymous::default(),
            word(ANONYMOUS),
        ),
    }
}

fn assertion(
    site: &Scope<'_>,
    file: Option<&Map<AssertionFile>>,
    taken: &mut Taken,
) -> AssertionTerms {
    const ALGORITHMS: &[(&str, Algorithm)] =
        &[("EdDSA", Algorithm::EdDsa), ("ES256", Algorithm::Es256)];
    let mut terms = AssertionTerms::default();
    let Some(Located { value: file, at }) = file else {
        taken.take(&site.key("assertion.header", site.place()), terms.header.clone());
        return terms;
    };
    let scope = site.key("assertion", *at);
    let algorithm = file.algorithm.as_ref();
    terms.algorithm = scope.or("algorithm", algorithm, terms.algorithm, word(ALGORITHMS));
    let lifetimes = span(defaults::SHORTEST_ASSERTION, defaults::LONGEST_ASSERTION);
    terms.lifetime = scope.or("lifetime", file.lifetime.as_ref(), terms.lifetime, lifetimes);
    let usual = || Ok(AssertionTerms::usual_header());
    let header = |text: &str| match folded(text) == folded(AssertionTerms::HEADER) {
        true => usual(),
        false => field_name(text),
    };
    terms.header = scope.or("header", file.header.as_ref(), terms.header, header);
    let at = file.header.as_ref().map_or(*at, |text| text.at);
    taken.take(&scope.key("header", at), terms.header.clone());
    terms
}

fn constants(
    site: &Scope<'_>,
    file: Option<&Map<HeadersFile>>,
    taken: &mut Taken,
) -> Vec<Constant> {
    let Some(Located { value: file, at }) = file else { return Vec::new() };
    let scope = site.key("headers", *at);
    if file.0.len() > MOST_CONSTANTS {
        let what = format!("are {} headers, of at most {MOST_CONSTANTS}", file.0.len());
        scope.report(Fault::new(what).hint("they go with every request"));
    }
    let mut all = Vec::new();
    for (key, text) in &file.0 {
        let scope = scope.named(key);
        let name = scope.value(&key.value, field_name);
        let name = name.and_then(|name| taken.take(&scope, name));
        let value = value(&scope, &text.value, text.at);
        all.extend(name.zip(value).map(|(name, value)| Constant { name, value }));
    }
    all
}

/// A value is not repeated in messages: it may be a token.
fn value(scope: &Scope<'_>, text: &str, at: Place) -> Option<crate::domain::header::FieldValue> {
    let parsed = text.parse().map_err(|error: FieldValueError| {
        let fault = Fault::new(error.to_string());
        scope.at(at).report(fault.hint("write it like `X-Proxy: linkgate`"));
    });
    parsed.ok()
}

fn field_name(text: &str) -> Result<FieldName, Fault> {
    text.parse().map_err(|error: FieldNameError| {
        let fault = Fault::new(error.to_string());
        match error {
            FieldNameError::Shape => fault.hint("write it like `X-WEBAUTH-USER`"),
            FieldNameError::Reserved if folded(text) == "authorization" => fault.hint(
                "it belongs to the application's own clients; use another name, as in \
                 `X-WEBAUTH-USER`",
            ),
            FieldNameError::Reserved => fault.hint(
                "it leads the message itself, or is set by linkgate; use another name, as in \
                 `X-WEBAUTH-USER`",
            ),
        }
    })
}
