//! The questions of proxies that Debian does not have, with the header lists of our examples.
//!
//! * Traefik: "Forward-Request Headers" of its ForwardAuth documentation, and `writeHeader` in
//!   `pkg/middlewares/auth/forward.go`: GET to the address, whose host it sends as `Host`; the
//!   client's fields that `authRequestHeaders` names, hop-by-hop ones left out; then its own.
//! * Envoy: `AuthorizationRequest` and `HttpService` of
//!   `api/envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto`: the client's method and host,
//!   its path behind `path_prefix`, `Content-Length: 0`, what `allowed_headers` names, and then
//!   `headers_to_add` over it. Before 1.28 its own address is appended to `X-Forwarded-For`
//!   (`changelogs/1.28.0.yaml`, issue 21519), whether the field is allowed or not.
//! * ingress-nginx: the location of `auth-url` in `rootfs/etc/nginx/template/nginx.tmpl`, with the
//!   `auth-url` of docs/forward-auth.md.

mod damaged;

use serde_json::Value;

use crate::support::client::{Answer, Browser, raw};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const HTML: (&str, &str) = ("accept", "text/html");
/// Where clients are, unless a test says otherwise.
const CLIENT: &str = "198.51.100.9";
/// What Envoy calls its own address. It asks from another one.
const ENVOY: &str = "10.9.8.7";

/// A request of a client, as the other proxy received it.
struct Request<'a> {
    client: &'a str,
    method: &'a str,
    uri: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

