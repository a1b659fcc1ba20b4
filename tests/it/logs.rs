//! What the log says, and above all what it does not.

use std::collections::HashSet;

use serde_json::Value;

use crate::flow::{SESSION, signed_in_as};
use crate::support::client::Browser;
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes};
use crate::support::redis::RedisServer;
use crate::support::smtp::{Relay, Script};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const REDIS_PASSWORD: &str = "redis-pass-2718281828";
const SMTP_PASSWORD: &str = "smtp-pass-3141592653";

/// A whole flow with everything that has a secret; returns the secrets.
async fn flow(gate: &Gate, relay: &Relay) -> Vec<String> {
    let mut secrets = Vec::new();
    let (mut browser, mut other) = (gate.browser(), gate.browser());
    browser.get("/deep?token=querysecret1").await;
    browser.get("/.linkgate/sign-in?return_to=%2Fdeep%3Ftoken%3Dquerysecret2").await;
    gate.ask(&mut browser, "not an address querysecret3", "/").await;
    gate.ask(&mut browser, ANN, "/deep?token=querysecret4").await;
    gate.ask(&mut gate.browser(), "stranger@elsewhere.example", "/").await;
    let mail = Mail::parse(relay.message(1).await.data);
    keep(&mut secrets, &browser, &mail);
    browser.post("/.linkgate/code", &[("code", "BBBB-BBBB")]).await;
    other.get(&mail.link()).await;
    other.get(&format!("{}?email=querysecret5", mail.link())).await;
    other.post(&mail.link(), &[("email", "eve@example.com")]).await;
    other.post(&mail.link(), &[("email", ANN)]).await;
    keep(&mut secrets, &other, &mail);
    browser.post("/.linkgate/code", &[("code", &mail.code())]).await;
    keep(&mut secrets, &browser, &mail);
    browser.get("/.linkgate/link/forged-querysecret6").await;
    assert_eq!(signed_in_as(gate, &mut browser).await.as_deref(), Some(ANN));
    other.get(&mail.report()).await;
    other.post(&mail.report(), &[("email", ANN)]).await;
    secrets.push(gate.upstream.seen()[0].header("x-linkgate-assertion").to_owned());
    browser.get("/.linkgate/account").await;
    let body = serde_json::json!({ "token": "querysecret7" });
    browser.json("POST", "/.linkgate/api/verify", &body).await;
    browser.send("GET", "/bad\\path?querysecret8", &[], None).await;
    browser.post("/.linkgate/sign-out", &[]).await;
    passwords(gate, relay, &mut browser).await;
    for part in ["querysecret", REDIS_PASSWORD, SMTP_PASSWORD, "@example.com", "@elsewhere"] {
        secrets.push(part.to_owned());
    }
    secrets
}

/// A password is asked for, chosen and used, wrong and right.
async fn passwords(gate: &Gate, relay: &Relay, browser: &mut Browser) {
    let typed = |text| [("email", "pat@example.com"), ("password", text)];
    browser.post("/.linkgate/password", &[("email", "pat@example.com")]).await;
    let mail = loop {
        let count = relay.messages().len();
        if let Some(mail) = relay.messages().into_iter().find(|it| it.to == ["pat@example.com"]) {
            break Mail::parse(mail.data);
        }
        relay.message(count + 1).await;
    };
    browser.get(&mail.link()).await;
    browser.post(&mail.link(), &typed("querysecret")).await;
    browser.post("/.linkgate/code", &[("code", "BBBB-BBBB"), ("password", "querysecret")]).await;
    browser.post(&mail.link(), &typed("querysecret9 pickle mosaic velvet")).await;
    browser.post("/.linkgate/sign-out", &[]).await;
    browser.post("/.linkgate/sign-in", &typed("querysecret10 is another one")).await;
    let entered =
        browser.post("/.linkgate/sign-in", &typed("querysecret9 pickle mosaic velvet")).await;
    assert_eq!((entered.status, entered.location()), (303, "/"), "{}", entered.text());
    assert_eq!(signed_in_as(gate, browser).await.as_deref(), Some("pat@example.com"));
}

fn keep(secrets: &mut Vec<String>, browser: &Browser, mail: &Mail) {
    secrets.extend(browser.cookies.values().cloned());
    for link in [mail.link(), mail.report()] {
        secrets.push(link.rsplit('/').next().expect("a token").to_owned());
    }
    secrets.push(mail.code());
    secrets.push(mail.code().replace('-', ""));
}

