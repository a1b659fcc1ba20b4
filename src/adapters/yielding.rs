//! Who gives way to others: threads to those that proxy, and a request to all others that are ready.
//!
//! Who is signed in and reads a page must not feel that others sign in: each of them costs a hundred
//! times what a proxied request does, in pages, mails and cryptography. With threads of lower priority
//! the kernel, which knows who waits, runs the proxy first.

use std::future::{Future, poll_fn};
use std::mem;
use std::task::Poll;

/// Offers the processor to whoever waits for it.
///
/// A lower priority is not enough: now and then Linux lets a thread finish its slice, some milliseconds,
/// though one of higher priority has come. Measured beside a thread that is always busy (Linux 6.18), one
/// that wakes up waited 4.1 ms in one of a hundred cases, and 0.2 ms when the busy one, with nice 5, gave
/// the processor up each tenth of a millisecond (sched_yield(2)).
pub fn offer() {
    std::thread::yield_now();
}

/// Work that offers the processor before each of its steps.
pub fn politely<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let mut work = Box::pin(work);
    poll_fn(move |context| {
        offer();
        work.as_mut().poll(context)
    })
}

/// How the requests of one thread go on among each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each as far as it can.
    Freely,
    /// Each is read, and when all that have come are, each is decided and sent on: the instructions for one
    /// step are at hand for the next request that takes it, and so is the memory that it asked for before
    /// (*cohort scheduling*, Larus and Parkes 2002). Measured with 64 connections, the same process with it and
    /// without it in turn: 1.05 times the requests a second, with a thousand sessions and with a million alike. A
    /// second such place, between the application's answer and its way to the client, gains as much alone, and
    /// both together less than one. Who is alone goes on at once.
    InStep,
}

impl Pace {
    /// In step where one thread serves. Several take tasks from each other: one that stands aside would be offered
    /// to all of them, for a system call, and go on where its memory is not at hand.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        if threads == 1 { Self::InStep } else { Self::Freely }
    }

    /// Between two steps. What the next one `expects` can come near meanwhile.
    pub async fn step(self, expects: impl FnOnce()) {
        if self == Self::InStep {
            expects();
            others_first().await;
        }
    }
}

/// Goes on behind all tasks of this thread that are ready now. Tokio's `yield_now` also waits for a look at
/// what else has come, a system call where nobody else is ready.
fn others_first() -> impl Future<Output = ()> {
    let mut is_behind = false;
    poll_fn(move |context| {
        if mem::replace(&mut is_behind, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Lets the calling thread give way to others of the process, and with it those that it starts.
///
/// On Linux each thread has its own nice value ([sched(7)], contrary to POSIX); elsewhere it is the
/// process's, and nothing is done. What is not allowed is not done either: it costs some speed only.
///
/// [sched(7)]: https://man7.org/linux/man-pages/man7/sched.7.html
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(STEP) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}

/// A twentieth of the weight of the others when both want the processor. Not for the share: Linux lets a
/// thread that wakes up run before another the sooner, the less that one weighs (EEVDF: the later its
/// deadline is). In a storm of sign-ins on the embedded store the slowest of a hundred signed-in requests
/// took 1.4 ms with 5, 0.9 ms with 14 and with 19, 0.7 ms with `SCHED_IDLE`, and 0.6 ms without the storm;
/// and while all that a machine can proxy was asked for, a mail was there within 0.5 s and not 0.1 s for
/// ninety-nine of a hundred. With `SCHED_IDLE` nothing would be left then to whoever signs in or out. (That
/// was with people who click a dozen at a time; one by one, a storm with 14 took 0.5 to 1.3 times quiet, by the
/// medians of four runs, and quiet itself varies by as much.)
#[cfg(target_os = "linux")]
const STEP: i32 = 14;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::Future;
    use std::pin::pin;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    #[cfg(target_os = "linux")]
    use rustix::process::getpriority_process;
    use tokio::task::LocalSet;

    use super::Pace;

    /// What three tasks do, each in two steps, and what they expected between them.
    async fn steps(pace: Pace) -> String {
        let said = Rc::new(RefCell::new(String::new()));
        let tasks = LocalSet::new();
        for name in ["a", "b", "c"] {
            let said = Rc::clone(&said);
            tasks.spawn_local(async move {
                let say = |what: &str| *said.borrow_mut() += &format!("{name}{what} ");
                say("1");
                pace.step(|| say("!")).await;
                say("2");
            });
        }
        tasks.await;
        said.take()
    }

    #[tokio::test]
    async fn all_take_one_step_before_one_takes_the_next_where_one_thread_serves() {
        assert_eq!(steps(Pace::of(1)).await, "a1 a! b1 b! c1 c! a2 b2 c2 ");
        assert_eq!(steps(Pace::of(2)).await, "a1 a2 b1 b2 c1 c2 ");
    }

    /// Or nobody would ever go on with it.
    #[tokio::test]
    async fn who_stands_aside_is_woken_once_and_is_done_then() {
        struct Woken(AtomicU32);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let woken = Arc::new(Woken(AtomicU32::new(0)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut step = pin!(Pace::InStep.step(|| ()));
        assert_eq!(step.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
        assert_eq!(step.as_mut().poll(&mut context), Poll::Ready(()));
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_gives_way_and_those_it_starts_and_no_other() {
        let before = getpriority_process(None).unwrap();
        let own = std::thread::spawn(|| {
            super::give_way();
            let started = std::thread::spawn(|| getpriority_process(None).unwrap());
            [getpriority_process(None).unwrap(), started.join().unwrap()]
        });
        let lower = (before + super::STEP).min(19);
        assert_eq!(own.join().unwrap(), [lower, lower]);
        assert_eq!(getpriority_process(None).unwrap(), before);
    }
}
