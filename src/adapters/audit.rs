//! Where events of the audit record go besides the store: stdout, a file, syslog. One JSON document a
//! line, as `conf/audit.schema.json` describes it.

mod desk;
pub mod file;
pub mod stdout;
pub mod syslog;

use std::io::{self, Write};
use std::time::Duration;

use crate::domain::event::Event;
use crate::ports::Missed;

/// How long one batch may take. The end of a process waits a little longer for the record
/// (`LAST_WRITE`), so that one that hangs does not keep it from hearing that the others are done.
pub const PATIENCE: Duration = Duration::from_millis(1500);

/// Events as lines.
fn lines(events: &[Event]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for event in events {
        serde_json::to_writer(&mut bytes, event)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Writes lines, and says how many bytes went out before it failed.
fn put(out: &mut impl Write, lines: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while done < lines.len() {
        match out.write(&lines[done..]) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// What is missed of lines of which so many bytes were written.
fn missed(lines: &[u8], done: usize, error: io::Error) -> Missed {
    Missed { written: memchr::memchr_iter(b'\n', &lines[..done]).count(), error }
}