async fn gate(format: &str, relay: &Relay) -> (Gate, RedisServer) {
    let server = RedisServer::start().await;
    let mut connection = server.connection().await.expect("a connection");
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("requirepass").arg(REDIS_PASSWORD);
    let done: String = set.query_async(&mut connection).await.expect("a password is set");
    assert_eq!(done, "OK");
    let mut wishes =
        Kind::at(&format!("redis://:{REDIS_PASSWORD}@127.0.0.1:{}", server.port())).wishes();
    wishes.environment.push(("LINKGATE_TEST_SMTP".into(), SMTP_PASSWORD.into()));
    let mail = format!(
        "{{ from: login@example.com, smtp: {{ host: 127.0.0.1, port: {}, tls: none, \
         username: relay-user, password: {{ env: LINKGATE_TEST_SMTP }} }} }}",
        relay.port()
    );
    let extra = format!("log: {{ level: trace, format: {format} }}");
    let sites = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
                 allow: [\"@example.com\"]\n    sign_in: { mode: hybrid }\n";
    (Gate::with(Wishes { mail, extra, sites: sites.into(), ..wishes }).await, server)
}

#[tokio::test]
async fn no_secret_no_address_and_no_query_at_the_most_talkative_level() {
    for format in ["json", "text"] {
        let relay = Relay::start(Script::with_login("relay-user", SMTP_PASSWORD)).await;
        let (gate, _server) = gate(format, &relay).await;
        let secrets = flow(&gate, &relay).await;
        let log = gate.whole_log().await;
        assert!(log.contains("/.linkgate/link"), "the flow is in the log");
        for secret in secrets.iter().filter(|it| !it.is_empty()) {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(line, None, "{format}: {secret}");
        }
        // A part of a token is not told either.
        for token in secrets.iter().filter(|it| it.len() >= 40) {
            assert!(!log.contains(&token[..20]) && !log.contains(&token[token.len() - 20..]));
        }
    }
}

/// The lines of requests, once there are so many.
async fn requests(gate: &Gate, count: usize) -> Vec<Value> {
    eventually("all lines", async || {
        let log = gate.log();
        let lines = log.lines().map(|line| -> Value {
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))
        });
        let requests: Vec<_> = lines.filter(|line| line["target"] == "linkgate::access").collect();
        (requests.len() >= count).then_some(requests)
    })
    .await
}

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules:
      - { path: "/public/**", access: public }
      - { path: "/closed/**", access: deny }
      - { path: "/recent/**", max_age: 15m }
      - { path: "/admin/**", allow: ["root@example.com"] }
"#;

#[tokio::test]
async fn the_line_says_which_rule_decided_whatever_it_decided() {
    let extra = "log: { level: info, format: json }".to_owned();
    let gate = Gate::with(Wishes { extra, sites: SITES.into(), ..Wishes::default() }).await;
    let mut browser = gate.browser();
    for path in ["/public/a", "/closed/a", "/recent/a", "/stopped"] {
        browser.get(path).await;
    }
    let program = &[("Accept", "application/json")];
    assert_eq!(browser.send("GET", "/recent/api", program, None).await.status, 401);
    browser.get("/public/%00").await;
    gate.sign_in(&mut browser, ANN, "/.linkgate/account").await;
    for path in ["/recent/b", "/passed", "/admin/b", "/closed/b"] {
        browser.get(path).await;
    }
    let expected = [
        ("/public/a", 200, "rules[0]"),
        ("/closed/a", 403, "rules[1]"),
        ("/recent/a", 303, "rules[2]"),
        ("/stopped", 303, "allow"),
        ("/recent/api", 401, "rules[2]"),
        ("", 400, ""),
        ("/.linkgate/sign-in", 303, ""),
        ("/.linkgate/link", 303, ""),
        ("/recent/b", 200, "rules[2]"),
        ("/passed", 200, "allow"),
        ("/admin/b", 403, "rules[3]"),
        ("/closed/b", 403, "rules[1]"),
    ];
    let lines = requests(&gate, expected.len()).await;
    // Lines of different connections may change places.
    let told: HashSet<_> = lines
        .iter()
        .map(|line| (line["path"].as_str(), line["status"].as_u64(), line["rule"].as_str()))
        .collect();
    let expected = expected.map(|(path, status, rule)| (Some(path), Some(status), Some(rule)));
    assert_eq!(told, HashSet::from(expected));
}

#[tokio::test]
async fn one_line_of_json_for_each_request() {
    let extra = "log: { level: info, format: json }".to_owned();
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    browser.get("/stopped?x").await;
    gate.sign_in(&mut browser, ANN, "/").await;
    browser.get("/passed?secret=1").await;
    browser.get("/admin/x").await;
    browser.get("/public/%00").await;
    assert!(browser.cookies.contains_key(SESSION));
    let expected = [
        ("GET", "/stopped", 303, "challenged"),
        ("POST", "/.linkgate/sign-in", 303, "own"),
        ("GET", "/.linkgate/link", 303, "own"),
        ("GET", "/passed", 200, "passed"),
        ("GET", "/admin/x", 403, "forbidden"),
        ("GET", "", 400, "refused"),
    ];
    let requests = requests(&gate, expected.len()).await;
    assert_eq!(requests.len(), expected.len());
    // Lines of different connections may change places.
    let told: HashSet<_> = requests
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().expect("a text").to_owned();
            (text("method"), text("path"), line["status"].as_u64(), text("outcome"))
        })
        .collect();
    let expected = expected.map(|(method, path, status, outcome)| {
        (method.to_owned(), path.to_owned(), Some(status), outcome.to_owned())
    });
    assert_eq!(told, HashSet::from(expected));
    for line in &requests {
        assert_eq!(line["client"], "127.0.0.1", "{line}");
        assert!(line["ms"].is_u64(), "{line}");
    }
    let ids: HashSet<_> = requests.iter().map(|line| line["request_id"].as_str()).collect();
    assert_eq!(ids.len(), requests.len(), "each has an id of its own");
}
