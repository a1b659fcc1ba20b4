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

#[test]
fn the_documented_tests_come_true() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/linkgate.yaml");
    let (code, text) = linkgate("", &["check", "-c", path]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.trim_end().ends_with(" tests"), "{text}");
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
