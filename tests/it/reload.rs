//! Another configuration, while linkgate runs.

mod load;
mod streams;

use std::process::Command;

use jsonwebtoken::{Algorithm, decode_header};

use crate::flow::signed_in_as;
use crate::support::client::{Browser, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@partner.example";

/// Waits until `/readyz` says this, and returns all it says.
async fn says(gate: &Gate, words: &str) -> String {
    eventually(&format!("/readyz says {words:?}"), async || {
        let answer = gate.ready().await;
        assert_eq!(answer.status, 200, "linkgate stays ready");
        Some(answer.text()).filter(|text| text.contains(words))
    })
    .await
}

async fn status(browser: &mut Browser, path: &str) -> u16 {
    browser.get(path).await.status
}

#[tokio::test]
async fn who_is_taken_from_a_list_is_out_at_the_next_request() {
    let gate = Gate::start().await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut bob, BOB, "/").await;
    assert_eq!(signed_in_as(&gate, &mut bob).await.as_deref(), Some(BOB));
    gate.edit(", \"bob@partner.example\"", "");
    eventually("bob is out", async || (status(&mut bob, "/page").await == 403).then_some(())).await;
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "ann stays");
    // And back: the session was not ended, only of no use.
    gate.edit("[\"@example.com\"]", "[\"@example.com\", \"bob@partner.example\"]");
    eventually("bob is back", async || (status(&mut bob, "/page").await == 200).then_some(()))
        .await;
}

#[tokio::test]
async fn a_signal_is_enough() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    assert_eq!(status(&mut browser, "/news/today").await, 303);
    gate.edit("/public/**", "/news/**");
    let sent = Command::new("kill").args(["-HUP", &gate.pid().to_string()]).status();
    assert!(sent.expect("kill").success());
    eventually("the rule counts", async || {
        (status(&mut browser, "/news/today").await == 200).then_some(())
    })
    .await;
    assert_eq!(status(&mut browser, "/public/a").await, 303, "and the old one does not");
}

