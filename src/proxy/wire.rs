//! The guard between the accept loop and Pingora's HTTP session.
//!
//! Pingora calls no hook before a request head is complete, and what it takes for a head is wide:
//! bare LF, a mebibyte, raw controls, repeated Content-Length, no Host, and as much time as the
//! client likes. [`GuardedApp`] reads HTTP/1 heads first, under limits and one strict grammar, and
//! passes on only what every server reads in one way. HTTP/2 is parsed strictly by the `h2` crate;
//! there the guard adds the clock that it lacks.
//!
//! One connection goes this way: a place under the caps (`connection`), then for HTTP/1 a loop of
//! waiting (`head_guard`), judging (`head`, `fields`, `authority`) and one Pingora session, whose
//! reads end where the request ends (`body`); for HTTP/2 the deadlines of `h2_guard` and `frames`.
//! A refusal is answered by `refusal`.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::apps::{HttpPersistentSettings, HttpServerApp, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::http::v2::server::{H2Options, default_h2_options};
use pingora::protocols::{ALPN, Stream};
use pingora::server::ShutdownWatch;

use super::leaving::{CARRIED, Carried, Leaving, Pending, reached};

pub use admission::Admission;
pub(super) use body::ChunkScan;
pub use connection::{CapFault, ConnectionCaps, ConnectionSlot};
pub use fault::{HeadFault, WireFault};
pub use head::{BodyLength, HeadFacts, check_head};
pub use head_guard::HeadGuard;
pub use shortcut::{Errand, LongWay, Shortcut, Way};

use admission::{Place, carried_by, peer_address, peer_ip, place_in};
use h2_guard::{FrameDeadlines, H2Guard};
use head_guard::Arrival;

mod admission;
mod authority;
mod body;
mod connection;
mod delegate;
mod fault;
mod fields;
mod frames;
mod h2_guard;
mod head;
mod head_guard;
mod refusal;
mod shortcut;

/// What one connection may cost before a request is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireLimits {
    /// Bytes of one request head with its empty line; more is 431. HTTP/2: of the decoded list.
    pub head_bytes: usize,
    /// Fields of one HTTP/1 head; more is 431.
    pub head_fields: usize,
    /// From the first byte of a head to its last; later is 408. HTTP/2: for the preface, a header
    /// block, or a frame other than DATA.
    pub head_deadline: Duration,
    /// From the connection (after TLS) to its first byte; later it is closed without a word.
    pub first_byte: Duration,
    /// Between two requests; also how long a DATA frame of HTTP/2 may stand still.
    pub keep_alive: Duration,
    /// How long a client may take nothing of an answer; later its connection (HTTP/2: the stream, and
    /// the connection when nothing of it is taken at all) is closed.
    pub write_patience: Duration,
    /// Connections from one peer, an IPv4 address or an IPv6 /64; more get 503.
    pub connections_per_peer: u32,
    /// Connections in all; more get 503.
    pub connections_total: u32,
}

impl Default for WireLimits {
    /// 32 KiB and 100 fields within 10 s, 10 s of silence at first and 60 s between requests, 512
    /// connections from one peer and 16,384 in all.
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            head_fields: 100,
            head_deadline: Duration::from_secs(10),
            first_byte: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            write_patience: Duration::from_secs(60),
            connections_per_peer: 512,
            connections_total: 16_384,
        }
    }
}

/// How long a connection may still begin a request when the server leaves. At once would meet those
/// that are on their way, and whose client was promised that the connection stays.
pub const LAST_CALL: Duration = Duration::from_millis(500);

/// What one stream of HTTP/2 may have waiting between its task and the connection, in bytes: two reads of
/// much content. The 400 KiB of the `h2` crate are 40 MB for one client that reads nothing, and what
/// waits there when the last stream has ended is lost with an idle connection.
const STREAM_BUFFER: usize = 64 * 1024;

/// HTTP/2 settings that belong to the limits: at most 100 streams, and header lists no larger
/// than an HTTP/1 head. Starts from Pingora's bounded defaults, for those of the `h2` crate alone
/// leave the header list open.
pub fn h2_options(limits: &WireLimits) -> H2Options {
    let mut options = default_h2_options();
    options.max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    options.max_concurrent_streams(100);
    options.max_send_buffer_size(STREAM_BUFFER);
    options
}

