//! `host` and `from` of rules, wildcard sites, and `tests`.

use super::{edited, parse, report};
use crate::config::{Config, Expected};

const SITE: &str = concat!(
    "    origin: https://wiki.example.com\n",
    "    upstream: http://127.0.0.1:3000\n",
    "    allow: [\"@example.com\"]\n"
);

/// The list of rules of the site in the base.
macro_rules! rules {
    ($origin:literal, $rules:literal) => {
        concat!(
            "    origin: ",
            $origin,
            "\n    upstream: http://127.0.0.1:3000\n    allow: [everyone]\n    rules:\n",
            $rules
        )
    };
}

const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "networks that are none",
        SITE,
        rules!(
            "https://wiki.example.com",
            "      - path: /a\n        from: [10.1.2.3/8, office, 10.0.0.0/33, \"::ffff:10.0.0.0/104\"]\n"
        ),
    ),
    (
        "no network",
        SITE,
        rules!("https://wiki.example.com", "      - { path: /a, from: [], access: deny }\n"),
    ),
    (
        "networks of trusted proxies",
        SITE,
        rules!(
            "https://wiki.example.com",
            "      - { path: /a, from: [10.1.0.0/16, 192.0.2.0/24] }\ntrusted_proxies: [10.0.0.0/8]\n"
        ),
    ),
    (
        "a host of another site",
        SITE,
        rules!("https://wiki.example.com", "      - { path: /a, host: shop.example.com }\n"),
    ),
    (
        "hosts that are none",
        SITE,
        rules!(
            "https://*.example.com",
            "      - { path: /a, host: \"https://a.example.com\" }\n      \
             - { path: /b, host: \"a.example.com:8443\" }\n      - { path: /c, host: \"*\" }\n      \
             - { path: /d, host: example.com }\n      - { path: /e, host: \"*.example.org\" }\n"
        ),
    ),
    (
        "in the shadow of a wider host and network",
        SITE,
        rules!(
            "https://*.example.com",
            "      - { path: /a/**, host: \"*.lab.example.com\", from: [10.0.0.0/8] }\n      \
             - { path: /a/b, host: x.lab.example.com, from: [10.1.0.0/16, 10.2.3.4], access: deny }\n      \
             - { path: /a/b, host: x.lab.example.com, access: deny }\n"
        ),
    ),
    (
        "in the shadow of a host that is the whole site",
        SITE,
        rules!(
            "https://*.example.com",
            "      - { path: /a, host: \"*.example.com\" }\n      - { path: /a, access: deny }\n"
        ),
    ),
    (
        "two sites with one star",
        SITE,
        "    origin: https://*.example.com\n    upstream: http://127.0.0.1:3000\n    allow: [everyone]\n  - name: two\n    origin: https://*.EXAMPLE.com:443\n    upstream: http://127.0.0.1:3000\n    allow: [everyone]\n",
    ),
    ("no method", "", "tests: [\"\", \"-> allow\", \"get https://a.example.com -> allow\"]\n"),
    (
        "no address",
        "",
        "tests:\n  - GET -> allow\n  - GET wiki.example.com/admin -> allow\n  - GET /admin -> allow\n",
    ),
    (
        "words",
        "",
        "tests:\n  - GET https://a.example.com form 10.0.0.1 -> allow\n  - 'GET https://a.example.com by bob -> allow'\n  - GET https://a.example.com from 10.0.0.1 from 10.0.0.2 -> allow\n  - GET https://a.example.com as\n  - GET https://a.example.com as -> deny\n",
    ),
    (
        "values",
        "",
        "tests:\n  - GET https://a.example.com as bob -> allow\n  - GET https://a.example.com as bob@example.com age 2 -> allow\n  - GET https://a.example.com age 2h -> allow\n  - GET https://a.example.com from 10.0.0.0/8 -> allow\n  - GET https://a.example.com from 10.0.0.7 → allow\ntrusted_proxies: [10.0.0.7]\n",
    ),
    (
        "accounts",
        "",
        "tests:\n  - GET https://a.example.com member -> allow\n  - GET https://a.example.com in staff age 2h -> allow\n  - GET https://a.example.com as bob@example.com in -> deny\n  - GET https://a.example.com as bob@example.com in a,b -> deny\n  - GET https://a.example.com as bob@example.com member member -> deny\n  - GET https://a.example.com as bob@example.com membr -> deny\n",
    ),
    (
        "verdicts",
        "",
        "tests:\n  - GET https://a.example.com\n  - \"GET https://a.example.com ->\"\n  - \"GET   https://a.example.com → alow\"\n  - GET https://a.example.com -> sign_in\n  - GET https://a.example.com -> deny at once\n",
    ),
];

