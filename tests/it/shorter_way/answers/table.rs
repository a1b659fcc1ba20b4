//! Answers that come to their end.

use super::Expected::{Page, Whole};
use super::Then::{Close, Keep, Silence};
use super::{Row, Seen, Then, ask, row, try_all};
use crate::shorter_way::script::Scripts;
use crate::shorter_way::{BOTH, before};

const OK: &str = "HTTP/1.1 200 OK\r\n";
const LENGTH: &str = "Content-Length: 5\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
const HELLO: &str = "5\r\nhello\r\n0\r\n\r\n";
const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

/// A 200 whose content is `hello`, in whatever framing.
fn hello(fields: &str, content: &str, then: Then) -> Row {
    row(&format!("{OK}{fields}\r\n{content}"), then, Whole(200, "hello"))
}

#[tokio::test]
async fn each_framing_has_one_meaning() {
    let large: &'static str = Box::leak("x".repeat(300_000).into_boxed_str());
    let old = "HTTP/1.0 200 OK\r\n";
    try_all(vec![
        hello(LENGTH, "hello", Keep),
        hello("Content-Length: 005\r\n", "hello", Keep),
        hello(&LENGTH.repeat(2), "hello", Keep),
        hello("Content-Length: 5, 5\r\n", "hello", Keep),
        hello(&format!("{LENGTH}Connection: close\r\n"), "hello", Close),
        hello(LENGTH, "hellomore", Keep),
        hello(LENGTH, &format!("hello{EVIL}"), Keep),
        hello(CHUNKED, HELLO, Keep),
        hello(CHUNKED, "2\r\nhe\r\n3;x=\"y\"\r\nllo\r\n0\r\n\r\n", Keep),
        hello(CHUNKED, "005\r\nhello\r\n000\r\n\r\n", Keep),
        hello(CHUNKED, "5\r\nhello\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", Keep),
        hello(CHUNKED, "5  \r\nhello\r\n0  \r\n\r\n", Keep),
        hello(CHUNKED, &format!("{HELLO}{EVIL}"), Keep),
        hello("Transfer-Encoding: CHUNKED\r\n", HELLO, Keep),
        hello(&format!("{CHUNKED}Content-Length: 3\r\n"), HELLO, Keep),
        hello(&format!("{CHUNKED}Trailer: X-Sum\r\n"), "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", Keep),
        hello("", "hello", Close),
        hello("Connection: keep-alive\r\n", "hello", Close),
        row(&format!("{OK}Content-Length: 0\r\n\r\n"), Keep, Whole(200, "")),
        row(&format!("{OK}{CHUNKED}\r\n0\r\n\r\n"), Keep, Whole(200, "")),
        row(&format!("{OK}\r\n"), Close, Whole(200, "")),
        row(&format!("{old}{LENGTH}\r\nhello"), Close, Whole(200, "hello")),
        row(&format!("{old}\r\nhello"), Close, Whole(200, "hello")),
        row(
            &format!("{old}Connection: keep-alive\r\n{LENGTH}\r\nhello"),
            Keep,
            Whole(200, "hello"),
        ),
        row(
            &format!("{old}Connection: close, keep-alive\r\n{LENGTH}\r\nhello"),
            Close,
            Whole(200, "hello"),
        ),
        row(&format!("{OK}Content-Length: 300000\r\n\r\n{large}"), Keep, Whole(200, large)),
        row(&format!("{OK}{CHUNKED}\r\n493e0\r\n{large}\r\n0\r\n\r\n"), Keep, Whole(200, large)),
        row(&format!("{OK}\r\n{large}"), Close, Whole(200, large)),
    ])
    .await;
}

