//! What the process is told from outside, by signals.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

/// How long a signal that has come may take to be noticed.
const NOTICED: Duration = Duration::from_millis(2);

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
}

impl Signals {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            interrupt: signal(SignalKind::interrupt())?,
            upgrade: signal(SignalKind::user_defined2())?,
            _reload: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.quit.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Cut,
            _ = self.upgrade.recv() => Told::Upgrade,
        }
    }

    /// What ends the process, and no other signal: one that asks for an upgrade waits.
    pub(super) async fn end(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.quit.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Cut,
        }
    }

    /// The same, if it has come already.
    pub(super) async fn has_ended(&mut self) -> Option<Told> {
        timeout(NOTICED, self.end()).await.ok()
    }

    /// What ends a drain: who stops it twice means it. `SIGQUIT` is no second one: with it a process
    /// passes on to the next what it was told itself, and both may have been told.
    pub(super) async fn cut(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
