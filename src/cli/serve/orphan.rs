//! A process of ours that is not our child: who has started it has ended.

use std::io::{Error, ErrorKind, Result};
#[cfg(target_os = "linux")]
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

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
                Err(gone @ rustix::io::Errno::SRCH) => return Err(gone.into()),
                held => held.ok(),
            },
        })
    }

    /// Asks it to end, as a service manager does. Nothing happens if it has ended.
    pub(super) fn stop(&self) {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            let _ = rustix::process::pidfd_send_signal(handle, Signal::TERM);
            return;
        }
        let _ = kill_process(self.pid, Signal::TERM);
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
                Ok(()) | Err(rustix::io::Errno::SRCH) => return,
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
    rustix::io::retry_on_intr(|| poll(&mut waited, Some(&limit))).map(drop)
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
