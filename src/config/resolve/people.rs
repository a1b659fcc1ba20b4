//! Sign-in and sessions as far as they are the same for all sites, and the groups.

use std::collections::BTreeSet;

use super::secrets::unreadable;
use crate::config::defaults;
use crate::config::file::{
    File, GroupsFile, LimitsFile, Map, Named, PasswordsFile, SessionFile, SignInFile,
    SiteLimitsFile,
};
use crate::config::groups_file::{self, GroupMembers, GroupsFileError, ListedGroups};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::{Scope, flag, number, path_text, span, word};
use crate::config::settings::{
    OtherBrowser, Registration, SessionConfig, SignInConfig, Site, SiteLimits, SiteSignIn,
};
use crate::domain::identity::GroupName;
use crate::domain::limit::{CountedAlone, Limit, LimitError};
use crate::domain::origin::{Host, Scheme};
use crate::domain::password::PasswordTerms;
use crate::domain::policy::{AllowEntry, AllowEntryError, Groups};
use crate::domain::session::Lifetimes;

/// `sign_in`, and what it says for sites that say nothing themselves.
pub(super) fn sign_in(
    root: &Scope<'_>,
    file: Option<&Map<SignInFile>>,
) -> (SignInConfig, SiteSignIn) {
    let mut common = SignInConfig::default();
    let mut site = SiteSignIn {
        enabled: true,
        accepts_passwords: false,
        link_lifetime: defaults::LINK_LIFETIME,
        other_browser: defaults::OTHER_BROWSER,
        new_device_notice: false,
        limits: SiteLimits::default(),
        registration: Registration::Closed,
        registration_name: false,
    };
    let Some(Located { value: file, at }) = file else { return (common, site) };
    let scope = root.key("sign_in", *at);
    let said = SiteSaid {
        link_lifetime: file.link_lifetime.as_ref(),
        other_browser: file.other_browser.as_ref(),
        new_device_notice: file.new_device_notice.as_ref(),
    };
    site_sign_in(&scope, &said, &mut site);
    let flag = |key, text: &Option<Text>, default| scope.or(key, text.as_ref(), default, flag);
    common.mail_buttons = flag("mail_buttons", &file.mail_buttons, common.mail_buttons);
    common.remember_address =
        flag("remember_address", &file.remember_address, common.remember_address);
    common.used_link_retention = scope.or(
        "used_link_retention",
        file.used_link_retention.as_ref(),
        common.used_link_retention,
        span(defaults::SHORTEST_RETENTION, defaults::LONGEST_RETENTION),
    );
    if let Some(Located { value: file, at }) = &file.limits {
        limits(&scope.key("limits", *at), file, &mut common, &mut site.limits);
    }
    if let Some(Located { value: file, at }) = &file.passwords {
        passwords(&scope.key("passwords", *at), file, &mut common.passwords);
    }
    (common, site)
}

fn passwords(scope: &Scope<'_>, file: &PasswordsFile, terms: &mut PasswordTerms) {
    let lengths = number(defaults::LEAST_MIN_PASSWORD, defaults::MOST_MIN_PASSWORD);
    terms.min_length = scope.or("min_length", file.min_length.as_ref(), terms.min_length, lengths);
    let Some(Located { value: file, at }) = &file.limits else { return };
    let scope = scope.key("limits", *at);
    terms.person_limit = scope.or("person", file.person.as_ref(), terms.person_limit, limit);
    terms.client_limit = scope.or("ip", file.ip.as_ref(), terms.client_limit, limit);
    terms.network_limit = scope.or("network", file.network.as_ref(), terms.network_limit, limit);
}

fn limits(
    scope: &Scope<'_>,
    file: &LimitsFile,
    common: &mut SignInConfig,
    limits: &mut SiteLimits,
) {
    let read = |key, text: &Option<Text>, default| scope.or(key, text.as_ref(), default, limit);
    limits.email = read("email", &file.email, limits.email);
    limits.ip = read("ip", &file.ip, limits.ip);
    limits.network = read("network", &file.network, limits.network);
    limits.site = read("site", &file.site, limits.site);
    common.total_limit = read("total", &file.total, common.total_limit);
    let said = [&file.network, &file.site, &file.total].map(Option::as_ref);
    warn_of_shadows(scope, said, limits, common.total_limit);
}

