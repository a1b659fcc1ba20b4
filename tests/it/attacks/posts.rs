//! Forms, JSON and links: who may send them, of what size, and what a machine's visit changes.

use super::scene::{
    self, ALICE, CAROL, HOST, Pending, SESSION, all_mails, assert_own_answer, browser, gate, wishes,
};
use crate::support::client::{Answer, raw};
use crate::support::gate::{Gate, Wishes};

const FORM: &str = "application/x-www-form-urlencoded";

struct Post<'a> {
    target: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a str,
}

async fn send(gate: &Gate, post: &Post<'_>) -> Answer {
    let Post { target, headers, body } = post;
    let mut head = format!("POST {target} HTTP/1.1\r\nHost: {HOST}\r\n");
    for (name, value) in *headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = body.len();
    let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
    let answer = raw(gate.address, request.as_bytes()).await;
    assert_own_answer(&answer, &format!("{target} {headers:?}"));
    answer
}

/// Every address that changes something, with a body that it would accept.
const CHANGES: &[(&str, &str, &str)] = &[
    ("/.linkgate/sign-in", FORM, "email=alice%40example.com"),
    ("/.linkgate/resend", FORM, ""),
    ("/.linkgate/code", FORM, "code=BCDFGHJK"),
    ("/.linkgate/link/x", FORM, "email=alice%40example.com"),
    ("/.linkgate/report/x", FORM, "email=alice%40example.com"),
    ("/.linkgate/sign-out", FORM, ""),
    ("/.linkgate/password", FORM, "email=alice%40example.com"),
    ("/.linkgate/api/password", "application/json", "{\"email\":\"alice@example.com\"}"),
    ("/.linkgate/api/sign-in", "application/json", "{\"email\":\"alice@example.com\"}"),
    ("/.linkgate/api/verify", "application/json", "{\"code\":\"BCDFGHJK\"}"),
];

#[tokio::test]
async fn what_another_website_caused_changes_nothing() {
    let gate = gate().await;
    for (target, kind, body) in CHANGES {
        for from in [
            &[][..],
            &[("Origin", "null")],
            &[("Origin", "https://evil.test")],
            &[("Origin", "https://app.example.com.evil.test")],
            &[("Origin", "https://auth.example.com")],
            &[("Origin", "http://app.example.com")],
            &[("Origin", "https://app.example.com:8443")],
            &[("Origin", "")],
            &[("Origin", "https://app.example.com"), ("Origin", "https://evil.test")],
            &[("Origin", "https://evil.test"), ("Referer", "https://app.example.com/")],
            &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://app.example.com")],
            &[("Sec-Fetch-Site", "same-site"), ("Origin", "https://app.example.com")],
            &[("Sec-Fetch-Site", "SAME-ORIGIN")],
            &[("Sec-Fetch-Site", "same-origin, cross-site")],
            &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        ] {
            let headers = [from, &[("Content-Type", *kind)]].concat();
            let answer = send(&gate, &Post { target, headers: &headers, body }).await;
            assert_eq!(answer.status, 403, "{target}: {from:?}");
            assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{target}: {from:?}");
        }
    }
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("{SESSION}={session}");
    let headers =
        [("Origin", "https://evil.test"), ("Content-Type", FORM), ("Cookie", cookie.as_str())];
    let out = Post { target: "/.linkgate/sign-out", headers: &headers, body: "" };
    assert_eq!(send(&gate, &out).await.status, 403);
    let request = format!("GET /app HTTP/1.1\r\nHost: {HOST}\r\nCookie: {cookie}\r\n\r\n");
    assert_eq!(raw(gate.address, request.as_bytes()).await.status, 200, "still signed in");
    let mails = all_mails(&gate).await;
    assert_eq!(mails.iter().filter(|mail| mail.to == ALICE).count(), 1, "that of the sign-in");
}

