//! Pages that bring bad news: they name the request, they know the way back, and nothing has to be
//! typed twice.

use super::assert_ours;
use crate::support::client::{Answer, Browser};
use crate::support::gate::{Gate, Wishes};

const BRAND: &str = "brand: { name: Example Ltd, help: \"mailto:help@example.com\" }";

async fn gate(sign_in: &str) -> Gate {
    let (sign_in, extra) = (sign_in.to_owned(), BRAND.to_owned());
    Gate::with(Wishes { sign_in, extra, ..Wishes::default() }).await
}

/// What the only form inside `main` would send: where, and which fields.
fn form(page: &Answer) -> (String, Vec<(String, String)>) {
    let text = page.text();
    let (_, main) = text.split_once("<main>").expect("a page");
    let (_, form) = main.split_once("<form").expect("a form");
    let (form, _) = form.split_once("</form>").expect("its end");
    let value = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.replace("&amp;", "&").replace("&#x27;", "'"))
    };
    let fields = form
        .split("<input")
        .skip(1)
        .filter_map(|input| Some((value(input, "name")?, value(input, "value")?)))
        .collect();
    (value(form, "action").expect("an address"), fields)
}

async fn press(browser: &mut Browser, page: &Answer) -> Answer {
    let (action, fields) = form(page);
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &fields).await
}

/// The reference stands on the page with its moment, and in the log.
async fn assert_named(gate: &Gate, page: &Answer) {
    let text = page.text();
    let (_, line) = text.split_once("class=\"reference\"").expect("a reference");
    let line = line.lines().next().unwrap_or_default();
    let (_, rest) = line.split_once("<bdi dir=\"ltr\">").expect("its letters");
    let (reference, _) = rest.split_once('<').expect("its end");
    assert_eq!(reference.len(), 10, "{line}");
    assert!(line.contains("<time datetime=\"20"), "{line}");
    assert!(gate.whole_log().await.contains(reference), "{reference} is not in the log");
    assert!(text.contains("href=\"mailto:help@example.com"), "the way to help");
    assert!(page.header("x-robots-tag") == "noindex");
    assert_ours(page);
}

#[tokio::test]
async fn what_a_limit_refuses_is_one_click_away_again() {
    let gate = gate("limits: { email: 1/1h, ip: 100/1h }").await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/a?b=c&d=e").await;
    let fields = [
        ("email", " ann@example.com "),
        ("return_to", "/a?b=c&d=e"),
        ("fragment", "#f"),
        ("remember", "1"),
    ];
    let refused = browser.post("/.linkgate/sign-in", &fields).await;
    assert_eq!(refused.status, 429);
    assert_named(&gate, &refused).await;
    let (action, again) = form(&refused);
    assert_eq!(action, "/.linkgate/sign-in");
    let again: Vec<_> = again.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert!(again.contains(&("email", " ann@example.com ")));
    assert!(again.contains(&("return_to", "/a?b=c&d=e#f")));
    assert!(again.contains(&("remember", "1")));
    assert!(refused.text().contains("href=\"/.linkgate/check-mail\""), "the last mail works");
    assert_eq!(press(&mut browser, &refused).await.status, 429, "the same is asked once more");
    // Whoever changes the language in between is led to the same page.
    assert!(refused.text().contains("name=\"back\" value=\"/.linkgate/sign-in?return_to=%2Fa%3Fb"));
}