/// How another proxy asks about it.
type Dialect = fn(&Gate, &Request<'_>) -> String;

const ALL: [(&str, Dialect); 4] = [
    ("Traefik", traefik),
    ("Envoy", envoy),
    ("Envoy 1.27", envoy_1_27),
    ("ingress-nginx", ingress_nginx),
];

fn example(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}

fn lines(request: &Request<'_>, is_sent: impl Fn(&str) -> bool) -> String {
    let sent = request.fields.iter().filter(|(name, _)| is_sent(&name.to_ascii_lowercase()));
    sent.map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

fn traefik(gate: &Gate, request: &Request<'_>) -> String {
    let file = example(include_str!("../../../conf/forward-auth/traefik.yaml"));
    let middleware = &file["http"]["middlewares"]["linkgate"]["forwardAuth"];
    let address = middleware["address"].as_str().expect("an address");
    let path = address.strip_prefix("http://127.0.0.1:8080").expect("the address of linkgate");
    let list = middleware["authRequestHeaders"].as_array().expect("a list");
    let is_sent = |name: &str| {
        list.iter().filter_map(Value::as_str).any(|one| one.eq_ignore_ascii_case(name))
    };
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{}X-Forwarded-For: {}\r\n\
         X-Forwarded-Method: {}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: {}\r\n\
         X-Forwarded-Uri: {}\r\nAccept-Encoding: gzip\r\n\r\n",
        gate.address,
        lines(request, is_sent),
        request.client,
        request.method,
        gate.host,
        request.uri,
    )
}

fn envoy(gate: &Gate, request: &Request<'_>) -> String {
    let file = example(include_str!("../../../conf/forward-auth/envoy.yaml"));
    let chain = &file["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
    let filter = &chain["typed_config"]["http_filters"][0]["typed_config"];
    let service = &filter["http_service"];
    let prefix = service["path_prefix"].as_str().expect("a prefix");
    let list = filter["allowed_headers"]["patterns"].as_array().expect("a list");
    let added = service["authorization_request"]["headers_to_add"].as_array().expect("a list");
    let is_added = |name: &str| added.iter().any(|one| one["key"] == name);
    let is_sent = |name: &str| !is_added(name) && list.iter().any(|one| one["exact"] == name);
    assert!(is_sent("x-forwarded-proto") && !is_sent("x-forwarded-for"));
    assert_eq!(filter["failure_mode_allow"], false);
    let added = added.iter().map(|one| {
        let (key, value) = (one["key"].as_str().expect("a name"), &one["value"]);
        assert_eq!(value, "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%");
        format!("{key}: {}\r\n", request.client)
    });
    format!(
        "{} {prefix}{} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nX-Forwarded-Proto: http\r\n\
         {}{}X-Envoy-Internal: true\r\n\r\n",
        request.method,
        request.uri,
        gate.host,
        lines(request, |name| name != "x-forwarded-proto" && is_sent(name)),
        added.collect::<String>(),
    )
}

fn envoy_1_27(gate: &Gate, request: &Request<'_>) -> String {
    let own = format!("X-Forwarded-For: {ENVOY}\r\nX-Envoy-Internal");
    envoy(gate, request).replace("X-Envoy-Internal", &own)
}

fn ingress_nginx(gate: &Gate, request: &Request<'_>) -> String {
    const OWN: [&str; 4] = ["upgrade", "connection", "x-forwarded-for", "x-real-ip"];
    let recipe = include_str!("../../../docs/forward-auth.md");
    let url = recipe.lines().find_map(|line| line.split_once("/auth-url: http://"));
    let (_, path) = url.and_then(|(_, url)| url.split_once('/')).expect("an auth-url");
    format!(
        "GET /{path} HTTP/1.1\r\nHost: linkgate.default.svc.cluster.local\r\n\
         X-Request-ID: 0123456789abcdef\r\nX-Original-URL: http://{}{}\r\nX-Original-Method: {}\r\n\
         X-Sent-From: nginx-ingress-controller\r\nX-Real-IP: {client}\r\n\
         X-Forwarded-For: {client}\r\nX-Auth-Request-Redirect: {}\r\n{}\r\n",
        gate.host,
        request.uri,
        request.method,
        request.uri,
        lines(request, |name| !OWN.contains(&name)),
        client = request.client,
    )
}

async fn gate(trusted: &str) -> Gate {
    let sites = "\n  - name: wiki\n    origin: $ORIGIN\n    upstream: none\n    \
                 allow: [\"@example.com\"]\n    cors_origins: [\"http://spa.localhost\"]\n    \
                 rules:\n      - { path: \"/public/**\", access: public }\n      \
                 - { path: \"/admin/**\", allow: [\"root@example.com\"] }\n      \
                 - { path: \"/closed/**\", access: deny }\n      \
                 - { path: \"/inside/**\", from: [203.0.113.0/24, 10.0.0.0/8], access: public }\n";
    Gate::with(Wishes { sites: sites.into(), trusted: trusted.into(), ..Wishes::default() }).await
}

async fn ask<'a>(
    gate: &Gate,
    dialect: Dialect,
    (method, uri): (&'a str, &'a str),
    fields: &[(&'a str, &'a str)],
) -> Answer {
    let request = Request { client: CLIENT, method, uri, fields: fields.to_vec() };
    let answer = raw(gate.address, dialect(gate, &request).as_bytes()).await;
    assert_ne!(answer.status, 0, "{method} {uri} {fields:?}");
    answer
}

fn cookie(browser: &Browser) -> String {
    browser.cookie_line().trim().strip_prefix("Cookie: ").expect("a cookie").to_owned()
}

async fn signed_in(gate: &Gate) -> String {
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    format!("theme=dark; {}", cookie(&browser))
}

#[tokio::test]
async fn who_is_signed_in_passes_with_every_header() {
    let gate = gate("[127.0.0.1]").await;
    let cookies = signed_in(&gate).await;
    for (name, dialect) in ALL {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
            let lies = [("Remote-User", "root"), ("Cookie", cookies.as_str())];
            let answer = ask(&gate, dialect, (method, "/a//b;c?d=%zz&e=1,2"), &lies).await;
            assert_eq!(answer.status, 200, "{name} {method} {answer:?}");
            assert_eq!(answer.all("remote-user"), [ANN], "{name}");
            assert_eq!(answer.all("remote-email"), [ANN], "{name}");
            assert_eq!(answer.all("remote-groups"), [""], "{name}");
            assert_eq!(answer.all("cookie"), ["theme=dark"], "{name}");
            assert_eq!(answer.header("x-linkgate-assertion").split('.').count(), 3, "{name}");
        }
        let answer = ask(&gate, dialect, ("GET", "/public/x"), &[("Remote-User", "root")]).await;
        assert_eq!(answer.status, 200, "{name}");
        for header in
            ["remote-user", "remote-email", "remote-groups", "x-linkgate-assertion", "cookie"]
        {
            assert_eq!(answer.all(header), [""], "{name} {header}: empty, so that it overwrites");
        }
        for target in ["/admin/x", "//admin/x", "/%61dmin/x", "/admin%2fx", "/admin;x/y"] {
            let answer = ask(&gate, dialect, ("GET", target), &[("Cookie", &cookies)]).await;
            assert_eq!(answer.status, 403, "{name} {target}");
        }
        for target in ["/x/../admin/x", "/public/%2e%2e/admin/x", "/x%00", "/x\\y", "/%zz"] {
            let answer = ask(&gate, dialect, ("GET", target), &[("Cookie", &cookies)]).await;
            assert_eq!(answer.status, 400, "{name} {target}");
        }
        let page = ask(&gate, dialect, ("GET", "/admin/x"), &[("Cookie", &cookies), HTML]).await;
        // What nginx makes of a 403 is its own affair; the others pass a page on.
        assert_eq!(page.text().contains("<html"), name != "ingress-nginx", "{name}");
    }
}

