//! How a server leaves, without losing a request.
//!
//! Pingora knows one moment, its shutdown: after it everything is cut, or waited for in a sleep that
//! nothing shortens. Here leaving goes in steps, and ends as soon as nothing is open any more:
//!
//! 1. *closing*: each answer says that its connection ends with it, and a connection that waits for
//!    its next request is given a last call. New connections are still taken.
//! 2. *ending*: the listeners are let go of. What waits in their queues waits for who has them then.
//! 3. *parted*: the store belongs to another process. Only what was decided about before goes on.
//!
//! A request is *pending* from its first byte until it was decided about; so is a connection that may
//! still bring one, from the moment it is taken from its queue, and a listener that may still take one.
//! When nothing is pending, the store is needed by nobody.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pingora::server::ShutdownWatch;
use tokio::sync::watch;
use tokio::time::Instant;

use super::context::Context;

/// How long a connection may take from its queue to its task, on a machine with much to do.
const ARRIVAL: Duration = Duration::from_secs(5);

/// The steps of leaving, for whoever takes them and for whoever heeds them.
#[derive(Debug)]
pub struct Leaving {
    closing: watch::Sender<bool>,
    ending: watch::Sender<bool>,
    parted: watch::Sender<bool>,
    over: watch::Sender<Option<Over>>,
    pending: AtomicU32,
    /// From where each connection is that has not come to its task, and when it was taken from its queue,
    /// the oldest first.
    arriving: Mutex<VecDeque<(Peer, Instant)>>,
    open: AtomicU32,
    streams_last: Duration,
}

/// The other end of a connection, if it has an address.
type Peer = Option<SocketAddr>;

/// How the server ends at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Everything that was waited for has ended.
    Done,
    /// At once.
    Cut,
}

impl Leaving {
    /// Nobody leaves yet. Streams end `streams_last` after the first step.
    #[must_use]
    pub fn new(streams_last: Duration) -> Self {
        Self {
            closing: watch::Sender::new(false),
            ending: watch::Sender::new(false),
            parted: watch::Sender::new(false),
            over: watch::Sender::new(None),
            pending: AtomicU32::new(0),
            arriving: Mutex::default(),
            open: AtomicU32::new(0),
            streams_last,
        }
    }

    /// The first step: answers say that their connection ends.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// The second step: the listeners are let go of.
    pub fn end(&self) {
        self.close();
        self.ending.send_replace(true);
    }

    /// The third step: the store belongs to another process.
    pub fn part(&self) {
        self.parted.send_replace(true);
    }

    /// The last step: the server is over.
    pub fn finish(&self, over: Over) {
        self.end();
        self.over.send_replace(Some(over));
    }

    /// Turns true with the first step.
    #[must_use]
    pub fn closing(&self) -> ShutdownWatch {
        heeding(&self.closing)
    }

    /// Turns true with the second step.
    #[must_use]
    pub fn ending(&self) -> ShutdownWatch {
        heeding(&self.ending)
    }

    /// Whether the store belongs to another process.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        *self.parted.borrow()
    }

    /// Resolves when the store belongs to another process.
    pub async fn parted(&self) {
        reached(self.parted.subscribe()).await;
    }

    /// Resolves with the last step.
    pub async fn over(&self) -> Over {
        let mut watch = self.over.subscribe();
        // Nobody is left who could take that step: it is over.
        let over = watch.wait_for(Option::is_some).await.ok().and_then(|over| *over);
        over.unwrap_or(Over::Cut)
    }

    /// Resolves when streams have had their time.
    pub async fn streams_end(&self) {
        reached(self.closing()).await;
        tokio::time::sleep(self.streams_last).await;
    }

    /// Counts something that may still need the store.
    #[must_use]
    pub fn pending(self: &Arc<Self>) -> Pending {
        Pending(Count::of(self, |leaving| &leaving.pending))
    }

    /// Counts a connection that was taken from its queue. Pingora hands it to a task of its own, which
    /// may come to run when everything else is over: once a request was refused for that. It may also
    /// drop it in between, where the system takes a setting of the socket amiss, and tells nobody: so
    /// what does not arrive in time is counted no longer.
    pub fn arrives(&self, peer: Peer) {
        self.arriving().push_back((peer, Instant::now()));
    }

    /// The task of the connection from there runs, and has counted what it may still need.
    pub fn has_arrived(&self, peer: Peer) {
        let mut arriving = self.arriving();
        // Not simply the oldest: when this one is counted no longer, that is another one on its way. And
        // nothing is there to take away where connections come by no listener.
        let own = arriving.iter().position(|(of, _)| *of == peer);
        own.and_then(|own| arriving.remove(own));
    }

    /// Those that may still arrive.
    fn arriving(&self) -> MutexGuard<'_, VecDeque<(Peer, Instant)>> {
        let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
        while arriving.front().is_some_and(|(_, since)| since.elapsed() > ARRIVAL) {
            arriving.pop_front();
        }
        arriving
    }

    /// Counts something that is open and may end by itself.
    #[must_use]
    pub fn open(self: &Arc<Self>) -> Open {
        Open(Count::of(self, |leaving| &leaving.open))
    }

    /// Whether nothing needs the store any more.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        // In this order: what arrives is pending before it has arrived.
        self.arriving().is_empty() && self.pending.load(Ordering::Acquire) == 0
    }

    /// How many requests, streams and connections are open.
    #[must_use]
    pub fn how_many(&self) -> u32 {
        self.open.load(Ordering::Acquire)
    }

    /// Whether nothing is open any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_decided() && self.how_many() == 0
    }
}

