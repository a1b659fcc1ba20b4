//! Tells whether a text holds something that a mail app could take for a sign-in code.

/// Whether a word in `text` looks like a code: eight capital consonants (with or without a dash in
/// the middle), six to eight digits, or three or four digits twice, joined by a blank or a dash.
pub(super) fn has_code_shape(text: &str) -> bool {
    let runs: Vec<(usize, &str)> = runs(text);
    let alone = |run: &str| is_letters(run, 8) || is_digits(run, 6, 8);
    let joined = |pair: &[(usize, &str)]| {
        let [(start, first), (next, second)] = *pair else { return false };
        match text.get(start + first.len()..next) {
            Some("-") => {
                (is_letters(first, 4) && is_letters(second, 4)) || are_halves(first, second)
            }
            Some(" ") => are_halves(first, second),
            _ => false,
        }
    };
    runs.iter().any(|(_, run)| alone(run)) || runs.windows(2).any(joined)
}

/// The words of a text with their places; a word is letters, digits and `_`, as for `\b`.
fn runs(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for run in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        if !run.is_empty() {
            // `run` is a part of `text`, so the distance of their starts is its place.
            found.push((run.as_ptr() as usize - text.as_ptr() as usize, run));
        }
    }
    found
}

fn are_halves(first: &str, second: &str) -> bool {
    is_digits(first, 3, 4) && is_digits(second, 3, 4)
}

fn is_letters(run: &str, length: usize) -> bool {
    run.len() == length && run.bytes().all(|byte| b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte))
}

fn is_digits(run: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&run.len()) && run.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_codes_are_found() {
        for text in [
            "WDJB-MJHT",
            "(WDJBMJHT)",
            "/reports/20261122",
            "123456",
            "call 123 456",
            "1234-567",
            "ä 1234 5678 ö",
        ] {
            assert!(has_code_shape(text), "{text}");
        }
    }

    #[test]
    fn ordinary_facts_are_not() {
        for text in [
            "",
            "Firefox on Windows",
            "203.0.113.0/24",
            "2001:db8:1234:5678::/64",
            "wiki.example.com/reports/42?tab=x",
            "14:03 UTC",
            "WDJB MJHT",
            "WDJBMJHTX",
            "x20261122",
            "12-34",
            "123456789",
        ] {
            assert!(!has_code_shape(text), "{text}");
        }
    }
}
