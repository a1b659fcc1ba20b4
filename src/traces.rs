//! Traces of requests, for OpenTelemetry: what is noted while a request is served.
//!
//! Only a request that is sampled notes anything. The others get a context that says so, and with
//! `traces` left out of the configuration there is no [`Tracer`], and nothing of this happens at all.
//!
//! A context that comes with a request is continued if a trusted proxy sent it. Anybody else could fill
//! the collector, or mix their requests into other people's traces: theirs begin anew. A trusted proxy may
//! hand on what a client says, so no more of those are recorded than the own part, unless the operator
//! knows better.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::domain::outcome::Outcome;
use crate::domain::time::UnixMillis;
use crate::domain::trace::{Sample, SampledBefore, SpanId, TraceId, TraceParent};
use crate::metrics::Metrics;

/// Requests that wait for the collector. More are dropped, and counted.
const WAITING: usize = 2048;
/// Calls of the store that are noted of one request.
const MOST_CALLS: usize = 64;
/// Random bytes of a request.
pub const RANDOM: usize = 24;

/// What is taken of the traces of others at once, where few came before.
const AT_ONCE: u32 = 8;
/// What one trace of others costs: of each that comes, the own part of this is gained.
const ONE: u32 = 1_000_000;

/// Begins traces, and hands on those that are over.
pub struct Tracer {
    sample: Sample,
    before: SampledBefore,
    /// What may be recorded of traces that others say are, in millionths.
    allowance: AtomicU32,
    over: mpsc::Sender<Box<Finished>>,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tracer(..)")
    }
}

/// What a request belongs to.
#[derive(Clone, Debug)]
pub struct Trace {
    id: TraceId,
    /// Who sent it, if they said so and are trusted.
    parent: Option<SpanId>,
    span: SpanId,
    /// What is noted, if it is sampled.
    calls: Option<Calls>,
}

/// A call of the store.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// What was asked.
    pub name: &'static str,
    /// When.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
    /// Whether it was answered.
    pub is_answered: bool,
}

/// The calls of one request.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Vec<Call>>>);

tokio::task_local! {
    static CALLS: Calls;
}

/// A request that is over and was sampled.
#[derive(Debug)]
pub struct Finished {
    /// What it belongs to.
    pub trace: Trace,
    /// When its head was complete: in the store's time, and by the clock that measures.
    pub began: (UnixMillis, Instant),
    /// How long it took in all.
    pub took: Duration,
    /// When it was decided about, since it began.
    pub decided: Option<Duration>,
    /// The site, if it named one.
    pub site: Option<String>,
    /// The rule that decided, if one did.
    pub rule: Option<Arc<str>>,
    /// What was decided.
    pub outcome: Outcome,
    /// The method, if it is one that everybody knows.
    pub method: &'static str,
    /// The status that the client was sent; 0 for none.
    pub status: u16,
    /// The request's id in the log.
    pub reference: Arc<str>,
}

impl Tracer {
    /// Records a part of the requests. What is over comes out of the other end.
    #[must_use]
    pub fn new(
        sample: Sample,
        before: SampledBefore,
        metrics: Arc<Metrics>,
    ) -> (Self, mpsc::Receiver<Box<Finished>>) {
        let (over, waiting) = mpsc::channel(WAITING);
        (Self { sample, before, allowance: AtomicU32::new(0), over, metrics }, waiting)
    }

    /// A request begins. `parent` is what a trusted proxy says.
    #[must_use]
    pub fn begin(&self, parent: Option<TraceParent>, random: [u8; RANDOM]) -> Trace {
        let [a, b, c, d, e, f, g, h, rest @ ..] = random;
        let span = SpanId::from_random([a, b, c, d, e, f, g, h]);
        let id = parent.map_or_else(|| TraceId::from_random(rest), |parent| parent.trace);
        let is_sampled =
            parent.map_or_else(|| self.sample.takes(id), |parent| self.continues(parent));
        let calls = is_sampled.then(Calls::default);
        Trace { id, parent: parent.map(|parent| parent.span), span, calls }
    }

    /// Whether a trace of others is recorded here. Not decided by its name, which they choose.
    fn continues(&self, parent: TraceParent) -> bool {
        if self.before == SampledBefore::Always {
            return parent.sampled;
        }
        let gained = self.sample.per_million();
        let cost = if parent.sampled { ONE } else { 0 };
        let step = |had: u32| {
            let has = had.saturating_add(gained).min(AT_ONCE * ONE);
            Some(has.checked_sub(cost).unwrap_or(has))
        };
        let had = self.allowance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        let had = had.unwrap_or_else(|had| had);
        parent.sampled && had.saturating_add(gained).min(AT_ONCE * ONE) >= ONE
    }

    /// Hands on what is over. Never waits.
    pub fn finish(&self, finished: Finished) {
        if self.over.try_send(Box::new(finished)).is_err() {
            self.metrics.traces("dropped", 1);
        }
    }
}

