//! Where log lines go: standard error, as text or JSON.

mod json;
mod queue;
mod text;

use tracing::Dispatch;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use self::json::JsonLines;
pub(super) use self::queue::LogEnd;
use self::text::TextFields;
use crate::config::{LogConfig, LogFormat};

/// Starts logging until the result is dropped. Libraries speak from warnings up; what Pingora says
/// of single requests repeats what clients sent, and our own line says it better.
///
/// # Errors
/// When the machine has no room for the thread that writes.
pub(super) fn start(log: LogConfig) -> std::io::Result<LogEnd> {
    let (lines, end) = queue::start(std::io::stderr())?;
    told(log, lines).init();
    // A panic ends a request, or some work beside them, not the process; Pingora says nothing about it. The payload may
    // hold what a visitor sent, so only the place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic: what was being done there was broken off; this is a bug");
    }));
    Ok(end)
}

/// Tells lines in the form that is wanted.
fn told<W>(log: LogConfig, lines: W) -> Dispatch
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = log.level.as_str();
    let filter = EnvFilter::new(format!(
        "warn,linkgate={level},pingora_proxy=off,pingora_load_balancing=off"
    ));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    match log.format {
        LogFormat::Text => builder.fmt_fields(TextFields).finish().into(),
        LogFormat::Json => {
            builder.json().flatten_event(true).map_event_format(JsonLines).finish().into()
        }
    }
}

#[cfg(test)]
mod samples {
    use std::io;
    use std::sync::{Arc, Mutex};

    /// Signs that a line may not have as they are.
    pub(super) const HIDDEN: [char; 21] = [
        '\u{7f}',
        '\u{85}',
        '\u{a0}',
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{feff}',
        '\u{e0041}',
        '\u{e000}',
        '\u{3164}',
        '\u{fe0f}',
    ];

    /// What was written, for whoever asks later.
    #[derive(Clone, Default)]
    pub(super) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        pub(super) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