#[tokio::test]
async fn bodies_of_another_kind_are_not_guessed_at() {
    let gate = gate().await;
    let own = ("Origin", "https://app.example.com");
    for (target, kind, body) in CHANGES {
        for other in [
            "",
            "text/plain",
            "application/json5",
            "application/x-www-form-urlencoded-x",
            "multipart/form-data; boundary=b",
            "application/xml",
            "*/*",
            if *kind == FORM { "application/json" } else { FORM },
        ] {
            let headers = [own, ("Content-Type", other)];
            let answer = send(&gate, &Post { target, headers: &headers, body }).await;
            assert_eq!(answer.status, 415, "{target}: {other}");
        }
        for headers in [
            &[own][..],
            &[own, ("Content-Type", kind), ("Content-Type", kind)],
            &[own, ("Content-Type", kind), ("Content-Encoding", "gzip")],
        ] {
            let answer = send(&gate, &Post { target, headers, body }).await;
            assert_eq!(answer.status, 415, "{target}: {headers:?}");
        }
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"alice@example.com\"",
        "{\"email\":[\"alice@example.com\"]}",
        "{\"email\":\"alice@example.com\",\"email\":\"evil@evil.test\"}",
        "{\"email\":\"alice@example.com\",\"cc\":\"evil@evil.test\"}",
        "{\"email\":{\"a\":1}}",
        "{\"email\":\"evil@evil.test,alice@example.com\"}",
        "{\"email\":\"alice@example.com\\r\\nBcc: evil@evil.test\"}",
        "{\"email\":\"\\u0000\"}",
        &"[".repeat(10_000),
    ] {
        let headers = [own, ("Content-Type", "application/json")];
        let target = "/.linkgate/api/sign-in";
        let answer = send(&gate, &Post { target, headers: &headers, body }).await;
        assert_eq!(answer.status, 422, "{body}");
    }
    let mails = all_mails(&gate).await;
    assert!(mails.iter().all(|mail| mail.to == CAROL), "{mails:?}");
}

#[tokio::test]
async fn large_bodies_are_refused_before_they_are_read() {
    let gate = gate().await;
    let head = |target: &str, kind: &str, framing: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://app.example.com\r\n\
             Content-Type: {kind}\r\n{framing}\r\n\r\n"
        )
    };
    for (target, kind, _) in CHANGES {
        for length in ["16385", "104857600", "999999999999999999"] {
            let framing = format!("Content-Length: {length}");
            let answer = raw(gate.address, head(target, kind, &framing).as_bytes()).await;
            assert_eq!(answer.status, 413, "{target}: {length}");
            assert_own_answer(&answer, target);
        }
        let chunk = format!("4000\r\n{}\r\n", "a".repeat(0x4000));
        let begun = head(target, kind, "Transfer-Encoding: chunked") + &chunk + &chunk;
        let answer = raw(gate.address, begun.as_bytes()).await;
        assert_eq!(answer.status, 413, "{target}: chunks without end");
    }
    let fields = "a=b&".repeat(4000);
    let post = Post {
        target: "/.linkgate/sign-in",
        headers: &[("Origin", "https://app.example.com"), ("Content-Type", FORM)],
        body: &fields,
    };
    assert_eq!(send(&gate, &post).await.status, 400, "4,000 fields");
}

#[tokio::test]
async fn no_method_does_more_than_its_address_offers() {
    let gate = gate().await;
    let mut browser = browser(&gate);
    for (target, _, _) in CHANGES {
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "FROB"] {
            let own = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", FORM)];
            let answer =
                browser.send(method, target, &own, Some(b"email=alice%40example.com")).await;
            assert_eq!(answer.status, 405, "{method} {target}");
            assert_own_answer(&answer, target);
        }
        for method in ["TRACE", "CONNECT"] {
            assert_eq!(browser.send(method, target, &[], None).await.status, 405, "{method}");
        }
        // Another word for POST is not one (Rails, Symfony).
        let lie = [("X-HTTP-Method-Override", "POST"), ("Sec-Fetch-Site", "same-origin")];
        let answer = browser.send("GET", target, &lie, None).await;
        assert!(matches!(answer.status, 200 | 404 | 405), "{target}: {}", answer.status);
    }
    assert!(browser.cookies.is_empty(), "{browser:?}");
}

/// What scanners, previews and prefetching browsers send, from the very browser that asked: even
/// there nothing is spent.
#[tokio::test]
async fn a_visit_that_nobody_made_spends_no_link() {
    let gate = gate().await;
    for (method, headers) in [
        ("HEAD", &[][..]),
        ("OPTIONS", &[]),
        ("PUT", &[]),
        ("DELETE", &[]),
        ("GET", &[("Sec-Purpose", "prefetch")]),
        ("GET", &[("Sec-Purpose", "prefetch;prerender")]),
        ("GET", &[("Sec-Purpose", "prefetch;anonymous-client-ip")]),
        ("GET", &[("Purpose", "prefetch")]),
        ("GET", &[("X-Moz", "prefetch")]),
        ("GET", &[("X-Purpose", "preview")]),
        ("GET", &[("Purpose", "Prefetch"), ("Purpose", "x")]),
    ] {
        let mut pending = Pending::ask(&gate, CAROL).await;
        let of = format!("{method} {headers:?}");
        let target = format!("/.linkgate/link/{}", pending.token);
        let answer = pending.browser.send(method, &target, headers, None).await;
        assert!(matches!(answer.status, 200 | 405), "{of}: {}", answer.status);
        assert!(!pending.browser.cookies.contains_key(SESSION), "{of}");
        assert_own_answer(&answer, &of);
        pending.assert_unspent(&of).await;
    }
}

