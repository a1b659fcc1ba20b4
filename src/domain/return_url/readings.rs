//! What a path may mean to those who decode it once, twice or more.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How often a path is decoded; nobody is known to do it more often than three times.
const DECODINGS: usize = 4;

/// The path as it is and after each decoding that changes it, or nothing if it is malformed: a `%`
/// without two hexadecimal digits in the path itself (behind the first decoding it is an honest
/// per cent sign), or a decoding with control characters or broken UTF-8 (`%c0%ae`).
pub(super) fn of(path: &str) -> Option<Vec<String>> {
    if has_malformed_escape(path) {
        return None;
    }
    let mut readings = vec![path.to_owned()];
    let mut current = path.to_owned();
    for _ in 0..DECODINGS {
        let decoded: Cow<'_, str> = percent_decode_str(&current).decode_utf8().ok()?;
        if decoded.chars().any(char::is_control) {
            return None;
        }
        if *decoded == *current {
            break;
        }
        current = decoded.into_owned();
        readings.push(current.clone());
    }
    Some(readings)
}

fn has_malformed_escape(path: &str) -> bool {
    path.split('%').skip(1).any(|after| {
        let digits = after.as_bytes().get(..2).unwrap_or_default();
        digits.len() < 2 || !digits.iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decoding_is_a_reading() {
        assert_eq!(of("/a").unwrap(), ["/a"]);
        assert_eq!(of("/%2561").unwrap(), ["/%2561", "/%61", "/a"]);
        assert_eq!(of("/100%25").unwrap(), ["/100%25", "/100%"]);
        assert_eq!(of("/%E2%82%AC").unwrap(), ["/%E2%82%AC", "/\u{20ac}"]);
        assert_eq!(of("/%252525252561").unwrap().len(), 1 + DECODINGS);
    }

    #[test]
    fn malformed_escapes_controls_and_broken_utf8_have_no_reading() {
        for path in
            ["/%", "/%2", "/%zz", "/a%2/b", "/%\u{e9}", "/%00", "/%250a", "/%7f", "/%c2%85", "/%ff"]
        {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
