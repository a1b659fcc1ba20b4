//! What the process is told from outside, by signals.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout};

/// How long a signal that has come may take to be noticed.
const NOTICED: Duration = Duration::from_millis(2);
/// How long after a `SIGQUIT` a `SIGTERM` says the same: who stops all processes sends the one, and a process
/// that passes on what it was told the other, in whatever order.
const SAME: Duration = Duration::from_secs(1);

/// What it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// `SIGTERM`, `SIGQUIT`
    Stop,
    /// `SIGINT`
    Cut,
    /// `SIGUSR2`
    Upgrade,
}

/// How it is told. As long as this lives, none of these signals ends the process by itself.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    quit: Signal,
    interrupt: Signal,
    upgrade: Signal,
    /// Heard elsewhere, and not from the beginning: by itself it would end a process that is not so far.
    _reload: Signal,
    /// When it was told by `SIGQUIT`, until a `SIGTERM` has said the same.
    has_quit: Option<Instant>,
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
            upgrade: signal(SignalKind::user_defined2())?,
            _reload: signal(SignalKind::hangup())?,
            has_quit: None,
        })
    }

    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            told = Self::ends(&mut self.interrupt, &mut self.terminate, &mut self.quit) => self.noted(told),
            _ = self.upgrade.recv() => Told::Upgrade,
        }
    }

    /// What ends the process, and no other signal: one that asks for an upgrade waits.
    pub(super) async fn end(&mut self) -> Told {
        let told = Self::ends(&mut self.interrupt, &mut self.terminate, &mut self.quit).await;
        self.noted(told)
    }

    /// The same, if it has come already.
    pub(super) async fn has_ended(&mut self) -> Option<Told> {
        timeout(NOTICED, self.end()).await.ok()
    }

    /// What ends a drain: who stops it twice means it. `SIGQUIT` is no second one: see [`SAME`].
    pub(super) async fn cut(&mut self) {
        loop {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => {
                    let is_same = |quit: Instant| quit.elapsed() < SAME;
                    if !self.has_quit.take().is_some_and(is_same) {
                        return;
                    }
                }
            }
        }
    }

    /// The strongest first, if several have come: what is left of them must not count as a second one.
    async fn ends(interrupt: &mut Signal, terminate: &mut Signal, quit: &mut Signal) -> Ending {
        tokio::select! {
            biased;
            _ = interrupt.recv() => Ending::Cut,
            _ = terminate.recv() => Ending::Stop,
            _ = quit.recv() => Ending::Quit,
        }
    }

    fn noted(&mut self, ending: Ending) -> Told {
        match ending {
            Ending::Cut => Told::Cut,
            Ending::Stop => Told::Stop,
            Ending::Quit => {
                self.has_quit = Some(Instant::now());
                Told::Stop
            }
        }
    }
}

/// Which signal it was.
enum Ending {
    Cut,
    Stop,
    Quit,
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::{Duration, Signals, Told, timeout};

    /// All in one test: a signal is for the whole process of the tests.
    #[tokio::test]
    async fn a_stop_that_comes_in_two_ways_is_one_stop() {
        let mut signals = Signals::new().unwrap();
        let raise = |signal| kill_process(getpid(), signal).unwrap();
        let soon = Duration::from_millis(200);
        for order in [[Signal::QUIT, Signal::TERM], [Signal::TERM, Signal::QUIT]] {
            let (first, then) = (order[0], order[1]);
            raise(first);
            assert_eq!(signals.end().await, Told::Stop);
            raise(then);
            assert!(timeout(soon, signals.cut()).await.is_err(), "{order:?}");
            // What is left of it.
            let _ = signals.has_ended().await;
        }
        raise(Signal::QUIT);
        assert_eq!(signals.end().await, Told::Stop);
        raise(Signal::TERM);
        assert!(timeout(soon, signals.cut()).await.is_err());
        raise(Signal::TERM);
        signals.cut().await;
        raise(Signal::INT);
        signals.cut().await;
    }
}
