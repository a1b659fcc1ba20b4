//! `conf/audit.schema.json` and the events are the same.

use std::collections::BTreeSet;

use linkgate::domain::event::{Actor, NAMES};
use linkgate::domain::limit::PersonKey;
use linkgate::domain::time::UnixMillis;
use serde_json::Value;

use super::samples;
use crate::openapi::schema::{faults, resolved};

const AT: UnixMillis = UnixMillis(1_800_000_000_000);

fn description() -> Value {
    serde_json::from_str(include_str!("../../../conf/audit.schema.json")).expect("a document")
}

/// What is wrong with a line. The branch of its kind is looked up: a schema says `oneOf`, and which
/// one that is the name says.
fn wrong(root: &Value, line: &Value) -> Vec<String> {
    let name = line["event"].as_str().expect("a name");
    let mut found = faults(root, &root["$defs"]["event"], line);
    let detail = &root["$defs"]["details"]["properties"][name];
    assert!(detail.is_object(), "{name} is not described");
    match resolved(root, detail).get("type") {
        Some(_) => found.extend(faults(root, detail, &line["detail"])),
        None if line.get("detail").is_some() => found.push(format!("{name} has no detail")),
        None => {}
    }
    found
}

#[test]
fn every_event_is_as_described_and_every_kind_is_described() {
    let root = description();
    let ann = Some((PersonKey([0xa1; 32]), "ann@example.com"));
    let mut seen = BTreeSet::new();
    for (number, what) in samples::all().into_iter().enumerate() {
        let mut event = samples::event(AT, u16::try_from(number).unwrap(), ann, what);
        for (times, client, by) in [
            (1, "203.0.113.7", Actor::Visitor),
            (2, "203.0.113.0/24", Actor::Operator),
            (3, "2001:db8:1::/48", Actor::AdminApi),
            (4, "hash:00112233445566778899aabbccddeeff", Actor::Configuration),
            (5, "2001:db8::1", Actor::System),
            (6, "2001:db8::1", Actor::Token("deploy".parse().unwrap())),
        ] {
            (event.times, event.client, event.by) = (times, Some(client.parse().unwrap()), by);
            for event in [event.clone(), event.erased()] {
                let line = serde_json::to_value(&event).unwrap();
                assert_eq!(wrong(&root, &line), Vec::<String>::new(), "{line}");
                let read: linkgate::domain::event::Event = serde_json::from_value(line).unwrap();
                assert_eq!(read, event);
                seen.insert(event.name().as_str());
            }
        }
    }
    assert_eq!(seen, NAMES.into_iter().collect(), "samples and names differ");
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let expected: BTreeSet<String> = NAMES.into_iter().map(str::to_owned).collect();
    assert_eq!(names(&root["$defs"]["event"]["properties"]["event"]["enum"]), expected);
    let details = root["$defs"]["details"]["properties"].as_object().unwrap();
    assert_eq!(details.keys().cloned().collect::<BTreeSet<_>>(), expected);
}

/// For validators: the whole is the event and the detail of its kind.
#[test]
fn the_schema_joins_each_kind_with_its_detail() {
    let root = description();
    assert_eq!(root["allOf"][0]["$ref"], "#/$defs/event");
    let kinds = root["allOf"].as_array().unwrap()[1..].iter();
    let joined: BTreeSet<&str> = kinds
        .map(|it| {
            let name = it["if"]["properties"]["event"]["const"].as_str().unwrap();
            let wanted = format!("#/$defs/details/properties/{name}");
            assert_eq!(it["then"]["properties"]["detail"]["$ref"], *wanted);
            name
        })
        .collect();
    let details = root["$defs"]["details"]["properties"].as_object().unwrap();
    let with_detail = details.iter().filter(|(_, it)| resolved(&root, it).get("type").is_some());
    assert_eq!(joined, with_detail.map(|(name, _)| name.as_str()).collect());
}
