//! Sites that differ: sender, and limits of their own.

use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";

/// Two sites; the second has a sender and a limit for addresses of its own.
async fn two_sites() -> Gate {
    let sites = "
  - { name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: [everyone] }
  - name: shop
    origin: http://shop.localhost:$PORT
    upstream: $UPSTREAM
    allow: [everyone]
    mail: { from: \"Shop <shop@shop.example>\", reply_to: \"help@shop.example\" }
    sign_in: { limits: { email: 1/1h } }
";
    let limits = "limits: { email: 2/1h, ip: 1000/1h, network: 1000/1h }".to_owned();
    Gate::with(Wishes { sites: sites.into(), sign_in: limits, ..Wishes::default() }).await
}

fn shop(gate: &Gate) -> Browser {
    Browser::new(gate.address, &format!("shop.localhost:{}", gate.address.port()))
}

#[tokio::test]
async fn a_site_has_its_own_sender_in_mail_and_page() {
    let gate = two_sites().await;
    let mut visitor = shop(&gate);
    gate.ask(&mut visitor, ANN, "/").await;
    let mail = gate.mail(ANN, 1).await;
    let head = mail.raw.split("\r\n\r\n").next().expect("a head");
    let line = |name: &str| head.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(line("From:").ends_with("<shop@shop.example>"), "{head}");
    assert!(line("Reply-To:").contains("help@shop.example"), "{head}");
    assert!(line("Message-ID:").ends_with("@shop.example>"), "{head}");
    let page = visitor.get("/.linkgate/check-mail").await.text();
    assert!(page.contains("Shop &lt;shop@shop.example&gt;"), "{page}");
}

#[tokio::test]
async fn a_limit_of_a_site_is_counted_for_it_alone() {
    let gate = two_sites().await;
    assert_eq!(gate.ask(&mut shop(&gate), ANN, "/").await.status, 303);
    assert_eq!(gate.ask(&mut shop(&gate), ANN, "/").await.status, 429);
    for _ in 0..2 {
        assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303, "its count is full");
    }
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 429);
    assert_eq!(gate.ask(&mut shop(&gate), "dan@example.com", "/").await.status, 303);
}
