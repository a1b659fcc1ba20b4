//! Heads and bodies of HTTP/2 that are not the usual ones, by both ways.

use http::Method;

use super::http2::{ask, heard};
use super::requests::told;
use super::script::{Scripts, Then};
use super::{BOTH, Way, before};
use crate::attacks::frames::{Fate, Http2};
use crate::streams::grpc::connect;
use crate::support::gate::{Gate, Wishes};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What names somebody, in spellings that applications take for one.
const LIES: [&str; 24] = [
    "x-auth-request-user",
    "x_auth_request_user",
    "x.auth.request.email",
    "http_x_auth_request_user",
    "remote-user",
    "remote_user",
    "remoteuser",
    "x-remote-user",
    "x-forwarded-user",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x_forwarded_for",
    "forwarded",
    "x-real-ip",
    "x-original-url",
    "x-http-method-override",
    "x-linkgate-assertion",
    "x-linkgate-user",
    "x-request-id",
    "proxy-authorization",
    "client-cert",
    "http2-settings",
    "proxy-authenticate",
];

#[tokio::test]
async fn an_application_is_told_what_the_permit_proves_and_nothing_else() {
    let sites = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    identity_headers: x-auth-request
    rules: [{ path: "/public/**", access: public }]
"#;
    let gate = Gate::with(Wishes { sites: sites.into(), ..Wishes::default() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, "ann@example.com", "/").await;
    let token = format!("linkgate-session={}", ann.cookies["linkgate-session"]);
    let requests = connect(&gate).await;
    let cookies: [&[&str]; 5] = [
        &[],
        &[&token],
        &["a=1", &token, "b=2"],
        &["a=1; linkgate-device=x", "c=3", &token],
        &["", ";", &token, "linkgate-session2=y"],
    ];
    for (target, crumbs) in ["/public/x", "/x?a=b"].iter().flat_map(|it| cookies.map(|c| (*it, c)))
    {
        let is_signed_in = crumbs.contains(&&*token);
        if !is_signed_in && target == "/x?a=b" {
            continue;
        }
        let mut fields: Vec<_> = LIES.iter().map(|name| (*name, "liar")).collect();
        fields.extend([("te", "trailers"), ("host", &*gate.host), ("priority", "u=1")]);
        fields.extend(crumbs.iter().map(|crumb| ("cookie", *crumb)));
        let mut received = Vec::new();
        for way in BOTH {
            gate.upstream.forget();
            let asked = (Method::GET, target);
            let answer = heard(ask(&gate, &requests, way, asked, &fields).await).await;
            assert_eq!(answer.0, 200, "{way:?} {target} {crumbs:?}");
            let seen = gate.upstream.seen().remove(0);
            let users: &[&str] = if is_signed_in { &["ann@example.com"] } else { &[] };
            assert_eq!(seen.all("x-auth-request-user"), users, "{way:?} {crumbs:?}");
            assert!(seen.all("cookie").len() <= 1, "{:?}", seen.all("cookie"));
            received.push(seen);
        }
        let [short, long] = received.try_into().expect("two");
        let proof = |all: Vec<(String, String)>| -> Vec<_> {
            let is_new = |name: &str| name == "content-length" || name == "x-linkgate-assertion";
            all.into_iter().filter(|(name, _)| !is_new(name)).collect()
        };
        let (short, long) = (proof(told(&short)), proof(told(&long)));
        assert_eq!(short, long, "{target} {crumbs:?}");
        let all = format!("{short:?}");
        assert!(!all.contains("liar") && !all.contains(&token), "{all}");
        assert!(!all.contains("trailers") && !all.contains("linkgate-device"), "{all}");
    }
}

/// A GET may have a body, and trailers; neither of them is a head.
#[tokio::test]
async fn what_follows_a_head_does_not_become_one() {
    let gate = Gate::start().await;
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", &*gate.host),
        (":path", "/public/x"),
    ];
    let own = |fields: &[(&str, &str)]| -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let lies = own(&[("remote-user", "liar"), ("x-auth-request-user", "liar"), ("cookie", "liar")]);
    for (body, trailers) in [(&b"body"[..], &[][..]), (b"", &lies), (b"body", &lies)] {
        gate.upstream.forget();
        let mut http2 = Http2::open(gate.address).await;
        http2.request(&own(&fields), body, trailers).await;
        assert_eq!(http2.fate(1, PATIENCE).await, Fate::Status(200), "{body:?} {trailers:?}");
        let seen = gate.upstream.seen().remove(0);
        assert_eq!((&*seen.method, &*seen.target), ("GET", "/public/x"));
        let is_lie = |(_, value): &(String, String)| value.contains("liar");
        assert!(!seen.headers.iter().any(is_lie), "{:?}", seen.headers);
    }
    // Heads that name two hosts, or belong to another protocol, go nowhere.
    for more in [
        ("host", "elsewhere.example"),
        ("connection", "remote-user"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("keep-alive", "5"),
        ("proxy-connection", "x"),
        ("te", "gzip"),
        ("X-Upper", "case"),
    ] {
        gate.upstream.forget();
        let mut http2 = Http2::open(gate.address).await;
        let all = own(&[&fields[..], &[more]].concat());
        http2.request(&all, b"", &[]).await;
        let fate = http2.fate(1, PATIENCE).await;
        let seen = gate.upstream.seen();
        // Of `te` the application is told nothing, and that is all that it could do.
        let is_harmless = more.0 == "te" && seen.iter().all(|it| it.all("te").is_empty());
        let is_refused = matches!(fate, Fate::Refused | Fate::Status(400)) && seen.is_empty();
        assert!(is_refused || is_harmless, "{more:?}: {fate:?} {seen:?}");
    }
}

#[tokio::test]
async fn large_heads_and_odd_answers_reach_the_client_alike() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let scripts = Scripts::default();
    let many: String = (0..250).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let large = format!("X-Large: {}\r\n", "l".repeat(200_000));
    let answers = [
        format!("{OK}{many}Content-Length: 2\r\n\r\nok"),
        format!("{OK}{large}Content-Length: 2\r\n\r\nok"),
        format!("{OK}Content-Length: 2\r\n\r\nok and more than was said"),
        format!("{OK}Content-Length: 2, 2\r\n\r\nok"),
        format!("{OK}Connection: x-secret\r\nX-Secret: 1\r\nContent-Length: 2\r\n\r\nok"),
        format!("{OK}Upgrade: h2c\r\nTE: x\r\nContent-Length: 2\r\n\r\nok"),
        format!("{OK}X-Letters: \u{e9}\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\nok"),
        "HTTP/1.0 200 OK\r\n\r\nok".to_owned(),
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n".to_owned(),
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n{OK}Content-Length: 2\r\n\r\nok"
        ),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            .to_owned(),
        format!("{OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        format!("{OK}Content-Length: -2\r\n\r\nok"),
    ];
    let gate = before(scripts.play().await).await;
    let requests = connect(&gate).await;
    let mut differ = Vec::new();
    for answer in &answers {
        for method in [Method::GET, Method::HEAD] {
            let pieces = vec![answer.clone().into_bytes()];
            let target = scripts.add(pieces, Then::Close);
            let asked = (method.clone(), &*target);
            let short = heard(ask(&gate, &requests, Way::Short, asked.clone(), &[]).await).await;
            let long = heard(ask(&gate, &requests, Way::Long, asked, &[]).await).await;
            let (of, own) = (&answer[..answer.len().min(90)], |status| status == 502);
            if own(short.0) && own(long.0) {
                continue;
            }
            if short != long {
                differ.push(format!("{method} {of:?}: {short:?}, {long:?}"));
            }
            assert!(short.1.iter().all(|(name, _)| name != "x-secret" && name != "te"), "{of:?}");
        }
    }
    assert_eq!(differ, Vec::<String>::new());
}

#[tokio::test]
async fn a_hundred_streams_at_once_keep_apart() {
    let gate = Gate::start().await;
    let requests = connect(&gate).await;
    for round in 0..3 {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..100 {
            let way = BOTH[number % 2];
            let target = format!("/public/{round}-{number}");
            let answer = ask(&gate, &requests, way, (Method::GET, &target), &[]).await;
            all.spawn(async move { (target, heard(answer).await) });
        }
        while let Some(answer) = all.join_next().await {
            let (target, (status, _, content)) = answer.expect("no panic");
            assert_eq!(status, 200, "{target}");
            let own = format!("\"target\":\"{target}\"");
            assert!(content.is_some_and(|it| it.contains(&own)), "{target}");
        }
    }
}
