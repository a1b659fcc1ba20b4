//! The fields of a line as text: `message name=value name="text"`.
//!
//! Each request has a line, and the one formatter of the library was three tenths of the instructions that a
//! signed-in request costs outside the kernel: it goes through styles and nested arguments for each
//! field. This one writes the same, without styles, and a line shows what it has: line breaks, escape
//! sequences, and what turns the direction of a text or cannot be seen is written out, and a value that
//! could be taken for more than one is in quotation marks.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

use crate::domain::letter::is_hidden;

/// The field that stands without its name.
const MESSAGE: &str = "message";

/// Bytes of a value that is short.
const SHORT: usize = 64;

/// Writes fields as text.
#[derive(Debug)]
pub(super) struct TextFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = Text { writer, is_begun: false, result: Ok(()) };
        fields.record(&mut text);
        text.result
    }
}

struct Text<'writer> {
    writer: Writer<'writer>,
    is_begun: bool,
    result: fmt::Result,
}

impl Text<'_> {
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let name = field.name();
        // What lines of the `log` crate say of themselves is in the line already.
        if self.result.is_err() || name.starts_with("log.") {
            return;
        }
        self.result = self.named(name).and_then(|()| value(&mut self.writer));
    }

    fn named(&mut self, name: &str) -> fmt::Result {
        if std::mem::replace(&mut self.is_begun, true) {
            self.writer.write_char(' ')?;
        }
        if name != MESSAGE {
            self.writer.write_str(name.strip_prefix("r#").unwrap_or(name))?;
            self.writer.write_char('=')?;
        }
        Ok(())
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_message = field.name() == MESSAGE;
        self.field(field, |writer| match (is_message, is_plain(value)) {
            (true, _) => OneLine(writer).write_str(value),
            (false, true) => {
                writer.write_char('"')?;
                writer.write_str(value)?;
                writer.write_char('"')
            }
            (false, false) => write!(OneLine(writer), "{value:?}"),
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            self.field(field, |writer| write!(OneLine(writer), "{value:?}"));
            return;
        }
        self.field(field, |writer| {
            // Looked at before it is written. A short one, as an address is, needs no memory.
            let mut short = Short { bytes: [0; SHORT], length: 0 };
            if write!(short, "{value:?}").is_ok() {
                return told(writer, short.text());
            }
            let mut long = String::new();
            write!(long, "{value:?}")?;
            told(writer, &long)
        });
    }
}

/// The text of a value, up to so many bytes.
struct Short {
    bytes: [u8; SHORT],
    length: usize,
}

impl Short {
    fn text(&self) -> &str {
        // Only whole texts were put there.
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// Writes a value that is one.
fn told(writer: &mut Writer<'_>, text: &str) -> fmt::Result {
    if is_bare(text) || is_quoted(text) {
        writer.write_str(text)
    } else {
        write!(OneLine(writer), "{text:?}")
    }
}

/// Whether a text is the same inside quotation marks.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// Whether a text is one value without quotation marks: it is seen whole, and nothing in it ends a value or
/// begins one.
fn is_bare(text: &str) -> bool {
    let is_mark = |sign: char| matches!(sign, ' ' | '"' | '=');
    !text.is_empty() && !text.chars().any(|sign| is_mark(sign) || is_hidden(sign))
}

/// Whether a text is in quotation marks already, as Rust writes one.
fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return false;
    };
    let mut is_escaped = false;
    for sign in inner.chars() {
        if is_hidden(sign) || (sign == '"' && !is_escaped) {
            return false;
        }
        is_escaped = sign == '\\' && !is_escaped;
    }
    !is_escaped
}

/// Writes what is hidden as Rust does, also what Rust itself leaves (fillers, selectors): it would begin a
/// line of its own, steer the terminal, or show another line than there is.
struct OneLine<'a, 'writer>(&'a mut Writer<'writer>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_str(text);
        }
        write_shown(self.0, text, is_hidden, |out, hidden| {
            write!(out, "{}", hidden.escape_default())
        })
    }
}

