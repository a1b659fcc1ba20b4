mod clients;

use super::*;

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Reads `name: value` lines.
fn kind(method: &str, fields: &[(&str, &str)]) -> RequestKind {
    let field = |name: &str| {
        fields.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_bytes())
    };
    RequestKind::of(&RequestFacts {
        method,
        sec_fetch_mode: field("mode"),
        sec_fetch_dest: field("dest"),
        x_requested_with: field("xrw"),
        accept: field("accept"),
        content_type: field("type"),
        upgrade: field("upgrade"),
    })
}

#[test]
fn browsers_with_fetch_metadata_say_what_they_do() {
    use RequestKind::*;
    for (method, fields, expected) in [
        ("GET", &[("mode", "navigate"), ("dest", "document"), ("accept", HTML)][..], Navigation),
        ("GET", &[("mode", "navigate")], Navigation),
        ("POST", &[("mode", "navigate"), ("dest", "document")], Navigation),
        (
            "GET",
            &[("mode", "navigate"), ("dest", "document"), ("xrw", "com.android.browser")],
            Navigation,
        ),
        ("GET", &[("mode", "navigate"), ("dest", "iframe"), ("accept", HTML)], Api),
        ("GET", &[("mode", "navigate"), ("dest", "frame")], Api),
        ("GET", &[("mode", "navigate"), ("dest", "embed")], Api),
        ("GET", &[("mode", "navigate"), ("dest", "object")], Api),
        ("GET", &[("mode", "cors"), ("dest", "empty"), ("accept", HTML)], Api),
        ("GET", &[("mode", "same-origin"), ("dest", "empty"), ("accept", HTML)], Api),
        ("GET", &[("mode", "no-cors"), ("dest", "image"), ("accept", HTML)], Api),
        ("GET", &[("mode", "navigate, cors"), ("accept", HTML)], Api),
        ("GET", &[("mode", ""), ("accept", HTML)], Api),
    ] {
        assert_eq!(kind(method, fields), expected, "{method} {fields:?}");
    }
}

#[test]
fn others_are_judged_by_what_they_ask_for() {
    use RequestKind::*;
    for (method, fields, expected) in [
        ("GET", &[("accept", HTML)][..], Navigation),
        ("HEAD", &[("accept", HTML)], Navigation),
        ("GET", &[("accept", "TEXT/HTML")], Navigation),
        ("GET", &[("accept", "application/xhtml+xml")], Navigation),
        ("GET", &[("accept", "text/html;level=1;q=0.4, application/json")], Navigation),
        ("GET", &[("accept", "text/html;q=0.001")], Navigation),
        ("GET", &[("accept", "text/html;q=0, */*")], Api),
        ("GET", &[("accept", "text/html; Q=0.000")], Api),
        ("GET", &[("accept", "text/htmlx")], Api),
        ("GET", &[("accept", "application/json, x/text/html")], Api),
        ("GET", &[("accept", "*/*")], Api),
        ("GET", &[("accept", "text/*")], Api),
        ("GET", &[("accept", "application/json")], Api),
        ("GET", &[("accept", "")], Api),
        ("GET", &[], Api),
        ("GET", &[("accept", HTML), ("xrw", "XMLHttpRequest")], Api),
        ("POST", &[("accept", HTML)], Api),
        ("POST", &[("accept", HTML), ("type", "application/json")], Api),
        ("POST", &[("accept", HTML), ("type", "text/plain")], Api),
        ("POST", &[("accept", "*/*"), ("type", "application/x-www-form-urlencoded")], Api),
        ("PUT", &[("accept", HTML), ("type", "application/x-www-form-urlencoded")], Api),
        (
            "POST",
            &[("accept", HTML), ("type", "Multipart/Form-Data; boundary=x"), ("xrw", "fetch")],
            Api,
        ),
        ("POST", &[("accept", HTML), ("type", "Multipart/Form-Data; boundary=x")], Navigation),
        ("GET", &[("accept", HTML), ("xrw", "com.example.reader")], Navigation),
        ("OPTIONS", &[("accept", HTML)], Api),
        ("get", &[("accept", HTML)], Api),
    ] {
        assert_eq!(kind(method, fields), expected, "{method} {fields:?}");
    }
}

#[test]
fn grpc_and_websockets_come_first() {
    use RequestKind::*;
    for (fields, expected) in [
        (&[("type", "application/grpc")][..], Grpc),
        (&[("type", "application/grpc+proto"), ("accept", HTML)], Grpc),
        (&[("type", "Application/gRPC; charset=utf-8")], Grpc),
        (&[("type", "application/grpc-web-text"), ("mode", "cors")], Grpc),
        (&[("type", "application/grpcx")], Api),
        (&[("type", "application/json")], Api),
        (&[("upgrade", "websocket"), ("accept", HTML)], WebSocket),
        (&[("upgrade", "h2c, WebSocket"), ("mode", "websocket")], WebSocket),
        (&[("upgrade", "websockets")], Api),
        (&[("upgrade", "h2c"), ("accept", HTML)], Navigation),
    ] {
        assert_eq!(kind("GET", fields), expected, "{fields:?}");
    }
}

#[test]
fn prefetchers_and_previews_are_known_by_what_they_say() {
    for purpose in
        ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip", "Prerender", "preview"]
    {
        assert!(is_prefetch([purpose.as_bytes()]), "{purpose}");
        assert!(is_prefetch([b"x".as_slice(), purpose.as_bytes()]), "{purpose}");
    }
    for purpose in ["", "pre", "fetch", "navigate"] {
        assert!(!is_prefetch([purpose.as_bytes()]), "{purpose}");
    }
    assert!(!is_prefetch([]));
}

#[test]
fn only_our_own_page_may_change_something() {
    let own: Origin = "https://app.example.com".parse().unwrap();
    for (site, origin, expected) in [
        (Some("same-origin"), None, true),
        (Some("same-origin"), Some("https://app.example.com"), true),
        (Some("cross-site"), Some("https://app.example.com"), false),
        (Some("same-site"), Some("https://app.example.com"), false),
        (Some("none"), None, false),
        (Some(""), Some("https://app.example.com"), false),
        (Some("same-origin, cross-site"), None, false),
        (None, Some("https://app.example.com"), true),
        (None, Some("null"), false),
        (None, Some(""), false),
        (None, Some("http://app.example.com"), false),
        (None, Some("https://app.example.com:8443"), false),
        (None, Some("https://app.example.com/"), false),
        (None, Some("https://app.example.com.evil.test"), false),
        (None, Some("https://evil.test"), false),
        (None, Some("https://app.example.com, https://evil.test"), false),
        (None, None, false),
    ] {
        let found = same_origin(site.map(str::as_bytes), origin.map(str::as_bytes), &own);
        assert_eq!(found, expected, "{site:?} {origin:?}");
    }
    let local: Origin = "http://localhost:8080".parse().unwrap();
    assert!(same_origin(None, Some(b"http://localhost:8080"), &local));
}

#[test]
fn a_rule_can_say_who_is_sent_to_the_form() {
    use RequestKind::*;
    for (kind, by_kind, redirect) in [
        (Navigation, true, true),
        (Api, false, true),
        (Grpc, false, false),
        (WebSocket, false, false),
    ] {
        assert_eq!(kind.is_redirected(Unauthenticated::ByKind), by_kind, "{kind:?}");
        assert_eq!(kind.is_redirected(Unauthenticated::Redirect), redirect, "{kind:?}");
        assert!(!kind.is_redirected(Unauthenticated::Status), "{kind:?}");
    }
}
