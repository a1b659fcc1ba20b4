//! Refuses to build when a language of the pages and mails is not complete: every message of the
//! English texts, with the same values, and no other.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

#[path = "src/portal/phrases/syntax.rs"]
mod syntax;

use syntax::{Message, messages};

const LANGUAGES: &str = "src/portal/languages";
const ENGLISH: &str = "en";
const FILES: [&str; 2] = ["pages.ftl", "mails.ftl"];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={LANGUAGES}");
    println!("cargo::rerun-if-changed=src/portal/phrases/syntax.rs");
    let mut problems = Vec::new();
    for file in FILES {
        let english = read(ENGLISH, file, &mut problems);
        for language in languages(&mut problems) {
            if language != ENGLISH {
                compare(&english, &language, file, &mut problems);
            }
        }
    }
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn languages(problems: &mut Vec<String>) -> Vec<String> {
    match fs::read_dir(LANGUAGES) {
        Ok(entries) => {
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
        }
        Err(error) => {
            problems.push(format!("{LANGUAGES}: cannot be read ({error})"));
            Vec::new()
        }
    }
}

fn read(language: &str, file: &str, problems: &mut Vec<String>) -> BTreeMap<String, Message> {
    let path = Path::new(LANGUAGES).join(language).join(file);
    let place = path.display();
    let found = fs::read_to_string(&path)
        .map_err(|error| format!("{place}: cannot be read ({error})"))
        .and_then(|text| {
            messages(&text).map_err(|fault| format!("{place}:{}: {}", fault.line, fault.what))
        });
    found.unwrap_or_else(|problem| {
        problems.push(problem);
        BTreeMap::new()
    })
}

fn compare(
    english: &BTreeMap<String, Message>,
    language: &str,
    file: &str,
    problems: &mut Vec<String>,
) {
    let place = format!("{LANGUAGES}/{language}/{file}");
    let found = read(language, file, problems);
    for (key, wanted) in english {
        match found.get(key) {
            None => problems.push(format!("{place}: the message `{key}` is missing")),
            Some(there) if there.variables != wanted.variables => problems.push(format!(
                "{place}:{}: the message `{key}` has the values {:?}, the English one {:?}",
                there.line, there.variables, wanted.variables
            )),
            Some(_) => {}
        }
    }
    for (key, there) in found.iter().filter(|(key, _)| !english.contains_key(*key)) {
        problems.push(format!("{place}:{}: the English texts have no `{key}`", there.line));
    }
}
