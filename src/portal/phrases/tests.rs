//! The languages, and the texts of operators.

use super::*;

fn overlay(language: Language, text: &str) -> Overlay {
    Overlay { language, place: Place::File("own/de.ftl".into()), text: text.into() }
}

fn fault(text: &str) -> String {
    Phrases::new(&[overlay(Language::German, text)]).unwrap_err().to_string()
}

/// `build.rs` sees to the names and values of messages; this, to their being translated.
#[test]
fn every_language_has_words_of_its_own() {
    let phrases = Phrases::new(&[]).unwrap();
    let values = |names: &std::collections::BTreeSet<String>| -> Vec<(String, String)> {
        names.iter().map(|name| (name.clone(), format!("<{name}>"))).collect()
    };
    for language in Language::ALL.into_iter().filter(|it| *it != Language::English) {
        let mut same = Vec::new();
        for (key, message) in known_messages() {
            let values = values(&message.variables);
            let said: Vec<(&str, Said<'_>)> =
                values.iter().map(|(name, text)| (name.as_str(), Said::Text(text))).collect();
            let own = phrases.say(language, &key, &said).unwrap();
            for (_, value) in &values {
                assert!(own.contains(value.as_str()) || own.contains(' '), "{language} {key}");
            }
            if own == phrases.say(Language::English, &key, &said).unwrap() {
                same.push(key);
            }
        }
        // Words that two languages share: names of months, "Code", "Site", "Page".
        assert!(same.len() <= 16, "{language}: {} are English: {same:?}", same.len());
    }
}

/// A message that no page or mail says is work for translators, for nothing.
#[test]
fn every_message_is_said_somewhere() {
    let mut sources = String::new();
    for folder in [
        "src/portal/templates",
        "src/portal/mail",
        "src/portal",
        "src/portal/pages",
        "src/portal/phrases",
    ] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if matches!(kind, "html" | "txt" | "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let is_said = |key: &str| {
        sources.contains(&format!("\"{key}\"")) || sources.contains(&format!("%T:{key}%"))
    };
    // Put together from a number or a kind: `month-1`, `notice-not-found-title`.
    let is_family = |key: &str| key.starts_with("month-") || key.starts_with("notice-");
    let unsaid: Vec<String> =
        keys().into_iter().filter(|key| !is_said(key) && !is_family(key)).collect();
    assert_eq!(unsaid, Vec::<String>::new());
}

#[test]
fn numbers_choose_the_plural() {
    let phrases = Phrases::with(
        "left = { $left ->\n    [one] { $left } try\n   *[other] { $left } tries\n }\n",
    );
    let say = |left| phrases.say(Language::English, "left", &[("left", Said::Number(left))]);
    assert_eq!((say(1).unwrap(), say(2).unwrap()), ("1 try".into(), "2 tries".into()));
}

#[test]
fn an_operator_replaces_single_messages_of_one_language() {
    let own = overlay(Language::German, "sign-in-title = Herein zu { $site }\n");
    let phrases = Phrases::new(&[own]).unwrap();
    let say =
        |language| phrases.say(language, "sign-in-title", &[("site", Said::Text("Wiki"))]).unwrap();
    assert_eq!(say(Language::German), "Herein zu Wiki");
    assert_eq!(say(Language::English), "Sign in to Wiki");
}

#[test]
fn a_text_that_cannot_be_used_is_refused_with_its_place() {
    let rows = [
        (
            "sign-in-titel = x\n",
            "own/de.ftl:1: there is no message `sign-in-titel`; did you mean `sign-in-title`?",
        ),
        (
            "\n\nsign-in-title = { $name }\n",
            "own/de.ftl:3: the message `sign-in-title` has no value `$name`; it has $site",
        ),
        (
            "page-why = { $x }\n",
            "own/de.ftl:1: the message `page-why` has no value `$x`; it has none",
        ),
        ("page-why = a\npage-why = b\n", "own/de.ftl:2: `page-why` is there twice"),
        ("quite-another-name = x\n", "own/de.ftl:1: there is no message `quite-another-name`"),
    ];
    for (text, expected) in rows {
        assert_eq!(fault(text), expected);
    }
    assert!(fault("page-why = { $\n").starts_with("own/de.ftl:1: is not Fluent: "));
    assert!(fault("page-why = a\n}{\n").starts_with("own/de.ftl:2: is not Fluent: "));
}

#[test]
fn what_is_missing_says_what() {
    let phrases = Phrases::new(&[]).unwrap();
    let error = phrases.say(Language::French, "no-such", &[]).unwrap_err();
    assert_eq!(error.to_string(), "message `no-such`: no such message");
    assert!(phrases.say(Language::French, "sign-in-title", &[]).is_err());
}
