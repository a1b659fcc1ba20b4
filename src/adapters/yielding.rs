//! Who gives way to others: threads to those that proxy, and one request to all others that are ready.
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

/// Goes on behind all tasks of this thread that are ready now.
///
/// Where many requests have come, each is read first, and then each is decided and sent on: the instructions
/// for one step are at hand for the next request that takes it, and so is the memory that was asked for before
/// (*cohort scheduling*, Larus and Parkes 2002). Measured with one thread and 64 connections, in turn with
/// the same process without it: 1.05 times the requests a second with a thousand sessions as with a million.
/// A second such place, between the application's answer and its way to the client, gains as much alone; both
/// together gain less than one.
///
/// Who is alone goes on at once. Tokio's `yield_now` also waits for a look at what else has come: a system
/// call for each.
pub fn others_first() -> impl Future<Output = ()> {
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

    #[cfg(target_os = "linux")]
    use rustix::process::getpriority_process;
    use tokio::task::LocalSet;

    use super::others_first;

    #[tokio::test]
    async fn all_who_are_ready_take_one_step_before_one_takes_the_next() {
        let steps = std::rc::Rc::new(RefCell::new(String::new()));
        let tasks = LocalSet::new();
        for name in ["a", "b", "c"] {
            let steps = std::rc::Rc::clone(&steps);
            tasks.spawn_local(async move {
                for step in ["1 ", "2 "] {
                    *steps.borrow_mut() += &(name.to_owned() + step);
                    others_first().await;
                }
            });
        }
        tasks.await;
        assert_eq!(*steps.borrow(), "a1 b1 c1 a2 b2 c2 ");
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