#[tokio::test]
async fn a_file_that_changes_all_the_time_is_read_all_the_same() {
    let gate = Gate::with(Wishes { extra: "# 0".into(), ..Wishes::default() }).await;
    let mut browser = gate.browser();
    assert_eq!(status(&mut browser, "/news/today").await, 303);
    gate.edit("/public/**", "/news/**");
    let mut count = 0;
    eventually("the rule counts", async || {
        gate.edit(&format!("# {count}\n"), &format!("# {}\n", count + 1));
        count += 1;
        let is_open = status(&mut browser, "/news/today").await == 200;
        (is_open && gate.log().contains("changes all the time")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_an_application_is_told_changes_without_a_restart() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    assert_eq!(status(&mut browser, "/page").await, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!((seen.all("remote-user"), seen.all("x-proof").len()), (vec![ANN], 0));
    let algorithm = |proof: &str| decode_header(proof).expect("a head").alg;
    assert_eq!(algorithm(seen.header("x-linkgate-assertion")), Algorithm::EdDSA);
    let told = "identity_headers: x-forwarded\n    headers: { X-Proxy: linkgate }\n    \
                assertion: { algorithm: ES256, lifetime: 1m, header: X-Proof }\n    rules:";
    gate.edit("rules:", told);
    let seen = eventually("the new words are used", async || {
        assert_eq!(status(&mut browser, "/page").await, 200, "nobody has to sign in again");
        let seen = gate.upstream.seen().pop().expect("a request");
        (seen.all("x-proof").len() == 1).then_some(seen)
    })
    .await;
    assert_eq!((seen.all("x-forwarded-user"), seen.all("x-proxy")), (vec![ANN], vec!["linkgate"]));
    assert_eq!((seen.all("remote-user").len(), seen.all("x-linkgate-assertion").len()), (0, 0));
    assert_eq!(algorithm(seen.header("x-proof")), Algorithm::ES256);
    let keys = browser.get("/.linkgate/jwks.json").await.text();
    assert!(keys.contains("P-256") && !keys.contains("Ed25519"), "{keys}");
}

#[tokio::test]
async fn a_broken_configuration_changes_nothing_and_says_why() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    let sound = says(&gate, "configuration: in force since").await;
    gate.edit("access: public", "acces: public");
    let report = says(&gate, "configuration: not changed at").await;
    let sound_since = &sound[..sound.find('Z').unwrap()];
    for words in ["linkgate.yaml:", "rules[0].acces: is no key that we know", sound_since] {
        assert!(report.contains(words), "{words} is missing: {report}");
    }
    let log = gate.whole_log().await;
    for words in ["the configuration was not changed", "did you mean `access`?"] {
        assert!(log.contains(words), "{words} is missing: {log}");
    }
    assert_eq!(status(&mut browser, "/public/a").await, 200, "the old one is in force");
    assert_eq!(status(&mut browser, "/page").await, 303);
    gate.edit("acces: public", "access: public");
    eventually("nothing is left to complain about", async || {
        let report = gate.ready().await.text();
        (!report.contains("not changed") && report != sound).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_the_file_says_is_shown_to_who_knows_the_token_and_to_nobody_else() {
    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    let environment = vec![("ADMIN".to_owned(), TOKEN.to_owned())];
    let admin = ", token: { env: ADMIN }".to_owned();
    let gate = Gate::with(Wishes { environment, admin, ..Wishes::default() }).await;
    gate.edit(BOB, "bob@@partner.example");
    let report = says(&gate, "sites[0].allow[1]: is not an e-mail address").await;
    assert!(!report.contains("bob"), "{report}");
    let ready = async |bearer: &str| {
        let host = gate.admin;
        let head = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        let answer = raw(host, format!("{head}Authorization: {bearer}\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.status, 200);
        answer.text()
    };
    let told = ready(&format!("Bearer {TOKEN}")).await;
    assert!(told.contains("allow[1]: is not an e-mail address: `bob@@partner.example`"), "{told}");
    for wrong in ["Bearer 0", "Bearer", TOKEN, &format!("Bearer {TOKEN}x")] {
        assert_eq!(ready(wrong).await, report, "{wrong}");
    }
    assert!(gate.whole_log().await.contains("`bob@@partner.example`"), "it is all in the log");
}

#[tokio::test]
async fn what_is_set_up_once_waits_for_a_restart_and_holds_nothing_else_up() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    gate.edit("store: { memory: {} }", "store: { embedded: { path: other } }\nprefix: /.gate");
    gate.edit("/public/**", "/news/**");
    let report = says(&gate, "waits for a restart").await;
    assert!(report.contains("waits for a restart: store, prefix"), "{report}");
    assert_eq!(status(&mut browser, "/news/a").await, 200, "the rest is in force");
    assert_eq!(status(&mut browser, "/.linkgate/sign-in").await, 200, "the prefix is the old one");
    assert!(!gate.path("other").exists(), "no other store was opened");
    std::fs::write(gate.path("secret"), "another secret ".repeat(4)).expect("the secret");
    says(&gate, "waits for a restart: secret, store, prefix").await;
    std::fs::write(gate.path("secret"), "a secret of tests, ".repeat(4)).expect("the secret");
    gate.edit("store: { embedded: { path: other } }\nprefix: /.gate", "store: { memory: {} }");
    eventually("it is as it was", async || {
        (!gate.ready().await.text().contains("restart")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn templates_and_texts_are_followed_too() {
    let brand = "brand: { templates: \"$DIR/looks\", texts: { en: { sign-in-email: First } } }";
    let folder = tempfile::tempdir().expect("a folder");
    let brand = brand.replace("$DIR", &folder.path().display().to_string());
    std::fs::create_dir(folder.path().join("looks")).expect("a folder");
    let gate = Gate::with(Wishes { extra: brand, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    let form = browser.get("/.linkgate/sign-in").await;
    assert!(form.text().contains("First"));
    let template = folder.path().join("looks/sign_in.html");
    std::fs::write(&template, "Second {{ site.name }} {{ typo }}").expect("a template");
    let report = says(&gate, "not changed at").await;
    assert!(report.contains("looks/sign_in.html:1"), "{report}");
    assert!(browser.get("/.linkgate/sign-in").await.text().contains("First"));
    std::fs::write(&template, "Second {{ site.name }}").expect("a template");
    eventually("the page of the folder", async || {
        let form = browser.get("/.linkgate/sign-in").await;
        (form.text() == "Second app").then_some(())
    })
    .await;
}
