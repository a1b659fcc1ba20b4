//! Every row of `proxy_cases.tsv`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::{Seen, as_navigation, holds, play};
use super::conditions;
use super::corpus::{Row, put, rows};
use super::scene::{self, ALICE, CAROL, Pending, SESSION, all_mails, assert_own_answer, gate};
use crate::support::client::Answer;
use crate::support::connection::{Connection, Heard};
use crate::support::gate::{Gate, Wishes};

/// Rows whose last column is a sentence: what it says in outcome words. The rest of the sentence is
/// checked in `conditions`.
const SENTENCES: &[(&str, &[&str])] = &[
    ("smug-pipelined-public-then-admin", &["SINGLE"]),
    ("smug-pipelined-auth-then-anon", &["DENY", "FWD"]),
    ("fa-protected", &["401", "302"]),
    ("fa-method-options", &["401", "302"]),
    ("fa-malformed-uri", &["400", "401"]),
    ("fa-both-styles", &["400"]),
    ("fa-untrusted", &["400", "401", "403"]),
    ("form-get", &["200"]),
    ("link-head", &["200", "405"]),
    ("link-options", &["REJECT", "204"]),
    ("link-prefetch", &["200"]),
    ("link-twice-get", &["200"]),
    ("link-post-other-browser", &["422"]),
    ("link-session-as-token", &["404"]),
    // Two right answers: the stranger is told to sign in before the body is looked at, or the body is
    // seen to be longer than announced and the stream is reset. Which comes first is a matter of
    // when the frames arrive; in both nothing reaches the application.
    ("h2-cl-mismatch", &["REJECT", "LOGIN"]),
    ("h2-extended-connect", &["REJECT", "LOGIN"]),
];

/// Rows that wait for something, or are no single request: where they are checked.
const ELSEWHERE: &[(&str, &str)] = &[
    ("form-body-never-comes", "slow_clients_are_cut_off"),
    ("slow-one-byte", "slow_clients_are_cut_off"),
    (
        "idle-connection",
        "slow_clients_are_cut_off; the caps of a peer: proxy::wire::tests::sockets",
    ),
    ("smug-expect-100", "an_expected_continue_loses_no_step"),
    ("h2-abuse-hpack-bomb", "flood::a_header_bomb_is_refused_within_bounded_memory"),
];

