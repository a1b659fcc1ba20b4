//! Sites that differ: sender, limits and looks of their own.

use tempfile::TempDir;

use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes, free_port};

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

/// A page that everybody sees, one that stands in for the application, and a mail.
fn templates_of(name: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    std::fs::create_dir(folder.path().join("mail")).expect("a folder");
    let mail = include_str!("../../../src/portal/mail/sign_in.txt");
    for (file, text) in [
        ("sign_in.html", format!("Form of {name} for {{{{ site.name }}}}")),
        ("notice.html", format!("Notice of {name}")),
        ("mail/sign_in.txt", format!("{mail}\nMail of {name}\n")),
        ("brand.css", format!("/* Colours of {name} */")),
    ] {
        std::fs::write(folder.path().join(file), text).expect("a template");
    }
    folder
}

#[tokio::test]
async fn each_site_has_the_templates_of_its_own_brand() {
    let (one, two) = (templates_of("one"), templates_of("two"));
    let site = |name: &str, brand: &str| {
        format!(
            "\n  - name: {name}\n    origin: http://{name}.localhost:$PORT\n    \
             upstream: http://127.0.0.1:{}\n    allow: [everyone]\n    \
             rules: [{{ path: /public, access: public }}]{brand}",
            free_port()
        )
    };
    let brand =
        |folder: &TempDir| format!("\n    brand: {{ templates: \"{}\" }}", folder.path().display());
    let sites = site("one", &brand(&one)) + &site("two", &brand(&two)) + &site("plain", "");
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    for (number, name) in ["one", "two", "plain"].into_iter().enumerate() {
        let mut visitor = gate.browser();
        visitor.host = gate.host.replace("app.", &format!("{name}."));
        let form = visitor.get("/.linkgate/sign-in").await.text();
        let notice = visitor.get("/public").await;
        assert_eq!(notice.status, 502);
        gate.ask(&mut visitor, ANN, "/").await;
        let mail = gate.mail(ANN, number + 1).await;
        assert!(mail.link().contains(&visitor.host), "{}", mail.text);
        let waiting = visitor.get("/.linkgate/check-mail").await.text();
        assert!(waiting.contains("Check your mail"), "what no folder has is built in: {waiting}");
        let style = waiting.split("rel=\"stylesheet\" href=\"").nth(1).expect("a style sheet");
        let style = visitor.get(style.split('"').next().expect("its address")).await.text();
        let notice = notice.text();
        if name == "plain" {
            assert!(form.contains("Send me a link") && notice.contains("does not answer"));
        } else {
            assert_eq!(form, format!("Form of {name} for {name}"));
            assert_eq!(notice, format!("Notice of {name}"));
        }
        for other in ["one", "two"] {
            let is_own = name == other;
            assert_eq!(mail.text.contains(&format!("Mail of {other}")), is_own, "{name} {other}");
            assert_eq!(style.contains(&format!("Colours of {other}")), is_own, "{name} {other}");
        }
    }
}
