//! However an answer is cut to pieces on its way, the client gets the same.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::answers::{Seen, ask};
use super::script::{Scripts, Then};
use super::{Way, before};
use crate::support::gate::Gate;

/// Answers with all that is worth cutting.
const ANSWERS: [(&str, Then); 7] = [
    ("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 11\r\n\r\nhello world", Then::Keep),
    (
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\
         Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6 \r\n world\r\n0\r\nX-T: 1\r\n\r\n",
        Then::Keep,
    ),
    ("HTTP/1.1 200 OK\nX-Folded: one\n two\n\nhello", Then::Close),
    ("HTTP/1.1 204 No Content\r\nSet-Cookie: linkgate-session=x\r\n\r\n", Then::Keep),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", Then::Close),
    ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello", Then::Close),
    ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello", Then::Close),
];

async fn asked(gate: &Gate, scripts: &Scripts, pieces: Vec<Vec<u8>>, then: Then) -> Seen {
    ask(gate, Way::Short, "GET", &scripts.add(pieces, then)).await
}

#[test]
fn pieces_change_nothing() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let scripts = Scripts::default();
    let gate = runtime.block_on(async { before(scripts.play().await).await });
    let whole = ANSWERS.map(|(answer, then)| {
        runtime.block_on(asked(&gate, &scripts, vec![answer.as_bytes().to_vec()], then))
    });
    let single = ANSWERS.map(|(answer, then)| {
        let pieces = answer.bytes().map(|byte| vec![byte]).collect();
        runtime.block_on(asked(&gate, &scripts, pieces, then))
    });
    assert_eq!(single, whole);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 1..8);
    let mut runner =
        TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let ran = runner.run(&(0..ANSWERS.len(), cuts), |(number, cuts)| {
        let (answer, then) = ANSWERS[number];
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(answer.len())).collect();
        cuts.extend([0, answer.len()]);
        cuts.sort_unstable();
        let pieces =
            cuts.windows(2).map(|cut| answer.as_bytes()[cut[0]..cut[1]].to_vec()).collect();
        let seen = runtime.block_on(asked(&gate, &scripts, pieces, then));
        prop_assert_eq!(&seen, &whole[number]);
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    // What it holds must be let go of inside.
    let _inside = runtime.enter();
    drop(gate);
}
