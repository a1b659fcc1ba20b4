//! Words stand in the languages and nowhere else.

use super::*;
use crate::portal::pages::engine::PAGES;

const ENGLISH: &str = include_str!("../../languages/en/pages.ftl");
const LAST_RESORT: [(&str, &str); 2] = [
    ("store_down", include_str!("../../templates/last_resort_store_down.html")),
    ("internal", include_str!("../../templates/last_resort_internal.html")),
];

/// Families whose keys are put together: months by the clock, errors by their kind.
const FAMILIES: [&str; 2] = ["month-", "notice-"];
/// Said by filters, and in the subject of a mail that a page begins.
const BY_FILTERS: [&str; 3] = ["clock-zone", "moment", "forbidden-ask-subject"];

fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGES.iter().copied().chain(LAST_RESORT)
}

#[test]
fn no_template_has_words_of_its_own() {
    for (name, text) in templates() {
        let mut rest = text.replace(" class=\"wide\"{% endblock %}", "{% endblock %}");
        for (start, end) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("%T:", "%"), ("%", "%")] {
            rest = without(&rest, start, end);
        }
        for attribute in ["aria-label=\"", "title=\"", "alt=\"", "placeholder=\"", "data-own"] {
            for value in rest.split(attribute).skip(1) {
                assert!(!value.starts_with(char::is_alphabetic), "{name}: {attribute}{value}");
            }
        }
        let words: String = without(&rest, "<", ">").split_whitespace().collect();
        assert!(!words.contains(char::is_alphabetic), "{name}: {words}");
    }
}

#[test]
fn every_message_is_said_somewhere() {
    let all: String = templates().map(|(_, text)| text).collect();
    let mut seen = 0;
    for line in ENGLISH.lines() {
        let Some((key, _)) = line.split_once(" =") else { continue };
        if !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            continue;
        }
        let in_family = FAMILIES.iter().any(|family| key.starts_with(family));
        let said = all.contains(&format!("\"{key}\"")) || all.contains(&format!("%T:{key}%"));
        assert!(said || in_family || BY_FILTERS.contains(&key), "no page says `{key}`");
        seen += 1;
    }
    assert!(seen > 200, "{seen}");
}

/// A translation brings words, never elements: the pages of all languages are built alike.
#[test]
fn pages_are_the_same_but_for_their_words() {
    let pages = pages();
    let english = samples(&pages, Language::English);
    for language in Language::ALL {
        for ((name, html), (_, wanted)) in samples(&pages, language).iter().zip(&english) {
            assert_eq!(html.status, wanted.status, "{name} in {language}");
            assert_eq!(elements(&html.body), elements(&wanted.body), "{name} in {language}");
        }
    }
}

/// Where a mail holds the code alone, nobody looks for a link.
#[test]
fn no_link_is_spoken_of_where_there_is_none() {
    for (name, html) in samples(&pages(), Language::English) {
        if name == "sign_in_code" || name == "check_mail_code_alone" {
            let (_, main) = html.body.split_once("<main>").unwrap();
            let words = without(main, "<", ">");
            assert!(!words.contains("link"), "{name}: {words}");
        }
    }
}

/// Names of the elements, in no order: languages put values where their grammar wants them.
fn elements(html: &str) -> Vec<&str> {
    let mut names: Vec<&str> =
        html.split('<').skip(1).filter_map(|rest| rest.split([' ', '>']).next()).collect();
    names.sort_unstable();
    names
}

fn without(text: &str, start: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        kept.push_str(before);
        rest = after.split_once(end).map_or("", |(_, rest)| rest);
    }
    kept + rest
}