async fn ask_from(gate: &Gate, headers: &[(&str, &str)]) -> u16 {
    let own = [("Origin", "https://app.example.com"), ("Content-Type", FORM)];
    let headers = [&own[..], headers].concat();
    let body = "email=alice%40example.com";
    send(gate, &Post { target: "/.linkgate/sign-in", headers: &headers, body }).await.status
}

fn limited(trusted: &str) -> Wishes {
    let sign_in = "limits: { email: 1000/1h, ip: 3/1h }".into();
    Wishes { sign_in, trusted: trusted.into(), ..wishes() }
}

#[tokio::test]
async fn nobody_gets_a_fresh_limit_by_claiming_an_address() {
    let gate = Gate::with(limited("[]")).await;
    for _ in 0..3 {
        assert_eq!(ask_from(&gate, &[]).await, 303);
    }
    for name in [
        "X-Forwarded-For",
        "X-Real-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "Fastly-Client-IP",
        "X-Forwarded",
        "Forwarded",
        "Client-IP",
    ] {
        for value in ["1.2.3.4", "for=1.2.3.4", "127.0.0.1", "::1", "1.2.3.4, 127.0.0.1"] {
            assert_eq!(ask_from(&gate, &[(name, value)]).await, 429, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_right_most_stranger_is_counted() {
    let gate = Gate::with(limited("[\"127.0.0.1\", \"10.0.0.0/8\"]")).await;
    for lie in ["6.6.6.1", "6.6.6.2", "6.6.6.3"] {
        let chain = format!("{lie}, 203.0.113.7, 10.0.0.9");
        assert_eq!(ask_from(&gate, &[("X-Forwarded-For", &chain)]).await, 303, "{lie}");
    }
    for chain in
        ["203.0.113.7", "9.9.9.9, 203.0.113.7", "x, 203.0.113.7, 10.1.2.3", "203.0.113.7:4711"]
    {
        assert_eq!(ask_from(&gate, &[("X-Forwarded-For", chain)]).await, 429, "{chain}");
    }
    assert_eq!(ask_from(&gate, &[("X-Forwarded-For", "203.0.113.8")]).await, 303);
    let two = [("X-Forwarded-For", "203.0.113.8"), ("X-Forwarded-For", "203.0.113.7")];
    assert_eq!(ask_from(&gate, &two).await, 429, "lines are one list");
}

/// CVE-2026-40575 and every password reset before it: the link is built from the configuration.
#[tokio::test]
async fn no_header_changes_where_the_link_leads() {
    for trusted in ["[]", "[\"127.0.0.1\"]"] {
        let gate = Gate::with(Wishes { trusted: trusted.into(), ..wishes() }).await;
        let lies = [
            ("X-Forwarded-Host", "evil.test"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Port", "8443"),
            ("X-Forwarded-Prefix", "/evil"),
            ("X-Forwarded-Server", "evil.test"),
            ("X-Host", "evil.test"),
            ("X-Original-Host", "evil.test"),
            ("X-HTTP-Host-Override", "evil.test"),
            ("Forwarded", "host=evil.test;proto=http"),
            ("Referer", "https://evil.test/"),
        ];
        assert_eq!(ask_from(&gate, &lies).await, 303);
        let mail = gate.mail(ALICE, 1).await;
        assert!(mail.link().starts_with("https://app.example.com/.linkgate/link/"));
        assert!(!mail.raw.contains("evil"), "{}", mail.raw);
        for host in ["evil.test", "app.example.com.evil.test", "example.org", "127.0.0.1", "[::1]"]
        {
            let request = format!(
                "POST /.linkgate/sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\n\
                 Content-Type: {FORM}\r\nContent-Length: 23\r\n\r\nemail=alice@example.com"
            );
            let answer = raw(gate.address, request.as_bytes()).await;
            assert_eq!(answer.status, 421, "{host}");
            assert_own_answer(&answer, host);
        }
        assert_eq!(all_mails(&gate).await.iter().filter(|mail| mail.to != CAROL).count(), 1);
    }
}
