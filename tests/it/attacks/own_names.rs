//! Names that the operator has chosen are believed from nobody else.

use std::collections::BTreeSet;

use super::scene::{self, ALICE, HOST, SESSION};
use crate::support::client::{Browser, raw};
use crate::support::gate::{Gate, Wishes};
use crate::support::upstream::Received;

const LIE: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.";
/// Names that the site sets.
const NAMES: [&str; 6] = ["Kunde", "App-Mail", "App-Teams", "Z-Proof", "Q", "Accept-Language"];
const CHOICE: &str = "identity_headers: { user: Kunde, email: App-Mail, groups: App-Teams, \
                      when_anonymous: $ANONYMOUS }\n    assertion: { header: Z-Proof }\n    \
                      headers: { Q: linkgate, Accept-Language: en }\n    odd_headers: $ODD";

async fn gate(anonymous: &str, odd: &str) -> Gate {
    let scene = scene::wishes();
    let choice = CHOICE.replace("$ANONYMOUS", anonymous).replace("$ODD", odd);
    let sites = scene.sites.replace("identity_headers: x-auth-request", &choice);
    assert!(sites.contains("Kunde"));
    Gate::with(Wishes { sites, ..scene }).await
}

fn spellings(name: &str) -> BTreeSet<String> {
    let dashed = |by: &str| name.replace('-', by);
    [
        name.to_owned(),
        name.to_ascii_lowercase(),
        name.to_ascii_uppercase(),
        dashed("_"),
        dashed("."),
        dashed(""),
        dashed("--"),
        format!("{name}~"),
        format!("-{name}"),
        format!("_{name}"),
        format!("{}-{}", &name[..1], &name[1..]),
        format!("{}_{}", &name[..1], &name[1..]),
        format!("HTTP_{}", dashed("_").to_ascii_uppercase()),
        format!("http-{name}"),
    ]
    .into()
}

fn assert_honest(received: &Received, user: Option<&str>, is_empty: bool, of: &str) {
    let lies: Vec<_> = received.headers.iter().filter(|(_, value)| value.contains(LIE)).collect();
    assert_eq!(lies, Vec::<&(String, String)>::new(), "{of}");
    let nobody: &[&str] = if is_empty { &[""] } else { &[] };
    let expected = user.as_slice();
    let expected = if user.is_some() { expected } else { nobody };
    assert_eq!(received.all("kunde"), expected, "{of}");
    assert_eq!(received.all("app-mail"), expected, "{of}");
    assert_eq!(received.all("z-proof").len(), expected.len(), "{of}");
    assert_eq!(received.all("q"), ["linkgate"], "{of}");
    assert_eq!(received.all("accept-language"), ["en"], "{of}");
}

#[tokio::test]
async fn no_name_of_the_operator_is_believed_from_a_client_in_any_spelling() {
    for (anonymous, odd) in [("absent", "drop"), ("empty", "keep")] {
        let gate = gate(anonymous, odd).await;
        let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
        let signed_in = format!("Cookie: {SESSION}={session}\r\n");
        for (path, cookie, user) in [
            ("/public/x", "", None),
            ("/public/x", &*signed_in, Some(ALICE)),
            ("/app", &signed_in, Some(ALICE)),
        ] {
            for name in NAMES {
                for spelling in spellings(name) {
                    let of = format!("{anonymous} {odd} {path} {spelling}");
                    gate.upstream.forget();
                    let request = format!(
                        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{spelling}: {LIE}\r\n\
                         {spelling}: {LIE}\r\n{cookie}\r\n"
                    );
                    let answer = raw(gate.address, request.as_bytes()).await;
                    assert_eq!(answer.status, 200, "{of}");
                    let received = &gate.upstream.seen()[0];
                    assert_honest(received, user, anonymous == "empty", &of);
                }
            }
        }
    }
}

/// CVE-2024-45410: what the client names in `Connection`, a proxy removes, its own words included.
#[tokio::test]
async fn connection_options_take_none_of_them_away() {
    let gate = gate("empty", "drop").await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    for name in NAMES {
        for cookie in [String::new(), format!("Cookie: {SESSION}={session}\r\n")] {
            gate.upstream.forget();
            let request = format!(
                "GET /public/x HTTP/1.1\r\nHost: {HOST}\r\nConnection: {name}, \
                 close\r\n{name}: {LIE}\r\n{cookie}\r\n"
            );
            let answer = raw(gate.address, request.as_bytes()).await;
            let user = (!cookie.is_empty()).then_some(ALICE);
            match gate.upstream.seen().first() {
                Some(received) => assert_honest(received, user, true, name),
                None => assert_eq!(answer.status, 400, "{name}"),
            }
        }
    }
}

/// What `wiki` says of its visitors, nobody says by way of `status`: the application is the same one.
/// What browsers send of their own goes on there.
#[tokio::test]
async fn a_name_of_one_site_is_believed_from_no_client_of_another() {
    const NAMES: [&str; 4] = ["X-App-User", "App-Teams", "X-Proof", "X-Role"];
    const SITES: &str = r#"
  - name: status
    origin: http://status.localhost:$PORT
    upstream: $UPSTREAM
    odd_headers: keep
    headers: { X-Side: status }
    allow: ["nobody@example.com"]
    rules: [{ path: "/**", access: public }]
  - name: wiki
    origin: $ORIGIN
    upstream: $UPSTREAM
    identity_headers: { user: X-App-User, groups: App-Teams }
    assertion: { header: X-Proof }
    headers: { X-Role: reader, Accept-Language: en }
    allow: ["@example.com"]
"#;
    let gate = Gate::with(Wishes { sites: SITES.into(), ..Wishes::default() }).await;
    let mut alice = gate.browser();
    gate.sign_in(&mut alice, ALICE, "/").await;
    let host = format!("status.localhost:{}", gate.address.port());
    for name in NAMES {
        for spelling in spellings(name) {
            for browser in [&mut Browser::new(gate.address, &host), &mut alice] {
                gate.upstream.forget();
                let headers = [(&*spelling, "root"), (&*spelling, LIE), ("Accept-Language", "de")];
                assert_eq!(browser.send("GET", "/x", &headers, None).await.status, 200);
                let received = &gate.upstream.seen()[0];
                let believed = |value: &str| value.contains("root") || value.contains(LIE);
                let lies = received.headers.iter().filter(|(_, value)| believed(value));
                assert_eq!(lies.count(), 0, "{spelling}: {received:?}");
                let is_wiki = received.header("x-app-user") == ALICE;
                assert_eq!(is_wiki, browser.host != host, "{received:?}");
                assert_eq!(received.all("x-role"), if is_wiki { &["reader"][..] } else { &[] });
                let language = if is_wiki { "en" } else { "de" };
                assert_eq!(received.all("accept-language"), [language]);
            }
        }
    }
}
