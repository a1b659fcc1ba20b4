//! `linkgate explain`: the live policy, asked aloud.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use super::foundation::sites;
use super::{EX_USAGE, fail, load, say};
use crate::domain::email::EmailAddress;
use crate::domain::identity::{Identity, Membership};
use crate::domain::path::{RequestTarget, Under};
use crate::ports::{Clock, SystemClock};

pub(super) fn run(path: &Path, method: &str, url: &str, visitor: Option<&str>) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let usage = |why: &dyn std::fmt::Display| {
        let _ = fail(why);
        ExitCode::from(EX_USAGE)
    };
    let Some((authority, target)) = split(url) else {
        return usage(&"the URL must be whole, like https://wiki.example.com/page");
    };
    let sites = sites(&config);
    let Some(located) = sites.find(authority) else {
        return usage(&format_args!("no site has this origin: {authority}"));
    };
    let target = match RequestTarget::parse(target.as_bytes()) {
        Ok(target) => target,
        Err(error) => {
            say(&format_args!("refused with 400 before any rule is asked: {error}"));
            return ExitCode::SUCCESS;
        }
    };
    if target.under(&format!("{}/", config.prefix.as_str())) != Under::No {
        say(&"one of linkgate's own pages: answered here, never passed on");
        return ExitCode::SUCCESS;
    }
    let now = SystemClock.now();
    let identity = match visitor.map(EmailAddress::parse).transpose() {
        Ok(email) => email.map(|email| {
            let groups = config.groups.of(&email);
            Arc::new(Identity {
                email,
                groups,
                signed_in_at: now,
                membership: Membership::Outsider,
                expires_at: now,
            })
        }),
        Err(error) => return usage(&format_args!("--as: {error}")),
    };
    let explanation = located.site.policy.explain(method, &target, identity.as_ref(), now);
    say(&explanation);
    ExitCode::SUCCESS
}

/// The authority, and what follows it.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    let target = target.split('#').next().unwrap_or_default();
    Some((authority, if target.is_empty() { "/" } else { target }))
}