/// An HTTP application behind the wire guard.
///
/// It is a [`ServerApp`] of its own instead of an [`HttpServerApp`], because Pingora's blanket
/// implementation for the latter makes the session before anyone can look at the stream.
pub struct GuardedApp<A, S = LongWay> {
    inner: Arc<A>,
    shortcut: S,
    limits: WireLimits,
    admission: Arc<Admission>,
}

impl<A> GuardedApp<A>
where
    A: HttpServerApp + Send + Sync + 'static,
{
    /// Puts the guard before `inner`.
    ///
    /// `exempt` says which peers are trusted proxies: many clients stand behind one address, so
    /// they count in the total only. `reference` makes the identifier that a refused client is
    /// told and the log repeats; letters, digits, `-` and `_` of it are used. With `leaving` the steps
    /// in which a server leaves are heeded, in place of Pingora's one.
    pub fn new(
        inner: Arc<A>,
        limits: WireLimits,
        exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
        reference: impl Fn() -> String + Send + Sync + 'static,
        leaving: Option<Arc<Leaving>>,
    ) -> Self {
        let caps = ConnectionCaps::new(limits.connections_per_peer, limits.connections_total);
        let admission = Admission {
            caps: Arc::new(caps),
            exempt: Box::new(exempt),
            reference: Box::new(reference),
            leaving,
            metrics: OnceLock::new(),
        };
        Self { inner, shortcut: LongWay, limits, admission: Arc::new(admission) }
    }

    /// Lets plain requests go by `shortcut`, as far as it takes them.
    pub fn with_shortcut<S: Shortcut>(self, shortcut: S) -> GuardedApp<A, S> {
        let Self { inner, shortcut: LongWay, limits, admission } = self;
        GuardedApp { inner, shortcut, limits, admission }
    }
}

impl<A, S> GuardedApp<A, S>
where
    A: HttpServerApp + Send + Sync + 'static,
    S: Shortcut,
{
    /// What connections meet before TLS is agreed on.
    pub fn admission(&self) -> Arc<Admission> {
        Arc::clone(&self.admission)
    }

    fn leaving(&self) -> Option<&Arc<Leaving>> {
        self.admission.leaving.as_ref()
    }

    /// How many connections are open now, for metrics.
    pub fn open_connections(&self) -> u32 {
        self.admission.caps.open()
    }

    /// Serves HTTP/1 until the connection ends. Returns the stream only when the client turned
    /// out to speak HTTP/2, with the bytes already read.
    async fn serve_http1(
        &self,
        stream: Stream,
        peer: Option<IpAddr>,
        mut pending: Option<Pending>,
        shutdown: &ShutdownWatch,
    ) -> Option<(Stream, Bytes)> {
        let options = self.inner.server_options();
        let h2c = options.is_some_and(|o| o.h2c) && stream.get_ssl_digest().is_none();
        let mut requests = options.and_then(|o| o.keepalive_request_limit);
        let mut kept: Option<HttpPersistentSettings> = None;
        let mut fresh = true;
        let mut guard = Box::new(HeadGuard::new(stream));
        loop {
            if !fresh {
                // First counted, then looked: whoever gives up the store does it the other way round.
                pending = self.leaving().map(Leaving::pending);
                if self.leaving().is_some_and(|leaving| leaving.is_parted()) {
                    return None;
                }
            }
            let idle = if fresh { self.limits.first_byte } else { self.limits.keep_alive };
            let ending = last_call(shutdown);
            match guard.next_head(&self.limits, idle, ending, h2c && fresh).await {
                Arrival::Head => {}
                Arrival::Http2 => return Some(guard.into_parts()),
                Arrival::Silence => return None,
                Arrival::Fault(fault) => {
                    self.refuse(*guard, fault, peer).await;
                    return None;
                }
            }
            fresh = false;
            let decided = match self.shortcut(&mut guard, peer, &mut pending, shutdown).await {
                Way::Again if guard.is_between_requests() => continue,
                Way::Again | Way::Over => return None,
                Way::Around(decided) => decided,
            };
            let carried = Carried::new(pending.take(), decided);
            let mut session = ServerSession::new_http1(guard);
            match kept.take() {
                Some(kept) => kept.apply_to_session(&mut session),
                None => self.begin_keep_alive(&mut session, requests.take(), shutdown),
            }
            let request = self.inner.process_new_http(session, shutdown);
            let (stream, settings) = CARRIED.scope(carried, request).await?.consume();
            kept = settings;
            // Anything but our own stream at the end of a request is not fit for another one.
            guard = stream.into_any().downcast::<HeadGuard>().ok()?;
            if !guard.is_between_requests() {
                return None;
            }
        }
    }

    async fn shortcut(
        &self,
        guard: &mut HeadGuard,
        peer: Option<IpAddr>,
        pending: &mut Option<Pending>,
        shutdown: &ShutdownWatch,
    ) -> Way {
        let Some(closes) = guard.plain() else { return Way::Around(None) };
        let last = closes || *shutdown.borrow();
        self.shortcut.serve(guard, Errand { peer, last, pending }).await
    }

    /// What Pingora does with the first session of a connection.
    fn begin_keep_alive(
        &self,
        session: &mut ServerSession,
        requests: Option<u32>,
        shutdown: &ShutdownWatch,
    ) {
        let ending = *shutdown.borrow();
        session.set_keepalive((!ending).then_some(self.limits.keep_alive.as_secs()));
        session.set_keepalive_reuses_remaining(requests);
    }

    async fn serve_http2(
        &self,
        stream: Stream,
        prefix: Bytes,
        pending: Option<Pending>,
        shutdown: &ShutdownWatch,
    ) {
        let deadlines = FrameDeadlines {
            control: self.limits.head_deadline,
            data: self.limits.keep_alive,
            write: self.limits.write_patience,
        };
        let guard = Box::new(H2Guard::new(stream, prefix, deadlines));
        // From then on the client knows that no stream is taken any more.
        let told = async {
            last_call(shutdown).await;
            drop(pending);
            std::future::pending().await
        };
        tokio::select! {
            _ = ServerApp::process_new(&self.inner, guard, shutdown) => {}
            () = told => {}
        }
    }

    async fn refuse(&self, mut guard: HeadGuard, fault: HeadFault, peer: Option<IpAddr>) {
        let reference = self.admission.log(fault.into(), peer);
        let body = !guard.starts_with_head_method();
        refusal::refuse(guard.inner_mut(), fault.into(), &reference, body).await;
    }
}

