//! The fields of a line as text: `message name=value name="text"`.
//!
//! Each request has a line, and the one formatter of the library was three tenths of the instructions that a
//! signed-in request costs outside the kernel: it goes through styles and nested arguments for each
//! field. This one writes the same, without styles, and keeps a line a line: what the library leaves to
//! the terminal (line breaks in a message, escape sequences in a value) is written out.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

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
        if name != "message" {
            self.writer.write_str(name.strip_prefix("r#").unwrap_or(name))?;
            self.writer.write_char('=')?;
        }
        Ok(())
    }
}

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_message = field.name() == "message";
        self.field(field, |writer| match (is_message, is_plain(value)) {
            (true, _) => OneLine(writer).write_str(value),
            (false, true) => {
                writer.write_char('"')?;
                writer.write_str(value)?;
                writer.write_char('"')
            }
            (false, false) => write!(writer, "{value:?}"),
        });
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |writer| write!(writer, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.field(field, |writer| write!(OneLine(writer), "{value:?}"));
    }
}

/// Whether a text is the same inside quotation marks.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// Writes control characters as Rust does: they would begin a line of their own, or steer the terminal.
struct OneLine<'a, 'writer>(&'a mut Writer<'writer>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let control = part.chars().next_back().filter(|character| character.is_control());
            let plain = control.map_or(part, |control| &part[..part.len() - control.len_utf8()]);
            self.0.write_str(plain)?;
            if let Some(control) = control {
                write!(self.0, "{}", control.escape_default())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

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
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
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
             is_new=true below=-3 share=0.5 error=no room kind=Some(\"x\") type=\"t\"\n"
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
        assert!(line.contains(r"shown=a\nINFO forged\r\u{1b}[31m\u{9b}2J"), "{line}");
    }
}
