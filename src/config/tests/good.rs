//! What a configuration means.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{
    AuditConfig, Backend, Config, LogConfig, MailTransport, OddHeaders, OtherBrowser, Prefix,
    SecretPlan, ServerConfig, SessionConfig, SignInConfig, SmtpTls, StoreConfig, UpstreamProtocol,
};
use super::{BASE, TestEnvironment, certificate, edited, machine, parse};
use crate::domain::disclosure::{IdentityHeaders, Preset};
use crate::domain::email::EmailAddress;
use crate::domain::language::Language;
use crate::domain::path::RequestTarget;
use crate::domain::policy::{Asked, Visitor};
use crate::domain::time::UnixMillis;

const INBOX: &str = "  inbox: { listen: \"127.0.0.1:8025\" }\n";
const STORE: &str = "store: { embedded: { path: data } }\n";

#[test]
fn the_files_in_conf_work_as_they_are() {
    for name in ["conf/linkgate.yaml", "conf/minimal.yaml", "conf/forward-auth/linkgate.yaml"] {
        let text = std::fs::read_to_string(name).unwrap();
        let environment = TestEnvironment::default();
        let config = Config::parse(&text, name, Path::new("conf"), &environment);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        assert!(
            matches!(&config.secret, SecretPlan::Create(path) if path == Path::new("conf/data/secret"))
        );
        assert_eq!(config.store, StoreConfig::Embedded { path: "conf/data".into() });
        assert!(matches!(config.mail.relays[..], [MailTransport::Inbox(_)]));
    }
    let minimal = std::fs::read_to_string("conf/minimal.yaml").unwrap();
    assert!(minimal.lines().count() <= 10);
}

#[test]
fn an_application_may_be_behind_another_proxy() {
    let text = edited("    upstream: http://127.0.0.1:3000\n", "    upstream: none\n");
    let config = parse(&format!("trusted_proxies: [10.0.0.7]\n{text}")).unwrap();
    assert_eq!(config.sites[0].backend, Backend::Elsewhere);
}

#[test]
fn the_documented_defaults_are_those_of_the_code() {
    let said = include_str!("../../../conf/linkgate.yaml");
    for text in [said, BASE] {
        let config = parse(text).unwrap();
        assert_eq!(config.sign_in, SignInConfig::default());
        assert_eq!(config.session, SessionConfig::default());
        assert_eq!(config.server, ServerConfig::default());
        assert_eq!(config.log, LogConfig::default());
        assert_eq!(config.audit, AuditConfig::default());
        assert_eq!(config.prefix, Prefix::default());
        assert_eq!(config.admin.unwrap().to_string(), "127.0.0.1:9180");
        assert_eq!(config.languages, Language::ALL);
        assert!(!config.sites[0].sign_in.new_device_notice);
        assert_eq!(config.sites[0].sign_in.other_browser, OtherBrowser::Address);
        assert_eq!(config.sites[0].sign_in.link_lifetime, Duration::from_secs(600));
    }
}

#[test]
fn the_documented_defaults_of_a_site_and_a_relay_are_those_of_the_code() {
    let said = edited(
        INBOX,
        "  smtp: { host: a.example.com, port: 587, tls: starttls, allow_plaintext: false, timeout: 20s }\n",
    );
    let said = said.replace(
        "    upstream: http://127.0.0.1:3000\n",
        "    upstream:\n      url: http://127.0.0.1:3000\n      connect_timeout: 5s\n      \
         read_timeout: 60s\n      write_timeout: 60s\n    \
         insecure_http: false\n    identity_headers: remote\n    odd_headers: drop\n    \
         assertion: { algorithm: EdDSA, lifetime: 5m, header: X-Linkgate-Assertion }\n    \
         sign_in: { enabled: true, mode: passwordless, registration: closed, link_lifetime: 10m, \
         other_browser: address, new_device_notice: false }\n    title: wiki\n",
    );
    let unsaid = edited(INBOX, "  smtp: { host: a.example.com }\n")
        .replace("http://127.0.0.1:3000", "{ url: http://127.0.0.1:3000 }");
    let (said, unsaid) = (parse(&said).unwrap(), parse(&unsaid).unwrap());
    assert_eq!(format!("{said:?}"), format!("{unsaid:?}"));
    // The same lines stand in the documentation.
    let documented = include_str!("../../../conf/linkgate.yaml");
    for line in [
        "#    port: 587",
        "#    tls: starttls",
        "#    allow_plaintext: false",
        "#    timeout: 20s",
        "#    prefix: linkgate",
        "#    insecure_http: false",
        "#      connect_timeout: 5s",
        "#      read_timeout: 60s",
        "#      write_timeout: 60s",
        "#      enabled: true",
        "#      mode: passwordless",
        "#      registration: closed",
        "#      link_lifetime: 10m",
        "#      other_browser: address",
        "#      new_device_notice: false",
        "#    identity_headers: remote",
        "#    odd_headers: drop",
        "#      algorithm: EdDSA",
        "#      lifetime: 5m",
        "#      header: X-Linkgate-Assertion",
        "#      preset: remote",
        "#      groups_format: comma",
        "#      when_anonymous: absent",
    ] {
        assert!(documented.lines().any(|documented| documented == line), "{line}");
    }
}

