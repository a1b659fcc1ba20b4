//! The example of `docs/identity.md`, run as it stands there, against a running linkgate.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use linkgate::adapters::embedded::Embedded;
use linkgate::cli::foundation::sites;
use linkgate::config::Config;
use linkgate::domain::email::EmailAddress;
use linkgate::domain::identity::{Identity, Membership};
use linkgate::domain::secret::Secret;
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::TokenDigest;
use linkgate::portal::assertion::{Assertions, SigningKeys, Visitor};
use linkgate::ports::{Clock, KeyRosters, SystemClock};
use serde_json::{Value, json};

use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};

const DOCUMENT: &str = include_str!("../../../docs/identity.md");
/// Reads assertions, one on a line, and says what the example says.
const DRIVER: &str = r#"
import json, sys
for line in sys.stdin:
    try:
        print(json.dumps(visitor(line.strip())))
    except jwt.PyJWTError as error:
        print(json.dumps({"refused": type(error).__name__}))
"#;
const SITES: &str = r#"
  - name: app
    origin: http://127.0.0.1:$PORT
    upstream: $UPSTREAM
    allow: ["@example.com"]
    assertion: { algorithm: $ALGORITHM }
  - name: other
    origin: http://localhost:$PORT
    upstream: $UPSTREAM
    allow: ["@example.com"]
    assertion: { algorithm: $ALGORITHM }
"#;

/// The code of a language in the document.
fn example(language: &str) -> &'static str {
    let begin = format!("```{language}\n");
    let (_, rest) = DOCUMENT.split_once(&begin).expect("an example");
    rest.split_once("```").expect("its end").0
}

