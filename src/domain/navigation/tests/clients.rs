//! What real clients send, as far as it tells the kind: who is sent to the form and who is not.

use super::super::*;
use RequestKind::{Api, Grpc, Navigation, WebSocket};

const CHROME: &str =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
const FIREFOX: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Who, method, the other fields, and what becomes of it. `$C` and `$F` are what Chrome and Firefox
/// (and Safari) accept when they navigate.
const HEADS: &[(&str, &str, &[&str], RequestKind)] = &[
    // Pages in browsers that send Fetch Metadata.
    ("Chrome, a link", "GET", &["mode navigate", "dest document", "accept $C"], Navigation),
    ("Firefox, a link", "GET", &["mode navigate", "dest document", "accept $F"], Navigation),
    ("Safari 16.4, a link", "GET", &["mode navigate", "dest document", "accept $F"], Navigation),
    (
        "Chrome, a form",
        "POST",
        &["mode navigate", "dest document", "accept $C", "type application/x-www-form-urlencoded"],
        Navigation,
    ),
    (
        "Firefox, a form with a file",
        "POST",
        &["mode navigate", "dest document", "accept $F", "type multipart/form-data; boundary=x"],
        Navigation,
    ),
    ("Chrome, a download", "GET", &["mode navigate", "dest document", "accept $C"], Navigation),
    (
        "Chrome, speculation rules",
        "GET",
        &["mode navigate", "dest document", "accept $C"],
        Navigation,
    ),
    ("Chrome, view-source", "GET", &["mode navigate", "dest document", "accept $C"], Navigation),
    (
        "Android web view",
        "GET",
        &["mode navigate", "dest document", "xrw com.app", "accept $C"],
        Navigation,
    ),
    // Pages within pages: ours refuse to be framed.
    ("Chrome, iframe", "GET", &["mode navigate", "dest iframe", "accept $C"], Api),
    ("Firefox, frame", "GET", &["mode navigate", "dest frame", "accept $F"], Api),
    ("Chrome, fenced frame", "GET", &["mode navigate", "dest fencedframe", "accept $C"], Api),
    ("Chrome, object", "GET", &["mode navigate", "dest object", "accept $C"], Api),
    ("Firefox, embed", "GET", &["mode navigate", "dest embed", "accept $F"], Api),
    // Parts of pages.
    (
        "Chrome, image",
        "GET",
        &["mode no-cors", "dest image", "accept image/avif,image/webp,*/*;q=0.8"],
        Api,
    ),
    ("Firefox, style", "GET", &["mode no-cors", "dest style", "accept text/css,*/*;q=0.1"], Api),
    ("Chrome, script", "GET", &["mode no-cors", "dest script", "accept */*"], Api),
    ("Chrome, module", "GET", &["mode cors", "dest script", "accept */*"], Api),
    ("Firefox, font", "GET", &["mode cors", "dest font", "accept */*"], Api),
    ("Safari, video", "GET", &["mode no-cors", "dest video", "accept */*"], Api),
    ("Chrome, manifest", "GET", &["mode cors", "dest manifest", "accept */*"], Api),
    ("Chrome, favicon", "GET", &["mode no-cors", "dest image", "accept image/avif,*/*;q=0.8"], Api),
    ("Chrome, link rel=prefetch", "GET", &["mode no-cors", "dest empty", "accept */*"], Api),
    (
        "Chrome, service worker",
        "GET",
        &["mode same-origin", "dest serviceworker", "accept */*"],
        Api,
    ),
    ("Firefox, worker", "GET", &["mode same-origin", "dest worker", "accept */*"], Api),
    (
        "Chrome, a report",
        "POST",
        &["mode no-cors", "dest report", "type application/reports+json"],
        Api,
    ),
    (
        "Chrome, a ping",
        "POST",
        &["mode no-cors", "dest empty", "accept */*", "type text/ping"],
        Api,
    ),
    (
        "Chrome, a beacon",
        "POST",
        &["mode no-cors", "dest empty", "accept */*", "type text/plain"],
        Api,
    ),
    // Scripts.
    ("Chrome, fetch", "GET", &["mode cors", "dest empty", "accept */*"], Api),
    ("Chrome, fetch for HTML (Turbo, htmx)", "GET", &["mode cors", "dest empty", "accept $F"], Api),
    (
        "Chrome, fetch of a service worker for a page",
        "GET",
        &["mode same-origin", "dest empty", "accept $C"],
        Api,
    ),
    ("Firefox, XHR", "GET", &["mode cors", "dest empty", "accept */*", "xrw XMLHttpRequest"], Api),
    ("axios", "POST", &["accept application/json, text/plain, */*", "type application/json"], Api),
    (
        "jQuery, old browser, HTML",
        "GET",
        &["accept text/html, */*; q=0.01", "xrw XMLHttpRequest"],
        Api,
    ),
    (
        "jQuery, old browser, a form",
        "POST",
        &["accept $F", "xrw XMLHttpRequest", "type application/x-www-form-urlencoded"],
        Api,
    ),
    ("Chrome, EventSource", "GET", &["mode cors", "dest empty", "accept text/event-stream"], Api),
    ("old EventSource", "GET", &["accept text/event-stream"], Api),
    ("Chrome, a pre-flight", "OPTIONS", &["mode cors", "dest empty", "accept */*"], Api),
    // WebSockets.
    ("Chrome, WebSocket", "GET", &["upgrade websocket"], WebSocket),
    (
        "Firefox, WebSocket",
        "GET",
        &["mode websocket", "dest empty", "accept */*", "upgrade websocket"],
        WebSocket,
    ),
    // Browsers without Fetch Metadata: old ones, and all at an http origin that is not this machine.
    ("Safari 15, a link", "GET", &["accept $F"], Navigation),
    (
        "Internet Explorer 11",
        "GET",
        &["accept text/html, application/xhtml+xml, image/jxr, */*"],
        Navigation,
    ),
    (
        "Chrome at http, a form",
        "POST",
        &["accept $C", "type application/x-www-form-urlencoded"],
        Navigation,
    ),
    (
        "Chrome at http, an image",
        "GET",
        &["accept image/avif,image/webp,image/apng,*/*;q=0.8"],
        Api,
    ),
    (
        "Chrome at http, fetch",
        "POST",
        &["accept */*", "type application/x-www-form-urlencoded"],
        Api,
    ),
    ("web view at http, a link", "GET", &["accept $C", "xrw com.example.mail"], Navigation),
    ("Lynx", "GET", &["accept text/html, text/plain, text/sgml, text/css, */*;q=0.01"], Navigation),
    ("w3m", "GET", &["accept text/html, text/*;q=0.5, image/*, application/*"], Navigation),
    // Programs.
    ("curl", "GET", &["accept */*"], Api),
    ("curl -d", "POST", &["accept */*", "type application/x-www-form-urlencoded"], Api),
    ("curl -I", "HEAD", &["accept */*"], Api),
    ("wget", "GET", &["accept */*"], Api),
    ("Python requests", "GET", &["accept */*"], Api),
    ("Go", "GET", &[], Api),
    ("Java", "GET", &["accept text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"], Navigation),
    ("git clone", "GET", &["accept */*"], Api),
    (
        "git push",
        "POST",
        &[
            "accept application/x-git-receive-pack-result",
            "type application/x-git-receive-pack-request",
        ],
        Api,
    ),
    (
        "git-lfs",
        "POST",
        &["accept application/vnd.git-lfs+json", "type application/vnd.git-lfs+json"],
        Api,
    ),
    ("docker pull", "GET", &["accept application/vnd.oci.image.index.v1+json"], Api),
    ("WebDAV", "PROPFIND", &["accept */*", "type text/xml"], Api),
    ("Windows WebDAV", "OPTIONS", &[], Api),
    ("CalDAV", "REPORT", &["accept */*", "type text/xml; charset=utf-8"], Api),
    ("Prometheus", "GET", &["accept application/openmetrics-text;version=1.0.0,*/*;q=0.1"], Api),
    ("kube-probe", "GET", &["accept */*"], Api),
    // gRPC.
    ("gRPC", "POST", &["type application/grpc"], Grpc),
    ("gRPC, Go", "POST", &["type application/grpc+proto"], Grpc),
    (
        "gRPC-Web",
        "POST",
        &["mode cors", "accept application/grpc-web-text", "type application/grpc-web-text"],
        Grpc,
    ),
    ("Connect", "POST", &["type application/connect+proto"], Api),
    // Crawlers go where a browser goes, previews take what comes.
    ("Googlebot", "GET", &["accept $F"], Navigation),
    ("bingbot", "GET", &["accept */*"], Api),
    ("Slack preview", "GET", &["accept */*"], Api),
    ("Facebook preview", "GET", &["accept */*"], Api),
    ("feed reader", "GET", &["accept application/atom+xml, application/rss+xml, */*;q=0.1"], Api),
];

#[test]
fn clients_are_told_in_a_way_that_they_understand() {
    for (who, method, fields, expected) in HEADS {
        let value = |wanted: &str| {
            let found =
                fields.iter().find_map(|field| field.strip_prefix(wanted)?.strip_prefix(' '));
            found.map(|text| match text {
                "$C" => CHROME.as_bytes(),
                "$F" => FIREFOX.as_bytes(),
                other => other.as_bytes(),
            })
        };
        let kind = RequestKind::of(&RequestFacts {
            method,
            sec_fetch_mode: value("mode"),
            sec_fetch_dest: value("dest"),
            x_requested_with: value("xrw"),
            accept: value("accept"),
            content_type: value("type"),
            upgrade: value("upgrade"),
        });
        assert_eq!(kind, *expected, "{who}");
    }
}