#[async_trait]
impl<A, S> ServerApp for GuardedApp<A, S>
where
    A: HttpServerApp + Send + Sync + 'static,
    S: Shortcut,
{
    async fn process_new(
        self: &Arc<Self>,
        mut stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let peer = peer_ip(&*stream);
        let http2 = stream.selected_alpn_proto() == Some(ALPN::H2);
        // Held until this connection is over.
        let (before, taken);
        let place = if let Some(digest) = carried_by(&stream) {
            before = digest;
            place_in(&before)
        } else {
            let place = self.admission.admit(peer);
            self.admission.has_arrived(peer_address(&*stream));
            match place {
                Ok(place) => {
                    taken = place;
                    Some(&taken)
                }
                Err(full) => {
                    let reference = self.admission.log(full.into(), peer);
                    if !http2 {
                        refusal::turn_away(&mut stream, full.into(), &reference).await;
                    }
                    return None;
                }
            }
        };
        let pending = place.and_then(Place::served);
        let closing = self.leaving().map(|leaving| leaving.closing());
        let closing = closing.as_ref().unwrap_or(shutdown);
        // A client that comes when we are closing could send nothing if it were told so first.
        let is_late = *closing.borrow();
        let ending = self.leaving().filter(|_| is_late).map(|leaving| leaving.ending());
        let http2_ending = ending.as_ref().unwrap_or(closing);
        if http2 {
            self.serve_http2(stream, Bytes::new(), pending, http2_ending).await;
        } else if let Some((stream, prefix)) =
            self.serve_http1(stream, peer, pending, closing).await
        {
            let pending = self.leaving().map(Leaving::pending);
            self.serve_http2(stream, prefix, pending, http2_ending).await;
        }
        None
    }

    async fn cleanup(&self) {
        ServerApp::cleanup(&*self.inner).await;
    }
}

/// Ends when waiting for a request is pointless because the server is leaving.
async fn last_call(closing: &ShutdownWatch) {
    reached(closing.clone()).await;
    tokio::time::sleep(LAST_CALL).await;
}

#[cfg(test)]
mod tests;
