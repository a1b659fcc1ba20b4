//! The JSON API: the same flow for programs.

use serde_json::json;

use super::{SESSION, signed_in_as};
use crate::support::client::{Answer, Browser};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const ASK: &str = "/.linkgate/api/sign-in";
const VERIFY: &str = "/.linkgate/api/verify";
const RESEND: &str = "/.linkgate/api/resend";
const SESSIONS: &str = "/.linkgate/api/sessions";

over_every_store!(
    a_program_signs_in_and_out,
    a_person_s_sessions_are_listed_and_ended,
    each_cause_has_its_code,
);

async fn a_program_signs_in_and_out(kind: Kind) {
    let gate = kind.gate().await;
    let mut program = gate.browser();
    let none = program.send("GET", "/.linkgate/api/session", &[], None).await;
    assert_eq!((none.status, none.header("content-type")), (401, "application/problem+json"));
    let bad = program.json("POST", "/.linkgate/api/sign-in", &json!({ "email": "a@b, c@d" })).await;
    assert_eq!((bad.status, bad.header("content-type")), (422, "application/problem+json"));
    let ask = json!({ "email": "ann@example.com", "return_to": "/a?b" });
    let asked = program.json("POST", "/.linkgate/api/sign-in", &ask).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let expires_in = asked.json()["expires_in"].as_u64().expect("seconds");
    assert!((590..=600).contains(&expires_in));
    let mail = gate.mail("ann@example.com", 1).await;
    let wrong = if mail.code() == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
    let verify = "/.linkgate/api/verify";
    for document in [
        json!({}),
        json!({ "token": "x", "code": "y" }),
        json!({ "token": "x" }),
        json!({ "code": wrong }),
        json!({ "code": 1 }),
        json!([]),
    ] {
        assert_eq!(program.json("POST", verify, &document).await.status, 422, "{document}");
    }
    let verified = program.json("POST", verify, &json!({ "code": mail.code() })).await;
    assert_eq!(verified.status, 200, "{}", verified.text());
    assert_eq!(verified.json()["email"], "ann@example.com");
    assert_eq!(verified.json()["return_to"], "/a?b");
    assert!(program.cookies.contains_key(SESSION));
    assert_eq!(signed_in_as(&gate, &mut program).await.as_deref(), Some("ann@example.com"));
    let session = program.send("GET", "/.linkgate/api/session", &[], None).await;
    assert_eq!(session.status, 200);
    assert_eq!(session.json()["email"], "ann@example.com");
    assert_eq!(session.json()["groups"], json!([]));
    let spent = program.json("POST", verify, &json!({ "code": mail.code() })).await;
    assert_eq!(spent.status, 410);
    let ended = program.json("DELETE", "/.linkgate/api/session", &json!({})).await;
    assert_eq!(ended.status, 204);
    assert_eq!(signed_in_as(&gate, &mut program).await, None);
    by_token(&gate, &mut program).await;
    for (event, count) in [
        ("link_asked", 2),
        ("code_wrong", 1),
        ("code_used", 1),
        ("address_wrong", 1),
        ("link_used", 1),
        ("session_made", 2),
        ("too_late", 1),
    ] {
        let found = gate.recorded(ANN, event, count).await;
        assert_eq!(found.len(), count, "{event}: {found:?}");
    }
    let ended = gate.recorded(ANN, "session_ended", 1).await;
    assert_eq!(ended[0]["detail"]["why"], "sign_out");
}

