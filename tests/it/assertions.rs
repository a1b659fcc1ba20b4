//! The signed statement and its keys, with time and store in the hands of the test.

mod beside;
mod rosters;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm as Jwa, DecodingKey, Validation, decode, decode_header};
use linkgate::cli::foundation::sites;
use linkgate::config::Config;
use linkgate::domain::disclosure::Algorithm;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::identity::{Identity, Membership};
use linkgate::domain::policy::MethodSet;
use linkgate::domain::secret::Secret;
use linkgate::domain::service_token::ServiceToken;
use linkgate::domain::signing::{LEAD, TAIL};
use linkgate::domain::site::Located;
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::TokenDigest;
use linkgate::gate::keys::{Change, rotate};
use linkgate::portal::assertion::{Assertions, Field, KEY_SET_AGE, SigningKeys, Visitor};
use linkgate::ports::{Entropy, KeyRosters, OsEntropy};
use serde_json::Value;

use rosters::Rosters;

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
    assertion: { algorithm: ES256, lifetime: 1m }
  - name: c
    origin: https://c.example.com
    upstream: http://127.0.0.1:3
    allow: [everyone]
    identity_headers: { user: X-User, email: X-Mail, groups: X-Teams, when_anonymous: empty }
"#;

struct World {
    rosters: Arc<Rosters>,
    assertions: Assertions,
    sites: linkgate::domain::site::Sites,
}

impl World {
    fn new() -> Self {
        Self::slow(Duration::ZERO)
    }

    fn slow(takes: Duration) -> Self {
        Self::over(Arc::new(Rosters::slow(takes)))
    }

    fn over(rosters: Arc<Rosters>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("linkgate.yaml");
        std::fs::write(&file, CONFIG).expect("the file");
        let config = Config::load(&file).unwrap_or_else(|problems| panic!("{problems}"));
        let sites = sites(&config);
        let secret = Secret::new(&[7; 32]).expect("a secret");
        let shared: Arc<dyn KeyRosters> = Arc::clone(&rosters) as Arc<dyn KeyRosters>;
        let assertions = Assertions::new(
            Arc::new(SigningKeys::new(&secret, shared)),
            "/.linkgate",
            &sites,
            1000,
        )
        .expect("the fields");
        Self { rosters, assertions, sites }
    }

    fn located(&self, host: &str) -> Located {
        self.sites.find(host).expect("the site")
    }

    /// The assertion for a visitor at a moment.
    async fn told(&self, host: &str, identity: &Identity, now: UnixMillis) -> String {
        self.try_told(host, identity, now).await.expect("an introduction")
    }

    async fn try_told(&self, host: &str, identity: &Identity, now: UnixMillis) -> Option<String> {
        let session = TokenDigest::from_bytes([5; 32]);
        let visitor = Some(Visitor::Person { session, known: None, identity });
        let told = self.assertions.introduce(&self.located(host), visitor, now).await.ok()?;
        let field = told.identity.fields().find(|field| field.name == "X-Linkgate-Assertion");
        Some(field.expect("the header").value.to_str().expect("text").to_owned())
    }

    async fn change(&self, change: Change, now: UnixMillis) {
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        rotate(self.rosters.as_ref(), &entropy, change, now).await.expect("changed");
    }

    async fn keys(&self, algorithm: Algorithm, now: UnixMillis) -> JwkSet {
        let keys = self.assertions.jwks(algorithm, now).await.expect("keys");
        serde_json::from_str(&keys).expect("a key set")
    }
}

fn ann(groups: &[&str], expires_at: UnixMillis) -> Identity {
    Identity {
        email: EmailAddress::parse("ann@example.com").expect("an address"),
        groups: groups.iter().map(|group| group.parse().expect("a group")).collect(),
        signed_in_at: NOW,
        membership: Membership::Outsider,
        expires_at,
    }
}

fn after(seconds: u64) -> UnixMillis {
    NOW.after(Duration::from_secs(seconds))
}

