//! The audit record: what is kept, and where else it goes.

use std::time::Duration;

use super::{edited, parse, report};
use crate::config::{AuditConfig, AuditFile, Retention, SyslogConfig, SyslogTo};
use crate::domain::event::Tracing;

fn audit(keys: &str) -> AuditConfig {
    match parse(&edited("", &format!("audit: {{ {keys} }}\n"))) {
        Ok(config) => config.audit,
        Err(problems) => panic!("{problems}"),
    }
}

#[test]
fn what_is_said_is_meant() {
    assert_eq!(audit("stdout: false"), AuditConfig::default());
    let found = audit(
        "retention: 3650d, client: hash, stdout: true, file: { path: audit.log, max_size: 1MiB, \
         keep: 0 }, syslog: { to: \"tcp://[2001:db8::1]:601\", facility: local3 }",
    );
    let expected = AuditConfig {
        retention: Retention::For(Duration::from_secs(3650 * 86_400)),
        client: Tracing::Hash,
        stdout: true,
        file: Some(AuditFile { path: "etc/audit.log".into(), max_size: 1 << 20, keep: 0 }),
        syslog: Some(SyslogConfig { to: SyslogTo::Tcp("2001:db8::1".into(), 601), facility: 19 }),
    };
    assert_eq!(found, expected);
    assert_eq!(audit("retention: off, stdout: true").retention, Retention::Off);
    let found = audit("client: address, file: { path: /a/b }, syslog: { to: \"unix:///dev/log\" }");
    let syslog = SyslogConfig { to: SyslogTo::Unix("/dev/log".into()), facility: 10 };
    assert_eq!((found.client, found.syslog), (Tracing::Address, Some(syslog)));
    let file = found.file.unwrap();
    assert_eq!((file.path.to_str(), file.max_size, file.keep), (Some("/a/b"), 64 << 20, 5));
}

#[test]
fn mistakes_about_the_audit_record() {
    let key = |keys: &str| format!("audit: {{ {keys} }}\n");
    let cases = [
        ("too short", key("retention: 1h")),
        ("too long", key("retention: 4000d")),
        ("thrown away", key("retention: off, stdout: false")),
        ("of clients", key("client: adress")),
        ("no flag", key("stdout: yes")),
        ("no path", key("file: { keep: 3 }")),
        ("a size", key("file: { path: a, max_size: 10MB }")),
        ("a small size", key("file: { path: a, max_size: 1KiB }")),
        ("too many", key("file: { path: a, keep: 1001 }")),
        ("nowhere", key("syslog: { facility: auth }")),
        ("no place", key("syslog: { to: /dev/log }")),
        ("no port", key("syslog: { to: \"udp://logs.example.com\" }")),
        ("another scheme", key("syslog: { to: \"http://logs.example.com:514\" }")),
        ("a facility", key("syslog: { to: \"unix:///dev/log\", facility: local8 }")),
    ];
    let cases: Vec<_> = cases.iter().map(|(name, keys)| (*name, "", keys.as_str())).collect();
    insta::assert_snapshot!(report(&cases));
}