#[tokio::test]
async fn a_resend_that_comes_too_soon_keeps_the_attempt() {
    let gate = gate("limits: { email: 2/1h, ip: 100/1h }").await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/deep").await;
    let early = browser.post("/.linkgate/resend", &[]).await;
    assert_eq!(early.status, 429);
    assert_named(&gate, &early).await;
    assert_eq!(form(&early), ("/.linkgate/resend".to_owned(), vec![]));
    let landed = browser.get(&gate.mail("ann@example.com", 1).await.link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/deep"));
    // In a browser without an attempt, there is no code to enter.
    let link = gate.mail("ann@example.com", 1).await.link();
    let token = link.rsplit('/').next().expect("a token");
    let mut other = gate.browser();
    let asked = other.post("/.linkgate/resend", &[("token", token)]).await;
    assert_eq!(asked.status, 303);
    let mut third = gate.browser();
    let refused = third.post("/.linkgate/resend", &[("token", token)]).await;
    assert_eq!(refused.status, 429);
    assert!(!refused.text().contains("/.linkgate/check-mail\""), "{}", refused.text());
    assert_eq!(form(&refused).1, [("token".to_owned(), token.to_owned())]);
}

#[tokio::test]
async fn too_many_addresses_lead_back_to_the_link() {
    let gate = gate("").await;
    gate.ask(&mut gate.browser(), "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let mut other = gate.browser();
    for link in [mail.link(), mail.report()] {
        let mut answer = Answer::default();
        for number in 0..=20 {
            let typed = format!("person{number}@example.com");
            answer = other.post(&link, &[("email", &typed)]).await;
            if answer.status == 429 {
                break;
            }
        }
        assert_eq!(answer.status, 429);
        let path = link.strip_prefix(&gate.origin).expect("our link");
        assert!(answer.text().contains(&format!("<a class=\"button\" href=\"{path}\">")), "{path}");
    }
}

#[tokio::test]
async fn a_page_for_nobody_is_a_page_and_a_failed_application_names_its_site() {
    let sites = "\n  - name: app\n    title: The shop\n    origin: $ORIGIN\n    \
                 upstream: http://127.0.0.1:9\n    allow: [everyone]\n    rules:\n      \
                 - { path: \"/public/**\", access: public }\n      \
                 - { path: \"/closed/**\", access: deny }\n";
    let (sites, extra) = (sites.to_owned(), BRAND.to_owned());
    let gate = Gate::with(Wishes { sites, extra, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    for (target, status, title) in [
        ("/closed/x", 403, "This page is closed"),
        ("/public/x", 502, "The application does not answer"),
    ] {
        let page = browser.get(target).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (status, "text/html; charset=utf-8")
        );
        assert!(page.text().contains(title) && page.text().contains("<bdi>The shop</bdi>"));
        assert_named(&gate, &page).await;
        let script = browser.send("GET", target, &[("Accept", "application/json")], None).await;
        assert_eq!(script.status, status);
        assert_eq!(script.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn who_has_no_access_can_ask_for_it() {
    let gate = gate("").await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let page = browser.get("/admin/x").await;
    assert_eq!(page.status, 403);
    assert_named(&gate, &page).await;
    let subject = format!("Access to {}/admin/x for ann@example.com", gate.host);
    let encoded: String = url::form_urlencoded::byte_serialize(subject.as_bytes()).collect();
    let ask = format!("mailto:help@example.com?subject={}", encoded.replace('+', "%20"));
    assert!(page.text().contains(&format!("href=\"{ask}\"")), "{}", page.text());
}

#[tokio::test]
async fn what_ends_an_attempt_names_the_request() {
    let gate = gate("").await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    let link = gate.mail("ann@example.com", 1).await.link();
    let mut other = gate.browser();
    assert_named(&gate, &other.get(&link).await).await;
    assert_named(&gate, &other.get("/.linkgate/link/nothing").await).await;
    assert_named(&gate, &other.get("/.linkgate/nothing").await).await;
    browser.post("/.linkgate/sign-out", &[]).await;
    assert_named(&gate, &browser.get("/.linkgate/sign-out").await).await;
    gate.ask(&mut browser, "bob@partner.example", "/").await;
    let link = gate.mail("bob@partner.example", 1).await.link();
    assert_named(&gate, &other.get(&link).await).await;
}

/// On a page that is the answer to a form there is no address to come back to.
#[tokio::test]
async fn a_language_chosen_on_a_refused_form_keeps_the_return_url() {
    let gate = gate("").await;
    let mut browser = gate.browser();
    let refused = gate.ask(&mut browser, "nobody", "/a?b=c").await;
    assert_eq!(refused.status, 422);
    let back = "/.linkgate/sign-in?return_to=%2Fa%3Fb%3Dc";
    assert!(refused.text().contains(&format!("name=\"back\" value=\"{back}\"")));
    let chosen = browser.post("/.linkgate/language", &[("language", "fr"), ("back", back)]).await;
    assert_eq!((chosen.status, chosen.location()), (303, back));
    let form = browser.get(back).await.text();
    assert!(
        form.contains("<html lang=\"fr\"") && form.contains("name=\"return_to\" value=\"/a?b=c\"")
    );
}
