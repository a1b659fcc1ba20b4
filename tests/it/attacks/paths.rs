//! Every pair of path tricks, from every public place, against an application that normalises
//! carelessly. The corpus has the spellings that once worked; here are those nobody has tried.

use super::normaliser::reaches_admin;
use super::scene::{HOST, gate};
use crate::support::client::raw;

/// Where the way in begins: what is public, and what is nothing.
const STARTS: [&str; 4] = ["/public", "/healthz", "/public/a", ""];

/// What stands between the start and the goal, once or twice.
const TRICKS: [&str; 32] = [
    "/",
    "//",
    "/.",
    "/./",
    "/..",
    "/../",
    "/.../",
    "/..;/",
    "/..;a=b/",
    "/.;/..;/",
    "/%2e%2e/",
    "/.%2e/",
    "/%2E./",
    "/%252e%252e/",
    "/%25252e%25252e/",
    "/..%2f",
    "/..%5c",
    "/..%255c",
    "\\..\\",
    "%2f",
    "%2f..%2f",
    "%252f..%252f",
    "%5c..%5c",
    ";/",
    ";a=/../",
    "%3b/../",
    "/%00/../",
    "/..%00/",
    "/..%09/",
    "/%20../",
    "/%c0%ae%c0%ae/",
    "/%u002e%u002e/",
];

/// What must not be reached.
const GOALS: [&str; 3] = ["admin", "ADMIN", "%61dmin/x"];

#[tokio::test]
async fn no_two_tricks_lead_a_stranger_to_a_guarded_path() {
    let gate = gate().await;
    let twice = TRICKS.iter().flat_map(|first| TRICKS.map(|second| format!("{first}{second}")));
    let ways: Vec<String> = TRICKS.iter().map(|trick| (*trick).to_owned()).chain(twice).collect();
    let (mut forwarded, mut guarded) = (0, 0);
    for (index, way) in ways.iter().enumerate() {
        for start in STARTS {
            // One goal for each way, in turn: the three together would only take longer.
            let target = format!("{start}{way}{}", GOALS[index % GOALS.len()]);
            gate.upstream.forget();
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
            let answer = raw(gate.address, request.as_bytes()).await;
            assert!(matches!(answer.status, 200 | 400 | 401 | 404), "{target}: {}", answer.status);
            let seen = gate.upstream.seen();
            assert_eq!(seen.len(), usize::from(answer.status == 200), "{target}");
            for received in seen {
                assert_eq!(received.target, target, "bytes go on as they came");
                assert!(!reaches_admin(&received.target), "{target}");
                forwarded += 1;
            }
            guarded += usize::from(reaches_admin(&target));
        }
    }
    // Neither everything nor nothing: the test looks at both kinds.
    assert!(forwarded > 50 && guarded > 1000, "{forwarded} forwarded, {guarded} guarded");
}
