//! The store and the installation's secret, which depend on each other.

use std::path::PathBuf;

use url::Url;

use super::certificates;
use super::secrets::{self, Fetched, unreadable, warn_if_open};
use crate::config::choice::Choice;
use crate::config::defaults;
use crate::config::file::{File, RedisFile, StoreFile};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, number, path_text, span};
use crate::config::secret_source::SecretSource;
use crate::config::settings::{CopiesConfig, Password, RedisConfig, SecretPlan, StoreConfig};
use crate::domain::secret::Secret;
use crate::domain::time::Span;

/// `store`
pub(super) fn store(root: &Scope<'_>, file: &File) -> Option<StoreConfig> {
    const HINT: &str = "say one of embedded: { path: data }, redis: { url: … }, memory: {}";
    let Some(Located { value: file, at }) = &file.store else {
        root.missing("store", HINT);
        return None;
    };
    let scope = root.key("store", *at);
    match file {
        StoreFile { embedded: Some(file), redis: None, memory: None, .. } => {
            let scope = scope.key("embedded", file.at);
            let path = file.value.path.as_ref();
            let path = scope.required("path", path, "name the folder for the data", path_text)?;
            Some(StoreConfig::Embedded { path: scope.file_path(&path) })
        }
        StoreFile { embedded: None, redis: Some(file), memory: None, .. } => {
            redis(&scope.key("redis", file.at), &file.value).map(StoreConfig::Redis)
        }
        StoreFile { embedded: None, redis: None, memory: Some(_), .. } => Some(StoreConfig::Memory),
        StoreFile { embedded: None, redis: None, memory: None, .. } => {
            scope.report(Fault::new("names no store").hint(HINT));
            None
        }
        _ => {
            scope.report(Fault::new("names more than one store").hint(HINT));
            None
        }
    }
}

/// `store.cache`, `store.trust`, `store.grace`
pub(super) fn copies(root: &Scope<'_>, file: &File) -> CopiesConfig {
    const HINT: &str =
        "leave it out: this store is a part of linkgate, and no other process changes it";
    let default = defaults::COPIES;
    let Some(Located { value: file, at }) = &file.store else { return default };
    let scope = root.key("store", *at);
    if file.redis.is_none() {
        for (key, text) in [("trust", &file.trust), ("grace", &file.grace)] {
            if let Some(text) = text {
                scope.key(key, text.at).report(Fault::new("is for Redis only").hint(HINT));
            }
        }
    }
    let trust = span(Span::seconds(1), Span::seconds(60));
    let grace = span(Span::seconds(0), Span::seconds(900));
    CopiesConfig {
        most: scope.or("cache", file.cache.as_ref(), default.most, number(1000, 100_000_000)),
        trust: scope.or("trust", file.trust.as_ref(), default.trust, trust),
        grace: scope.or("grace", file.grace.as_ref(), default.grace, grace),
    }
}

fn redis(scope: &Scope<'_>, file: &RedisFile) -> Option<RedisConfig> {
    let prefix = scope.or("prefix", file.prefix.as_ref(), defaults::REDIS_PREFIX.into(), |text| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=40).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(text.to_owned());
        }
        Err(Fault::new("must be 1 to 40 letters, digits, `-`, `_` or `.`"))
    });
    let ca = certificates::authorities(scope, file.ca.as_ref());
    let Some(Located { value: url, at }) = &file.url else {
        scope.missing("url", "write it like redis://redis.example.com:6379 or { env: NAME }");
        return None;
    };
    let store = scope;
    let scope = store.key("url", *at);
    let urls = match url {
        Choice::One(text) => plain_urls(vec![(store.key("url", *at), text.as_str())]),
        Choice::Many(nodes) if nodes.is_empty() => {
            scope.report(Fault::new("is empty").hint("name at least one node of the cluster"));
            return None;
        }
        Choice::Many(nodes) => {
            let nodes = nodes.iter().enumerate();
            plain_urls(nodes.map(|(i, text)| (scope.item(i, text.at), &*text.value)).collect())
        }
        Choice::Map(source) => secret_urls(&scope, source)?,
    };
    if urls.len() > 1 {
        let fault = Fault::new("names several nodes, and a cluster is not available yet");
        scope.report(fault.hint("name one Redis"));
    }
    Some(RedisConfig { url: urls.into_iter().next()?, prefix, ca })
}