#[test]
fn mistakes_of_rules() {
    insta::assert_snapshot!(report(MISTAKES));
}

/// Restrictions whose values somebody has put behind a `#`. Left out they would mean that nothing
/// is restricted.
const WITHOUT_VALUES: &[(&str, &str, &str)] = &[
    (
        "from nowhere",
        SITE,
        rules!(
            "https://wiki.example.com",
            "      - path: /inside/**\n        from:\n        # - 10.0.0.0/8\n        access: public\n"
        ),
    ),
    (
        "a list of people",
        SITE,
        rules!(
            "https://wiki.example.com",
            "      - path: /admin/**\n        allow: # [\"group:admins\"]\n"
        ),
    ),
    ("a token", "", "admin:\n  token:\n#    env: ADMIN_TOKEN\n"),
    (
        "all at once, and another mistake of structure",
        SITE,
        rules!(
            "https://*.example.com",
            "      - { path: /a, methods: , host: ~, access: null, max_age: }\n      - pth:\n      -\n"
        ),
    ),
    (
        "entries of lists",
        SITE,
        rules!(
            "https://wiki.example.com",
            "      - path: /a\n        from:\n          - 10.0.0.0/8\n          -\n        access: public\n      -\n"
        ),
    ),
    ("a merge of nothing", "  - name: wiki\n", "  - <<: # *defaults\n    name: wiki\n"),
    ("a store without a map", "store: { embedded: { path: data } }\n", "store:\n  memory:\n"),
    ("a key for a map", "store: { embedded: { path: data } }\n", "store: { memory }\n"),
    ("a name of a secret", "", "secret: { env: }\n"),
    ("null in quotes is a word", "name: wiki", "name: \"null\"\n    title: \"\""),
];

#[test]
fn what_restricts_may_not_stand_without_a_value() {
    insta::assert_snapshot!(report(WITHOUT_VALUES));
}

fn good(text: &str) -> Config {
    parse(text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn tests_are_read() {
    let text = "tests:\n  - GET https://wiki.example.com\n    -> sign-in\n  \
                - \"POST https://wiki.example.com/a?b#c as Bob@example.com from 10.1.2.3 age 2h \u{2192} sign-in-again\"\n";
    let config = good(&edited("", text));
    let [first, second] = &config.tests[..] else { panic!("{:?}", config.tests) };
    assert_eq!(first.question.to_string(), "GET 'https://wiki.example.com/'");
    assert_eq!((first.expected, second.expected), (Expected::SignIn, Expected::SignInAgain));
    assert_eq!(
        second.question.to_string(),
        "POST 'https://wiki.example.com/a?b' --as Bob@example.com --age 7200s --from 10.1.2.3"
    );
    assert_eq!((second.at.key.as_str(), second.at.place.column), ("tests[1]", 5));
}

#[test]
fn accounts_are_said_in_tests() {
    let asked = |said: &str| {
        let text =
            format!("tests: [GET https://wiki.example.com/ as g@x.example {said} -> allow]\n");
        good(&edited("", &text)).tests[0].question.to_string()
    };
    let line = |more: &str| format!("GET 'https://wiki.example.com/' --as g@x.example{more}");
    assert_eq!(asked(""), line(""));
    assert_eq!(asked("member"), line(" --member"));
    assert_eq!(asked("in admins"), line(" --group admins"));
    assert_eq!(
        asked("in admins member age 2h in staff from 10.1.2.3"),
        line(" --age 7200s --group admins --group staff --from 10.1.2.3")
    );
}

#[test]
fn places_are_those_of_the_words() {
    for (entry, column) in [
        ("  - GET https://a.example.com -> alow\n", 34),
        ("  - \"GET https://a.example.com -> alow\"\n", 35),
        ("  - 'GET https://a.example.com \u{2192} alow'\n", 34),
        // Behind an escape it cannot be told: the place of the entry.
        ("  - \"GET https://\\x61.example.com -> alow\"\n", 5),
        ("  - >-\n    GET https://a.example.com -> alow\n", 34),
    ] {
        let problems = parse(&edited("", &format!("tests:\n{entry}"))).unwrap_err();
        let place = problems.iter().next().unwrap().place.unwrap();
        assert_eq!(place.column, column, "{entry}{problems}");
    }
}
