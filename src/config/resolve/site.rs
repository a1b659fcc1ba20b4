//! The protected sites.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::addresses::Addresses;
use super::people::{SiteSaid, allow_entry, site_limits, site_sign_in};
use super::{brand, disclosure, mail, rule, upstream};
use crate::config::file::{List, Map, SiteFile, SiteSignInFile};
use crate::config::located::{Located, Text};
use crate::config::problem::{Fault, Place};
use crate::config::scope::{Scope, flag, line, word};
use crate::config::settings::{BrandConfig, OddHeaders, Prefix, Registration, Site, SiteSignIn};
use crate::config::suggest::nearest;
use crate::domain::client::TrustedProxies;
use crate::domain::identity::GroupName;
use crate::domain::language::Language;
use crate::domain::limit::Limit;
use crate::domain::origin::{Origin, OriginError, OriginPattern, OriginPatternError, Scheme};
use crate::domain::policy::{AllowEntry, AllowList, SiteId, SitePolicy, UpstreamId};
use crate::domain::return_url::{ReturnPattern, ReturnPatternError};
use crate::domain::size::{ByteSize, ByteSizeError};

/// What the sites share.
pub(super) struct Common<'a> {
    /// The brand of all sites.
    pub(super) brand: &'a BrandConfig,
    /// The languages that are offered.
    pub(super) languages: &'a [Language],
    /// The groups that `allow` may name, with their members.
    pub(super) groups: &'a BTreeMap<GroupName, Vec<AllowEntry>>,
    /// Those of them that have left the file that had them.
    pub(super) gone: &'a BTreeSet<GroupName>,
    /// What `sign_in` says for all sites.
    pub(super) sign_in: SiteSignIn,
    /// How many mails all sites may send.
    pub(super) total_limit: Limit,
    /// The reserved prefix, which no rule reaches.
    pub(super) prefix: &'a Prefix,
    /// Our own addresses, which are no application's.
    pub(super) addresses: &'a Addresses,
    /// Who may ask in place of a request, and whose addresses are no client's.
    pub(super) trusted_proxies: &'a TrustedProxies,
}

/// `sites`
pub(super) fn sites(
    root: &Scope<'_>,
    list: Option<&List<SiteFile>>,
    common: &Common<'_>,
) -> Vec<Site> {
    const HINT: &str = "a site has at least name:, origin:, upstream: and allow:";
    let Some(list) = list else {
        root.missing("sites", HINT);
        return Vec::new();
    };
    let scope = root.key("sites", list.at);
    if list.value.is_empty() {
        scope.report(Fault::new("is empty").hint(HINT));
    }
    unique(&scope, list, "name", |site| site.name.as_ref(), |text| vec![text.to_owned()]);
    unique(&scope, list, "origin", |site| site.origin.as_ref(), authorities);
    warn_of_shared_cookies(&scope, list);
    let entries = (0_u32..).zip(list.value.iter().enumerate());
    entries
        .filter_map(|(id, (index, file))| {
            site(&scope.item(index, file.at), id, &file.value, common)
        })
        .collect()
}

/// Notes two sites on two ports of one host: cookies know no ports (RFC 6265bis 8.5), so browsers
/// keep one session for both, and signing in at one signs out of the other.
fn warn_of_shared_cookies(scope: &Scope<'_>, list: &List<SiteFile>) {
    let mut seen: HashMap<String, (usize, u16)> = HashMap::new();
    for (index, file) in list.value.iter().enumerate() {
        let Some(text) = &file.value.origin else { continue };
        let Ok(origin) = text.value.parse::<OriginPattern>() else { continue };
        let (place, port) =
            (format!("{}://{}", origin.scheme(), origin.hosts()), origin.effective_port());
        let (first, other) = *seen.entry(place).or_insert((index, port));
        if other != port {
            let what = format!(
                "differs from that of sites[{first}] in its port alone, and cookies know no \
                 ports: who signs in at one is signed out of the other"
            );
            let fault = Fault::new(what).value(&text.value).hint("give each site its own host");
            scope.item(index, file.at).key("origin", text.at).warn(fault);
        }
    }
}

/// What browsers may send as `Host` for an origin: the host alone where the port is the default one,
/// and with the port; of a wildcard, with its star. A request does not say whether it was made for
/// `http` or `https`, so two origins that share one of these would be one site, and the later one
/// would decide for both.
fn authorities(text: &str) -> Vec<String> {
    let Ok(pattern) = text.parse::<OriginPattern>() else { return Vec::new() };
    let (hosts, port) = (pattern.hosts(), pattern.effective_port());
    let with_port = format!("{hosts}:{port}");
    if port == pattern.scheme().default_port() {
        vec![hosts.to_string(), with_port]
    } else {
        vec![with_port]
    }
}