#[tokio::test]
async fn what_has_no_content_by_its_nature_has_none() {
    let head = |fields: &str| Row {
        method: "HEAD",
        ..row(&format!("{OK}{fields}\r\n"), Keep, Whole(200, ""))
    };
    try_all(vec![
        head("Content-Length: 9\r\n"),
        head("Content-Length: 0\r\n"),
        head(CHUNKED),
        head(""),
        row("HTTP/1.1 204 No Content\r\n\r\n", Keep, Whole(204, "")),
        row("HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\nhello", Keep, Whole(204, "")),
        row("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", Keep, Whole(304, "")),
        row("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Keep, Whole(304, "")),
        row(
            "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            Keep,
            Whole(302, ""),
        ),
        row("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", Keep, Whole(404, "hello")),
        row(
            "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
            Keep,
            Whole(503, ""),
        ),
        row("HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello", Keep, Whole(999, "hello")),
    ])
    .await;
}

#[tokio::test]
async fn what_comes_before_the_answer_is_not_the_answer() {
    let early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    let go = "HTTP/1.1 100 Continue\r\n\r\n";
    let evil = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: linkgate-session=x\r\nLink: </b>\r\n\r\n";
    let many = early.repeat(50);
    let rows = [go, early, &format!("{go}{early}{early}"), evil, &many];
    let rows = rows
        .map(|before| row(&format!("{before}{OK}{LENGTH}\r\nhello"), Keep, Whole(200, "hello")));
    // What was no answer yet is no reason to show no page.
    let broken = [
        row(early, Close, Page(502)),
        row(&format!("{early}garbage\r\n\r\n"), Close, Page(502)),
        row(early, Silence, Page(504)),
    ];
    try_all(rows.into_iter().chain(broken).collect()).await;
}

#[tokio::test]
async fn odd_heads_are_understood_alike() {
    let many = |count: usize| (0..count).map(|it| format!("X-{it}: {it}\r\n")).collect::<String>();
    let odd = |line: &str| hello(&format!("{LENGTH}{line}\r\n"), "hello", Keep);
    let line = |line: &str| row(&format!("{line}\r\n{LENGTH}\r\nhello"), Keep, Whole(200, "hello"));
    try_all(vec![
        odd("X-Folded: one\r\n two\r\n\tthree"),
        odd("X-Blank : x"),
        odd("X-Empty:\r\nx-UPPER:   y  "),
        odd("X_Odd.Name~!: x"),
        odd("X-Letters: \u{e9}\u{20ac}"),
        odd("X-A: 1\r\nX-B: 2\r\nx-a: 3"),
        odd(&format!("X-Long: {}", "x".repeat(100_000))),
        odd(many(250).trim_end()),
        line("HTTP/1.1 200"),
        line("HTTP/1.1 200 "),
        line("HTTP/1.1 200 Very fine"),
        line("\r\nHTTP/1.1 200 OK"),
        row("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", Keep, Whole(200, "hello")),
        row(&format!("{OK}{LENGTH}{}\r\nhello", many(300)), Close, Page(502)),
    ])
    .await;
}

/// What belongs to the connection of the application stays there, and our cookies are ours.
#[tokio::test]
async fn only_what_is_the_clients_reaches_the_client() {
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    let answer = format!(
        "{OK}{LENGTH}Connection: keep-alive, X-Hop, close\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nSet-Cookie: a=b\r\n\
         Set-Cookie: linkgate-session=x; Path=/\r\nSet-Cookie: =linkgate-session=x\r\n\
         Set-Cookie: \u{a0}LINKGATE-session=x\r\nset-cookie:__Host-linkgate-browser=\r\n\
         Set-Cookie: c=d\r\nX-Kept: 1\r\n\r\nhello"
    );
    let target = scripts.add(vec![answer.into_bytes()], Close);
    for way in BOTH {
        let Seen::Whole(200, _, fields, _) = ask(&gate, way, "GET", &target).await else {
            panic!("no answer")
        };
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let expected = [
            ("content-length", "5"),
            ("set-cookie", "a=b"),
            ("set-cookie", "c=d"),
            ("x-kept", "1"),
        ];
        assert_eq!(fields, expected, "{way:?}");
    }
}