async fn by_token(
    gate: &crate::support::gate::Gate,
    program: &mut crate::support::client::Browser,
) {
    let ask = json!({ "email": "ann@example.com" });
    let verify = "/.linkgate/api/verify";
    assert_eq!(program.json("POST", "/.linkgate/api/sign-in", &ask).await.status, 202);
    let link = gate.mail("ann@example.com", 2).await.link();
    let token = link.rsplit('/').next().expect("a token");
    let mut other = gate.browser();
    for document in [json!({ "token": token }), json!({ "token": token, "email": "e@example.com" })]
    {
        assert_eq!(other.json("POST", verify, &document).await.status, 422);
    }
    let cross = [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/json")];
    let body = json!({ "token": token }).to_string();
    assert_eq!(program.send("POST", verify, &cross, Some(body.as_bytes())).await.status, 403);
    assert_eq!(program.json("POST", verify, &json!({ "token": token })).await.status, 200);
    assert_eq!(other.json("POST", verify, &json!({ "token": token })).await.status, 410);
}

async fn state(program: &mut Browser) -> serde_json::Value {
    let answer = program.send("GET", ASK, &[], None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    super::assert_ours(&answer);
    answer.json()
}

async fn listed(program: &mut Browser) -> Vec<serde_json::Value> {
    let answer = program.send("GET", SESSIONS, &[], None).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["sessions"].as_array().expect("a list").clone()
}

async fn a_person_s_sessions_are_listed_and_ended(kind: Kind) {
    let gate = kind.gate().await;
    let [mut this, mut second, mut third, mut bob] = std::array::from_fn(|_| gate.browser());
    second.agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0".into();
    for browser in [&mut this, &mut second, &mut third] {
        gate.sign_in(browser, ANN, "/").await;
    }
    gate.sign_in(&mut bob, "bob@partner.example", "/").await;
    let list = listed(&mut this).await;
    assert_eq!(list.len(), 3);
    assert_eq!(list.iter().filter(|it| it["this"] == true).count(), 1);
    assert!(list.iter().all(|it| it["host"] == *gate.host && it["network"] == "127.0.0.0/24"));
    let handle = |list: &[serde_json::Value]| {
        let edge = list.iter().find(|it| it["browser"] == "Edge on Windows");
        edge.map(|it| it["handle"].as_str().expect("a text").to_owned())
    };
    let edge = handle(&list).expect("the second");
    let target = format!("{SESSIONS}/{edge}");
    // Somebody else's handle ends nothing, and the answer does not tell.
    let nothing = serde_json::json!({});
    assert_eq!(bob.json("DELETE", &target, &nothing).await.status, 204);
    assert!(signed_in_as(&gate, &mut second).await.is_some());
    let ended = this.json("DELETE", &target, &nothing).await;
    assert_eq!((ended.status, ended.all("set-cookie")), (204, Vec::new()));
    assert_eq!(signed_in_as(&gate, &mut second).await, None);
    assert_eq!(this.json("DELETE", &target, &nothing).await.status, 204, "once more is the same");
    assert_eq!(listed(&mut this).await.len(), 2);
    assert_eq!(this.json("DELETE", SESSIONS, &nothing).await.status, 204);
    assert_eq!(signed_in_as(&gate, &mut third).await, None);
    let own = listed(&mut this).await;
    assert_eq!(own.len(), 1);
    // The last one is this one: a sign-out.
    let target = format!("{SESSIONS}/{}", own[0]["handle"].as_str().expect("a text"));
    let ended = this.json("DELETE", &target, &nothing).await;
    assert_eq!((ended.status, ended.header("clear-site-data")), (204, "\"cache\""));
    assert!(!this.cookies.contains_key(SESSION));
    assert_eq!(this.send("GET", SESSIONS, &[], None).await.status, 401);
    assert!(signed_in_as(&gate, &mut bob).await.is_some());
    let ended = gate.recorded(ANN, "session_ended", 3).await;
    assert!(ended.iter().all(|event| event["detail"]["sessions"] == 1), "{ended:?}");
    assert_eq!(ended[0]["detail"]["why"], "account_page");
}

fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{code}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)));
    super::assert_ours(answer);
}