#[tokio::test]
async fn who_is_not_is_answered_in_the_way_that_the_proxy_understands() {
    let gate = gate("[127.0.0.1]").await;
    let place = format!("{}/.linkgate/sign-in?return_to=%2Fdocs%3Fx%3D1", gate.origin);
    for (name, dialect) in ALL {
        let answer = ask(&gate, dialect, ("GET", "/docs?x=1"), &[HTML]).await;
        if name == "ingress-nginx" {
            // Whatever is no 2xx, 401 or 403 is 500 there.
            assert_eq!((answer.status, answer.location()), (401, ""), "{name}");
            assert_eq!(answer.json()["sign_in_url"], place);
        } else {
            assert_eq!((answer.status, answer.location()), (303, &*place), "{name}");
        }
        let programs: [&[(&str, &str)]; 5] = [
            &[],
            &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty"), ("Accept", "*/*")],
            &[("X-Requested-With", "XMLHttpRequest"), HTML],
            &[("Accept", "text/event-stream")],
            // A 200, as gRPC would have it, would be a pass.
            &[("Content-Type", "application/grpc")],
        ];
        for fields in programs {
            let answer = ask(&gate, dialect, ("POST", "/docs?x=1"), fields).await;
            assert_eq!(answer.status, 401, "{name} {fields:?}");
            assert_eq!(answer.json()["sign_in_url"], place, "{name} {fields:?}");
        }
        let answer = ask(&gate, dialect, ("GET", "/closed/x"), &[HTML]).await;
        assert_eq!(answer.status, 403, "{name}: signing in would not help");
        let listed = [("Origin", "http://spa.localhost"), ("Accept", "*/*")];
        let answer = ask(&gate, dialect, ("GET", "/docs"), &listed).await;
        assert_eq!(answer.header("access-control-allow-origin"), "http://spa.localhost", "{name}");
        let preflight = [listed[0], ("Access-Control-Request-Method", "PUT")];
        let answer = ask(&gate, dialect, ("OPTIONS", "/docs"), &preflight).await;
        assert_eq!(answer.status, 401, "{name}: a 204 would be a pass");
    }
}

/// `Upgrade` is of the connection, so it is not in the question; the key is.
#[tokio::test]
async fn a_websocket_of_another_origin_is_known_by_its_key() {
    let gate = gate("[127.0.0.1]").await;
    let cookies = signed_in(&gate).await;
    for (name, dialect) in ALL {
        for (origin, expected) in
            [(gate.origin.as_str(), 200), ("http://evil.localhost", 403), ("null", 403)]
        {
            let fields = [
                ("Cookie", cookies.as_str()),
                ("Origin", origin),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ];
            let answer = ask(&gate, dialect, ("GET", "/socket"), &fields).await;
            assert_eq!(answer.status, expected, "{name} {origin}");
        }
    }
}

#[tokio::test]
async fn nobody_else_may_ask() {
    for trusted in ["[192.0.2.1]"] {
        let gate = gate(trusted).await;
        let cookies = signed_in(&gate).await;
        for (name, dialect) in ALL {
            let answer = ask(&gate, dialect, ("GET", "/public/x"), &[("Cookie", &cookies)]).await;
            // Asked at a host of its own, it is no site's.
            let expected = if name.starts_with("Envoy") { 401 } else { 421 };
            assert_eq!(answer.status, expected, "{name}");
            assert_eq!(answer.all("remote-user"), Vec::<&str>::new(), "{name}");
        }
    }
}

/// Rules with networks go by the address that the other proxy tells, never by its own, and never by
/// what the client says of itself.
#[tokio::test]
async fn rules_with_networks_look_at_the_client_and_not_at_the_proxy() {
    let gate = gate("[127.0.0.1]").await;
    let lies = [("X-Forwarded-For", "10.1.2.3"), ("X-Linkgate-Client", "10.1.2.3")];
    for (name, dialect) in ALL {
        for fields in [&[][..], &lies] {
            for (client, expected) in [(CLIENT, 401), ("203.0.113.7", 200)] {
                let (method, uri) = ("GET", "/inside/x");
                let request = Request { client, method, uri, fields: fields.to_vec() };
                let answer = raw(gate.address, dialect(&gate, &request).as_bytes()).await;
                assert_eq!(answer.status, expected, "{name} {client} {fields:?}");
            }
        }
    }
}

/// With another list of headers than that of our example, an Envoy that may put itself at the end.
#[tokio::test]
async fn what_envoy_says_in_x_forwarded_for_counts_where_its_last_entry_is_a_trusted_proxy() {
    let cases: [(&str, &[(&str, u16)]); 2] = [
        (
            "[127.0.0.1]",
            &[
                ("", 401),
                ("X-Forwarded-For: 10.9.8.7\r\n", 401),
                // The visitor has written the first entry, whichever Envoy it is.
                ("X-Forwarded-For: 203.0.113.7,198.51.100.9\r\n", 401),
                ("X-Forwarded-For: 203.0.113.7,198.51.100.9,10.9.8.7\r\n", 401),
                ("X-Forwarded-For: 203.0.113.7,10.9.8.7\r\n", 401),
                ("X-Linkgate-Client: 203.0.113.7\r\n", 200),
                ("X-Linkgate-Client: 2001:db8::1\r\n", 401),
                ("X-Linkgate-Client: 127.0.0.1\r\n", 401),
                ("X-Linkgate-Client: \r\n", 400),
                ("X-Linkgate-Client: 203.0.113.7, 203.0.113.7\r\n", 400),
                ("X-Linkgate-Client: 203.0.113.7\r\nX-Linkgate-Client: 203.0.113.7\r\n", 400),
            ],
        ),
        (
            "[127.0.0.1, 10.9.8.7]",
            &[
                ("X-Forwarded-For: 203.0.113.7,10.9.8.7\r\n", 200),
                ("X-Forwarded-For: 203.0.113.7,198.51.100.9,10.9.8.7\r\n", 401),
                ("X-Forwarded-For: 10.9.8.7\r\n", 401),
            ],
        ),
    ];
    for (trusted, cases) in cases {
        let gate = gate(trusted).await;
        for (says, expected) in cases {
            let request = format!(
                "GET /.linkgate/check/inside/x HTTP/1.1\r\nHost: {}\r\n\
                 X-Forwarded-Proto: http\r\n{says}\r\n",
                gate.host
            );
            let answer = raw(gate.address, request.as_bytes()).await;
            assert_eq!(answer.status, *expected, "{trusted} {says}");
        }
    }
}

/// nginx chooses its server by the host of the request line and tells the one in `Host`; the site of
/// that one lets everybody in.
#[tokio::test]
async fn a_question_that_names_its_site_is_about_no_other() {
    let sites = "\n  - { name: wiki, origin: $ORIGIN, upstream: none, allow: [everyone] }\n  \
                 - name: blog\n    origin: http://blog.localhost:$PORT\n    upstream: none\n    \
                 allow: [everyone]\n    rules: [{ path: \"/**\", access: public }]\n";
    let trusted = "[127.0.0.1]".into();
    let gate = Gate::with(Wishes { sites: sites.into(), trusted, ..Wishes::default() }).await;
    let blog = format!("blog.localhost:{}", gate.address.port());
    let request = Request { client: CLIENT, method: "GET", uri: "/secret", fields: vec![] };
    for (name, dialect) in [("Traefik", traefik as Dialect), ("ingress-nginx", ingress_nginx)] {
        let wiki = dialect(&gate, &request);
        assert_eq!(wiki.matches("/check?site=wiki HTTP").count(), 1, "{wiki}");
        let other = wiki.replace(&gate.host, &blog);
        for (question, pin, expected) in [
            (&wiki, "?site=wiki", 401),
            (&wiki, "?x=y&site=wiki&z", 401),
            (&wiki, "", 401),
            (&wiki, "?site=blog", 400),
            (&wiki, "?site=Wiki", 400),
            (&wiki, "?site=", 400),
            (&wiki, "?site", 400),
            (&wiki, "?site=wiki&site=wiki", 400),
            (&wiki, "?site=wiki&site=blog", 400),
            (&other, "?site=wiki", 400),
            (&other, "?site=blog", 200),
            (&other, "?site=%62log", 200),
            (&other, "?sites=wiki", 200),
            (&other, "", 200),
        ] {
            let question = question.replace("?site=wiki", pin);
            let answer = raw(gate.address, question.as_bytes()).await;
            assert_eq!(answer.status, expected, "{name} {question}");
        }
    }
}
