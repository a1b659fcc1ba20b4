//! The stream that stands between an HTTP/1 connection and Pingora's session.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use pingora::protocols::{Peek, Stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::WireLimits;
use super::body::BodyFlow;
use super::delegate::pass_on_stream;
use super::fault::HeadFault;
use super::h2_guard::PREFACE;
use super::head::{BodyLength, HeadFacts, HeadScan, check_head};

/// One read: most heads fit, and an idle connection holds no more than this.
const READ: usize = 4096;
/// Bytes of next requests that are kept while one is served.
const MOST_KEPT: usize = 4 * READ;

/// An HTTP/1 connection. Request heads are read and judged here; Pingora then reads exactly the
/// judged bytes, the body up to its end, and nothing of the next request.
///
/// Pingora drops a pipelined request and the connection with it. Here the bytes stay until the
/// stream comes back for the next request, so each head is judged, whoever read it first.
pub struct HeadGuard {
    inner: Stream,
    /// Bytes read from `inner` and not given out.
    buf: BytesMut,
    /// Bytes of the judged head at the start of `buf`.
    head_left: usize,
    body: BodyFlow,
    switch: Switch,
    /// The judged head asks for nothing but an answer, or for a WebSocket; whether the connection ends
    /// with that.
    plain: Option<bool>,
    /// Who waits in vain while the next request is held back.
    parked: Option<Waker>,
}

/// Whether the connection leaves HTTP for another protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    /// Not asked for, or refused.
    No,
    /// Asked for; no final answer yet.
    Asked,
    /// 101 has been sent: bytes pass in both directions.
    Done,
}

/// What came in answer to waiting for a request.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A valid head; the guard is ready to be read by a session.
    Head,
    /// The client speaks HTTP/2 with prior knowledge.
    Http2,
    /// The client left, stayed silent, or the server is shutting down: nothing to answer.
    Silence,
    /// A head that is refused.
    Fault(HeadFault),
}

impl HeadGuard {
    pub(super) fn new(inner: Stream) -> Self {
        Self {
            inner,
            buf: BytesMut::new(),
            head_left: 0,
            body: BodyFlow::new(BodyLength::Exact(0)),
            switch: Switch::No,
            plain: None,
            parked: None,
        }
    }

    /// Waits for the next head: at most `idle` for its first byte, and no longer than `ending`
    /// takes; then at most the head deadline for all of it.
    ///
    /// With `prior_knowledge` an HTTP/2 preface is looked for as well.
    pub(super) async fn next_head(
        &mut self,
        limits: &WireLimits,
        idle: Duration,
        ending: impl Future<Output = ()>,
        prior_knowledge: bool,
    ) -> Arrival {
        if self.buf.is_empty() {
            // Biased, so that a request that is already there is served in a shutdown too.
            let first = tokio::select! {
                biased;
                read = self.read_more() => read,
                () = tokio::time::sleep(idle) => None,
                () = ending => None,
            };
            if first.is_none() {
                return Arrival::Silence;
            }
        }
        let complete = self.complete_head(limits, prior_knowledge);
        match tokio::time::timeout(limits.head_deadline, complete).await {
            Ok(Ok(arrival)) => arrival,
            Ok(Err(fault)) => Arrival::Fault(fault),
            // A stray CRLF after a body is no request: old clients send one.
            Err(_) if b"\r\n".starts_with(&self.buf) => Arrival::Silence,
            Err(_) => Arrival::Fault(HeadFault::TooSlow),
        }
    }

    async fn complete_head(
        &mut self,
        limits: &WireLimits,
        prior_knowledge: bool,
    ) -> Result<Arrival, HeadFault> {
        let mut scan = HeadScan::default();
        loop {
            let compared = self.buf.len().min(PREFACE.len());
            if prior_knowledge && self.buf[..compared] == PREFACE[..compared] {
                if compared == PREFACE.len() {
                    return Ok(Arrival::Http2);
                }
            } else if let Some(end) = scan.find_end(&self.buf, limits)? {
                let facts = check_head(&self.buf[..end], limits)?;
                self.expect(facts);
                return Ok(Arrival::Head);
            }
            if self.read_more().await.is_none() {
                return Ok(Arrival::Silence);
            }
        }
    }

    fn expect(&mut self, facts: HeadFacts) {
        self.buf.advance(facts.lead);
        // Scheme and authority of an absolute-form target: the method moves over them.
        let cut = facts.absolute.len();
        self.buf.copy_within(..facts.absolute.start, cut);
        self.buf.advance(cut);
        self.head_left = facts.len - cut;
        self.body = BodyFlow::new(facts.body);
        self.switch = if facts.upgrade { Switch::Asked } else { Switch::No };
        self.plain = (facts.plain || facts.websocket).then_some(facts.close);
    }

    /// Reads what is there; `None` at the end of the stream or when it is broken.
    async fn read_more(&mut self) -> Option<usize> {
        self.buf.reserve(READ);
        self.inner.read_buf(&mut self.buf).await.ok().filter(|read| *read > 0)
    }

    /// Whether the judged head asks for nothing but an answer, or for a WebSocket, and if so, whether its connection ends
    /// with that.
    pub(in crate::proxy) fn plain(&self) -> Option<bool> {
        self.plain.filter(|_| self.head_left > 0)
    }