/// The claims, if a key of the set has signed them. Time is not looked at.
fn verified(assertion: &str, keys: &JwkSet, algorithm: Jwa, origin: &str) -> Option<Value> {
    let head = decode_header(assertion).expect("a head");
    assert_eq!(head.alg, algorithm);
    let key = DecodingKey::from_jwk(keys.find(&head.kid.expect("a kid"))?).expect("a key");
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.set_audience(&[origin]);
    validation.set_issuer(&[format!("{origin}/.linkgate")]);
    Some(decode::<Value>(assertion, &key, &validation).expect("a genuine assertion").claims)
}

#[tokio::test]
async fn each_site_has_its_algorithm_lifetime_and_audience() {
    let world = World::new();
    let ann = ann(&["staff", "admins"], after(86_400));
    for (host, algorithm, jwa, life) in [
        ("a.example.com", Algorithm::EdDsa, Jwa::EdDSA, 300),
        ("b.example.com", Algorithm::Es256, Jwa::ES256, 60),
    ] {
        let assertion = world.told(host, &ann, NOW).await;
        let keys = world.keys(algorithm, NOW).await;
        let origin = format!("https://{host}");
        let claims = verified(&assertion, &keys, jwa, &origin).expect("a known key");
        assert_eq!(claims["sub"], "ann@example.com");
        assert_eq!(claims["email"], "ann@example.com");
        assert_eq!(claims["groups"], serde_json::json!(["staff", "admins"]));
        assert_eq!(claims["iat"], NOW.seconds());
        assert_eq!(claims["exp"], NOW.seconds() + life);
        assert_eq!(claims["sid"].as_str().map(str::len), Some(32));
    }
}

#[tokio::test]
async fn it_is_signed_once_and_reused_until_half_of_its_life_is_over() {
    let world = World::new();
    let ann = ann(&[], after(86_400));
    let first = world.told("b.example.com", &ann, NOW).await;
    // ES256 draws a number for each signature, so equal texts are the same signature.
    assert_eq!(world.told("b.example.com", &ann, after(29)).await, first);
    let second = world.told("b.example.com", &ann, after(30)).await;
    assert_ne!(second, first);
    assert_eq!(world.told("b.example.com", &ann, after(59)).await, second);
}

#[tokio::test]
async fn other_groups_are_another_assertion_at_once() {
    let world = World::new();
    let keys = world.keys(Algorithm::EdDsa, NOW).await;
    for groups in [&["staff"][..], &["staff", "admins"], &[], &["staff"]] {
        let told = world.told("a.example.com", &ann(groups, after(86_400)), NOW).await;
        let claims = verified(&told, &keys, Jwa::EdDSA, "https://a.example.com").expect("a key");
        assert_eq!(claims["groups"], serde_json::json!(groups));
    }
}

#[tokio::test]
async fn it_never_outlives_the_session() {
    let world = World::new();
    let keys = world.keys(Algorithm::EdDsa, NOW).await;
    let ends = after(90);
    let ann = ann(&[], ends);
    for seconds in [0, 44, 45, 67, 80, 89] {
        let told = world.told("a.example.com", &ann, after(seconds)).await;
        let claims = verified(&told, &keys, Jwa::EdDSA, "https://a.example.com").expect("a key");
        assert_eq!(claims["exp"], ends.seconds(), "after {seconds} s");
        let issued = claims["iat"].as_u64().expect("iat");
        let (life, age) = (ends.seconds() - issued, after(seconds).seconds() - issued);
        assert!(age * 2 <= life, "reused too long after {seconds} s");
    }
}

/// The clock is the store's, and may be set right: what was looked at in its future is no news.
#[tokio::test]
async fn after_the_clock_went_back_the_keys_are_looked_at_as_ever() {
    let world = World::new();
    let ann = ann(&[], after(86_400));
    let looks = || world.rosters.looks.load(Ordering::Relaxed);
    let before = world.told("a.example.com", &ann, after(3600)).await;
    world.told("a.example.com", &ann, NOW).await;
    assert_eq!(looks(), 2);
    world.change(Change::AtOnce, NOW).await;
    let looked = looks();
    let told = world.told("a.example.com", &ann, after(5)).await;
    assert_eq!(looks(), looked + 1);
    assert_ne!(decode_header(&told), decode_header(&before), "the withdrawn key signs no more");
    // A request that has begun a little before the last look is no reason for another one.
    world.told("a.example.com", &ann, after(4)).await;
    assert_eq!(looks(), looked + 1);
}

