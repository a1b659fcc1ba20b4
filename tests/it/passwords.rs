//! Passwords beside the link (`mode: hybrid`), with a real process.

mod alike;
mod command;

use serde_json::{Value, json};

use crate::flow::{SESSION, signed_in_as};
use crate::support::client::{Answer, Browser};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const GOOD: &str = "lantern orbit pickle mosaic";
const OTHER: &str = "velvet ladder comet biscuit";
const FORM: &str = "/.linkgate/sign-in";
const CHOOSE: &str = "/.linkgate/password";

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    sign_in: { mode: hybrid }
    rules: [{ path: "/vault/**", max_age: 1m }]
  - { name: plain, origin: "http://plain.localhost:$PORT", upstream: $UPSTREAM, allow: ["@example.com"] }
  - name: open
    origin: http://open.localhost:$PORT
    upstream: $UPSTREAM
    allow: ["@example.com"]
    sign_in: { mode: hybrid, registration: open }
  - { name: members, origin: "http://members.localhost:$PORT", upstream: $UPSTREAM, allow: [accounts] }
"#;

over_every_store!(
    somebody_registers_with_a_password_and_the_mail_completes_it,
    a_forgotten_password_is_replaced_and_whoever_had_it_is_out,
    what_is_typed_for_somebody_else_sets_nothing,
    a_wrong_password_says_nothing_and_keeps_what_was_typed,
    the_account_page_tells_of_the_password_and_takes_it_away,
);

async fn gate(kind: &Kind) -> Gate {
    Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await
}

fn at(gate: &Gate, site: &str) -> Browser {
    let mut browser = gate.browser();
    browser.host = browser.host.replace("app.", &format!("{site}."));
    browser
}

async fn choose(browser: &mut Browser, who: &str, password: &str) -> Answer {
    let fields = [("email", who), ("password", password), ("return_to", "/deep?x=1")];
    browser.post(CHOOSE, &fields).await
}

async fn enter(browser: &mut Browser, who: &str, password: &str) -> Answer {
    let fields = [("email", who), ("password", password), ("return_to", "/deep?x=1")];
    browser.post(FORM, &fields).await
}

/// Gives somebody a password: typed, mailed, opened.
async fn given(gate: &Gate, who: &str, password: &str) -> Browser {
    let mut browser = gate.browser();
    let before = gate.mails().iter().filter(|mail| mail.to == who).count();
    assert_eq!(choose(&mut browser, who, password).await.location(), "/.linkgate/check-mail");
    let opened = browser.get(&gate.mail(who, before + 1).await.link()).await;
    assert_eq!((opened.status, opened.location()), (303, "/deep?x=1"), "{}", opened.text());
    browser
}

async fn somebody_registers_with_a_password_and_the_mail_completes_it(kind: Kind) {
    let gate = gate(&kind).await;
    let mut ann = at(&gate, "open");
    let form = ann.get("/.linkgate/sign-in?return_to=%2Fdeep%3Fx%3D1").await.text();
    assert!(form.contains("href=\"/.linkgate/password?return_to=/deep%3Fx%3D1\""), "{form}");
    assert!(form.contains("New here"), "{form}");
    let page = ann.get("/.linkgate/password?return_to=%2Fdeep%3Fx%3D1").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("autocomplete=\"new-password\""), "{}", page.text());
    assert_eq!(choose(&mut ann, ANN, GOOD).await.location(), "/.linkgate/check-mail");
    let waits = ann.get("/.linkgate/check-mail").await.text();
    assert!(waits.contains("sets your new password"), "{waits}");
    let accounts = || gate.operator(&["accounts", "list", "--json"]).json()["accounts"].clone();
    assert_eq!(accounts(), json!([]), "nothing is there before the mail is answered");
    let mail = gate.mail(ANN, 1).await;
    assert!(mail.subject.starts_with("Confirm your new password for "), "{}", mail.subject);
    assert!(waits.contains(&mail.subject), "{waits}");
    assert!(!mail.raw.contains(GOOD) && !mail.text.contains("lantern"));
    let opened = ann.get(&mail.link()).await;
    assert_eq!((opened.status, opened.location()), (303, "/deep?x=1"));
    let made = accounts();
    assert_eq!(
        (&made[0]["origin"], made[0]["password_set_at"].is_string()),
        (&json!("registered"), true)
    );
    // From now on the password is enough, at each site that takes one, and makes a member.
    let mut later = at(&gate, "open");
    let entered = enter(&mut later, ANN, GOOD).await;
    assert_eq!((entered.status, entered.location()), (303, "/deep?x=1"), "{}", entered.text());
    assert_eq!(signed_in_as(&gate, &mut later).await.as_deref(), Some(ANN));
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.location(), "/deep?x=1");
    assert_eq!(gate.mails().len(), 1, "no mail was needed");
    // Where there are no passwords, the same post asks for a mail.
    let plain = enter(&mut at(&gate, "plain"), ANN, GOOD).await;
    assert_eq!(plain.location(), "/.linkgate/check-mail");
}

