//! As much of PromQL as tells which metrics a query names, and with which labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A query.
#[derive(Debug)]
pub struct Query {
    pub text: String,
    /// The metrics it names, with the labels that it names of each.
    pub uses: BTreeMap<String, BTreeSet<String>>,
}

impl Query {
    /// What is grouped by belongs to every metric of the query: here none joins two kinds of labels.
    pub fn of(text: &str) -> Self {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut grouped = BTreeSet::new();
        let mut rest = text;
        while let Some((word, after)) = next_word(rest) {
            let open = after.trim_start();
            if word == "by" || word == "without" {
                let (list, after) = enclosed(open, ')').expect("a list of labels");
                grouped.extend(list.split(',').map(|label| label.trim().to_owned()));
                rest = after;
            } else if open.starts_with('(') || is_of_the_language(word) {
                rest = after;
            } else if open.starts_with('{') {
                let (list, after) = enclosed(open, '}').expect("a selector");
                uses.entry(word.to_owned()).or_default().extend(selected(list));
                rest = after;
            } else {
                uses.entry(word.to_owned()).or_default();
                rest = after;
            }
        }
        uses.values_mut().for_each(|labels| labels.extend(grouped.iter().cloned()));
        assert!(!uses.is_empty(), "{text} names no metric");
        Self { text: text.to_owned(), uses }
    }
}

fn is_of_the_language(word: &str) -> bool {
    const WORDS: [&str; 13] = [
        "and", "or", "unless", "on", "ignoring", "bool", "offset", "sum", "min", "max", "avg",
        "count", "topk",
    ];
    WORDS.contains(&word)
}

/// The next name outside of quotes and of brackets with a time in them.
fn next_word(text: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut rest = text;
    loop {
        let start = rest.find(|c: char| is_name(c) || c == '[' || c == '"')?;
        rest = &rest[start..];
        match rest.as_bytes()[0] {
            b'[' => rest = rest.split_once(']').expect("a time").1,
            b'"' => rest = rest[1..].split_once('"').expect("a text").1,
            _ => {
                let end = rest.find(|c: char| !is_name(c) && c != '.').unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if !word.starts_with(|c: char| c.is_ascii_digit()) {
                    return Some((word, after));
                }
                rest = after;
            }
        }
    }
}

/// What is between the bracket at the beginning and `end`, which may stand in quotes before.
fn enclosed(text: &str, end: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' => quoted = !quoted,
            _ if letter == end && !quoted => return Some((&text[1..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// The labels of `a="x",b=~"y"`.
fn selected(list: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = list;
    while let Some((label, value)) = rest.split_once(['=', '!']) {
        labels.push(label.trim_matches([',', ' ']).to_owned());
        let (_, after) = value.split_once('"').expect("a value");
        rest = after.split_once('"').expect("its end").1;
    }
    labels
}

/// The labels of a line of the text format.
pub fn labels_of_series(line: &str) -> Vec<String> {
    let Some(start) = line.find('{') else { return Vec::new() };
    selected(enclosed(&line[start..], '}').expect("labels").0)
}

/// Every query of a dashboard, those of its variables, too.
pub fn queries_of_dashboard(text: &str) -> Vec<Query> {
    let dashboard: Value = serde_json::from_str(text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let mut queries: Vec<Query> =
        targets.map(|target| Query::of(target["expr"].as_str().expect("a query"))).collect();
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        let query = variable["query"].as_str().expect("a query");
        if let Some(values) = query.strip_prefix("label_values(") {
            let (metric, label) = values.trim_end_matches(')').split_once(", ").expect("a label");
            queries.push(Query::of(&format!("sum by ({label}) ({metric})")));
        }
    }
    queries
}

/// Every query of a file of alerts.
pub fn queries_of_alerts(text: &str) -> Vec<Query> {
    let file: BTreeMap<String, Value> = serde_yaml::from_str(text).expect("YAML");
    let groups = file["groups"].as_array().expect("groups");
    let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
    rules
        .map(|rule| {
            for key in ["summary", "description"] {
                assert!(rule["annotations"][key].is_string(), "{rule} has no {key}");
            }
            Query::of(rule["expr"].as_str().expect("a query"))
        })
        .collect()
}
