//! The same request by both ways: the application must receive the same.

use std::net::Ipv4Addr;

use super::{BOTH, Way};
use crate::support::client::{Browser, raw_from};
use crate::support::gate::{Gate, Wishes};
use crate::support::upstream::Received;

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules: [{ path: "/public/**", access: public }]
  - name: keep
    origin: "http://keep.localhost:$PORT"
    upstream: $UPSTREAM
    allow: ["@example.com"]
    odd_headers: keep
    identity_headers: x-auth-request
    rules: [{ path: "/public/**", access: public }]
  - name: told
    origin: "http://told.localhost:$PORT"
    upstream: $UPSTREAM
    allow: ["@example.com"]
    identity_headers: { user: Kunde, email: App-Mail, groups: App-Teams, when_anonymous: empty }
    assertion: { header: Z-Proof }
    headers: { Q: linkgate, Accept-Language: en }
    rules: [{ path: "/public/**", access: public }]
"#;

/// Another machine of ours, and one that is a trusted proxy.
const PEERS: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];

/// Names that say who somebody is, in spellings that are not all alike to everybody.
const NAMES: [&str; 34] = [
    "X-Auth-Request-User",
    "x_auth_request_user",
    "x.auth.request.user",
    "X-AUTH_Request-User",
    "x~auth~request~user",
    "x-auth-request-user!",
    "HTTP_X_AUTH_REQUEST_USER",
    "Remote-User",
    "remote_user",
    "RemoteUser",
    "http_remote_user",
    "X-Forwarded-User",
    "x_forwarded_proto",
    "X-Forwarded-Uri",
    "X-Forwarded-Prefix",
    "Forwarded",
    "X-Real-IP",
    "X-Original-URL",
    "X-Rewrite-URL",
    "CF-Access-Authenticated-User-Email",
    "X-Pomerium-Jwt-Assertion",
    "X-Amzn-Oidc-Identity",
    "X-WebAuth-User",
    "X-Linkgate-Assertion",
    "True-Client-IP",
    "X-Http-Method-Override",
    "X-Request-Id",
    "x--remote--user",
    "Proxy-Authorization",
    "X-Remote-Group",
    "Tailscale-User-Login",
    "OIDC-Claim-Email",
    "Client-Cert",
    "SSL-Client-S-DN",
];

/// Names that one of the sites sets, and that are nobody's elsewhere.
const TOLD: [&str; 6] = ["Kunde", "app_mail", "APP.TEAMS", "z-proof", "q", "accept_language"];

/// Fields that a client may send, and what else a line may look like.
fn heads(own: &str) -> Vec<String> {
    let mut heads = vec![
        String::new(),
        "Connection: keep-alive\r\n".into(),
        "X-A: 1\r\nx-b: 2\r\nX-a: 3\r\nX-A:\r\n".into(),
        "ACCEPT: text/html\r\nAccept: */*\r\nUSER-AGENT: Test\r\n".into(),
        "X-Odd!#$%&'*+.^`|~: 1\r\nX_Api_Key: mine\r\n_x: 1\r\n1: 2\r\n".into(),
        "X-Blank:\t  two  words \t\r\nX-Empty:\r\nX-Letters: \u{e9}\u{20ac}\r\n".into(),
        "Range: bytes=0-1\r\nIf-None-Match: \"x\"\r\nTE: trailers\r\nTrailer: X\r\n".into(),
        "Keep-Alive: 5\r\nProxy-Connection: x\r\nHTTP2-Settings: x\r\nPriority: u=1\r\n".into(),
        "Proxy-Authenticate: x\r\nX-Transfer-Encoding: x\r\nContent_Type: x\r\n".into(),
        "Authorization: Basic eDp5\r\nAuthorization: Other x\r\n".into(),
        "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n".into(),
        "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nx-forwarded-for: ::1\r\nX-FORWARDED-FOR:\r\n".into(),
        "Origin: http://elsewhere.example\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: cross-site\r\n"
            .into(),
        "Content-Type: text/plain\r\nAccept: text/event-stream\r\n".into(),
        format!("Cookie: a=b; {own}; c=d\r\ncookie: linkgate-device=x;; e\r\nCOOKIE:\r\n"),
        format!("Cookie: {own}\r\n"),
        "Cookie: ;;\r\nCookie_: linkgate-session=x\r\n".into(),
        "Cookie: \u{e9}=1; \"x=linkgate-session=y\"; linkgate-session2=z;=;a\r\n".into(),
    ];
    heads.push(NAMES.iter().map(|name| format!("{name}: liar\r\n")).collect());
    heads.push(TOLD.iter().map(|name| format!("{name}: odd\r\n")).collect());
    heads
}

pub(super) fn told(received: &Received) -> Vec<(String, String)> {
    let mut fields: Vec<_> = received
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| name != "x-request-id")
        .collect();
    // The order of one name's values counts, and no other.
    fields.sort_by(|left, right| left.0.cmp(&right.0));
    fields
}

struct Ask<'a> {
    peer: Ipv4Addr,
    method: &'a str,
    host: &'a str,
    target: &'a str,
    lines: &'a str,
}

