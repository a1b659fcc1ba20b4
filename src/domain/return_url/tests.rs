//! The redirect corpus, the reserved prefix, own schemes and the laws of what is emitted.

use proptest::prelude::*;

use super::*;

const CORPUS: &str = include_str!("../../../tests/data/redirects.tsv");

struct Listed {
    site: Origin,
    others: Vec<OriginPattern>,
    return_to: Vec<ReturnPattern>,
}

impl Listed {
    fn new(site: &str, others: &[&str], return_to: &[&str]) -> Self {
        Self {
            site: site.parse().unwrap(),
            others: others.iter().map(|text| text.parse().unwrap()).collect(),
            return_to: return_to.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    /// The whitelist of the corpus.
    fn corpus() -> Self {
        Self::new("https://app.example.com", &["https://*.example.org"], &[])
    }

    fn targets(&self) -> ReturnTargets<'_> {
        ReturnTargets {
            site: &self.site,
            others: &self.others,
            return_to: &self.return_to,
            prefix: "/.linkgate/",
        }
    }

    fn parse(&self, raw: &str) -> Result<ReturnUrl, ReturnUrlError> {
        ReturnUrl::parse(raw, &self.targets())
    }
}

#[test]
fn the_whole_corpus_holds() {
    let listed = Listed::corpus();
    let (mut allowed, mut refused) = (0, 0);
    for line in CORPUS.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let raw: String = serde_json::from_str(fields[0]).unwrap();
        let result = listed.parse(&raw);
        match fields[1] {
            "allow" => {
                allowed += 1;
                let url = result.unwrap_or_else(|error| panic!("{raw:?}: {error}"));
                assert_eq!(listed.parse(url.as_str()), Ok(url));
            }
            "refuse" => {
                refused += 1;
                assert!(result.is_err(), "{raw:?} ({}) became {result:?}", fields[2]);
                assert_eq!(ReturnUrl::of_request(&raw, &listed.targets()), ReturnUrl::root());
            }
            verdict => panic!("unknown verdict {verdict}"),
        }
    }
    assert_eq!((allowed, refused), (33, 200), "the corpus is complete");
}

#[test]
fn what_is_emitted_is_the_parsed_form_with_the_bytes_behind_the_host_untouched() {
    let listed = Listed::corpus();
    for (raw, emitted) in [
        ("/a|b?f=[1]&q='`{}^#x'`", "/a|b?f=[1]&q='`{}^#x'`"),
        ("/a%20b?c=%zz&d=%", "/a%20b?c=%zz&d=%"),
        ("HTTPS://APP.example.COM:443/X?Y#Z", "https://app.example.com/X?Y#Z"),
        ("https://app.example.com", "https://app.example.com/"),
        ("https://app.example.com?x=/../", "https://app.example.com/?x=/../"),
        ("https://a.example.org#//x", "https://a.example.org/#//x"),
        ("/?next=//evil.test", "/?next=//evil.test"),
    ] {
        assert_eq!(listed.parse(raw).unwrap().as_path_or_url(), emitted);
    }
}

#[test]
fn the_sign_in_itself_is_no_place_to_return_to() {
    let listed = Listed::corpus();
    for raw in [
        "/.linkgate",
        "/.linkgate/",
        "/.linkgate/sign-out",
        "/.linkgate?x",
        "/.linkgate#x",
        "/.LinkGate/sign-out",
        "/.lin\u{25}6bgate/sign-out",
        "/%2elinkgate/sign-out",
        "/%252elinkgate/sign-out",
        "/.linkgate;x/sign-out",
        "/.linkgate%3bx/sign-out",
        "/.linkgate%2fsign-out",
        "/.linkgate%5csign-out",
        "/.linkgate//sign-out",
        "/.lin%E2%84%AAgate/sign-out",
        "/;x/.linkgate/sign-out",
        "https://app.example.com/.linkgate/sign-out",
        "https://a.example.org/.linkgate/sign-out",
    ] {
        assert_eq!(listed.parse(raw), Err(ReturnUrlError::Reserved), "{raw}");
    }
    assert!(listed.parse("//.linkgate/sign-out").is_err());
    assert!(listed.parse("/./.linkgate/sign-out").is_err());
    for raw in ["/.linkgate-x", "/.linkgatex/", "/a/.linkgate/x", "/?/.linkgate/", "/linkgate/x"] {
        assert!(listed.parse(raw).is_ok(), "{raw}");
    }
    let targets = ReturnTargets { prefix: "/auth/gate/", ..listed.targets() };
    assert!(ReturnUrl::parse("/auth/other", &targets).is_ok());
    assert!(ReturnUrl::parse("/auth/", &targets).is_ok());
    assert_eq!(ReturnUrl::parse("/AUTH%2fgate", &targets), Err(ReturnUrlError::Reserved));
}

