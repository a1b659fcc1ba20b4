//! Where log lines go: standard error, as text or JSON.

mod queue;
mod text;

use tracing_subscriber::EnvFilter;

pub(super) use self::queue::LogEnd;
use self::text::TextFields;
use crate::config::{LogConfig, LogFormat};

/// Starts logging until the result is dropped. Libraries speak from warnings up; what Pingora says
/// of single requests repeats what clients sent, and our own line says it better.
///
/// # Errors
/// When the machine has no room for the thread that writes.
pub(super) fn start(log: LogConfig) -> std::io::Result<LogEnd> {
    let level = log.level.as_str();
    let filter = EnvFilter::new(format!(
        "warn,linkgate={level},pingora_proxy=off,pingora_load_balancing=off"
    ));
    let (lines, end) = queue::start(std::io::stderr())?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines);
    match log.format {
        LogFormat::Text => builder.fmt_fields(TextFields).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    // A panic ends one request, not the process; Pingora says nothing about it. The payload may
    // hold what a visitor sent, so only the place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic: one request was broken off");
    }));
    Ok(end)
}