async fn each_cause_has_its_code(kind: Kind) {
    let gate = kind.gate().await;
    let mut program = gate.browser();
    for (email, code) in [
        ("", "address_missing"),
        ("  ", "address_missing"),
        ("ann", "address_malformed"),
        ("ann@localhost", "address_malformed"),
        ("a@example.com,b@example.com", "address_several"),
        ("a@example.com;b@example.com", "address_several"),
        ("\"ab\"@example.com", "address_unsupported"),
        ("a%b@example.com", "address_unsupported"),
        ("ann@[127.0.0.1]", "address_unsupported"),
        (&format!("{}@example.com", "a".repeat(65)), "address_too_long"),
    ] {
        let answer = program.json("POST", ASK, &json!({ "email": email })).await;
        assert_problem(&answer, 422, code);
    }
    assert_problem(&program.json("POST", RESEND, &json!({})).await, 404, "no_attempt");
    let code = json!({ "code": "WDJB-MJHT" });
    assert_problem(&program.json("POST", VERIFY, &code).await, 422, "no_attempt");
    let ask = json!({ "email": format!("Ann <{ANN}>") });
    assert_eq!(program.json("POST", ASK, &ask).await.status, 202);
    let first = gate.mail(ANN, 1).await;
    for (document, code) in [
        (json!({}), "proof_needed"),
        (json!({ "code": "" }), "code_missing"),
        (json!({ "code": "AEIO" }), "code_malformed"),
        (json!({ "token": "forged" }), "token_malformed"),
    ] {
        assert_problem(&program.json("POST", VERIFY, &document).await, 422, code);
    }
    let soon = program.json("POST", RESEND, &json!({})).await;
    assert_problem(&soon, 429, "rate_limited");
    let after: u64 = soon.header("retry-after").parse().expect("seconds");
    assert!((20..=31).contains(&after), "{after}");
    let mailto = json!({ "email": format!("mailto:{ANN}") });
    assert_eq!(program.json("POST", ASK, &mailto).await.status, 202);
    let second = gate.mail(ANN, 2).await;
    let token = |link: String| link.rsplit('/').next().expect("a token").to_owned();
    let (old, new) = (token(first.link()), token(second.link()));
    let replaced = program.json("POST", VERIFY, &json!({ "token": old })).await;
    assert_problem(&replaced, 410, "link_replaced");
    let mut other = gate.browser();
    for (document, code) in [
        (json!({ "token": new }), "confirmation_needed"),
        (json!({ "token": new, "email": "eve@example.com" }), "address_mismatch"),
        (json!({ "token": new, "email": "eve" }), "address_malformed"),
    ] {
        assert_problem(&other.json("POST", VERIFY, &document).await, 422, code);
    }
    assert_eq!(program.json("POST", VERIFY, &json!({ "token": new })).await.status, 200);
    let used = other.json("POST", VERIFY, &json!({ "token": new, "email": ANN })).await;
    assert_problem(&used, 410, "link_used");
}

/// Whoever began an attempt for somebody else's address must not learn that the address is known:
/// not from the click of its owner, and not from a session of their own.
#[tokio::test]
async fn the_state_never_tells_what_became_of_the_link_elsewhere() {
    let gate = Gate::start().await;
    let mut eve = gate.browser();
    gate.sign_in(&mut eve, "eve@example.com", "/").await;
    let mut plain = gate.browser();
    // Two addresses: after a report no mail goes out to the first one for a day.
    for (owner, mallory) in [(ANN, &mut eve), ("dan@example.com", &mut plain)] {
        assert_eq!(mallory.json("POST", ASK, &json!({ "email": owner })).await.status, 202);
        let before = state(mallory).await;
        assert_eq!(before["state"], "waiting");
        let link = gate.mail(owner, 1).await.link();
        let mut elsewhere = gate.browser();
        assert_eq!(elsewhere.post(&link, &[("email", owner)]).await.status, 303);
        let after = state(mallory).await;
        assert_eq!(after["state"], "waiting", "{after}");
        // Nor do the pages tell: the waiting page stays, and its script hears nothing.
        assert_eq!(super::wait_state(mallory).await, "waiting");
        assert_eq!(mallory.get("/.linkgate/check-mail").await.status, 200);
        let report = gate.mail(owner, 1).await.report();
        assert_eq!(elsewhere.post(&report, &[("email", owner)]).await.status, 200);
        assert_eq!(state(mallory).await["state"], "waiting");
    }
}

/// A fresh link for a dead one, asked for where the address was not typed: neither the return URL
/// nor anything else of the first attempt is told there.
#[tokio::test]
async fn a_fresh_link_for_a_dead_one() {
    let gate = Gate::start().await;
    let mut program = gate.browser();
    let ask = json!({ "email": ANN, "return_to": "/private" });
    assert_eq!(program.json("POST", ASK, &ask).await.status, 202);
    let link = gate.mail(ANN, 1).await.link();
    let token = link.rsplit('/').next().expect("a token").to_owned();
    assert_eq!(program.json("POST", VERIFY, &json!({ "token": token })).await.status, 200);
    let mut stranger = gate.browser();
    let again = stranger.json("POST", RESEND, &json!({ "token": token })).await;
    assert_eq!(again.status, 202, "{}", again.text());
    let told = state(&mut stranger).await;
    assert_eq!((&told["state"], &told["return_to"]), (&json!("waiting"), &json!("/")));
    assert_eq!(gate.mail(ANN, 2).await.to, ANN);
    // Of another site's link, this site knows nothing.
    assert_eq!(state(&mut gate.browser()).await, json!({ "state": "unknown" }));
}