impl Ask<'_> {
    /// What arrives by this way.
    async fn by(&self, gate: &Gate, way: Way) -> Received {
        let Self { peer, method, host, target, lines } = self;
        gate.upstream.forget();
        let head = way.head(method, host, target, lines);
        let answer = raw_from(*peer, gate.address, head.as_bytes()).await;
        assert_eq!(answer.status, 200, "{way:?} {head}: {}", answer.text());
        assert_eq!(answer.header("connection"), way.sign(), "{way:?} {head}");
        let mut seen = gate.upstream.seen();
        assert_eq!(seen.len(), 1, "{way:?} {head}");
        seen.remove(0)
    }

    async fn compare(&self, gate: &Gate) {
        let [short, long] = [self.by(gate, BOTH[0]).await, self.by(gate, BOTH[1]).await];
        let line = |received: &Received| (received.method.clone(), received.target.clone());
        assert_eq!(line(&short), line(&long));
        assert_eq!(told(&short), told(&long), "{} {} {}", self.host, self.target, self.lines);
        for received in [&short, &long] {
            assert_eq!(received.all("x-request-id").len(), 1, "{received:?}");
            for (name, value) in &received.headers {
                let is_kept = name.eq_ignore_ascii_case("cookie_");
                let is_lie = value == "liar" || value == "odd" && self.host.starts_with("told.");
                assert!(!is_lie, "{name}");
                let ours = |pair: &str| pair.trim().starts_with("linkgate-session=");
                assert!(is_kept || !value.split(';').any(ours), "{name}: {value}");
            }
        }
    }
}

async fn gate() -> Gate {
    let trusted = "[127.0.0.2]".into();
    Gate::with(Wishes { sites: SITES.into(), trusted, ..Wishes::default() }).await
}

async fn signed_in(gate: &Gate, site: &str) -> Browser {
    let mut browser = gate.browser();
    browser.host = browser.host.replace("app.", &format!("{site}."));
    let landed = gate.sign_in(&mut browser, "ann@example.com", "/x").await;
    assert_eq!(landed.status, 303, "{}", landed.text());
    browser
}

#[tokio::test]
async fn the_application_receives_the_same() {
    let gate = gate().await;
    for site in ["app", "keep", "told"] {
        let browser = signed_in(&gate, site).await;
        let own = format!("linkgate-session={}", browser.cookies["linkgate-session"]);
        let host = &*browser.host;
        for head in heads("linkgate-browser=mine") {
            for peer in PEERS {
                let lines = &*head;
                Ask { peer, method: "GET", host, target: "/public/x", lines }.compare(&gate).await;
            }
        }
        for head in heads(&own) {
            let lines =
                &*if head.contains(&own) { head } else { format!("{head}Cookie: {own}\r\n") };
            let peer = PEERS[usize::from(lines.contains("For"))];
            Ask { peer, method: "GET", host, target: "/x?a=b", lines }.compare(&gate).await;
        }
    }
}

#[tokio::test]
async fn targets_arrive_as_they_were_sent() {
    let gate = gate().await;
    let host = &*gate.host;
    let long = format!("/public/x?{}", "y=%20&".repeat(2000));
    let absolute = format!("http://{host}/public/y?z");
    let targets = [
        "/public/x",
        "/public/x?",
        "/public/x?a=b&a=c&%00=%0d%0a",
        "/public/%7Ex/%e2%82%ac/%25",
        "/public/x;y=z,!$&'()*+:@",
        "/public/x?a[]={}|^`",
        "/public/x[]{}|^",
        "/public/x?//../..//",
        &long,
        &absolute,
    ];
    for method in ["GET", "HEAD"] {
        for target in targets {
            Ask { peer: PEERS[0], method, host, target, lines: "" }.compare(&gate).await;
        }
    }
}

#[tokio::test]
async fn what_is_refused_by_one_way_is_refused_by_the_other() {
    let gate = gate().await;
    for target in
        ["/public/x?\"", "/public/x?<", "/public/>", "/public/`", "/public/%2e%2e/%", "/x\\"]
    {
        let ask = async |way: Way| {
            let head = way.head("GET", &gate.host, target, "");
            raw_from(PEERS[0], gate.address, head.as_bytes()).await.status
        };
        let [short, long] = [ask(Way::Short).await, ask(Way::Long).await];
        assert_eq!(short, long, "{target}");
    }
}

#[tokio::test]
async fn a_script_is_introduced_alike_and_keeps_its_token() {
    let gate = gate().await;
    for site in ["app", "keep", "told"] {
        let name = format!("backup-{site}");
        let arguments = ["tokens", "add", &name, "--site", site, "--expires", "90d"];
        let token = gate.operator(&arguments).done().trim().to_owned();
        let host = &*gate.host.replace("app.", &format!("{site}."));
        for lines in [
            format!("Authorization: Bearer {token}\r\n"),
            format!("AUTHORIZATION: bearer   {token}\r\nCookie: linkgate-session=x; a=b\r\n"),
        ] {
            let lines = &*lines;
            for method in ["GET", "HEAD"] {
                let ask = Ask { peer: PEERS[0], method, host, target: "/x", lines };
                ask.compare(&gate).await;
                assert_eq!(
                    ask.by(&gate, Way::Short).await.all("authorization"),
                    Vec::<&str>::new()
                );
            }
        }
    }
}
