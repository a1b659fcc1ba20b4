//! From what the file says to what it means: domain types, cross-checks, and all problems of one
//! run together.
//!
//! Nothing here returns at the first mistake. What cannot be read is reported and stands in as its
//! default or as nothing, and the reading goes on; a configuration comes out only when the list of
//! problems is empty.

mod addresses;
mod audit;
mod brand;
mod certificates;
mod disclosure;
mod expectations;
mod hooks;
mod languages;
mod mail;
mod people;
mod redis;
mod rule;
mod secrets;
mod server;
mod site;
mod store;
mod traces;
mod upstream;

use std::sync::Arc;

use self::addresses::Addresses;
use super::essentials::Essentials;
use super::file::{EssentialsFile, File, GroupsFile};
use super::groups_file::{GroupMembers, united};
use super::problem::{Fault, Problem, Problems, in_order};
use super::scope::{Run, Scope};
use super::settings::{BrandConfig, Config};

/// Resolves the whole file.
///
/// # Errors
/// Every mistake that was found.
pub(super) fn resolve(file: &File, run: &Run<'_>) -> Result<Config, Problems> {
    let config = all(file, &Scope::root(run));
    let problems = run.problems.take();
    match config {
        Some(config) if problems.is_empty() => {
            let warnings = in_order(run.warnings.take());
            let tolerated = in_order(run.tolerated.take());
            Ok(Config { warnings, tolerated, ..config })
        }
        _ if problems.is_empty() => Err(Problems::new(vec![unexplained(run)])),
        _ => Err(Problems::new(problems)),
    }
}

/// Resolves what leads to the store.
///
/// # Errors
/// Every mistake that was found there.
pub(super) fn essentials(file: &EssentialsFile, run: &Run<'_>) -> Result<Essentials, Problems> {
    let root = &Scope::root(run);
    let store = store::store(root, file.store.as_ref());
    let secret = store::secret(root, file.secret.as_ref(), store.as_ref());
    let admin = server::admin(root, file.admin.as_ref(), &Addresses::default());
    let admin_token = server::admin_token(root, file.admin.as_ref());
    let audit = audit::audit(root, file.audit.as_ref());
    let prefix = server::prefix(root, file.prefix.as_ref());
    // Of no use here, and as right as all of `store` has to be.
    let _ = store::copies(root, file.store.as_ref());
    let problems = run.problems.take();
    match (secret, store) {
        (Some(secret), Some(store)) if problems.is_empty() => {
            Ok(Essentials { secret, store, admin, admin_token, audit, prefix })
        }
        _ if problems.is_empty() => Err(Problems::new(vec![unexplained(run)])),
        _ => Err(Problems::new(problems)),
    }
}

fn all(file: &File, root: &Scope<'_>) -> Option<Config> {
    let addresses = Addresses::default();
    let listeners = server::listeners(root, file.listen.as_ref(), &addresses);
    let admin = server::admin(root, file.admin.as_ref(), &addresses);
    let admin_token = server::admin_token(root, file.admin.as_ref());
    let mail = mail::mail(root, file.mail.as_ref(), &addresses);
    let trusted_proxies = server::trusted_proxies(root, file.trusted_proxies.as_ref());
    let store = store::store(root, file.store.as_ref());
    let secret = store::secret(root, file.secret.as_ref(), store.as_ref());
    let (sign_in, site_sign_in) = people::sign_in(root, file.sign_in.as_ref());
    let own = people::groups(root, file);
    let listed = people::groups_file(root, file.groups_file.as_ref());
    let gone = people::gone(listed.as_ref(), &own);
    let groups = united(own, listed.as_ref());
    let prefix = server::prefix(root, file.prefix.as_ref());
    let languages = languages::languages(root, file.languages.as_ref());
    let brand = brand::brand(root, file.brand.as_ref(), &BrandConfig::default(), &languages);
    let common = site::Common {
        brand: &brand,
        languages: &languages,
        prefix: &prefix,
        groups: &groups,
        gone: &gone,
        sign_in: site_sign_in,
        total_limit: sign_in.total_limit,
        addresses: &addresses,
        trusted_proxies: &trusted_proxies,
    };
    let sites = site::sites(root, file.sites.as_ref(), &common);
    mail::warn_of_senders(root, file.mail.as_ref(), mail.as_ref(), &sites);
    let session = people::session(root, file.session.as_ref(), &sites);
    let tests = expectations::expectations(root, file.tests.as_ref(), &trusted_proxies);
    let compiled = people::compiled(root, &groups);
    Some(Config {
        listeners,
        admin,
        admin_token,
        trusted_proxies,
        brand,
        languages,
        prefix,
        server: server::server(root, file.server.as_ref()),
        log: server::log(root, file.log.as_ref()),
        traces: traces::traces(root, file.traces.as_ref()),
        audit: audit::audit(root, file.audit.as_ref()),
        secret: secret?,
        store: store?,
        copies: store::copies(root, file.store.as_ref()),
        mail: mail?,
        sign_in,
        session,
        groups: Arc::new(compiled),
        sites,
        tests,
        listed_groups: listed,
        warnings: Vec::new(),
        tolerated: Vec::new(),
    })
}

/// The groups of a file of their own.
pub(super) fn group_members(root: &Scope<'_>, groups: &GroupsFile) -> GroupMembers {
    people::members_in(root, groups)
}

/// Something is missing that nobody reported. Refusing to start is the safe end of our own mistake.
fn unexplained(run: &Run<'_>) -> Problem {
    let fault = Fault::new("could not be read, and no reason was found; this is a defect");
    Problem { file: run.file_name.to_owned(), place: None, key: String::new(), fault }
}
