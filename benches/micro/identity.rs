//! What telling an application who is asking costs: it is paid for each request of a visitor.

use std::cell::Cell;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::Criterion;
use http::HeaderMap;
use linkgate::adapters::embedded::Embedded;
use linkgate::cli::foundation::sites;
use linkgate::config::Config;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::identity::{Identity, Membership};
use linkgate::domain::navigation::RequestKind;
use linkgate::domain::secret::Secret;
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::site::Located;
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::TokenDigest;
use linkgate::portal::assertion::{Assertions, Introduction, SigningKeys, Visitor};
use linkgate::ports::{KeyRosters, Known};
use linkgate::proxy::onward::Onward;
use pingora::http::RequestHeader;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const CONFIG: &str = r#"
listen: [{ address: "127.0.0.1:0" }]
store: { memory: {} }
mail: { from: login@example.com, inbox: { listen: "127.0.0.1:0" } }
sites:
  - { name: a, origin: "https://a.example.com", upstream: "http://127.0.0.1:1", allow: [everyone] }
  - name: b
    origin: https://b.example.com
    upstream: http://127.0.0.1:2
    allow: [everyone]
    assertion: { algorithm: ES256 }
  - name: c
    origin: https://c.example.com
    upstream: http://127.0.0.1:3
    allow: [everyone]
    identity_headers: { user: X-WEBAUTH-USER, email: X-WEBAUTH-EMAIL, groups: X-WEBAUTH-GROUPS }
"#;

/// As it is in memory.
fn session(identity: &Identity) -> Session {
    Session {
        email: identity.email.clone(),
        signed_in_at: NOW,
        last_seen: NOW,
        expires_at: identity.expires_at,
        surroundings: Surroundings::new("https://a.example.com", "Firefox on Linux"),
        network: "192.0.2.0/24".parse().expect("a network"),
    }
}

/// Who is asking, again and for the first time; the head that goes to the application.
pub fn all(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("linkgate.yaml");
    std::fs::write(&file, CONFIG).expect("the file");
    let sites = sites(&Config::load(&file).expect("a configuration"));
    let secret = Secret::new(&[7; 32]).expect("a secret");
    let rosters: Arc<dyn KeyRosters> = Arc::new(Embedded::in_memory().expect("a store"));
    let assertions =
        Assertions::new(Arc::new(SigningKeys::new(&secret, rosters)), "/.linkgate", &sites, 1000)
            .expect("fields");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let identity = visitor();
    let tell = async |located: &Located, number: u128, known: Option<&Known>| -> Introduction {
        let mut digest = [1; 32];
        digest[..16].copy_from_slice(&number.to_be_bytes());
        let session = TokenDigest::from_bytes(digest);
        let visitor = Visitor::Person { session, known, identity: &identity };
        assertions.introduce(located, Some(visitor), NOW).await.expect("told")
    };
    let mut group = criterion.benchmark_group("identity");
    for (name, host) in [("EdDSA", "a.example.com"), ("ES256", "b.example.com")] {
        let located = sites.find(host).expect("the site");
        let (session, known) = (Cell::new(1), Known::from(session(&identity)));
        group.bench_function(format!("{name}: first request of a session"), |bencher| {
            bencher.to_async(&runtime).iter(|| {
                session.set(session.get() + 1);
                tell(&located, session.get(), None)
            });
        });
        group.bench_function(format!("{name}: every other request"), |bencher| {
            bencher.to_async(&runtime).iter(|| tell(black_box(&located), 0, Some(&known)));
        });
    }
    for (name, host) in [("preset", "a.example.com"), ("own names", "c.example.com")] {
        let located = sites.find(host).expect("the site");
        let introduction = runtime.block_on(tell(&located, 0, None));
        group.bench_function(format!("the head that goes onward, {name}"), |bencher| {
            bencher.iter_batched(
                head,
                |mut head| {
                    let onward = Onward {
                        located: &located,
                        kind: RequestKind::Navigation,
                        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                        is_trusted: false,
                        has_token: false,
                        reference: "0123456789",
                        introduction: &introduction,
                        trace: None,
                    };
                    onward.write(&HeaderMap::new(), &mut head).expect("written");
                    head
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn visitor() -> Identity {
    Identity {
        email: EmailAddress::parse("ann@example.com").expect("an address"),
        groups: ["staff", "admins"].map(|name| name.parse().expect("a group")).into(),
        signed_in_at: NOW,
        membership: Membership::Outsider,
        expires_at: NOW.after(std::time::Duration::from_secs(86_400)),
    }
}

fn head() -> RequestHeader {
    let mut head = RequestHeader::build("GET", b"/dashboard", None).expect("a head");
    for (name, value) in [
        ("Host", "a.example.com"),
        ("User-Agent", "Mozilla/5.0"),
        ("Accept", "text/html"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "de-DE,de;q=0.9"),
        ("Referer", "https://a.example.com/"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Remote-User", "root"),
    ] {
        head.insert_header(name, value).expect("a header");
    }
    head
}