#[test]
fn return_to_patterns_open_exactly_what_they_say() {
    let listed = Listed::new(
        "https://wiki.example.com",
        &[],
        &[
            "https://reports.example.com/public/*",
            "https://exact.example.com/start",
            "https://*.apps.example.com",
            "http://localhost:3000/*",
            "exampleapp://signed-in",
            "com.example.app:/done/*",
        ],
    );
    for raw in [
        "https://reports.example.com/public/",
        "https://reports.example.com/public/a?b#c",
        "https://exact.example.com/start",
        "https://exact.example.com/start?x=1#y",
        "https://a.apps.example.com/any",
        "http://localhost:3000/",
        "http://LOCALHOST:3000",
        "exampleapp://signed-in",
        "ExampleApp://signed-in",
        "com.example.app:/done/1?x=1",
    ] {
        assert!(listed.parse(raw).is_ok(), "{raw}: {:?}", listed.parse(raw));
    }
    for raw in [
        "https://reports.example.com/",
        "https://reports.example.com/public",
        "https://reports.example.com/public/../x",
        "https://reports.example.com/public/%2e%2e/x",
        "https://reports.example.com/public/..%2fx",
        "https://reports.example.com//public/",
        "https://reports.example.com/Public/",
        "http://reports.example.com/public/",
        "https://reports.example.com:8443/public/",
        "https://exact.example.com/start/",
        "https://exact.example.com/",
        "https://apps.example.com/",
        "https://localhost:3000/",
        "http://localhost/",
        "http://wiki.example.com/",
        "exampleapp://signed-in/x",
        "exampleapp://signed-in?x",
        "exampleapp://signed-in@evil.test",
        "exampleapp:signed-in",
        "exampleapp://Signed-In",
        "com.example.app:/done",
        "com.example.app:/done/../x",
        "com.example.app:/done/%2e%2e/x",
        "com.example.app:/done/%0a",
        "other://signed-in",
        "javascript://signed-in",
    ] {
        assert!(listed.parse(raw).is_err(), "{raw}");
    }
}

#[test]
fn an_http_site_may_return_to_itself_only() {
    let listed = Listed::new("http://localhost:8080", &["http://*.localhost:8080"], &[]);
    assert!(listed.parse("http://localhost:8080/x").is_ok());
    assert!(listed.parse("http://wiki.localhost:8080/x").is_ok());
    assert!(listed.parse("http://[::1]:8080/x").is_err());
    assert!(listed.parse("https://localhost:8080/x").is_err());
    assert!(listed.parse("http://localhost/x").is_err());
    assert!(Listed::new("http://[::1]:8080", &[], &[]).parse("http://[0::1]:8080/x").is_ok());
}

#[test]
fn a_clean_fragment_is_added_once() {
    let listed = Listed::new("https://a.test", &[], &["exampleapp://signed-in"]);
    for (raw, fragment, result) in [
        ("/a?b", "#c", "/a?b#c"),
        ("/a?b", "c/d?e=//f#g", "/a?b#c/d?e=//f#g"),
        ("/a", "", "/a"),
        ("/a", "#", "/a"),
        ("/a#x", "#c", "/a#x"),
        ("/a", "#c d", "/a"),
        ("/a", "#c\r\nd", "/a"),
        ("/a", "#\u{e9}", "/a"),
        ("/a", "#<script>", "/a"),
        ("/a", "#c\\d", "/a"),
        ("/a", "#c\"d", "/a"),
        ("https://a.test", "#c", "https://a.test/#c"),
        ("exampleapp://signed-in", "#c", "exampleapp://signed-in"),
    ] {
        let url = listed.parse(raw).unwrap().with_fragment(fragment);
        assert_eq!(url.as_str(), result);
        assert_eq!(listed.parse(result), Ok(url));
    }
    let url = listed.parse("/a").unwrap();
    let longest = "f".repeat(LONGEST_FRAGMENT);
    assert_eq!(url.clone().with_fragment(&longest).as_str().len(), 3 + LONGEST_FRAGMENT);
    assert_eq!(url.clone().with_fragment(&(longest.clone() + "f")), url);
    let full = listed.parse(&format!("/{}", "a".repeat(LONGEST_RETURN_URL - 10))).unwrap();
    assert_eq!(full.clone().with_fragment(&longest), full);
}

#[test]
fn lengths_are_bounded_in_what_is_read_and_what_is_emitted() {
    let listed = Listed::corpus();
    let path = |length: usize| format!("/{}", "a".repeat(length - 1));
    assert!(listed.parse(&path(LONGEST_RETURN_URL)).is_ok());
    assert_eq!(listed.parse(&path(LONGEST_RETURN_URL + 1)), Err(ReturnUrlError::TooLong));
    let grows = format!("https://app.example.com?{}", "a".repeat(LONGEST_RETURN_URL - 24));
    assert_eq!(grows.len(), LONGEST_RETURN_URL);
    assert_eq!(listed.parse(&grows), Err(ReturnUrlError::TooLong));
}

