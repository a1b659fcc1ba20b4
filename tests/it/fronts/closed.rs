//! What must not get past another proxy: lies about who is there, odd paths, and anything while
//! linkgate or its store is away.

use std::net::Ipv4Addr;

use crate::support::client::{Answer, Browser, raw, raw_from};
use crate::support::eventually;
use crate::support::front::{Front, Make, over_every_front};
use crate::support::gate::Wishes;
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::upstream::Received;

const ANN: &str = "ann@example.com";

over_every_front!(
    nobody_can_say_who_he_is,
    odd_paths_do_not_get_past_a_rule,
    another_host_in_the_request_line_changes_nothing,
    a_client_is_known_by_its_own_address,
    without_the_store_nothing_passes,
    without_linkgate_nothing_passes,
    the_question_is_for_the_proxy_alone
);

/// Under these names applications look for the visitor.
const IDENTITY: [&str; 4] =
    ["remote-user", "remote-email", "remote-groups", "x-linkgate-assertion"];

/// Names that an application may fold to one of these.
fn spellings(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        name.to_ascii_uppercase(),
        name.replace('-', "_"),
        name.replacen('-', "_", 1),
        name.replace('-', "."),
        name.replace('-', "~"),
        name.to_ascii_uppercase().replace('-', "_"),
    ]
}

/// What an application that folds every sign would believe.
fn believed(received: &Received, name: &str) -> Vec<String> {
    let fold = |name: &str| name.to_ascii_lowercase().replace(['_', '.', '~'], "-");
    received
        .headers
        .iter()
        .filter(|(key, _)| fold(key) == name)
        .map(|(_, value)| value.clone())
        .filter(|value| !value.is_empty())
        .collect()
}

async fn nobody_can_say_who_he_is(make: Make) {
    let front = Front::start(make).await;
    let mut ann = front.signed_in(ANN).await;
    for name in IDENTITY {
        for spelling in spellings(name) {
            let lie = [(spelling.as_str(), "root@example.com"), (spelling.as_str(), "root")];
            let more = [&lie[..], &[("Connection", spelling.as_str())]].concat();
            for (browser, target) in [(&mut front.browser(), "/public/x"), (&mut ann, "/x")] {
                for headers in [&lie[..], &more[..]] {
                    front.gate.upstream.forget();
                    let answer = browser.send("GET", target, headers, None).await;
                    let seen = front.gate.upstream.seen();
                    // Whoever refuses such a name altogether is right, too.
                    if answer.status == 400 {
                        assert!(seen.is_empty());
                        continue;
                    }
                    assert_eq!(answer.status, 200, "{headers:?} {}", front.log());
                    let found = believed(&seen[0], name);
                    assert!(!found.iter().any(|it| it.contains("root")), "{headers:?}: {seen:?}");
                    let expected: &[&str] = match (target, name) {
                        ("/x", "remote-user" | "remote-email") => &[ANN],
                        _ => &[],
                    };
                    assert!(name == "x-linkgate-assertion" || found == expected, "{seen:?}");
                }
            }
        }
    }
}

async fn ask(front: &Front, browser: &Browser, target: &str) -> Answer {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nAccept: text/html\r\nConnection: close\r\n{}\r\n",
        front.host,
        browser.cookie_line()
    );
    raw(front.address, request.as_bytes()).await
}

