//! Ways to write a path.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::plain;

/// How many are written by chance for each file.
const BY_CHANCE: usize = 12;

/// What may stand in place of a slash.
const SLASHES: [&str; 15] = [
    "//",
    "/./",
    "/z/../",
    "/;/",
    ";a=b/",
    "%2f",
    "%2F",
    "%5c",
    "%252f",
    "%255c",
    "\\",
    "/%2e/",
    "/z/%2e%2e/",
    "/%252e/",
    "/%3b/",
];

/// What may stand at the end.
const ENDS: [&str; 12] =
    ["?", "?a=/public/x", ";", ";a=b", "%3f", "%3Fa", "%23", "%253fa", "/", "%00", "#a", "%3bx"];

/// What may stand before everything.
const STARTS: [&str; 6] = ["/public/..", "/.", "/", "/;", "/x/%2e%2e", "/public/%252e%252e"];

/// Every trick alone at every place, and many of them at once.
pub fn all(files: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    let mut runner = TestRunner::deterministic();
    for file in files {
        let file = plain(file);
        all.extend(STARTS.iter().map(|start| format!("{start}{file}")));
        all.extend(ENDS.iter().map(|end| format!("{file}{end}")));
        let last = file.rfind('/').unwrap_or(0);
        all.extend(
            SLASHES.iter().map(|slash| format!("{}{slash}{}", &file[..last], &file[last + 1..])),
        );
        let letters = vec(prop_oneof![6 => Just(0_usize), 1 => 1..20_usize], 24);
        let ends = 0..ENDS.len() * 3;
        for _ in 0..BY_CHANCE {
            let tree = (letters.clone(), ends.clone()).new_tree(&mut runner).expect("a value");
            let (choices, end) = tree.current();
            let end = ENDS.get(end).copied().unwrap_or("");
            all.push(format!("{}{end}", respelled(&file, &choices)));
        }
    }
    // An empty line in front would be another request.
    all.retain(|spelling| spelling.starts_with('/'));
    all
}

fn respelled(path: &str, choices: &[usize]) -> String {
    let mut spelled = String::new();
    for (at, letter) in path.char_indices() {
        let choice = choices.get(at).copied().unwrap_or(0);
        match (letter, choice) {
            ('/', 1..) if at > 0 => {
                spelled.push_str(SLASHES.get(choice - 1).copied().unwrap_or("/"));
            }
            ('/' | '%', _) | (_, 0) => spelled.push(letter),
            // A digit of an encoded byte must stay one.
            _ if path[..at].ends_with('%') || path[..at].chars().rev().nth(1) == Some('%') => {
                spelled.push(letter);
            }
            (_, 1..8) => spelled.push_str(&format!("%{:02x}", u32::from(letter))),
            (_, 8..12) => spelled.push_str(&format!("%25{:02X}", u32::from(letter))),
            (_, 12..14) => spelled.push_str(&format!("%2525{:02x}", u32::from(letter))),
            _ => spelled.push(letter.to_ascii_uppercase()),
        }
    }
    spelled
}