/// Runs the rows whose name begins with one of these prefixes.
async fn run(gate: &Gate, prefixes: &[&str]) -> BTreeMap<String, Seen> {
    let session = scene::signed_in(gate, ALICE).await.cookies[SESSION].clone();
    let (mut all, mut wrong) = (BTreeMap::new(), Vec::new());
    let mine = |row: &Row| prefixes.iter().any(|prefix| row.name.starts_with(prefix));
    for row in rows().into_iter().filter(mine) {
        if ELSEWHERE.iter().any(|(name, _)| *name == row.name) {
            continue;
        }
        let needs_link = super::corpus::find(&row.raw, b"{{LOGIN_TOKEN}}").is_some();
        let pending = if needs_link { Some(Pending::ask(gate, CAROL).await) } else { None };
        let token = pending.as_ref().map_or("", |pending| &pending.token);
        let raw = put(&put(&row.raw, "{{SESSION}}", &session), "{{LOGIN_TOKEN}}", token);
        let seen = play(gate, &row, &raw).await;
        wrong.extend(judge(&row, &seen));
        conditions::check(&row.name, &seen);
        if let Some(raw) = as_navigation(&raw).filter(|_| !row.name.starts_with("fa-")) {
            // A page that a browser goes to is guarded as what a program asks for is.
            wrong.extend(judge(&row, &play(gate, &row, &raw).await));
        }
        if let Some(pending) = pending {
            pending.assert_unspent(&row.name).await;
        }
        all.insert(row.name, seen);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let log = gate.whole_log().await;
    assert!(!log.contains("panic"), "{log}");
    all
}

/// What is wrong with an outcome, if anything is.
fn judge(row: &Row, seen: &Seen) -> Option<String> {
    let sentence = SENTENCES.iter().find(|(name, _)| *name == row.name);
    let wanted: Vec<&str> = match sentence {
        Some((_, words)) => words.to_vec(),
        None => row.outcomes.iter().map(String::as_str).collect(),
    };
    let raw = String::from_utf8_lossy(&row.raw[..row.raw.len().min(300)]).into_owned();
    let held = wanted.iter().any(|word| holds(word, seen));
    (!held).then(|| format!("{}: wanted {wanted:?}\n{raw}\n{seen:?}", row.name))
}

#[test]
fn every_row_belongs_to_one_of_the_tests() {
    let groups = [PATHS, WIRE, IDENTITY, FORWARD_AUTH, POSTS, HTTP2].concat();
    for row in rows() {
        let times = groups.iter().filter(|prefix| row.name.starts_with(**prefix)).count();
        assert_eq!(times, 1, "{}", row.name);
    }
    for name in SENTENCES.iter().map(|(name, _)| name).chain(ELSEWHERE.iter().map(|(name, _)| name))
    {
        assert!(rows().iter().any(|row| row.name == *name), "{name}");
    }
}

const PATHS: &[&str] = &["path-", "target-", "method-", "hdr-", "host-"];
const WIRE: &[&str] = &["smug-", "parse-", "size-", "slow-", "idle-"];
const IDENTITY: &[&str] = &["id-", "hop-", "cookie-"];
const FORWARD_AUTH: &[&str] = &["fa-"];
const POSTS: &[&str] = &["form-", "link-", "ip-"];
const HTTP2: &[&str] = &["h2-"];

#[tokio::test]
async fn no_spelling_of_a_path_or_host_gets_past_a_rule() {
    run(&gate().await, PATHS).await;
}

#[tokio::test]
async fn no_framing_smuggles_a_request() {
    run(&gate().await, WIRE).await;
}

#[tokio::test]
async fn no_header_or_cookie_makes_somebody_else_of_a_visitor() {
    run(&gate().await, IDENTITY).await;
}

#[tokio::test]
async fn no_http2_request_means_something_else_behind_the_proxy() {
    run(&gate().await, HTTP2).await;
}

#[tokio::test]
async fn forward_auth_answers_only_what_was_clearly_asked() {
    let trusting = Wishes { trusted: "[\"127.0.0.1\"]".into(), ..scene::wishes() };
    let names = rows().into_iter().map(|row| row.name).filter(|name| name.starts_with("fa-"));
    let names: Vec<String> = names.filter(|name| name != "fa-untrusted").collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    run(&Gate::with(trusting).await, &names).await;
    run(&gate().await, &["fa-untrusted"]).await;
}

#[tokio::test]
async fn no_form_or_link_does_more_than_it_says() {
    let gate = gate().await;
    let seen = run(&gate, POSTS).await;
    let sent_by = |name: &str| {
        let asks = name.starts_with("ip-") || matches!(name, "form-plain" | "form-case-local");
        asks && holds("NEUTRAL", &seen[name])
    };
    let expected = 1 + seen.keys().filter(|name| sent_by(name)).count();
    assert!(sent_by("form-plain") && sent_by("form-case-local"));
    gate.mail(ALICE, expected).await;
    let mails = all_mails(&gate).await;
    let to = |address: &str| mails.iter().filter(|mail| mail.to == address).count();
    // The typed `ALICE@example.com` is written to as it stands in the configuration.
    assert_eq!(to(ALICE), expected);
    assert_eq!(mails.len(), to(ALICE) + to(CAROL), "{:?}", recipients(&mails));
    assert!(mails.iter().all(|mail| !mail.raw.contains("evil")));
    // Listed or not: the same answer, but for the random secret in the cookie.
    assert_eq!(bare(&seen["form-plain"].answers[0]), bare(&seen["form-unlisted"].answers[0]));
    assert_eq!(bare(&seen["form-plain"].answers[0]), bare(&seen["form-plus"].answers[0]));
}

fn recipients(mails: &[crate::support::gate::Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.as_str()).collect()
}

fn bare(answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    for (name, value) in &mut answer.headers {
        if name == "set-cookie" {
            let (_, attributes) = value.split_once(';').expect("attributes");
            *value = format!("{} bytes;{attributes}", value.len());
        }
        if name == "date" {
            value.clear();
        }
    }
    answer
}

/// The row stops before the body. A client may wait for the 100 or not (RFC 9110, 10.1.1); either
/// way the request is one, and the next one is found behind it.
#[tokio::test]
async fn an_expected_continue_loses_no_step() {
    let gate = gate().await;
    let row = rows().into_iter().find(|row| row.name == "smug-expect-100").expect("the row");
    let whole = Row { raw: [&row.raw[..], b"a=b&c"].concat(), ..row.clone() };
    let seen = play(&gate, &whole, &whole.raw).await;
    assert!(holds("PUBLIC", &seen), "{seen:?}");
    assert!(!seen.ended, "the fence was found behind the body");
    gate.upstream.forget();
    let mut left = Connection::open(gate.address).await;
    left.send(&row.raw).await;
    drop(left);
    let seen = play(&gate, &whole, &whole.raw).await;
    assert!(holds("PUBLIC", &seen), "what broke off is no request: {seen:?}");
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let gate = gate().await;
    let row = |name: &str| rows().into_iter().find(|row| row.name == name).expect("the row").raw;
    // What comes before the first `{{SLEEP:…}}`; then nothing comes.
    let begun = |name: &str| -> Vec<u8> {
        let raw = row(name);
        raw[..super::corpus::find(&raw, b"{{SLEEP:").expect("a pause")].to_vec()
    };
    let wait = Duration::from_secs(15);
    let outcome = async |begin: Vec<u8>| {
        let mut connection = Connection::open(gate.address).await;
        connection.send(&begin).await;
        connection.next(false, wait).await
    };
    let (body, head, idle) = tokio::join!(
        outcome(begun("form-body-never-comes")),
        outcome(begun("slow-one-byte")),
        outcome(begun("idle-connection")),
    );
    for (heard, what) in [(body, "body"), (head, "head")] {
        let Heard::Answer(answer) = heard else { panic!("{what}: {heard:?}") };
        assert_eq!(answer.status, 408, "{what}");
        assert_own_answer(&answer, what);
    }
    assert!(matches!(idle, Heard::Closed), "{idle:?}");
    assert!(gate.upstream.seen().is_empty());
}
