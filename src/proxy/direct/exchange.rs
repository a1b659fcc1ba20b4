//! One request and its answer over a connection to the application.

use std::future::Future;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::Method;
use pingora::ErrorType;
use pingora::time::timeout;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::coop::unconstrained;

use super::Direct;
use super::answer::{self, Answer, For, Read};
use super::client::{Client, Unsent};
use super::looks::Looks;
use super::relay::{Framing, Rest};
use super::request::Request;
use super::tunnel::{self, Patience, TunnelEnd};
use crate::domain::navigation::RequestKind;
use crate::proxy::context::Context;
use crate::proxy::leaving::Setback;
use crate::proxy::onward::Onward;
use crate::proxy::peers::{self, Line, Server, Upstream};
use crate::proxy::service::AuthProxy;

/// One read of a head, or of little content.
const READ: usize = 8 * 1024;
/// One read of much content.
const READ_MUCH: usize = 32 * 1024;

/// A request on its way to the application and back.
pub(super) struct Exchange<'a> {
    pub(super) direct: &'a Direct,
    pub(super) request: &'a Request<'a>,
    /// The client's connection ends with the answer.
    pub(super) last: bool,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The client has the whole answer; whether its connection stays.
    Answered { again: bool },
    /// The answer broke off, or nobody waits for it; why, in a word for the log.
    Broken(&'static str),
    /// Nothing of a final answer was sent.
    Before(Option<Setback>),
}

/// What the client was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) bytes: u64,
}

/// Why a connection to the application brought no answer.
enum Fault {
    /// It had ended before, or ended without a word: a connection that was used before may do so.
    Stale,
    /// Nothing is to be repeated.
    Ended(Ended),
}

/// What came of waiting for more from the application.
enum More {
    Some,
    /// The application has said all it had to say.
    Closed,
    /// The connection has broken.
    Lost,
    Silent,
    /// The client has gone.
    Unwanted,
}

