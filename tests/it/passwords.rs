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
    what_is_asked_for_somebody_else_is_theirs_to_choose,
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

async fn wants(browser: &mut Browser, who: &str) -> Answer {
    browser.post(CHOOSE, &[("email", who), ("return_to", "/deep?x=1")]).await
}

/// Answers the page of a link.
async fn choose(browser: &mut Browser, link: &str, password: &str) -> Answer {
    browser.post(link, &[("password", password), ("way", "password")]).await
}

async fn enter(browser: &mut Browser, who: &str, password: &str) -> Answer {
    let fields = [("email", who), ("password", password), ("return_to", "/deep?x=1")];
    browser.post(FORM, &fields).await
}

/// Gives somebody a password: mailed, opened, chosen.
async fn given(gate: &Gate, who: &str, password: &str) -> Browser {
    let mut browser = gate.browser();
    let before = gate.mails().iter().filter(|mail| mail.to == who).count();
    assert_eq!(wants(&mut browser, who).await.location(), "/.linkgate/check-mail");
    let link = gate.mail(who, before + 1).await.link();
    assert_eq!(browser.get(&link).await.status, 200);
    let chosen = choose(&mut browser, &link, password).await;
    assert_eq!((chosen.status, chosen.location()), (303, "/deep?x=1"), "{}", chosen.text());
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
    assert!(!page.text().contains("type=\"password\""), "{}", page.text());
    assert_eq!(wants(&mut ann, ANN).await.location(), "/.linkgate/check-mail");
    let waits = ann.get("/.linkgate/check-mail").await.text();
    assert!(waits.contains("your new password here"), "{waits}");
    assert!(waits.contains("autocomplete=\"new-password\""), "{waits}");
    let accounts = || gate.operator(&["accounts", "list", "--json"]).json()["accounts"].clone();
    assert_eq!(accounts(), json!([]), "nothing is there before the mail is answered");
    let mail = gate.mail(ANN, 1).await;
    assert!(mail.subject.starts_with("Choose a password for "), "{}", mail.subject);
    assert!(waits.contains(&mail.subject), "{waits}");
    for _ in 0..2 {
        let page = ann.get(&mail.link()).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("Choose your password"), "{}", page.text());
    }
    assert_eq!(accounts(), json!([]), "nor by opening it");
    let chosen = choose(&mut ann, &mail.link(), GOOD).await;
    assert_eq!((chosen.status, chosen.location()), (303, "/deep?x=1"), "{}", chosen.text());
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
    is_recorded(
        &gate,
        &[
            ("link_asked", 2),
            ("account_registered", 1),
            ("password_set", 1),
            ("link_used", 1),
            ("password_used", 2),
        ],
    )
    .await;
    let made = gate.recorded(ANN, "session_made", 3).await;
    let ways: Vec<_> = made.iter().map(|event| &event["detail"]["way"]).collect();
    assert_eq!(ways, ["own_browser", "password", "password"]);
}

/// The record has so many events of each kind about ann, and no more.
async fn is_recorded(gate: &Gate, events: &[(&str, usize)]) {
    for (event, count) in events {
        let found = gate.recorded(ANN, event, *count).await;
        assert_eq!(found.len(), *count, "{event}: {found:?}");
    }
}

async fn a_forgotten_password_is_replaced_and_whoever_had_it_is_out(kind: Kind) {
    let gate = gate(&kind).await;
    let mut first = given(&gate, ANN, GOOD).await;
    let mut thief = gate.browser();
    assert_eq!(enter(&mut thief, ANN, GOOD).await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut thief).await.as_deref(), Some(ANN));
    // By code this time, and the fragment comes along.
    let mut ann = gate.browser();
    let fields = [("email", ANN), ("return_to", "/deep"), ("fragment", "#total")];
    ann.post(CHOOSE, &fields).await;
    let code = gate.mail(ANN, 2).await.code();
    let fields = [("code", &*code), ("password", "short"), ("way", "password")];
    let refused = ann.post("/.linkgate/code", &fields).await;
    assert_eq!(refused.status, 422);
    let page = refused.text();
    assert!(page.contains("at least 15 characters") && page.contains(&code), "{page}");
    let fields = [("code", &*code), ("password", OTHER), ("way", "password")];
    let done = ann.post("/.linkgate/code", &fields).await;
    assert_eq!((done.status, done.location()), (303, "/deep#total"));
    for browser in [&mut first, &mut thief] {
        assert_eq!(signed_in_as(&gate, browser).await, None);
    }
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 422);
    assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 303);
    let events = [("code_used", 1), ("password_set", 2), ("password_wrong", 1)];
    is_recorded(&gate, &events).await;
    let ended = gate.recorded(ANN, "session_ended", 1).await;
    let detail = &ended[0]["detail"];
    assert_eq!((&detail["why"], &detail["sessions"]), (&json!("password"), &json!(2)));
}

