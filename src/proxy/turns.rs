//! Our own pages take turns with what is proxied.
//!
//! Whoever signs in costs a hundred times what a proxied request does. Sixty-four of them at a time, each
//! ready to go on, would be run through before a proxied request that has just arrived. Here only one
//! goes on for one step, and then everybody else who is ready: a proxied request waits for one step of
//! one page, and where more than sixteen wait, for one of so many of them that each has its turn.
//!
//! Threads of lower priority were tried first: the kernel lets a running thread finish its slice of some
//! milliseconds, and the way from thread to thread and back, nine times for a sign-in with Redis, cost a
//! third of all sign-ins.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

/// Turns until everybody who waits has had one. Some of them may hold what proxied requests wait for, such
/// as the making of a connection to the store, so nobody waits for long even where thousands ask for pages.
/// And what several ask of the store in one turn goes there in one piece.
const LONGEST_ROUND: usize = 16;

/// Lets work go on step by step, in turn with all else on the threads that proxy.
#[derive(Debug)]
pub struct Turns {
    lanes: Vec<Arc<Lane>>,
    next: AtomicUsize,
    is_served: Once,
}

/// One step at a time; there is one for each thread.
#[derive(Debug, Default)]
struct Lane {
    waiting: Mutex<VecDeque<Arc<Ticket>>>,
    comes: Notify,
}

/// A piece of work that wants to go on.
#[derive(Debug, Default)]
struct Ticket {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    /// It waits for something else.
    #[default]
    Away,
    /// It wants to go on, and is in the queue.
    Queued(Waker),
    /// It may take one step.
    Called,
}

/// Work that takes its steps in turn.
struct InTurn<F> {
    work: Pin<Box<F>>,
    ticket: Arc<Ticket>,
    lane: Arc<Lane>,
}

impl Turns {
    /// For so many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let lanes = (0..threads.max(1)).map(|_| Arc::default()).collect();
        Self { lanes, next: AtomicUsize::new(0), is_served: Once::new() }
    }

    /// Does something in turn. What calls those who wait begins with the first, in the runtime of that
    /// one, and ends with it: one value is for one runtime.
    pub fn take<F: Future + Send>(
        &self,
        work: F,
    ) -> impl Future<Output = F::Output> + Send + use<F> {
        self.is_served.call_once(|| {
            for lane in &self.lanes {
                tokio::spawn(Arc::clone(lane).serve());
            }
        });
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.lanes.len();
        let lane = self.lanes.get(number).map(Arc::clone).unwrap_or_default();
        InTurn { work: Box::pin(work), ticket: Arc::default(), lane }
    }
}

impl Lane {
    async fn serve(self: Arc<Self>) {
        loop {
            let called = self.next();
            if called.is_empty() {
                self.comes.notified().await;
                continue;
            }
            called.iter().for_each(|ticket| ticket.call());
            // Behind all who are ready, and behind the look at what has arrived.
            tokio::task::yield_now().await;
        }
    }

    /// Who is called now: one, or so many that everybody who waits has been after so many turns.
    fn next(&self) -> Vec<Arc<Ticket>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().div_ceil(LONGEST_ROUND);
        waiting.drain(..count).collect()
    }
}

impl Ticket {
    fn call(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Queued(waker) = std::mem::replace(&mut *state, State::Called) {
            drop(state);
            waker.wake();
        }
    }
}

impl<F: Future> Future for InTurn<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        {
            let mut state = self.ticket.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *state {
                State::Called => *state = State::Away,
                State::Queued(waker) => {
                    waker.clone_from(context.waker());
                    return Poll::Pending;
                }
                State::Away => {
                    *state = State::Queued(context.waker().clone());
                    drop(state);
                    let mut waiting =
                        self.lane.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    waiting.push_back(Arc::clone(&self.ticket));
                    drop(waiting);
                    self.lane.comes.notify_one();
                    return Poll::Pending;
                }
            }
        }
        self.work.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn between_two_steps_everybody_else_goes_on() {
        let (turns, steps) = (Turns::new(1), Arc::new(AtomicU32::new(0)));
        let people: Vec<_> = (0..LONGEST_ROUND)
            .map(|_| {
                let steps = Arc::clone(&steps);
                tokio::spawn(turns.take(async move {
                    for _ in 0..10 {
                        steps.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                    }
                }))
            })
            .collect();
        // Who is proxied takes a step, and another: at most one or two of the others came between.
        let (mut before, mut most) = (0, 0);
        while before < 10 * LONGEST_ROUND as u32 {
            yield_now().await;
            let now = steps.load(Ordering::Relaxed);
            (most, before) = (most.max(now - before), now);
        }
        for one in people {
            one.await.unwrap();
        }
        assert!((1..=2).contains(&most), "{most} steps at once");
    }

    #[test]
    fn everybody_has_a_turn_in_a_round() {
        let lane = Lane::default();
        for (waiting, called) in [(0, 0), (1, 1), (16, 1), (17, 2), (1600, 100)] {
            *lane.waiting.lock().unwrap() = (0..waiting).map(|_| Arc::default()).collect();
            assert_eq!(lane.next().len(), called, "{waiting}");
        }
    }

    #[tokio::test]
    async fn what_is_dropped_while_it_waits_holds_nobody_up() {
        let turns = Turns::new(1);
        let mut waits = Box::pin(turns.take(async {}));
        assert!(futures_poll(&mut waits).is_pending());
        drop(waits);
        assert_eq!(turns.take(async { 7 }).await, 7);
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }
}
