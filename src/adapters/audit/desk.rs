//! A thread that writes where writing may block: to a pipe that nobody reads, to a disk that sleeps.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::PATIENCE;
use crate::ports::Missed;

type Reply = oneshot::Sender<Result<(), Missed>>;

/// The way to the thread, which ends when this is dropped.
pub(super) struct Desk(SyncSender<(Vec<u8>, Reply)>);

impl Desk {
    /// Starts a thread that writes with `write`, one after the other.
    pub(super) fn start(
        name: &str,
        mut write: impl FnMut(&[u8]) -> Result<(), Missed> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, receiver): (_, Receiver<(Vec<u8>, Reply)>) = sync_channel(1);
        let serve = move || {
            while let Ok((bytes, reply)) = receiver.recv() {
                // Whoever waited may have given up.
                let _ = reply.send(write(&bytes));
            }
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(serve)?;
        Ok(Self(sender))
    }

    /// A write that is not over in time goes on in its thread, and counts as missed.
    pub(super) async fn write(&self, bytes: Vec<u8>) -> Result<(), Missed> {
        let slow = || io::Error::new(io::ErrorKind::TimedOut, "the last write is not over");
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        let (reply, answer) = oneshot::channel();
        match self.0.try_send((bytes, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(slow().into()),
            Err(TrySendError::Disconnected(_)) => return Err(broken().into()),
        }
        match timeout(PATIENCE, answer).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => Err(broken().into()),
            Err(_) => Err(slow().into()),
        }
    }
}