/// Reports every site that shares one of its values with a site before.
fn unique(
    scope: &Scope<'_>,
    list: &List<SiteFile>,
    key: &str,
    text: impl Fn(&SiteFile) -> Option<&Text>,
    values: impl Fn(&str) -> Vec<String>,
) {
    let mut seen: HashMap<String, (usize, Place)> = HashMap::new();
    for (index, file) in list.value.iter().enumerate() {
        let Some(text) = text(&file.value) else { continue };
        let values = values(&text.value);
        let before = values.iter().filter_map(|value| seen.get(value));
        if let Some((first, place)) = before.min_by_key(|(first, _)| *first) {
            let what = format!("is that of sites[{first}] (line {}) already", place.line);
            let fault = Fault::new(what).value(&text.value).hint("give each site its own");
            scope.item(index, file.at).key(key, text.at).report(fault);
        }
        for value in values {
            seen.entry(value).or_insert((index, text.at));
        }
    }
}

fn site(scope: &Scope<'_>, id: u32, file: &SiteFile, common: &Common<'_>) -> Option<Site> {
    const ODD: &[(&str, OddHeaders)] = &[("drop", OddHeaders::Drop), ("keep", OddHeaders::Keep)];
    let hint = "give the site a name for logs and commands";
    let name = scope.required("name", file.name.as_ref(), hint, name);
    let title = scope.optional("title", file.title.as_ref(), line(60));
    let insecure = scope.or("insecure_http", file.insecure_http.as_ref(), false, flag);
    let hint = "say where browsers find the site: https://wiki.example.com";
    let origin =
        scope.required("origin", file.origin.as_ref(), hint, |text| origin(text, insecure));
    let said = file.upstream.as_ref();
    let backend = upstream::backend(scope, id, said, common.addresses, common.trusted_proxies);
    let sign_in = sign_in(scope, file.sign_in.as_ref(), common);
    let mail = mail::site_mail(scope, file.mail.as_ref());
    let max_body = scope.optional("max_body", file.max_body.as_ref(), byte_size);
    let return_to = scope.items("return_to", file.return_to.as_ref(), return_pattern);
    let cors = scope.items("cors_origins", file.cors_origins.as_ref(), cors_origin);
    let disclosure = disclosure::disclosure(scope, file);
    let odd_headers =
        scope.or("odd_headers", file.odd_headers.as_ref(), OddHeaders::Drop, word(ODD));
    let said = file.brand.as_ref();
    let brand =
        said.map(|said| brand::brand(scope, Some(said), common.brand, common.languages).into());
    let allow = allow_list(scope, file.allow.as_ref(), common);
    let rules = rule::rules(scope, file, origin.as_ref(), common);
    let (name, origin, backend) = (name?, origin?, backend?);
    let policy = SitePolicy::new(SiteId(id), &name, UpstreamId(id), rules, allow);
    if sign_in.registration == Registration::Open && !policy.admits_outsiders() {
        let at = file.allow.as_ref().map_or(scope.place(), |list| list.at);
        scope.key("allow", at).report(
            Fault::new("lets nobody register: it names only people who have an account")
                .hint("say who may: allow: [\"@example.com\"], or everyone"),
        );
    }
    Some(Site {
        id: SiteId(id),
        title: title.unwrap_or_else(|| name.clone()).into(),
        name: name.into(),
        origin,
        backend,
        policy: Arc::new(policy),
        return_to: return_to.into_iter().map(|(_, pattern)| pattern).collect(),
        cors_origins: cors.into_iter().map(|(_, origin)| origin).collect(),
        brand,
        sign_in,
        disclosure,
        odd_headers,
        mail,
        max_body,
    })
}

fn name(text: &str) -> Result<String, Fault> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(text.to_owned());
    }
    let meant: String = text.to_lowercase().replace(['_', ' ', '.'], "-");
    let fault = Fault::new("must be 1 to 40 lower-case letters, digits and hyphens");
    if (1..=40).contains(&meant.len()) && meant.bytes().all(is_plain) {
        return Err(fault.hint(format!("did you mean `{meant}`?")));
    }
    Err(fault.hint("write it like `wiki`"))
}

