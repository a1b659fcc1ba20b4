//! Each request has one line in the access log, whatever became of it and by which way.

use super::answers::ask;
use super::heard::Talk;
use super::script::{Scripts, Then};
use super::{BOTH, before};

/// The access-log lines with this path.
pub(super) fn lines<'a>(log: &'a str, path: &str) -> Vec<&'a str> {
    let [text, json] = [format!("path=\"{path}\""), format!("\"path\":\"{path}\"")];
    log.lines().filter(|line| line.contains(&text) || line.contains(&json)).collect()
}

#[tokio::test]
async fn each_request_has_one_line() {
    const OK: &str = "HTTP/1.1 200 OK\r\n";
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    // What is answered, and what the line must say.
    let rows = [
        (format!("{OK}Content-Length: 5\r\n\r\nhello"), Then::Keep, "status=200 sent=5"),
        (format!("{OK}Content-Length: 0\r\n\r\n"), Then::Keep, "status=200 sent=0"),
        (
            format!("{OK}Transfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n"),
            Then::Keep,
            "status=200 sent=5",
        ),
        (format!("{OK}\r\nhello"), Then::Close, "status=200 sent=5"),
        (format!("{OK}Content-Length: 6\r\n\r\nhello"), Then::Close, "status=200 sent=5 error"),
        (
            format!("{OK}Transfer-Encoding: chunked\r\n\r\nx\r\n"),
            Then::Close,
            "status=200 sent=0 error",
        ),
        (String::new(), Then::Close, "status=502 error"),
        (String::from("garbage\r\n\r\n"), Then::Close, "status=502 error"),
        (String::new(), Then::Silence, "status=504 error ms"),
    ];
    for (answer, then, words) in rows {
        for way in BOTH {
            let target = scripts.add(vec![answer.clone().into_bytes()], then);
            ask(&gate, way, "GET", &format!("{target}?secret-query")).await;
            let log = gate.whole_log().await;
            let all = lines(&log, &target);
            assert_eq!(all.len(), 1, "{way:?} {answer:?}: {all:?}");
            for word in words.split(' ') {
                let is_there = match word {
                    "error" => all[0].contains("error="),
                    // It has waited for a second, and says so.
                    "ms" => !["ms=0", "ms=1 ", "ms=2 "].iter().any(|short| all[0].contains(short)),
                    word => all[0].contains(word),
                };
                assert!(is_there, "{way:?} {answer:?}: no {word:?} in {}", all[0]);
            }
            assert_eq!(all[0].contains("error="), words.contains("error"), "{}", all[0]);
        }
    }
}

#[tokio::test]
async fn what_takes_no_shorter_way_after_all_has_one_line_as_well() {
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    let mut talk = Talk::open(gate.address).await;
    let cookie = "Accept: application/json\r\nCookie: linkgate-session=not-a-session\r\n";
    for way in BOTH {
        for (target, status, outcome) in [
            (format!("/closed/{way:?}"), 401, "outcome=\"challenged\""),
            (format!("/.linkgate/nothing-{way:?}"), 404, "outcome=\"own\""),
        ] {
            talk.say(&way.head("GET", &gate.host, &target, cookie)).await;
            assert_eq!(talk.hear(false).await.answer.status, status, "{target}");
            let log = gate.whole_log().await;
            let all = lines(&log, &target);
            assert_eq!(all.len(), 1, "{target}: {all:?}");
            assert!(all[0].contains(outcome), "{}", all[0]);
        }
    }
    let log = gate.whole_log().await;
    assert!(!log.contains("secret-query") && !log.contains("not-a-session"), "{log}");
}