/// Also for a page of the application, which has our origin: it can ask for the mail, and nothing that
/// it typed is ever set.
async fn what_is_asked_for_somebody_else_is_theirs_to_choose(kind: Kind) {
    let gate = gate(&kind).await;
    let mut ann = gate.browser();
    ann.post(CHOOSE, &[("email", ANN), ("password", OTHER), ("way", "password")]).await;
    let link = gate.mail(ANN, 1).await.link();
    assert_eq!(ann.get(&link).await.status, 200, "the click alone changes nothing");
    assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 422);
    // Who asked and who answers need not be the same browser: the mailbox is what counts.
    let mut phone = gate.browser();
    let page = phone.get(&link).await.text();
    assert!(page.contains("New password") && page.contains("name=\"email\""), "{page}");
    let fields = |email, password| [("email", email), ("password", password), ("way", "password")];
    for (email, password, words) in [
        ("eve@example.com", GOOD, "The e-mail was not sent to this address"),
        ("", GOOD, "Enter your e-mail address"),
        (ANN, "passwordpassword", "easy to guess"),
        (ANN, "", "Enter the password that you want to have"),
    ] {
        let refused = phone.post(&link, &fields(email, password)).await;
        assert_eq!(refused.status, 422, "{words}");
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
    }
    assert_eq!(phone.post(&link, &fields(ANN, GOOD)).await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut phone).await.as_deref(), Some(ANN));
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 303);
    assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 422);
    // Or none is chosen, and the link is what it always is.
    wants(&mut ann, ANN).await;
    let link = gate.mail(ANN, 2).await.link();
    assert_eq!(ann.post(&link, &[("password", ""), ("way", "mail")]).await.status, 303);
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 303);
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
    wants(&mut ann, ANN).await;
    choose(&mut ann, &gate.mail(ANN, 2).await.link(), GOOD).await;
    let page = ann.get(ACCOUNT).await.text();
    assert!(page.contains("Choose another one") && page.contains("Remove the password"), "{page}");
    let both = [("password", "remove"), ("others", "1")];
    assert_eq!(ann.post(ACCOUNT, &both).await.status, 400);
    assert_eq!(ann.post(ACCOUNT, &[("password", "keep")]).await.status, 400);
    let mut elsewhere = gate.browser();
    assert_eq!(enter(&mut elsewhere, ANN, GOOD).await.status, 303);
    let removed = ann.post(ACCOUNT, &[("password", "remove")]).await;
    assert_eq!(signed_in_as(&gate, &mut elsewhere).await, None, "whoever had it is out");
    assert_eq!(removed.location(), "/.linkgate/account?ended=password");
    let page = ann.get(removed.location()).await.text();
    assert!(page.contains("Your password is removed."), "{page}");
    assert!(page.contains("All other devices are signed out."), "{page}");
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "the session stays");
    assert_eq!(enter(&mut gate.browser(), ANN, GOOD).await.status, 422);
    // At a site without passwords nothing of it is there.
    let mut plain = at(&gate, "plain");
    gate.sign_in(&mut plain, ANN, "/").await;
    let page = plain.get(ACCOUNT).await.text();
    assert!(!page.contains("<h2>Password</h2>") && !page.contains("/.linkgate/password"), "{page}");
    assert_eq!(plain.post(ACCOUNT, &[("password", "remove")]).await.status, 400);
    let events = [("password_set", 1), ("password_removed", 1), ("password_wrong", 1)];
    is_recorded(&gate, &events).await;
}

