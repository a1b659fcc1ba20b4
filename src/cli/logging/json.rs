//! Lines as JSON that show what they have.
//!
//! JSON asks to escape the controls of ASCII and nothing else. Whoever reads such a line in a terminal
//! or an editor would be shown another one by a sign that turns the direction of a text, or not see a
//! part of it. So what is hidden is written as `\uXXXX`: for a program the value is the same.

use std::fmt::{self, Write};

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::text::write_shown;
use crate::domain::letter::is_hidden;

/// Writes what another format writes as JSON, with everything hidden in it escaped.
pub(super) struct JsonLines<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for JsonLines<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        self.0.format_event(context, Writer::new(&mut Shown(&mut writer)), event)
    }
}

/// Outside of strings JSON has ASCII alone, so whatever is escaped stands in one.
struct Shown<'a, 'writer>(&'a mut Writer<'writer>);

impl Write for Shown<'_, '_> {
    fn write_str(&mut self, json: &str) -> fmt::Result {
        // The line end after the line, and the blank, are JSON's own; its writer escaped the others.
        if json.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
            return self.0.write_str(json);
        }
        let must_be_shown = |sign: char| sign >= '\u{7f}' && is_hidden(sign);
        write_shown(self.0, json, must_be_shown, |out, hidden| {
            let units = hidden.encode_utf16(&mut [0; 2]).to_vec();
            units.iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::samples::{HIDDEN, Written};
    use super::super::told;
    use super::*;
    use crate::config::{LogConfig, LogFormat, LogLevel};

    fn written(note: impl FnOnce()) -> String {
        let out = Written::default();
        let kept = out.clone();
        let log = LogConfig { level: LogLevel::Info, format: LogFormat::Json };
        let lines = told(log, move || kept.clone());
        tracing::dispatcher::with_default(&lines, note);
        out.text()
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_the_value_is_the_same() {
        for hidden in HIDDEN {
            let value = format!("a{hidden}b");
            let line = written(|| {
                tracing::info!(shown = %value, text = value, debug = ?value, "{value}");
            });
            let seen = line.strip_suffix('\n').unwrap();
            assert!(!seen.contains(is_hidden), "{seen:?}");
            let read: Value = serde_json::from_str(seen).unwrap();
            for name in ["message", "shown", "text"] {
                assert_eq!(read[name], value, "{name}");
            }
        }
    }

    #[test]
    fn what_is_seen_stays_as_it_is() {
        let line = written(|| tracing::info!(text = "日本 é\u{301} \"\\\n🏴", count = 3_u8, "ё"));
        assert!(line.contains("\"text\":\"日本 é\u{301} \\\"\\\\\\n🏴\",\"count\":3"), "{line}");
        assert!(line.contains("\"message\":\"ё\"") && line.ends_with("}\n"), "{line}");
        let beyond = written(|| tracing::info!("\u{e0041}\u{7f}"));
        assert!(beyond.contains(r#""\udb40\udc41\u007f""#), "{beyond}");
    }
}
