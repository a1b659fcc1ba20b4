//! Answers that are none, and answers that do not come to their end.

use super::Expected::{Broken, Differ, Page};
use super::Then::{Close, Keep, Silence};
use super::{row, try_all};

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn what_is_no_answer_is_a_page_of_ours() {
    let head = |fields: &str| row(&format!("{OK}{fields}\r\n\r\nhello"), Close, Page(502));
    let line = |line: &str| row(&format!("{line}\r\nContent-Length: 0\r\n\r\n"), Keep, Page(502));
    try_all(vec![
        row("", Close, Page(502)),
        row("HTTP/1.1 2", Close, Page(502)),
        row(&format!("{OK}Content-Le"), Close, Page(502)),
        row("SSH-2.0-OpenSSH\r\n", Silence, Page(502)),
        row("HTTP/2 200\r\n\r\n", Silence, Page(502)),
        row("HTTP/1.1 101 Odd\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", Silence, Page(502)),
        line("HTTP/1.1 099 Odd"),
        line("HTTP/1.1 20 Odd"),
        line("HTTP/1.1 2000 Odd"),
        head("X A: b"),
        head("X-A: b\0c"),
        head("no colon"),
        head("Content-Length: 5\r\nContent-Length: 6"),
        head("Content-Length: 5, 6"),
        head("Content-Length: +5"),
        head("Content-Length: -5"),
        head("Content-Length: 0x5"),
        head("Content-Length: five"),
        head("Content-Length: "),
        head("Content-Length: 99999999999999999999"),
    ])
    .await;
}

#[tokio::test]
async fn silence_is_a_page_of_ours_or_a_break() {
    try_all(vec![
        row("", Silence, Page(504)),
        row("HTTP/1.1 200 OK\r\nContent-Le", Silence, Page(504)),
        row(&format!("{OK}Content-Length: 6\r\n\r\nhello"), Silence, Broken(200)),
        row(&format!("{CHUNKED}5\r\nhello\r\n"), Silence, Broken(200)),
        row(&format!("{OK}\r\nhello"), Silence, Broken(200)),
    ])
    .await;
}

#[tokio::test]
async fn what_breaks_off_is_not_taken_for_whole() {
    let chunks = |content: &str| row(&format!("{CHUNKED}{content}"), Close, Broken(200));
    try_all(vec![
        row(&format!("{OK}Content-Length: 6\r\n\r\nhello"), Close, Broken(200)),
        chunks(""),
        chunks("5\r\nhel"),
        chunks("5\r\nhello\r\n"),
        chunks("5\r\nhello\r\n0\r\n"),
        chunks("5\r\nhelloo\r\n0\r\n\r\n"),
        chunks("5\nhello\n0\n\n"),
        chunks("x\r\nhello\r\n0\r\n\r\n"),
        chunks("5\r\nhello\r\n-1\r\n\r\n"),
        chunks("5\r\nhello\r\nffffffffffffffff\r\n"),
    ])
    .await;
}

#[tokio::test]
async fn where_the_ways_differ_there_is_a_reason() {
    let long = "x".repeat(300 * 1024);
    let coding = format!("{OK}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let lenient = "Pingora guesses where that ends";
    try_all(vec![
        row(
            &format!("{OK}Content-Length: 5\r\nX-Long: {long}\r\n\r\nhello"),
            Keep,
            Differ { why: "no browser takes a head of that size", short: 502, long: 200 },
        ),
        row(
            &coding,
            Keep,
            Differ { why: "a coding that nobody has asked for", short: 502, long: 200 },
        ),
        row(&format!("{CHUNKED}\r\n\r\n"), Close, Differ { why: lenient, short: 0, long: 200 }),
    ])
    .await;
}
