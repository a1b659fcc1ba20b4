//! How often mail may be asked for.

use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

async fn limited(kind: &Kind, limits: &str) -> Gate {
    let sign_in = format!("limits: {limits}");
    Gate::with(Wishes { sign_in, ..kind.wishes() }).await
}

over_every_store!(three_mails_for_an_address_known_or_not, ten_mails_for_a_client);

async fn three_mails_for_an_address_known_or_not(kind: Kind) {
    let gate = limited(&kind, "{ email: 3/1h, ip: 1000/1h }").await;
    let mut refusals = Vec::new();
    for address in ["ann@example.com", "stranger@elsewhere.example"] {
        let mut browser = gate.browser();
        for _ in 0..3 {
            assert_eq!(gate.ask(&mut browser, address, "/").await.status, 303, "{address}");
        }
        let refused = gate.ask(&mut gate.browser(), address, "/").await;
        assert_eq!(refused.status, 429, "{address}");
        let after: u64 = refused.header("retry-after").parse().expect("seconds");
        assert!((3500..=3601).contains(&after), "{after}");
        refusals.push(refused.text().replace(address, "").len());
        if address.starts_with("ann") {
            // A limit never kills a link that lives. Which of the three mails is the newest,
            // their order of arrival does not say.
            let mut opened = Vec::new();
            for number in 1..=3 {
                let link = gate.mail(address, number).await.link();
                opened.push(browser.clone().get(&link).await.status);
            }
            opened.sort_unstable();
            assert_eq!(opened, [303, 410, 410]);
        }
    }
    assert_eq!(refusals[0], refusals[1], "the same page for both");
    let other = gate.ask(&mut gate.browser(), "dan@example.com", "/").await;
    assert_eq!(other.status, 303, "another address has a count of its own");
    gate.mail("dan@example.com", 1).await;
    assert!(gate.mails().iter().all(|mail| mail.to.ends_with("@example.com")));
    assert_eq!(gate.mails().len(), 4);
    gate.recorded("ann@example.com", "limited", 1).await;
    let refused = gate.recorded("stranger@elsewhere.example", "link_refused", 3).await;
    assert_eq!((refused.len(), &refused[0]["detail"]["why"]), (3, &"not_admitted".into()));
}

async fn ten_mails_for_a_client(kind: Kind) {
    let gate = limited(&kind, "{ email: 1000/1h, ip: 10/1h }").await;
    let mut browser = gate.browser();
    for number in 0..10 {
        let address = format!("person{number}@example.com");
        assert_eq!(gate.ask(&mut browser, &address, "/").await.status, 303);
    }
    assert_eq!(gate.ask(&mut browser, "person10@example.com", "/").await.status, 429);
    let document = serde_json::json!({ "email": "person11@example.com" });
    let api = gate.browser().json("POST", "/.linkgate/api/sign-in", &document).await;
    assert_eq!((api.status, api.header("content-type")), (429, "application/problem+json"));
    assert!(!api.header("retry-after").is_empty());
    // Nobody's word about another client is taken.
    let headers = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    let body = b"email=person12%40example.com";
    assert_eq!(browser.send("POST", "/.linkgate/sign-in", &headers, Some(body)).await.status, 429);
}

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_bytes() {
    let gate = Gate::start().await;
    let mut answers = Vec::new();
    for address in ["ann@example.com", "eva@elsewhere.example"] {
        let mut browser = gate.browser();
        let asked = gate.ask(&mut browser, address, "/x").await;
        let page = browser.get("/.linkgate/check-mail").await;
        let wait = browser.send("GET", "/.linkgate/wait", &[], None).await;
        let names = |answer: &crate::support::client::Answer| {
            answer.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let text = page.text().replace(address, "ADDRESS");
        // Times are told to the second; two requests may see different ones.
        let text: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        answers.push((
            asked.status,
            names(&asked),
            asked.location().to_owned(),
            page.status,
            names(&page),
            text,
            wait.text(),
        ));
    }
    assert_eq!(answers[0], answers[1]);
    gate.mail("ann@example.com", 1).await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/").await;
    gate.mail("ann@example.com", 2).await;
    assert!(gate.mails().iter().all(|mail| mail.to == "ann@example.com"));
}