#[test]
fn a_stopped_request_returns_to_itself_or_to_the_front_page() {
    let listed = Listed::corpus();
    for (target, url) in [
        ("/reports/42?tab=x", "/reports/42?tab=x"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://app.example.com/x", "/"),
        ("*", "/"),
        ("", "/"),
        ("/.linkgate/sign-in", "/"),
        ("/a?q=\"", "/"),
    ] {
        assert_eq!(ReturnUrl::of_request(target, &listed.targets()).as_str(), url);
    }
}

#[test]
fn pages_show_where_it_goes_without_the_query() {
    let listed = Listed::new("https://a.test", &["https://b.test"], &["exampleapp://signed-in/*"]);
    for (raw, max, shown) in [
        ("/reports/42?secret=1#x", 40, "/reports/42"),
        ("/reports/42", 8, "/report…"),
        ("/reports/42", 11, "/reports/42"),
        ("https://b.test/x?secret", 40, "b.test/x"),
        ("https://b.test/abcdef", 9, "b.test/a…"),
        ("exampleapp://signed-in/x?secret", 40, "exampleapp://signed-in/x"),
        ("/abc", 0, "…"),
    ] {
        assert_eq!(listed.parse(raw).unwrap().display_short(max), shown);
    }
}

#[test]
fn the_place_is_known_for_the_content_security_policy() {
    let listed = Listed::new("https://a.test", &["https://*.b.test"], &["exampleapp://x/*"]);
    for (raw, source) in [
        ("/x", "https://a.test"),
        ("https://c.b.test:443/x", "https://c.b.test"),
        ("ExampleApp://x/", "exampleapp:"),
    ] {
        assert_eq!(listed.parse(raw).unwrap().csp_source(&listed.site), source);
    }
    assert_eq!(listed.parse("exampleapp://x/").unwrap().origin(&listed.site), None);
}

/// The last check stands on its own: were the rule before it wrong, a browser's reading of the
/// text would still be compared with what was decided.
#[test]
fn the_browsers_own_algorithm_has_the_last_word() {
    let site: Origin = "https://a.test".parse().unwrap();
    let same_site = |text: &str| ReturnUrl { text: text.to_owned(), place: Place::SameSite };
    for text in ["//evil.test/", "/\\evil.test", "/\t/evil.test", "https://evil.test/", "x:y"] {
        assert!(!same_site(text).arrives(&site), "{text:?}");
    }
    assert!(same_site("/x//evil.test").arrives(&site));
    let app = ReturnUrl { text: "java\nscript:x".to_owned(), place: Place::App };
    assert!(!app.arrives(&site));
}

proptest! {
    #[test]
    fn what_is_accepted_stays_on_the_list(
        raw in "(https://|HTTPS://|http://|/|//|)[a-z0-9./:;@%\\\\?#&=~|\\t 25eEfF\u{ff0f}]{0,24}",
        host in "(app\\.example\\.com|x\\.example\\.org|evil\\.test|)",
        tail in "(/|\\\\|%2f|%5c|\\.|%2e|;|\\?|#|@|:|a|\\t|%25){0,8}",
        fragment in "\\PC{0,8}",
    ) {
        let listed = Listed::corpus();
        for raw in [raw.clone(), format!("/{raw}"), format!("https://{host}{tail}"), format!("/{tail}")] {
            let Ok(url) = listed.parse(&raw) else { continue };
            let url = url.with_fragment(&fragment);
            prop_assert_eq!(&listed.parse(url.as_str()).unwrap(), &url);
            prop_assert!(!url.as_str().starts_with("//") && !url.as_str().starts_with("/\\"));
            prop_assert!(url.as_str().bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
            let base = Url::parse("https://app.example.com/deep/er").unwrap();
            let arrived = base.join(url.as_str()).unwrap().origin().ascii_serialization();
            let arrived: Origin = arrived.parse().unwrap();
            prop_assert!(listed.targets().has_origin(&arrived), "{} leads to {}", raw, arrived);
        }
    }

    /// Honest deep links survive byte for byte.
    #[test]
    fn honest_deep_links_survive(
        path in "(/[a-zA-Z0-9_~:@!$&'()*+,=-]{1,8}){1,5}",
        query in "(\\?[!#-;=?-\\[\\]-~]{0,20})?",
    ) {
        let raw = format!("{path}{query}");
        let url = Listed::corpus().parse(&raw).unwrap();
        prop_assert_eq!(url.as_str(), raw);
    }

    #[test]
    fn reading_never_panics(raw in "\\PC{0,60}", max in 0usize..80) {
        let listed = Listed::corpus();
        if let Ok(url) = listed.parse(&raw) {
            prop_assert!(url.display_short(max).chars().count() <= max.max(1));
        }
        let _ = raw.parse::<ReturnPattern>();
    }
}
