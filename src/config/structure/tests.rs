//! Whether `conf/linkgate.yaml` documents every key at its place.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::tree::{Tree, entries, key_at};
use super::*;
use crate::config::file::*;
use crate::config::located::Located;
use crate::config::problem::Place;

const DOCUMENTED: &str = include_str!("../../../conf/linkgate.yaml");

fn strict() -> Options {
    options(DuplicateKeyPolicy::Error, MergeKeyPolicy::Merge)
}

/// The keys of a map of the file, from the reader's own complaint about another one.
fn keys<T: DeserializeOwned>() -> BTreeSet<String> {
    let error = serde_yaml::from_str_with_options::<T>("?: 1", strict()).err().unwrap();
    match error {
        Error::SerdeUnknownField { expected, .. } => {
            expected.into_iter().map(str::to_owned).collect()
        }
        other => panic!("{other}"),
    }
}

/// Every map that the file may hold. A map that is documented and not here fails the test too.
fn maps() -> BTreeMap<&'static str, BTreeSet<String>> {
    BTreeMap::from([
        ("", keys::<File>()),
        ("listen[]", keys::<ListenFile>()),
        ("listen[].tls", keys::<TlsFile>()),
        ("admin", keys::<AdminFile>()),
        ("store", keys::<StoreFile>()),
        ("store.embedded", keys::<EmbeddedFile>()),
        ("store.redis", keys::<RedisFile>()),
        ("store.redis.sentinel", keys::<SentinelFile>()),
        ("store.memory", keys::<MemoryFile>()),
        ("mail", keys::<MailFile>()),
        ("mail.smtp", keys::<SmtpFile>()),
        ("mail.sendmail", keys::<SendmailFile>()),
        ("mail.postmark", keys::<PostmarkFile>()),
        ("mail.ses", keys::<SesFile>()),
        ("mail.mailgun", keys::<MailgunFile>()),
        ("mail.sendgrid", keys::<SendGridFile>()),
        ("mail.resend", keys::<ResendFile>()),
        ("mail.brevo", keys::<BrevoFile>()),
        ("mail.folder", keys::<FolderFile>()),
        ("mail.dkim[]", keys::<DkimFile>()),
        ("mail.inbox", keys::<InboxFile>()),
        ("mail.hooks", keys::<HooksFile>()),
        ("mail.hooks.postmark", keys::<HookLoginFile>()),
        ("mail.hooks.ses", keys::<SesHookFile>()),
        ("mail.hooks.mailgun", keys::<MailgunHookFile>()),
        ("mail.hooks.sendgrid", keys::<SendgridHookFile>()),
        ("mail.hooks.resend", keys::<ResendHookFile>()),
        ("mail.hooks.brevo", keys::<BrevoHookFile>()),
        ("sign_in", keys::<SignInFile>()),
        ("sign_in.limits", keys::<LimitsFile>()),
        ("sign_in.passwords", keys::<PasswordsFile>()),
        ("sign_in.passwords.limits", keys::<PasswordLimitsFile>()),
        ("session", keys::<SessionFile>()),
        ("sites[]", keys::<SiteFile>()),
        ("sites[].upstream", keys::<UpstreamFile>()),
        ("sites[].upstream.health", keys::<HealthFile>()),
        ("sites[].mail", keys::<SiteMailFile>()),
        ("sites[].identity_headers", keys::<IdentityHeadersFile>()),
        ("sites[].assertion", keys::<AssertionFile>()),
        ("sites[].sign_in", keys::<SiteSignInFile>()),
        ("sites[].sign_in.limits", keys::<SiteLimitsFile>()),
        ("sites[].rules[]", keys::<RuleFile>()),
        ("sites[].brand", keys::<BrandFile>()),
        ("sites[].brand.colors", keys::<ColorsFile>()),
        ("brand", keys::<BrandFile>()),
        ("brand.colors", keys::<ColorsFile>()),
        ("server", keys::<ServerFile>()),
        ("log", keys::<LogFile>()),
        ("traces", keys::<TracesFile>()),
        ("audit", keys::<AuditFile>()),
        ("audit.file", keys::<AuditFileFile>()),
        ("audit.syslog", keys::<SyslogFile>()),
    ])
}

/// Maps whose keys are not ours, or always the same two.
const OTHERS: [&str; 23] = [
    "admin.token",
    "groups",
    "secret",
    "mail.smtp.password",
    "mail.hooks.postmark.password",
    "mail.hooks.mailgun.signing_key",
    "mail.hooks.resend.secret",
    "mail.hooks.brevo.token",
    "mail.postmark.token",
    "mail.ses.secret",
    "mail.mailgun.token",
    "mail.sendgrid.token",
    "mail.resend.token",
    "mail.brevo.token",
    "mail.dkim[].key",
    "store.redis.sentinel.password",
    "store.redis.url",
    "brand.texts",
    "brand.texts.en",
    "brand.texts.de",
    "sites[].headers",
    "sites[].brand.texts",
    "sites[].brand.texts.en",
];

/// The documentation with all keys set that are behind a `#` at the beginning of a line.
fn everything_set() -> String {
    let set = |line: &str| match line.strip_prefix('#') {
        Some(rest) if is_key(rest) => rest.to_owned(),
        _ => line.to_owned(),
    };
    DOCUMENTED.lines().map(set).collect::<Vec<_>>().join("\n")
}

