//! A visitor before another proxy, from the first request to the sign-out.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::app::{application, head};
use crate::support::client::{Answer, Browser, read_answer};
use crate::support::front::{Front, Make, over_every_front};
use crate::support::gate::Wishes;

const ANN: &str = "ann@example.com";
const DEEP: &str = "/reports/42;v=1/%E2%9C%93?tab=x&next=https%3A%2F%2Fa.example%2F&p=a%2Bb";

over_every_front!(
    a_stranger_becomes_a_signed_in_visitor,
    programs_are_told_in_their_own_words,
    a_websocket_goes_through,
    the_pre_flight_of_a_listed_origin,
    large_cookies_come_through,
    many_sites_and_long_return_urls_come_through
);

async fn a_stranger_becomes_a_signed_in_visitor(make: Make) {
    let front = Front::start(make).await;
    let mut browser = front.browser();
    browser.cookies.insert("theme".into(), "dark".into());
    let stopped = browser.get(DEEP).await;
    assert_eq!(stopped.status, 303, "{}", front.log());
    assert!(stopped.location().contains("/.linkgate/sign-in?return_to=%2Freports%2F42"));
    let form = browser.get(stopped.location()).await;
    assert_eq!(form.status, 200);
    let style = form.text();
    let style = style.split("href=\"").find(|it| it.starts_with("/.linkgate/assets/"));
    let style = style.and_then(|it| it.split('"').next()).expect("a style sheet");
    assert_eq!(browser.get(style).await.status, 200, "the pages' files come the same way");
    let landed = front.gate.sign_in(&mut browser, ANN, DEEP).await;
    assert_eq!((landed.status, landed.location()), (303, DEEP));
    let upstream = &front.gate.upstream;
    assert!(upstream.seen().is_empty(), "until now nothing reached the application");
    assert_eq!(browser.get(DEEP).await.status, 200, "{}", front.log());
    let seen = upstream.seen().pop().expect("a request");
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", DEEP));
    assert_eq!(seen.all("remote-user"), [ANN]);
    assert_eq!(seen.all("remote-email"), [ANN]);
    assert_eq!(seen.header("remote-groups"), "");
    assert_eq!(seen.header("x-linkgate-assertion").split('.').count(), 3);
    assert_eq!(seen.all("cookie"), ["theme=dark"], "our cookies stay here");
    // More than linkgate would take: it is asked without the body.
    let body = vec![b'x'; 100_000];
    let headers = [("Content-Type", "text/plain"), ("Sec-Fetch-Mode", "cors")];
    let posted = browser.send("POST", "/save", &headers, Some(&body)).await;
    assert_eq!(posted.status, 200, "{}", front.log());
    let seen = upstream.seen().pop().expect("a request");
    assert_eq!((seen.method.as_str(), seen.header("remote-user")), ("POST", ANN));
    assert!(seen.body.windows(body.len().min(50_000)).any(|part| part.iter().all(|&b| b == b'x')));
    let refused = browser.get("/admin/x").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains(ANN), "a page that says as whom");
    upstream.forget();
    let out = browser.post("/.linkgate/sign-out", &[]).await;
    assert_eq!(out.status, 303, "{}", out.text());
    assert_eq!(browser.get(DEEP).await.status, 303);
    assert!(upstream.seen().is_empty());
}

