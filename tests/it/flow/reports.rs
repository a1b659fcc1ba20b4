//! "I did not ask for this".

use super::SESSION;
use crate::support::stores::{Kind, over_every_store};

over_every_store!(only_who_knows_the_address_ends_an_attempt);

async fn only_who_knows_the_address_ends_an_attempt(kind: Kind) {
    let gate = kind.gate().await;
    let mut asker = gate.browser();
    gate.ask(&mut asker, "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let report = mail.report();
    let mut scanner = gate.browser();
    for _ in 0..2 {
        assert_eq!(scanner.get(&report).await.status, 200);
        assert_eq!(scanner.post(&report, &[]).await.status, 422);
        assert_eq!(scanner.post(&report, &[("email", "eve@example.com")]).await.status, 422);
    }
    let target = report.replace(&gate.origin, "");
    let headers =
        [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/x-www-form-urlencoded")];
    let cross = scanner.send("POST", &target, &headers, Some(b"email=ann%40example.com")).await;
    assert_eq!(cross.status, 403);
    assert_eq!(gate.browser().get(&mail.link()).await.status, 200, "still alive");
    let reported = gate.browser().post(&report, &[("email", "Ann@example.com")]).await;
    assert_eq!(reported.status, 200);
    assert!(reported.text().contains("The request has ended"));
    assert_eq!(asker.get(&mail.link()).await.status, 410);
    assert_eq!(asker.post("/.linkgate/code", &[("code", &mail.code())]).await.status, 410);
    assert_eq!(super::wait_state(&mut asker).await, "waiting", "the asker hears nothing of it");
    assert!(!asker.cookies.contains_key(SESSION));
}

over_every_store!(a_report_ends_the_session_that_was_made);

async fn a_report_ends_the_session_that_was_made(kind: Kind) {
    let gate = kind.gate().await;
    let (mut asker, mut thief) = (gate.browser(), gate.browser());
    gate.ask(&mut asker, "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let entered = thief.post(&mail.link(), &[("email", "ann@example.com")]).await;
    assert_eq!(entered.status, 303, "{}", entered.text());
    assert_eq!(thief.get("/x").await.status, 200);
    // By the code, too: the attempt makes two sessions.
    let second = asker.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!(second.status, 303);
    let reported = gate.browser().post(&mail.report(), &[("email", "ann@example.com")]).await;
    assert_eq!(reported.status, 200);
    assert_eq!(thief.get("/x").await.status, 303, "the session is over");
    assert_eq!(asker.get("/x").await.status, 303, "and the other one");
    assert_eq!(gate.recorded("ann@example.com", "reported", 1).await.len(), 1);
    let ended = gate.recorded("ann@example.com", "session_ended", 1).await;
    let detail = &ended[0]["detail"];
    assert_eq!((&detail["why"], &detail["sessions"]), (&"reported".into(), &2.into()));
}

over_every_store!(addresses_typed_for_one_link_are_counted);

async fn addresses_typed_for_one_link_are_counted(kind: Kind) {
    let gate = kind.gate().await;
    let mut asker = gate.browser();
    gate.ask(&mut asker, "ann@example.com", "/").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let mut guesser = gate.browser();
    for number in 0..20 {
        let guess = format!("name{number}@example.com");
        assert_eq!(guesser.post(&mail.link(), &[("email", &guess)]).await.status, 422);
    }
    let late = guesser.post(&mail.link(), &[("email", "ann@example.com")]).await;
    assert_eq!((late.status, late.header("retry-after").is_empty()), (429, false));
    assert!(!guesser.cookies.contains_key(SESSION));
    // Whoever asked is not locked out.
    assert_eq!(asker.get(&mail.link()).await.status, 303);
}

over_every_store!(a_stranger_with_a_dead_link_sees_no_address);

async fn a_stranger_with_a_dead_link_sees_no_address(kind: Kind) {
    let gate = kind.gate().await;
    let mut asker = gate.browser();
    gate.sign_in(&mut asker, "ann@example.com", "/private?key=SECRET").await;
    let mail = gate.mail("ann@example.com", 1).await;
    let token = mail.link().rsplit('/').next().unwrap().to_owned();
    let mut stranger = gate.browser();
    assert_eq!(stranger.get(&mail.link()).await.status, 410);
    let fresh = stranger.post("/.linkgate/resend", &[("token", &token)]).await;
    assert_eq!(fresh.status, 303);
    let page = stranger.get(fresh.location()).await.text();
    assert!(page.contains("a***@example.com"), "{page}");
    assert!(!page.contains("ann@") && !page.contains("SECRET"), "{page}");
    // The mail went to its owner, and works there.
    let second = gate.mail("ann@example.com", 2).await;
    let entered = gate.browser().post(&second.link(), &[("email", "ann@example.com")]).await;
    assert_eq!(entered.location(), "/private?key=SECRET");
}
