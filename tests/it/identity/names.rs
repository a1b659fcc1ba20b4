//! Headers of the operator's choice.

use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules: [{ path: "/public/**", access: public }]
    identity_headers:
      user: X-WEBAUTH-USER
      groups: X-WEBAUTH-GROUPS
      name: Kunde
      groups_format: $FORMAT
      when_anonymous: $ANONYMOUS
    assertion: { header: X-JWT-Assertion }
    headers: { X-Proxy: linkgate, Accept-Encoding: identity }
"#;

async fn gate(format: &str, anonymous: &str) -> Gate {
    let extra = "groups: { admins: [\"ann@example.com\"], staff: [\"@example.com\"] }".to_owned();
    let sites = SITES.replace("$FORMAT", format).replace("$ANONYMOUS", anonymous);
    let trusted = "[127.0.0.1]".to_owned();
    Gate::with(Wishes { sites, extra, trusted, ..Wishes::default() }).await
}

const NAMES: [&str; 4] = ["X-WEBAUTH-USER", "X-WEBAUTH-GROUPS", "Kunde", "X-JWT-Assertion"];
const UNTOLD: [&str; 4] = ["remote-user", "remote-email", "remote-groups", "x-linkgate-assertion"];

#[tokio::test]
async fn the_application_is_told_under_its_own_names_and_no_others() {
    let gate = gate("comma", "absent").await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    // Names as they were configured: some applications care.
    browser.get("/x").await;
    let seen = gate.upstream.seen().pop().expect("a request");
    for (name, value) in [
        ("X-WEBAUTH-USER", "ann@example.com"),
        ("X-WEBAUTH-GROUPS", "admins,staff"),
        ("Kunde", "ann"),
        ("X-Proxy", "linkgate"),
        ("Accept-Encoding", "identity"),
    ] {
        let found: Vec<_> = seen.headers.iter().filter(|(key, _)| key == name).collect();
        assert_eq!(found.len(), 1, "{name}: {seen:?}");
        assert_eq!(found[0].1, value, "{name}");
    }
    assert_eq!(seen.header("x-jwt-assertion").split('.').count(), 3);
    for name in UNTOLD {
        assert_eq!(seen.all(name), Vec::<&str>::new(), "{name}");
    }
}

#[tokio::test]
async fn groups_are_written_as_the_application_reads_them() {
    for (format, expected) in [
        ("space", &["admins staff"][..]),
        ("json", &["[\"admins\",\"staff\"]"]),
        ("repeated", &["admins", "staff"]),
    ] {
        let gate = gate(format, "absent").await;
        let mut browser = gate.browser();
        gate.sign_in(&mut browser, "ann@example.com", "/").await;
        // The second request has what the first one has made.
        for _ in 0..2 {
            browser.get("/x").await;
            let seen = gate.upstream.seen().pop().expect("a request");
            assert_eq!(seen.all("x-webauth-groups"), expected, "{format}");
        }
    }
}

#[tokio::test]
async fn of_nobody_it_hears_nothing_or_empty_headers_as_it_likes() {
    for (anonymous, expected) in [("absent", &[][..]), ("empty", &[""])] {
        let gate = gate("comma", anonymous).await;
        gate.browser().get("/public/x").await;
        let seen = gate.upstream.seen().pop().expect("a request");
        for name in NAMES {
            assert_eq!(seen.all(name), expected, "{anonymous}: {name}");
        }
        assert_eq!(seen.all("x-proxy"), ["linkgate"], "constants are always there");
        assert_eq!(seen.all("accept-encoding"), ["identity"]);
    }
}

/// What the client says under these names is no more than a wish, whoever is signed in.
#[tokio::test]
async fn another_proxy_gets_the_same_names() {
    let gate = gate("repeated", "absent").await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let cookie = browser.cookie_line();
    let ask = async |path: &str, cookie: &str| {
        let mut asking = Browser::new(gate.address, &gate.host);
        let fields = [
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", &*gate.host),
            ("X-Forwarded-Uri", path),
            ("X-Webauth-User", "root"),
            ("Cookie", cookie),
        ];
        asking.send("GET", "/.linkgate/check", &fields, None).await
    };
    let answer = ask("/x", &cookie).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-webauth-user"), ["ann@example.com"]);
    assert_eq!(answer.all("x-webauth-groups"), ["admins", "staff"]);
    assert_eq!(answer.all("kunde"), ["ann"]);
    assert_eq!(answer.header("x-jwt-assertion").split('.').count(), 3);
    assert_eq!(answer.all("x-proxy"), Vec::<&str>::new(), "a constant is for the application");
    for name in UNTOLD {
        assert_eq!(answer.all(name), Vec::<&str>::new(), "{name}");
    }
    let answer = ask("/public/x", "a=b").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for name in NAMES {
        assert_eq!(
            answer.all(&name.to_ascii_lowercase()),
            [""],
            "{name}: empty, so that it overwrites"
        );
    }
}
