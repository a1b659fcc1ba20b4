//! A browser that somebody has signed in with before.

use serde_json::json;

use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const DEVICE: &str = "linkgate-device";

over_every_store!(a_known_browser_has_a_count_of_its_own, a_report_stops_mail_from_that_network);

async fn limited(kind: &Kind) -> Gate {
    let sign_in = "limits: { email: 2/1h, ip: 1000/1h }".to_owned();
    Gate::with(Wishes { sign_in, ..kind.wishes() }).await
}

async fn a_known_browser_has_a_count_of_its_own(kind: Kind) {
    let gate = limited(&kind).await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, ANN, "/").await;
    let device = browser.cookies[DEVICE].clone();
    browser.get("/me").await;
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.header("cookie"), "", "the application sees nothing of it");
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 429, "all is used up");
    let flipped = format!("{}{}", if device.starts_with('A') { "B" } else { "A" }, &device[1..]);
    let twice = format!("{device}; {DEVICE}={device}");
    for damaged in [&flipped, &twice, &device[..22], &device[1..], "", "x", &"A".repeat(4000)] {
        let mut other = gate.browser();
        other.cookies.insert(DEVICE.to_owned(), damaged.to_owned());
        let refused = gate.ask(&mut other, ANN, "/").await;
        assert_eq!(refused.status, 429, "{damaged}");
    }
    let mut known = gate.browser();
    known.cookies.insert(DEVICE.to_owned(), device.clone());
    for _ in 0..2 {
        assert_eq!(gate.ask(&mut known, ANN, "/").await.status, 303);
    }
    assert_eq!(gate.ask(&mut known, ANN, "/").await.status, 429, "and a limit of its own");
}

async fn a_report_stops_mail_from_that_network(kind: Kind) {
    let gate = kind.gate().await;
    let mut asker = gate.browser();
    let before = gate.ask(&mut asker, ANN, "/").await;
    let mail = gate.mail(ANN, 1).await;
    let reported = gate.browser().post(&mail.report(), &[("email", ANN)]).await;
    assert_eq!(reported.status, 200);
    let after = gate.ask(&mut asker, ANN, "/").await;
    assert_eq!((after.status, after.location()), (before.status, before.location()));
    let waiting = asker.get("/.linkgate/check-mail").await;
    assert_eq!(waiting.status, 200);
    assert_eq!(super::wait_state(&mut asker).await, "waiting");
    // Mails leave in the order they were asked for, or nearly: the others are there, and hers is not.
    for address in ["dan@example.com", "bob@example.com"] {
        gate.ask(&mut gate.browser(), address, "/").await;
        gate.mail(address, 1).await;
    }
    assert_eq!(gate.mails().iter().filter(|mail| mail.to == ANN).count(), 1);
}

#[tokio::test]
async fn the_api_tells_programs_of_their_device_too() {
    let gate = Gate::start().await;
    let mut program = gate.browser();
    let ask = json!({ "email": ANN, "return_to": "/" });
    assert_eq!(program.json("POST", "/.linkgate/api/sign-in", &ask).await.status, 202);
    let code = gate.mail(ANN, 1).await.code();
    let verified = program.json("POST", "/.linkgate/api/verify", &json!({ "code": code })).await;
    assert_eq!(verified.status, 200);
    assert!(program.cookies.contains_key(DEVICE));
}
