//! Scripts of other origins: what they may read of our answers, and the pre-flights before them.

use crate::support::client::Answer;
use crate::support::gate::{Gate, Wishes};

const SPA: (&str, &str) = ("Origin", "https://spa.example.com");
const PUT: (&str, &str) = ("Access-Control-Request-Method", "PUT");

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    cors_origins: ["https://spa.example.com"]
    rules:
      - { path: "/public/**", access: public }
      - { path: "/own/**", methods: [OPTIONS], access: public }
      - { path: "/closed/**", access: deny }
      - { path: "/half/**", methods: [DELETE], access: deny }
"#;

async fn gate() -> Gate {
    Gate::with(Wishes { sites: SITES.into(), ..Wishes::default() }).await
}

async fn options(gate: &Gate, target: &str, headers: &[(&str, &str)]) -> Answer {
    gate.browser().send("OPTIONS", target, headers, None).await
}

#[tokio::test]
async fn a_listed_origin_is_told_that_its_script_may_ask() {
    let gate = gate().await;
    let names = ("Access-Control-Request-Headers", "content-type, x-csrf-token");
    let answer = options(&gate, "/data?x=1", &[SPA, PUT, names]).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(answer.header("access-control-allow-origin"), SPA.1);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-methods"), "PUT");
    assert_eq!(answer.header("access-control-allow-headers"), names.1);
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert!(answer.header("vary").starts_with("Origin, Access-Control-Request-Method"));
    crate::flow::assert_ours(&answer);
    let bare = options(&gate, "/data", &[SPA, PUT]).await;
    assert_eq!(bare.all("access-control-allow-headers"), Vec::<&str>::new());
    assert!(gate.upstream.seen().is_empty(), "it is answered here");
    // The question that it announces is decided like any other.
    let put = gate.browser().send("PUT", "/data", &[SPA], Some(b"{}")).await;
    assert_eq!((put.status, put.header("access-control-allow-origin")), (401, SPA.1));
    let exposed = put.header("access-control-expose-headers");
    assert!(exposed.contains("grpc-status") && exposed.contains("retry-after"), "{exposed}");
}

#[tokio::test]
async fn nobody_else_gets_more_than_the_site_allows() {
    let gate = gate().await;
    let strangers: [&[(&str, &str)]; 12] = [
        &[PUT],
        &[SPA],
        &[("Origin", "https://evil.example"), PUT],
        &[("Origin", "null"), PUT],
        &[("Origin", "https://spa.example.com.evil.example"), PUT],
        &[("Origin", "HTTPS://SPA.example.com"), PUT],
        &[("Origin", "http://spa.example.com"), PUT],
        &[SPA, SPA, PUT],
        &[SPA, PUT, PUT],
        &[SPA, ("Access-Control-Request-Method", "TRACE")],
        &[SPA, ("Access-Control-Request-Method", "PUT, GET")],
        &[SPA, PUT, ("Access-Control-Request-Headers", "a: b")],
    ];
    for headers in strangers {
        let answer = options(&gate, "/data", headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.header("access-control-allow-methods"), "", "{headers:?}");
        assert!(answer.header("vary").contains("Origin"), "{headers:?}");
    }
    for (target, method, status) in
        [("/closed/x", "PUT", 403), ("/half/x", "DELETE", 401), ("/half/x", "PUT", 204)]
    {
        let headers = [SPA, ("Access-Control-Request-Method", method)];
        let answer = options(&gate, target, &headers).await;
        assert_eq!(answer.status, status, "{target} {method}: nobody could send it");
    }
    assert!(gate.upstream.seen().is_empty());
}

#[tokio::test]
async fn where_a_rule_lets_it_pass_the_application_answers() {
    let gate = gate().await;
    for target in ["/public/x", "/own/x"] {
        let answer = options(&gate, target, &[SPA, PUT]).await;
        assert_eq!((answer.status, answer.header("x-upstream")), (200, "1"), "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{target}");
    }
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let answer = browser.send("OPTIONS", "/data", &[SPA, PUT], None).await;
    assert_eq!(answer.header("x-upstream"), "1", "who is signed in asks the application");
    let refused = browser.send("GET", "/closed/x", &[SPA, ("Accept", "*/*")], None).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, SPA.1));
}

/// Refused at the door, whatever the rules say.
#[tokio::test]
async fn a_script_may_read_why_it_was_refused() {
    let sites = SITES.replace("    rules:", "    max_body: 1KiB\n    rules:")
        + &SITES
            .replace("name: app", "name: elsewhere")
            .replace("$UPSTREAM", "none")
            .replace("$ORIGIN", "http://elsewhere.localhost:$PORT");
    let trusted = "[192.0.2.1]".into();
    let gate = Gate::with(Wishes { sites, trusted, ..Wishes::default() }).await;
    let mut elsewhere = gate.browser();
    elsewhere.host = format!("elsewhere.localhost:{}", gate.address.port());
    let socket = [
        SPA,
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let large = vec![b'x'; 2000];
    let mut browser = gate.browser();
    for (answer, status) in [
        (browser.send("POST", "/public/x", &[SPA], Some(&large)).await, 413),
        (browser.send("GET", "/public/x", &socket, None).await, 403),
        (browser.send("GET", "/%2elinkgate/x", &[SPA], None).await, 404),
        (elsewhere.send("GET", "/public/x", &[SPA], None).await, 421),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), SPA.1, "{status}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true", "{status}");
        assert_eq!(answer.json()["status"], status, "{status}");
    }
    let strange = [("Origin", "https://evil.example")];
    let answer = browser.send("POST", "/public/x", &strange, Some(&large)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (413, ""));
    assert!(answer.header("vary").contains("Origin"));
    assert!(gate.upstream.seen().is_empty());
}

/// gRPC-Web in a browser reads the status from headers that it must be allowed to see.
#[tokio::test]
async fn grpc_says_which_of_the_two_it_is() {
    let gate = gate().await;
    let grpc = [("Content-Type", "application/grpc-web+proto"), SPA];
    let mut browser = gate.browser();
    let refused = browser.send("POST", "/pkg.Service/Call", &grpc, Some(b"")).await;
    assert_eq!((refused.status, refused.header("grpc-status")), (200, "16"));
    assert_eq!(refused.header("access-control-allow-origin"), SPA.1);
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let refused = browser.send("POST", "/closed/Call", &grpc, Some(b"")).await;
    assert_eq!((refused.status, refused.header("grpc-status")), (200, "7"));
    assert!(refused.header("access-control-expose-headers").contains("grpc-status"));
}
