//! What rows of the corpus ask for beyond their outcome word.

use super::case::Seen;
use super::scene::ALICE;
use crate::support::upstream::Received;

/// Checks the conditions of a row, if it has any.
pub fn check(name: &str, seen: &Seen) {
    if seen.upstream.is_empty() {
        refused(name, seen);
    } else {
        forwarded(name, seen);
    }
}

fn refused(name: &str, seen: &Seen) {
    let status = seen.status();
    let last = seen.answers.last();
    match name {
        "smug-ws-unauth" => assert_eq!(status, 401),
        "smug-pipelined-auth-then-anon" => {
            let statuses: Vec<u16> = seen.answers.iter().map(|answer| answer.status).collect();
            assert_eq!(statuses, [403, 401]);
        }
        "size-300-headers" => assert!(matches!(status, 431 | 400), "{status}"),
        "form-json" | "form-multipart" | "form-no-ct" | "form-gzip" => assert_eq!(status, 415),
        "form-oversize-cl" => assert_eq!(status, 413),
        "form-cross-origin" | "form-origin-null" => assert_eq!(status, 403),
        "link-twice-get" => {
            let statuses: Vec<u16> = seen.answers.iter().map(|answer| answer.status).collect();
            assert_eq!(statuses, [200, 200]);
        }
        "fa-spoofed-identity" => {
            let answer = last.expect("an answer");
            for header in ["user", "email", "groups"].map(|it| format!("x-auth-request-{it}")) {
                assert_eq!(answer.all(&header), [""], "{header}");
            }
            assert!(!format!("{answer:?}").contains("root"), "{answer:?}");
        }
        "fa-evil-host" => assert!(!format!("{last:?}").contains("evil.test"), "{last:?}"),
        _ => {}
    }
    if name.starts_with("link-") {
        for answer in &seen.answers {
            let cookies = answer.all("set-cookie").join(" ");
            assert!(!cookies.contains("linkgate-session"), "{name}: {answer:?}");
        }
    }
}

fn forwarded(name: &str, seen: &Seen) {
    let received = &seen.upstream[0];
    let gone = |names: &[&str]| {
        for gone in names {
            assert_eq!(received.all(gone), Vec::<&str>::new(), "{name}: {received:?}");
        }
    };
    match name {
        "path-public-bad-pct" => assert_eq!(received.target, "/public/%zz"),
        "path-public-truncated-pct" => assert_eq!(received.target, "/public/%2"),
        "hdr-x-original-url" => {
            assert_eq!(received.target, "/public/x");
            gone(&["x-original-url", "x-rewrite-url", "x-original-uri"]);
        }
        "smug-h2c-upgrade" | "smug-h2c-upgrade-nosettings" | "smug-upgrade-unknown" => {
            gone(&["upgrade", "http2-settings"]);
            assert_ne!(seen.status(), 101);
        }
        "smug-upgrade-list" => assert!(!received.header("upgrade").contains("h2c")),
        "smug-pipelined-public-then-admin" => {
            let statuses: Vec<u16> = seen.answers.iter().map(|answer| answer.status).collect();
            assert_eq!(statuses, [200, 401]);
        }
        "smug-chunk-ext" | "smug-chunk-ext-huge" => {
            assert!(!String::from_utf8_lossy(&received.body).contains(";a"), "{received:?}");
        }
        "hop-standard" => {
            gone(&["keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer"]);
        }
        "id-session-cookie-stripped" => {
            assert_eq!(received.all("cookie"), ["theme=dark; lang=de"]);
        }
        // Documented: it is the application's own, and nothing of it becomes our identity.
        "id-authorization-passthrough" => {
            assert_eq!(received.all("authorization"), ["Basic cm9vdDpyb290"]);
        }
        _ => {}
    }
    if name.starts_with("smug-") {
        let lengths = received.all("content-length").len();
        let codings = received.all("transfer-encoding").len();
        assert!(lengths + codings <= 1, "{name}: {received:?}");
    }
    if name.starts_with("id-") || name.starts_with("hop-") || name == "h2-underscore-identity" {
        only_our_identity(name, received);
    }
}

/// Folded on punctuation and case, every identity header is there once and ours.
fn only_our_identity(name: &str, received: &Received) {
    let folded = |name: &str| -> String {
        let kept = name.chars().filter(char::is_ascii_alphanumeric);
        kept.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    for (family, value) in [("xauthrequestuser", ALICE), ("xauthrequestemail", ALICE)] {
        let found = received.headers.iter().filter(|(key, _)| {
            let key = folded(key);
            key.strip_prefix("http").unwrap_or(&key) == family
        });
        let found: Vec<&str> = found.map(|(_, value)| value.as_str()).collect();
        assert_eq!(found, [value], "{name}: {received:?}");
    }
    for (key, value) in &received.headers {
        assert!(!value.contains("root") || key == "authorization", "{name}: {received:?}");
        assert!(!value.contains('\u{fc}'), "{name}: {received:?}");
    }
    for ours in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-linkgate-assertion"]
    {
        assert_eq!(received.all(ours).len(), 1, "{name}: {ours}: {received:?}");
    }
    assert_eq!(received.all("host").len(), 1, "{name}: {received:?}");
}