/// A watch that also tells somebody who came late of a step that was taken: Pingora waits for a change.
fn heeding(step: &watch::Sender<bool>) -> ShutdownWatch {
    let mut watch = step.subscribe();
    if *watch.borrow() {
        watch.mark_changed();
    }
    watch
}

/// Resolves when a step was taken; never, when nobody is left who could take it.
pub async fn reached(mut step: ShutdownWatch) {
    if step.wait_for(|reached| *reached).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A connection that may bring a request, or a request that was not decided about.
#[derive(Debug)]
pub struct Pending(#[expect(dead_code, reason = "counts until it is dropped")] Count);

/// A connection, or an answer on a page of ours.
#[derive(Debug)]
pub struct Open(#[expect(dead_code, reason = "counts until it is dropped")] Count);

#[derive(Debug)]
struct Count {
    leaving: Arc<Leaving>,
    of: fn(&Leaving) -> &AtomicU32,
}

impl Count {
    fn of(leaving: &Arc<Leaving>, of: fn(&Leaving) -> &AtomicU32) -> Self {
        of(leaving).fetch_add(1, Ordering::AcqRel);
        Self { leaving: Arc::clone(leaving), of }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        (self.of)(&self.leaving).fetch_sub(1, Ordering::AcqRel);
    }
}

/// What stood in the way of a request on the shorter way, before anything of an answer was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// No connection to the application within its time.
    ConnectTimedOut,
    /// No connection to the application.
    NotConnected,
    /// The application was silent for too long.
    Silent,
    /// The application broke off, or answered what is no HTTP.
    Broken,
}

/// What an HTTP/1 connection hands to the request that is served now.
pub(super) struct Carried {
    pending: Cell<Option<Pending>>,
    decided: Cell<Option<Box<Context>>>,
}

impl Carried {
    pub(super) fn new(pending: Option<Pending>, decided: Option<Box<Context>>) -> Self {
        Self { pending: Cell::new(pending), decided: Cell::new(decided) }
    }
}

tokio::task_local! {
    pub(super) static CARRIED: Carried;
}

/// What the connection of this request has counted for it, if it did.
pub(super) fn carried() -> Option<Pending> {
    CARRIED.try_with(|carried| carried.pending.take()).ok().flatten()
}

/// What was found out about this request before: a permit, or what else is to become of it.
pub(super) fn decided() -> Option<Box<Context>> {
    CARRIED.try_with(|carried| carried.decided.take()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const ANN: Peer = Some(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50_001));
    const BOB: Peer = Some(SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 50_002));

    #[tokio::test]
    async fn the_steps_follow_each_other_and_what_is_counted_is_waited_for() {
        let leaving = Arc::new(Leaving::new(Duration::ZERO));
        let (pending, open) = (leaving.pending(), leaving.open());
        assert!(!leaving.is_decided() && !leaving.is_empty());
        drop(pending);
        assert!(leaving.is_decided() && !leaving.is_empty());
        leaving.arrives(ANN);
        assert!(!leaving.is_decided());
        leaving.has_arrived(ANN);
        leaving.has_arrived(ANN);
        assert!(leaving.is_decided());
        drop(open);
        assert!(leaving.is_empty());
        leaving.close();
        leaving.streams_end().await;
        assert!(*leaving.closing().borrow() && !*leaving.ending().borrow());
        leaving.finish(Over::Done);
        assert!(*leaving.ending().borrow() && !leaving.is_parted());
        assert_eq!(leaving.over().await, Over::Done);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_lost_on_its_way_is_not_waited_for() {
        let leaving = Arc::new(Leaving::new(Duration::ZERO));
        leaving.arrives(ANN);
        tokio::time::advance(ARRIVAL / 2).await;
        leaving.arrives(BOB);
        assert!(!leaving.is_decided());
        tokio::time::advance(ARRIVAL * 2 / 3).await;
        assert!(!leaving.is_decided(), "the second may still come");
        leaving.has_arrived(BOB);
        assert!(leaving.is_decided());
        leaving.arrives(None);
        tokio::time::advance(ARRIVAL * 2).await;
        assert!(leaving.is_decided());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_takes_nobody_elses_place() {
        let leaving = Arc::new(Leaving::new(Duration::ZERO));
        leaving.arrives(ANN);
        tokio::time::advance(ARRIVAL * 2).await;
        leaving.arrives(BOB);
        leaving.arrives(None);
        leaving.has_arrived(ANN);
        leaving.has_arrived(None);
        assert!(!leaving.is_decided(), "Bob is on his way; Ann comes when nobody waits for her");
        leaving.has_arrived(BOB);
        assert!(leaving.is_decided());
        // One that is lost is waited for as long as itself, not as long as who came after it.
        leaving.arrives(ANN);
        tokio::time::advance(ARRIVAL / 2).await;
        leaving.arrives(BOB);
        leaving.has_arrived(BOB);
        tokio::time::advance(ARRIVAL * 2 / 3).await;
        assert!(leaving.is_decided());
    }
}