#[test]
fn a_site_is_read_in_full() {
    let text = edited(
        "    upstream: http://127.0.0.1:3000\n",
        "    upstream: { url: [\"https://10.0.0.1:3443\", \"https://b.internal\"], ca: site.pem, \
         server_name: b.internal, read_timeout: 90s }\n    \
         return_to: [\"exampleapp://signed-in\"]\n    cors_origins: [\"https://app.example.com\"]\n    \
         identity_headers: x-auth-request\n    odd_headers: keep\n    \
         sign_in: { enabled: false, link_lifetime: 5m, other_browser: code_only }\n    \
         rules: [{ path: /x/**, access: public }, { path: /y, methods: [GET], max_age: 15m }]\n",
    );
    let config = parse(&text).unwrap();
    let site = &config.sites[0];
    let Backend::Upstream(upstream) = &site.backend else { panic!("{:?}", site.backend) };
    let servers: Vec<_> =
        upstream.servers.iter().map(|one| format!("{}:{}", one.host, one.port)).collect();
    assert_eq!(servers, ["10.0.0.1:3443", "b.internal:443"]);
    assert_eq!(upstream.protocol, UpstreamProtocol::Https);
    assert_eq!(upstream.ca, Some("etc/site.pem".into()));
    assert_eq!(upstream.read_timeout, Duration::from_secs(90));
    assert_eq!((site.return_to.len(), site.cors_origins.len()), (1, 1));
    let told = IdentityHeaders::preset(Preset::XAuthRequest);
    assert_eq!(site.disclosure.identity(), &told);
    assert_eq!(site.odd_headers, OddHeaders::Keep);
    assert!(!site.sign_in.enabled);
    assert_eq!(site.sign_in.link_lifetime, Duration::from_secs(300));
    assert_eq!(site.sign_in.other_browser, OtherBrowser::CodeOnly);
    assert_eq!((site.policy.site(), site.policy.name()), (site.id, "wiki"));
}

/// What an operator writes who sets nearly everything.
const FULL: &str = r#"
listen:
  - address: 0.0.0.0:8080
  - address: 0.0.0.0:8443
    tls: { certificate: certs/site.pem, key: certs/site.key }
admin: { listen: 127.0.0.1:9180 }
trusted_proxies: []
secret: { file: data/secret }
store:
  embedded: { path: data }
mail:
  from: "Example sign-in <login@example.com>"
  smtp: { host: smtp.example.com, port: 587, tls: starttls, username: example, password: { env: SMTP_PASSWORD } }
sign_in:
  link_lifetime: 10m
  other_browser: address
  limits: { email: 3/1h, ip: 10/1h }
  used_link_retention: 30d
session: { idle: 12h, absolute: 7d }
groups:
  admins: [alice@example.com]
sites:
  - name: wiki
    origin: https://wiki.example.com
    upstream: http://127.0.0.1:3000
    allow: ["@example.com", "bob@partner.example", "group:admins"]
    return_to: ["https://reports.example.com/*", "exampleapp://signed-in"]
    sign_in: { enabled: true, mode: passwordless, registration: closed }
    rules:
      - { path: "/assets/**", access: public }
      - { path: "/hooks/*", methods: [POST], access: public }
      - { path: "/admin/**", allow: ["group:admins"], max_age: 15m }
      - { path: "/api/**", unauthenticated: status }
"#;

#[test]
fn the_full_form_is_read() {
    let (certificate, key) = certificate("wiki.example.com");
    let environment = TestEnvironment::default()
        .variable("SMTP_PASSWORD", "open sesame")
        .file("certs/site.pem", certificate)
        .file("certs/site.key", key);
    let config = Config::parse(FULL, "linkgate.yaml", Path::new(""), &environment);
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    let alice = EmailAddress::parse("alice@example.com").unwrap();
    let groups = config.groups.of(&alice);
    assert_eq!(groups.len(), 1);
    let policy = &config.sites[0].policy;
    let decide = |method: &str, target: &str| {
        let target = RequestTarget::parse(target.as_bytes()).unwrap();
        let (host, now) = (config.sites[0].origin.host(), UnixMillis(0));
        let visitor = Visitor::Nobody;
        let asked = Asked { host, method, target: &target, client: None, visitor, now };
        format!("{:?}", policy.explain(asked).verdict())
    };
    assert_eq!(decide("GET", "/assets/app.js"), "Anybody");
    assert_eq!(decide("POST", "/hooks/build"), "Anybody");
    assert_eq!(decide("GET", "/hooks/build"), "NoSession");
    assert_eq!(decide("GET", "/"), "NoSession");
    assert!(policy.may_sign_in(&alice, &groups, crate::domain::identity::Membership::Outsider));
    assert!(!policy.may_sign_in(
        &EmailAddress::parse("eve@example.org").unwrap(),
        &[],
        crate::domain::identity::Membership::Outsider
    ));
}

