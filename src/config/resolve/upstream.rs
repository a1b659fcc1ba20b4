//! The application behind a site.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::addresses::Addresses;
use super::certificates;
use crate::config::choice::Choice;
use crate::config::defaults;
use crate::config::file::{HealthFile, UpstreamFile};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::{Scope, number, span, word};
use crate::config::settings::{
    Backend, Upstream, UpstreamBalance, UpstreamHealth, UpstreamProtocol, UpstreamServer,
};
use crate::domain::client::TrustedProxies;
use crate::domain::origin::{Authority, Host};
use crate::domain::path::RequestTarget;
use crate::domain::policy::UpstreamId;

const HINT: &str = "write it like `http://127.0.0.1:3000`";
/// What stands in place of an address where another proxy has the application.
const NONE: &str = "none";

/// `upstream`: `none`, or an application. It must be said: a forgotten one is a mistake.
pub(super) fn backend(
    site: &Scope<'_>,
    id: u32,
    file: Option<&Located<Choice<UpstreamFile>>>,
    own: &Addresses,
    trusted: &TrustedProxies,
) -> Option<Backend> {
    let Some(Located { value: Choice::One(text), at }) = file else {
        return upstream(site, id, file, own).map(|upstream| Backend::Upstream(Box::new(upstream)));
    };
    if text != NONE {
        return upstream(site, id, file, own).map(|upstream| Backend::Upstream(Box::new(upstream)));
    }
    if trusted.is_empty() {
        let fault = Fault::new("leaves the site to another proxy, but none may ask");
        let hint = "name that proxy under `trusted_proxies`";
        site.key("upstream", *at).report(fault.value(text).hint(hint));
    }
    Some(Backend::Elsewhere)
}

/// An application, in its short form, as a list, or as a map.
fn upstream(
    site: &Scope<'_>,
    id: u32,
    file: Option<&Located<Choice<UpstreamFile>>>,
    own: &Addresses,
) -> Option<Upstream> {
    let Some(Located { value, at }) = file else {
        site.missing("upstream", HINT);
        return None;
    };
    let scope = site.key("upstream", *at);
    let short = UpstreamFile::default();
    let (file, (protocol, servers)) = match value {
        Choice::One(text) => (&short, one(&scope, text, own)),
        Choice::Many(texts) => (&short, many(&scope, texts, own)),
        Choice::Map(file) => (file, urls(&scope, file, own)),
    };
    let protocol = protocol?;
    let tls = tls(&scope, file, protocol);
    let bounds = || span(defaults::SHORTEST_TIMEOUT, defaults::LONGEST_TIMEOUT);
    let timeout =
        |key: &str, text: &Option<Text>, default| scope.or(key, text.as_ref(), default, bounds());
    Some(Upstream {
        id: UpstreamId(id),
        servers,
        protocol,
        ca: tls.0,
        server_name: tls.1,
        connect_timeout: timeout(
            "connect_timeout",
            &file.connect_timeout,
            defaults::CONNECT_TIMEOUT,
        ),
        read_timeout: timeout("read_timeout", &file.read_timeout, defaults::READ_TIMEOUT),
        write_timeout: timeout("write_timeout", &file.write_timeout, defaults::WRITE_TIMEOUT),
        balance: scope.or(
            "balance",
            file.balance.as_ref(),
            UpstreamBalance::default(),
            word(BALANCE),
        ),
        health: file.health.as_ref().map(|file| health(&scope.key("health", file.at), &file.value)),
    })
}

const BALANCE: &[(&str, UpstreamBalance)] =
    &[("round_robin", UpstreamBalance::RoundRobin), ("client", UpstreamBalance::Client)];

/// `sites[].upstream.health`
fn health(scope: &Scope<'_>, file: &HealthFile) -> UpstreamHealth {
    let bounds = || span(defaults::SHORTEST_TIMEOUT, defaults::LONGEST_TIMEOUT);
    let path = scope.optional("path", file.path.as_ref(), |text| {
        let target = RequestTarget::parse(text.as_bytes());
        target
            .map(|_| text.to_owned())
            .map_err(|error| Fault::new(error.to_string()).hint("write it like `/healthz`"))
    });
    let host = scope.optional("host", file.host.as_ref(), |text| {
        Authority::parse(text)
            .map(|host| host.to_string())
            .map_err(|error| Fault::new(error.to_string()).hint("write it like `wiki.example.com`"))
    });
    if let (Some(text), None) = (&file.host, &file.path) {
        let fault = Fault::new("means nothing without a path").value(&text.value);
        scope.key("host", text.at).report(fault.hint("remove it, or say which path: is asked for"));
    }
    let interval =
        scope.or("interval", file.interval.as_ref(), defaults::HEALTH_INTERVAL, bounds());
    let timeout = scope.or("timeout", file.timeout.as_ref(), defaults::HEALTH_TIMEOUT, bounds());
    let count = || number(1, defaults::MOST_HEALTH_COUNT);
    UpstreamHealth {
        path,
        host,
        interval,
        timeout,
        failures: scope.or("failures", file.failures.as_ref(), defaults::HEALTH_FAILURES, count()),
        successes: scope.or(
            "successes",
            file.successes.as_ref(),
            defaults::HEALTH_SUCCESSES,
            count(),
        ),
    }
}

