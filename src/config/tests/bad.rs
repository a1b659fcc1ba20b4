//! Every mistake that we know, with the exact words it is answered with.

use proptest::prelude::*;

use super::{BASE, parse, report};

const LISTEN: &str = "listen: [{ address: \"127.0.0.1:8080\" }]\n";
const STORE: &str = "store: { embedded: { path: data } }\n";
const INBOX: &str = "  inbox: { listen: \"127.0.0.1:8025\" }\n";
const FROM: &str = "  from: Example <login@example.com>\n";
const MEMBERS: &str = "[alice@example.com]";
const ORIGIN: &str = "https://wiki.example.com";
const UPSTREAM: &str = "upstream: http://127.0.0.1:3000";
const SITE: &str = "sites:\n  - name: wiki\n    origin: https://wiki.example.com\n";
const SITES: &str = "\
sites:
  - name: wiki
    origin: https://wiki.example.com
    upstream: http://127.0.0.1:3000
    allow: [\"@example.com\"]
";
const ALLOW: &str = "[\"@example.com\"]";

/// What is wrong, the passage of the base that is replaced (nothing: appended), and by what.
const STRUCTURE: &[(&str, &str, &str)] = &[
    ("unknown key", "", "prefx: /x\n"),
    ("unknown key in a list", LISTEN, "listen:\n  - adress: 127.0.0.1:8080\n"),
    ("unknown key, nothing near", FROM, "  colour: blue\n"),
    ("unknown key deep down", UPSTREAM, "upstream: { url: \"http://a\", server_nam: b }"),
    ("key of another spelling", "", "trusted-proxies: []\n"),
    ("key in a map that has none", STORE, "store: { memory: { size: 3 } }\n"),
    ("duplicate key", "", "prefix: /a\nprefix: /b\n"),
    ("duplicate key below", "name: wiki", "name: wiki\n    name: other"),
    ("text for a map", STORE, "store: embedded\n"),
    ("text for a list", ALLOW, "everyone"),
    ("map for a list", LISTEN, "listen: { address: 127.0.0.1:8080 }\n"),
    ("list for a text", "name: wiki", "name: [wiki]"),
    ("list for a map", "  admins: [alice@example.com]", "  - admins"),
    ("list of lists", MEMBERS, "[[alice@example.com]]"),
    ("unclosed bracket", LISTEN, "listen: [{ address: 127.0.0.1:8080 }\n"),
    ("unclosed quote", "name: wiki", "name: \"wiki"),
    ("tab", "  admins:", "\tadmins:"),
    ("no blank behind the colon", "name: wiki", "name:wiki"),
    ("at sign without quotes", ALLOW, "[@example.com]"),
    ("star without quotes", ORIGIN, "*.example.com"),
    ("two documents", "", "---\nprefix: /x\n"),
    ("not a map", BASE, "hello\n"),
];

const MEANING: &[(&str, &str, &str)] = &[
    ("nothing at all", BASE, ""),
    ("a cap without a unit", UPSTREAM, "upstream: http://127.0.0.1:3000\n    max_body: 10"),
    ("a cap in other units", UPSTREAM, "upstream: http://127.0.0.1:3000\n    max_body: 10MB"),
    ("another balance", UPSTREAM, "upstream: { url: \"http://a\", balance: random }"),
    (
        "a health path that is a URL",
        UPSTREAM,
        "upstream: { url: \"http://a\", health: { path: \"http://a/up\" } }",
    ),
    (
        "a health host without a path",
        UPSTREAM,
        "upstream: { url: \"http://a\", health: { host: a.example } }",
    ),
    ("no failure at all", UPSTREAM, "upstream: { url: \"http://a\", health: { failures: 0 } }"),
    ("a site's total", ALLOW, "[everyone]\n    sign_in: { limits: { total: 3/1h } }"),
    ("a site's sender", ALLOW, "[everyone]\n    mail: { from: nobody }"),
    ("no listen", LISTEN, ""),
    ("empty listen", LISTEN, "listen: []\n"),
    ("listen without host", LISTEN, "listen: [{ address: \":8080\" }]\n"),
    ("listen on a name", LISTEN, "listen: [{ address: \"localhost:8080\" }]\n"),
    ("listen without port", LISTEN, "listen: [{ address: 127.0.0.1 }]\n"),
    ("listen on a port alone", LISTEN, "listen: [{ address: 8080 }]\n"),
    ("listen without address", LISTEN, "listen: [{}]\n"),
    ("listen twice", LISTEN, "listen:\n  - address: 0.0.0.0:80\n  - address: 127.0.0.1:80\n"),
    ("admin on a public listener", "", "admin: { listen: \"127.0.0.1:8080\" }\n"),
    ("admin for everybody", "", "admin: { listen: \"0.0.0.0:9180\" }\n"),
    ("flag that is none", "", "admin: { allow_remote: yes }\n"),
    (
        "tls without key",
        LISTEN,
        "listen: [{ address: \"[::1]:1\", tls: { certificate: site.pem } }]\n",
    ),
    (
        "tls without files",
        LISTEN,
        "listen: [{ address: \"[::1]:1\", tls: { certificate: no.pem, key: no.key } }]\n",
    ),
    (
        "tls not PEM",
        LISTEN,
        "listen: [{ address: \"[::1]:1\", tls: { certificate: note.txt, key: note.txt } }]\n",
    ),
    (
        "tls passphrase",
        LISTEN,
        "listen: [{ address: \"[::1]:1\", tls: { certificate: site.pem, key: locked.key } }]\n",
    ),
    (
        "tls mismatch",
        LISTEN,
        "listen: [{ address: \"[::1]:1\", tls: { certificate: site.pem, key: other.key } }]\n",
    ),
    ("trust that is no network", "", "trusted_proxies: [10.0.0.0/33, proxy.example.com]\n"),
    ("trust everybody", "", "trusted_proxies: [0.0.0.0/0, \"::/0\"]\n"),
    ("prefix without slash", "", "prefix: login\n"),
    ("prefix with slash behind", "", "prefix: /login/\n"),
    ("prefix of everything", "", "prefix: /\n"),
    ("prefix with dots", "", "prefix: /a/../b\n"),
    ("no threads", "", "server: { threads: 0, connections_per_peer: many, request_head: 1h }\n"),
    ("log words", "", "log: { format: jsn, level: loud }\n"),
    ("no store", STORE, ""),
    ("empty store", STORE, "store: {}\n"),
    ("two stores", STORE, "store: { memory: {}, embedded: { path: data } }\n"),
    ("tls without anything", LISTEN, "listen: [{ address: \"[::1]:1\", tls: {} }]\n"),
    ("embedded without path", STORE, "store: { embedded: {} }\n"),
    ("redis without url and secret", STORE, "store: { redis: {} }\n"),
    (
        "redis with password",
        STORE,
        "store: { redis: { url: \"redis://:hunter2@redis.example.com\" } }\nsecret: { env: LINKGATE_SECRET }\n",
    ),
    (
        "redis of another kind",
        STORE,
        "store: { redis: { url: \"http://redis.example.com\", prefix: \"a b\" } }\nsecret: { env: LINKGATE_SECRET }\n",
    ),
    (
        "redis nodes",
        STORE,
        "store: { redis: { url: [\"redis://a\", b] } }\nsecret: { env: LINKGATE_SECRET }\n",
    ),
    (
        "redis without its secret file",
        STORE,
        "store: { redis: { url: \"redis://a\" } }\nsecret: { file: secret }\n",
    ),
    ("secret too short", "", "secret: { env: SHORT_SECRET }\n"),
    ("secret not set", "", "secret: { env: NOT_SET }\n"),
    ("secret empty", "", "secret: { env: EMPTY_ONE }\n"),
    (
        "no mail",
        "mail:\n  from: Example <login@example.com>\n  inbox: { listen: \"127.0.0.1:8025\" }\n",
        "",
    ),
    ("mail without from", FROM, ""),
    ("mail from a domain without a dot", FROM, "  from: login@localhost\n"),
    ("mail from nobody", FROM, "  from: Example\n"),
    ("mail from who turns around", FROM, "  from: \"Ex\\u202eample <login@example.com>\"\n"),
    ("mail no way", INBOX, ""),
    (
        "mail two ways",
        INBOX,
        "  inbox: { listen: \"127.0.0.1:8025\" }\n  folder: { path: mails }\n",
    ),
    ("inbox for everybody", INBOX, "  inbox: { listen: \"0.0.0.0:8025\" }\n"),
    ("inbox at the listener", INBOX, "  inbox: { listen: \"127.0.0.1:8080\" }\n"),
    ("smtp without host", INBOX, "  smtp: {}\n"),
    ("smtp host with port", INBOX, "  smtp: { host: \"smtp.example.com:587\" }\n"),
    ("smtp plaintext", INBOX, "  smtp: { host: smtp.example.com, tls: none }\n"),
    (
        "smtp words",
        INBOX,
        "  smtp: { host: smtp.example.com, tls: start_tls, port: 99999, timeout: 20 }\n",
    ),
    ("smtp half a login", INBOX, "  smtp: { host: smtp.example.com, username: example }\n"),
    (
        "smtp password without user",
        INBOX,
        "  smtp: { host: a.example.com, password: { env: SMTP_PASSWORD } }\n",
    ),
    (
        "smtp password of two lines",
        INBOX,
        "  smtp: { host: a.example.com, username: a, password: { env: TWO_LINES } }\n",
    ),
    ("smtp CA missing", INBOX, "  smtp: { host: smtp.example.com, ca: no.pem }\n"),
    ("link lifetime", "", "sign_in: { link_lifetime: 2d }\n"),
    ("duration without unit", "", "sign_in: { link_lifetime: 10 }\n"),
    ("other browser", "", "sign_in: { other_browser: code }\n"),
    ("limits", "", "sign_in: { limits: { email: 3, ip: 0/1h } }\n"),
    ("retention", "", "sign_in: { used_link_retention: 10y }\n"),
    ("absolute before idle", "", "session: { idle: 8h, absolute: 1h }\n"),
    ("absolute default before idle", "", "session: { idle: 30d }\n"),
    ("session domain elsewhere", "", "session: { domain: example.org }\n"),
    ("session domain of one label", "", "session: { domain: com }\n"),
    ("session domain with a dot before", "", "session: { domain: .example.com }\n"),
    (
        "session domain with http",
        SITE,
        "session: { domain: wiki.localhost }\nsites:\n  - name: wiki\n    origin: http://wiki.localhost\n",
    ),
    ("group name", "admins:", "\"admins, boss\":"),
    ("group members", MEMBERS, "[everyone, \"group:staff\", alice]"),
];

const IN_SITES: &[(&str, &str, &str)] = &[
    ("no sites", SITES, ""),
    ("empty sites", SITES, "sites: []\n"),
    ("site without anything", "  - name: wiki\n", "  - {}\n  - name: wiki\n"),
    ("site name", "name: wiki", "name: My Wiki"),
    ("origin without scheme", ORIGIN, "wiki.example.com"),
    ("origin with path", ORIGIN, "https://wiki.example.com/start"),
    ("origin over http", ORIGIN, "http://wiki.example.com"),
    ("origin with a star inside", ORIGIN, "https://wiki.*.example.com"),
    ("upstream without scheme", UPSTREAM, "upstream: 127.0.0.1:3000"),
    ("upstream of another kind", UPSTREAM, "upstream: ftp://127.0.0.1:3000"),
    ("upstream with path", UPSTREAM, "upstream: http://127.0.0.1:3000/wiki"),
    ("upstream with password", UPSTREAM, "upstream: http://me:hunter2@127.0.0.1:3000"),
    ("upstream is linkgate", UPSTREAM, "upstream: http://localhost:8080"),
    ("upstreams of two kinds", UPSTREAM, "upstream: [\"http://a:1\", \"https://b:1\"]"),
    ("upstream none, and nobody to ask", UPSTREAM, "upstream: none"),
    ("upstream none in a list", UPSTREAM, "upstream: [none]"),
    ("upstream list empty", UPSTREAM, "upstream: []"),
    ("upstream map without url", UPSTREAM, "upstream: { connect_timeout: 5 }"),
    (
        "upstream TLS without https",
        UPSTREAM,
        "upstream: { url: \"http://a:1\", server_name: b, ca: site.pem }",
    ),
    ("ca that is none", UPSTREAM, "upstream: { url: \"https://a:1\", ca: junk.pem }"),
    ("nobody", "    allow: [\"@example.com\"]\n", ""),
    (
        "nobody, though there are rules",
        "    allow: [\"@example.com\"]\n",
        "    rules: [{ path: /a, access: deny }]\n",
    ),
    ("allow a bare domain", ALLOW, "[example.com]"),
    ("allow a star", ALLOW, "[\"*\"]"),
    ("allow an unknown group", ALLOW, "[\"group:admin\", \"group:staff\"]"),
    ("allow a bad address", ALLOW, "[\"a b@example.com\"]"),
    (
        "return to anywhere",
        ALLOW,
        "[everyone]\n    return_to: [\"https://*\", \"javascript:alert(1)\"]",
    ),
    ("cors with path", ALLOW, "[everyone]\n    cors_origins: [\"https://app.example.com/x\"]"),
    (
        "words of a sign-in",
        ALLOW,
        "[everyone]\n    sign_in: { mode: hybird, registration: open, enabled: no }",
    ),
    ("words of a site", ALLOW, "[everyone]\n    identity_headers: x-forward\n    odd_headers: kep"),
    ("rule without path", ALLOW, "[everyone]\n    rules: [{ access: public }]"),
    (
        "rule path without slash",
        ALLOW,
        "[everyone]\n    rules:\n      - path: admin\n        access: public",
    ),
    (
        "rule path with query",
        ALLOW,
        "[everyone]\n    rules: [{ path: \"/a?b=c\", access: public }]",
    ),
    (
        "rule path with a star inside",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a*, access: public }]",
    ),
    (
        "rule for our own pages",
        ALLOW,
        "[everyone]\n    rules: [{ path: /.linkgate/**, access: public }]",
    ),
    (
        "rule methods",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a, methods: [get, TRACE], access: public }]",
    ),
    (
        "rule with no method",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a, methods: [], access: public }]",
    ),
    (
        "rule access",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a, access: everyone }, { path: /b, access: pulbic }]",
    ),
    (
        "rule access and allow",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a, access: public, allow: [everyone] }]",
    ),
    ("rule for nobody", ALLOW, "[everyone]\n    rules: [{ path: /a, allow: [] }]"),
    (
        "rule that falls to nothing",
        "    allow: [\"@example.com\"]\n",
        "    rules: [{ path: /a }, { path: /b, access: public }]\n",
    ),
    (
        "rule max_age",
        ALLOW,
        "[everyone]\n    rules: [{ path: /a, access: public, max_age: 15m }, { path: /b, max_age: 1s }]",
    ),
    ("rule unauthenticated", ALLOW, "[everyone]\n    rules: [{ path: /b, unauthenticated: 401 }]"),
    (
        "rule in the shadow",
        ALLOW,
        "[everyone]\n    rules:\n      - path: /a/**\n        access: public\n      - path: /a/b\n        access: deny",
    ),
    (
        "two sites of one name and origin",
        "",
        "  - name: wiki\n    origin: HTTPS://WIKI.example.com:443/\n    upstream: http://127.0.0.1:3001\n    allow: [everyone]\n",
    ),
    (
        "two schemes on one authority",
        "",
        "  - name: other\n    origin: http://wiki.example.com\n    insecure_http: true\n    upstream: http://127.0.0.1:3001\n    allow: [everyone]\n  - name: third\n    origin: http://wiki.example.com:443\n    insecure_http: true\n    upstream: http://127.0.0.1:3002\n    allow: [everyone]\n",
    ),
    (
        "many at once, in order",
        SITE,
        "prefix: x\nlog: { level: x }\nsites:\n  - name: wiki\n    origin: http://wiki.example.com\n    rules: [{ path: a }]\n",
    ),
    ("an alias is wrong once", MEMBERS, "&them [nobody]\n  others: *them"),
];