/// What the example in Python makes of assertions.
fn verdicts(gate: &Gate, algorithm: &str, assertions: &[String]) -> Vec<Value> {
    let site = format!("http://{}", gate.address);
    let code = example("python");
    assert!(code.contains("https://wiki.example.com") && code.contains("\"EdDSA\""));
    let code = code.replace("https://wiki.example.com", &site).replace("EdDSA", algorithm);
    // The Python of the system, to which the packages belong; no proxy of the environment.
    let mut python = Command::new("/usr/bin/python3")
        .args(["-I", "-c", &format!("{code}{DRIVER}")])
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python");
    let mut input = python.stdin.take().expect("its input");
    for assertion in assertions {
        writeln!(input, "{assertion}").expect("written");
    }
    drop(input);
    let output = python.wait_with_output().expect("its output");
    assert!(output.status.success(), "Python with PyJWT: `scripts/needs test` installs it");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the site at this host says of a visitor, as its application receives it.
async fn told(gate: &Gate, host: &str) -> String {
    let host = format!("{host}:{}", gate.address.port());
    let mut browser = Browser::new(gate.address, &host);
    gate.sign_in(&mut browser, "ann@example.com", "/").await;
    assert_eq!(browser.get("/x").await.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    seen.header("x-linkgate-assertion").to_owned()
}

/// An assertion of the site that somebody with this secret makes at this moment.
async fn made(gate: &Gate, secret: &[u8], at: UnixMillis) -> String {
    let config = Config::load(&gate.path("linkgate.yaml")).unwrap_or_else(|all| panic!("{all}"));
    let sites = sites(&config);
    let rosters: Arc<dyn KeyRosters> = Arc::new(Embedded::in_memory().expect("a store"));
    let secret = Secret::new(secret).expect("a secret");
    let assertions =
        Assertions::new(Arc::new(SigningKeys::new(&secret, rosters)), "/.linkgate", &sites, 1000)
            .expect("fields");
    let identity = Identity {
        email: EmailAddress::parse("ann@example.com").expect("an address"),
        groups: Arc::from([]),
        signed_in_at: at,
        membership: Membership::Outsider,
        expires_at: at.after(Duration::from_secs(3600)),
    };
    let session = TokenDigest::from_bytes([1; 32]);
    let visitor = Visitor::Person { session, known: None, identity: &identity };
    let located = sites.find(&gate.address.to_string()).expect("the site");
    let told = assertions.introduce(&located, Some(visitor), at).await.expect("told");
    let field = told.identity.fields().last().expect("the assertion");
    field.value.to_str().expect("text").to_owned()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn part(assertion: &str, index: usize) -> Value {
    let part = assertion.split('.').nth(index).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// A part of an assertion in place of another one.
fn with(assertion: &str, index: usize, part: &str) -> String {
    let mut parts: Vec<_> = assertion.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

/// Names of lies, and the lies.
fn lies(genuine: &str, stranger: &str) -> Vec<(&'static str, String)> {
    let (head, mut claims) = (part(genuine, 0), part(genuine, 1));
    claims["sub"] = "root@example.com".into();
    claims["email"] = "root@example.com".into();
    let claims = encoded(&claims);
    let unsigned = |head: &Value| format!("{}.{claims}.", encoded(head));
    let kid = head["kid"].as_str().expect("a kid").to_owned();
    let hmac = Header { kid: Some(kid.clone()), ..Header::default() };
    let own = part(genuine, 1);
    let by_public = encode(&hmac, &own, &EncodingKey::from_secret(kid.as_bytes())).expect("signed");
    let signature = genuine.split('.').nth(2).expect("a signature");
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{flipped}{}", &signature[1..]);
    vec![
        ("other claims", with(genuine, 1, &claims)),
        ("another signature", with(genuine, 2, &flipped)),
        ("no signature", with(genuine, 2, "")),
        ("alg none", unsigned(&json!({ "alg": "none", "typ": "JWT" }))),
        ("alg none and a known key", unsigned(&json!({ "alg": "none", "kid": kid }))),
        ("alg NoNe", unsigned(&json!({ "alg": "NoNe", "kid": kid }))),
        (
            "alg none, otherwise genuine",
            with(&with(genuine, 0, &encoded(&json!({ "alg": "none", "kid": kid }))), 2, ""),
        ),
        ("a key of the forger", stranger.to_owned()),
        ("a key of the forger under our name", with(stranger, 0, &encoded(&head))),
        ("a public key as a shared secret", by_public),
        ("garbage", "a.b.c".to_owned()),
        ("nothing", String::new()),
    ]
}

async fn the_example_tells_genuine_from_forged(algorithm: &str) {
    let sites = SITES.replace("$ALGORITHM", algorithm);
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let secret = std::fs::read(gate.path("secret")).expect("the secret");
    let now = SystemClock.now();
    let genuine = told(&gate, "127.0.0.1").await;
    assert_eq!(part(&genuine, 0)["alg"], algorithm);
    let ten_minutes = Duration::from_secs(600);
    let mut rows = vec![
        ("expired", made(&gate, &secret, now.before(ten_minutes)).await),
        ("for another site", told(&gate, "localhost").await),
        ("from the future", made(&gate, &secret, now.after(ten_minutes)).await),
    ];
    rows.extend(lies(&genuine, &made(&gate, &[b'9'; 32], now).await));
    let mut assertions = vec![genuine, made(&gate, &secret, now).await];
    assertions.extend(rows.iter().map(|(_, assertion)| assertion.clone()));
    let verdicts = verdicts(&gate, algorithm, &assertions);
    assert_eq!(verdicts.len(), assertions.len());
    for claims in &verdicts[..2] {
        assert_eq!(claims["sub"], "ann@example.com", "{claims}");
    }
    for ((name, _), verdict) in rows.iter().zip(&verdicts[2..]) {
        assert!(verdict["refused"].is_string(), "{name}: {verdict}");
    }
    assert_eq!(verdicts[2]["refused"], "ExpiredSignatureError");
}

#[tokio::test]
async fn the_example_in_python_tells_genuine_from_forged() {
    the_example_tells_genuine_from_forged("EdDSA").await;
}

/// Each claim counts alone: what is signed with the key of the site itself is refused, too.
#[tokio::test]
async fn a_genuine_signature_is_not_enough() {
    let sites = SITES.replace("$ALGORITHM", "EdDSA");
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let genuine = told(&gate, "127.0.0.1").await;
    let secret = Secret::new(&std::fs::read(gate.path("secret")).expect("it")).expect("a secret");
    // The first key, worked out by hand: RFC 8410 before the seed makes it PKCS #8.
    let seed = secret.derive("assertion").mac(&[b"EdDSA ", &1_u32.to_be_bytes(), &[0; 16]]);
    let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = EncodingKey::from_ed_der(&[head.as_slice(), &seed].concat());
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = part(&genuine, 0)["kid"].as_str().map(str::to_owned);
    let signed = |change: &dyn Fn(&mut Value)| {
        let mut claims = part(&genuine, 1);
        change(&mut claims);
        encode(&header, &claims, &key).expect("signed")
    };
    let other = format!("http://localhost:{}", gate.address.port());
    let without = |claim: &'static str| {
        signed(&move |claims| drop(claims.as_object_mut().expect("claims").remove(claim)))
    };
    let rows = [
        (signed(&|_| ()), "none"),
        (signed(&|claims| claims["aud"] = other.as_str().into()), "InvalidAudienceError"),
        (signed(&|claims| claims["iss"] = other.as_str().into()), "InvalidIssuerError"),
        (signed(&|claims| claims["exp"] = 1.into()), "ExpiredSignatureError"),
        (without("aud"), "MissingRequiredClaimError"),
        (without("iss"), "MissingRequiredClaimError"),
        (without("exp"), "MissingRequiredClaimError"),
    ];
    let assertions: Vec<_> = rows.iter().map(|(assertion, _)| assertion.clone()).collect();
    for (verdict, (_, expected)) in verdicts(&gate, "EdDSA", &assertions).iter().zip(&rows) {
        assert_eq!(verdict["refused"].as_str().unwrap_or("none"), *expected);
    }
}

#[tokio::test]
async fn it_does_so_for_the_other_algorithm_too() {
    the_example_tells_genuine_from_forged("ES256").await;
}

#[test]
fn each_example_is_as_short_as_promised() {
    for language in ["python", "js", "go"] {
        let lines = example(language).lines().filter(|line| !line.trim().is_empty()).count();
        assert!((5..=10).contains(&lines), "{language}: {lines} lines");
    }
}
