//! What the YAML may say, and nothing of what it means.
//!
//! Every key is optional here, so that what is missing is told together with all other problems;
//! `conf/linkgate.yaml` documents each one. Optional means left out: a key that stands there without
//! a value is a mistake, or a restriction whose value was commented out would silently be none. To
//! add a key: a field here, its meaning in `resolve`, its documentation in `conf/linkgate.yaml` (a
//! test fails until it is there).

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::choice::Choice;
use super::located::{Located, Text};
use super::secret_source::SecretSource;

/// Declares a map of the file: all keys optional, no others allowed.
macro_rules! map {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(in crate::config) struct $name {
            $(#[serde(deserialize_with = "said")] pub(in crate::config) $key: Option<$kind>,)*
        }
    };
}

mod audit;
mod mail;
mod store;

pub(super) use audit::*;
pub(super) use mail::*;
pub(super) use store::*;

/// Reads a key that is there: `null` is no value, and never the same as a key left out.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(source: D) -> Result<Option<T>, D::Error> {
    T::deserialize(source).map(Some)
}

/// A list whose entries know their places.
pub(super) type List<T> = Located<Vec<Located<T>>>;
/// A map whose place is known.
pub(super) type Map<T> = Located<T>;

map! {
    /// The whole file.
    File {
        listen: List<ListenFile>,
        admin: Map<AdminFile>,
        trusted_proxies: List<String>,
        secret: Located<SecretSource>,
        store: Map<StoreFile>,
        mail: Map<MailFile>,
        sign_in: Map<SignInFile>,
        session: Map<SessionFile>,
        groups: Map<GroupsFile>,
        groups_file: Text,
        sites: List<SiteFile>,
        brand: Map<BrandFile>,
        languages: List<String>,
        prefix: Text,
        server: Map<ServerFile>,
        log: Map<LogFile>,
        traces: Map<TracesFile>,
        audit: Map<AuditFile>,
        tests: List<String>,
    }
}

/// What of the whole file leads to the store. The one map in which other keys are allowed: a mistake elsewhere
/// must not keep somebody from ending a session.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::config) struct EssentialsFile {
    #[serde(deserialize_with = "said")]
    pub(in crate::config) admin: Option<Map<AdminFile>>,
    #[serde(deserialize_with = "said")]
    pub(in crate::config) secret: Option<Located<SecretSource>>,
    #[serde(deserialize_with = "said")]
    pub(in crate::config) store: Option<Map<StoreFile>>,
    #[serde(deserialize_with = "said")]
    pub(in crate::config) prefix: Option<Text>,
    #[serde(deserialize_with = "said")]
    pub(in crate::config) audit: Option<Map<AuditFile>>,
}

map! {
    /// `listen[]`
    ListenFile {
        address: Text,
        tls: Map<TlsFile>,
    }
}

map! {
    /// `listen[].tls`
    TlsFile {
        certificate: Text,
        key: Text,
    }
}

map! {
    /// `admin`
    AdminFile {
        listen: Text,
        allow_remote: Text,
        token: Located<SecretSource>,
    }
}

map! {
    /// `sign_in`
    SignInFile {
        link_lifetime: Text,
        other_browser: Text,
        limits: Map<LimitsFile>,
        used_link_retention: Text,
        new_device_notice: Text,
        mail_buttons: Text,
        remember_address: Text,
        passwords: Map<PasswordsFile>,
    }
}

map! {
    /// `sign_in.passwords`
    PasswordsFile {
        min_length: Text,
        limits: Map<PasswordLimitsFile>,
    }
}

map! {
    /// `sign_in.passwords.limits`
    PasswordLimitsFile {
        person: Text,
        ip: Text,
        network: Text,
    }
}

map! {
    /// `sign_in.limits`
    LimitsFile {
        email: Text,
        ip: Text,
        network: Text,
        site: Text,
        total: Text,
    }
}

map! {
    /// `session`
    SessionFile {
        idle: Text,
        absolute: Text,
        domain: Text,
    }
}

