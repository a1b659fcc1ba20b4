//! Characters that nobody sees, by the properties that Unicode gives them.
//!
//! They do something instead: they end a line, turn the direction of a text around so that it reads
//! as another one, or hide text in text. Whoever takes a text from a stranger, or shows one, asks
//! here which they are. Some places need another set; they say why, and build it from these parts.

use icu_properties::props::{
    BidiControl, DefaultIgnorableCodePoint, GeneralCategory, JoinControl,
    PrependedConcatenationMark, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether a text with it is no single line, or steers a terminal: controls, and the separators of
/// lines and paragraphs (Cc, Zl, Zp).
#[must_use]
pub fn breaks_line(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Whether it changes the direction of a text: marks, embeddings, overrides and isolates (UAX #9).
#[must_use]
pub fn turns(letter: char) -> bool {
    CodePointSetData::new::<BidiControl>().contains(letter)
}

/// Whether it is a mark of direction (UAX #9, 2.6): it stands for one letter that is not seen, so it
/// can move the punctuation next to it, and turns nothing else around. Who writes from right to left
/// may need it.
#[must_use]
pub fn marks_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Whether it is unseen and yet changes how its neighbours are written: the two joiners of Persian,
/// Hindi and emoji, selectors of variants of Han characters and emoji, and the joiner of graphemes.
#[must_use]
pub fn shapes(letter: char) -> bool {
    letter == '\u{34f}'
        || CodePointSetData::new::<JoinControl>().contains(letter)
        || CodePointSetData::new::<VariationSelector>().contains(letter)
}

/// Whether nobody sees it: what breaks a line, what is to be ignored where it is not supported
/// (characters without width, soft hyphens, fillers, tags), and signs of format (Cf) but for the few
/// that have a glyph. Blanks are seen.
#[must_use]
pub fn is_unseen(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    let is_format = || {
        CodePointMapData::<GeneralCategory>::new().get(letter) == GeneralCategory::Format
            && !CodePointSetData::new::<PrependedConcatenationMark>().contains(letter)
    };
    breaks_line(letter)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
        || is_format()
}

/// Whether nobody sees it and no word needs it: what [`is_unseen`], without what [`shapes`].
#[must_use]
pub fn is_stray(letter: char) -> bool {
    is_unseen(letter) && !shapes(letter)
}

/// Whether it is not seen as itself: what [`is_unseen`], spaces that are not the common one, and what
/// has no meaning that all share (private use, not assigned). For whoever shows what there is.
#[must_use]
pub fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_control();
    }
    // What Rust escapes in the midst of a text. At its beginning that would be accents, too.
    let mut text = [b'x', 0, 0, 0, 0];
    let length = letter.encode_utf8(&mut text[1..]).len();
    let text = std::str::from_utf8(&text[..=length]);
    text.is_ok_and(|text| text.escape_debug().nth(1) == Some('\\')) || is_unseen(letter)
}

/// A stranger's text on one line: what breaks it is a blank, and what [`is_stray`] is left out, so
/// that no word is other than it looks.
pub fn on_one_line(text: &str) -> impl Iterator<Item = char> + '_ {
    let plain = |letter| if breaks_line(letter) { ' ' } else { letter };
    text.chars().map(plain).filter(|letter| !is_stray(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rule = fn(char) -> bool;

    /// Where each rule begins and ends.
    const TABLE: &[(&str, Rule, &[char], &[char])] = &[
        (
            "breaks a line",
            breaks_line,
            &[
                '\0', '\t', '\n', '\u{b}', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}',
                '\u{2028}', '\u{2029}',
            ],
            &[' ', 'a', '\u{a0}', '\u{200b}', '\u{202a}', '\u{2027}'],
        ),
        (
            "turns",
            turns,
            &[
                '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
                '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
            ],
            &['\u{200d}', '\u{2010}', '\u{2029}', '\u{202f}', '\u{2065}', '\u{206a}', 'א', 'ع'],
        ),
        (
            "marks a direction",
            marks_direction,
            &['\u{61c}', '\u{200e}', '\u{200f}'],
            &['\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'],
        ),
        (
            "shapes",
            shapes,
            &[
                '\u{34f}',
                '\u{180b}',
                '\u{200c}',
                '\u{200d}',
                '\u{fe00}',
                '\u{fe0f}',
                '\u{e0100}',
                '\u{e01ef}',
            ],
            &['\u{301}', '\u{200b}', '\u{200e}', '\u{2060}', '\u{feff}', '\u{e0061}', '\u{e01f0}'],
        ),
        (
            "is unseen",
            is_unseen,
            &[
                '\0',
                '\u{7f}',
                '\u{9b}',
                '\u{ad}',
                '\u{34f}',
                '\u{61c}',
                '\u{115f}',
                '\u{180e}',
                '\u{200b}',
                '\u{200d}',
                '\u{200f}',
                '\u{2028}',
                '\u{2029}',
                '\u{202e}',
                '\u{2060}',
                '\u{2063}',
                '\u{2069}',
                '\u{206f}',
                '\u{3164}',
                '\u{fe0f}',
                '\u{feff}',
                '\u{ffa0}',
                '\u{fff9}',
                '\u{fffb}',
                '\u{1d173}',
                '\u{e0001}',
                '\u{e007f}',
                '\u{e0100}',
            ],
            &[
                ' ', 'a', '~', '\u{a0}', 'é', '\u{301}', '\u{600}', '\u{6dd}', '\u{2003}',
                '\u{2010}', '\u{202f}', '\u{3000}', '\u{fffc}', '\u{fffd}', '王', '🏴',
            ],
        ),
        (
            "is stray",
            is_stray,
            &[
                '\n',
                '\u{ad}',
                '\u{200b}',
                '\u{200e}',
                '\u{202e}',
                '\u{2060}',
                '\u{3164}',
                '\u{feff}',
                '\u{e0061}',
            ],
            &[' ', '\u{34f}', '\u{200c}', '\u{200d}', '\u{fe0f}', '\u{e0100}'],
        ),
        (
            "is hidden",
            is_hidden,
            &[
                '\n',
                '\u{a0}',
                '\u{2003}',
                '\u{200d}',
                '\u{202e}',
                '\u{3164}',
                '\u{e000}',
                '\u{e0041}',
                '\u{378}',
            ],
            &[' ', '"', '\\', 'é', '\u{301}', '日', '🏴'],
        ),
    ];

    #[test]
    fn each_rule_begins_and_ends_where_unicode_says() {
        for (rule, holds, those, others) in TABLE {
            for letter in *those {
                assert!(holds(*letter), "{rule}: {}", letter.escape_unicode());
            }
            for letter in *others {
                assert!(!holds(*letter), "not {rule}: {}", letter.escape_unicode());
            }
        }
    }

    #[test]
    fn the_rules_lie_in_each_other() {
        for letter in '\0'..=char::MAX {
            let of = letter.escape_unicode();
            assert!(!turns(letter) || is_stray(letter), "{of}");
            assert!(!marks_direction(letter) || turns(letter), "{of}");
            assert!(!breaks_line(letter) || is_stray(letter), "{of}");
            assert!(!shapes(letter) || is_unseen(letter), "{of}");
            assert!(!is_unseen(letter) || is_hidden(letter), "{of}");
        }
    }

    #[test]
    fn a_strangers_text_is_one_line_of_what_is_seen() {
        let line = |text| on_one_line(text).collect::<String>();
        assert_eq!(line("a\r\nb\u{2028}c\u{202e}d\u{200b}e\u{e0041}f"), "a  b cdef");
        assert_eq!(line("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }
}