fn is_key(line: &str) -> bool {
    let text = line.trim_start();
    let text = text.strip_prefix("- ").unwrap_or(text);
    let word = text.split(':').next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    indent.is_multiple_of(2)
        && text.contains(':')
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn collect(node: &Tree, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match node {
        Tree::Map(entries) => {
            let keys = found.entry(path.to_owned()).or_default();
            keys.extend(entries.iter().map(|(key, _)| key.value.clone()));
            for (key, value) in entries {
                let dot = if path.is_empty() { "" } else { "." };
                collect(&value.value, &format!("{path}{dot}{}", key.value), found);
            }
        }
        Tree::List(items) => {
            for item in items {
                collect(&item.value, &format!("{path}[]"), found);
            }
        }
        Tree::Leaf | Tree::Nothing => {}
    }
}

#[test]
fn every_key_is_documented_at_its_place() {
    let text = everything_set();
    read(&text, "everything").unwrap_or_else(|problems| panic!("{problems}"));
    let tree: Tree = serde_yaml::from_str(&text).unwrap();
    let mut found = BTreeMap::new();
    collect(&tree, "", &mut found);
    // The ways of mails, again, but for the inbox.
    assert!(found.contains_key("mail.relays[]"));
    assert!(keys::<RelayFile>().is_subset(&keys::<MailFile>()));
    found.retain(|path, _| !path.starts_with("mail.relays[]"));
    for other in OTHERS {
        assert!(found.remove(other).is_some(), "{other} is not shown");
    }
    let maps = maps();
    for (path, keys) in &maps {
        let documented = found.get(*path).unwrap_or_else(|| panic!("{path} is not documented"));
        let missing: Vec<_> = keys.difference(documented).collect();
        assert!(missing.is_empty(), "not documented in {path}: {missing:?}");
    }
    let unknown: Vec<_> = found.keys().filter(|path| !maps.contains_key(path.as_str())).collect();
    assert!(unknown.is_empty(), "maps that this test does not know: {unknown:?}");
}

#[test]
fn places_become_paths_and_secrets_end_them() {
    let text = "a:\n  - b: 1\n    c: { d: [x, y] }\nmail:\n  password: { z: 1 }\n";
    let tree: Located<Tree> = serde_yaml::from_str(text).unwrap();
    let entries = entries(&tree, text);
    for (line, column, path) in
        [(2, 5, "a[0].b"), (3, 17, "a[0].c.d[1]"), (3, 13, "a[0].c.d"), (5, 15, "mail.password")]
    {
        assert_eq!(key_at(&entries, Place { line, column }), Some(path), "{line}:{column}");
    }
}

/// What is no value, behind the colon of a key.
const NO_VALUES: [&str; 6] = ["", " ~", " null", " !!null", " # one", "\n  # - one"];
/// Where a secret is read from; below these nothing is named.
const SECRETS: [&str; 7] = [
    "secret",
    "admin.token",
    "mail.smtp.password",
    "mail.postmark.token",
    "mail.ses.secret",
    "store.redis.url",
    "store.redis.sentinel.password",
];
/// Some of the maps whose keys are not ours.
const NAMES: [&str; 4] = ["groups", "brand.texts", "brand.texts.en", "sites[].headers"];

/// A file in which one key has no value, and the place of that key: `sites[].rules[]` and `from`
/// become five lines.
fn file_with(map: &str, key: &str, no_value: &str) -> (String, Place) {
    let (mut text, mut indent) = (String::new(), String::new());
    for step in map.split('.').filter(|step| !step.is_empty()) {
        text.push_str(&format!("{indent}{}:\n", step.trim_end_matches("[]")));
        indent.push_str("  ");
        if step.ends_with("[]") {
            text.push_str(&format!("{indent}-\n"));
            indent.push_str("  ");
        }
    }
    let (line, column) = (text.lines().count() as u64 + 1, indent.len() as u64 + 1);
    text.push_str(&format!("{indent}{key}:{no_value}\n"));
    (text, Place { line, column })
}

#[test]
fn no_key_of_the_file_may_stand_without_a_value() {
    let mut keys: Vec<(&str, String)> = Vec::new();
    for (map, own) in maps() {
        keys.extend(own.into_iter().map(|key| (map, key)));
    }
    assert!(keys.len() > 120, "{} are not all", keys.len());
    keys.extend(NAMES.map(|map| (map, "en".to_owned())));
    keys.extend(SECRETS.map(|map| (map, "env".to_owned())));
    keys.extend(SECRETS.map(|map| (map, "file".to_owned())));
    for (map, key) in keys {
        let path = format!("{map}.{key}").replace("[]", "[0]");
        let path = if SECRETS.contains(&map) { map } else { path.trim_start_matches('.') };
        for no_value in NO_VALUES {
            let (text, place) = file_with(map, &key, no_value);
            let problems = read(&text, "file").err().unwrap_or_else(|| panic!("accepted: {text}"));
            let told: Vec<_> = problems
                .iter()
                .map(|problem| (problem.place, &*problem.key, &*problem.fault.what))
                .collect();
            assert_eq!(told, [(Some(place), path, "has no value")], "{text}");
        }
    }
}
