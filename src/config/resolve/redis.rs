//! `store.redis`: one server, what Sentinel watches, or a Cluster. No message repeats a URL: it may
//! hold a password.

use url::Url;

use super::{certificates, secrets};
use crate::config::choice::Choice;
use crate::config::defaults;
use crate::config::file::{RedisFile, SentinelFile};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::Scope;
use crate::config::secret_source::SecretSource;
use crate::config::settings::{Password, RedisConfig, RedisServers};

/// Where a Redis listens if nothing is said.
const REDIS_PORT: u16 = 6379;
/// Where a Sentinel listens if nothing is said.
const SENTINEL_PORT: u16 = 26379;

/// `store.redis`
pub(super) fn redis(scope: &Scope<'_>, file: &RedisFile) -> Option<RedisConfig> {
    let prefix = scope.or("prefix", file.prefix.as_ref(), defaults::REDIS_PREFIX.into(), |text| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=40).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(text.to_owned());
        }
        Err(Fault::new("must be 1 to 40 letters, digits, `-`, `_` or `.`"))
    });
    let ca = certificates::authorities(scope, file.ca.as_ref());
    let shows = file.certificate.is_some() || file.key.is_some();
    let pair =
        shows.then(|| certificates::pair(scope, file.certificate.as_ref(), file.key.as_ref()));
    let login = file.sentinel.as_ref().map(|it| login(&scope.key("sentinel", it.at), &it.value));
    let servers = servers(scope, file)?;
    only_where_it_counts(scope, file, &servers);
    Some(RedisConfig {
        servers,
        prefix,
        ca,
        identity: pair.flatten(),
        sentinel_login: login.flatten(),
    })
}

/// What is said and would not be heeded is a mistake: who names an authority believes to be safe.
fn only_where_it_counts(scope: &Scope<'_>, file: &RedisFile, servers: &RedisServers) {
    let (first, has_sentinels) = match servers {
        RedisServers::One(url) => (Some(url), false),
        RedisServers::Sentinels { urls, .. } => (urls.first(), true),
        RedisServers::Cluster(urls) => (urls.first(), false),
    };
    if first.is_some_and(|url| !url.expose().starts_with("rediss://")) {
        let texts = [("ca", &file.ca), ("certificate", &file.certificate), ("key", &file.key)];
        for (key, text) in texts {
            if let Some(Text { at, .. }) = text {
                scope.key(key, *at).report(
                    Fault::new("is for TLS, and the URL asks for none")
                        .hint("begin the URL with rediss:// or rediss+…, or leave this out"),
                );
            }
        }
    }
    if let Some(Located { at, .. }) = &file.sentinel
        && !has_sentinels
    {
        scope.key("sentinel", *at).report(
            Fault::new("is the login at Sentinels, and the URL names none")
                .hint("begin the URL with redis+sentinel://, or leave this out"),
        );
    }
}

/// `store.redis.sentinel`
fn login(scope: &Scope<'_>, file: &SentinelFile) -> Option<(Option<String>, Password)> {
    let username = scope.optional("username", file.username.as_ref(), |text| {
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Fault::new("must be a user name"));
        }
        Ok(text.to_owned())
    });
    let Some(source) = &file.password else {
        scope.missing("password", "write { env: SENTINEL_PASSWORD }");
        return None;
    };
    Some((username, secrets::text(&scope.key("password", source.at), &source.value)?))
}

fn servers(scope: &Scope<'_>, file: &RedisFile) -> Option<RedisServers> {
    let Some(Located { value: url, at }) = &file.url else {
        scope.missing("url", "write it like redis://redis.example.com:6379 or { env: NAME }");
        return None;
    };
    let scope = scope.key("url", *at);
    let read = |scope: &Scope<'_>, text: &str, is_secret: bool| {
        let named =
            if is_secret { one(text) } else { without_login(text).and_then(|()| one(text)) };
        named.map_err(|fault| scope.report(fault)).ok()
    };
    match url {
        Choice::One(text) => read(&scope, text, false),
        Choice::Many(nodes) if nodes.is_empty() => {
            scope.report(Fault::new("is empty").hint("name at least one node of the Cluster"));
            None
        }
        Choice::Many(nodes) => {
            let nodes = nodes.iter().enumerate();
            let read: Vec<_> =
                nodes.map(|(i, text)| read(&scope.item(i, text.at), &text.value, false)).collect();
            cluster(&scope, read.into_iter().collect::<Option<_>>()?)
        }
        Choice::Map(source) => secret(&scope, source, read),
    }
}