type Servers = (Option<UpstreamProtocol>, Vec<UpstreamServer>);

fn urls(scope: &Scope<'_>, file: &UpstreamFile, own: &Addresses) -> Servers {
    let Some(Located { value, at }) = &file.url else {
        scope.missing("url", HINT);
        return (None, Vec::new());
    };
    let scope = scope.key("url", *at);
    match value {
        Choice::One(text) => one(&scope, text, own),
        Choice::Many(texts) => many(&scope, texts, own),
        Choice::Map(_) => {
            scope.report(Fault::new("must be a URL or a list of URLs").hint(HINT));
            (None, Vec::new())
        }
    }
}

fn one(scope: &Scope<'_>, text: &str, own: &Addresses) -> Servers {
    match scope.value(text, |text| server(text, own)) {
        Some((protocol, server)) => (Some(protocol), vec![server]),
        None => (None, Vec::new()),
    }
}

fn many(scope: &Scope<'_>, texts: &[Text], own: &Addresses) -> Servers {
    if texts.is_empty() {
        scope.report(Fault::new("is empty").hint(HINT));
    }
    let (mut all, mut servers) = (None, Vec::new());
    for (index, text) in texts.iter().enumerate() {
        let server = scope.item(index, text.at).value(&text.value, |text| {
            let (protocol, server) = server(text, own)?;
            if *all.get_or_insert(protocol) != protocol {
                return Err(Fault::new("has another scheme than the first")
                    .hint("all servers of a site must speak the same"));
            }
            Ok(server)
        });
        servers.extend(server);
    }
    (all, servers)
}

fn server(text: &str, own: &Addresses) -> Result<(UpstreamProtocol, UpstreamServer), Fault> {
    const SCHEMES: [(&str, UpstreamProtocol, u16); 3] = [
        ("http://", UpstreamProtocol::Http, 80),
        ("h2c://", UpstreamProtocol::H2c, 80),
        ("https://", UpstreamProtocol::Https, 443),
    ];
    let found = SCHEMES.iter().find(|(scheme, ..)| text.starts_with(scheme));
    let Some((scheme, protocol, default_port)) = found else {
        let fault = Fault::new("must begin with http://, h2c:// or https://");
        return Err(match text.contains("://") || text.is_empty() {
            true => fault.hint(HINT),
            false => fault.hint(format!("did you mean `http://{text}`?")),
        });
    };
    let rest = &text[scheme.len()..];
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#']) {
        return Err(Fault::new(
            "must end after the host and port: paths are forwarded as they are",
        )
        .hint("remove the path"));
    }
    let authority =
        Authority::parse(rest).map_err(|error| Fault::new(error.to_string()).hint(HINT))?;
    let port = authority.port.unwrap_or(*default_port);
    let address = match authority.host.as_ip() {
        Some(ip) => Some(ip),
        None if authority.host.is_loopback() => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        None => None,
    };
    let taken = address.and_then(|ip| own.listening_at(SocketAddr::new(ip, port)));
    if let Some(key) = taken {
        return Err(Fault::new(format!("is linkgate's own address ({key})"))
            .hint("name the address of the application"));
    }
    Ok((*protocol, UpstreamServer { host: authority.host, port }))
}

fn tls(
    scope: &Scope<'_>,
    file: &UpstreamFile,
    protocol: UpstreamProtocol,
) -> (Option<PathBuf>, Option<Host>) {
    if protocol != UpstreamProtocol::Https {
        let texts = [("ca", &file.ca), ("server_name", &file.server_name)];
        for (key, text) in texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?))) {
            let fault = Fault::new("means nothing without https").value(&text.value);
            scope.key(key, text.at).report(fault.hint("remove it, or write https:// in the URL"));
        }
        return (None, None);
    }
    let server_name = scope.optional("server_name", file.server_name.as_ref(), |text| {
        Host::parse(text).map_err(|error| {
            Fault::new(error.to_string()).hint("write the name in the application's certificate")
        })
    });
    (certificates::authorities(scope, file.ca.as_ref()), server_name)
}
