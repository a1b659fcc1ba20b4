//! Dependencies point one way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each module may use of the crate.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("metrics", &["domain", "metrics"]),
    ("traces", &["domain", "metrics", "traces"]),
    ("ports", &["domain", "ports"]),
    ("gate", &["domain", "metrics", "ports", "gate"]),
    ("adapters", &["domain", "metrics", "ports", "adapters", "traces"]),
    ("config", &["domain", "config"]),
    // The inbox page shows the mails of the inbox adapter.
    ("portal", &["domain", "metrics", "ports", "gate", "adapters", "portal"]),
    ("proxy", &["domain", "metrics", "ports", "gate", "portal", "proxy", "traces"]),
    (
        "cli",
        &[
            "domain", "metrics", "ports", "gate", "adapters", "config", "portal", "proxy",
            "traces", "cli",
        ],
    ),
    ("main", &["cli"]),
];

#[test]
fn dependencies_point_one_way() {
    let may_use: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some(allowed) = may_use.get(module.as_str()) else {
            assert_eq!(module, "lib", "{} is in no known module", path.display());
            continue;
        };
        for used in uses(&text) {
            if !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: uses crate::{used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pingora_is_known_to_the_proxy_and_the_commands_only() {
    let strangers: Vec<_> = sources()
        .into_iter()
        .filter(|(module, _, _)| !["proxy", "cli"].contains(&module.as_str()))
        .filter(|(_, _, text)| code(text).any(|line| line.contains("pingora")))
        .map(|(_, path, _)| path)
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn the_domain_knows_neither_runtime_nor_web() {
    for (module, path, text) in sources() {
        for word in
            ["async fn", "tokio::", "axum::", "http::", "std::fs", "std::net::Tcp", "SystemTime"]
        {
            let is_there = code(&text).any(|line| line.contains(word));
            assert!(module != "domain" || !is_there, "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_readme_quotes_the_minimal_configuration() {
    let readme = include_str!("../../README.md");
    let minimal = include_str!("../../conf/minimal.yaml");
    assert!(minimal.lines().count() <= 10);
    assert!(readme.contains(minimal), "README.md and conf/minimal.yaml differ");
}

/// Module, path and text of every source file.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inside = path.strip_prefix(&root).expect("inside");
                let first = inside.components().next().expect("a part");
                let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path).expect("a text");
                found.push((module, path, text));
            }
        }
    }
    assert!(found.len() > 50, "the sources were found");
    found
}

/// Lines that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules of the crate that a text uses.
fn uses(text: &str) -> Vec<String> {
    code(text)
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}