/// One text, or the nodes of a Cluster with commas between them.
fn secret(
    scope: &Scope<'_>,
    source: &SecretSource,
    read: impl Fn(&Scope<'_>, &str, bool) -> Option<RedisServers>,
) -> Option<RedisServers> {
    let text = secrets::text(scope, source)?;
    let text = text.expose();
    // One text for several servers has its commas behind the scheme.
    if !text.contains(',') || kind(text).is_ok_and(|(_, kind, _)| kind != Kind::One) {
        return read(scope, text, true);
    }
    let nodes: Vec<_> = text.split(',').map(|text| read(scope, text.trim(), true)).collect();
    cluster(scope, nodes.into_iter().collect::<Option<_>>()?)
}

/// A list of URLs is that of a Cluster's nodes.
fn cluster(scope: &Scope<'_>, nodes: Vec<RedisServers>) -> Option<RedisServers> {
    let urls: Option<Vec<_>> = nodes
        .into_iter()
        .map(|node| match node {
            RedisServers::One(url) => Some(url),
            RedisServers::Sentinels { .. } | RedisServers::Cluster(_) => None,
        })
        .collect();
    let Some(urls) = urls else {
        scope.report(
            Fault::new("lists something else than nodes of a Cluster")
                .hint("the entries of a list are redis://host:port or rediss://host:port"),
        );
        return None;
    };
    match alike(&urls) {
        Ok(()) => Some(RedisServers::Cluster(urls)),
        Err(fault) => {
            scope.report(fault);
            None
        }
    }
}

/// The login and the way to speak are the same at all nodes: they name each other by address only.
fn alike(urls: &[Password]) -> Result<(), Fault> {
    let parsed: Vec<_> = urls.iter().filter_map(|url| Url::parse(url.expose()).ok()).collect();
    let differ = |part: fn(&Url) -> Option<&str>| {
        parsed.iter().any(|url| parsed.first().is_some_and(|first| part(first) != part(url)))
    };
    if differ(|url| Some(url.scheme())) {
        return Err(Fault::new("mixes redis:// and rediss://")
            .hint("all nodes of a Cluster speak TLS, or none does"));
    }
    if differ(|url| Some(url.username())) || differ(Url::password) {
        return Err(Fault::new("has another user or password for some nodes of the Cluster")
            .hint("give the user linkgate the same password on all nodes"));
    }
    if parsed.iter().any(|url| !["", "/", "/0"].contains(&url.path())) {
        return Err(another_database());
    }
    Ok(())
}

fn another_database() -> Fault {
    Fault::new("names a database, and a Cluster has number 0 alone")
        .hint("leave the number out, and choose a `prefix` to tell installations apart")
}

/// A URL that stands in the file must not hold a password.
fn without_login(text: &str) -> Result<(), Fault> {
    if !text.contains('@') {
        return Ok(());
    }
    Err(Fault::new("holds a password")
        .hint("move the whole URL into a file or variable: { env: LINKGATE_REDIS_URL }"))
}

/// What a scheme says about the servers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    One,
    Sentinels,
    Cluster,
}

/// The scheme of each single server, what the whole text names, and what stands behind `://`.
fn kind(text: &str) -> Result<(&'static str, Kind, &str), Fault> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let (scheme, kind) = match scheme {
        "redis" => ("redis", Kind::One),
        "rediss" => ("rediss", Kind::One),
        "redis+sentinel" => ("redis", Kind::Sentinels),
        "rediss+sentinel" => ("rediss", Kind::Sentinels),
        "redis+cluster" => ("redis", Kind::Cluster),
        "rediss+cluster" => ("rediss", Kind::Cluster),
        _ => {
            return Err(Fault::new("must be the URL of a Redis").hint(
                "it begins with redis:// or rediss://, redis+sentinel:// or redis+cluster://",
            ));
        }
    };
    Ok((scheme, kind, rest))
}

/// Reads one text. Several hosts have commas between them.
fn one(text: &str) -> Result<RedisServers, Fault> {
    let (scheme, kind, rest) = kind(text)?;
    // The host ends at the first of these: what stands before one in a password would be taken for host and
    // port, which messages name.
    let login_ends_late = rest.find(['/', '?', '#']).is_some_and(|end| rest[end..].contains('@'));
    if login_ends_late {
        return Err(Fault::new("has an @ behind the host")
            .hint("in a password write / as %2F, ? as %3F, # as %23 and @ as %40"));
    }
    if rest.contains('#') {
        return Err(Fault::new("has something behind a #")
            .hint("certificates are always checked: name their authority under `ca`"));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let each = |port: u16, path: &str| -> Result<Vec<Password>, Fault> {
        let url = |host: &str| url(&format!("{scheme}://{login}{}/{path}", host.trim()), port);
        hosts.split(',').map(url).collect()
    };
    match kind {
        Kind::One if hosts.contains(',') => Err(Fault::new("names several hosts").hint(
            "begin it with redis+sentinel:// or redis+cluster://, or write a list for a Cluster",
        )),
        Kind::One => url(text, REDIS_PORT).map(RedisServers::One),
        Kind::Cluster if !["", "0"].contains(&path) => Err(another_database()),
        Kind::Cluster => each(REDIS_PORT, "").map(RedisServers::Cluster),
        Kind::Sentinels => {
            let (master, database) = path.split_once('/').unwrap_or((path, ""));
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let is_number = database.bytes().all(|byte| byte.is_ascii_digit());
            if master.is_empty() || !master.bytes().all(is_plain) || !is_number {
                return Err(Fault::new("does not say what the Sentinels call their Redis")
                    .hint("write it like redis+sentinel://host-1,host-2,host-3/mymaster"));
            }
            let urls = each(SENTINEL_PORT, database)?;
            Ok(RedisServers::Sentinels { urls, master: master.to_owned() })
        }
    }
}

/// One host, with its port.
fn url(text: &str, port: u16) -> Result<Password, Fault> {
    let fault = || {
        Fault::new("names no host")
            .hint("write it like redis://redis.example.com:6379 or rediss://redis.example.com:6379")
    };
    let mut url = Url::parse(text).map_err(|_| fault())?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(fault());
    }
    if url.port().is_none() {
        url.set_port(Some(port)).map_err(|()| fault())?;
    }
    Ok(Password::new(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_password_is_taken_for_a_host() {
        for text in [
            "redis://lg:123?x@a.example.com",
            "redis://lg:123/x@a.example.com/2",
            "rediss://lg:123#x@a.example.com",
            "redis+sentinel://lg:123/x@a,b/mymaster",
            "redis+cluster://lg:123?x@a,b",
        ] {
            let fault = one(text).unwrap_err();
            assert_eq!(fault.what, "has an @ behind the host", "{text}");
            assert!(fault.value.is_none(), "{text}");
        }
        for text in ["redis://lg:12%3F3%2Fx@a.example.com/2", "redis://lg:1@2@a.example.com"] {
            assert!(one(text).is_ok(), "{text}");
        }
    }
}