impl Exchange<'_> {
    /// Runs it to its end.
    pub(super) async fn run(self, client: &mut Client<'_>, context: &mut Context) -> (Ended, Sent) {
        let mut sent = Sent::default();
        let ended = self.exchange(client, context, &mut sent).await.unwrap_or_else(|ended| ended);
        (ended, sent)
    }

    async fn exchange(
        &self,
        client: &mut Client<'_>,
        context: &mut Context,
        sent: &mut Sent,
    ) -> Result<Ended, Ended> {
        let front = std::sync::Arc::clone(&context.front);
        let upstream = context.permit.as_ref().and_then(|permit| front.upstream(permit));
        let errand = AuthProxy::errand(context, &self.request.headers);
        let (Some(upstream), Some(errand)) = (upstream, errand) else {
            return Err(Ended::Before(None));
        };
        let choosing = wanted(client, upstream.choose(errand)).await?;
        let server = choosing.map_err(|_| Ended::Before(None))?;
        context.server = Some(server.address);
        let silence = upstream.silence(errand.patience);
        // For a WebSocket neither one that was open before, nor one for whoever comes later.
        let is_socket = context.kind == RequestKind::WebSocket;
        let mut kept = if is_socket { None } else { upstream.line(server.address) };
        loop {
            context.upstream_reused = kept.is_some();
            let mut line = match kept.take() {
                Some(line) => line,
                None => wanted(client, self.connect(upstream, server.clone(), errand)).await??,
            };
            let asked = async {
                wanted(client, self.ask(&mut line, upstream, context)).await??;
                self.head(&mut line, client, context, silence).await
            };
            match asked.await {
                Ok(answer) => {
                    sent.status = answer.status;
                    let keeps = answer.keeps;
                    let ended =
                        self.answer(&mut line, client, context, answer, silence, sent).await;
                    let is_whole = matches!(ended, Ended::Answered { .. });
                    if keeps && is_whole && !is_socket && line.read.is_empty() {
                        upstream.keep(server.address, line);
                    }
                    return Ok(ended);
                }
                // It was closed as the request left. A GET may be sent again, once, on a new one.
                Err(Fault::Stale) if context.upstream_reused => {}
                Err(Fault::Stale) => return Err(Ended::Before(Some(Setback::Broken))),
                Err(Fault::Ended(ended)) => return Err(ended),
            }
        }
    }

    /// A new connection. Where there are several servers the long way tries another one.
    async fn connect(
        &self,
        upstream: &Upstream,
        server: Server,
        errand: peers::Errand,
    ) -> Result<Line, Ended> {
        let address = server.address;
        // What the long way does differently for a WebSocket is not needed here.
        let errand = peers::Errand { kind: RequestKind::Api, ..errand };
        let peer = upstream.peer_at(server, errand);
        // Boxed: a connection is made now and then, and every idle client would hold room for it.
        let connecting = Box::pin(self.direct.connector.new_stream(&peer));
        connecting.await.map(Line::new).map_err(|error| {
            upstream.refused(address, errand.now);
            let setback = match error.etype() {
                ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout => {
                    Setback::ConnectTimedOut
                }
                _ => Setback::NotConnected,
            };
            Ended::Before((upstream.servers() == 1).then_some(setback))
        })
    }

    /// Sends the request.
    async fn ask(
        &self,
        line: &mut Line,
        upstream: &Upstream,
        context: &Context,
    ) -> Result<(), Fault> {
        let (Some(located), Some(introduction), Some((peer, _))) =
            (&context.located, &context.introduction, context.client)
        else {
            return Err(Fault::Ended(Ended::Before(None)));
        };
        let onward = Onward {
            located,
            kind: context.kind,
            peer,
            is_trusted: context.front.portal.desk().trusted.contains(peer),
            reference: &context.reference,
            has_token: context.token.is_some(),
            introduction,
            trace: context.trace.as_ref(),
        };
        let Request { method, target, headers, .. } = self.request;
        line.out.clear();
        onward.write_plain(method, target, self.request.fields(), headers, &mut line.out);
        let sending = async {
            line.stream.write_all(&line.out).await?;
            line.stream.flush().await
        };
        match timeout(upstream.write_timeout, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Fault::Stale),
            Err(_) => Err(Fault::Ended(Ended::Before(Some(Setback::Silent)))),
        }
    }

    /// Waits for the head of the final answer, and passes interim ones on. What the client gets of the
    /// head is in `line.out` then.
    async fn head(
        &self,
        line: &mut Line,
        client: &mut Client<'_>,
        context: &Context,
        silence: Duration,
    ) -> Result<Answer, Fault> {
        let permit = context.permit.as_ref();
        let private = permit.is_some_and(|it| it.identity().is_some() || it.machine().is_some());
        let websocket = context.kind == RequestKind::WebSocket;
        let (head, chunks) = (self.request.is_head(), client.wants_chunks());
        let asked = For { head, last: self.last, websocket, chunks, private };
        let before = |setback| Fault::Ended(Ended::Before(Some(setback)));
        let (mut looks, mut is_silent) = (Looks::default(), true);
        loop {
            line.out.clear();
            if looks.are_worth_it(&line.read) {
                match answer::read(&line.read, asked, &mut client.heads(&mut line.out)) {
                    Read::Head(answer, used) => {
                        line.read.advance(used);
                        looks = Looks::default();
                        match answer.status {
                            // Nobody waits for it.
                            100 => {}
                            // Pingora's HTTP/2 has one head for each answer.
                            _ if answer.is_interim() && !asked.chunks => {}
                            _ if answer.is_interim() => {
                                self.send(client, &mut line.out, false).await?;
                            }
                            _ => return Ok(answer),
                        }
                        continue;
                    }
                    Read::Malformed => return Err(before(Setback::Broken)),
                    Read::Partial => {}
                }
            }
            match more(line, client, READ, silence).await {
                More::Some => is_silent = false,
                More::Closed | More::Lost if is_silent => return Err(Fault::Stale),
                More::Closed | More::Lost => return Err(before(Setback::Broken)),
                More::Silent => return Err(before(Setback::Silent)),
                More::Unwanted => return Err(Fault::Ended(Ended::Broken("ConnectionClosed"))),
            }
        }
    }

    /// Passes the answer on. A stream ends with the session behind it, too.
    async fn answer(
        &self,
        line: &mut Line,
        client: &mut Client<'_>,
        context: &Context,
        answer: Answer,
        silence: Duration,
        sent: &mut Sent,
    ) -> Ended {
        let is_stream = answer.is_stream() || answer.switches();
        let _counted = is_stream.then(|| context.front.meters.stream());
        let relayed = async {
            if answer.switches() {
                self.tunnel(line, client, silence, sent).await
            } else {
                self.relay(line, client, answer, silence, sent).await
            }
        };
        if !is_stream {
            return relayed.await.unwrap_or_else(|ended| ended);
        }
        let method = Method::from_bytes(self.request.method.as_bytes()).unwrap_or_default();
        let ending = async {
            match self.direct.proxy.ending(method, context) {
                Some(ending) => ending.await,
                None => std::future::pending().await,
            }
        };
        // Where both sides are fast, a stream uses up all that its task may do in one go, each time: the
        // others would be told that nothing has happened.
        tokio::select! {
            biased;
            ended = relayed => ended.unwrap_or_else(|ended| ended),
            () = unconstrained(ending) => {
                tracing::info!("a stream was closed: its session has ended");
                Ended::Broken("SessionEnded")
            }
            () = unconstrained(self.direct.leaving.streams_end()) => {
                tracing::info!("a stream was closed: linkgate stops or is upgraded");
                Ended::Broken("Leaving")
            }
        }
    }

    async fn relay(
        &self,
        line: &mut Line,
        client: &mut Client<'_>,
        answer: Answer,
        silence: Duration,
        sent: &mut Sent,
    ) -> Result<Ended, Ended> {
        let framing = if client.wants_chunks() { Framing::Chunks } else { Framing::Below };
        let mut rest = Rest::new(answer.content, framing);
        loop {
            sent.bytes += rest.pass(&mut line.read, &mut line.out);
            self.send(client, &mut line.out, rest.is_done()).await?;
            if rest.is_done() {
                return Ok(Ended::Answered { again: !self.last });
            }
            if rest.is_spoiled() {
                return Err(Ended::Broken("InvalidHTTPBody"));
            }
            let size = if rest.expected() > READ as u64 { READ_MUCH } else { READ };
            match more(line, client, size, silence).await {
                More::Some => {}
                More::Closed if rest.close(&mut line.out) => {}
                More::Closed | More::Lost => return Err(Ended::Broken("ConnectionClosed")),
                More::Silent => return Err(Ended::Broken("ReadTimedout")),
                More::Unwanted => return Err(Ended::Broken("ConnectionClosed")),
            }
        }
    }

    /// Passes on what a WebSocket says, until its end.
    async fn tunnel(
        &self,
        line: &mut Line,
        client: &mut Client<'_>,
        silence: Duration,
        sent: &mut Sent,
    ) -> Result<Ended, Ended> {
        self.send(client, &mut line.out, false).await?;
        let Client::Http1(client) = client else { return Err(Ended::Broken("InternalError")) };
        line.out = BytesMut::new();
        let early = std::mem::take(&mut line.read);
        let patience = Patience { silence, write: self.direct.patience };
        let passed = &mut sent.bytes;
        match tunnel::run(&mut **client, &mut line.stream, early, patience, passed).await {
            TunnelEnd::Closed => Ok(Ended::Answered { again: false }),
            TunnelEnd::Lost => Err(Ended::Broken("ConnectionClosed")),
            TunnelEnd::Silent => Err(Ended::Broken("ReadTimedout")),
            TunnelEnd::Stuck => Err(Ended::Broken("WriteTimedout")),
        }
    }

    async fn send(
        &self,
        client: &mut Client<'_>,
        out: &mut BytesMut,
        end: bool,
    ) -> Result<(), Ended> {
        match timeout(self.direct.patience, client.send(out, end)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Unsent)) => Err(Ended::Broken("WriteError")),
            Err(_) => Err(Ended::Broken("WriteTimedout")),
        }
    }
}

impl From<Ended> for Fault {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

/// Does something for a client, as long as it is there: one that opens streams and resets them would have
/// as many connections made as it likes, and none of them would count as its own.
async fn wanted<T>(client: &mut Client<'_>, work: impl Future<Output = T>) -> Result<T, Ended> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = client.gone() => Err(Ended::Broken("ConnectionClosed")),
    }
}

/// Reads more from the application, as long as the client is there.
async fn more(line: &mut Line, client: &mut Client<'_>, size: usize, silence: Duration) -> More {
    line.read.reserve(size);
    let read = timeout(silence, line.stream.read_buf(&mut line.read));
    match wanted(client, read).await {
        Ok(Ok(Ok(1..))) => More::Some,
        Ok(Ok(Ok(0))) => More::Closed,
        Ok(Ok(Err(_))) => More::Lost,
        Ok(Err(_)) => More::Silent,
        Err(_) => More::Unwanted,
    }
}