    /// The judged head, up to its empty line and with it.
    pub(in crate::proxy) fn take_head(&mut self) -> Bytes {
        self.buf.split_to(std::mem::take(&mut self.head_left)).freeze()
    }

    /// Puts back what [`take_head`](Self::take_head) gave, as if it had not been asked.
    pub(in crate::proxy) fn give_back(&mut self, head: &[u8]) {
        let rest = std::mem::replace(&mut self.buf, BytesMut::with_capacity(head.len() + READ));
        self.buf.extend_from_slice(head);
        self.buf.extend_from_slice(&rest);
        self.head_left = head.len();
    }

    /// Resolves when the client has gone. What it sends meanwhile is kept for the next request.
    pub(in crate::proxy) async fn gone(&mut self) {
        let _ = std::future::poll_fn(|cx| self.poll_gone(cx)).await;
    }

    /// Sends bytes of an answer to the client, all of them.
    pub(in crate::proxy) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.watch_answer(bytes);
        self.inner.write_all(bytes).await?;
        self.inner.flush().await
    }

    /// Tells the client that nothing more follows.
    pub(in crate::proxy) async fn end(&mut self) -> io::Result<()> {
        self.inner.shutdown().await
    }

    /// Whether the last request was read to its end, so that a next one may follow.
    pub(super) fn is_between_requests(&self) -> bool {
        self.head_left == 0 && self.body.is_done() && self.switch != Switch::Done
    }

    /// Whether the request being refused is a HEAD, whose answer has no content.
    pub(super) fn starts_with_head_method(&self) -> bool {
        self.buf.trim_ascii_start().starts_with(b"HEAD ")
    }

    pub(super) fn inner_mut(&mut self) -> &mut Stream {
        &mut self.inner
    }

    /// The stream, and the bytes that were read from it and not given out.
    pub(super) fn into_parts(self) -> (Stream, Bytes) {
        (self.inner, self.buf.freeze())
    }

    fn poll_head(&mut self, out: &mut ReadBuf<'_>) {
        let taken = self.head_left.min(out.remaining());
        out.put_slice(&self.buf[..taken]);
        self.buf.advance(taken);
        self.head_left -= taken;
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        if self.buf.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_read(cx, out))?;
            let arrived = &out.filled()[before..];
            let ours = self.body.claim(arrived).map_err(io::Error::other)?;
            self.buf.extend_from_slice(&arrived[ours..]);
            out.set_filled(before + ours);
        } else {
            let offered = &self.buf[..self.buf.len().min(out.remaining())];
            let ours = self.body.claim(offered).map_err(io::Error::other)?;
            out.put_slice(&self.buf[..ours]);
            self.buf.advance(ours);
        }
        Poll::Ready(Ok(()))
    }

    /// After the request: reads on only to learn that the client has gone. Bytes of the next request are
    /// kept and not shown, and no more of them than a little: more would wait here in memory.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.buf.len() < MOST_KEPT {
            let mut bytes = [MaybeUninit::uninit(); READ];
            let mut next = ReadBuf::uninit(&mut bytes);
            let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(cx, &mut next) else {
                break;
            };
            read?;
            if next.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.buf.extend_from_slice(next.filled());
        }
        if !self.buf.is_empty() {
            self.parked = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn poll_raw(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buf.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, out);
        }
        let taken = self.buf.len().min(out.remaining());
        out.put_slice(&self.buf.split_to(taken));
        Poll::Ready(Ok(()))
    }

    /// Reads the status of the answer to an upgrade from its first bytes; Pingora writes a head
    /// in one piece. Until 101 nothing after the request is passed on: a proxy that lets it
    /// through early is how WebSocket smuggling starts.
    fn watch_answer(&mut self, bytes: &[u8]) {
        if self.switch != Switch::Asked || bytes.is_empty() {
            return;
        }
        if bytes.starts_with(b"HTTP/1.1 101") {
            self.switch = Switch::Done;
            if let Some(parked) = self.parked.take() {
                parked.wake();
            }
        } else if !bytes.starts_with(b"HTTP/1.1 1") {
            self.switch = Switch::No;
        }
    }
}

impl AsyncRead for HeadGuard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        if out.remaining() == 0 {
            Poll::Ready(Ok(()))
        } else if guard.head_left > 0 {
            guard.poll_head(out);
            Poll::Ready(Ok(()))
        } else if !guard.body.is_done() {
            guard.poll_body(cx, out)
        } else if guard.switch == Switch::Done {
            guard.poll_raw(cx, out)
        } else {
            guard.poll_gone(cx)
        }
    }
}

impl AsyncWrite for HeadGuard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watch_answer(bytes);
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = parts.iter().find(|part| !part.is_empty()) {
            self.watch_answer(first);
        }
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

impl Peek for HeadGuard {}

pass_on_stream!(HeadGuard);

impl std::fmt::Debug for HeadGuard {
    /// Without the bytes: Pingora logs streams, and a head may hold cookies.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeadGuard")
            .field("buffered", &self.buf.len())
            .field("head_left", &self.head_left)
            .field("body", &self.body)
            .field("switch", &self.switch)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