fn origin(text: &str, insecure: bool) -> Result<OriginPattern, Fault> {
    let origin: OriginPattern = text.parse().map_err(|error: OriginPatternError| {
        let hint = match error {
            OriginPatternError::Origin(OriginError::Scheme) if !text.contains("://") => {
                format!("did you mean `https://{text}`?")
            }
            _ => "write it like `https://wiki.example.com` or `https://*.example.com`".to_owned(),
        };
        Fault::new(error.to_string()).hint(hint)
    })?;
    if origin.scheme() == Scheme::Http && !origin.is_loopback() && !insecure {
        let secure = text.replacen("http://", "https://", 1);
        return Err(Fault::new("would send sign-in links and sessions readable over the network")
            .hint(format!(
                "write `{secure}`; in a network of your own only, say `insecure_http: true`"
            )));
    }
    Ok(origin)
}

fn sign_in(
    scope: &Scope<'_>,
    file: Option<&Map<SiteSignInFile>>,
    common: &Common<'_>,
) -> SiteSignIn {
    const WORDS: &[(&str, Registration)] =
        &[("closed", Registration::Closed), ("open", Registration::Open)];
    const MODES: &[(&str, bool)] = &[("passwordless", false), ("hybrid", true)];
    let mut sign_in = common.sign_in;
    let Some(Located { value: file, at }) = file else { return sign_in };
    let scope = scope.key("sign_in", *at);
    sign_in.enabled = scope.or("enabled", file.enabled.as_ref(), true, flag);
    let said = SiteSaid {
        link_lifetime: file.link_lifetime.as_ref(),
        other_browser: file.other_browser.as_ref(),
        new_device_notice: file.new_device_notice.as_ref(),
    };
    site_sign_in(&scope, &said, &mut sign_in);
    if let Some(Located { value: file, at }) = &file.limits {
        site_limits(&scope.key("limits", *at), file, &mut sign_in.limits, common.total_limit);
    }
    sign_in.accepts_passwords = scope.or("mode", file.mode.as_ref(), false, word(MODES));
    sign_in.registration =
        scope.or("registration", file.registration.as_ref(), sign_in.registration, word(WORDS));
    sign_in.registration_name =
        scope.or("registration_name", file.registration_name.as_ref(), false, flag);
    if let Some(text) = &file.registration_name
        && sign_in.registration_name
        && sign_in.registration == Registration::Closed
    {
        scope.key("registration_name", text.at).report(
            Fault::new("means nothing where nobody registers")
                .value(&text.value)
                .hint("remove it, or say `registration: open`"),
        );
    }
    sign_in
}

fn byte_size(text: &str) -> Result<ByteSize, Fault> {
    text.parse().map_err(|error: ByteSizeError| {
        Fault::new(error.to_string()).hint("write it like `512KiB`, `10MiB` or `2GiB`")
    })
}

fn return_pattern(text: &str) -> Result<ReturnPattern, Fault> {
    text.parse().map_err(|error: ReturnPatternError| {
        Fault::new(error.to_string())
            .hint("write it like `https://reports.example.com/*` or `exampleapp://signed-in`")
    })
}

fn cors_origin(text: &str) -> Result<Origin, Fault> {
    text.parse().map_err(|error: OriginError| {
        Fault::new(error.to_string()).hint("write it like `https://app.example.com`")
    })
}

/// `allow` of a site or a rule; the groups it names must be there.
pub(super) fn allow_list(
    scope: &Scope<'_>,
    list: Option<&List<String>>,
    common: &Common<'_>,
) -> AllowList {
    let read = |text: &str| {
        let entry = allow_entry(text)?;
        if let AllowEntry::Group(group) = &entry
            && !common.groups.contains_key(group)
        {
            let fault = Fault::new("names a group that is not under `groups`");
            return Err(
                match nearest(group.as_str(), common.groups.keys().map(GroupName::as_str)) {
                    Some(meant) => fault.hint(format!("did you mean `group:{meant}`?")),
                    None => {
                        fault.hint(format!("add it: groups: {{ {group}: [name@example.com] }}"))
                    }
                },
            );
        }
        Ok(entry)
    };
    let entries = scope.items("allow", list, read);
    for (scope, entry) in &entries {
        if matches!(entry, AllowEntry::Group(group) if common.gone.contains(group)) {
            let fault =
                Fault::new("names a group that is no longer in `groups_file`: nobody is in it");
            let hint = "add it there or under `groups`, with an empty list if nobody is in it";
            scope.tolerate(fault.value(&entry.to_string()).hint(hint));
        }
    }
    entries.into_iter().map(|(_, entry)| entry).collect()
}