/// URLs that stand in the file, and so must not hold a password.
fn plain_urls(texts: Vec<(Scope<'_>, &str)>) -> Vec<Password> {
    for (scope, text) in &texts {
        let has_login = Url::parse(text)
            .is_ok_and(|url| !url.username().is_empty() || url.password().is_some());
        if has_login || text.contains('@') {
            scope.report(
                Fault::new("holds a password").hint(
                    "move the whole URL into a file or variable: { env: LINKGATE_REDIS_URL }",
                ),
            );
        } else if let Err(fault) = redis_url(text) {
            scope.report(fault);
        }
    }
    texts.into_iter().map(|(_, text)| Password::new(text.to_owned())).collect()
}

/// One URL, or several with commas between them.
fn secret_urls(scope: &Scope<'_>, source: &SecretSource) -> Option<Vec<Password>> {
    let text = secrets::text(scope, source)?;
    let urls: Vec<_> = text.expose().split(',').map(str::trim).collect();
    if let Some(fault) = urls.iter().find_map(|url| redis_url(url).err()) {
        scope.report(fault);
    }
    Some(urls.into_iter().map(|url| Password::new(url.to_owned())).collect())
}

fn redis_url(text: &str) -> Result<(), Fault> {
    let url = Url::parse(text).ok().filter(|url| url.host_str().is_some_and(|h| !h.is_empty()));
    match url.as_ref().map(Url::scheme) {
        Some("redis" | "rediss") => Ok(()),
        Some("redis+sentinel" | "rediss+sentinel") => Err(Fault::new("is not available yet")
            .hint("name the Redis itself: redis://host:6379 or rediss://host:6379")),
        Some(_) | None => {
            Err(Fault::new("must be the URL of a Redis")
                .hint("it begins with redis:// or rediss://"))
        }
    }
}

/// `secret`. With the embedded store it is made on the first start, so its file may be missing.
pub(super) fn secret(
    root: &Scope<'_>,
    source: Option<&Located<SecretSource>>,
    store: Option<&StoreConfig>,
) -> Option<SecretPlan> {
    let Some(source) = source else { return secret_unsaid(root, store?) };
    let scope = root.key("secret", source.at);
    match secrets::fetch(&scope, &source.value)? {
        Fetched::Bytes(bytes) => ready(&scope, &bytes),
        Fetched::NoFile(path) if matches!(store, Some(StoreConfig::Embedded { .. })) => {
            Some(SecretPlan::Create(path))
        }
        Fetched::NoFile(_) => {
            let fault = unreadable(&std::io::ErrorKind::NotFound.into(), root.run.base);
            scope.report(
                fault.hint("make it once, for all nodes: head -c 32 /dev/urandom | base64 > FILE"),
            );
            None
        }
    }
}

/// Without the key: beside the embedded store, or for this run.
fn secret_unsaid(root: &Scope<'_>, store: &StoreConfig) -> Option<SecretPlan> {
    match store {
        StoreConfig::Embedded { path } => {
            let path: PathBuf = path.join("secret");
            match root.run.environment.read(&path) {
                Ok(bytes) => {
                    let scope = root.key("secret", root.place());
                    warn_if_open(&scope, &path);
                    ready(&scope, &bytes)
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    Some(SecretPlan::Create(path))
                }
                Err(error) => {
                    let fault = unreadable(&error, root.run.base).value(&path.to_string_lossy());
                    root.key("secret", root.place()).report(fault);
                    None
                }
            }
        }
        StoreConfig::Redis(_) => {
            root.missing("secret", "all nodes need the same: { file: PATH } or { env: NAME }");
            None
        }
        StoreConfig::Memory => Some(SecretPlan::ForThisRun),
    }
}

fn ready(scope: &Scope<'_>, bytes: &[u8]) -> Option<SecretPlan> {
    match Secret::new(bytes) {
        Ok(secret) => Some(SecretPlan::Ready(secret)),
        Err(error) => {
            scope.report(
                Fault::new(error.to_string())
                    .hint("make one: head -c 32 /dev/urandom | base64 > FILE"),
            );
            None
        }
    }
}