#[test]
fn a_file_is_loaded_with_the_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate("wiki.example.com");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("site.pem", &certificate);
    write("site.key", &key);
    write("secret", "0123456789abcdef0123456789abcdef\n");
    let tls =
        "listen: [{ address: \"127.0.0.1:0\", tls: { certificate: site.pem, key: site.key } }]\n";
    write(
        "a.yaml",
        &edited(
            "listen: [{ address: \"127.0.0.1:8080\" }]\n",
            &format!("secret: {{ file: secret }}\n{tls}"),
        ),
    );
    let config = Config::load(&folder.path().join("a.yaml"));
    let config = config.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(matches!(config.secret, SecretPlan::Ready(_)));
    assert_eq!(config.listeners[0].tls.as_ref().unwrap().key, folder.path().join("site.key"));
    write("long.yaml", &"#".repeat(5 << 20));
    let problems = Config::load(&folder.path().join("long.yaml")).unwrap_err().to_string();
    assert!(problems.ends_with("cannot be read (file too large)"), "{problems}");
}

#[test]
fn the_secret_is_there_made_or_for_this_run() {
    let plan = |text: &str| parse(text).unwrap().secret;
    let memory = edited(STORE, "store: { memory: {} }\n");
    assert!(matches!(plan(&memory), SecretPlan::ForThisRun));
    let created = |text: &str| match plan(text) {
        SecretPlan::Create(path) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(created(BASE), PathBuf::from("etc/data/secret"));
    assert_eq!(created(&edited("", "secret: { file: keys/a }\n")), PathBuf::from("etc/keys/a"));
    let given = edited("", "secret: { env: LINKGATE_SECRET }\n");
    assert!(matches!(plan(&given), SecretPlan::Ready(_)));
    let made = machine().file("etc/data/secret", [b'k'; 32]);
    let second = Config::parse(BASE, "etc/linkgate.yaml", Path::new("etc"), &made).unwrap();
    assert!(matches!(second.secret, SecretPlan::Ready(_)));
    let absolute = edited("", "secret: { file: /var/lib/secret }\n");
    assert_eq!(created(&absolute), PathBuf::from("/var/lib/secret"));
}

#[test]
fn stores_and_mail_are_read() {
    let redis = "secret: { env: LINKGATE_SECRET }\n\
                 store: { redis: { url: { env: LINKGATE_REDIS_URL } } }\n";
    let StoreConfig::Redis(redis) = parse(&edited(STORE, redis)).unwrap().store else { panic!() };
    let crate::config::RedisServers::One(url) = &redis.servers else { panic!() };
    assert_eq!(url.expose(), "redis://:hunter2@redis.example.com:6379");
    assert_eq!((redis.prefix.as_str(), redis.ca), ("linkgate", None));
    for (words, port, tls) in [
        ("tls: implicit", 465, SmtpTls::Implicit),
        ("tls: none, allow_plaintext: true", 25, SmtpTls::Plaintext),
        ("username: a, password: { env: SMTP_PASSWORD }", 587, SmtpTls::StartTls),
    ] {
        let smtp = format!("  smtp: {{ host: smtp.example.com, {words} }}\n");
        let config = parse(&edited(INBOX, &smtp)).unwrap();
        let [MailTransport::Smtp(smtp)] = &config.mail.relays[..] else { panic!() };
        assert_eq!((smtp.port, smtp.tls, smtp.login.is_some()), (port, tls, port == 587));
    }
    let folder = parse(&edited(INBOX, "  folder: { path: mails }\n")).unwrap();
    assert_eq!(folder.mail.relays, [MailTransport::Folder("etc/mails".into())]);
    assert_eq!(folder.mail.from.name, "Example");
}

#[test]
fn what_is_allowed_on_purpose_is_allowed() {
    for (from, to) in [
        ("https://wiki.example.com", "http://wiki.localhost"),
        ("https://wiki.example.com", "https://*.example.com"),
        ("https://wiki.example.com", "http://wiki.lan\n    insecure_http: true"),
        ("", "session: { domain: example.com }\n"),
        ("", "admin: { listen: off }\n"),
        ("", "admin: { listen: \"10.0.0.1:9180\", allow_remote: true }\n"),
        ("", "trusted_proxies: [10.0.0.7, \"2001:db8::/32\"]\n"),
        ("", "trusted_proxies: []\n"),
        (INBOX, "  smtp: { host: localhost, tls: none }\n"),
        (
            "listen: [{ address: \"127.0.0.1:8080\" }]\n",
            "listen: [{ address: \"127.0.0.1:0\" }, { address: \"127.0.0.1:0\" }]\n",
        ),
        (
            "listen: [{ address: \"127.0.0.1:8080\" }]\n",
            "listen: [{ address: \"[::]:443\", tls: { certificate: site.pem, key: site.key } }]\n",
        ),
        ("    allow: [\"@example.com\"]\n", "    rules: [{ path: /**, access: public }]\n"),
    ] {
        if let Err(problems) = parse(&edited(from, to)) {
            panic!("{to}\n{problems}");
        }
    }
}
