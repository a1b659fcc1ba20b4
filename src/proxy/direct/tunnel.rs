//! A WebSocket after its handshake: bytes in both directions, and nothing kept while nothing flows.
//!
//! On the long way an idle WebSocket holds three zeroed buffers of 64 KiB. Most of them are idle most
//! of the time, and there may be ten thousand.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One read.
const READ: usize = 16 * 1024;

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Nobody says anything.
    pub(super) silence: Duration,
    /// One side takes nothing of what is sent to it.
    pub(super) write: Duration,
}

/// How a tunnel ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TunnelEnd {
    /// One side has closed it.
    Closed,
    /// A connection has broken.
    Lost,
    /// Nobody has said anything for too long.
    Silent,
    /// One side has taken nothing for too long.
    Stuck,
}

/// Passes bytes between a client and an application until one of them closes. `early` is what the
/// application has sent right behind its head; what the client was sent is counted in `down_bytes`.
pub(super) async fn run<C, A>(
    client: &mut C,
    application: &mut A,
    early: BytesMut,
    patience: Patience,
    down_bytes: &mut u64,
) -> TunnelEnd
where
    C: AsyncRead + AsyncWrite + Unpin,
    A: AsyncRead + AsyncWrite + Unpin,
{
    let mut up = Flow::default();
    let mut down = Flow { waiting: early, is_dirty: true, ..Flow::default() };
    // Looked at now and then: a timer for each message would cost more than the message.
    let look = (patience.write / 2).min(patience.silence / 2).max(Duration::from_millis(1));
    let mut quiet = Duration::ZERO;
    loop {
        let before = (up.bytes, down.bytes);
        let flowing = poll_fn(|cx| {
            // Both, so that each is woken by its own news.
            let up = up.poll(cx, client, application)?;
            let down = down.poll(cx, application, client)?;
            if up.is_ready() || down.is_ready() {
                Poll::Ready(io::Result::Ok(()))
            } else {
                Poll::Pending
            }
        });
        let ended = tokio::time::timeout(look, flowing).await;
        *down_bytes = down.bytes;
        match ended {
            Ok(Ok(())) => return TunnelEnd::Closed,
            Ok(Err(_)) => return TunnelEnd::Lost,
            Err(_) if (up.bytes, down.bytes) != before => quiet = Duration::ZERO,
            Err(_) => quiet += look,
        }
        if quiet >= patience.write && (up.is_stuck() || down.is_stuck()) {
            return TunnelEnd::Stuck;
        }
        if quiet >= patience.silence {
            return TunnelEnd::Silent;
        }
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Flow {
    /// Read, and not taken by the other side yet.
    waiting: BytesMut,
    /// Something was written and not flushed.
    is_dirty: bool,
    /// Bytes that the other side has taken.
    bytes: u64,
}

impl Flow {
    fn is_stuck(&self) -> bool {
        !self.waiting.is_empty() || self.is_dirty
    }

    /// Ready at the end of `from`, when everything before it was sent.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            while !self.waiting.is_empty() {
                let taken = ready!(Pin::new(&mut *to).poll_write(cx, &self.waiting))?;
                self.count(taken)?;
                self.waiting.advance(taken);
                if self.waiting.is_empty() {
                    self.waiting = BytesMut::new();
                }
            }
            let mut bytes = [MaybeUninit::uninit(); READ];
            let mut read = ReadBuf::uninit(&mut bytes);
            let Poll::Ready(end) = Pin::new(&mut *from).poll_read(cx, &mut read) else {
                ready!(self.poll_flush(cx, to))?;
                return Poll::Pending;
            };
            end?;
            let mut filled = read.filled();
            if filled.is_empty() {
                return self.poll_flush(cx, to);
            }
            if let Poll::Ready(taken) = Pin::new(&mut *to).poll_write(cx, filled) {
                let taken = taken?;
                self.count(taken)?;
                filled.advance(taken);
            }
            self.waiting.extend_from_slice(filled);
        }
    }

    fn poll_flush<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut W,
    ) -> Poll<io::Result<()>> {
        if self.is_dirty {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.is_dirty = false;
        }
        Poll::Ready(Ok(()))
    }

    fn count(&mut self, taken: usize) -> io::Result<()> {
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.is_dirty = true;
        self.bytes += taken as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    const PATIENCE: Patience =
        Patience { silence: Duration::from_secs(3600), write: Duration::from_secs(60) };

    /// A client, an application, and the tunnel between them.
    fn tunnel(
        early: &str,
    ) -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<(TunnelEnd, u64)>) {
        let (client, mut near) = tokio::io::duplex(64);
        let (application, mut far) = tokio::io::duplex(64);
        let early = BytesMut::from(early);
        let running = tokio::spawn(async move {
            let mut down = 0;
            let end = run(&mut near, &mut far, early, PATIENCE, &mut down).await;
            (end, down)
        });
        (client, application, running)
    }

    #[tokio::test]
    async fn bytes_pass_both_ways_and_the_early_ones_first() {
        let (mut client, application, running) = tunnel("early");
        let mut read = [0; 5];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"early");
        let much = vec![b'x'; 100_000];
        let (mut up, mut down) = (vec![0; much.len()], vec![0; much.len()]);
        let (mut client_reads, mut client_writes) = tokio::io::split(client);
        let (mut application_reads, mut application_writes) = tokio::io::split(application);
        tokio::try_join!(
            client_writes.write_all(&much),
            application_reads.read_exact(&mut up),
            application_writes.write_all(&much),
            client_reads.read_exact(&mut down),
        )
        .unwrap();
        assert!(up == much && down == much);
        application_writes.shutdown().await.unwrap();
        assert_eq!(running.await.unwrap(), (TunnelEnd::Closed, 100_005));
    }

    #[tokio::test]
    async fn what_was_said_before_the_end_arrives() {
        let (mut client, mut application, running) = tunnel("");
        client.write_all(b"bye").await.unwrap();
        drop(client);
        let mut said = String::new();
        application.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "bye");
        assert_eq!(running.await.unwrap(), (TunnelEnd::Closed, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_borne_for_an_hour_and_a_stuck_side_for_a_minute() {
        let (_client, _application, running) = tunnel("");
        let begun = tokio::time::Instant::now();
        assert_eq!(running.await.unwrap().0, TunnelEnd::Silent);
        assert!(begun.elapsed() >= PATIENCE.silence);
        let (_client, mut application, running) = tunnel("");
        let begun = tokio::time::Instant::now();
        let writing = application.write_all(&[0; 1000]);
        let (end, _) = tokio::join!(running, async {
            tokio::select! { _ = writing => {}, () = tokio::time::sleep(PATIENCE.silence) => {} }
        });
        assert_eq!(end.unwrap().0, TunnelEnd::Stuck);
        assert!(begun.elapsed() <= PATIENCE.silence);
    }
}
