//! `linkgate check` runs the `tests` of a configuration; `linkgate explain` says why.

use std::process::Command;

use tempfile::TempDir;

const FILE: &str = r#"listen: [{ address: "127.0.0.1:0" }]
admin: { listen: off }
store: { memory: {} }
mail: { from: login@example.com, folder: { path: mails } }
trusted_proxies: [192.0.2.1]
groups: { admins: [alice@example.com] }
sites:
  - name: team
    origin: https://*.example.com
    upstream: http://127.0.0.1:3000
    allow: ["@example.com"]
    rules:
      - { path: /metrics, from: [10.0.0.0/8], access: public }
      - { path: /metrics, access: deny }
      - { path: "/admin/**", host: "*.lab.example.com", access: deny }
      - { path: "/admin/**", allow: ["group:admins"], max_age: 15m }
      - { path: "/admin", allow: ["group:admins"], max_age: 15m }
"#;

fn linkgate(text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
    let told = command.current_dir(folder.path()).args(arguments).output().expect("linkgate runs");
    let text = [told.stdout, told.stderr].concat();
    (told.status.code(), String::from_utf8(text).expect("text"))
}

fn check(tests: &str) -> (Option<i32>, String) {
    linkgate(&format!("{FILE}tests:\n{tests}"), &["check", "-c", "a.yaml"])
}

#[test]
fn tests_that_come_true_are_counted() {
    let tests = "  - GET https://a.example.com/metrics from 10.1.2.3 -> public
  - GET https://a.example.com/metrics from 10.1.2.3 as bob@example.com -> allow
  - GET https://a.example.com/metrics from 203.0.113.7 -> deny
  - GET https://a.example.com/metrics -> deny
  - GET https://a.example.com/admin/x as alice@example.com -> allow
  - GET https://a.example.com/admin/x as alice@example.com age 16m -> sign-in-again
  - GET https://a.example.com/admin/x as bob@example.com -> deny
  - GET https://x.lab.example.com/admin/x as alice@example.com -> deny
  - GET https://a.example.com:443/?x=/admin/x → sign-in
  - GET https://a.example.com/a/../admin/x as alice@example.com -> deny
";
    assert_eq!(check(tests), (Some(0), "a.yaml: ok: 1 site, 10 tests\n".to_owned()));
    assert_eq!(check("  []").1, "a.yaml: ok: 1 site\n");
}

#[test]
fn a_restriction_whose_value_is_behind_a_hash_is_a_mistake_and_not_gone() {
    let from = FILE.replace("from: [10.0.0.0/8]", "from: ");
    let told = "a.yaml:13:27: sites[0].rules[0].from: has no value\n  hint: leave the key out, or \
                write [] for an empty list, {} for an empty map\n";
    for command in [&["check", "-c", "a.yaml"][..], &["serve", "-c", "a.yaml"]] {
        assert_eq!(linkgate(&from, command), (Some(64), told.to_owned()), "{command:?}");
    }
}

#[test]
fn tests_that_do_not_are_told_with_place_rule_and_the_way_to_the_reason() {
    let tests = "  - GET https://a.example.com/metrics -> public
  - GET https://a.example.com/admin/x as bob@example.com -> allow
  - GET https://a.example.com/admin/x?a=' as alice@example.com age 2h from 10.1.2.3 -> allow
  - GET https://a.example.com/ as bob@example.com -> public
  - GET https://a.example.com/ -> deny
  - GET https://a.example.com/a/.. -> public
  - GET https://example.com/ -> deny
  - GET http://a.example.com/ -> deny
  - GET https://a.example.com/.linkgate/sign-in -> allow
";
    let (code, text) = check(tests);
    assert_eq!(code, Some(64));
    insta::assert_snapshot!(text);
}

const WITH_ACCOUNTS: &str = r#"listen: [{ address: "127.0.0.1:0" }]
admin: { listen: off }
store: { memory: {} }
mail: { from: login@example.com, folder: { path: mails } }
groups: { reviewers: [], admins: [alice@example.com] }
sites:
  - name: team
    origin: https://team.example.com
    upstream: http://127.0.0.1:3000
    allow: [accounts]
    rules:
      - { path: "/drafts/**", allow: ["group:reviewers"] }
      - { path: "/admin/**", allow: ["group:admins"] }
      - { path: "/hooks/**", methods: [POST], access: deny }
"#;

#[test]
fn tests_may_say_who_has_an_account_and_which_groups_it_gives() {
    let tests = "tests:
  - GET https://team.example.com/ as guest@partner.example member -> allow
  - GET https://team.example.com/ as guest@partner.example -> deny
  - GET https://team.example.com/ as guest@partner.example in reviewers -> allow
  - GET https://team.example.com/drafts/1 as guest@partner.example member -> deny
  - GET https://team.example.com/drafts/1 as guest@partner.example in reviewers age 2h -> allow
  - GET https://team.example.com/admin/ as guest@partner.example in reviewers in admins -> allow
  - GET https://team.example.com/admin/ as alice@example.com in reviewers -> allow
";
    let (code, text) = linkgate(&format!("{WITH_ACCOUNTS}{tests}"), &["check", "-c", "a.yaml"]);
    assert_eq!((code, text.lines().next()), (Some(0), Some("a.yaml: ok: 1 site, 7 tests")));
    let wrong = "tests:
  - GET https://team.example.com/ as guest@partner.example -> allow
  - GET https://team.example.com/drafts/1 as guest@partner.example -> allow
  - GET https://team.example.com/admin/ as guest@partner.example -> allow
  - GET https://team.example.com/drafts/1 as guest@partner.example member -> allow
  - GET https://team.example.com/drafts/1 as guest@partner.example in reviewrs -> deny
";
    let (code, text) = linkgate(&format!("{WITH_ACCOUNTS}{wrong}"), &["check", "-c", "a.yaml"]);
    assert_eq!(code, Some(64));
    insta::assert_snapshot!(text);
}