/// `/admin` is for root alone and `/public` for everybody. How another proxy reads a path and how
/// we do may differ; what it forwards must be what was asked about.
async fn odd_paths_do_not_get_past_a_rule(make: Make) {
    let front = Front::start(make).await;
    let ann = front.signed_in(ANN).await;
    let stranger = front.browser();
    assert_eq!(ask(&front, &ann, "/admin/x").await.status, 403, "the plain one is denied");
    for target in [
        "//admin/x",
        "///admin/x",
        "/%61dmin/x",
        "/%2561dmin/x",
        "/ADMIN/x",
        "/admin;x/x",
        "/;/admin/x",
        "/admin%2fx",
        "/admin%2Fx",
        "/admin%252fx",
        "/%2fadmin/x",
        "/x/../admin/x",
        "/x/%2e%2e/admin/x",
        "/x/..;/admin/x",
        "/x%2f..%2fadmin/x",
        "/./admin/x",
        "/admin/./x",
        "/admin\\x",
        "/admin/x?/public/x",
        "/admin/x#/public/x",
        "/admin/x%00/public",
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "/public/..%2fadmin/x",
        "/public/%2e%2e%2fadmin/x",
        "/public/..;/admin/x",
        "/public\\..\\admin/x",
        "/public//../admin/x",
        "/.linkgate/../admin/x",
        "/.linkgate/assets/../../admin/x",
        "/.linkgate/..%2fadmin/x",
        "/.linkgate/%2e%2e/admin/x",
        "//.linkgate/../admin/x",
    ] {
        for browser in [&ann, &stranger] {
            let answer = ask(&front, browser, target).await;
            assert!(front.gate.upstream.seen().is_empty(), "{target}: {answer:?}");
            assert!(answer.status >= 300 || answer.status == 0, "{target}: {answer:?}");
        }
    }
    for target in ["//.linkgate/sign-in", "/%2elinkgate/sign-in", "/x/../.linkgate/sign-in"] {
        let answer = ask(&front, &ann, target).await;
        assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}");
        assert!(front.gate.upstream.seen().is_empty(), "{target}");
    }
    // What is honest goes on as it came.
    for target in ["/a%2Fb", "/a//b", "/a;b=c/d", "/100%25", "/a%20b?x=%zz&y=a,b", "/x?site=blog"] {
        front.gate.upstream.forget();
        assert_eq!(ask(&front, &ann, target).await.status, 200, "{target} {}", front.log());
        assert_eq!(front.gate.upstream.seen()[0].target, target);
    }
}

async fn another_host_in_the_request_line_changes_nothing(make: Make) {
    let front = Front::start(make).await;
    let plain = front.host.clone();
    for (line, host) in [
        (format!("http://{plain}/x"), "evil.localhost"),
        (format!("http://{plain}/public/../x"), &*plain),
        ("http://evil.localhost/x".to_owned(), &*plain),
        ("http://evil.localhost/public/x".to_owned(), "evil.localhost"),
        ("/x".to_owned(), "evil.localhost"),
    ] {
        let request = format!("GET {line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = raw(front.address, request.as_bytes()).await;
        let passed = front.gate.upstream.seen();
        assert!(passed.iter().all(|it| it.target == "/public/x"), "{line} {host}: {answer:?}");
        assert!(!answer.location().contains("evil"), "{line}: {answer:?}");
        front.gate.upstream.forget();
    }
}

/// Rules with networks look at the address that the other proxy sees, and at nothing that the client
/// says of itself. The other proxy asks from 127.0.0.1; its clients are elsewhere in 127.0.0.0/8.
async fn a_client_is_known_by_its_own_address(make: Make) {
    const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
    const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 2, 0, 1);
    let sites =
        "      - { path: \"/inside/**\", from: [10.0.0.0/8, 127.1.0.0/16], access: public }";
    let front = Front::with(make, Wishes { sites: sites.into(), ..Wishes::default() }, None).await;
    for lie in [
        "",
        "X-Forwarded-For: 10.1.2.3\r\n",
        "X-Forwarded-For: 127.1.0.1\r\n",
        "X-Forwarded-For: 10.1.2.3\r\nX-Forwarded-For: 10.1.2.3\r\n",
        "X_Forwarded_For: 10.1.2.3\r\n",
        "X-Forwarded-For: 10.1.2.3\r\nConnection: X-Forwarded-For\r\n",
        "X-Real-IP: 10.1.2.3\r\nX-Linkgate-Client: 10.1.2.3\r\n",
        // Nor does it shut anybody out.
        "X-Forwarded-For: 203.0.113.7\r\n",
        "X-Forwarded-For: unknown\r\n",
    ] {
        let request = format!("GET /inside/secret HTTP/1.1\r\nHost: {}\r\n{lie}\r\n", front.host);
        let stranger = raw_from(OUTSIDE, front.address, request.as_bytes()).await;
        // HAProxy leaves it to linkgate to refuse a `Connection` that names such a field.
        let refused = if lie.contains("Connection") { stranger.status } else { 401 };
        assert_eq!(stranger.status, refused, "{lie}: {stranger:?} {}", front.log());
        assert!(matches!(refused, 400 | 401), "{lie}: {stranger:?}");
        assert!(front.gate.upstream.seen().is_empty(), "{lie}");
        let insider = raw_from(INSIDE, front.address, request.as_bytes()).await;
        assert_eq!(insider.status, 200, "{lie}: {insider:?} {}", front.log());
        assert_eq!(front.gate.upstream.seen().len(), 1, "{lie}");
        front.gate.upstream.forget();
    }
}

