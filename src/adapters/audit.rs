//! Where events of the audit record go besides the store: stdout, a file, syslog. One JSON document a
//! line, as `conf/audit.schema.json` describes it.

mod desk;
pub mod file;
pub mod stdout;
pub mod syslog;

use std::io;

use crate::domain::event::Event;

/// Events as lines.
fn lines(events: &[Event]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for event in events {
        serde_json::to_writer(&mut bytes, event)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
