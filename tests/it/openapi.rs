//! `conf/openapi.yaml` and the server say the same.

mod operators;
pub mod schema;
mod walk;

use std::collections::BTreeSet;

use serde_json::Value;

use schema::{faults, resolved};

/// Words in an object of paths that are methods.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The description, read with the reader of our configuration.
fn description() -> Value {
    serde_yaml::from_str(include_str!("../../conf/openapi.yaml")).expect("YAML")
}

/// Path, method and what is said of them.
fn operations(root: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = root["paths"].as_object().expect("paths");
    let of = |path: &'_ str| {
        let item = &root["paths"][path];
        METHODS.into_iter().filter_map(|method| item.get(method).map(|it| (method, it)))
    };
    paths
        .keys()
        .flat_map(|path| of(path).map(move |(method, it)| (path.as_str(), method, it)))
        .collect()
}

#[test]
fn every_route_of_the_api_is_described_and_nothing_else() {
    let root = description();
    let described: BTreeSet<(String, String)> = operations(&root)
        .into_iter()
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .collect();
    let source = include_str!("../../src/portal.rs");
    let table = source.split("Router::new()").nth(1).expect("the table of routes");
    let mut routed = BTreeSet::new();
    for route in table.split(".route(").skip(1) {
        let route = route.split(".method_not_allowed_fallback").next().expect("a route");
        let path = route.split('"').nth(1).expect("a path");
        if path.starts_with("/api/") || ["/wait", "/check", "/jwks.json"].contains(&path) {
            let words = route.split(|it: char| !it.is_alphanumeric() && it != '(');
            for method in METHODS {
                if words
                    .clone()
                    .any(|word| word.split('(').next() == Some(method) && word.contains('('))
                {
                    routed.insert((path.to_owned(), method.to_owned()));
                }
            }
        }
    }
    assert!(routed.len() > 10, "the routes were found: {routed:?}");
    assert_eq!(described, routed);
}

/// One who adds a code documents it.
#[test]
fn every_code_of_a_problem_is_described_and_nothing_else() {
    let root = description();
    let described: BTreeSet<&str> = root["components"]["schemas"]["Problem"]["properties"]["code"]
        ["enum"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let cause = include_str!("../../src/portal/api/cause.rs");
    let refusal = include_str!("../../src/portal/refusal.rs");
    let mut made = BTreeSet::new();
    for arm in cause.split("=>").chain(refusal.split("=>")).skip(1) {
        let Some(text) = arm.trim_start_matches([' ', '\n', '{']).strip_prefix('"') else {
            continue;
        };
        let text = text.split('"').next().unwrap_or_default();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            made.insert(text);
        }
    }
    assert_eq!(described, made);
}

#[test]
fn the_description_is_whole() {
    let root = description();
    assert!(root["openapi"].as_str().expect("a version").starts_with("3.1."));
    let mut names = BTreeSet::new();
    for (path, method, operation) in operations(&root) {
        let name = operation["operationId"].as_str().expect("a name");
        assert!(names.insert(name), "{name} is there twice");
        assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{name}");
        assert!(operation["security"].is_array(), "{name}: which cookies?");
        for word in path.split(['{', '}']).skip(1).step_by(2) {
            let parameters = operation["parameters"].as_array().expect("parameters");
            assert!(parameters.iter().any(|it| it["name"] == word), "{path}: {word}");
        }
        let mut bodies = vec![operation.get("requestBody")];
        for (status, response) in operation["responses"].as_object().expect("responses") {
            let response = resolved(&root, response);
            assert!(response["description"].is_string(), "{method} {path} {status}");
            bodies.push(Some(response));
        }
        for content in bodies.into_iter().flatten().filter_map(|it| it["content"].as_object()) {
            for (kind, content) in content {
                let schema = content.get("schema").unwrap_or_else(|| panic!("{name}: {kind}"));
                if let Some(example) = content.get("example") {
                    let faults = faults(&root, schema, example);
                    assert!(faults.is_empty(), "{method} {path}: {faults:?}");
                }
            }
        }
    }
    every_reference_leads_somewhere(&root, &root);
}

fn every_reference_leads_somewhere(root: &Value, node: &Value) {
    resolved(root, node);
    let inner: Vec<&Value> = match node {
        Value::Object(members) => members.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    for inner in inner {
        every_reference_leads_somewhere(root, inner);
    }
}
