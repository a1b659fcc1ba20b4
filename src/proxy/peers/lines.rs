//! Connections to an application that wait for their next request on the shorter way.
//!
//! Pingora's own pool watches each idle connection with a task of its own, made anew after each
//! request. Here a connection is looked at when it is taken, and every few seconds: one that the
//! application has closed, or has sent something on that nobody asked for, is not used again.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use pingora::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use super::IDLE;

/// Idle connections to one application that are kept.
const MOST: usize = 1024;
/// How often those that ended meanwhile are let go of.
const SWEEP: Duration = Duration::from_secs(10);
/// A buffer that grew beyond this is not kept with its connection.
const KEPT_BUFFER: usize = 16 * 1024;

/// A connection to an application, and the buffers that go with it.
#[derive(Debug)]
pub struct Line {
    /// The connection.
    pub stream: Stream,
    /// What was read and not used yet.
    pub read: BytesMut,
    /// What is about to be sent, to either side.
    pub out: BytesMut,
}

impl Line {
    /// A connection that was just made.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self { stream, read: BytesMut::new(), out: BytesMut::new() }
    }

    /// Whether nothing has come and nothing has ended since the last answer.
    fn is_quiet(&mut self) -> bool {
        let mut byte = [0; 1];
        let mut byte = ReadBuf::new(&mut byte);
        let mut nobody = Context::from_waker(Waker::noop());
        self.read.is_empty()
            && Pin::new(&mut self.stream).poll_read(&mut nobody, &mut byte).is_pending()
    }
}

/// The idle connections to one application.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Who was used last stands last, and is used first: the others may end.
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    address: SocketAddr,
    line: Line,
    since: Instant,
}

impl Lines {
    /// A connection to the server at `address` that can be used again.
    pub(super) fn take(&self, address: SocketAddr) -> Option<Line> {
        loop {
            let mut all = self.all();
            let position = all.iter().rposition(|idle| idle.address == address)?;
            let mut idle = all.remove(position);
            drop(all);
            if idle.since.elapsed() < IDLE && idle.line.is_quiet() {
                return Some(idle.line);
            }
        }
    }

    /// Keeps a connection for a next request.
    pub(super) fn keep(&self, address: SocketAddr, mut line: Line) {
        for buffer in [&mut line.read, &mut line.out] {
            buffer.clear();
            if buffer.capacity() > KEPT_BUFFER {
                *buffer = BytesMut::new();
            }
        }
        let mut all = self.all();
        let gone = (all.len() >= MOST).then(|| all.remove(0));
        all.push(Idle { address, line, since: Instant::now() });
        drop(all);
        drop(gone);
    }

    /// Lets go of what has ended or waited for too long, for ever.
    pub(super) async fn care(&self) {
        let mut sweeps = tokio::time::interval(SWEEP);
        loop {
            sweeps.tick().await;
            let mut kept = std::mem::take(&mut *self.all());
            kept.retain_mut(|idle| idle.since.elapsed() < IDLE && idle.line.is_quiet());
            let mut all = self.all();
            // Those that came back meanwhile were used later.
            kept.append(&mut all);
            *all = kept;
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Taking and putting cannot leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn line() -> (tokio::io::DuplexStream, Line) {
        let (theirs, ours) = tokio::io::duplex(64);
        (theirs, Line::new(Box::new(ours)))
    }

    #[tokio::test]
    async fn a_connection_serves_its_own_server_only() {
        let lines = Lines::default();
        let (_theirs, one) = line();
        lines.keep(address(1), one);
        assert!(lines.take(address(2)).is_none());
        assert!(lines.take(address(1)).is_some());
        assert!(lines.take(address(1)).is_none());
    }

    #[tokio::test]
    async fn what_has_ended_or_speaks_unasked_is_not_used_again() {
        let lines = Lines::default();
        let (good, first) = line();
        let (closed, second) = line();
        let (mut eager, third) = line();
        for line in [first, second, third] {
            lines.keep(address(1), line);
        }
        drop(closed);
        eager.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
        assert!(lines.take(address(1)).is_some());
        assert!(lines.take(address(1)).is_none());
        drop(good);
    }

    #[tokio::test]
    async fn what_was_read_and_not_used_is_not_shown_to_the_next_request() {
        let lines = Lines::default();
        let (_theirs, mut rest) = line();
        rest.read.extend_from_slice(b"left over");
        assert!(!rest.is_quiet());
        lines.keep(address(1), rest);
        assert!(lines.take(address(1)).unwrap().read.is_empty());
    }
}
