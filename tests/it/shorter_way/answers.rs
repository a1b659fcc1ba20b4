//! A table of answers, from exact to broken: what the client gets of each by both ways.

use super::heard::{Heard, Talk};
use super::script::{Scripts, Then};
use super::{BOTH, Way, before};
use crate::support::gate::Gate;

mod broken;
mod table;

/// What becomes of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Status, interim answers, fields and content.
    Whole(u16, Vec<Fields>, Fields, String),
    /// A page of ours in its place.
    Page(u16),
    /// It began and did not end.
    Broken(u16),
}

type Fields = Vec<(String, String)>;

/// Fields of which each connection has its own.
const OWN: [&str; 6] =
    ["connection", "keep-alive", "date", "transfer-encoding", "trailer", "upgrade"];

fn fields(all: &[(String, String)]) -> Fields {
    let kept = all.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let mut kept: Fields = kept
        .map(|(name, value)| {
            // 005 is 5.
            let number = value.parse::<u64>().ok().filter(|_| name == "content-length");
            (name.clone(), number.map_or_else(|| value.clone(), |number| number.to_string()))
        })
        .collect();
    // The order of one name's values counts, and no other.
    kept.sort_by(|left, right| left.0.cmp(&right.0));
    kept
}

pub fn seen(heard: &Heard) -> Seen {
    let Heard { interim, answer, is_whole } = heard;
    if matches!(answer.status, 500 | 502 | 504)
        && !answer.header("content-security-policy").is_empty()
    {
        return Seen::Page(answer.status);
    }
    if !is_whole {
        return Seen::Broken(answer.status);
    }
    // Nobody waits for a 100.
    let interim = interim.iter().filter(|interim| interim.status != 100);
    let interim = interim.map(|interim| fields(&interim.headers)).collect();
    Seen::Whole(answer.status, interim, fields(&answer.headers), answer.text())
}

/// Asks, and then asks something else on the same connection: what was left of an answer must not be
/// taken for the next one, by nobody.
pub async fn ask(gate: &Gate, way: Way, method: &str, target: &str) -> Seen {
    let mut talk = Talk::open(gate.address).await;
    talk.say(&way.head(method, &gate.host, target, "")).await;
    let heard = talk.hear(method == "HEAD").await;
    let seen = seen(&heard);
    if matches!(seen, Seen::Whole(..)) {
        assert_eq!(heard.answer.header("connection"), way.sign(), "{way:?} {target}: {heard:?}");
        talk.say(&way.head("GET", &gate.host, "/public/fence", "")).await;
        let fence = talk.hear(false).await;
        assert_eq!((fence.answer.status, &*fence.answer.text()), (200, "fence"), "{heard:?}");
    } else {
        assert!(talk.is_closed().await, "{way:?} {target}: {heard:?}");
    }
    seen
}

/// What is expected.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// The same by both ways.
    Whole(u16, &'static str),
    Page(u16),
    Broken(u16),
    /// They differ, and why that is right; the status by the shorter way, and by the long one. 0 is for
    /// an answer that did not end.
    Differ {
        why: &'static str,
        short: u16,
        long: u16,
    },
}

struct Row {
    method: &'static str,
    answer: Vec<u8>,
    then: Then,
    expected: Expected,
}

fn row(answer: &str, then: Then, expected: Expected) -> Row {
    Row { method: "GET", answer: answer.as_bytes().to_vec(), then, expected }
}

fn status(seen: &Seen) -> u16 {
    match seen {
        Seen::Whole(status, ..) | Seen::Page(status) => *status,
        Seen::Broken(_) => 0,
    }
}

/// Tries all rows, and tells of all that are not as expected.
async fn try_all(rows: Vec<Row>) {
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    let mut wrong = Vec::new();
    for Row { method, answer, then, expected } in rows {
        let start = String::from_utf8_lossy(&answer[..answer.len().min(100)]).into_owned();
        let target = scripts.add(vec![answer], then);
        let mut both = Vec::new();
        for way in BOTH {
            both.push(ask(&gate, way, method, &target).await);
        }
        let is_right = match expected {
            Expected::Differ { why, short, long } => {
                assert!(!why.is_empty());
                [short, long] == [status(&both[0]), status(&both[1])]
            }
            _ if both[0] != both[1] => false,
            Expected::Whole(status, body) => {
                matches!(&both[0], Seen::Whole(it, _, _, text) if *it == status && text == body)
            }
            Expected::Page(status) => both[0] == Seen::Page(status),
            Expected::Broken(status) => both[0] == Seen::Broken(status),
        };
        if !is_right {
            wrong.push(format!("{method} {start:?}: {expected:?}, but {both:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
