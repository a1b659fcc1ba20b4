//! A process of ours that is not our child: who has started it has ended.

use std::io::{Error, ErrorKind, Result};
#[cfg(target_os = "linux")]
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::signals::Told;

/// How long the system may take to end a process that is killed.
#[cfg(target_os = "linux")]
const ENDING: Duration = Duration::from_secs(2);

/// Such a process.
#[derive(Debug)]
pub(super) struct Orphan {
    pid: Pid,
    /// Means this process and no later one of the same number (pidfd_open(2): Linux 5.3, and not
    /// everywhere allowed).
    #[cfg(target_os = "linux")]
    handle: Option<std::os::fd::OwnedFd>,
}

impl Orphan {
    /// The process of a number, which must live.
    pub(super) fn find(number: u32) -> Result<Self> {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
        let pid =
            pid.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no number of a process"))?;
        test_kill_process(pid)?;
        Ok(Self {
            pid,
            #[cfg(target_os = "linux")]
            handle: match rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()) {
                // It has ended between the two looks.
                Err(gone @ Errno::SRCH) => return Err(gone.into()),
                held => held.ok(),
            },
        })
    }

    /// Passes on what this process was told; an upgrade is for this one alone. Nothing happens if it has
    /// ended. A stop goes as `SIGQUIT`: whoever tells all processes sends it `SIGTERM` itself, and
    /// two of those would be a stop at once.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(super) fn tell(&self, told: Told) -> Result<()> {
        let signal = match told {
            Told::Stop => Signal::QUIT,
            Told::Cut => Signal::INT,
            Told::Upgrade => return Ok(()),
        };
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            match rustix::process::pidfd_send_signal(handle, signal) {
                Ok(()) | Err(Errno::SRCH) => return Ok(()),
                // Held, and not to be told so: a filter of system calls.
                Err(error) => {
                    tracing::warn!(process = self.number(), %error, "a process is told by its number");
                }
            }
        }
        match kill_process(self.pid, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Its number.
    pub(super) fn number(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Ends it by force. Where the system lets us hold it, it is over when this returns, and holds nothing
    /// any more, a store that it has opened included; elsewhere it is killed and no more is known. Blocks.
    pub(super) fn end(self) {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            match ended(handle) {
                Ok(()) | Err(Errno::SRCH) => return,
                Err(Errno::TIMEDOUT) => {
                    let within = ENDING.as_secs();
                    tracing::error!(
                        process = self.number(),
                        within,
                        "a process was killed and does not end"
                    );
                    return;
                }
                // Held, and not to be killed so: a filter of system calls.
                Err(error) => {
                    tracing::warn!(process = self.number(), %error, "a process is ended by its number");
                }
            }
        }
        let _ = kill_process(self.pid, Signal::KILL);
    }
}

/// Kills it, and waits for its end.
#[cfg(target_os = "linux")]
fn ended(handle: &std::os::fd::OwnedFd) -> rustix::io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let limit = Timespec { tv_sec: ENDING.as_secs().cast_signed(), tv_nsec: 0 };
    rustix::process::pidfd_send_signal(handle, Signal::KILL)?;
    let mut waited = [PollFd::new(handle, PollFlags::IN)];
    match rustix::io::retry_on_intr(|| poll(&mut waited, Some(&limit)))? {
        0 => Err(Errno::TIMEDOUT),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_is_ended_and_none_is_none() {
        let mut waits = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let found = Orphan::find(waits.id()).unwrap();
        assert_eq!(found.number(), waits.id());
        found.end();
        let status = waits.wait().unwrap();
        assert!(!status.success(), "{status}");
        assert!(Orphan::find(0).is_err() && Orphan::find(u32::MAX).is_err());
    }
}
