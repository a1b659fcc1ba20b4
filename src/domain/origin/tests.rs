//! Tables of hosts, authorities, origins and patterns.

use proptest::prelude::*;

use super::*;

fn origin(text: &str) -> Origin {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn pattern(text: &str) -> OriginPattern {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn honest_authorities_are_read() {
    for (text, host, port) in [
        ("example.com", "example.com", None),
        ("EXAMPLE.com:8443", "example.com", Some(8443)),
        ("localhost", "localhost", None),
        ("wiki:80", "wiki", Some(80)),
        ("127.0.0.1:8080", "127.0.0.1", Some(8080)),
        ("[::1]", "[::1]", None),
        ("[::1]:8080", "[::1]", Some(8080)),
        ("[0:0:0:0:0:0:0:1]", "[::1]", None),
        ("[2001:DB8::1]:1", "[2001:db8::1]", Some(1)),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
        ("a--b.example:65535", "a--b.example", Some(65535)),
        ("1.example", "1.example", None),
        ("0x7f.example", "0x7f.example", None),
    ] {
        let authority = Authority::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((authority.host.as_str(), authority.port), (host, port), "{text}");
        assert_eq!(Authority::parse(&authority.to_string()), Ok(authority));
    }
}

const NO_AUTHORITIES: &[&str] = &[
    "",
    ":80",
    ".",
    "a, b",
    "a,b",
    "a b",
    " a",
    "a ",
    "a\tb",
    "a\u{0}",
    "a/public/",
    "a/",
    "a\\b",
    "a?x",
    "a#x",
    "user@a",
    "user:pw@a",
    "@a",
    "a@",
    "a:",
    "a:0",
    "a:00",
    "a:0443",
    "a:+80",
    "a:-1",
    "a:65536",
    "a:99999999999999999999",
    "a:80:80",
    "a:80a",
    "a: 80",
    "a:8 0",
    "a:%34%34%33",
    "a:\u{ff14}",
    "a:443.evil.test",
    "a.",
    "a.:80",
    ".a",
    "a..b",
    "-a",
    "a-",
    "a_b",
    "a%2e",
    "a*",
    "*.a",
    "b\u{fc}cher.example",
    "\u{ff41}.example",
    "a\u{ad}.example",
    "xn--example-.org",
    "xn--a.example",
    "xn--.example",
    "127.1",
    "0x7f.1",
    "0x7f000001",
    "a.0x",
    "2130706433",
    "127.0.0.01",
    "1.2.3.4.5",
    "256.0.0.1",
    "::1",
    "[::1",
    "::1]",
    "[::1]x",
    "[::1]]",
    "[[::1]]",
    "[]",
    "[v1.a]",
    "[fe80::1%25a]",
    "[fe80::1%eth0]",
    "[127.0.0.1]",
    "[::1]:",
    "[::1]:0",
    "x[::1]",
    "x:[::1]",
];

/// What Pingora lets through as a `Host`, and the spellings of hosts in the redirect corpus.
#[test]
fn other_authorities_are_refused() {
    for &text in NO_AUTHORITIES {
        assert!(Authority::parse(text).is_err(), "{text:?}");
    }
    assert!(Host::parse(&format!("{}.example", "a".repeat(64))).is_err());
    assert!(Host::parse("a.".repeat(127).trim_end_matches('.')).is_ok());
    assert!(Host::parse(&format!("{}aaa", "a.".repeat(126))).is_err(), "255 bytes");
}

#[test]
fn an_origin_is_written_in_one_form() {
    for (text, form, port) in [
        ("https://example.com", "https://example.com", 443),
        ("https://example.com/", "https://example.com", 443),
        ("HTTPS://EXAMPLE.COM:443", "https://example.com", 443),
        ("http://example.com:443", "http://example.com:443", 443),
        ("http://localhost:80/", "http://localhost", 80),
        ("https://[::1]:8443", "https://[::1]:8443", 8443),
    ] {
        assert_eq!(origin(text).to_string(), form);
        assert_eq!(origin(text).effective_port(), port);
        assert_eq!(serde_json::to_string(&origin(text)).unwrap(), format!("\"{form}\""));
    }
}

#[test]
fn what_is_more_or_less_than_an_origin_is_refused_with_a_reason() {
    for (text, said) in [
        ("example.com", "must begin with"),
        ("//example.com", "must begin with"),
        ("ftp://example.com", "must begin with"),
        (" https://example.com", "must begin with"),
        ("https:example.com", "must begin with"),
        ("https:/example.com", "must begin with"),
        ("https://example.com/wiki", "must end after"),
        ("https://example.com//", "must end after"),
        ("https://example.com?x", "must end after"),
        ("https://example.com#x", "must end after"),
        ("https://example.com\\x", "must end after"),
        ("https://", "no host"),
        ("https:///", "no host"),
        ("https://a@example.com", "user name"),
        ("https://example.com.", "dot at the end"),
        ("https://example.com:x", "valid port"),
        ("https://b\u{fc}cher.example", "xn--"),
        ("https://*.example.com", "valid host"),
    ] {
        let error = text.parse::<Origin>().expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn only_this_machine_is_loopback() {
    for text in ["localhost", "a.localhost", "a.b.localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
        assert!(origin(&format!("http://{text}:8080")).is_loopback(), "{text}");
    }
    for text in [
        "localhost.example",
        "xlocalhost",
        "128.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "127.0.0.1.example",
    ] {
        assert!(!origin(&format!("http://{text}")).is_loopback(), "{text}");
    }
    assert!(pattern("http://*.localhost:3000").is_loopback());
}

#[test]
fn a_pattern_matches_whole_labels_only() {
    for (text, yes, no) in [
        (
            "https://example.com",
            &["https://example.com", "https://EXAMPLE.com:443"][..],
            &["http://example.com", "https://a.example.com", "https://example.com:444"][..],
        ),
        (
            "https://*.example.com",
            &["https://a.example.com", "https://a.b.example.com"],
            &[
                "https://example.com",
                "https://evilexample.com",
                "https://a.example.com.evil.test",
                "https://a.example.comx",
                "https://a.example.com:8443",
                "http://a.example.com",
                "http://a.example.com:443",
            ],
        ),
        (
            "http://*.localhost:8080",
            &["http://wiki.localhost:8080"],
            &["http://localhost:8080", "http://wiki.localhost", "https://wiki.localhost:8080"],
        ),
        ("http://127.0.0.1:8080", &["http://127.0.0.1:8080"], &["http://127.0.0.1"]),
        ("http://*.0.0.1x", &["http://a.0.0.1x"], &["http://127.0.0.1"]),
    ] {
        for candidate in yes {
            assert!(pattern(text).matches(&origin(candidate)), "{text} and {candidate}");
        }
        for candidate in no {
            assert!(!pattern(text).matches(&origin(candidate)), "{text} and {candidate}");
        }
        assert_eq!(pattern(&pattern(text).to_string()), pattern(text));
    }
}

#[test]
fn a_request_belongs_to_the_origin_that_its_host_names() {
    for (text, host, expected) in [
        ("https://wiki.example.com", "WIKI.example.com", Some("https://wiki.example.com")),
        ("https://wiki.example.com", "wiki.example.com:443", Some("https://wiki.example.com")),
        ("https://wiki.example.com", "wiki.example.com:80", None),
        ("https://wiki.example.com", "wiki.example.com:8443", None),
        ("https://wiki.example.com:8443", "wiki.example.com", None),
        (
            "https://wiki.example.com:8443",
            "wiki.example.com:8443",
            Some("https://wiki.example.com:8443"),
        ),
        ("http://localhost", "localhost:80", Some("http://localhost")),
        ("https://*.example.com", "a.example.com", Some("https://a.example.com")),
        ("https://*.example.com", "a.example.com:443", Some("https://a.example.com")),
        ("https://*.example.com", "example.com", None),
        ("https://*.example.com", "evil.test", None),
    ] {
        let found = pattern(text).for_authority(&Authority::parse(host).unwrap());
        assert_eq!(found.map(|origin| origin.to_string()).as_deref(), expected, "{text}, {host}");
    }
}

#[test]
fn patterns_have_one_wildcard_in_front_or_none() {
    for text in [
        "*",
        "https://*",
        "https://*.",
        "https://*example.com",
        "https://a.*.example.com",
        "https://*.*.example.com",
        "https://example.*",
        "https://*.example.com/x",
        "https://*.127.0.0.1",
        "https://*.[::1]",
        "https://example.com:*",
        "*://example.com",
        "*.example.com",
    ] {
        assert!(text.parse::<OriginPattern>().is_err(), "{text}");
    }
    assert_eq!(pattern("HTTPS://*.Example.com:443/").csp_source(), "https://*.example.com");
    assert_eq!(pattern("http://*.a.test:81").csp_source(), "http://*.a.test:81");
    assert_eq!(pattern("https://a.test").exact(), Some(&origin("https://a.test")));
    assert_eq!(pattern("https://*.a.test").exact(), None);
}

proptest! {
    #[test]
    fn reading_never_panics_and_is_stable(text in "\\PC{0,40}") {
        if let Ok(authority) = Authority::parse(&text) {
            prop_assert_eq!(Authority::parse(&authority.to_string()).unwrap(), authority);
        }
        let _ = text.parse::<OriginPattern>();
    }

    /// The second opinion: the browser's own parser sees the same origin.
    #[test]
    fn a_browser_sees_the_same_origin(
        scheme in "(?i)https?",
        host in "[a-zA-Z0-9.x:\\[\\]%@_-]{1,12}",
        port in proptest::option::of(0u32..70_000),
    ) {
        let text = match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        if let Ok(origin) = text.parse::<Origin>() {
            let browser = url::Url::parse(&text).unwrap();
            prop_assert_eq!(browser.origin().ascii_serialization(), origin.to_string());
            prop_assert_eq!(origin.to_string().parse::<Origin>().unwrap(), origin);
        }
    }
}