/// `sites[].sign_in.limits`: what is said here is counted for this site alone.
pub(super) fn site_limits(
    scope: &Scope<'_>,
    file: &SiteLimitsFile,
    limits: &mut SiteLimits,
    total: Limit,
) {
    let read = |key, text: &Option<Text>, default| scope.or(key, text.as_ref(), default, limit);
    limits.email = read("email", &file.email, limits.email);
    limits.ip = read("ip", &file.ip, limits.ip);
    limits.network = read("network", &file.network, limits.network);
    limits.site = read("site", &file.site, limits.site);
    limits.alone = CountedAlone {
        address: file.email.is_some(),
        client: file.ip.is_some(),
        network: file.network.is_some(),
    };
    let said = [&file.network, &file.site, &None].map(Option::as_ref);
    warn_of_shadows(scope, said, limits, total);
}

/// Notes a limit that a wider one ends first: who raises `network` alone wonders why the mails stop
/// before. The limits of many are never smaller than that of one client, so `ip` ends none. `said` is
/// what stands in the file for each.
fn warn_of_shadows(scope: &Scope<'_>, said: [Option<&Text>; 3], limits: &SiteLimits, total: Limit) {
    let [network, site, all] = said;
    let network = ("network", network, limits.network);
    let site = ("site", site, limits.site);
    let total = ("total", all, total);
    for ((key, text, narrow), (wider_key, wider_text, wide)) in [(network, site), (site, total)] {
        let is_shadowed = narrow.count > wide.count && narrow.window <= wide.window;
        if let Some(text) = text.or(wider_text).filter(|_| is_shadowed) {
            let fault = Fault::new(format!("is never reached: {wider_key} is {wide}"));
            let hint = format!("raise `{wider_key}`, or lower `{key}`");
            scope.key(key, text.at).warn(fault.value(&narrow.to_string()).hint(hint));
        }
    }
}

/// What both `sign_in` and a site's own can say.
pub(super) struct SiteSaid<'a> {
    pub(super) link_lifetime: Option<&'a Text>,
    pub(super) other_browser: Option<&'a Text>,
    pub(super) new_device_notice: Option<&'a Text>,
}

/// Puts what was said over what holds already.
pub(super) fn site_sign_in(scope: &Scope<'_>, said: &SiteSaid<'_>, site: &mut SiteSignIn) {
    const WORDS: &[(&str, OtherBrowser)] = &[
        ("address", OtherBrowser::Address),
        ("button", OtherBrowser::Button),
        ("code_only", OtherBrowser::CodeOnly),
    ];
    let lifetime = span(defaults::SHORTEST_LINK, defaults::LONGEST_LINK);
    site.link_lifetime =
        scope.or("link_lifetime", said.link_lifetime, site.link_lifetime, lifetime);
    site.other_browser =
        scope.or("other_browser", said.other_browser, site.other_browser, word(WORDS));
    site.new_device_notice =
        scope.or("new_device_notice", said.new_device_notice, site.new_device_notice, flag);
}

fn limit(text: &str) -> Result<Limit, Fault> {
    text.parse().map_err(|error: LimitError| {
        Fault::new(error.to_string()).hint("write it like `3/1h`: three times in an hour")
    })
}

/// `session`
pub(super) fn session(
    root: &Scope<'_>,
    file: Option<&Map<SessionFile>>,
    sites: &[Site],
) -> SessionConfig {
    let default = SessionConfig::default();
    let Some(Located { value: file, at }) = file else { return default };
    let scope = root.key("session", *at);
    let bounds = || span(defaults::SHORTEST_SESSION, defaults::LONGEST_SESSION);
    let idle = scope.or("idle", file.idle.as_ref(), default.lifetimes.idle, bounds());
    let absolute =
        scope.or("absolute", file.absolute.as_ref(), default.lifetimes.absolute, bounds());
    if absolute < idle {
        let (key, text) = match &file.absolute {
            Some(_) => ("absolute", &file.absolute),
            None => ("idle", &file.idle),
        };
        let at = text.as_ref().map_or(*at, |text| text.at);
        scope.key(key, at).report(
            Fault::new("makes sessions end before they can be idle: absolute is less than idle")
                .hint("make `absolute` at least as long as `idle`"),
        );
    }
    let domain = scope.optional("domain", file.domain.as_ref(), |text| {
        let domain = cookie_domain(text)?;
        covers_all(&domain, sites)?;
        Ok(domain)
    });
    SessionConfig { lifetimes: Lifetimes { idle, absolute }, domain }
}

fn cookie_domain(text: &str) -> Result<Host, Fault> {
    if let Some(domain) = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')) {
        return Err(Fault::new("must be a domain").hint(format!("did you mean `{domain}`?")));
    }
    let domain = Host::parse(text).map_err(|error| {
        Fault::new(error.to_string()).hint("write it like `example.com`, without scheme or port")
    })?;
    if domain.as_ip().is_some() || !domain.as_str().contains('.') {
        return Err(Fault::new("is no domain that browsers accept for cookies")
            .hint("it needs a dot, and must be yours: `example.com`"));
    }
    Ok(domain)
}