async fn programs_are_told_in_their_own_words(make: Make) {
    let front = Front::start(make).await;
    let mut browser = front.browser();
    let programs: [&[(&str, &str)]; 4] = [
        &[("Accept", "*/*")],
        &[("Sec-Fetch-Mode", "cors"), ("Accept", "*/*"), ("Sec-Fetch-Dest", "empty")],
        &[("X-Requested-With", "XMLHttpRequest"), ("Accept", "text/html")],
        &[("Accept", "text/event-stream"), ("Cache-Control", "no-cache")],
    ];
    for headers in programs {
        for (method, body) in [("GET", None), ("POST", Some(&b"{}"[..]))] {
            let answer = browser.send(method, "/data?x=1", headers, body).await;
            assert_eq!(answer.status, 401, "{method} {headers:?} {}", front.log());
            assert_eq!(answer.header("content-type"), "application/problem+json");
            let place =
                format!("http://{}/.linkgate/sign-in?return_to=%2Fdata%3Fx%3D1", front.host);
            assert_eq!(answer.json()["sign_in_url"], place);
        }
    }
    let form = [
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Dest", "document"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let posted = browser.send("POST", "/save", &form, Some(b"a=b")).await;
    assert_eq!(posted.status, 303);
    assert!(posted.location().ends_with("/.linkgate/sign-in?return_to=%2Fsave&lost=1"));
    let grpc = [("Content-Type", "application/grpc"), ("TE", "trailers")];
    let refused = browser.send("POST", "/pkg.Service/Call", &grpc, Some(b"")).await;
    match make {
        // It has linkgate's own answer.
        Make::Nginx | Make::Haproxy => {
            assert_eq!((refused.status, refused.header("grpc-status")), (200, "16"));
        }
        // A 200 would have been a pass.
        Make::Caddy => assert_eq!(refused.status, 401),
    }
    assert!(front.gate.upstream.seen().is_empty());
}

async fn echo(mut stream: TcpStream) {
    let Some(head) = head(&mut stream).await else { return };
    let is_socket = head.to_ascii_lowercase().contains("upgrade: websocket");
    assert!(is_socket && head.contains(ANN) && !head.contains("linkgate-session"), "{head}");
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                  Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    stream.write_all(switch.as_bytes()).await.expect("write");
    let (mut read, mut write) = stream.split();
    let _ = tokio::io::copy(&mut read, &mut write).await;
}

async fn open(front: &Front, browser: &Browser, origin: &str) -> (TcpStream, Answer) {
    let request = format!(
        "GET /socket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Origin: {origin}\r\n{}Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        front.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(front.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let answer = read_answer(&mut stream, false).await;
    (stream, answer)
}

async fn a_websocket_goes_through(make: Make) {
    let front = Front::with(make, Wishes::default(), Some(application(echo).await)).await;
    let own = format!("http://{}", front.host);
    let stranger = open(&front, &front.browser(), &own).await.1;
    assert_eq!(stranger.status, 401, "{}", front.log());
    let browser = front.signed_in(ANN).await;
    let (mut stream, answer) = open(&front, &browser, &own).await;
    assert_eq!(answer.status, 101, "{}", front.log());
    stream.write_all(b"there and back").await.expect("write");
    let mut back = [0; 14];
    stream.read_exact(&mut back).await.expect("an echo");
    assert_eq!(&back, b"there and back");
    // A page of a sibling has the visitor's cookie, too.
    for origin in ["http://evil.localhost", "null"] {
        let answer = open(&front, &browser, origin).await.1;
        assert_eq!(answer.status, 403, "{origin}");
    }
}

/// It carries no cookie. Where linkgate answers the visitor itself, it answers the pre-flight; where
/// another proxy passes on what it hears, a 2xx would be a pass.
async fn the_pre_flight_of_a_listed_origin(make: Make) {
    let cors = "    cors_origins: [\"http://spa.localhost\"]".to_owned();
    let front = Front::with(make, Wishes { sites: cors, ..Wishes::default() }, None).await;
    let ask = [
        ("Origin", "http://spa.localhost"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type"),
        ("Sec-Fetch-Mode", "cors"),
    ];
    let answer = front.browser().send("OPTIONS", "/data", &ask, None).await;
    assert_eq!(answer.status, if make == Make::Caddy { 401 } else { 204 }, "{}", front.log());
    assert_eq!(answer.header("access-control-allow-origin"), "http://spa.localhost");
    let refused = front.browser().send("PUT", "/data", &ask[..1], Some(b"{}")).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), "http://spa.localhost");
    assert!(front.gate.upstream.seen().is_empty());
}

/// They are in the request, in the question and in its answer; buffers must hold them.
async fn large_cookies_come_through(make: Make) {
    let front = Front::start(make).await;
    let mut browser = front.signed_in(ANN).await;
    for size in [3000, 7000] {
        let large = format!("large={}", "x".repeat(size));
        browser.cookies.insert("large".into(), "x".repeat(size));
        assert_eq!(browser.get("/x").await.status, 200, "{size} {}", front.log());
        let seen = front.gate.upstream.seen().pop().expect("a request");
        assert_eq!(seen.all("cookie"), [large]);
    }
}

/// The heads of our own answers, in buffers of the size that the files say.
async fn many_sites_and_long_return_urls_come_through(make: Make) {
    let site = |at: usize| {
        format!(
            "  - {{ name: other{at}, origin: \"https://other{at}.apps.example.com\", upstream: none, \
             allow: [\"@example.com\"] }}\n"
        )
    };
    let sites = (0..300).map(site).collect();
    let front = Front::with(make, Wishes { sites, ..Wishes::default() }, None).await;
    let mut browser = front.browser();
    let target = format!("/x?{}", "&".repeat(4000));
    let stopped = browser.get(&target).await;
    assert_eq!(stopped.status, 303, "{}", front.log());
    assert!(stopped.location().len() > 12_000, "{}", stopped.location());
    let form = browser.get(stopped.location()).await;
    assert_eq!(form.status, 200, "{}", front.log());
    assert!(form.text().contains(&target.replace('&', "&amp;")));
    let landed = front.gate.sign_in(&mut browser, ANN, &target).await;
    assert_eq!((landed.status, landed.location()), (303, &*target), "{}", front.log());
    let person = [("Sec-Fetch-User", "?1"), ("Accept", "text/html")];
    let on = browser.send("GET", stopped.location(), &person, None).await;
    assert_eq!((on.status, on.location()), (303, &*target), "{}", front.log());
    assert_eq!(browser.get(&target).await.status, 200, "{}", front.log());
}