async fn a_forgotten_password_is_replaced_and_whoever_had_it_is_out(kind: Kind) {
    let gate = gate(&kind).await;
    let mut first = given(&gate, ANN, GOOD).await;
    let mut thief = gate.browser();
    assert_eq!(enter(&mut thief, ANN, GOOD).await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut thief).await.as_deref(), Some(ANN));
    // By code this time, and the fragment comes along.
    let mut ann = gate.browser();
    let fields =
        [("email", ANN), ("password", OTHER), ("return_to", "/deep"), ("fragment", "#total")];
    ann.post(CHOOSE, &fields).await;
    let mail = gate.mail(ANN, 2).await;
    let done = ann.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!((done.status, done.location()), (303, "/deep#total"));
    for browser in [&mut first, &mut thief] {
        assert_eq!(signed_in_as(&gate, browser).await, None);
    }
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 422);
    assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 303);
}

async fn what_is_typed_for_somebody_else_sets_nothing(kind: Kind) {
    let gate = gate(&kind).await;
    let (mut attacker, mut ann) = (gate.browser(), gate.browser());
    choose(&mut attacker, ANN, GOOD).await;
    let mail = gate.mail(ANN, 1).await;
    let page = ann.get(&mail.link()).await;
    assert!(page.text().contains("Signing in here does not set it"), "{}", page.text());
    assert_eq!(ann.post(&mail.link(), &[("email", ANN)]).await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
    assert_eq!(enter(&mut attacker, ANN, GOOD).await.status, 422);
    assert!(!attacker.cookies.contains_key(SESSION));
    let accounts = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(accounts["accounts"], json!([]));
}

async fn a_wrong_password_says_nothing_and_keeps_what_was_typed(kind: Kind) {
    let gate = gate(&kind).await;
    given(&gate, ANN, GOOD).await;
    let mut browser = gate.browser();
    let fields = [
        ("email", ANN),
        ("password", "querysecret in a password"),
        ("return_to", "/deep?x=1"),
        ("fragment", "#total"),
        ("way", "password"),
    ];
    let refused = browser.post(FORM, &fields).await;
    assert_eq!(refused.status, 422);
    let page = refused.text();
    for part in
        ["value=\"ann@example.com\"", "value=\"/deep?x=1\"", "value=\"#total\"", "do not belong"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("querysecret"), "{page}");
    assert!(!browser.cookies.contains_key(SESSION));
    // The button beside it sends a mail, whatever a password manager has filled in.
    let mail = [("email", ANN), ("password", "whatever it is"), ("way", "mail")];
    assert_eq!(browser.post(FORM, &mail).await.location(), "/.linkgate/check-mail");
    let nothing =
        browser.post(FORM, &[("email", ANN), ("password", ""), ("way", "password")]).await;
    assert_eq!(nothing.status, 422);
    assert!(nothing.text().contains("Enter your password"), "{}", nothing.text());
    for (fields, status) in [
        (&[("email", ANN), ("way", "other")][..], 400),
        (&[("email", ANN), ("password", "a"), ("password", "b")], 400),
        (&[("email", "ann"), ("password", GOOD)], 422),
        (&[("email", ANN), ("password", &"x".repeat(300))], 422),
    ] {
        assert_eq!(browser.post(FORM, fields).await.status, status, "{fields:?}");
    }
}

async fn the_account_page_tells_of_the_password_and_takes_it_away(kind: Kind) {
    const ACCOUNT: &str = "/.linkgate/account";
    let gate = gate(&kind).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let page = ann.get(ACCOUNT).await.text();
    assert!(page.contains("You have none and sign in by e-mail."), "{page}");
    let page = ann.get(CHOOSE).await.text();
    assert!(page.contains("value=\"ann@example.com\""), "{page}");
    choose(&mut ann, ANN, GOOD).await;
    ann.get(&gate.mail(ANN, 2).await.link()).await;
    let page = ann.get(ACCOUNT).await.text();
    assert!(page.contains("Choose another one") && page.contains("Remove the password"), "{page}");
    let both = [("password", "remove"), ("others", "1")];
    assert_eq!(ann.post(ACCOUNT, &both).await.status, 400);
    assert_eq!(ann.post(ACCOUNT, &[("password", "keep")]).await.status, 400);
    let removed = ann.post(ACCOUNT, &[("password", "remove")]).await;
    assert_eq!(removed.location(), "/.linkgate/account?ended=password");
    let page = ann.get(removed.location()).await.text();
    assert!(page.contains("Your password is removed."), "{page}");
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "the session stays");
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 422);
    // At a site without passwords nothing of it is there.
    let mut plain = at(&gate, "plain");
    gate.sign_in(&mut plain, ANN, "/").await;
    let page = plain.get(ACCOUNT).await.text();
    assert!(!page.contains("<h2>Password</h2>") && !page.contains("/.linkgate/password"), "{page}");
    assert_eq!(plain.post(ACCOUNT, &[("password", "remove")]).await.status, 400);
}

