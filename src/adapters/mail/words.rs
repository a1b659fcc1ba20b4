//! What the other side says, so that it may be told on.

use crate::domain::letter;

/// The error and its causes on one line, cut: a relay may say much, and what it says is logged.
///
/// Relays repeat the recipient ("<ann@example.com>: no such user"), and content filters the link
/// that they do not like. Neither may stand in a log, so words that could be one are left out.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // lettre's text ends with its cause's already.
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    told(&text)
}

/// Longest word that is told: longer than any of a language, shorter than any token of ours.
const LONGEST_WORD: usize = 40;
/// Longest text that is told, in characters.
const LONGEST_TEXT: usize = 200;

pub(super) fn told(text: &str) -> String {
    let is_told = |word: &&str| !word.contains(['@', '/', '%', '=']) && word.len() <= LONGEST_WORD;
    let text: String = letter::on_one_line(text).collect();
    let words = text.split_whitespace().map(|word| if is_told(&word) { word } else { "[…]" });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_relay_repeats_is_not_told() {
        let token = "A".repeat(64);
        let said = [
            "550 5.1.1 <ann@example.com>: no such user".to_owned(),
            "550 no such user: ann=40example.com ann%example.com".to_owned(),
            format!("554 bad link https://a.example/.linkgate/link/{token} refused"),
            format!("554 bad link {token} refused"),
        ];
        for said in said {
            let told = told(&said);
            assert!(!told.contains("ann") && !told.contains("AAAA"), "{told}");
            assert!(told.starts_with("55") && told.contains("[…]"), "{told}");
        }
        assert_eq!(told("a\r\nb\x1b[31m  c"), "a b [31m c");
        assert_eq!(told("a\u{202e}b ann\u{200b}@example.com"), "ab […]");
        assert!(told(&"word ".repeat(100)).len() <= LONGEST_TEXT);
    }
}