#[tokio::test]
async fn no_application_meets_a_key_that_it_cannot_know() {
    let world = World::new();
    let ann = ann(&[], after(86_400));
    world.told("a.example.com", &ann, NOW).await;
    // The last that somebody could fetch before the change.
    let mut cached = vec![(NOW, world.keys(Algorithm::EdDsa, NOW).await)];
    world.change(Change::InTurn, NOW).await;
    let end = LEAD.as_secs() + TAIL.as_secs() + 60;
    let mut signers = Vec::new();
    for second in (5..end).step_by(5) {
        let now = after(second);
        cached.push((now, world.keys(Algorithm::EdDsa, now).await));
        let assertion = world.told("a.example.com", &ann, now).await;
        let kid = decode_header(&assertion).expect("a head").kid.expect("a kid");
        if signers.last() != Some(&kid) {
            signers.push(kid);
        }
        // Whoever has fetched the keys at any moment within their age can verify it.
        for (fetched_at, keys) in &cached {
            if now.since(*fetched_at) <= KEY_SET_AGE {
                let claims = verified(&assertion, keys, Jwa::EdDSA, "https://a.example.com");
                assert!(claims.is_some(), "{second} s: fetched at {fetched_at:?}");
            }
        }
    }
    assert_eq!(signers.len(), 2, "the new key signs at last: {signers:?}");
    assert_eq!(world.keys(Algorithm::EdDsa, after(10)).await.keys.len(), 2);
    let left = world.keys(Algorithm::EdDsa, after(end)).await;
    assert_eq!(left.keys.len(), 1, "the old one has gone");
    assert!(left.find(&signers[1]).is_some());
}

#[tokio::test]
async fn a_key_that_somebody_else_knows_is_void_on_every_node_within_seconds() {
    let one = World::new();
    let two = World::over(Arc::clone(&one.rosters));
    let ann = ann(&[], after(86_400));
    let before = one.told("a.example.com", &ann, NOW).await;
    assert_eq!(two.told("a.example.com", &ann, NOW).await, before, "nodes sign alike");
    one.change(Change::AtOnce, NOW).await;
    for world in [&one, &two] {
        let told = world.told("a.example.com", &ann, after(5)).await;
        assert_ne!(told, before);
        let keys = world.keys(Algorithm::EdDsa, after(5)).await;
        assert_eq!(keys.keys.len(), 1);
        assert!(verified(&before, &keys, Jwa::EdDSA, "https://a.example.com").is_none());
        assert!(verified(&told, &keys, Jwa::EdDSA, "https://a.example.com").is_some());
    }
}

#[tokio::test]
async fn the_store_is_asked_every_few_seconds_and_not_with_every_request() {
    let world = World::new();
    let ann = ann(&[], after(86_400));
    for second in 0..60 {
        for _ in 0..10 {
            world.told("a.example.com", &ann, after(second)).await;
        }
    }
    assert_eq!(world.rosters.looks.load(Ordering::Relaxed), 12);
}

#[tokio::test]
async fn without_the_store_known_keys_sign_for_a_minute_and_unknown_ones_never() {
    let world = World::new();
    let ann = ann(&[], after(86_400));
    world.rosters.is_away.store(true, Ordering::Relaxed);
    assert!(world.try_told("a.example.com", &ann, NOW).await.is_none(), "nothing is known");
    assert!(world.assertions.jwks(Algorithm::EdDsa, NOW).await.is_err());
    world.rosters.is_away.store(false, Ordering::Relaxed);
    world.told("a.example.com", &ann, NOW).await;
    world.rosters.is_away.store(true, Ordering::Relaxed);
    assert!(world.try_told("b.example.com", &ann, after(59)).await.is_some());
    assert!(world.try_told("a.example.com", &ann, after(60)).await.is_none());
    assert!(world.assertions.jwks(Algorithm::EdDsa, after(60)).await.is_err());
    world.rosters.is_away.store(false, Ordering::Relaxed);
    assert!(world.try_told("a.example.com", &ann, after(60)).await.is_some());
}

