//! HTTP/2 by both ways: what the application receives, and what the client gets.

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{Method, Request};

use super::requests::told;
use super::script::{Scripts, Then};
use super::{BOTH, Way, before};
use crate::streams::grpc::connect;
use crate::support::app::{application, head};
use crate::support::gate::{Gate, Wishes};

/// A length leads to the long way, even if it is nothing.
pub(super) async fn ask(
    gate: &Gate,
    requests: &SendRequest<Bytes>,
    way: Way,
    (method, target): (Method, &str),
    fields: &[(&str, &str)],
) -> ResponseFuture {
    let mut request =
        Request::builder().method(method).uri(format!("http://{}{target}", gate.host));
    let long = (way == Way::Long).then_some(("content-length", "0"));
    for (name, value) in fields.iter().copied().chain(long) {
        request = request.header(name, value);
    }
    let mut requests = requests.clone().ready().await.expect("ready");
    requests.send_request(request.body(()).expect("a request"), true).expect("sent").0
}

/// Status, fields and content; the content is none where it broke off.
pub(super) async fn heard(answer: ResponseFuture) -> (u16, Vec<(String, String)>, Option<String>) {
    let (head, mut body) = answer.await.expect("an answer").into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = head.headers.iter().filter(|(name, _)| *name != "date");
    let mut fields: Vec<_> =
        fields.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    fields.sort();
    let mut content = Vec::new();
    while let Some(part) = body.data().await {
        let Ok(part) = part else { return (head.status.as_u16(), fields, None) };
        let _ = body.flow_control().release_capacity(part.len());
        content.extend_from_slice(&part);
    }
    let content = Some(String::from_utf8_lossy(&content).into_owned());
    (head.status.as_u16(), fields, content)
}

