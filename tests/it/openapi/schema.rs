//! Judges JSON by the part of JSON Schema that our description uses. A keyword that is not known
//! here is a fault of the description, so that nothing in it goes unjudged.

use serde_json::Value;

/// Keywords that say nothing about which values are good.
const WORDS_ONLY: [&str; 6] = ["description", "example", "format", "title", "default", "summary"];

/// What is wrong with a value; empty when nothing is.
pub fn faults(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    judge(root, schema, value, "", &mut found);
    found
}

/// Follows `$ref`s inside the description.
pub fn resolved<'a>(root: &'a Value, mut node: &'a Value) -> &'a Value {
    while let Some(target) = node.get("$ref") {
        let target = target.as_str().expect("a text");
        let pointer = target.strip_prefix('#').expect("a place in this document");
        node = root.pointer(pointer).unwrap_or_else(|| panic!("{target} leads nowhere"));
    }
    node
}

fn judge(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(root, schema).as_object().expect("a schema");
    let known = |name: &str| schema.get("properties").and_then(|all| all.get(name));
    for (keyword, wanted) in schema {
        let is_good = match keyword.as_str() {
            "type" => is_of(wanted.as_str().expect("one type"), value),
            "const" => value == wanted,
            "enum" => wanted.as_array().expect("a list").contains(value),
            "minimum" => value.as_f64() >= wanted.as_f64(),
            "minLength" => length(value) >= wanted.as_u64(),
            "maxLength" => length(value) <= wanted.as_u64(),
            "required" => wanted
                .as_array()
                .expect("a list")
                .iter()
                .all(|name| value.get(name.as_str().expect("a name")).is_some()),
            "additionalProperties" => {
                assert_eq!(wanted, false, "only `false` is understood");
                value.as_object().is_none_or(|it| it.keys().all(|name| known(name).is_some()))
            }
            "properties" => {
                for (name, inner) in wanted.as_object().expect("members") {
                    if let Some(value) = value.get(name) {
                        judge(root, inner, value, &format!("{at}/{name}"), found);
                    }
                }
                true
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    judge(root, wanted, value, &format!("{at}/{index}"), found);
                }
                true
            }
            other => WORDS_ONLY.contains(&other),
        };
        if !is_good {
            found.push(format!("{at}: {keyword} {wanted}: {value}"));
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

#[test]
fn what_does_not_fit_is_found() {
    let root = serde_json::json!({ "text": { "type": "string", "maxLength": 2 } });
    let schema = serde_json::json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["a"],
        "properties": {
            "a": { "$ref": "#/text" },
            "b": { "type": "array", "items": { "type": "integer", "minimum": 1 } },
            "c": { "enum": ["x"] },
            "d": { "const": true },
        },
    });
    let good = serde_json::json!({ "a": "é", "b": [1, 2], "c": "x", "d": true });
    assert_eq!(faults(&root, &schema, &good), Vec::<String>::new());
    for bad in [
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!({ "a": 1 }),
        serde_json::json!({ "a": "abc" }),
        serde_json::json!({ "a": "", "b": [0] }),
        serde_json::json!({ "a": "", "b": [1.5] }),
        serde_json::json!({ "a": "", "c": "y" }),
        serde_json::json!({ "a": "", "d": null }),
        serde_json::json!({ "a": "", "e": 1 }),
    ] {
        assert!(!faults(&root, &schema, &bad).is_empty(), "{bad}");
    }
    let odd = serde_json::json!({ "oneOf": [] });
    assert!(!faults(&root, &odd, &good).is_empty(), "an unknown keyword");
}
