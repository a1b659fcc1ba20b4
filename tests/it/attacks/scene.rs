//! The site that the corpora are about, as a running process.

use crate::support::client::{Answer, Browser};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

/// Its host.
pub const HOST: &str = "app.example.com";
/// Its session cookie.
pub const SESSION: &str = "__Host-linkgate-session";
/// Who has a session in the rows.
pub const ALICE: &str = "alice@example.com";
/// Who asks for the links of the rows, so that alice's mails can be counted.
pub const CAROL: &str = "carol@example.com";

const SITES: &str = r#"
  - name: app
    origin: https://app.example.com
    upstream: $UPSTREAM
    identity_headers: x-auth-request
    allow: ["alice@example.com", "carol@example.com"]
    rules:
      - { path: "/public/**", access: public }
      - { path: "/healthz", access: public }
      - { path: "/admin", allow: ["group:admins"] }
      - { path: "/admin/**", allow: ["group:admins"] }
  - name: auth
    origin: https://auth.example.com
    upstream: $UPSTREAM
    allow: ["alice@example.com"]
  - name: any
    origin: https://*.example.org
    upstream: $UPSTREAM
    allow: ["alice@example.com"]
"#;

/// The wishes for this site: `app.example.com` behind something that ends TLS, where `/public/`
/// and `/healthz` are for everybody and `/admin` is for a group.
pub fn wishes() -> Wishes {
    Wishes {
        sites: SITES.into(),
        extra: "groups: { admins: [root@example.com] }\nserver: { request_head: 1s }".into(),
        ..Wishes::default()
    }
}

/// A running process with this site.
pub async fn gate() -> Gate {
    Gate::with(wishes()).await
}

/// A browser on this site.
pub fn browser(gate: &Gate) -> Browser {
    Browser::new(gate.address, HOST)
}

/// A browser that somebody is signed in with.
pub async fn signed_in(gate: &Gate, address: &str) -> Browser {
    let mut browser = browser(gate);
    let landed = gate.sign_in(&mut browser, address, "/").await;
    assert_eq!((landed.status, landed.location()), (303, "/"));
    assert!(browser.cookies.contains_key(SESSION));
    browser
}

/// A link that was asked for and not used, and the browser that asked.
pub struct Pending {
    pub token: String,
    pub browser: Browser,
}

impl Pending {
    /// Asks for a link to `/app`.
    pub async fn ask(gate: &Gate, address: &str) -> Self {
        let before = gate.mails().iter().filter(|mail| mail.to == address).count();
        let mut browser = browser(gate);
        let asked = gate.ask(&mut browser, address, "/app").await;
        assert_eq!(asked.status, 303, "{}", asked.text());
        let link = gate.mail(address, before + 1).await.link();
        let token = link.rsplit('/').next().expect("a token").to_owned();
        Self { token, browser }
    }

    /// Opens the link where it was asked for: it must still sign in.
    pub async fn assert_unspent(mut self, why: &str) {
        let landed = self.browser.get(&format!("/.linkgate/link/{}", self.token)).await;
        assert_eq!((landed.status, landed.location()), (303, "/app"), "{why}");
        assert!(self.browser.cookies.contains_key(SESSION), "{why}");
    }
}

/// All mails, after two more that were asked for one after the other have arrived. Mails are handed
/// over in the order of asking, some at once: what was asked for before and is not here now, never
/// comes.
pub async fn all_mails(gate: &Gate) -> Vec<crate::support::gate::Mail> {
    for _ in 0..2 {
        Pending::ask(gate, CAROL).await;
    }
    gate.mails()
}

/// Resident memory of the process, in KiB.
pub async fn memory(gate: &Gate) -> u64 {
    let path = format!("/proc/{}/status", gate.pid());
    eventually("the size of the process", async || {
        let status = std::fs::read_to_string(&path).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    })
    .await
}

/// Holds an answer of ours against what every answer of ours must be. What the application
/// answered is passed over.
pub fn assert_own_answer(answer: &Answer, of: &str) {
    if !answer.header("x-upstream").is_empty() {
        return;
    }
    assert!(!matches!(answer.status, 301 | 302 | 307 | 308), "{of}: {}", answer.status);
    let text = format!("{of}: {} {:?}", answer.status, answer.headers);
    let cache = answer.header("cache-control");
    assert!(cache == "no-store" || cache.contains("immutable") || of.contains("jwks"), "{text}");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "form-action ", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{part}: {text}");
    }
    assert!(!policy.contains("unsafe"), "{text}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{text}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{text}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{text}");
    assert_eq!(answer.header("x-robots-tag"), "noindex", "{text}");
    if let Some(target) = answer.headers.iter().find(|(name, _)| name == "location") {
        assert_eq!(answer.status, 303, "{text}");
        assert!(stays(&target.1), "{text}");
    }
}

/// Whether a browser on the site that follows this `Location` stays at a place of the whitelist.
pub fn stays(location: &str) -> bool {
    let site = url::Url::parse("https://app.example.com/").expect("a URL");
    let Ok(arrived) = site.join(location) else { return false };
    let host = arrived.host_str().unwrap_or_default();
    arrived.scheme() == "https"
        && arrived.port().is_none()
        && arrived.username().is_empty()
        && arrived.password().is_none()
        && (host == HOST || host == "auth.example.com" || host.ends_with(".example.org"))
}
