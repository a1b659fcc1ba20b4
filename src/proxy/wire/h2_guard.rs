//! Deadlines for what an HTTP/2 client has begun to send.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use pingora::protocols::{Peek, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::delegate::pass_on_stream;
use super::frames::{FrameTracker, Unfinished};

/// The first bytes of every HTTP/2 connection (RFC 9113 section 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long an HTTP/2 client may take over what it has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameDeadlines {
    /// For the preface, a frame other than DATA, a whole header block: in all.
    pub(super) control: Duration,
    /// For the rest of a DATA frame: without any byte. A stalled upload is no attack on the head,
    /// so it gets as long as a body on HTTP/1.
    pub(super) data: Duration,
    /// For taking anything of what is sent.
    pub(super) write: Duration,
}

/// A connection that speaks HTTP/2, before Pingora reads it.
///
/// The `h2` crate bounds the size of a header block and the count of its frames, and has no clock:
/// a client that sent one byte a minute held a connection for as long as it liked.
pub(super) struct H2Guard {
    inner: Stream,
    /// Bytes that were read to see that this is HTTP/2.
    prefix: Bytes,
    frames: FrameTracker,
    deadlines: FrameDeadlines,
    timer: Option<Timer>,
    stall: Stall,
}

/// The client takes nothing of what is sent.
///
/// Streams have clocks of their own, which stop when the last of an answer was handed to the `h2` crate:
/// there it lay for as long as one other stream was open.
#[derive(Default)]
struct Stall {
    since: Option<Instant>,
    /// Set once, and looked at again when it rings: a fast download stalls a thousand times a second.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    /// What came of sending, or an error when nothing has come of it for too long.
    fn judge<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: Duration,
        sent: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.since = None;
            return sent;
        }
        let end = *self.since.get_or_insert_with(Instant::now) + wait;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= end {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            sleep.as_mut().reset(end);
        }
    }
}

struct Timer {
    watches: Unfinished,
    sleep: Pin<Box<Sleep>>,
}

impl H2Guard {
    pub(super) fn new(inner: Stream, prefix: Bytes, deadlines: FrameDeadlines) -> Self {
        Self {
            inner,
            prefix,
            frames: FrameTracker::new(),
            deadlines,
            timer: None,
            stall: Stall::default(),
        }
    }

    fn judge<T>(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.stall.judge(cx, self.deadlines.write, sent)
    }

    /// Ready when what is unfinished has been so for too long. Called only when there is nothing
    /// to read, so a fast client never sets a timer.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let watches = self.frames.unfinished();
        let wait = match watches {
            Unfinished::Nothing => {
                self.timer = None;
                return Poll::Pending;
            }
            Unfinished::Control(_) => self.deadlines.control,
            Unfinished::Data(_) => self.deadlines.data,
        };
        let timer = match self.timer.take() {
            Some(timer) if timer.watches == watches => timer,
            _ => Timer { watches, sleep: Box::pin(tokio::time::sleep(wait)) },
        };
        self.timer.insert(timer).sleep.as_mut().poll(cx)
    }
}

impl AsyncRead for H2Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        if self.prefix.has_remaining() {
            let taken = self.prefix.len().min(out.remaining());
            out.put_slice(&self.prefix.split_to(taken));
        } else if Pin::new(&mut self.inner).poll_read(cx, out)?.is_pending() {
            ready!(self.poll_deadline(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.frames.observe(&out.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for H2Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.judge(cx, sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.inner).poll_flush(cx);
        self.judge(cx, sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS says farewell, and a client that takes nothing would be waited for.
        let sent = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.judge(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.judge(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[async_trait]
impl Peek for H2Guard {
    /// Pingora looks for the preface through this; the guard has it already.
    async fn try_peek(&mut self, look: &mut [u8]) -> io::Result<bool> {
        match self.prefix.get(..look.len()) {
            Some(start) => {
                look.copy_from_slice(start);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

pass_on_stream!(H2Guard);

impl std::fmt::Debug for H2Guard {
    /// Without the bytes: they may hold cookies.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H2Guard").field("frames", &self.frames).finish_non_exhaustive()
    }
}
