//! The audit record.

use crate::config::defaults;
use crate::config::file::{AuditFile as File, AuditFileFile, Map, SyslogFile};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, flag, number, path_text, span, word};
use crate::config::settings::{AuditConfig, AuditFile, Retention, SyslogConfig, SyslogTo};
use crate::domain::event::Tracing;
use crate::domain::size::ByteSize;

/// Smaller, and a file is put aside with every few sign-ins.
const SMALLEST_FILE: ByteSize = ByteSize::new(64 << 10);
const LARGEST_FILE: ByteSize = ByteSize::new(64 << 30);
const MOST_FILES: u32 = 1000;

fn retention(text: &str) -> Result<Retention, Fault> {
    if text == "off" {
        return Ok(Retention::Off);
    }
    span(defaults::SHORTEST_AUDIT, defaults::LONGEST_AUDIT)(text).map(Retention::For)
}

/// `audit`
pub(super) fn audit(root: &Scope<'_>, file: Option<&Map<File>>) -> AuditConfig {
    const CLIENT: &[(&str, Tracing)] =
        &[("address", Tracing::Address), ("network", Tracing::Network), ("hash", Tracing::Hash)];
    let default = AuditConfig::default();
    let Some(Located { value: file, at }) = file else { return default };
    let scope = root.key("audit", *at);
    let found = AuditConfig {
        retention: scope.or("retention", file.retention.as_ref(), default.retention, retention),
        client: scope.or("client", file.client.as_ref(), default.client, word(CLIENT)),
        stdout: scope.or("stdout", file.stdout.as_ref(), default.stdout, flag),
        file: file.file.as_ref().and_then(|it| rotated(&scope.key("file", it.at), &it.value)),
        syslog: file.syslog.as_ref().and_then(|it| syslog(&scope.key("syslog", it.at), &it.value)),
    };
    let goes_nowhere = !found.stdout && file.file.is_none() && file.syslog.is_none();
    if let Some(text) = file.retention.as_ref().filter(|_| goes_nowhere)
        && found.retention == Retention::Off
    {
        let fault = Fault::new("would throw away all that happens").value(&text.value);
        let hint = "name a `file`, `syslog` or `stdout: true` beside it, or keep it for `1d`";
        scope.key("retention", text.at).report(fault.hint(hint));
    }
    found
}

fn rotated(scope: &Scope<'_>, file: &AuditFileFile) -> Option<AuditFile> {
    let max_size = scope.or("max_size", file.max_size.as_ref(), defaults::AUDIT_FILE_SIZE, size);
    let keep = scope.or("keep", file.keep.as_ref(), defaults::AUDIT_FILES, number(0, MOST_FILES));
    let path = scope.required("path", file.path.as_ref(), "name the file", path_text)?;
    Some(AuditFile { path: scope.file_path(&path), max_size, keep })
}

fn size(text: &str) -> Result<u64, Fault> {
    let bounds = SMALLEST_FILE..=LARGEST_FILE;
    let size: ByteSize = text.parse().map_err(|error: crate::domain::size::ByteSizeError| {
        Fault::new(error.to_string()).hint("write it like `64MiB`")
    })?;
    if bounds.contains(&size) {
        return Ok(size.bytes());
    }
    Err(Fault::new(format!("must be between `{SMALLEST_FILE}` and `{LARGEST_FILE}`")))
}

fn syslog(scope: &Scope<'_>, file: &SyslogFile) -> Option<SyslogConfig> {
    const FACILITIES: &[(&str, u8)] = &[
        ("user", 1),
        ("daemon", 3),
        ("auth", 4),
        ("authpriv", 10),
        ("audit", 13),
        ("local0", 16),
        ("local1", 17),
        ("local2", 18),
        ("local3", 19),
        ("local4", 20),
        ("local5", 21),
        ("local6", 22),
        ("local7", 23),
    ];
    let default = defaults::SYSLOG_FACILITY;
    let facility = scope.or("facility", file.facility.as_ref(), default, word(FACILITIES));
    let hint = "write it like `unix:///dev/log`";
    let to = scope.required("to", file.to.as_ref(), hint, to)?;
    Some(SyslogConfig { to, facility })
}

fn to(text: &str) -> Result<SyslogTo, Fault> {
    let fault = || {
        Fault::new("is no place of a syslog").hint(
            "write it like `unix:///dev/log`, `udp://logs.example.com:514` or \
             `tcp://logs.example.com:601`",
        )
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(fault)?;
    if scheme == "unix" && rest.starts_with('/') && !rest.contains('\0') {
        return Ok(SyslogTo::Unix(rest.into()));
    }
    let (host, port) = rest.rsplit_once(':').ok_or_else(fault)?;
    let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(fault)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(is_host) {
        return Err(fault());
    }
    match scheme {
        "udp" => Ok(SyslogTo::Udp(host.to_owned(), port)),
        "tcp" => Ok(SyslogTo::Tcp(host.to_owned(), port)),
        _ => Err(fault()),
    }
}
