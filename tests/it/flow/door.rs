//! What happens to a request of a stranger.

use crate::support::client::raw;
use crate::support::gate::{Gate, Wishes};

#[tokio::test]
async fn each_kind_of_client_is_told_in_its_own_words() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    let page = browser.get("/a?b=c").await;
    assert_eq!(page.status, 303);
    assert_eq!(page.location(), "/.linkgate/sign-in?return_to=%2Fa%3Fb%3Dc");
    let sign_in_url = format!("{}/.linkgate/sign-in?return_to=%2Fa%3Fb%3Dc", gate.origin);
    let scripts: [&[(&str, &str)]; 4] = [
        &[("Sec-Fetch-Mode", "cors"), ("Accept", "*/*")],
        &[("X-Requested-With", "XMLHttpRequest"), ("Accept", "text/html")],
        &[("Accept", "application/json")],
        &[("Connection", "Upgrade"), ("Upgrade", "websocket")],
    ];
    for headers in scripts {
        let refused = browser.send("GET", "/a?b=c", headers, None).await;
        assert_eq!(refused.status, 401, "{headers:?}");
        assert_eq!(refused.header("content-type"), "application/problem+json", "{headers:?}");
        assert_eq!(refused.header("www-authenticate"), "Cookie realm=\"sign-in\"", "{headers:?}");
        let problem = refused.json();
        assert_eq!(problem["status"], 401);
        assert_eq!(problem["sign_in_url"], sign_in_url.as_str(), "{headers:?}");
        assert!(problem["reference"].as_str().is_some_and(|it| it.len() == 10));
        super::assert_ours(&refused);
    }
    let grpc = [("Content-Type", "application/grpc"), ("TE", "trailers")];
    let refused = browser.send("POST", "/pkg.Service/Call", &grpc, Some(b"")).await;
    assert_eq!((refused.status, refused.header("grpc-status")), (200, "16"));
    assert!(gate.upstream.seen().is_empty());
}

#[tokio::test]
async fn nothing_of_a_stranger_reaches_the_application() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let body = (!matches!(method, "GET" | "HEAD")).then_some(&b"secret body"[..]);
        for target in ["/", "/admin/x", "/a/b?c=d", "/public", "/publicx", "/.linkgatex"] {
            let headers = [("Remote-User", "root@example.com"), ("Accept", "text/html")];
            let answer = browser.send(method, target, &headers, body).await;
            assert!(matches!(answer.status, 303 | 401), "{method} {target}: {}", answer.status);
        }
    }
    for method in ["TRACE", "CONNECT"] {
        assert_eq!(browser.send(method, "/public/x", &[], None).await.status, 405, "{method}");
    }
    assert!(gate.upstream.seen().is_empty());
    assert_eq!(browser.get("/public/x").await.status, 200);
    assert_eq!(gate.upstream.seen().len(), 1, "the check above can fail");
}

#[tokio::test]
async fn only_a_listed_origin_may_read_that_somebody_must_sign_in() {
    let sites = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
                 allow: [everyone]\n    cors_origins: [\"https://spa.example.com\"]\n";
    let gate = Gate::with(Wishes { sites: sites.into(), ..Wishes::default() }).await;
    for (origin, allowed) in [
        ("https://spa.example.com", "https://spa.example.com"),
        ("https://evil.example", ""),
        ("https://spa.example.com.evil.example", ""),
        ("null", ""),
    ] {
        let headers = [("Origin", origin), ("Sec-Fetch-Mode", "cors"), ("Accept", "*/*")];
        let answer = gate.browser().send("GET", "/data", &headers, None).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin}");
        assert_eq!(answer.header("vary"), "Origin");
    }
}

#[tokio::test]
async fn a_stranger_is_never_sent_off_the_site() {
    let gate = Gate::start().await;
    for target in
        ["//evil.example/", "//evil.example/%2e%2e", "/%2F/evil.example", "///evil.example"]
    {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
            gate.host
        );
        let answer = raw(gate.address, request.as_bytes()).await;
        assert!(matches!(answer.status, 303 | 400), "{target}: {}", answer.status);
        let location = answer.location();
        assert!(answer.status == 400 || location.starts_with("/.linkgate/sign-in?"), "{location}");
    }
    for wish in
        ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
    {
        let mut browser = gate.browser();
        let landed = gate.sign_in(&mut browser, "ann@example.com", wish).await;
        assert_eq!((landed.status, landed.location()), (303, "/"), "{wish}");
    }
}

#[tokio::test]
async fn another_website_cannot_ask_or_sign_in() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let link = mail.link();
    let token = link.rsplit('/').next().expect("a token");
    let posts = [
        ("/.linkgate/sign-in".to_owned(), "email=ann%40example.com"),
        ("/.linkgate/resend".to_owned(), ""),
        ("/.linkgate/code".to_owned(), "code=WDJB-MJHT"),
        (format!("/.linkgate/link/{token}"), "email=ann%40example.com"),
        ("/.linkgate/sign-out".to_owned(), ""),
    ];
    for (target, body) in &posts {
        for says in
            [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("X-None", "1")]
        {
            let headers = [says, ("Content-Type", "application/x-www-form-urlencoded")];
            let answer = browser.send("POST", target, &headers, Some(body.as_bytes())).await;
            assert_eq!(answer.status, 403, "{target} {says:?}");
            assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
        }
    }
    assert_eq!(gate.mails().len(), 1);
    assert_eq!(browser.get(&link).await.status, 303, "nothing was spent");
}

#[tokio::test]
async fn the_link_is_built_from_the_configuration_and_never_from_the_host() {
    let sites = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
                 allow: [everyone]\n";
    let gate = Gate::with(Wishes { sites: sites.into(), ..Wishes::default() }).await;
    let mut browser = gate.browser();
    for host in ["evil.example", "app.localhost.evil.example", "evil.example:80", "app.localhost:1"]
    {
        browser.host = host.into();
        let answer = gate.ask(&mut browser, "ann@any.example", "/").await;
        assert_eq!(answer.status, 421, "{host}");
    }
    browser.host = gate.host.clone();
    let headers = [
        ("X-Forwarded-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let body = b"email=ann%40any.example";
    assert_eq!(browser.send("POST", "/.linkgate/sign-in", &headers, Some(body)).await.status, 303);
    let mail = gate.mail("ann@any.example", 1).await;
    assert!(mail.link().starts_with(&gate.origin));
    assert!(!mail.raw.contains("evil"));
}
