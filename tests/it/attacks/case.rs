//! One row of the corpus: sent, observed, judged.

use std::time::Duration;

use super::corpus::{Row, find};
use super::frames::{Fate, Http2};
use super::normaliser::reaches_admin;
use super::scene::{ALICE, assert_own_answer};
use crate::support::client::Answer;
use crate::support::connection::{Connection, Heard};
use crate::support::gate::Gate;
use crate::support::upstream::Received;

/// How long the first answer may take: longer than the head deadline of the scene.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection that has answered once may think about the fence.
const SHORT: Duration = Duration::from_secs(10);

/// A request of the test's own behind the row: what comes before it on the connection has been
/// dealt with when it is answered.
const FENCE: &[u8] = b"GET /fence HTTP/1.1\r\nHost: app.example.com\r\nAccept: text/html\r\n\r\n";

/// What could be observed.
#[derive(Debug)]
pub struct Seen {
    pub answers: Vec<Answer>,
    /// The other end closed the connection, or reset the stream.
    pub ended: bool,
    pub upstream: Vec<Received>,
}

impl Seen {
    /// The status of the first answer; 0 without one.
    pub fn status(&self) -> u16 {
        self.answers.first().map_or(0, |answer| answer.status)
    }
}

/// Sends the bytes of a row and observes until everything they caused is over.
pub async fn play(gate: &Gate, row: &Row, raw: &[u8]) -> Seen {
    gate.upstream.forget();
    let (answers, ended) = match raw.strip_prefix(b"H2 ") {
        Some(document) => play_http2(gate, document).await,
        None => play_http1(gate, raw).await,
    };
    let seen = Seen { answers, ended, upstream: gate.upstream.seen() };
    assert_always(row, raw, &seen);
    seen
}

async fn play_http1(gate: &Gate, raw: &[u8]) -> (Vec<Answer>, bool) {
    let mut connection = Connection::open(gate.address).await;
    connection.send(raw).await;
    let is_head = raw.starts_with(b"HEAD ");
    let mut answers: Vec<Answer> = Vec::new();
    loop {
        let within = if answers.is_empty() { PATIENCE } else { SHORT };
        match connection.next(is_head && answers.is_empty(), within).await {
            Heard::Answer(answer) if answer.location().contains("%2Ffence") => {
                return (answers, false);
            }
            Heard::Answer(answer) => {
                answers.push(answer);
                if answers.len() == 1 {
                    connection.send(FENCE).await;
                }
            }
            Heard::Closed => return (answers, true),
            Heard::Nothing => return (answers, false),
        }
    }
}

async fn play_http2(gate: &Gate, document: &[u8]) -> (Vec<Answer>, bool) {
    let document: serde_json::Value = serde_json::from_slice(document).expect("JSON");
    let fields = |key: &str| -> Vec<(String, String)> {
        let pairs = document[key].as_array().cloned().unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        pairs.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect()
    };
    let body = document["body"].as_str().unwrap_or_default();
    let mut http2 = Http2::open(gate.address).await;
    http2.request(&fields("headers"), body.as_bytes(), &fields("trailers")).await;
    match http2.fate(1, PATIENCE).await {
        Fate::Status(status) => (vec![Answer { status, ..Answer::default() }], false),
        Fate::Refused => (Vec::new(), true),
        Fate::Nothing => (Vec::new(), false),
    }
}

/// What holds for every row, whatever it expects.
fn assert_always(row: &Row, raw: &[u8], seen: &Seen) {
    let name = &row.name;
    for answer in &seen.answers {
        assert_ne!(answer.status, 500, "{name}: {seen:?}");
        if !raw.starts_with(b"H2 ") {
            assert_own_answer(answer, name);
        }
    }
    for received in &seen.upstream {
        let user = received.header("x-auth-request-user");
        assert!(user.is_empty() || user == ALICE, "{name}: {received:?}");
        assert!(!user.is_empty() || !reaches_admin(&received.target), "{name}: {received:?}");
        assert!(!received.target.contains("smuggled"), "{name}: {received:?}");
        let cookies = received.all("cookie").join("; ");
        assert!(!cookies.contains("linkgate-session"), "{name}: {received:?}");
    }
}

/// Whether an outcome word of the corpus is what happened.
pub fn holds(word: &str, seen: &Seen) -> bool {
    let nothing = seen.upstream.is_empty();
    match word {
        "LOGIN" => nothing && seen.answers.first().map_or(seen.status() == 401, is_login),
        "REJECT" => nothing && is_refused(seen),
        "PUBLIC" => seen.upstream.len() == 1 && seen.status() == 200 && user(seen).is_empty(),
        "FWD" => seen.upstream.len() == 1 && seen.status() == 200 && user(seen) == [ALICE],
        "DENY" => nothing && seen.status() == 403,
        "SINGLE" => seen.upstream.len() <= 1,
        "NEUTRAL" => nothing && seen.answers.first().is_some_and(is_neutral),
        // The corpus was written for a proxy that sends 302 where this one sends 303.
        "302" => nothing && seen.answers.first().is_some_and(is_login),
        status => {
            let status: u16 = status.parse().unwrap_or_else(|_| panic!("an outcome: {status}"));
            nothing && seen.status() == status
        }
    }
}

fn is_login(answer: &Answer) -> bool {
    let location = answer.location();
    let on_site = location.strip_prefix("https://app.example.com").unwrap_or(location);
    answer.status == 401
        || (answer.status == 303 && on_site.starts_with("/.linkgate/sign-in?return_to="))
}

/// 4xx, a reset or a close. 501 and 505 are what RFC 9112, 6.1 and RFC 9110, 15.6.6 want for
/// framing and versions that are not spoken; the connection is over then, too.
fn is_refused(seen: &Seen) -> bool {
    match seen.status() {
        0 => seen.ended,
        401 => false,
        status => (400..500).contains(&status) || matches!(status, 501 | 505),
    }
}

fn is_neutral(answer: &Answer) -> bool {
    answer.status == 303
        && answer.location() == "/.linkgate/check-mail"
        && answer.header("set-cookie").starts_with("__Host-linkgate-browser=")
}

fn user(seen: &Seen) -> Vec<&str> {
    seen.upstream.iter().flat_map(|received| received.all("x-auth-request-user")).collect()
}

/// The same request as a browser's navigation; nothing when the row has no place for the field.
pub fn as_navigation(raw: &[u8]) -> Option<Vec<u8>> {
    const PLACE: &[u8] = b"HTTP/1.1\r\nHost: app.example.com\r\n";
    let at = find(raw, PLACE)? + PLACE.len();
    let accept = b"Accept: text/html\r\n";
    raw.starts_with(b"GET ").then(|| [&raw[..at], accept, &raw[at..]].concat())
}