fn covers_all(domain: &Host, sites: &[Site]) -> Result<(), Fault> {
    // Whoever is signed in at one is signed in at each: a password would open those without, too.
    let hybrid = sites.iter().find(|site| site.sign_in.accepts_passwords);
    let other = sites.iter().find(|site| !site.sign_in.accepts_passwords);
    if let (Some(hybrid), Some(other)) = (hybrid, other) {
        let (one, two) = (&hybrid.name, &other.name);
        return Err(Fault::new(
            "would let the passwords of one site open another that accepts none",
        )
        .hint(format!(
            "give the sites `{one}` and `{two}` the same `mode`, or leave `domain` out"
        )));
    }
    for site in sites {
        let (host, name) = (site.origin.host(), &site.name);
        if host != domain && !host.is_under(domain) {
            return Err(Fault::new("does not cover every site").hint(format!(
                "leave `domain` out, or serve `{name}` ({host}) with a configuration of its own"
            )));
        }
        if site.origin.scheme() == Scheme::Http {
            return Err(Fault::new("needs https at every site")
                .hint(format!("leave `domain` out, or give the site `{name}` an https origin")));
        }
    }
    Ok(())
}

/// `groups`
pub(super) fn groups(root: &Scope<'_>, file: &File) -> GroupMembers {
    match &file.groups {
        Some(Located { value, at }) => members_in(&root.key("groups", *at), value),
        None => GroupMembers::new(),
    }
}

/// Names of groups, each with its members.
pub(super) fn members_in(scope: &Scope<'_>, Named(list): &GroupsFile) -> GroupMembers {
    let mut groups = GroupMembers::new();
    for (name, members) in list {
        let scope = scope.named(name);
        let members = scope.entries(members, member).into_iter().map(|(_, member)| member);
        let members = members.collect();
        let read = |text: &str| {
            text.parse::<GroupName>()
                .map_err(|error| Fault::new(format!("the name of a group {error}")))
        };
        if let Some(name) = scope.value(&name.value, read) {
            groups.insert(name, members);
        }
    }
    groups
}

fn member(text: &str) -> Result<AllowEntry, Fault> {
    const HINT: &str = "members are addresses, `@example.com` or `@*.example.com`";
    match text.parse::<AllowEntry>() {
        Ok(AllowEntry::Group(_) | AllowEntry::Accounts | AllowEntry::Everyone) => {
            Err(Fault::new("cannot be in a group").hint(HINT))
        }
        Ok(entry) => Ok(entry),
        Err(error @ AllowEntryError::DomainWithoutAt { .. }) => {
            Err(Fault::new(error.to_string()).hint(error.hint()))
        }
        Err(error) => Err(Fault::new(error.to_string()).hint(HINT)),
    }
}

/// An entry of `allow` or of a group.
pub(super) fn allow_entry(text: &str) -> Result<AllowEntry, Fault> {
    text.parse().map_err(|error: AllowEntryError| Fault::new(error.to_string()).hint(error.hint()))
}

/// `groups_file`: what it says, or what is kept of it.
pub(super) fn groups_file(root: &Scope<'_>, text: Option<&Text>) -> Option<ListedGroups> {
    let text = text?;
    let scope = root.key("groups_file", text.at);
    let path = scope.file_path(&scope.value(&text.value, path_text)?);
    // Of another file nothing good is known.
    let kept = scope.run.kept_groups.filter(|kept| kept.path == path);
    let problems = match groups_file::read(&path, scope.run.environment) {
        Ok(members) => return Some(ListedGroups::after(path, members, kept)),
        Err(GroupsFileError::Unreadable(error)) => {
            let fault = unreadable(&error, scope.run.base).value(&text.value);
            vec![scope.key_place().problem(fault)]
        }
        Err(GroupsFileError::Wrong(problems)) => problems.iter().cloned().collect(),
    };
    let list = if kept.is_some() { &scope.run.tolerated } else { &scope.run.problems };
    list.borrow_mut().extend(problems);
    kept.cloned()
}

/// The groups that only the file had, and has no more.
pub(super) fn gone(listed: Option<&ListedGroups>, own: &GroupMembers) -> BTreeSet<GroupName> {
    let gone = listed.into_iter().flat_map(|listed| &listed.gone);
    gone.filter(|name| !own.contains_key(name)).cloned().collect()
}

/// The groups, compiled. Members that cannot be were reported and left out before.
pub(super) fn compiled(root: &Scope<'_>, groups: &GroupMembers) -> Groups {
    Groups::new(groups).unwrap_or_else(|error| {
        let fault = Fault::new("has an entry that cannot be a member").hint(error.hint());
        root.key("groups", root.place()).report(fault);
        Groups::default()
    })
}
