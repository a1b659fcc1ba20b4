//! The connection on which `STARTTLS` is said.
//!
//! Whoever is between us and the relay can put lines after the `220` that answers `STARTTLS`. They are
//! said in clear, and a client that has read them ahead takes them for what the relay says inside TLS
//! (CVE-2011-0411; RFC 3207, 4.2: what was said before is forgotten). lettre reads ahead. So until TLS
//! begins it gets one byte at a time: it has read no more than the line that it asked for, and what
//! comes after that line is in the way of the handshake, which then fails.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What lettre writes to begin TLS, in one piece.
const STARTTLS: &[u8] = b"STARTTLS\r\n";

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In clear.
    Plain,
    /// `STARTTLS` is being said, in clear; so much of it is still to be written.
    Asked(usize),
    /// What was written after that began TLS. All passes.
    Secured,
}

impl Phase {
    /// After `count` bytes of `bytes` were written.
    fn after(self, bytes: &[u8], count: usize) -> Self {
        match self {
            Self::Plain if bytes == STARTTLS => Self::Asked(STARTTLS.len().saturating_sub(count)),
            Self::Plain => Self::Plain,
            Self::Asked(0) | Self::Secured => Self::Secured,
            Self::Asked(left) => Self::Asked(left.saturating_sub(count)),
        }
    }
}

/// A connection that is read one byte at a time until TLS begins on it.
pub(super) struct Measured<S> {
    stream: S,
    phase: Phase,
}

impl<S> Measured<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, phase: Phase::Plain }
    }
}

impl<S> fmt::Debug for Measured<S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Measured({:?})", self.phase)
    }
}

impl AsyncTokioStream for Measured<TcpStream> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Measured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.phase == Phase::Secured {
            return Pin::new(&mut self.stream).poll_read(context, out);
        }
        if out.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut one))?;
        out.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

/// Without writes of several pieces: each is looked at.
impl<S: AsyncWrite + Unpin> AsyncWrite for Measured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.phase = self.phase.after(bytes, count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What one read takes, however much is there.
    async fn read<S: AsyncRead + Unpin>(stream: &mut Measured<S>) -> Vec<u8> {
        let mut bytes = [0; 64];
        let count = stream.read(&mut bytes).await.unwrap();
        bytes[..count].to_vec()
    }

    #[tokio::test]
    async fn a_byte_at_a_time_until_something_is_written_after_starttls() {
        let (ours, mut theirs) = duplex(64);
        let mut stream = Measured::new(ours);
        theirs.write_all(b"220 go\r\n250 injected\r\n").await.unwrap();
        assert_eq!(read(&mut stream).await, b"2");
        stream.write_all(b"EHLO a\r\n").await.unwrap();
        assert_eq!(read(&mut stream).await, b"2");
        stream.write_all(STARTTLS).await.unwrap();
        assert_eq!(read(&mut stream).await, b"0", "the answer is in clear, too");
        stream.write_all(b"\x16\x03\x01").await.unwrap();
        assert_eq!(read(&mut stream).await, b" go\r\n250 injected\r\n");
    }

    #[test]
    fn a_word_that_goes_out_in_parts() {
        let phase = Phase::Plain.after(STARTTLS, 4);
        assert_eq!(phase, Phase::Asked(6));
        let phase = phase.after(&STARTTLS[4..], 6);
        assert_eq!(phase, Phase::Asked(0));
        assert_eq!(phase.after(b"\x16", 1), Phase::Secured);
        assert_eq!(Phase::Plain.after(b"NOOP\r\n", 6), Phase::Plain);
        assert_eq!(Phase::Secured.after(STARTTLS, 10), Phase::Secured);
    }
}