map! {
    /// `sites[]`
    SiteFile {
        name: Text,
        title: Text,
        origin: Text,
        insecure_http: Text,
        upstream: Located<Choice<UpstreamFile>>,
        allow: List<String>,
        return_to: List<String>,
        cors_origins: List<String>,
        sign_in: Map<SiteSignInFile>,
        identity_headers: Located<Choice<IdentityHeadersFile>>,
        headers: Map<HeadersFile>,
        assertion: Map<AssertionFile>,
        odd_headers: Text,
        rules: List<RuleFile>,
        brand: Map<BrandFile>,
        mail: Map<SiteMailFile>,
        max_body: Text,
    }
}

map! {
    /// `sites[].upstream`, the long form
    UpstreamFile {
        url: Located<Choice<serde::de::IgnoredAny>>,
        ca: Text,
        server_name: Text,
        connect_timeout: Text,
        read_timeout: Text,
        write_timeout: Text,
        balance: Text,
        health: Map<HealthFile>,
    }
}

map! {
    /// `sites[].upstream.health`
    HealthFile {
        path: Text,
        host: Text,
        interval: Text,
        timeout: Text,
        failures: Text,
        successes: Text,
    }
}

map! {
    /// `sites[].mail`
    SiteMailFile {
        from: Text,
        reply_to: Text,
    }
}

map! {
    /// `sites[].sign_in.limits`
    SiteLimitsFile {
        email: Text,
        ip: Text,
        network: Text,
        site: Text,
    }
}

map! {
    /// `sites[].identity_headers`, the long form
    IdentityHeadersFile {
        preset: Text,
        user: Text,
        email: Text,
        groups: Text,
        name: Text,
        groups_format: Text,
        when_anonymous: Text,
    }
}

map! {
    /// `sites[].assertion`
    AssertionFile {
        algorithm: Text,
        lifetime: Text,
        header: Text,
    }
}

map! {
    /// `sites[].sign_in`
    SiteSignInFile {
        enabled: Text,
        mode: Text,
        registration: Text,
        registration_name: Text,
        link_lifetime: Text,
        other_browser: Text,
        new_device_notice: Text,
        limits: Map<SiteLimitsFile>,
    }
}

map! {
    /// `sites[].rules[]`
    RuleFile {
        path: Text,
        methods: List<String>,
        host: Text,
        from: List<String>,
        access: Text,
        allow: List<String>,
        max_age: Text,
        unauthenticated: Text,
    }
}

map! {
    /// `brand` and `sites[].brand`
    BrandFile {
        name: Text,
        help: Text,
        logo: Text,
        colors: Map<ColorsFile>,
        texts: Map<TextsFile>,
        templates: Text,
    }
}

map! {
    /// `brand.colors`
    ColorsFile {
        accent: Text,
        accent_dark: Text,
    }
}

map! {
    /// `server`
    ServerFile {
        threads: Text,
        connections_per_peer: Text,
        connections_total: Text,
        request_head: Text,
        write_timeout: Text,
        drain: Text,
        drain_streams: Text,
    }
}

map! {
    /// `traces`
    TracesFile {
        endpoint: Text,
        sample: Text,
        sampled_before: Text,
        service_name: Text,
    }
}

map! {
    /// `log`
    LogFile {
        format: Text,
        level: Text,
    }
}

/// `groups`: names that the operator chooses, each with its members.
pub(super) type GroupsFile = Named<List<String>>;
/// `sites[].headers`: names of headers, each with its value.
pub(super) type HeadersFile = Named<Text>;
/// `brand.texts`: languages, each with the keys of messages and their texts.
pub(super) type TextsFile = Named<Named<Text>>;

/// A map whose keys are no keys of ours, in the order of the file.
pub(super) struct Named<T>(pub(super) Vec<(Text, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(NamedVisitor(PhantomData))
    }
}

struct NamedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for NamedVisitor<T> {
    type Value = Named<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map of names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Named<T>, A::Error> {
        let mut named = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            named.push(entry);
        }
        Ok(Named(named))
    }
}
