//! Two processes of which one has taken over from the other, and the line between them.

use std::os::unix::net::UnixStream;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::orphan::Orphan;
use super::signals::Told;

/// The process at the other end of the line on which one took over from the other, be it the one before or
/// the next. Each keeps its end until nothing is open there any more.
#[derive(Debug)]
pub(super) struct Kin(UnixStream);

impl Kin {
    pub(super) fn new(line: UnixStream) -> Self {
        Self(line)
    }

    /// Nothing is open here: says so to the other, and waits until it says the same, or has ended.
    ///
    /// Where a service is stopped that has just been upgraded, both have requests, and the service manager
    /// waits for one of them alone (systemd: the main process) and then kills the other.
    pub(super) async fn comes_to_its_end(self) -> std::io::Result<()> {
        self.0.set_nonblocking(true)?;
        let mut line = tokio::net::UnixStream::from_std(self.0)?;
        line.shutdown().await?;
        let mut rest = [0; 64];
        while line.read(&mut rest).await? > 0 {}
        Ok(())
    }
}

/// The process that has taken over from this one.
#[derive(Debug)]
pub(super) struct Heir {
    process: Orphan,
    /// The line to it.
    pub(super) kin: Option<Kin>,
}

impl Heir {
    pub(super) fn new(process: Orphan, line: UnixStream) -> Self {
        Self { process, kin: Some(Kin::new(line)) }
    }

    /// Its number.
    pub(super) fn number(&self) -> u32 {
        self.process.number()
    }

    /// This process was told something that was meant for both.
    pub(super) fn pass_on(&self, told: Told) {
        if let Err(error) = self.process.tell(told) {
            let process = self.process.number();
            tracing::error!(process, %error, "the next process cannot be stopped: stop it by its number");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_waits_for_the_other_and_not_for_ever() {
        let (one, other) = UnixStream::pair().unwrap();
        let (one, other) = (Kin::new(one), Kin::new(other));
        let waits = tokio::spawn(one.comes_to_its_end());
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "the other has something open");
        other.comes_to_its_end().await.unwrap();
        waits.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_has_ended_is_not_waited_for() {
        let (one, other) = UnixStream::pair().unwrap();
        drop(other);
        let _ = Kin::new(one).comes_to_its_end().await;
    }
}
