//! A process of ours that is not our child: who has started it has ended.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// How long the system may take to end a process that is killed.
const ENDING: Duration = Duration::from_secs(2);

/// Such a process.
#[derive(Debug)]
pub(super) struct Orphan {
    pid: Pid,
    /// Means this process and no later one of the same number (pidfd_open(2)).
    #[cfg(target_os = "linux")]
    handle: std::os::fd::OwnedFd,
}

impl Orphan {
    /// The process of a number, which must live.
    pub(super) fn find(number: u32) -> Result<Self> {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw);
        let pid =
            pid.ok_or_else(|| Error::new(ErrorKind::InvalidData, "no number of a process"))?;
        #[cfg(target_os = "linux")]
        let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())?;
        Ok(Self {
            pid,
            #[cfg(target_os = "linux")]
            handle,
        })
    }

    /// Its number.
    pub(super) fn number(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Ends it by force. When this returns it holds nothing any more, a store that it has opened
    /// included. Blocks.
    #[cfg(target_os = "linux")]
    pub(super) fn end(self) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let limit = Timespec { tv_sec: ENDING.as_secs().cast_signed(), tv_nsec: 0 };
        let killed = rustix::process::pidfd_send_signal(&self.handle, Signal::KILL);
        let ended = killed.and_then(|()| {
            poll(&mut [PollFd::new(&self.handle, PollFlags::IN)], Some(&limit)).map(drop)
        });
        if let Err(error) = ended {
            tracing::debug!(process = self.number(), %error, "it has ended, or does not end");
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn end(self) {
        use rustix::process::{kill_process, test_kill_process};

        let began = std::time::Instant::now();
        let _ = kill_process(self.pid, Signal::KILL);
        while test_kill_process(self.pid).is_ok() && began.elapsed() < ENDING {
            std::thread::sleep(Duration::from_millis(10));
        }
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
