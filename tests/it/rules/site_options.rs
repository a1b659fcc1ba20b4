//! Options of a site, and of its sessions, on the wire: what they stop, and what they let through
//! beside that.

use crate::flow::{SESSION, signed_in_as};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// One site, with these keys besides the usual ones.
fn site(keys: &str) -> String {
    format!("\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n{keys}")
}

#[tokio::test]
async fn the_domains_below_one_are_not_the_domain_itself() {
    const BELOW: [&str; 2] = ["x@sub.example.com", "x@a.sub.example.com"];
    const NOT_BELOW: [&str; 3] =
        ["x@example.com", "x@subexample.com", "x@sub.example.com.evil.example"];
    let sites = site("    allow: [\"@*.example.com\"]\n");
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    for who in NOT_BELOW {
        let asked = gate.ask(&mut gate.browser(), who, "/page").await;
        assert_eq!((asked.status, asked.location()), (303, "/.linkgate/check-mail"), "{who}");
    }
    for who in BELOW {
        let mut browser = gate.browser();
        gate.sign_in(&mut browser, who, "/page").await;
        assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(who));
    }
    // Mails leave in the order in which they were asked for: those of the others would be there.
    let to: Vec<_> = gate.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, BELOW);
}

#[tokio::test]
async fn who_is_at_the_domain_itself_has_no_entry_with_a_session_or_a_link_from_before() {
    let sites = site("    allow: [\"@*.example.com\", \"@example.com\"]\n");
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let (mut at, mut below, mut late) = (gate.browser(), gate.browser(), gate.browser());
    gate.sign_in(&mut at, "x@example.com", "/page").await;
    gate.sign_in(&mut below, "x@sub.example.com", "/page").await;
    gate.ask(&mut late, "y@example.com", "/page").await;
    let mail = gate.mail("y@example.com", 1).await;
    assert_eq!(at.get("/page").await.status, 200);
    gate.change(", \"@example.com\"", "").await;
    assert_eq!(at.get("/page").await.status, 403);
    assert_eq!(below.get("/page").await.status, 200);
    assert_eq!(late.get(&mail.link()).await.status, 410);
    assert!(!late.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn where_sign_in_is_closed_nobody_comes_in_and_nobody_is_put_out() {
    let sites = site("    allow: [\"@example.com\"]\n    sign_in: { enabled: true }\n");
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/page").await;
    assert_eq!(gate.ask(&mut bob, BOB, "/page").await.status, 303);
    let mail = gate.mail(BOB, 1).await;
    let token = mail.link().rsplit('/').next().expect("a token").to_owned();
    gate.change("enabled: true", "enabled: false").await;
    let form = gate.browser().get("/.linkgate/sign-in?return_to=%2Fpage").await;
    assert_eq!(form.status, 403);
    assert!(form.text().contains("Sign-in is closed at the moment"), "{}", form.text());
    for mut browser in [gate.browser(), bob.clone()] {
        assert_eq!(gate.ask(&mut browser, BOB, "/page").await.status, 403);
        assert_eq!(browser.post("/.linkgate/resend", &[("token", &token)]).await.status, 403);
        assert_eq!(browser.post(&mail.link(), &[("email", BOB)]).await.status, 410);
        assert_eq!(signed_in_as(&gate, &mut browser).await, None);
    }
    assert_eq!(bob.get(&mail.link()).await.status, 410);
    assert_eq!(bob.post("/.linkgate/code", &[("code", &mail.code())]).await.status, 410);
    assert_eq!(signed_in_as(&gate, &mut bob).await, None);
    assert_eq!(gate.mails().len(), 2, "no mail has left since");
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "who is in stays");
    assert_eq!(ann.get("/.linkgate/account").await.status, 200);
    // Open again, the same link works: nothing was spent.
    gate.change("enabled: false", "enabled: true").await;
    assert_eq!(gate.browser().get("/.linkgate/sign-in").await.status, 200);
    assert_eq!(bob.get(&mail.link()).await.location(), "/page");
    assert_eq!(signed_in_as(&gate, &mut bob).await.as_deref(), Some(BOB));
}

const SHARED: &str = "__Secure-linkgate-session";
const OF_A_HOST: &str = "__Host-linkgate-session";

/// An https site; a proxy before linkgate ends TLS.
fn https(hosts: &[&str]) -> String {
    let site = |host: &&str| {
        let name = host.replace('.', "-");
        format!(
            "\n  - {{ name: {name}, origin: \"https://{host}\", upstream: $UPSTREAM, \
             allow: [\"@example.com\"] }}"
        )
    };
    hosts.iter().map(site).collect()
}

/// Asks at a host with one cookie and no other.
async fn shows(gate: &Gate, host: &str, name: &str, value: &str) -> u16 {
    let mut browser = Browser::new(gate.address, host);
    browser.cookies.insert(name.to_owned(), value.to_owned());
    browser.get("/page").await.status
}

#[tokio::test]
async fn the_session_of_a_domain_counts_at_its_hosts_and_by_its_name_alone() {
    let (app, wiki, foreign) = ("app.staging.test", "wiki.staging.test", "app.other.test");
    let store = Kind::redis().await;
    let session = "domain: staging.test".to_owned();
    let sites = https(&[app, wiki]);
    let wishes = store.wishes();
    let domain = Gate::with(Wishes { sites, session, ..wishes.clone() }).await;
    // Another node over the same store, with the same secret: even there it is nobody's. Either hands
    // over the mails of both.
    let mails = domain.path("mails").display().to_string();
    let mail = format!("{{ from: login@example.com, folder: {{ path: \"{mails}\" }} }}");
    let other = Gate::with(Wishes { sites: https(&[foreign, wiki]), mail, ..wishes }).await;
    let mut ann = Browser::new(domain.address, app);
    domain.sign_in(&mut ann, ANN, "/page").await;
    assert_eq!(ann.get("/page").await.status, 200);
    let token = ann.cookies.get(SHARED).expect("the cookie of the domain").clone();
    for name in [OF_A_HOST, SESSION, "__Host-linkgate-browser", "linkgate-session-x"] {
        assert_eq!(shows(&domain, app, name, &token).await, 303, "{name}");
        assert_eq!(shows(&domain, wiki, name, &token).await, 303, "{name}");
    }
    for name in [SHARED, OF_A_HOST, SESSION] {
        for host in [foreign, wiki] {
            assert_eq!(shows(&other, host, name, &token).await, 303, "{name} at {host}");
        }
        assert_eq!(shows(&domain, foreign, name, &token).await, 421, "{name}");
        assert_eq!(shows(&domain, "x.staging.test", name, &token).await, 421, "{name}");
    }
    // Nor is the session of one host that of the domain.
    let mut dan = Browser::new(other.address, wiki);
    domain.sign_in(&mut dan, "dan@example.com", "/page").await;
    assert_eq!(dan.get("/page").await.status, 200);
    let own = dan.cookies.get(OF_A_HOST).expect("the cookie of the host").clone();
    for name in [SHARED, OF_A_HOST] {
        assert_eq!(shows(&domain, wiki, name, &own).await, 303, "{name}");
    }
    for host in [app, wiki] {
        assert_eq!(shows(&domain, host, SHARED, &token).await, 200, "{host}");
    }
}
