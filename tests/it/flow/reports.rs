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
    assert_eq!(super::wait_state(&mut asker).await, "expired");
    assert!(!asker.cookies.contains_key(SESSION));
}
