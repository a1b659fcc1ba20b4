//! Connections to applications for WebSockets.
//!
//! Pingora 0.9.1 ends a WebSocket when it has read the 101 of the application before the end of the
//! request that asked for it: that end, which waits beside the 101, counts as the end of the WebSocket
//! (cloudflare/pingora#946). The client sees a 101 and then nothing. Which of the two comes first is
//! left to chance where both are there, and with a quick application they often are: of a hundred
//! WebSockets one or two died at once.
//!
//! So here a read that follows a write finds nothing at first, and is asked to come again: meanwhile
//! Pingora takes what else is there. Remove this file when the cause is gone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::connectors::L4Connect;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::protocols::l4::stream::Stream;
use pingora::protocols::l4::virt::{VirtualSockOpt, VirtualSocket, VirtualSocketStream};
use pingora::{Error, ErrorType, OrErr, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Connects as Pingora does, with a stream that lets the request end first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sockets {
    /// How long connecting may take.
    pub(super) connect_timeout: Duration,
}

#[async_trait]
impl L4Connect for Sockets {
    async fn connect(&self, address: &SocketAddr) -> Result<Stream> {
        let Some(address) = address.as_inet() else {
            return Error::e_explain(ErrorType::InternalError, "an application has an IP address");
        };
        let connected = tokio::time::timeout(self.connect_timeout, TcpStream::connect(address));
        let connected = connected.await.or_err(ErrorType::ConnectTimedout, "for a WebSocket")?;
        let tcp = connected.or_err(ErrorType::ConnectError, "for a WebSocket")?;
        Ok(Stream::from(VirtualSocketStream::new(Box::new(Late::new(tcp)))))
    }
}

/// A stream whose first read after a write comes late.
#[derive(Debug)]
struct Late<S> {
    inner: S,
    has_written: bool,
}

impl<S> Late<S> {
    fn new(inner: S) -> Self {
        Self { inner, has_written: false }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Late<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.has_written) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(cx, out)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Late<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.has_written = true;
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl VirtualSocket for Late<TcpStream> {
    fn set_socket_option(&self, option: VirtualSockOpt) -> io::Result<()> {
        match option {
            VirtualSockOpt::NoDelay => self.inner.set_nodelay(true),
            // We ask for no other.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_first_read_after_a_write_comes_late_and_no_other() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut late = Late::new(near);
        far.write_all(b"12345678").await.unwrap();
        for at_once in [b"12", b"34"] {
            let mut read = [0; 2];
            let mut reading = std::pin::pin!(late.read_exact(&mut read));
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert!(reading.as_mut().poll(&mut cx).is_ready());
            assert_eq!(&read, at_once);
        }
        late.write_all(b"x").await.unwrap();
        let mut read = [0; 2];
        {
            let mut reading = std::pin::pin!(late.read_exact(&mut read));
            let mut cx = Context::from_waker(std::task::Waker::noop());
            assert!(reading.as_mut().poll(&mut cx).is_pending(), "though it is there");
            assert!(reading.as_mut().poll(&mut cx).is_ready());
        }
        assert_eq!(&read, b"56");
        // And whoever waits is asked to come again.
        late.write_all(b"x").await.unwrap();
        let read = tokio::time::timeout(Duration::from_secs(5), late.read_exact(&mut read));
        assert_eq!(read.await.unwrap().unwrap(), 2);
    }
}