#[tokio::test]
async fn a_passwordless_site_has_no_password_anywhere() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    let form = browser.get(FORM).await.text();
    assert!(!form.contains("type=\"password\"") && !form.contains("name=\"way\""), "{form}");
    for answer in [browser.get(CHOOSE).await, choose(&mut browser, ANN, GOOD).await] {
        assert_eq!(answer.status, 404);
    }
    let body = json!({ "email": ANN, "password": GOOD });
    let refused = browser.json("POST", "/.linkgate/api/sign-in", &body).await;
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("document_malformed")));
    assert_eq!(browser.json("POST", "/.linkgate/api/password", &body).await.status, 404);
    assert_eq!(enter(&mut browser, ANN, GOOD).await.location(), "/.linkgate/check-mail");
    let mail = gate.mail(ANN, 1).await;
    assert!(mail.subject.starts_with("Sign in to "), "{}", mail.subject);
}

/// A password is proof enough for what wants a recent sign-in.
#[tokio::test]
async fn a_password_renews_an_old_sign_in() {
    let gate = gate(&Kind::memory()).await;
    let mut ann = given(&gate, ANN, GOOD).await;
    assert_eq!(ann.get("/vault/x").await.status, 200);
    let before = ann.cookies[SESSION].clone();
    let fields = [("email", ANN), ("password", GOOD), ("return_to", "/vault/x")];
    assert_eq!(ann.post(FORM, &fields).await.location(), "/vault/x");
    assert_ne!(ann.cookies[SESSION], before, "another session");
    let mut old = gate.browser();
    old.cookies.insert(SESSION.to_owned(), before);
    assert_eq!(signed_in_as(&gate, &mut old).await, None, "and the one before has ended");
}

#[tokio::test]
async fn what_may_not_be_chosen_is_told_at_the_field() {
    let gate = gate(&Kind::memory()).await;
    let mut browser = gate.browser();
    for (who, password, words) in [
        (ANN, "", "Enter your password"),
        (ANN, "too short", "at least 15 characters"),
        (ANN, "passwordpassword", "easy to guess"),
        (ANN, &"x y".repeat(100), "at most 256 characters"),
        ("ann", GOOD, "An address looks like"),
    ] {
        let refused = choose(&mut browser, who, password).await;
        assert_eq!(refused.status, 422, "{password}");
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
        assert!(password.len() < 10 || !refused.text().contains(password), "{password}");
    }
    let cross =
        [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    let body = b"email=ann%40example.com&password=lantern+orbit+pickle+mosaic";
    assert_eq!(browser.send("POST", CHOOSE, &cross, Some(body)).await.status, 403);
    assert!(browser.cookies.is_empty() && gate.mails().is_empty());
}

#[tokio::test]
async fn programs_do_the_same() {
    let gate = gate(&Kind::memory()).await;
    let mut client = gate.browser();
    let post = async |client: &mut Browser, path: &str, body: Value| {
        client.json("POST", &format!("/.linkgate/api/{path}"), &body).await
    };
    let chosen = json!({ "email": ANN, "password": GOOD, "return_to": "/deep" });
    assert_eq!(post(&mut client, "password", chosen).await.status, 202);
    let code = gate.mail(ANN, 1).await.code();
    assert_eq!(post(&mut client, "verify", json!({ "code": code })).await.status, 200);
    let mut other = gate.browser();
    let asked = json!({ "email": ANN, "password": GOOD, "return_to": "/deep" });
    let entered = post(&mut other, "sign-in", asked).await;
    assert_eq!((entered.status, &entered.json()["return_to"]), (200, &json!("/deep")));
    assert_eq!(entered.json()["email"], ANN);
    assert_eq!(signed_in_as(&gate, &mut other).await.as_deref(), Some(ANN));
    let wrong = post(&mut client, "sign-in", json!({ "email": ANN, "password": OTHER })).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (422, &json!("password_wrong")));
    let short = post(&mut client, "password", json!({ "email": ANN, "password": "short" })).await;
    assert_eq!(
        (&short.json()["code"], &short.json()["least"]),
        (&json!("password_too_short"), &json!(15))
    );
}