/// What another site of the same installation has sent is no link here.
#[tokio::test]
async fn a_token_of_another_site_is_unknown() {
    let site = |name: &str| {
        format!(
            "\n  - name: {name}\n    origin: http://{name}.localhost:$PORT\n    \
             upstream: $UPSTREAM\n    allow: [\"@example.com\"]"
        )
    };
    let sites = format!("{}{}", site("app"), site("other"));
    let gate = Gate::with(Wishes { sites, ..Default::default() }).await;
    let mut program = gate.browser();
    assert_eq!(program.json("POST", ASK, &json!({ "email": ANN })).await.status, 202);
    let link = gate.mail(ANN, 1).await.link();
    let token = link.rsplit('/').next().expect("a token").to_owned();
    program.host = gate.host.replace("app.", "other.");
    let refused = program.json("POST", VERIFY, &json!({ "token": token })).await;
    assert_problem(&refused, 410, "link_unknown");
    let refused = program.json("POST", RESEND, &json!({ "token": token })).await;
    assert_problem(&refused, 404, "no_attempt");
    assert_eq!(state(&mut program).await["state"], "unknown");
}

#[tokio::test]
async fn where_only_the_code_works_elsewhere_the_api_says_so() {
    let sign_in = "other_browser: code_only".to_owned();
    let gate = Gate::with(Wishes { sign_in, ..Default::default() }).await;
    let mut program = gate.browser();
    assert_eq!(program.json("POST", ASK, &json!({ "email": ANN })).await.status, 202);
    let link = gate.mail(ANN, 1).await.link();
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let document = json!({ "token": token, "email": ANN });
    let refused = gate.browser().json("POST", VERIFY, &document).await;
    assert_problem(&refused, 422, "confirmation_refused");
    assert_eq!(program.json("POST", VERIFY, &json!({ "token": token })).await.status, 200);
}

/// Known, unknown and not allowed: the same bytes, status, cookies and headers, at each step.
#[tokio::test]
async fn programs_cannot_tell_addresses_apart() {
    let gate = Gate::start().await;
    let mut answers = Vec::new();
    for address in [ANN, "nobody@elsewhere.example"] {
        let mut program = gate.browser();
        let asked = program.json("POST", ASK, &json!({ "email": address })).await;
        let told = program.send("GET", ASK, &[], None).await;
        let soon = program.json("POST", RESEND, &json!({})).await;
        let mut wrong = Vec::new();
        for _ in 0..6 {
            let code = json!({ "code": "BBBB-BBBB" });
            wrong.push(steady(&program.json("POST", VERIFY, &code).await));
        }
        answers.push((steady(&asked), steady(&told), steady(&soon), wrong, program.cookies.len()));
    }
    assert_eq!(answers[0], answers[1]);
}

/// Status, header names and text without what differs from request to request: numbers that count
/// seconds, and the reference.
fn steady(answer: &Answer) -> (u16, Vec<String>, String) {
    let mut document = answer.json();
    for name in ["reference", "expires_in", "resend_in", "retry_at"] {
        if let Some(member) = document.get_mut(name) {
            *member = json!(0);
        }
    }
    let names = answer.headers.iter().map(|(name, _)| name.clone()).collect();
    (answer.status, names, document.to_string())
}

#[tokio::test]
async fn where_nobody_can_sign_in_programs_cannot_either() {
    let sites = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
                 allow: [\"@example.com\"]\n    sign_in: { enabled: false }";
    let gate = Gate::with(Wishes { sites: sites.into(), ..Default::default() }).await;
    let asked = gate.browser().json("POST", ASK, &json!({ "email": ANN })).await;
    assert_problem(&asked, 403, "sign_in_closed");
}
