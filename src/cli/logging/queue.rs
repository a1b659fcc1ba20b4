//! Log lines on their way out, so that no request waits for whoever reads the log.
//!
//! Standard error may be a pipe whose reader is slow or stuck; written to directly, it holds up
//! every request of the process. So a line is put into memory, and a thread of its own writes what
//! has gathered, many lines at once. What does not fit is dropped and counted: the log is there for
//! the requests, not they for it. A kill loses the lines of the last moment.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Most bytes that wait; about a second of a machine's full load.
const MOST_WAITING: usize = 4 << 20;
/// How long lines gather before they are written together.
const GATHERING: Duration = Duration::from_millis(20);
/// How long the end of the process waits for the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    is_ending: bool,
    is_written: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic in between leaves bytes, at worst half a line.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where lines are put.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

/// Waits for the last lines when it is dropped, but not for ever.
#[must_use]
pub struct LogEnd(Arc<Shared>);

/// Starts the thread that writes to `out`.
///
/// # Errors
/// When the machine has no room for a thread.
pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Lines, LogEnd)> {
    let shared = Arc::new(Shared::default());
    let of_thread = Arc::clone(&shared);
    thread::Builder::new().name("log".into()).spawn(move || write_out(&of_thread, out))?;
    Ok((Lines(Arc::clone(&shared)), LogEnd(shared)))
}

fn write_out(shared: &Shared, mut out: impl Write) {
    let mut bytes = Vec::new();
    loop {
        let is_nothing = |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.is_ending;
        let waiting = shared.changed.wait_while(shared.lock(), is_nothing);
        // The first line wakes this thread; those after it come along without waking anybody.
        let is_open = |waiting: &mut Waiting| !waiting.is_ending;
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let gathered = shared.changed.wait_timeout_while(waiting, GATHERING, is_open);
        let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut bytes, &mut waiting.bytes);
        let (dropped, is_ending) = (std::mem::take(&mut waiting.dropped), waiting.is_ending);
        drop(waiting);
        // Nobody is left to hear that the log cannot be written.
        let _ = out.write_all(&bytes).and_then(|()| out.flush());
        bytes.clear();
        if dropped > 0 {
            // A line like others, which comes back here with the next ones.
            tracing::warn!(dropped, "the log was read too slowly; lines are missing");
        }
        if is_ending {
            shared.lock().is_written = true;
            shared.changed.notify_all();
            return;
        }
    }
}

impl Write for &Lines {
    /// Takes one whole line, or drops it.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + line.len() > MOST_WAITING {
            waiting.dropped += 1;
            return Ok(line.len());
        }
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.0.changed.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Drop for LogEnd {
    fn drop(&mut self) {
        self.0.lock().is_ending = true;
        self.0.changed.notify_all();
        let is_waiting = |waiting: &mut Waiting| !waiting.is_written;
        let _ = self.0.changed.wait_timeout_while(self.0.lock(), LAST_WORDS, is_waiting);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands over what is written, and is stuck until it may go on.
    struct Stuck {
        go_on: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.go_on.recv();
            let _ = self.written.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_stuck_holds_up_nobody_and_lines_stay_whole() {
        let ((may, go_on), (written, reads)) = (mpsc::channel(), mpsc::channel());
        let (lines, end) = start(Stuck { go_on, written }).unwrap();
        let line = [b'x'; 1023].iter().chain(b"\n").copied().collect::<Vec<_>>();
        // More than fits while a write is stuck, whatever part of it the thread has taken before.
        let sent = 3 * MOST_WAITING / line.len();
        for _ in 0..sent {
            (&lines).write_all(&line).unwrap();
        }
        drop(may);
        drop(end);
        let log = reads.iter().flatten().collect::<Vec<u8>>();
        let arrived = log.chunks(line.len()).inspect(|it| assert_eq!(*it, line)).count();
        assert!((MOST_WAITING / line.len()..sent).contains(&arrived), "{arrived} of {sent}");
    }

    #[test]
    fn the_last_lines_are_written_in_their_order() {
        let (written, reads) = mpsc::channel();
        let (may, go_on) = mpsc::channel();
        drop(may);
        let (lines, end) = start(Stuck { go_on, written }).unwrap();
        for line in ["one\n", "two\n", "three\n"] {
            (&lines).write_all(line.as_bytes()).unwrap();
        }
        drop(end);
        assert_eq!(reads.iter().flatten().collect::<Vec<u8>>(), b"one\ntwo\nthree\n");
    }
}
