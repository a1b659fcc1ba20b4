//! The server itself: where it listens, whom it believes, what it puts up with.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;

use super::addresses::{Addresses, socket_address};
use super::{certificates, secrets};
use crate::config::defaults;
use crate::config::file::{AdminFile, List, ListenFile, LogFile, Map, ServerFile};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::{Scope, flag, number, span, word};
use crate::config::settings::{
    Listener, LogConfig, LogFormat, LogLevel, Password, Prefix, ServerConfig,
};
use crate::domain::client::TrustedProxies;
use crate::domain::secret::SHORTEST_SECRET;
use crate::domain::time::Span;

/// `listen`
pub(super) fn listeners(
    root: &Scope<'_>,
    list: Option<&List<ListenFile>>,
    addresses: &Addresses,
) -> Vec<Listener> {
    const HINT: &str = "write it like [{ address: \"0.0.0.0:8080\" }]";
    let Some(list) = list else {
        root.missing("listen", HINT);
        return Vec::new();
    };
    let scope = root.key("listen", list.at);
    if list.value.is_empty() {
        scope.report(Fault::new("is empty").hint(HINT));
    }
    let entries = list.value.iter().enumerate();
    entries
        .filter_map(|(index, entry)| {
            listener(&scope.item(index, entry.at), &entry.value, addresses)
        })
        .collect()
}

fn listener(scope: &Scope<'_>, file: &ListenFile, addresses: &Addresses) -> Option<Listener> {
    let tls = file.tls.as_ref();
    let tls = tls.map(|Located { value: tls, at }| {
        certificates::pair(&scope.key("tls", *at), tls.certificate.as_ref(), tls.key.as_ref())
    });
    let hint = "write it like `0.0.0.0:8080`";
    let address = scope.required("address", file.address.as_ref(), hint, socket_address)?;
    let at = file.address.as_ref().map_or(scope.place(), |text| text.at);
    addresses.take(&scope.key("address", at), address);
    match tls {
        Some(None) => None,
        Some(tls) => Some(Listener { address, tls }),
        None => Some(Listener { address, tls: None }),
    }
}

/// `admin`
pub(super) fn admin(
    root: &Scope<'_>,
    file: Option<&Map<AdminFile>>,
    addresses: &Addresses,
) -> Option<SocketAddr> {
    let place = file.map_or(root.place(), |file| file.at);
    let scope = root.key("admin", place);
    let listen = file.and_then(|file| file.value.listen.as_ref());
    let allow_remote = file.and_then(|file| file.value.allow_remote.as_ref());
    let allow_remote = scope.or("allow_remote", allow_remote, false, flag);
    let address = scope.or("listen", listen, Some(defaults::ADMIN), |text| match text {
        "off" => Ok(None),
        _ => socket_address(text).map(Some),
    })?;
    let scope = scope.key("listen", listen.map_or(place, |text| text.at));
    if !address.ip().is_loopback() && !allow_remote {
        scope.report(
            Fault::new("can be reached from other machines").value(&address.to_string()).hint(
                "use `127.0.0.1:9180`; in a network of your own only, \
                     say `allow_remote: true` under `admin`",
            ),
        );
    }
    addresses.take(&scope, address);
    Some(address)
}

/// `admin.token`
pub(super) fn admin_token(root: &Scope<'_>, file: Option<&Map<AdminFile>>) -> Option<Password> {
    let Located { value: file, at } = file?;
    let source = file.token.as_ref()?;
    let scope = root.key("admin", *at).key("token", source.at);
    let token = secrets::text(&scope, &source.value)?;
    let is_good = |byte: u8| byte.is_ascii_graphic();
    if token.expose().len() < SHORTEST_SECRET || !token.expose().bytes().all(is_good) {
        let what = format!("must be {SHORTEST_SECRET} or more letters, digits and signs");
        scope.report(Fault::new(what).hint("make one: head -c 32 /dev/urandom | base64"));
        return None;
    }
    Some(token)
}

/// `trusted_proxies`
pub(super) fn trusted_proxies(root: &Scope<'_>, list: Option<&List<String>>) -> TrustedProxies {
    let networks = root.items("trusted_proxies", list, |text| {
        let network = IpNet::from_str(text).or_else(|_| IpAddr::from_str(text).map(IpNet::from));
        let network = network.map_err(|_| {
            Fault::new("must be an address or a network")
                .hint("write it like `10.0.0.7` or `10.0.0.0/8`")
        })?;
        if network.prefix_len() == 0 {
            return Err(Fault::new("would believe everybody's X-Forwarded-For")
                .hint("name the addresses of your own proxies"));
        }
        Ok(network.trunc())
    });
    TrustedProxies::new(networks.into_iter().map(|(_, network)| network).collect())
}

/// `prefix`
pub(super) fn prefix(root: &Scope<'_>, text: Option<&Text>) -> Prefix {
    root.or("prefix", text, Prefix::default(), |text| {
        let fault = Fault::new("must be a path like `/.linkgate`");
        let Some(rest) = text.strip_prefix('/') else {
            return Err(fault.hint(format!("did you mean \"/{text}\"?")));
        };
        if let Some(meant) = text.strip_suffix('/').filter(|meant| !meant.is_empty()) {
            return Err(fault.hint(format!("did you mean \"{meant}\"?")));
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_segment =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain);
        if rest.len() > 63 || !rest.split('/').all(is_segment) {
            return Err(fault.hint("use letters, digits and - . _ ~, at most 64 in all"));
        }
        Ok(Prefix::new(text.to_owned()))
    })
}

/// `server`
pub(super) fn server(root: &Scope<'_>, file: Option<&Map<ServerFile>>) -> ServerConfig {
    let default = ServerConfig::default();
    let Some(Located { value: file, at }) = file else { return default };
    let scope = root.key("server", *at);
    let most = 1_000_000;
    let hour = || span(Span::seconds(1), Span::seconds(3600));
    ServerConfig {
        threads: scope.optional("threads", file.threads.as_ref(), number(1, 1024)),
        connections_per_peer: scope.or(
            "connections_per_peer",
            file.connections_per_peer.as_ref(),
            default.connections_per_peer,
            number(1, most),
        ),
        connections_total: scope.or(
            "connections_total",
            file.connections_total.as_ref(),
            default.connections_total,
            number(1, most),
        ),
        request_head: scope.or(
            "request_head",
            file.request_head.as_ref(),
            default.request_head,
            span(Span::seconds(1), Span::seconds(60)),
        ),
        write_timeout: scope.or(
            "write_timeout",
            file.write_timeout.as_ref(),
            default.write_timeout,
            hour(),
        ),
        drain: scope.or("drain", file.drain.as_ref(), default.drain, hour()),
        drain_streams: scope.or(
            "drain_streams",
            file.drain_streams.as_ref(),
            default.drain_streams,
            hour(),
        ),
    }
}

/// `log`
pub(super) fn log(root: &Scope<'_>, file: Option<&Map<LogFile>>) -> LogConfig {
    const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];
    const LEVELS: &[(&str, LogLevel)] = &[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let default = LogConfig::default();
    let Some(Located { value: file, at }) = file else { return default };
    let scope = root.key("log", *at);
    LogConfig {
        format: scope.or("format", file.format.as_ref(), default.format, word(FORMATS)),
        level: scope.or("level", file.level.as_ref(), default.level, word(LEVELS)),
    }
}
