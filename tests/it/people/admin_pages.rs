//! Who may see the pages for operators, and what a website can make a browser do there.

use crate::support::client::{Answer, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

async fn ask(gate: &Gate, line: &str, fields: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    raw(gate.admin, request.as_bytes()).await
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
/// What a browser says when its user has typed the address.
const TYPED: &str = "Sec-Fetch-Site: none\r\n";
const SUSPEND: &str = "email=ann%40example.com&act=suspend";

fn is_guarded(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for words in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(words), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_website_can_neither_see_nor_do_anything_there() {
    let gate = Kind::memory().gate().await;
    let port = gate.admin.port();
    let host = format!("Host: {}\r\n", gate.admin);
    let page = ask(&gate, "GET /", &format!("{host}{TYPED}"), "").await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    is_guarded(&page);
    for name in [
        format!("evil.example:{port}"),
        "evil.example".into(),
        format!("127.0.0.1.evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("10.0.0.1:{port}"),
        format!("0.0.0.0:{port}"),
    ] {
        let other = format!("Host: {name}\r\n");
        let refused = ask(&gate, "GET /", &format!("{other}{TYPED}"), "").await;
        assert_eq!(refused.status, 421, "{name}");
        is_guarded(&refused);
        let fields = format!("{other}{FORM}Origin: http://{name}\r\n");
        assert_eq!(ask(&gate, "POST /person", &fields, SUSPEND).await.status, 421, "{name}");
    }
    for twice in [format!("{host}{host}{TYPED}"), TYPED.to_owned()] {
        let status = ask(&gate, "GET /", &twice, "").await.status;
        // Without a name there may be no answer at all.
        assert!([0, 400, 421].contains(&status), "{status}");
    }
}

/// An application beside linkgate that can be made to fetch URLs hands no page out.
#[tokio::test]
async fn without_a_token_a_page_is_for_a_browser_whose_user_asks_for_it() {
    let gate = Kind::memory().gate().await;
    let host = format!("Host: {}\r\n", gate.admin);
    for path in ["/", "/sign-in", "/person"] {
        for fields in [
            "",
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Sec-Fetch-Site: None\r\n",
            "Sec-Fetch-Site: none\r\nSec-Fetch-Site: none\r\n",
            "Sec-Fetch-Mode: navigate\r\n",
        ] {
            let line = format!("GET {path}");
            let refused = ask(&gate, &line, &format!("{host}{fields}"), "").await;
            assert_eq!(refused.status, 403, "{line} {fields:?}");
            is_guarded(&refused);
        }
    }
    for fields in [TYPED, "Sec-Fetch-Site: same-origin\r\n"] {
        assert_eq!(ask(&gate, "GET /", &format!("{host}{fields}"), "").await.status, 200);
    }
    // Scrapers and probes know nothing of all this.
    for path in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(ask(&gate, &format!("GET {path}"), &host, "").await.status, 200, "{path}");
    }
    assert_eq!(refusals(&gate).await, ["a program or another website has asked for an admin page"]);
}

/// Why somebody was refused, as the record has it, from the network of this machine.
async fn refusals(gate: &Gate) -> Vec<String> {
    eventually("it is noted", async || {
        let told = gate.operator(&["audit", "--event", "admin_refused", "--json"]).done();
        let of = |line: &str| -> String {
            let event: serde_json::Value = serde_json::from_str(line).expect("an event");
            assert_eq!(event["client"], "127.0.0.0/24", "{event}");
            event["detail"]["why"].as_str().expect("why").to_owned()
        };
        (!told.is_empty()).then(|| told.lines().map(of).collect())
    })
    .await
}

#[tokio::test]
async fn who_is_refused_and_who_signs_in_is_in_the_record() {
    for (line, host, body, why) in [
        ("GET /", "evil.example", "", "an admin page was asked for under another name"),
        ("POST /sign-in", "", "token=wrong", "a wrong token was typed at the admin pages"),
    ] {
        let gate = with_a_token().await;
        let own = gate.admin.to_string();
        let host = if host.is_empty() { &*own } else { host };
        let fields = format!("Host: {host}\r\nOrigin: http://{own}\r\n{FORM}");
        ask(&gate, line, &fields, body).await;
        assert_eq!(refusals(&gate).await, [why]);
        let good = format!("Host: {own}\r\nOrigin: http://{own}\r\n{FORM}");
        ask(&gate, "POST /sign-in", &good, &format!("token={TOKEN}")).await;
        eventually("it is noted", async || {
            let told = gate.operator(&["audit", "--event", "admin_signed_in", "--json"]).done();
            (told.lines().count() == 1 && told.contains("127.0.0.0/24")).then_some(())
        })
        .await;
    }
}

async fn with_a_token() -> Gate {
    let environment = vec![("ADMIN".to_owned(), TOKEN.to_owned())];
    let mut wishes = Wishes { environment, ..Kind::embedded().wishes() };
    wishes.admin = ", token: { env: ADMIN }".into();
    Gate::with(wishes).await
}

#[tokio::test]
async fn only_forms_of_these_pages_do_something() {
    let gate = Kind::memory().gate().await;
    let port = gate.admin.port();
    let host = format!("Host: {}\r\n", gate.admin);
    let own = format!("Origin: http://{}\r\n", gate.admin);
    for fields in [
        String::new(),
        "Origin: http://evil.example\r\n".into(),
        "Origin: null\r\n".into(),
        format!("Origin: http://localhost:{port}\r\n"),
        format!("Origin: https://{}\r\n", gate.admin),
        format!("{own}{own}"),
        format!("{own}Sec-Fetch-Site: same-site\r\n"),
        format!("{own}Sec-Fetch-Site: none\r\n"),
        format!("{own}Sec-Fetch-Site: cross-site\r\n"),
        format!("{own}Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: same-origin\r\n"),
    ] {
        let sent = format!("{host}{FORM}{fields}");
        let refused = ask(&gate, "POST /person", &sent, SUSPEND).await;
        assert_eq!(refused.status, 403, "{fields:?}: {}", refused.text());
    }
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(listed, serde_json::json!({ "accounts": [] }), "nothing was done");
    // Never by GET, and an address never in a URL.
    let typed = format!("{host}{TYPED}");
    let by_get = ask(&gate, "GET /person?email=ann%40example.com&act=suspend", &typed, "").await;
    assert_eq!((by_get.status, by_get.header("location")), (303, "/"));
    let good = format!("{host}{own}{FORM}");
    for (fields, body, status) in [
        (&good, "email=", 422),
        (&good, "email=ann", 422),
        (&good, "email=ann%40example.com&email=bob%40example.com", 400),
        (&good, "email=ann%40example.com&act=promote", 400),
        (&good, "email=ann%40example.com&act=end&handle=x", 400),
        (&good, "email=ann%40example.com&act=erase&confirm=bob%40example.com", 422),
        (&format!("{host}{own}"), SUSPEND, 400),
    ] {
        assert_eq!(ask(&gate, "POST /person", fields, body).await.status, status, "{body}");
    }
    let done = ask(&gate, "POST /person", &good, SUSPEND).await;
    assert!(
        done.status == 200 && done.text().contains("is suspended"),
        "the checks above can fail"
    );
    // Never on a public listener.
    assert_ne!(gate.browser().get("/sign-in").await.status, 200);
}

#[tokio::test]
async fn with_a_token_it_is_typed_once_and_its_cookie_is_no_websites() {
    let environment = vec![("ADMIN".to_owned(), TOKEN.to_owned())];
    let mut wishes = Wishes { environment, ..Kind::memory().wishes() };
    wishes.admin = ", token: { env: ADMIN }".into();
    let gate = Gate::with(wishes).await;
    let host = format!("Host: {}\r\n", gate.admin);
    let good = format!("{host}Origin: http://{}\r\n{FORM}", gate.admin);
    for (line, body) in
        [("GET /", ""), ("POST /", "act=lift"), ("POST /person", SUSPEND), ("POST /sign-out", "")]
    {
        for cookie in ["", "Cookie: linkgate-admin=\r\n", "Cookie: linkgate-admin=00\r\n"] {
            let refused = ask(&gate, line, &format!("{good}{cookie}"), body).await;
            assert_eq!((refused.status, refused.header("location")), (303, "/sign-in"), "{line}");
        }
    }
    let bearer = format!("{host}Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask(&gate, "GET /", &bearer, "").await.status, 303, "that is for programs");
    assert_eq!(ask(&gate, "GET /sign-in", &host, "").await.status, 200);
    let foreign = format!("{host}Origin: http://evil.example\r\n{FORM}");
    assert_eq!(ask(&gate, "POST /sign-in", &foreign, &format!("token={TOKEN}")).await.status, 403);
    for wrong in [
        "",
        "token=",
        "token=0",
        &format!("token={TOKEN}0"),
        &format!("token={TOKEN}&token={TOKEN}"),
    ] {
        let refused = ask(&gate, "POST /sign-in", &good, wrong).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert_eq!(refused.all("set-cookie"), Vec::<&str>::new());
    }
    let entered = ask(&gate, "POST /sign-in", &good, &format!("token={TOKEN}")).await;
    assert_eq!((entered.status, entered.header("location")), (303, "/"));
    let set = entered.header("set-cookie").to_owned();
    for words in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=3600"] {
        assert!(set.contains(words), "{set}");
    }
    assert!(!set.contains(TOKEN), "not the token itself");
    let cookie = format!("Cookie: {}\r\n", set.split(';').next().expect("a cookie"));
    assert_eq!(ask(&gate, "GET /", &format!("{host}{cookie}"), "").await.status, 200);
    // A cookie is not enough for another website's form.
    let sent = format!("{foreign}{cookie}");
    assert_eq!(ask(&gate, "POST /person", &sent, SUSPEND).await.status, 403);
    let left = ask(&gate, "POST /sign-out", &format!("{good}{cookie}"), "").await;
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{}", left.header("set-cookie"));
    assert_eq!(
        ask(&gate, "GET /", &format!("{host}{cookie}"), "").await.status,
        303,
        "it is worth nothing"
    );
    let log = gate.whole_log().await;
    assert!(!log.contains(TOKEN) && !log.contains(set.split(['=', ';']).nth(1).expect("a key")));
}