#[tokio::test]
async fn the_application_receives_the_same() {
    let gate = Gate::with(Wishes { trusted: "[127.0.0.1]".into(), ..Wishes::default() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, "ann@example.com", "/").await;
    let token = format!("linkgate-session={}", ann.cookies["linkgate-session"]);
    let heads: [&[(&str, &str)]; 4] = [
        &[],
        &[("x-a", "1"), ("x-b", "2"), ("x-a", "3"), ("accept", "*/*")],
        &[("remote-user", "liar"), ("x_auth_request_user", "liar"), ("x-linkgate-x", "liar")],
        &[("x-forwarded-for", "203.0.113.7"), ("x-forwarded-host", "liar"), ("te", "trailers")],
    ];
    let requests = connect(&gate).await;
    for head in heads {
        let mut fields = vec![("user-agent", "Test"), ("cookie", "a=b"), ("cookie", &*token)];
        fields.extend(head);
        let mut received = Vec::new();
        for way in BOTH {
            gate.upstream.forget();
            let asked = (Method::GET, "/x?a=b");
            let answer = heard(ask(&gate, &requests, way, asked, &fields).await).await;
            assert_eq!(answer.0, 200, "{answer:?}");
            received.push(gate.upstream.seen().remove(0));
        }
        let [short, long] = received.try_into().expect("two");
        // Pingora writes some names with capitals.
        let has = |all: &[(String, String)], name: &str| all.iter().any(|(it, _)| it == name);
        assert!(has(&short.headers, "host"), "{short:?}");
        assert!(has(&long.headers, "Host"), "{long:?}");
        let mut expected = told(&long);
        expected.retain(|(name, _)| name != "content-length");
        assert_eq!(told(&short), expected);
        assert_eq!((short.method, short.target), (long.method, long.target));
        assert!(expected.iter().all(|(_, value)| value != "liar" && !value.contains(&token)));
    }
}

#[tokio::test]
async fn the_client_gets_the_same() {
    let scripts = Scripts::default();
    let play = |text: &str, then| scripts.add(vec![text.as_bytes().to_vec()], then);
    let big = format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{}", "x".repeat(300_000));
    let targets = [
        play("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nSet-Cookie: a=b\r\n\r\nabc", Then::Keep),
        play(
            "HTTP/1.1 200 OK\r\nSet-Cookie: linkgate-session=x\r\nContent-Length: 0\r\n\r\n",
            Then::Keep,
        ),
        play(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: x\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            Then::Keep,
        ),
        play("HTTP/1.1 200 OK\r\n\r\nuntil the end", Then::Close),
        play("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", Then::Keep),
        play("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", Then::Keep),
        play(
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Then::Keep,
        ),
        play(&big, Then::Keep),
        play("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Then::Close),
        play("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", Then::Close),
    ];
    let pages = [
        (play("no answer at all\r\n\r\n", Then::Close), 502),
        (play("", Then::Close), 502),
        (play("", Then::Silence), 504),
    ];
    let gate = before(scripts.play().await).await;
    let requests = connect(&gate).await;
    for target in &targets {
        let get = (Method::GET, &**target);
        let short = heard(ask(&gate, &requests, Way::Short, get.clone(), &[]).await).await;
        let long = heard(ask(&gate, &requests, Way::Long, get, &[]).await).await;
        assert_eq!(short, long, "{target}");
        assert!(short.1.iter().all(|(_, value)| !value.contains("linkgate-session")));
    }
    let bare = (Method::HEAD, &*targets[0]);
    let short = heard(ask(&gate, &requests, Way::Short, bare, &[]).await).await;
    assert_eq!((short.0, short.2.as_deref()), (200, Some("")));
    for (target, status) in &pages {
        for way in BOTH {
            let got = heard(ask(&gate, &requests, way, (Method::GET, target), &[]).await).await;
            assert_eq!(got.0, *status, "{way:?} {target}");
        }
    }
    // Nothing of all this has harmed the connection.
    let last = ask(&gate, &requests, Way::Short, (Method::GET, "/public/fence"), &[]).await;
    assert_eq!(heard(last).await.2.as_deref(), Some("fence"));
}

#[tokio::test]
async fn whoever_goes_away_is_waited_for_no_more() {
    let (told, mut news) = tokio::sync::mpsc::unbounded_channel();
    let application = application(move |mut stream| {
        let told = told.clone();
        async move {
            while head(&mut stream).await.is_some() {
                let _ = told.send("came");
            }
            let _ = told.send("gone");
        }
    });
    let sites = format!(
        "\n  - name: app\n    origin: $ORIGIN\n    upstream: http://{}\n    \
         rules: [{{ path: \"/**\", access: public }}]\n",
        application.await
    );
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let requests = connect(&gate).await;
    let waiting = ask(&gate, &requests, Way::Short, (Method::GET, "/slow"), &[]).await;
    assert_eq!(news.recv().await, Some("came"));
    drop(waiting);
    assert_eq!(news.recv().await, Some("gone"));
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What comes to its end does, and what breaks off is no end.
#[tokio::test]
async fn a_break_is_no_end() {
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    let requests = connect(&gate).await;
    for (answer, then, whole) in [
        (format!("{OK}Content-Length: 5\r\n\r\nhello"), Then::Keep, true),
        (format!("{OK}Content-Length: 0\r\n\r\n"), Then::Keep, true),
        (format!("{CHUNKED}5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), Then::Keep, true),
        (format!("{OK}\r\nhello"), Then::Close, true),
        ("HTTP/1.1 204 No Content\r\nKeep-Alive: 5\r\n\r\n".into(), Then::Keep, true),
        (format!("{OK}Content-Length: 6\r\n\r\nhello"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\n"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\nx\r\n"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\n"), Then::Silence, false),
    ] {
        let target = scripts.add(vec![answer.clone().into_bytes()], then);
        for way in BOTH {
            let sent = ask(&gate, &requests, way, (Method::GET, &target), &[]).await;
            let head = sent.await.expect("a head");
            for name in ["connection", "keep-alive", "transfer-encoding"] {
                assert!(!head.headers().contains_key(name), "{way:?} {answer:?}");
            }
            let (mut body, mut is_whole) = (head.into_body(), true);
            while let Some(data) = body.data().await {
                match data {
                    Ok(data) => drop(body.flow_control().release_capacity(data.len())),
                    Err(_) => is_whole = false,
                }
                if !is_whole {
                    break;
                }
            }
            assert_eq!(is_whole, whole, "{way:?} {answer:?}");
        }
    }
}