#[tokio::test]
async fn a_passwordless_site_has_no_password_anywhere() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    let form = browser.get(FORM).await.text();
    assert!(!form.contains("type=\"password\"") && !form.contains("name=\"way\""), "{form}");
    for answer in [browser.get(CHOOSE).await, wants(&mut browser, ANN).await] {
        assert_eq!(answer.status, 404);
    }
    let body = json!({ "email": ANN, "password": GOOD });
    let refused = browser.json("POST", "/.linkgate/api/sign-in", &body).await;
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("document_malformed")));
    let wanted = json!({ "email": ANN });
    assert_eq!(browser.json("POST", "/.linkgate/api/password", &wanted).await.status, 404);
    assert_eq!(enter(&mut browser, ANN, GOOD).await.location(), "/.linkgate/check-mail");
    let mail = gate.mail(ANN, 1).await;
    assert!(mail.subject.starts_with("Sign in to "), "{}", mail.subject);
    let body = json!({ "code": mail.code(), "password": GOOD });
    let refused = browser.json("POST", "/.linkgate/api/verify", &body).await;
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("document_malformed")));
    // A form field more than there is means nothing, as everywhere.
    let fields = [("code", &*mail.code()), ("password", GOOD), ("way", "password")];
    assert_eq!(browser.post("/.linkgate/code", &fields).await.status, 303);
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
    let refused = wants(&mut browser, "ann").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("An address looks like"), "{}", refused.text());
    let cross =
        [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    let body = b"email=ann%40example.com";
    assert_eq!(browser.send("POST", CHOOSE, &cross, Some(body)).await.status, 403);
    assert!(browser.cookies.is_empty() && gate.mails().is_empty());
    wants(&mut browser, ANN).await;
    let link = gate.mail(ANN, 1).await.link();
    for (password, words) in [
        ("", "Enter the password that you want to have"),
        ("too short", "at least 15 characters"),
        ("passwordpassword", "easy to guess"),
        (&*"x y".repeat(100), "at most 256 characters"),
    ] {
        let refused = choose(&mut browser, &link, password).await;
        assert_eq!(refused.status, 422, "{password}");
        assert!(refused.text().contains(words), "{words}: {}", refused.text());
        assert!(password.len() < 10 || !refused.text().contains(password), "{password}");
    }
    let body = b"password=lantern+orbit+pickle+mosaic&way=password";
    assert_eq!(browser.send("POST", &link, &cross, Some(body)).await.status, 403);
    assert_eq!(choose(&mut browser, &link, GOOD).await.status, 303, "nothing was used up");
}

#[tokio::test]
async fn programs_do_the_same() {
    let gate = gate(&Kind::memory()).await;
    let mut client = gate.browser();
    let post = async |client: &mut Browser, path: &str, body: Value| {
        client.json("POST", &format!("/.linkgate/api/{path}"), &body).await
    };
    let wanted = json!({ "email": ANN, "return_to": "/deep" });
    assert_eq!(post(&mut client, "password", wanted).await.status, 202);
    let code = gate.mail(ANN, 1).await.code();
    let short = json!({ "code": code, "password": "short" });
    let short = post(&mut client, "verify", short).await;
    assert_eq!(
        (short.status, &short.json()["code"], &short.json()["least"]),
        (422, &json!("password_too_short"), &json!(15))
    );
    let chosen = json!({ "code": code, "password": GOOD });
    assert_eq!(post(&mut client, "verify", chosen).await.status, 200);
    // Too late for another one: a link that has signed this client in is no mistake, and sets none.
    let token = gate.mail(ANN, 1).await.link().rsplit('/').next().expect("a token").to_owned();
    let late = json!({ "token": token, "password": OTHER });
    assert_eq!(post(&mut client, "verify", late).await.json()["code"], "link_used");
    assert_eq!(post(&mut client, "verify", json!({ "token": token })).await.status, 200);
    let mut other = gate.browser();
    let asked = json!({ "email": ANN, "password": GOOD, "return_to": "/deep" });
    let entered = post(&mut other, "sign-in", asked).await;
    assert_eq!((entered.status, &entered.json()["return_to"]), (200, &json!("/deep")));
    assert_eq!(entered.json()["email"], ANN);
    assert_eq!(signed_in_as(&gate, &mut other).await.as_deref(), Some(ANN));
    let wrong = post(&mut client, "sign-in", json!({ "email": ANN, "password": OTHER })).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (422, &json!("password_wrong")));
    // By link, in another client; and without a password it signs in as ever.
    for (number, password) in [(2, Some(OTHER)), (3, None)] {
        assert_eq!(post(&mut client, "password", json!({ "email": ANN })).await.status, 202);
        let link = gate.mail(ANN, number).await.link();
        let token = link.rsplit('/').next().expect("a token");
        let mut body = json!({ "token": token, "email": ANN });
        if let Some(password) = password {
            body["password"] = password.into();
        }
        let answer = post(&mut gate.browser(), "verify", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(enter(&mut gate.browser(), ANN, OTHER).await.status, 303);
    }
    let events = [("code_used", 1), ("password_set", 2), ("password_wrong", 1)];
    is_recorded(&gate, &events).await;
}