/// The time is the runtime's and passes by itself when nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn who_waits_for_a_look_shares_its_failure() {
    const TAKES: Duration = Duration::from_secs(5);
    let world = Arc::new(World::slow(TAKES));
    let looks = || world.rosters.looks.load(Ordering::Relaxed);
    let ask = || {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.assertions.jwks(Algorithm::EdDsa, NOW).await.is_ok() })
    };
    let all = async |count: usize| {
        let began = tokio::time::Instant::now();
        let asked: Vec<_> = (0..count).map(|_| ask()).collect();
        let mut answers = Vec::new();
        for answer in asked {
            answers.push(answer.await.expect("no panic"));
        }
        (answers, began.elapsed())
    };
    world.rosters.is_away.store(true, Ordering::Relaxed);
    assert_eq!((all(50).await, looks()), ((vec![false; 50], TAKES), 1));
    assert_eq!((all(50).await, looks()), ((vec![false; 50], TAKES), 2), "a failure is not kept");
    // Who looks may go away; the next one that waits looks then.
    let first = ask();
    tokio::time::sleep(TAKES / 2).await;
    let rest = ask();
    tokio::task::yield_now().await;
    first.abort();
    world.rosters.is_away.store(false, Ordering::Relaxed);
    assert!(rest.await.expect("no panic"));
    assert_eq!(looks(), 4);
    assert_eq!((all(50).await, looks()), ((vec![true; 50], Duration::ZERO), 4), "it is known");
}

fn script(email: Option<&str>, expires_at: UnixMillis) -> ServiceToken {
    ServiceToken {
        name: "backup".parse().expect("a name"),
        site: "a".into(),
        paths: vec!["/**".parse().expect("a pattern")],
        methods: MethodSet::of(["GET"]).expect("methods"),
        email: email.map(|email| EmailAddress::parse(email).expect("an address")),
        created_at: NOW,
        expires_at,
        last_used: None,
    }
}

#[tokio::test]
async fn a_script_is_told_by_its_name_under_the_names_of_the_site() {
    let world = World::new();
    let mail = "robot@example.com";
    for (host, email, told) in [
        ("a.example.com", None, &[("Remote-User", "backup")][..]),
        ("a.example.com", Some(mail), &[("Remote-User", "backup"), ("Remote-Email", mail)]),
        ("c.example.com", None, &[("X-User", "backup"), ("X-Mail", ""), ("X-Teams", "")]),
    ] {
        let world_now = World::over(Arc::clone(&world.rosters));
        let machine = script(email, after(60));
        let token = TokenDigest::from_bytes([5; 32]);
        let visitor = Some(Visitor::Machine { token, machine: &machine });
        let located = world_now.located(host);
        let fields = world_now.assertions.introduce(&located, visitor, NOW).await.expect("told");
        let line = |it: Field| [&it.name[..], b": ", it.value.as_bytes(), b"\r\n"].concat();
        let lines: Vec<_> = fields.identity.fields().map(line).collect();
        assert_eq!(fields.identity.lines(), lines.concat(), "{host}");
        let mut seen: Vec<_> = fields.identity.fields().collect();
        let proof = seen.pop().expect("the assertion").value.to_str().expect("text").to_owned();
        let seen: Vec<_> = seen
            .iter()
            .map(|field| (&field.name[..], field.value.to_str().expect("text")))
            .collect();
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_bytes(), *value)).collect();
        assert_eq!(seen, told, "{host}");
        let keys = world_now.keys(Algorithm::EdDsa, NOW).await;
        let claims = verified(&proof, &keys, Jwa::EdDSA, &format!("https://{host}"));
        let claims = claims.expect("a known key");
        assert_eq!(claims["sub"], "token:backup");
        assert_eq!(claims.get("email").and_then(Value::as_str), email);
        assert_eq!(claims["groups"], serde_json::json!([]));
        assert_eq!(claims["exp"], after(60).seconds(), "no longer than the token");
        // A person is never told what was made for a script.
        let person = world_now.told(host, &ann(&[], after(60)), NOW).await;
        assert_ne!(person, proof);
    }
}
