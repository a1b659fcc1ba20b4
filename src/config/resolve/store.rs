//! The store and the installation's secret, which depend on each other.

use std::path::PathBuf;

use super::redis::redis;
use super::secrets::{self, Fetched, unreadable, warn_if_open};
use crate::config::defaults;
use crate::config::file::{Map, StoreFile};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, number, path_text, span};
use crate::config::secret_source::SecretSource;
use crate::config::settings::{CopiesConfig, SecretPlan, StoreConfig};
use crate::domain::secret::Secret;
use crate::domain::time::Span;

/// `store`
pub(super) fn store(root: &Scope<'_>, file: Option<&Map<StoreFile>>) -> Option<StoreConfig> {
    const HINT: &str = "say one of embedded: { path: data }, redis: { url: … }, memory: {}";
    let Some(Located { value: file, at }) = file else {
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
pub(super) fn copies(root: &Scope<'_>, file: Option<&Map<StoreFile>>) -> CopiesConfig {
    const HINT: &str =
        "leave it out: this store is a part of linkgate, and no other process changes it";
    let default = defaults::COPIES;
    let Some(Located { value: file, at }) = file else { return default };
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