/// Writes a text with another spelling of each sign that is hidden in it.
pub(super) fn write_shown(
    out: &mut Writer<'_>,
    text: &str,
    is_hidden: impl Fn(char) -> bool,
    spell: impl Fn(&mut Writer<'_>, char) -> fmt::Result,
) -> fmt::Result {
    for part in text.split_inclusive(&is_hidden) {
        let hidden = part.chars().next_back().filter(|sign| is_hidden(*sign));
        let shown = hidden.map_or(part, |hidden| &part[..part.len() - hidden.len_utf8()]);
        out.write_str(shown)?;
        hidden.map_or(Ok(()), |hidden| spell(out, hidden))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::samples::{HIDDEN, Written};
    use super::*;

    fn written(note: impl FnOnce()) -> String {
        let out = Written::default();
        let kept = out.clone();
        let lines = tracing_subscriber::fmt()
            .fmt_fields(TextFields)
            .without_time()
            .with_target(false)
            .with_writer(move || kept.clone())
            .finish();
        tracing::subscriber::with_default(lines, note);
        out.text()
    }

    #[test]
    fn fields_are_told_as_they_are() {
        let line = written(|| {
            let (nothing, error) = (None::<&str>, io::Error::other("no room"));
            tracing::info!(
                site = "app", path = "/a b", quoted = "a\"b\\", text = "日本", ms = 12_u64, status = 200_u16,
                is_new = true, below = -3, share = 0.5, %error, kind = ?Some("x"), nothing, r#type = "t",
                "request"
            );
        });
        assert_eq!(
            line,
            " INFO request site=\"app\" path=\"/a b\" quoted=\"a\\\"b\\\\\" text=\"日本\" ms=12 status=200 \
             is_new=true below=-3 share=0.5 error=\"no room\" kind=\"Some(\\\"x\\\")\" type=\"t\"\n"
        );
    }

    #[test]
    fn a_line_stays_a_line_whatever_is_in_it() {
        let line = written(|| {
            let foreign = "a\nINFO forged\r\u{1b}[31m\u{9b}2J";
            tracing::info!(shown = %foreign, text = foreign, debug = ?foreign, "{foreign}");
        });
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.trim_end().contains(char::is_control), "{line:?}");
        assert!(line.contains(r#"shown="a\nINFO forged\r\u{1b}[31m\u{9b}2J""#), "{line}");
    }

    /// What a value that is shown (`%`) looks like.
    #[test]
    fn a_value_is_one_and_shows_what_it_has() {
        for (value, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            (r"C:\it's", r"C:\it's"),
            ("日本", "日本"),
            ("e\u{301}", "e\u{301}"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            ("a user=root", r#""a user=root""#),
            ("a=b", r#""a=b""#),
            ("say \"x\"", r#""say \"x\"""#),
            ("\"x\" user=\"root\"", r#""\"x\" user=\"root\"""#),
            ("\"in them already, \\\"\"", r#""in them already, \"""#),
            ("\"no end\\\"", r#""\"no end\\\"""#),
            (&"long".repeat(40), &"long".repeat(40)),
            (&"lo ng".repeat(40), &format!("\"{}\"", "lo ng".repeat(40))),
            ("\"", r#""\"""#),
            ("\"\u{202e}\"", r#""\"\u{202e}\"""#),
        ] {
            assert_eq!(written(|| tracing::info!(%value)), format!(" INFO value={shown}\n"));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for hidden in HIDDEN {
            let (value, code) = (format!("a{hidden}b"), u32::from(hidden));
            let escaped = format!("a\\u{{{code:x}}}b");
            let line =
                written(|| tracing::info!(shown = %value, text = value, debug = ?value, "{value}"));
            let quoted = format!("\"{escaped}\"");
            // What Rust leaves as it is makes its text one that is not in quotation marks yet.
            let is_left = format!("{value:?}").contains(hidden);
            let debug = if is_left { format!(r#""\"{escaped}\"""#) } else { quoted.clone() };
            assert_eq!(
                line,
                format!(" INFO {escaped} shown={quoted} text={quoted} debug={debug}\n")
            );
        }
    }
}