#[test]
fn mistakes_of_structure() {
    insta::assert_snapshot!(report(STRUCTURE));
}

#[test]
fn mistakes_of_meaning() {
    insta::assert_snapshot!(report(MEANING));
}

#[test]
fn mistakes_in_sites() {
    insta::assert_snapshot!(report(IN_SITES));
}

#[test]
fn bombs_are_answered() {
    let deep = |depth: usize| format!("secret: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    let aliases: String = (1..30).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)).collect();
    for text in [
        deep(30),
        format!("no: {}x{}\n", "{a: ".repeat(11), "}".repeat(11)),
        deep(1_000),
        deep(100_000),
        format!("no: &x {}\n", "{a: ".repeat(50_000)),
        format!("a0: &a0 [x, x]\n{aliases}"),
        "x".repeat(1_000_000),
        format!("{BASE}{}", "#\n".repeat(100_000)) + "no: 1",
    ] {
        let told = parse(&text).unwrap_err().to_string();
        assert!(told.len() < 1_000, "{told}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.yaml");
    let problems = super::Config::load(&missing).unwrap_err().to_string();
    assert_eq!(problems, format!("{}: cannot be read (entity not found)", missing.display()));
    let latin1 = folder.path().join("latin1.yaml");
    std::fs::write(&latin1, b"prefix: /\xe4").unwrap();
    let problems = super::Config::load(&latin1).unwrap_err().to_string();
    assert_eq!(problems, format!("{}: is not UTF-8 text", latin1.display()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is typed into a good file is answered, never with a panic, and always on few lines.
    #[test]
    fn damage_never_panics(
        at in 0_usize..20_000,
        cut in 0_usize..40,
        typed in "[ -~\n\t#:{}\\[\\]&*!|>'\"%@`é]{0,12}",
    ) {
        let good = include_str!("../../../conf/linkgate.yaml");
        let boundary = |at: usize| (at.min(good.len())..=good.len())
            .find(|at| good.is_char_boundary(*at))
            .unwrap_or(good.len());
        let at = boundary(at % good.len());
        let text = format!("{}{typed}{}", &good[..at], &good[boundary(at + cut)..]);
        if let Err(problems) = parse(&text) {
            prop_assert!(problems.iter().count() > 0);
            prop_assert!(problems.iter().all(|problem| problem.to_string().lines().count() <= 2));
        }
    }
}