#[test]
fn explain_knows_accounts_and_scripts_and_says_when_it_was_told_of_none() {
    let explain = |path: &str, more: &[&str]| {
        let url = format!("https://team.example.com{path}");
        let line = [&["explain", "-c", "a.yaml", "GET", &url][..], more].concat();
        let (code, text) = linkgate(WITH_ACCOUNTS, &line);
        format!("{path} {} -> {code:?}\n{text}", more.join(" "))
    };
    let guest = ["--as", "guest@partner.example"];
    let as_guest = |path: &str, more: &[&str]| explain(path, &[&guest[..], more].concat());
    let texts = [
        as_guest("/", &[]),
        as_guest("/", &["--member"]),
        as_guest("/drafts/1", &[]),
        as_guest("/drafts/1", &["--group", "reviewers", "--group", "admins"]),
        as_guest("/admin/", &[]),
        as_guest("/drafts/1", &["--group", "reviewrs"]),
        explain("/", &[]),
        explain("/drafts/1", &["--script"]),
        explain("/drafts/1", &["--script=backup", "--paths", "/drafts/*,/x", "--methods", "POST"]),
        explain("/drafts/1", &["--script=backup", "--paths", "/drafts/*", "--methods", "GET"]),
    ];
    insta::assert_snapshot!(texts.join("\n"));
    for (wrong, word) in [
        (&["--member"][..], "--as"),
        (&["--group", "admins"], "--as"),
        (&["--as", "a@example.com", "--group", "a b"], "--group"),
        (&["--as", "a@example.com", "--script"], "--script"),
        (&["--paths", "/x"], "--script"),
        (&["--methods", "GET"], "--script"),
        (&["--script", "--methods", "get"], "is not an HTTP method"),
        (&["--script", "--paths", "x"], "does not start with `/`"),
    ] {
        let text = explain("/", wrong);
        assert!(text.contains("Some(64)") && text.contains(word), "{text}");
    }
}

/// What `check` prints for a test that does not come true is a command that can be run.
#[test]
fn the_hint_of_a_test_is_a_command_line() {
    let test =
        "tests: [GET https://team.example.com/admin/ as g@x.example in reviewers -> allow]\n";
    let text = format!("{WITH_ACCOUNTS}{test}");
    let (_, told) = linkgate(&text, &["check", "-c", "a.yaml"]);
    let line = told.split("linkgate ").nth(1).expect("a command").trim_end();
    let words: Vec<_> = line.split(' ').map(|word| word.trim_matches('\'')).collect();
    let (code, told) = linkgate(&text, &words);
    assert_eq!(code, Some(0), "{line}\n{told}");
    assert!(told.contains("with an account, in reviewers") && told.contains("forbidden"), "{told}");
}

#[test]
fn the_documented_tests_come_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/linkgate.yaml");
    let (code, text) = linkgate("", &["check", "-c", path]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.trim_end().ends_with(" tests"), "{text}");
}

#[test]
fn explain_asks_for_a_method_that_can_reach_a_rule() {
    let explain = |method: &str| {
        let url = "https://team.example.com/";
        linkgate(WITH_ACCOUNTS, &["explain", "-c", "a.yaml", method, url])
    };
    for (method, told) in [
        ("TRACE", "is never served: TRACE; leave it out: such requests get 405"),
        ("get", "is not an HTTP method: get; did you mean `GET`?"),
        ("G T", "is not an HTTP method: G T"),
    ] {
        let (code, text) = explain(method);
        assert!(code == Some(64) && text.contains(told), "{method}: {code:?} {text}");
    }
    assert_eq!(explain("PROPFIND").0, Some(0));
}

#[test]
fn explain_says_every_reason() {
    let explain = |more: &[&str]| {
        let (code, text) = linkgate(FILE, &[&["explain", "-c", "a.yaml"], more].concat());
        format!("{} -> {code:?}\n{text}", more.join(" "))
    };
    let url = "https://a.example.com/admin/x";
    let texts = [
        explain(&["GET", url, "--as", "alice@example.com", "--age", "2h", "--from", "10.1.2.3"]),
        explain(&["GET", "https://a.example.com/metrics"]),
        explain(&["GET", "https://a.example.com/metrics/.."]),
        explain(&["GET", "https://a.example.com/.linkgate/x"]),
        explain(&["GET", "https://example.org/"]),
        explain(&["GET", url, "--from", "192.0.2.1"]),
    ];
    insta::assert_snapshot!(texts.join("\n"));
    for (wrong, word) in [
        (&["GET", "/admin"][..], "must be a whole address"),
        (&["GET", url, "--as", "bob"], "--as"),
        (&["GET", url, "--age", "2h"], "--as"),
        (&["GET", url, "--from", "10.0.0.0/8"], "--from"),
    ] {
        let text = explain(wrong);
        assert!(text.contains("Some(64)") && text.contains(word), "{text}");
    }
}