async fn without_the_store_nothing_passes(make: Make) {
    let server = RedisServer::start().await;
    let store = format!("{{ redis: {{ url: {{ env: STORE }}, prefix: {} }} }}", fresh_prefix());
    let environment = vec![("STORE".to_owned(), server.url())];
    let wishes = Wishes { store, environment, ..Wishes::default() };
    let front = Front::with(make, wishes, None).await;
    let mut ann = front.signed_in(ANN).await;
    assert_eq!(ann.get("/x").await.status, 200);
    drop(server);
    let down = eventually("the lost store to be noticed", async || {
        let answer = ann.get("/x").await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert!(down.text().contains("<html"), "a person gets a page: {down:?}");
    front.gate.upstream.forget();
    assert_eq!(ann.send("GET", "/x", &[("Accept", "*/*")], None).await.status, 503);
    assert!(front.gate.upstream.seen().is_empty());
}

async fn without_linkgate_nothing_passes(make: Make) {
    let mut front = Front::start(make).await;
    let mut ann = front.signed_in(ANN).await;
    assert_eq!(ann.get("/x").await.status, 200);
    assert_eq!(front.browser().get("/public/x").await.status, 200);
    front.gate.upstream.forget();
    front.gate.kill();
    for target in ["/x", "/public/x", "/.linkgate/sign-in"] {
        let answer = ann.get(target).await;
        assert!((500..=504).contains(&answer.status), "{target}: {answer:?}");
    }
    assert!(front.gate.upstream.seen().is_empty());
}

/// Its answer holds the assertion, which is for the application.
async fn the_question_is_for_the_proxy_alone(make: Make) {
    let front = Front::start(make).await;
    let mut ann = front.signed_in(ANN).await;
    let question = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", front.host.as_str()),
        ("X-Forwarded-Uri", "/x"),
    ];
    let targets =
        ["/.linkgate/check", "/.linkgate/check?x", "/.linkgate/check/", "/.linkgate/check/x"];
    for target in targets {
        let answer = ann.send("GET", target, &question, None).await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.header("x-linkgate-assertion"), "");
    }
    // And what a client says of it changes nothing about its own request.
    for (name, value) in [question[3], ("X-Original-URL", "/public/x"), ("Forwarded", "host=x")] {
        let answer = front.browser().send("GET", "/x", &[(name, value)], None).await;
        assert!(matches!(answer.status, 303 | 400 | 401), "{name}: {answer:?}");
    }
    // Past the proxy there is nothing but the sign-in.
    let mut past = Browser::new(front.gate.address, &front.host);
    assert_eq!(past.get("/x").await.status, 303);
    past.cookies = ann.cookies.clone();
    for (browser, target) in
        [(&mut past, "/x"), (&mut Browser::new(front.gate.address, &front.host), "/public/x")]
    {
        let answer = browser.get(target).await;
        assert_eq!(answer.status, 421, "{target}");
        assert!(answer.text().contains("not reached this way"), "{}", answer.text());
        let told = browser.send("GET", target, &[("Accept", "application/json")], None).await;
        assert_eq!((told.status, told.json()["code"].as_str()), (421, Some("no_application")));
    }
    assert!(front.gate.upstream.seen().is_empty());
}
