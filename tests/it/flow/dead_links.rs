//! Links that work no more, each with a page of its own and a way to a fresh one.

use crate::support::stores::{Kind, over_every_store};

over_every_store!(
    used_replaced_and_unknown_links_say_so,
    a_dead_link_gets_a_fresh_one,
    a_dead_link_lets_its_owner_in_who_is_signed_in_already,
);

async fn used_replaced_and_unknown_links_say_so(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, "ann@example.com", "/one").await;
    let first = gate.mail("ann@example.com", 1).await;
    gate.ask(&mut browser, "ann@example.com", "/two").await;
    let second = gate.mail("ann@example.com", 2).await;
    let replaced = browser.get(&first.link()).await;
    assert_eq!(replaced.status, 410);
    assert!(replaced.text().contains("There is a newer e-mail"));
    let old_code = browser.post("/.linkgate/code", &[("code", &first.code())]).await;
    assert_eq!(old_code.status, 422, "the code of the older mail is just a wrong code");
    let landed = browser.get(&second.link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/two"));
    let mut other = gate.browser();
    for answer in [
        other.get(&second.link()).await,
        other.post(&second.link(), &[("email", "ann@example.com")]).await,
    ] {
        assert_eq!(answer.status, 410);
        assert!(answer.text().contains("This link was used"));
        assert!(!answer.text().contains("ann@example.com"), "only masked");
    }
    let unknown = [
        "/.linkgate/link/x".to_owned(),
        format!("/.linkgate/link/{}", "A".repeat(64)),
        // A genuine token for another purpose.
        second.report().replace(&gate.origin, "").replace("/report/", "/link/"),
        second.link().replace(&gate.origin, "").replace("/link/", "/report/"),
    ];
    for target in unknown {
        let answer = other.get(&target).await;
        assert_eq!(answer.status, 404, "{target}");
        assert!(answer.text().contains("This link does not work"));
        super::assert_ours(&answer);
    }
    let late = gate.recorded("ann@example.com", "too_late", 1).await;
    assert_eq!(late[0]["detail"]["why"], "replaced");
}

async fn a_dead_link_gets_a_fresh_one(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.sign_in(&mut browser, "ann@example.com", "/deep?x=1").await;
    let used = gate.mail("ann@example.com", 1).await.link();
    let token = used.rsplit('/').next().expect("a token").to_owned();
    let mut other = gate.browser();
    let gone = other.get(&used).await;
    assert_eq!(gone.status, 410);
    assert!(gone.text().contains(&token) && gone.text().contains("/.linkgate/resend"));
    let asked = other.post("/.linkgate/resend", &[("token", &token)]).await;
    assert_eq!((asked.status, asked.location()), (303, "/.linkgate/check-mail"));
    let fresh = gate.mail("ann@example.com", 2).await;
    let landed = other.get(&fresh.link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/deep?x=1"), "the return URL is kept");
    let asked = gate.recorded("ann@example.com", "link_asked", 2).await;
    assert_eq!(asked.last().expect("two")["detail"]["with"], "fresh_link");
    let forged = other.post("/.linkgate/resend", &[("token", "forged")]).await;
    assert_eq!(forged.status, 400);
}

async fn a_dead_link_lets_its_owner_in_who_is_signed_in_already(kind: Kind) {
    let gate = kind.gate().await;
    let (mut browser, mut phone, mut bob) = (gate.browser(), gate.browser(), gate.browser());
    gate.ask(&mut browser, "ann@example.com", "/one").await;
    let replaced = gate.mail("ann@example.com", 1).await.link();
    gate.ask(&mut browser, "ann@example.com", "/two").await;
    let used = gate.mail("ann@example.com", 2).await;
    // On the telephone by the link, then on the computer by the code of the same mail.
    let elsewhere = phone.post(&used.link(), &[("email", "ann@example.com")]).await;
    assert_eq!(elsewhere.status, 303);
    assert_eq!(browser.post("/.linkgate/code", &[("code", &used.code())]).await.status, 303);
    gate.sign_in(&mut bob, "bob@partner.example", "/").await;
    for (link, to) in [(&replaced, "/one"), (&used.link(), "/two")] {
        for owner in [&mut browser, &mut phone] {
            let landed = owner.get(link).await;
            assert_eq!((landed.status, landed.location()), (303, to));
            assert_eq!(landed.all("set-cookie"), Vec::<&str>::new());
            let prefetched = owner.send("GET", link, &[("Sec-Purpose", "prefetch")], None).await;
            assert_eq!(prefetched.status, 410, "nobody is there to be led on");
        }
        assert_eq!(bob.get(link).await.status, 410, "somebody else's");
        assert_eq!(gate.browser().get(link).await.status, 410);
    }
    phone.post("/.linkgate/sign-out", &[]).await;
    assert_eq!(phone.get(&used.link()).await.status, 410, "signed out");
    let report = gate.browser().post(&used.report(), &[("email", "ann@example.com")]).await;
    assert_eq!(report.status, 200);
    assert_eq!(browser.get(&replaced).await.status, 410, "the report ended the session, too");
}