impl Trace {
    /// The trace.
    #[must_use]
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// Who sent it, if they are trusted and said so.
    #[must_use]
    pub fn parent(&self) -> Option<SpanId> {
        self.parent
    }

    /// The request.
    #[must_use]
    pub fn span(&self) -> SpanId {
        self.span
    }

    /// What the application does for it.
    #[must_use]
    pub fn upstream(&self) -> SpanId {
        self.span.next(1)
    }

    /// Whether it is recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.calls.is_some()
    }

    /// What the application is told, as `traceparent`.
    #[must_use]
    pub fn onward(&self) -> TraceParent {
        TraceParent { trace: self.id, span: self.upstream(), sampled: self.is_sampled() }
    }

    /// Whether a field of the client is replaced. `tracestate` belongs to the trace that it came with.
    #[must_use]
    pub fn replaces(&self, name: &str) -> bool {
        match name.len() {
            11 => name.eq_ignore_ascii_case("traceparent"),
            10 => self.parent.is_none() && name.eq_ignore_ascii_case("tracestate"),
            _ => false,
        }
    }

    /// Where calls are noted, if it is sampled.
    #[must_use]
    pub fn calls(&self) -> Option<Calls> {
        self.calls.clone()
    }

    /// What was noted.
    #[must_use]
    pub fn noted(&self) -> Vec<Call> {
        let noted = |calls: &Calls| calls.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.calls.as_ref().map(noted).unwrap_or_default()
    }
}

/// Does something that is sampled, and notes its calls of the store. Boxed: few requests are sampled, and
/// all would have room for it.
pub fn noting<'a, T>(
    calls: Calls,
    work: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(CALLS.scope(calls, work))
}

/// The store was called. Does nothing, unless what is being done is sampled.
pub fn called(call: Call) {
    let _ = CALLS.try_with(|calls| {
        let mut calls = calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() < MOST_CALLS {
            calls.push(call);
        }
    });
}

/// The method as it may stand in a trace: a client may make one up, and no name may be made of that.
#[must_use]
pub fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracer_that(before: SampledBefore, part: f64) -> Tracer {
        Tracer::new(Sample::new(part).unwrap(), before, Arc::default()).0
    }

    fn tracer(part: f64) -> Tracer {
        tracer_that(SampledBefore::Limited, part)
    }

    #[test]
    fn a_context_is_continued_or_begins_anew() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let came: TraceParent = text.parse().unwrap();
        let always = tracer_that(SampledBefore::Always, 0.0);
        let continued = always.begin(Some(came), [7; RANDOM]);
        assert_eq!((continued.id(), continued.parent()), (came.trace, Some(came.span)));
        assert!(continued.is_sampled() && continued.onward().sampled, "who asks has decided");
        assert_ne!(continued.onward().span, came.span);
        assert!(continued.replaces("TraceParent") && !continued.replaces("tracestate"));
        let unrecorded = TraceParent { sampled: false, ..came };
        assert!(!tracer(1.0).begin(Some(unrecorded), [7; RANDOM]).is_sampled());
        let anew = tracer(1.0).begin(None, [7; RANDOM]);
        assert!(anew.is_sampled() && anew.parent().is_none() && anew.replaces("Tracestate"));
        assert!(!tracer(0.0).begin(None, [7; RANDOM]).onward().sampled);
    }

    #[test]
    fn others_have_no_more_recorded_than_the_own_part() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let forced: TraceParent = text.parse().unwrap();
        let honest = TraceParent { sampled: false, ..forced };
        let count = |part: f64, parents: &mut dyn Iterator<Item = TraceParent>| {
            let tracer = tracer(part);
            parents.filter(|it| tracer.begin(Some(*it), [7; RANDOM]).is_sampled()).count()
        };
        let recorded = |part: f64| count(part, &mut std::iter::repeat_n(forced, 10_000));
        assert_eq!((recorded(0.0), recorded(0.01), recorded(1.0)), (0, 100, 10_000));
        // A proxy that records as few as we do has all of them.
        let mut few = (0..10_000).map(|n| if n % 100 == 99 { forced } else { honest });
        assert_eq!(count(0.01, &mut few), 100);
    }

    #[tokio::test]
    async fn calls_are_noted_where_something_is_sampled_and_nowhere_else() {
        let call = || {
            let (began, took) = (Instant::now(), Duration::ZERO);
            called(Call { name: "session", began, took, is_answered: true });
        };
        let (sampled, other) =
            (tracer(1.0).begin(None, [1; RANDOM]), tracer(0.0).begin(None, [2; RANDOM]));
        call();
        let calls = sampled.calls().expect("it is sampled");
        noting(calls, async { (0..MOST_CALLS + 5).for_each(|_| call()) }).await;
        call();
        assert_eq!(sampled.noted().len(), MOST_CALLS);
        assert!(other.calls().is_none() && other.noted().is_empty());
    }

    #[test]
    fn names_of_clients_are_none_of_ours() {
        assert_eq!((known_method("GET"), known_method("FENCE-A")), ("GET", "_OTHER"));
    }
}
